package guest

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/monshin/monshin/diagnose/estate"
)

func TestBlocksAndKinds(t *testing.T) {
	touching := 0
	for _, k := range estate.Kinds() {
		b, ok := BlockOf(k.Name())
		if ok != k.Touches() {
			t.Errorf("%s: touches %t, has a block %t", k.Name(), k.Touches(), ok)
		}
		if !ok {
			continue
		}
		touching++
		if b.Kind() != k.Name() || Source(b) == "" {
			t.Errorf("block %s of %s", b, k.Name())
		}
		if !strings.Contains(Source(b), "\nBlock '"+string(b)+"' {\n") {
			t.Errorf("%s.ps1 does not answer under its name", b)
		}
	}
	if touching != len(Blocks()) {
		t.Errorf("%d blocks for %d kinds", len(Blocks()), touching)
	}
}

// Rules for everything that runs inside somebody's server.
func TestScriptsKeepTheRules(t *testing.T) {
	files, err := fs.Glob(scripts, "scripts/*.ps1")
	if err != nil || len(files) != len(Blocks())+5 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	never := map[string]*regexp.Regexp{
		"Systems Manager would read it as a parameter":      regexp.MustCompile(`\{\{|\}\}`),
		"the agent takes 3010 as an order to reboot":        regexp.MustCompile(`3010`),
		"only the composed script ends":                     regexp.MustCompile(`(?im)^\s*exit\b`),
		"its text is in the language of Windows":            regexp.MustCompile(`(?i)\b(slmgr|ipconfig|whoami|systeminfo|nltest|quser|netsh|netstat|tasklist|query\s+session|net\s+user)\b`),
		"a message is in the language of Windows":           regexp.MustCompile(`(?i)\.Message\b|ErrorDetails`),
		"it changes something":                              regexp.MustCompile(`(?i)\b(Set|New|Remove|Add|Clear|Start|Stop|Restart|Enable|Disable|Register|Unregister|Rename|Move|Copy|Install|Uninstall|Reset|Repair|Out|Export)-(?:Item|Service|Content|File|Net|Dns|Local|Computer|Wmi|Cim|Scheduled|Process|AD|Windows|Event|Acl|Csv|Job|Firewall)\w*`),
		"it writes a file":                                  regexp.MustCompile(`(?i)secedit|\bTee-Object|WriteAll|File\]::|>>?\s*["'$A-Za-z]`),
		"it changes something through the directory or WMI": regexp.MustCompile(`(?i)\.(SetInfo|CommitChanges|SetPassword|Put|Rename|Delete|Invoke|Activate|Install\w*)\(`),
		"it runs what it reads":                             regexp.MustCompile(`(?i)Invoke-Expression|\biex\b|EncodedCommand|DownloadString`),
		"it shows a password":                               regexp.MustCompile(`(?i)password\.data|PasswordData|OA3xOriginalProductKey|DigitalProductId`),
		"a tab":                                             regexp.MustCompile(`\t`),
	}
	for _, f := range files {
		b, err := fs.ReadFile(scripts, f)
		if err != nil {
			t.Fatal(err)
		}
		s := string(b)
		for why, r := range never {
			if m := r.FindString(s); m != "" {
				t.Errorf("%s holds %q: %s", f, m, why)
			}
		}
		for i, c := range b {
			if c > '~' || c < ' ' && c != '\n' {
				t.Fatalf("%s: byte %#x at %d: a code page could change it", f, c, i)
			}
		}
		if !strings.HasSuffix(s, "\n") {
			t.Errorf("%s has no last line end", f)
		}
	}
	// The one method of WMI that is called only reads.
	for _, m := range regexp.MustCompile(`Invoke-CimMethod.*`).FindAllString(Source(SignIn), -1) {
		if !strings.Contains(m, "-MethodName GetGracePeriodDays") {
			t.Error(m)
		}
	}
}

