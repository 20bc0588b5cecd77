package guest

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"github.com/monshin/monshin/diagnose/estate"
)

func wide(s string, order binary.ByteOrder, bom []byte) []byte {
	var b bytes.Buffer
	b.Write(bom)
	for _, u := range utf16.Encode([]rune(s)) {
		_ = binary.Write(&b, order, u)
	}
	return b.Bytes()
}

// An answer is found whatever stands around it.
func TestReadFindsLinesInNoise(t *testing.T) {
	want, err := Read([]byte(output()))
	if err != nil {
		t.Fatal(err)
	}
	// 「アクセスが拒否されました」 as a Japanese Windows writes it, in CP932.
	cp932 := "\x83A\x83N\x83Z\x83X\x82\xaa\x8b\x91\x94\xdb\x82\xb3\x82\xea\x82\xdc\x82\xb5\x82\xbd\x81B"
	for name, out := range map[string][]byte{
		"line ends of Unix":              []byte(strings.ReplaceAll(output(), "\r\n", "\n")),
		"no last line end":               []byte(strings.TrimRight(output(), "\r\n")),
		"messages around":                []byte("警告: \n" + output() + "At line:1 char:1\n"),
		"CP932 around":                   []byte(cp932 + "\r\n" + output() + cp932),
		"a message without a line end":   []byte(cp932 + output()),
		"a byte order mark":              []byte("\ufeff" + output()),
		"UTF-16 of PowerShell's >":       wide(output(), binary.LittleEndian, []byte{0xff, 0xfe}),
		"UTF-16, the other way round":    wide(output(), binary.BigEndian, []byte{0xfe, 0xff}),
		"every line twice":               []byte(output() + output()),
		"with the script before it":      []byte(Prelude() + Source(Identity) + "exit 0\n" + output()),
		"errors after the agent's ruler": []byte(output() + "\n----------ERROR-------\n" + cp932),
		"text after the value":           []byte(strings.ReplaceAll(output(), "\r\n", " trailing\r\n")),
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Read(out)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestReadRefuses(t *testing.T) {
	line := answers()[Identity]
	other := strings.ReplaceAll(line, patient, "i-0fedcba9876543210")
	failed := FailedLine(Identity, patient, hour(9), "System.TimeoutException", 0x80131505)
	for name, c := range map[string]struct{ output, says string }{
		"nothing":                 {"", "no answer"},
		"other output":            {"hello\n", "no answer"},
		"the script itself":       {Prelude() + Source(SignIn), "no answer"},
		"two instances":           {line + "\n" + other, "two instances"},
		"two answers":             {line + "\n" + strings.Replace(line, "17763", "17764", 1), "differently"},
		"an answer and a failure": {line + "\n" + failed, "both"},
		"a failure and an answer": {failed + "\n" + line, "both"},
		"two failures":            {failed + "\n" + strings.Replace(failed, "80131505", "80131501", 1), "two ways"},
		"an unknown block":        {strings.Replace(line, `"identity"`, `"identities"`, 1), "identities"},
		"not an instance":         {strings.Replace(line, patient, "i-0; rm", 1), "instance id"},
		"no time":                 {strings.Replace(line, "2026-11-20T09:30:15Z", "0001-01-01T00:00:00Z", 1), "time"},
		"a failure in words":      {strings.Replace(failed, "System.TimeoutException: 0x80131505", "タイムアウト", 1), "failure"},
		"no value":                {`MONSHIN1 {"b":"dns","i":"","t":"2026-11-20T09:30:15Z"}`, "value"},
		"a piece of nothing":      {`MONSHIN1 {"b":"dns","i":"","t":"2026-11-20T09:30:15Z","p":3,"n":2,"d":"x"}`, "piece"},
		"too many pieces":         {`MONSHIN1 {"b":"dns","i":"","t":"2026-11-20T09:30:15Z","p":1,"n":99999999,"d":"x"}`, "piece"},
		"a piece of an object":    {`MONSHIN1 {"b":"dns","i":"","t":"2026-11-20T09:30:15Z","p":1,"n":2,"d":{}}`, "piece"},
		"too much":                {strings.Repeat("x", maxOutput+1), "bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Read([]byte(c.output))
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v", err)
			}
		})
	}
}

