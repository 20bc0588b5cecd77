package guest

import (
	"encoding/base64"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// fixArguments are arguments with which each fix can be composed.
func fixArguments() map[string]map[string]string {
	return map[string]map[string]string{
		FixRestartAgent: nil, FixRenewLease: nil, FixActivateV1: nil, FixActivateV2: nil, FixRemoveRoutes: nil,
		FixRestoreRoutes: {"routes": "169.254.169.250/32|10.0.1.1|30|persistent,169.254.169.254/32|10.0.1.1|5|active"},
		FixKMSHost:       {"host": "169.254.169.250", "port": "1688"}, FixClientKey: {"build": "20348", "edition": "ServerDatacenter"},
		FixClock: {"real_time_is_universal": ""}, FixRDPService: {"deny": "1", "status": "Stopped", "start_type": "Disabled"},
		FixUnlockAccount: {"account": "佐藤 次郎", "scope": "domain"},
		FixAddForwarder:  {"server": "169.254.169.253"}, FixRemoveForwarder: {"server": "10.0.0.2", "zone": "amazonaws.com"},
	}
}

// Rules for what changes something inside somebody's server.
func TestFixesKeepTheRules(t *testing.T) {
	files, err := fs.Glob(fixScripts, "fixes/*.ps1")
	if err != nil || len(files) != len(Fixes())+4 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	never := map[string]*regexp.Regexp{
		"Systems Manager would read it as a parameter": regexp.MustCompile(`\{\{|\}\}`),
		"the agent takes 3010 as an order to reboot":   regexp.MustCompile(`3010`),
		"only the composed script ends":                regexp.MustCompile(`(?im)^\s*exit\b`),
		"its text is in the language of Windows":       regexp.MustCompile(`(?im)^[^#\n]*\b(slmgr|cscript|ipconfig|whoami|nltest|netsh|net\s+user|net\s+stop|net\s+start|sc\.exe)\b`),
		"a message is in the language of Windows":      regexp.MustCompile(`(?i)\.Message\b|ErrorDetails`),
		"it restarts the computer":                     regexp.MustCompile(`(?i)Restart-Computer|shutdown(\.exe)?\b|Stop-Computer`),
		"it runs what it reads":                        regexp.MustCompile(`(?i)Invoke-Expression|\biex\b|EncodedCommand|DownloadString`),
		"it deletes files":                             regexp.MustCompile(`(?i)Remove-Item\b`),
		"it takes a password":                          regexp.MustCompile(`(?i)password|SecureString|Credential`),
		"what looks like a key is masked in journals":  regexp.MustCompile(`\b[A-Z0-9]{5}(-[A-Z0-9]{5}){4}\b`),
		"a tab": regexp.MustCompile(`\t`),
	}
	for _, f := range files {
		b, err := fs.ReadFile(fixScripts, f)
		if err != nil {
			t.Fatal(err)
		}
		for why, r := range never {
			if m := r.FindString(string(b)); m != "" {
				t.Errorf("%s holds %q: %s", f, m, why)
			}
		}
		for i, c := range b {
			if c > '~' || c < ' ' && c != '\n' {
				t.Fatalf("%s: byte %#x at %d: a code page could change it", f, c, i)
			}
		}
	}
	for _, id := range Fixes() {
		if n := strings.Count(fixText(id), "Fix '"+id+"' {"); n != 1 {
			t.Errorf("%s.ps1 answers %d times under its name", id, n)
		}
	}
}

func TestFixScripts(t *testing.T) {
	line := regexp.MustCompile(`FromBase64String\('([A-Za-z0-9+/=]+)'\)`)
	for id, args := range fixArguments() {
		s, err := FixScript(id, args)
		if err != nil {
			t.Fatalf("%s: %v", id, err)
		}
		first, _, _ := strings.Cut(s, "\n")
		if !strings.HasPrefix(first, "# monshin-fix: "+id+" {") || !strings.HasSuffix(s, "\nexit 0\n") || strings.Count(s, "exit") != 1 {
			t.Errorf("%s: %s", id, first)
		}
		if i := strings.IndexFunc(s, func(r rune) bool { return r > '~' || r < ' ' && r != '\n' }); i >= 0 {
			t.Errorf("%s: byte %d is not ASCII", id, i)
		}
		m := line.FindStringSubmatch(s)
		if m == nil {
			t.Fatalf("%s has no arguments", id)
		}
		b, err := base64.StdEncoding.DecodeString(m[1])
		var given map[string]string
		if err != nil || json.Unmarshal(b, &given) != nil || len(given) != len(args) {
			t.Errorf("%s: %s %v", id, b, err)
		}
		for name, value := range args {
			if given[name] != value {
				t.Errorf("%s: %s is %q", id, name, given[name])
			}
		}
		gotID, got, err := FixAsked(strings.ReplaceAll(s, "\n", "\r\n"))
		if err != nil || gotID != id || len(got) != len(args) {
			t.Errorf("%s is read back as %s %v, %v", id, gotID, got, err)
		}
		if _, _, err := FixAsked(strings.Replace(s, "exit 0", "Get-Process\nexit 0", 1)); err == nil {
			t.Errorf("%s with a line more is taken for it", id)
		}
	}
	if d := cmp.Diff(Fixes(), slices.Sorted(keysOf(fixArguments()))); d != "" {
		t.Error(d)
	}
}

func keysOf(m map[string]map[string]string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

func TestFixScriptRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		id   string
		args map[string]string
	}{
		"no such fix":              {"format-disk", nil},
		"a path":                   {"../scripts/prelude", nil},
		"an argument of nobody":    {FixRenewLease, map[string]string{"x": "1"}},
		"a missing argument":       {FixUnlockAccount, map[string]string{"account": "sato"}},
		"a quote":                  {FixUnlockAccount, map[string]string{"account": "x'; Restart-Computer; '", "scope": "local"}},
		"a filter":                 {FixUnlockAccount, map[string]string{"account": "*)(cn=*", "scope": "domain"}},
		"a path in an account":     {FixUnlockAccount, map[string]string{"account": `CORP\sato`, "scope": "domain"}},
		"a line end":               {FixUnlockAccount, map[string]string{"account": "sato\nexit", "scope": "local"}},
		"a host with a space":      {FixKMSHost, map[string]string{"host": "kms example"}},
		"a port out of range":      {FixKMSHost, map[string]string{"host": "kms.example", "port": "70000"}},
		"a number with a sign":     {FixClientKey, map[string]string{"build": "+20348", "edition": "ServerStandard"}},
		"a scope of nobody":        {FixUnlockAccount, map[string]string{"account": "sato", "scope": "forest"}},
		"a route to elsewhere":     {FixRestoreRoutes, map[string]string{"routes": "10.0.0.0/8|10.0.0.1|5|active"}},
		"a route without a metric": {FixRestoreRoutes, map[string]string{"routes": "169.254.169.250/32|10.0.0.1||active"}},
		"a forwarder by name":      {FixAddForwarder, map[string]string{"server": "dns.example"}},
		"a start type of nobody":   {FixRDPService, map[string]string{"deny": "1", "start_type": "System"}},
	} {
		if s, err := FixScript(c.id, c.args); err == nil || s != "" {
			t.Errorf("%s: composed %.60q", name, s)
		}
	}
}

