package gateway

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// keyring is KMS as far as Session Manager uses it: data keys that come with a blob
// from which only this keyring, with the same context, gives them back.
type keyring struct{ seal cipher.AEAD }

func newKeyring() *keyring {
	var secret [32]byte
	_, _ = rand.Read(secret[:]) // never fails (crypto/rand)
	return &keyring{seal: gcm(secret[:])}
}

func gcm(key []byte) cipher.AEAD {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic("gateway: " + err.Error()) // only for a key of a wrong size
	}
	c, err := cipher.NewGCM(block)
	if err != nil {
		panic("gateway: " + err.Error())
	}
	return c
}

// bound is the encryption context as additional data of a blob.
func bound(key string, context map[string]string) []byte {
	h := sha256.New()
	fmt.Fprintf(h, "%q", key)
	for _, k := range slices.Sorted(maps.Keys(context)) {
		fmt.Fprintf(h, "%q=%q", k, context[k])
	}
	return h.Sum(nil)
}

// generate makes a data key of n bytes and its blob.
func (k *keyring) generate(key string, context map[string]string, n int) (plain, blob []byte, err error) {
	if n < 1 || n > 1024 {
		return nil, nil, fmt.Errorf("a data key of %d bytes", n)
	}
	plain = make([]byte, n)
	_, _ = rand.Read(plain) // never fails (crypto/rand)
	return plain, encrypt(k.seal, plain, bound(key, context)), nil
}

func (k *keyring) open(key string, context map[string]string, blob []byte) ([]byte, error) {
	return decrypt(k.seal, blob, bound(key, context))
}

// encrypt puts a nonce of 12 bytes before the ciphertext with its tag.
func encrypt(c cipher.AEAD, plain, additional []byte) []byte {
	nonce := make([]byte, c.NonceSize(), c.NonceSize()+len(plain)+c.Overhead())
	_, _ = rand.Read(nonce) // never fails (crypto/rand)
	return c.Seal(nonce, nonce, plain, additional)
}

func decrypt(c cipher.AEAD, b, additional []byte) ([]byte, error) {
	if len(b) < c.NonceSize() {
		return nil, errors.New("an encrypted message without its nonce")
	}
	return c.Open(nil, b[:c.NonceSize()], b[c.NonceSize():], additional)
}

// keys are the two halves of a session's data key: what the agent encrypts with, and
// what the client does.
type keys struct{ agent, client cipher.AEAD }

// agree takes the client's answer to the KMS action.
func (s *Session) agree(result json.RawMessage) (*keys, error) {
	var r struct {
		Blob []byte `json:"KMSCipherTextKey"`
	}
	if err := json.Unmarshal(result, &r); err != nil {
		return nil, fmt.Errorf("the client's answer to the KMS action: %w", err)
	}
	plain, err := s.gateway.keys.open(s.spec.KMSKey, s.context(), r.Blob)
	if err != nil || len(plain) != 64 {
		return nil, fmt.Errorf("the data key cannot be decrypted: %w", err)
	}
	return &keys{agent: gcm(plain[:32]), client: gcm(plain[32:])}, nil
}

// context is the encryption context to which a session's data key is bound.
func (s *Session) context() map[string]string {
	return map[string]string{"aws:ssm:SessionId": s.id, "aws:ssm:TargetId": s.spec.Target}
}
