package shell

import (
	"encoding/json"
	"sync"
	"time"

	"github.com/aws/session-manager-plugin/src/datachannel"
	"github.com/aws/session-manager-plugin/src/encryption"
	pluginlog "github.com/aws/session-manager-plugin/src/log"
	"github.com/aws/session-manager-plugin/src/message"
	"github.com/gorilla/websocket"
	"github.com/twinj/uuid"
)

// The plugin has exported variables for what its tests replace. Two of them share
// something between all sessions of a process that must not be shared; they are
// replaced once, when the package is loaded, and before any session is there.
func init() {
	datachannel.SendAcknowledgeMessageCall = acknowledge
	original := encryption.NewEncrypter
	encryption.NewEncrypter = func(log pluginlog.T, key string, context map[string]string, kms encryption.KMSAPI) (*encryption.Encrypter, error) {
		// The plugin's own client has the region and the profile of the process, which
		// need not be those of the session's account.
		if own := vaults.of(context["aws:ssm:SessionId"]); own != nil {
			kms = own
		}
		return original(log, key, context, kms)
	}
}

// opening guards the plugin's way to its first message, in which it sets the format
// of all UUIDs of the process (a variable without a lock).
var opening sync.Mutex

// acknowledge confirms a message as the plugin does, without setting or reading the
// format of the process's UUIDs.
func acknowledge(log pluginlog.T, dc *datachannel.DataChannel, m message.ClientMessage) error {
	content, err := json.Marshal(message.AcknowledgeContent{
		MessageType: m.MessageType, MessageId: uuid.Formatter(m.MessageId, uuid.CleanHyphen),
		SequenceNumber: m.SequenceNumber, IsSequentialMessage: true,
	})
	if err != nil {
		return err
	}
	out := message.ClientMessage{
		MessageType: message.AcknowledgeMessage, SchemaVersion: 1, CreatedDate: uint64(time.Now().UnixMilli()), // positive since 1970
		Flags: acknowledgeFlags, MessageId: uuid.NewV4(), Payload: content,
	}
	b, err := out.SerializeClientMessage(log)
	if err != nil {
		return err
	}
	return dc.SendMessage(log, b, websocket.BinaryMessage)
}

// acknowledgeFlags are SYN and FIN: a message that belongs to no sequence.
const acknowledgeFlags = 3

// vaults finds the KMS client of a session.
var vaults registry

type registry struct {
	mu sync.Mutex
	by map[string]encryption.KMSAPI // guarded by mu
}

func (r *registry) put(session string, k encryption.KMSAPI) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.by == nil {
		r.by = map[string]encryption.KMSAPI{}
	}
	r.by[session] = k
}

func (r *registry) drop(session string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.by, session)
}

func (r *registry) of(session string) encryption.KMSAPI {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.by[session]
}