// Whatever an argument holds, only the first line and base64 carry it, and neither
// can end where it should not.
func TestFixArgumentsNeverLeaveTheirPlace(t *testing.T) {
	empty, err := FixScript(FixUnlockAccount, map[string]string{"account": "a", "scope": "local"})
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Count(empty, "\n")
	rapid.Check(t, func(t *rapid.T) {
		account := rapid.OneOf(rapid.String(), rapid.StringMatching(`[\p{L}\p{N}_][\p{L}\p{N} ._$'"{}-]{0,20}`)).Draw(t, "account")
		s, err := FixScript(FixUnlockAccount, map[string]string{"account": account, "scope": "local"})
		if err != nil {
			return
		}
		if strings.Count(s, "\n") != lines || strings.Contains(s, "{{") || strings.Contains(s, "}}") {
			t.Fatalf("%q", s[:200])
		}
	})
}

func TestReadFix(t *testing.T) {
	before, after := map[string]string{"deny": "1"}, map[string]string{"deny": "0"}
	good := FixLine(FixRDPService, patient, hour(9), before, after, "")
	want := FixAnswer{Instance: patient, Time: hour(9), Fix: FixRDPService, Done: true, Before: before, After: after}
	for name, out := range map[string]string{
		"alone": good, "with noise": "警告: x\r\n" + good + "\r\nPS C:\\> ", "twice": good + "\n" + good,
	} {
		got, err := ReadFix([]byte(out))
		if d := cmp.Diff(want, got); err != nil || d != "" {
			t.Errorf("%s: %v %s", name, err, d)
		}
	}
	failed, err := ReadFix([]byte(FixLine(FixClock, "", hour(9), before, nil, "System.ComponentModel.Win32Exception: 0x80070426")))
	if err != nil || failed.Done || failed.Error == "" {
		t.Errorf("%+v %v", failed, err)
	}
	for name, out := range map[string]string{
		"nothing":              "",
		"another block":        Line(DNS, patient, hour(9), map[string]any{}),
		"two that differ":      good + "\n" + FixLine(FixRDPService, patient, hour(9), before, before, ""),
		"a fix of nobody":      strings.Replace(good, FixRDPService, "format-disk", 1),
		"done with an error":   strings.Replace(good, `"done":true`, `"done":true,"error":"System.Exception: 0x80131500"`, 1),
		"neither":              strings.Replace(good, `"done":true`, `"done":false`, 1),
		"no word of done":      strings.Replace(good, `"done":true,`, ``, 1),
		"a message":            FixLine(FixClock, patient, hour(9), nil, nil, "アクセスが拒否されました"),
		"an unknown field":     strings.Replace(good, `"done"`, `"extra":1,"done"`, 1),
		"a field twice":        strings.Replace(good, `"done":true`, `"done":true,"done":true`, 1),
		"a number for a text":  strings.Replace(good, `"deny":"1"`, `"deny":1`, 1),
		"null for a text":      strings.Replace(good, `"deny":"1"`, `"deny":null`, 1),
		"another server":       strings.Replace(good, patient, "i-xyz", 1),
		"cut":                  good[:len(good)-4],
		"a name with capitals": strings.Replace(good, `"deny":"1"`, `"Deny":"1"`, 1),
		"too long":             FixLine(FixClock, patient, hour(9), map[string]string{"x": strings.Repeat("a", maxFixValue+1)}, nil, ""),
	} {
		if got, err := ReadFix([]byte(out)); err == nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// A fix's answer is none of the read-only scripts', and the other way round.
func TestFixesAndQuestionsAreApart(t *testing.T) {
	if _, err := Read([]byte(FixLine(FixClock, patient, hour(9), nil, nil, ""))); err == nil {
		t.Error("the answer of a fix passes for one of a question")
	}
	for id, args := range fixArguments() {
		s, err := FixScript(id, args)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Asked(s); err == nil {
			t.Errorf("%s passes for a script that only reads", id)
		}
	}
}

func FuzzReadFix(f *testing.F) {
	f.Add([]byte(FixLine(FixRDPService, patient, hour(9), map[string]string{"deny": "1"}, map[string]string{"deny": "0"}, "")))
	f.Add([]byte(FixLine(FixClock, "", hour(9), nil, nil, "System.Exception: 0x80131500")))
	f.Add([]byte("MONSHIN1 {\"b\":\"fix\",\"i\":\"\""))
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := ReadFix(b)
		if err != nil {
			return
		}
		again, err := ReadFix([]byte(FixLine(a.Fix, a.Instance, a.Time, a.Before, a.After, a.Error)))
		if err != nil {
			t.Fatal(err)
		}
		if a.Done != again.Done || a.Fix != again.Fix || len(a.Before) != len(again.Before) || len(a.After) != len(again.After) {
			t.Fatalf("%+v\n%+v", a, again)
		}
	})
}

// TestComposeFixes composes every fix. Where MONSHIN_SCRIPTS names a folder, it leaves
// them there for the grammar's check.
func TestComposeFixes(t *testing.T) {
	dir := os.Getenv("MONSHIN_SCRIPTS")
	for id, args := range fixArguments() {
		s, err := FixScript(id, args)
		if err != nil {
			t.Fatal(err)
		}
		// SendCommand takes at most 64 KiB of parameters.
		if len(s) > 32<<10 {
			t.Errorf("%s has %d bytes", id, len(s))
		}
		if dir != "" {
			if err := os.WriteFile(filepath.Join(dir, "fix-"+id+".ps1"), []byte(s), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}
