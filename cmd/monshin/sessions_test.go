package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/lab"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/walk"
	"github.com/monshin/monshin/sessions/journal"
	"github.com/monshin/monshin/sessions/session"
	"github.com/monshin/monshin/sessions/transcript"
	"github.com/monshin/monshin/tui/world"
)

// machine is a computer with a state folder, on which commands are run one after another.
type machine struct {
	t     testing.TB
	state string
	input string
	tty   bool
}

func newMachine(t testing.TB) *machine { return &machine{t: t, state: t.TempDir()} }

func (m *machine) app(out, errs *bytes.Buffer, args ...string) *app {
	return &app{
		args: args, in: strings.NewReader(m.input), out: out, err: errs,
		getenv: func(name string) string {
			switch name {
			case "XDG_STATE_HOME", "LOCALAPPDATA":
				return m.state
			}
			return ""
		},
		isTerminal: func() (bool, bool, bool) { return m.tty, false, false },
	}
}

func (m *machine) run(args ...string) (code int, out, errs string) {
	m.t.Helper()
	var o, e bytes.Buffer
	code = run(context.Background(), m.app(&o, &e, args...))
	return code, o.String(), e.String()
}

// want runs a command that has to end with a code.
func (m *machine) want(code int, args ...string) (out, errs string) {
	m.t.Helper()
	got, out, errs := m.run(args...)
	if got != code {
		m.t.Errorf("%q: exit %d, want %d\n%s\n%s", args, got, code, out, errs)
	}
	return out, errs
}

func (m *machine) list() []listed {
	m.t.Helper()
	out, _ := m.want(0, "sessions", "list", "-o", "json")
	var l []listed
	if err := json.Unmarshal([]byte(out), &l); err != nil {
		m.t.Fatalf("%v\n%s", err, out)
	}
	return l
}

func has(t testing.TB, text string, what ...string) {
	t.Helper()
	for _, w := range what {
		if !strings.Contains(text, w) {
			t.Errorf("%q is missing in:\n%s", w, text)
		}
	}
}

func TestAnInvestigationFromDayToDay(t *testing.T) {
	m := newMachine(t)
	_, errs := m.want(0, "sessions", "list")
	has(t, errs, "no investigation")
	m.want(2, "sessions", "show", "last")
	// The first day: the operator may not read the endpoints.
	m.want(3, "check", "--lab", "no-endpoint", "--lab-fault", "deny=ec2:DescribeVpcEndpoints")
	l := m.list()
	if len(l) != 1 || !l[0].Unfinished || l[0].Outcome != "undecided" || !l[0].Simulated || l[0].Symptom != "no-session" || l[0].Source != "lab:no-endpoint" {
		t.Fatalf("%+v", l)
	}
	id, first := l[0].ID, l[0].Last
	out, _ := m.want(0, "sessions", "list", "--lang", "ja")
	has(t, out, "* "+id, "切り分け未完了", "【模擬データ】")
	// The next one may, and goes on.
	out, errs = m.want(1, "sessions", "resume", id[:6], "--as", "田中")
	has(t, out, "SIMULATED", "endpoint.missing")
	has(t, errs, "facts read again: ", "newly found: endpoint.missing@", "could not be read (denied) -> there", "it stood at: ")
	_, errs = m.want(1, "sessions", "resume", id, "--lang", "ja", "-o", "markdown")
	has(t, errs, "前回からの変更 0 件")
	if l = m.list(); len(l) != 1 || l[0].Unfinished || l[0].Outcome != "problems" || len(l[0].RootCauses) != 1 {
		t.Fatalf("%+v", l)
	}
	out, _ = m.want(0, "sessions", "show", "last")
	has(t, out, id, "gone on (田中)", "111122223333", l[0].Last)
	out, _ = m.want(0, "sessions", "show", "last", "-o", "json")
	has(t, out, `"田中"`, `"kind": "resume"`)
	out, _ = m.want(0, "sessions", "diff", id)
	has(t, out, "newly found: endpoint.missing@", "VPC endpoints of vpc-")
	out, _ = m.want(0, "sessions", "diff", id, "--lang", "ja", "-o", "json")
	has(t, out, `"sort": "finding"`, "新たに検出")
	// What was attached to the ticket on the first day is still in it.
	out, _ = m.want(0, "sessions", "verify", id, "--hash", first)
	has(t, out, "unbroken", "were added since")
	out, _ = m.want(1, "sessions", "verify", id, "--hash", strings.Repeat("0", 64))
	has(t, out, "NO ENTRY")
	// Replaying needs no account, and any symptom can be judged.
	out, _ = m.want(1, "sessions", "replay", id, "-o", "json")
	has(t, out, `"source": "recording:lab:no-endpoint"`, "endpoint.missing")
	_, errs = m.want(1, "sessions", "replay", id, "--symptom", "not-in-systems-manager")
	_ = errs
	// As it stood at the end of the first day, it is undecided.
	r, err := journal.Open(l[0].Path)
	if err != nil {
		t.Fatal(err)
	}
	out, _ = m.want(3, "sessions", "replay", id, "--as-of", r.Resumes[0].Time.Add(-time.Nanosecond).Format(time.RFC3339Nano))
	has(t, out, "undecided")
	m.want(2, "sessions", "replay", id, "--as-of", "2001-01-01 00:00")
	m.want(2, "sessions", "replay", id, "--as-of", "yesterday")
}