func TestScript(t *testing.T) {
	s, err := Script(keys())
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(s, Prelude()) || !strings.HasSuffix(s, "}\nexit 0\n") || strings.Count(s, "exit") != 1 {
		t.Error("a script is the prelude, the blocks and one exit 0")
	}
	at := -1
	for _, b := range Blocks() {
		i := strings.Index(s, Source(b))
		if i <= at || strings.Count(s, "Block '"+string(b)+"'") != 1 {
			t.Errorf("block %s at %d", b, i)
		}
		at = i
	}
	for _, want := range []string{"$domains = @('corp.example.local')\n", "$names = @('ssm.ap-northeast-1.amazonaws.com', 'ssmmessages.ap-northeast-1.amazonaws.com')\n"} {
		if !strings.Contains(s, want) {
			t.Errorf("no %s", want)
		}
	}
	one, err := Script(keys()[:1])
	if err != nil || strings.Contains(one, "Block 'dns'") || strings.Contains(one, "$names =") {
		t.Errorf("a script asks only what is wanted: %v", err)
	}
	// SendCommand takes at most 64 KiB of parameters, which also hold quotation marks.
	if len(s) > 48<<10 {
		t.Errorf("%d bytes", len(s))
	}
}

func TestScriptAsksEachNameOnce(t *testing.T) {
	id := estate.GuestDNSQuery{Instance: patient, Domain: "corp.example.local", Names: []string{"ssm.ap-northeast-1.amazonaws.com"}}.String()
	r, err := RequestFor([]estate.Key{estate.GuestDNSPart.Key(dnsID), estate.GuestDNSPart.Key(id)})
	if err != nil || len(r.Blocks) != 1 || len(r.Domains) != 1 || len(r.Names) != 2 {
		t.Errorf("%v %+v", err, r)
	}
}

func TestScriptRefuses(t *testing.T) {
	dns := func(q estate.GuestDNSQuery) []estate.Key {
		q.Instance = patient
		return []estate.Key{estate.GuestDNSPart.Key(q.String())}
	}
	many := make([]string, maxNames+1)
	for i := range many {
		many[i] = "n" + strings.Repeat("x", i) + ".example.com"
	}
	for name, keys := range map[string][]estate.Key{
		"nothing":               nil,
		"a part of an API":      {estate.VPCPart.Key("vpc-1")},
		"a kind of nobody":      {{Kind: "guest-everything", ID: patient}},
		"two instances":         {estate.GuestIdentityPart.Key(patient), estate.GuestLaunchPart.Key("i-0fedcba9876543210")},
		"no instance":           {estate.GuestIdentityPart.Key("")},
		"no query":              {estate.GuestDNSPart.Key(patient)},
		"a quote":               dns(estate.GuestDNSQuery{Domain: "corp'; Restart-Computer; '"}),
		"a variable":            dns(estate.GuestDNSQuery{Domain: "$env:TEMP"}),
		"a line end":            dns(estate.GuestDNSQuery{Names: []string{"a.example\nexit"}}),
		"a typographic quote":   dns(estate.GuestDNSQuery{Names: []string{"a\u2019.example"}}),
		"an address":            dns(estate.GuestDNSQuery{Names: []string{"10.0.0.1"}}),
		"an empty label":        dns(estate.GuestDNSQuery{Names: []string{"a..example"}}),
		"a name's end":          dns(estate.GuestDNSQuery{Names: []string{"a.example."}}),
		"a label that is long":  dns(estate.GuestDNSQuery{Names: []string{strings.Repeat("a", 64) + ".example"}}),
		"a name that is long":   dns(estate.GuestDNSQuery{Names: []string{strings.Repeat("abcdefg.", 40) + "example"}}),
		"a hyphen at the start": dns(estate.GuestDNSQuery{Names: []string{"-Server.example"}}),
		"too many names":        dns(estate.GuestDNSQuery{Names: many}),
	} {
		t.Run(name, func(t *testing.T) {
			if s, err := Script(keys); err == nil || s != "" {
				t.Errorf("composed: %.80q", s)
			}
			if s, err := AskScript(keys); err == nil || s != "" {
				t.Errorf("composed to ask: %.80q", s)
			}
		})
	}
}

