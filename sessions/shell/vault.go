package shell

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/session-manager-plugin/src/encryption"
)

// keyTime is how long KMS may take.
const keyTime = 20 * time.Second

// vault is KMS for one session: with the session's own account, and no longer than
// the session.
type vault struct {
	ctx    context.Context
	config aws.Config

	mu  sync.Mutex // guards err
	err error
}

var _ encryption.KMSAPI = (*vault)(nil)

func newVault(ctx context.Context, cfg aws.Config) *vault { return &vault{ctx: ctx, config: cfg} }

// GenerateDataKey asks for the session's key. The plugin gives a context that never ends.
func (v *vault) GenerateDataKey(_ context.Context, in *kms.GenerateDataKeyInput, o ...func(*kms.Options)) (*kms.GenerateDataKeyOutput, error) {
	ctx, cancel := context.WithTimeout(v.ctx, keyTime)
	defer cancel()
	out, err := kms.NewFromConfig(v.config).GenerateDataKey(ctx, in, o...)
	v.mu.Lock()
	defer v.mu.Unlock()
	v.err = err
	return out, err
}

// Decrypt is part of the plugin's interface; a client of a session never asks for it.
func (v *vault) Decrypt(_ context.Context, in *kms.DecryptInput, o ...func(*kms.Options)) (*kms.DecryptOutput, error) {
	ctx, cancel := context.WithTimeout(v.ctx, keyTime)
	defer cancel()
	return kms.NewFromConfig(v.config).Decrypt(ctx, in, o...)
}

func (v *vault) failure() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.err
}

// newClientID is an id in the form of a UUID; it stays the same over reconnects.
func newClientID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	h := hex.EncodeToString(b[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}