// long is an answer that does not fit into one line.
func long() estate.GuestSignIn {
	v := signedIn()
	v.Failures = nil
	for i := range maxFailures {
		v.Failures = append(v.Failures, estate.GuestLogonFailure{
			Status: "0xC000006D", SubStatus: "0xC000006A", Account: fmt.Sprintf(`CORP\利用者"%02d\`, i),
			Source: fmt.Sprintf("198.51.100.%d", i), Type: 10, Count: i + 1, Last: hour(9),
		})
	}
	return v
}

func TestLongAnswers(t *testing.T) {
	lines := strings.Split(Line(SignIn, patient, hour(9), long()), "\n")
	if len(lines) < 3 {
		t.Fatalf("%d lines", len(lines))
	}
	for _, l := range lines {
		if len(l) > maxLine {
			t.Errorf("a line of %d bytes", len(l))
		}
	}
	same(t, back(t, SignIn, estate.GuestSignInPart, patient, long()), long())

	t.Run("in any order", func(t *testing.T) {
		a, err := Read([]byte(lines[2] + "\n" + lines[0] + "\n" + strings.Join(lines[1:], "\n")))
		if err != nil || a.Truncated || a.Lines[SignIn] == nil {
			t.Errorf("%v %+v", err, a.Truncated)
		}
	})
	t.Run("a piece is missing", func(t *testing.T) {
		a, err := Read([]byte(strings.Join(lines[:len(lines)-1], "\n")))
		if err != nil || !a.Truncated || a.Lines[SignIn] != nil {
			t.Errorf("%v %+v", err, a)
		}
	})
	t.Run("a piece that does not fit", func(t *testing.T) {
		bad := `MONSHIN1 {"b":"sign-in","i":"","t":"2026-11-20T09:30:15Z","p":1,"n":2,"d":"{"}` + "\n" +
			`MONSHIN1 {"b":"sign-in","i":"","t":"2026-11-20T09:30:15Z","p":2,"n":2,"d":"["}`
		if _, err := Read([]byte(bad)); err == nil {
			t.Error("read")
		}
	})
	t.Run("two answers", func(t *testing.T) {
		v := long()
		v.Failures[0].Count = 77
		if _, err := Read([]byte(strings.Join(lines, "\n") + "\n" + Line(SignIn, patient, hour(9), v))); err == nil {
			t.Error("read")
		}
	})
}

// A fleet reads identities from a list of commands, which shows one line of them.
func TestIdentityFitsOneLine(t *testing.T) {
	v := identities()["2019, Japanese, member, a name that is not ASCII"]
	v.CloneTag, v.Edition, v.MachineGUID = "Mon Nov 02 10:11:12 2026", "ServerDatacenter", "2d1a5c3f-0b7e-4f64-9f3a-6a7b8c9d0e1f"
	v.Installed, v.Booted, v.Cleanup = hour(1), hour(2), ptr(2)
	for range maxMismatches {
		v.Mismatches = append(v.Mismatches, hour(9))
	}
	if l := Line(Identity, patient, hour(9), v); strings.Contains(l, "\n") || len(l) > maxLine {
		t.Errorf("%d bytes", len(l))
	}
}

// Whatever the values, a script's whole output fits where Run Command keeps it.
func TestOutputFitsRunCommand(t *testing.T) {
	out := output() + Line(SignIn, patient, hour(9), long())
	if len(out) > 24000 {
		t.Errorf("%d bytes", len(out))
	}
	for i := range len(out) {
		if c := out[i]; c != '\r' && c != '\n' && (c < ' ' || c > '~') {
			t.Fatalf("byte %#x at %d", c, i)
		}
	}
}