// Whatever is asked for, a name in a script is made of harmless characters.
func TestNamesNeverLeaveTheirQuotes(t *testing.T) {
	harmless := regexp.MustCompile(`^@\(('[A-Za-z0-9._-]+'(, '[A-Za-z0-9._-]+')*)?\)$`)
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfN(rapid.OneOf(rapid.String(), rapid.StringMatching(`[a-z0-9._'$-]{1,12}(\.[a-z]{1,5})?`)), 0, 4).Draw(t, "names")
		r, err := RequestFor([]estate.Key{estate.GuestDNSPart.Key(estate.GuestDNSQuery{Instance: patient, Names: names}.String())})
		if err != nil {
			return
		}
		m := regexp.MustCompile(`(?m)^\$names = (.*)$`).FindStringSubmatch(r.script())
		if m == nil || !harmless.MatchString(m[1]) {
			t.Fatalf("%q", m)
		}
	})
}

func TestAskedReadsScriptsBack(t *testing.T) {
	all := keys()
	rapid.Check(t, func(t *rapid.T) {
		some := rapid.SliceOfNDistinct(rapid.SampledFrom(all), 1, len(all), func(k estate.Key) string { return k.Kind }).Draw(t, "keys")
		want, err := RequestFor(some)
		if err != nil {
			t.Fatal(err)
		}
		s := want.script()
		if rapid.Bool().Draw(t, "as lines of a command") {
			s = strings.Join(strings.Split(s, "\n"), "\r\n")
		}
		got, err := Asked(s)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
			t.Fatal(d)
		}
	})
	s, err := Script(all)
	if err != nil {
		t.Fatal(err)
	}
	for name, other := range map[string]string{
		"nothing":           "",
		"another script":    "Get-Process\nexit 0\n",
		"one line more":     strings.Replace(s, "exit 0", "Restart-Computer\nexit 0", 1),
		"one letter less":   strings.Replace(s, "2300", "230", 1),
		"the prelude alone": Prelude() + "exit 0\n",
	} {
		if r, err := Asked(other); err == nil {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

// TestCompose composes a script of every block, and the one for somebody else. Where
// MONSHIN_SCRIPTS names a folder, it leaves them there for the grammar's check.
func TestCompose(t *testing.T) {
	script, err := Script(keys())
	if err != nil {
		t.Fatal(err)
	}
	ask, err := AskScript(keys())
	if err != nil {
		t.Fatal(err)
	}
	// It runs in somebody's window, which has to stay open and as it was.
	if strings.Contains(ask, "exit 0") || !strings.HasPrefix(ask, "& {\n") || !strings.HasSuffix(ask, "\n}\n") {
		t.Error("a script to be pasted is one block without an exit")
	}
	if i := strings.Index(ask, "[Console]::Out.WriteLine"); i < 0 || i > strings.Index(ask, text("ask-begin")) {
		t.Error("the lines are collected before the first block, and printed as one")
	}
	many, err := ManyScript(keys())
	if err != nil {
		t.Fatal(err)
	}
	dir := os.Getenv("MONSHIN_SCRIPTS")
	if dir == "" {
		return
	}
	for name, s := range map[string]string{"script.ps1": script, "ask.ps1": ask, "many.ps1": many} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(s), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// Each field that a block prints is one of its estate type, and the other way round:
// what the script and the type call differently would be lost, or refused.
func TestScriptsPrintWhatIsRead(t *testing.T) {
	word := regexp.MustCompile(`'([a-z0-9_]+)'|\b([a-z0-9_]+) = `)
	for b, want := range fieldNames() {
		var printed []string
		for _, m := range word.FindAllStringSubmatch(Source(b), -1) {
			printed = append(printed, m[1]+m[2])
		}
		for _, f := range want {
			if !slices.Contains(printed, f) {
				t.Errorf("%s.ps1 never prints %s", b, f)
			}
		}
	}
}
