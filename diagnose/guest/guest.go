// Package guest asks Windows itself: the read-only PowerShell that is run inside
// an instance, and the strict reading of what it printed.
//
// A script is a prelude and one block for each kind of part; a block prints one
// line of ASCII JSON, so that neither the language of Windows nor its code page can
// change what is read. The same lines come back by Run Command, and packed into one
// line by a person who ran the block where monshin may not.
package guest

import (
	"embed"
	"encoding/json"
	"slices"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
)

// Block is one read-only script block: the file scripts/<block>.ps1.
type Block string

// The blocks, each of which answers one kind of part.
const (
	Identity    Block = "identity"
	DNS         Block = "dns"
	Activation  Block = "activation"
	Launch      Block = "launch"
	Diagnostics Block = "diagnostics"
	SignIn      Block = "sign-in"
)

// Blocks lists every block in the order in which a script runs them: the ones with
// the longest answers stand last, where a cut output loses least.
func Blocks() []Block {
	return []Block{Identity, DNS, Activation, Launch, Diagnostics, SignIn}
}

// Kind is the estate's name for the parts that the block answers.
func (b Block) Kind() string { return "guest-" + string(b) }

// BlockOf finds the block that answers a kind of part, by the kind's name
// ("guest-identity"); ok is false for kinds that are not read inside Windows.
func BlockOf(kind string) (b Block, ok bool) {
	i := slices.IndexFunc(Blocks(), func(b Block) bool { return b.Kind() == kind })
	if i < 0 {
		return "", false
	}
	return Blocks()[i], true
}

//go:embed scripts/*.ps1
var scripts embed.FS

// Source is the text of a block as it is embedded, for showing.
func Source(b Block) string { return text(string(b)) }

// Prelude is what every script starts with: how values are read guardedly and printed.
func Prelude() string { return text("prelude") }

// text reads an embedded script; "" where there is none.
func text(name string) string {
	b, err := scripts.ReadFile("scripts/" + name + ".ps1")
	if err != nil {
		return ""
	}
	return string(b)
}

// Answer is what one run printed.
type Answer struct {
	// Instance is the instance id that Windows read from its metadata service; ""
	// where it could not reach it.
	Instance string
	// Time is the guest's clock at the first line, in UTC.
	Time time.Time
	// Lines are the values of the blocks that answered, not yet checked.
	Lines map[Block]json.RawMessage
	// Failed are the blocks that could not answer, with the .NET exception and its
	// HRESULT: "System.Management.Automation.CommandNotFoundException: 0x80131501".
	Failed map[Block]string
	// Truncated says that the output was cut before its end.
	Truncated bool
}

// instanceOf is the instance that a touching part's key is about.
func instanceOf(k estate.Key) string {
	if k.Kind == estate.GuestDNSPart.Name() {
		if q, err := estate.ParseGuestDNSQuery(k.ID); err == nil {
			return q.Instance
		}
		return ""
	}
	return k.ID
}
