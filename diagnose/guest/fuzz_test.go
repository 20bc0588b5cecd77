package guest

import (
	"encoding/binary"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
)

// believed checks what was made of an answer: a part that is known is one that its
// script could have printed, so printing it again gives the same.
func believed(t interface{ Fatalf(string, ...any) }, a Answer) {
	for _, k := range keys() {
		p := a.Part(k, origin(), time.Time{})
		if p.Fact.State() != fact.StateKnown {
			if p.Fact.Why().Reason == "" {
				t.Fatalf("%s is unknown without a reason", k)
			}
			continue
		}
		b, _ := BlockOf(k.Kind)
		again, err := Read([]byte(Line(b, a.Instance, hour(9), knownValue(p))))
		if err != nil {
			t.Fatalf("%s: %v", k, err)
		}
		q := again.Part(k, origin(), time.Time{})
		// As text: comparing values takes a fuzz target most of its time.
		if want, got := ascii(plain(knownValue(p))), ascii(plain(knownValue(q))); want != got {
			t.Fatalf("%s: %s\n%s\n%s", k, q.Fact.Why(), want, got)
		}
	}
}

func knownValue(p estate.Part) any {
	switch f := p.Fact.(type) {
	case fact.Of[estate.GuestIdentity]:
		return f.Value()
	case fact.Of[estate.GuestDNS]:
		return f.Value()
	case fact.Of[estate.GuestActivation]:
		return f.Value()
	case fact.Of[estate.GuestLaunch]:
		return f.Value()
	case fact.Of[estate.GuestSignIn]:
		return f.Value()
	case fact.Of[estate.GuestDiagnostics]:
		return f.Value()
	}
	return nil
}

func FuzzRead(f *testing.F) {
	for _, l := range answers() {
		f.Add([]byte(l))
	}
	f.Add([]byte(Line(SignIn, patient, hour(9), long())))
	f.Add([]byte(FailedLine(DNS, "", hour(9), "System.TimeoutException", 0x80131505)))
	f.Add([]byte("MONSHIN1 {\"b\":\"dns\"\n--output truncated--"))
	f.Add(wide(answers()[Launch], binary.LittleEndian, []byte{0xff, 0xfe}))
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := Read(b)
		if err != nil {
			return
		}
		believed(t, a)
	})
}

func FuzzReadLine(f *testing.F) {
	f.Add(AskLine(output()))
	f.Add("> " + wrap(AskLine(answers()[DNS]), 60, "\r\n> "))
	f.Add("MONSHIN1A 4 AAAA")
	f.Add(output())
	f.Fuzz(func(t *testing.T, s string) {
		a, err := ReadLine(s)
		if err != nil {
			return
		}
		believed(t, a)
	})
}

// FuzzPart decodes the same text as every block's value.
func FuzzPart(f *testing.F) {
	for _, l := range answers() {
		a, err := Read([]byte(l))
		if err != nil {
			f.Fatal(err)
		}
		for _, v := range a.Lines {
			f.Add([]byte(v))
		}
	}
	f.Fuzz(func(t *testing.T, v []byte) {
		a := Answer{Instance: patient, Lines: map[Block]json.RawMessage{}}
		for _, b := range Blocks() {
			a.Lines[b] = v
		}
		believed(t, a)
	})
}

// Whatever bytes stand where: no panic, and nothing is believed but what is valid.
func TestDamagedAnswers(t *testing.T) {
	whole := output()
	rapid.Check(t, func(t *rapid.T) {
		b := []byte(whole)
		for range rapid.IntRange(1, 4).Draw(t, "damages") {
			i := rapid.IntRange(0, len(b)-1).Draw(t, "at")
			switch rapid.IntRange(0, 3).Draw(t, "how") {
			case 0:
				b[i] = rapid.Byte().Draw(t, "byte")
			case 1:
				b = b[:i+1]
			case 2:
				b = append(b[:i:i], b[min(len(b), i+rapid.IntRange(1, 300).Draw(t, "less")):]...)
			case 3:
				b = append(b[:i:i], append([]byte(rapid.String().Draw(t, "more")), b[i:]...)...)
			}
			if len(b) == 0 {
				return
			}
		}
		a, err := Read(b)
		if err != nil {
			return
		}
		believed(t, a)
	})
}

// Any text that Windows may hold comes back as it was, or makes the part unknown.
func TestTextsComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringN(1, 60, -1).Draw(t, "name")
		v := estate.GuestLaunch{LocalAdmins: []estate.GuestAccount{{Name: name}}, SSMAgent: estate.GuestService{Status: "Running"}}
		a, err := Read([]byte(Line(Launch, patient, hour(9), v)))
		if err != nil {
			t.Fatal(err)
		}
		f := a.Part(estate.GuestLaunchPart.Key(patient), origin(), time.Time{}).Fact.(fact.Of[estate.GuestLaunch])
		if got, ok := f.Get(); ok {
			if got.LocalAdmins[0].Name != strings.ToValidUTF8(name, "\ufffd") {
				t.Fatalf("%q came back as %q", name, got.LocalAdmins[0].Name)
			}
		} else if !strings.Contains(f.Why().Detail, "control character") {
			t.Fatalf("%q: %s", name, f.Why())
		}
	})
}
