package gateway

import (
	"bytes"
	"testing"

	pluginlog "github.com/aws/session-manager-plugin/src/log"
	"github.com/aws/session-manager-plugin/src/message"
	"github.com/twinj/uuid"
	"pgregory.net/rapid"
)

// silence is a logger for the plugin's own reading and writing of frames.
type silence struct{}

func (silence) Tracef(string, ...any)          {}
func (silence) Debugf(string, ...any)          {}
func (silence) Infof(string, ...any)           {}
func (silence) Warnf(string, ...any) error     { return nil }
func (silence) Errorf(string, ...any) error    { return nil }
func (silence) Criticalf(string, ...any) error { return nil }
func (silence) Trace(...any)                   {}
func (silence) Debug(...any)                   {}
func (silence) Info(...any)                    {}
func (silence) Warn(...any) error              { return nil }
func (silence) Error(...any) error             { return nil }
func (silence) Critical(...any) error          { return nil }
func (silence) Flush()                         {}
func (silence) Close()                         {}

// logger is silence with the method that gives a logger.
type logger struct{ silence }

func (l logger) WithContext(...string) pluginlog.T { return l }

// The official plugin reads what the gateway writes, and the other way round.
func TestFramesAreThoseOfThePlugin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := newFrame(rapid.SampledFrom([]string{inputStream, outputStream, acknowledge, channelClosed}).Draw(t, "kind"),
			rapid.Int64Min(0).Draw(t, "seq"), rapid.Uint32Range(0, 12).Draw(t, "type"), rapid.SliceOfN(rapid.Byte(), 1, 2000).Draw(t, "payload")) // the plugin writes no empty ones
		f.flags = rapid.Uint64Range(0, 3).Draw(t, "flags")
		var m message.ClientMessage
		if err := m.DeserializeClientMessage(logger{}, f.encode()); err != nil {
			t.Fatal(err)
		}
		if err := m.Validate(); err != nil {
			t.Fatal(err)
		}
		if m.MessageType != f.kind || m.SequenceNumber != f.seq || m.Flags != f.flags || m.PayloadType != f.payloadType ||
			!bytes.Equal(m.Payload, f.payload) || uuid.Formatter(m.MessageId, uuid.CleanHyphen) != f.name() {
			t.Fatalf("%+v is not %+v", m, f)
		}
		b, err := m.SerializeClientMessage(logger{})
		if err != nil {
			t.Fatal(err)
		}
		back, err := decode(b)
		if err != nil {
			t.Fatal(err)
		}
		if back.kind != f.kind || back.seq != f.seq || back.flags != f.flags || back.id != f.id || back.payloadType != f.payloadType || !bytes.Equal(back.payload, f.payload) {
			t.Fatalf("%+v is not %+v", back, f)
		}
	})
}

func FuzzDecode(f *testing.F) {
	f.Add(newFrame(outputStream, 7, payloadOutput, []byte("日本語")).encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := decode(b)
		if err != nil {
			return
		}
		if again, err := decode(got.encode()); err == nil && (again.seq != got.seq || !bytes.Equal(again.payload, got.payload)) {
			t.Fatalf("%+v is not %+v", again, got)
		}
	})
}

func TestPartial(t *testing.T) {
	for in, want := range map[string]int{"": 0, "a": 0, "日": 0, "日\xe6": 1, "日\xe6\x9c": 2, "\xf0\x9f\x98": 3, "\xff": 0, "\x80\x80\x80": 0} {
		if got := partial([]byte(in)); got != want {
			t.Errorf("%q: %d, want %d", in, got, want)
		}
	}
}