func TestHandingOverToAColleague(t *testing.T) {
	a, b := newMachine(t), newMachine(t)
	a.want(3, "check", "--lab", "no-password")
	file := filepath.Join(t.TempDir(), "x.monshin")
	out, errs := a.want(0, "sessions", "export", "last", "-o", "monshin", "--file", file)
	has(t, out, "last hash: "+a.list()[0].Last)
	has(t, errs, file)
	a.want(2, "sessions", "export", "last", "-o", "monshin", "--file", file) // never over another file
	a.want(2, "sessions", "export", "last", "-o", "monshin", "--file", file+".zip")
	a.want(2, "sessions", "export", "last", "-o", "monshin", "--for", "customer")
	_, errs = b.want(2, "sessions", "resume", file)
	has(t, errs, "--as")
	_, errs = b.want(3, "sessions", "resume", file, "--as", "tanaka\x1b[2J")
	has(t, errs, "imported")
	l := b.list()
	if len(l) != 1 || l[0].ID != a.list()[0].ID || l[0].Entries <= a.list()[0].Entries {
		t.Errorf("%+v, %+v", l, a.list())
	}
	out, _ = b.want(0, "sessions", "show", "last")
	has(t, out, `tanaka\x1b[2J`)
	_, errs = b.want(3, "sessions", "resume", file, "--as", "tanaka")
	has(t, errs, "here already")
	c := newMachine(t)
	out, _ = c.want(3, "sessions", "replay", file, "--lang", "ja")
	has(t, out, "【模擬データ】")
	if err := os.WriteFile(file, []byte("garbage"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, errs = b.want(2, "sessions", "resume", file, "--as", "x", "--lang", "ja")
	has(t, errs, "取り込み不可")
}

func TestTheSecondOperatorReadsOnly(t *testing.T) {
	m := newMachine(t)
	m.want(3, "check", "--lab", "no-password")
	before := m.list()[0]
	l, err := session.Take(before.Path, session.Holder{})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Release()
	out, errs := m.want(3, "sessions", "resume", "last", "--lang", "ja")
	has(t, errs, "使用中", "読み取り専用")
	has(t, out, "【模擬データ】")
	if after := m.list()[0]; after.Last != before.Last {
		t.Error("it was written to")
	}
	m.want(2, "sessions", "delete", "last", "--yes")
}

func TestWhatACrashLeaves(t *testing.T) {
	m := newMachine(t)
	m.want(3, "check", "--lab", "no-password")
	path := m.list()[0].Path
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(b, []byte("\n"))
	// Killed in the middle of a walk, and of a line.
	if err := os.WriteFile(path, append(bytes.Join(lines[:len(lines)/2], nil), lines[len(lines)/2][:20]...), 0o600); err != nil {
		t.Fatal(err)
	}
	if l := m.list()[0]; !l.Unfinished || l.Outcome != "" {
		t.Errorf("%+v", l)
	}
	out, _ := m.want(0, "sessions", "verify", "last")
	has(t, out, "ends in the middle of an entry")
	_, errs := m.want(3, "sessions", "resume", "last")
	has(t, errs, "which was dropped")
	if l := m.list()[0]; l.Outcome != "undecided" {
		t.Errorf("%+v", l)
	}
	m.want(0, "sessions", "verify", "last")
}

func TestAnEditedRecord(t *testing.T) {
	m := newMachine(t)
	m.want(1, "check", "--lab", "no-role")
	path := m.list()[0].Path
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	edited := bytes.Replace(b, []byte("problem"), []byte("noblem!"), 1)
	if err := os.WriteFile(path, edited, 0o600); err != nil {
		t.Fatal(err)
	}
	out, _ := m.want(1, "sessions", "verify", "last")
	has(t, out, "CHANGED OR DAMAGED at line ")
	out, _ = m.want(1, "sessions", "verify", "last", "-o", "json", "--lang", "ja")
	has(t, out, `"intact": false`)
	for _, args := range [][]string{{"resume"}, {"replay"}, {"export"}, {"show"}, {"diff"}} {
		_, errs := m.want(2, "sessions", args[0], "last", "--lang", "ja")
		has(t, errs, "行目")
	}
	if now, err := os.ReadFile(path); err != nil || !bytes.Equal(now, edited) {
		t.Error("the file was touched")
	}
}

func TestDeleting(t *testing.T) {
	m := newMachine(t)
	m.want(1, "check", "--lab", "no-role")
	_, errs := m.want(2, "sessions", "delete", "last")
	has(t, errs, "--yes")
	m.tty, m.input = true, "n\n"
	_, errs = m.want(0, "sessions", "delete", "last")
	has(t, errs, "nothing was deleted")
	m.input = ""
	m.want(0, "sessions", "delete", "last")
	if len(m.list()) != 1 {
		t.Fatal("it was deleted without a yes")
	}
	m.input = "y\n"
	m.want(0, "sessions", "delete", m.list()[0].ID)
	if len(m.list()) != 0 {
		t.Error("it is still there")
	}
}

func TestWrongUsageOfSessions(t *testing.T) {
	m := newMachine(t)
	m.want(1, "check", "--lab", "no-role")
	for _, args := range [][]string{
		{"show"}, {"show", "zzz"}, {"show", "last", "-o", "yaml"}, {"list", "-o", "x"}, {"export", "last", "-o", "pdf"}, {"export", "last", "--for", "me"},
		{"resume", "last", "-o", "html"}, {"resume", "/no/such"}, {"resume", "last", "--lab", "healthy"}, {"diff", "last", "-o", "x"}, {"verify", "last", "-o", "x"},
		{"replay", "last", "-o", "x"}, {"resume", "last", "--runbook", "/no/such"}, {"replay", "last", "--symptom", "x"},
	} {
		_, errs := m.want(2, append([]string{"sessions"}, args...)...)
		if errs == "" {
			t.Errorf("%q: nothing is said", args)
		}
	}
}

func TestSessionsSpeakBothLanguages(t *testing.T) {
	for _, c := range []string{"", "list", "show", "resume", "export", "replay", "diff", "verify", "delete"} {
		args := []string{"sessions"}
		if c != "" {
			args = append(args, c)
		}
		texts := map[lang.Lang]string{}
		for _, l := range lang.All() {
			code, out, errs := invoke(t, append(args, "--help", "--lang", string(l))...)
			if code != 0 || errs != "" {
				t.Errorf("%v: exit %d, %s", args, code, errs)
			}
			texts[l] = out
		}
		if texts[lang.Ja] == texts[lang.En] {
			t.Errorf("%v reads the same in both languages", args)
		}
	}
}

func TestTheAccountHasToBeTheSame(t *testing.T) {
	var o, e bytes.Buffer
	a := newMachine(t).app(&o, &e)
	f := &flags{lab: "no-role", lang: lang.En, zone: time.UTC}
	acc, err := a.openAccount(context.Background(), f)
	if err != nil {
		t.Fatal(err)
	}
	rec := func(account string) *journal.Record {
		p := estate.CallerPart.Part("", fact.Known(estate.Caller{Account: account}, fact.Origin{}))
		return &journal.Record{Parts: map[estate.Key]estate.Part{p.Key: p}}
	}
	if err := acc.isOf(context.Background(), rec("111122223333")); err != nil {
		t.Error(err)
	}
	if err := acc.isOf(context.Background(), rec("999999999999")); err == nil || !strings.Contains(err.Error(), "999999999999") {
		t.Errorf("have %v", err)
	}
}

func TestNotesHoldNoSecret(t *testing.T) {
	m := newMachine(t)
	store := session.At(filepath.Join(m.state, "j"))
	s, err := store.Begin(time.Now, journal.Opening{Symptom: "no-session", Target: estate.Target{InstanceID: "i-1", Region: "r"}})
	if err != nil {
		t.Fatal(err)
	}
	inv := &investigation{journal: s}
	if err := inv.note("the customer sent Password=Hunter2Hunter2\nand AKIAABCDEFGHIJKLMNOP \x1b[2J", true, "n"); err != nil {
		t.Fatal(err)
	}
	if err := inv.note("  \n ", false, ""); err != nil {
		t.Fatal(err)
	}
	if err := inv.close(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(s.Path())
	if err != nil {
		t.Fatal(err)
	}
	if regexp.MustCompile(`Hunter2|AKIAABCD|\x1b`).Match(b) {
		t.Errorf("%s", b)
	}
	r, err := journal.Open(s.Path())
	if err != nil || len(r.Notes) != 1 || r.Notes[0].Body.Audience != journal.Customer || !strings.Contains(r.Notes[0].Body.Text, "the customer sent") {
		t.Errorf("%+v, %v", r, err)
	}
	if err := (&investigation{}).note("x", false, ""); err == nil {
		t.Error("a note was kept nowhere")
	}
}

// printed is how an answer of a script inside Windows begins, also where a format
// escapes it or breaks its line; the script itself holds no block's name there.
var printed = regexp.MustCompile(`MONSHIN1[\s\\]*\{(?:\\?"|&#34;)b(?:\\?"|&#34;):(?:\\?"|&#34;)[a-z]`)

// Every scenario's record fits the schema, and is told in every format and language to every reader;
// the last hash of the record stands in what people keep.
func TestEveryScenarioIsExported(t *testing.T) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(journal.LineSchema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("line.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("line.json")
	if err != nil {
		t.Fatal(err)
	}
	k, err := learn()
	if err != nil {
		t.Fatal(err)
	}
	base := t.TempDir()
	for i, s := range lab.Scenarios() {
		if testing.Short() && i%5 != 0 {
			continue // a taste of them
		}
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			_, path := recordWalk(t, base, s.Name)
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			for i, line := range bytes.Split(bytes.TrimSpace(b), []byte("\n")) {
				v, err := jsonschema.UnmarshalJSON(bytes.NewReader(line))
				if err == nil {
					err = schema.Validate(v)
				}
				if err != nil {
					t.Fatalf("line %d: %v", i+1, err)
				}
			}
			r, err := journal.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			if s.Guest && (len(r.Scripts) == 0 || len(r.Consents) == 0 || r.Scripts[0].Body.SHA256 != digest(r.Consents[0].Body.Text) || len(r.Scripts[0].Body.Parts) == 0) {
				t.Errorf("the scripts that ran are recorded as %+v", r.Scripts)
			}
			for _, x := range r.Scripts {
				if x.Body.CommandID == "" || !printed.MatchString(x.Body.Output) || len(x.Body.OutputSHA256) != 64 || x.Body.At.IsZero() {
					t.Errorf("of what the script printed there is recorded: %+v", x.Body)
				}
			}
			var o, e bytes.Buffer
			a := newMachine(t).app(&o, &e)
			told, d, err := a.retold(context.Background(), &flags{lang: lang.En, zone: time.UTC}, k, recordedAccount(r), path, r)
			if err != nil {
				t.Fatal(err)
			}
			if d.Exit() != s.Exit || d.Calls.Total == 0 {
				t.Errorf("exit %d, want %d; %d calls", d.Exit(), s.Exit, d.Calls.Total)
			}
			for _, w := range ruleChanges(r, d) {
				t.Errorf("judged otherwise at once: %s", w.En)
			}
			// What Windows printed is for nobody outside.
			everywhere(t, k, told, func(form transcript.Format, l lang.Lang, reader transcript.Reader, text string) {
				shown := printed.MatchString(text)
				switch whole := form == transcript.AsHTML || form == transcript.AsMarkdown || form == transcript.AsPlain || form == transcript.AsJSON; {
				case text == "":
					t.Errorf("%s in %s for %s is empty", form, l, reader)
				case reader != transcript.Internal && shown:
					t.Errorf("%s in %s for %s holds what Windows printed", form, l, reader)
				case reader == transcript.Internal && whole && shown != (len(r.Scripts) > 0):
					t.Errorf("%s in %s holds what Windows printed: %v, of %d scripts", form, l, shown, len(r.Scripts))
				}
			})
			for _, l := range lang.All() {
				for _, reader := range transcript.Readers() {
					for _, form := range []transcript.Format{transcript.AsText, transcript.AsMarkdown} {
						b, err := transcript.Export(told, k.catalogue, form, transcript.Options{Lang: l, Zone: time.UTC, Version: "test", Reader: reader, Summary: true})
						if err != nil || len(b) == 0 {
							t.Errorf("summary as %s in %s for %s: %d bytes, %v", form, l, reader, len(b), err)
						}
					}
				}
			}
			for _, form := range transcript.Formats() {
				for _, l := range lang.All() {
					o := transcript.Options{Lang: l, Zone: time.UTC, Version: "test"}
					once, err := transcript.Export(told, k.catalogue, form, o)
					if err != nil {
						t.Fatalf("%s in %s: %v", form, l, err)
					}
					again, err := transcript.Export(told, k.catalogue, form, o)
					if err != nil || !bytes.Equal(once, again) {
						t.Errorf("%s in %s is not the same twice", form, l)
					}
					switch form {
					case transcript.AsHTML, transcript.AsMarkdown, transcript.AsPlain:
						if !bytes.Contains(bytes.ReplaceAll(once, []byte("\n"), nil), []byte(r.Last)) {
							t.Errorf("%s in %s does not print the last hash", form, l)
						}
					}
				}
			}
		})
	}
}

// The screen goes on with what the command line recorded, and offers only what is of
// its own account.
func TestTheScreenGoesOn(t *testing.T) {
	m := newMachine(t)
	m.want(3, "check", "--lab", "no-endpoint", "--lab-fault", "deny=ec2:DescribeVpcEndpoints")
	m.want(3, "check", "--lab", "no-password")
	m.want(1, "check", "--lab", "no-endpoint")
	var o, e bytes.Buffer
	a := m.app(&o, &e)
	open := func() *backend {
		f := &flags{lab: "no-endpoint", lang: lang.En, zone: time.UTC}
		d, err := a.openDesk(context.Background(), f)
		if err != nil {
			t.Fatal(err)
		}
		return &backend{app: a, flags: f, knowledge: d.knowledge, account: d.account, log: d.log, operator: "sato"}
	}
	b := open()
	list, err := b.Unfinished(context.Background())
	if err != nil || len(list) != 1 || list[0].Cut || list[0].Symptom != "no-session" {
		t.Fatalf("%+v, %v", list, err)
	}
	w, err := b.Resume(context.Background(), list[0].Ref)
	if err != nil {
		t.Fatal(err)
	}
	// Meanwhile somebody else can only look.
	other := open()
	second, err := other.Resume(context.Background(), list[0].Ref)
	if err != nil || second.JournalPath() != "" || !strings.Contains(second.(world.Resumed).Told().En, "reading only") {
		t.Fatalf("%v", err)
	}
	if err := second.(world.Noter).Note("x", false, ""); err == nil {
		t.Error("the second one has written a note")
	}
	resumed := w.(world.Resumed)
	if resumed.Changes() != nil || resumed.Node() == "" || !resumed.Told().Zero() {
		t.Errorf("before the run: %q at %q", resumed.Changes(), resumed.Node())
	}
	w.Run(context.Background(), func(*walk.Diagnosis) {})
	if err := w.(world.Noter).Note("for them", true, resumed.Node()); err != nil {
		t.Fatal(err)
	}
	if c := resumed.Changes(); len(c) < 3 || !strings.HasPrefix(c[0].En, "facts read again: ") {
		t.Errorf("%q", c)
	}
	if _, err := b.close(); err != nil {
		t.Fatal(err)
	}
	r, err := journal.Open(list[0].Ref)
	if err != nil || r.Outcome() != "problems" || len(r.Notes) != 1 || r.Notes[0].By != "sato" || r.Cut() {
		t.Errorf("%+v, %v", r, err)
	}
	if list, err = b.Unfinished(context.Background()); err != nil || len(list) != 0 {
		t.Errorf("%+v, %v", list, err)
	}
}

// BenchmarkExportHTML: an investigation of 10,000 entries has to be written as HTML
// in less than a second.
func BenchmarkExportHTML(b *testing.B) {
	m := newMachine(b)
	m.want(1, "check", "--lab", "many-causes")
	path := m.list()[0].Path
	s, _, err := session.GoOn(path, time.Now, journal.Resume{})
	if err != nil {
		b.Fatal(err)
	}
	r, err := journal.Open(path)
	if err != nil {
		b.Fatal(err)
	}
	var events []walk.Event
	for _, c := range r.Calls {
		for _, p := range r.Parts {
			events = append(events, walk.Event{Got: &walk.Got{Part: p, Calls: []walk.Call{c}}})
		}
	}
	for n := r.Entries; n < 10_000; n += len(events) {
		s.Record(events)
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	k, err := learn()
	if err != nil {
		b.Fatal(err)
	}
	var o, e bytes.Buffer
	a := m.app(&o, &e)
	for b.Loop() {
		r, err := journal.Open(path)
		if err != nil {
			b.Fatal(err)
		}
		told, _, err := a.retold(context.Background(), &flags{lang: lang.Ja, zone: time.UTC}, k, recordedAccount(r), path, r)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := transcript.Export(told, k.catalogue, transcript.AsHTML, transcript.Options{Lang: lang.Ja}); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(r.Entries), "entries")
	}
}
