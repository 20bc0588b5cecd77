package journal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/walk"
)

// full writes a journal with an entry of every kind, by two people.
func full(t testing.TB) (path string) {
	t.Helper()
	o := opening()
	o.Operator = "sato"
	w, err := Create(t.TempDir(), "a.jsonl", clock(), o)
	if err != nil {
		t.Fatal(err)
	}
	w.Record(sample(t))
	w.Consent(Consent{What: "guest-scripts", Ticket: "CHG-1", Text: "Get-Date"})
	w.End(&walk.Diagnosis{Outcome: walk.Undecided, Complete: true, Path: []string{"start", "role"}})
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	w, before, err := GoOn(w.Path(), clock(), Resume{Version: "test", Operator: "tanaka", AsOf: start.Add(time.Hour), Source: "lab:no-endpoint"})
	if err != nil {
		t.Fatal(err)
	}
	if before.Outcome() != "undecided" || before.Cut() {
		t.Errorf("before: outcome %q, cut %v", before.Outcome(), before.Cut())
	}
	digest := strings.Repeat("0f", 32)
	for _, e := range []struct {
		kind Kind
		body any
	}{
		{KindNote, Note{Text: "3 台は使えている\n要確認", Audience: Customer, Node: "role"}},
		{KindScript, Script{Source: "customer", OutputSHA256: digest, At: start, Parts: []string{"guest-identity:i-1"}}},
		{KindShell, Shell{SessionID: "s-1", File: "s-1.cast", SHA256: digest, From: start}},
		{KindPlan, map[string]any{"fix": "endpoint.create", "steps": []string{"one"}}},
		{KindIntent, map[string]any{"step": 1}},
		{KindResult, map[string]any{"step": 1, "ok": true}},
		{KindVerification, "verified"},
		{KindUndo, nil},
	} {
		if err := w.Append(string(e.kind), e.body); err != nil {
			t.Fatalf("%s: %v", e.kind, err)
		}
	}
	w.End(&walk.Diagnosis{Outcome: walk.Clear, Complete: true})
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return w.Path()
}

func TestEverythingIsKept(t *testing.T) {
	r, err := Open(full(t))
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Notes) != 1 || r.Notes[0].By != "tanaka" || r.Notes[0].Body.Text != "3 台は使えている\n要確認" || r.Notes[0].Time.IsZero() {
		t.Errorf("notes %+v", r.Notes)
	}
	if len(r.Consents) != 1 || r.Consents[0].By != "sato" || len(r.Said) != 1 || len(r.Scripts) != 1 || len(r.Shells) != 1 {
		t.Errorf("consents %+v, answers %+v, scripts %+v, shells %+v", r.Consents, r.Said, r.Scripts, r.Shells)
	}
	var deeds []string
	for _, d := range r.Deeds {
		deeds = append(deeds, string(d.Kind)+" "+string(d.Body))
	}
	want := []string{`plan {"fix":"endpoint.create","steps":["one"]}`, `intent {"step":1}`, `result {"ok":true,"step":1}`, `verification "verified"`, `undo null`}
	if d := cmp.Diff(want, deeds); d != "" {
		t.Error(d)
	}
	if !r.AsOf.Equal(start.Add(time.Hour)) || r.Operator() != "tanaka" || r.Outcome() != "clear" || r.Cut() || r.Closings[0].Node != "role" {
		t.Errorf("as of %s, by %q, %q, cut %v, closings %+v", r.AsOf, r.Operator(), r.Outcome(), r.Cut(), r.Closings)
	}
	// The clock of the second writer began again where the first one had.
	if r.Backward != 1 || !r.Started.Before(r.Ended) {
		t.Errorf("backward %d, %s to %s", r.Backward, r.Started, r.Ended)
	}
}

func TestAnIntentWithoutItsResultIsUnfinished(t *testing.T) {
	w, err := Create(t.TempDir(), "a.jsonl", clock(), opening())
	if err != nil {
		t.Fatal(err)
	}
	w.End(&walk.Diagnosis{Outcome: walk.Problems, Complete: true})
	if err := w.Append("intent", map[string]int{"step": 1}); err != nil {
		t.Fatal(err)
	}
	r, err := Open(w.Path())
	if err != nil || !r.Doing() || !r.Cut() {
		t.Errorf("%v; doing %v, cut %v", err, r.Doing(), r.Cut())
	}
	for _, kind := range []string{"open", "resume", "part", "", "x"} {
		if err := w.Append(kind, nil); err == nil {
			t.Errorf("%q was appended", kind)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := w.Append("note", Note{}); err == nil {
		t.Error("an entry was appended to a closed journal")
	}
}

func TestLinesFitTheSchema(t *testing.T) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(LineSchema()))
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
	b, err := os.ReadFile(full(t))
	if err != nil {
		t.Fatal(err)
	}
	check := func(line string) error {
		v, err := jsonschema.UnmarshalJSON(strings.NewReader(line))
		if err != nil {
			return err
		}
		return schema.Validate(v)
	}
	for i, line := range strings.Split(strings.TrimSpace(string(b)), "\n") {
		if err := check(line); err != nil {
			t.Errorf("line %d: %v\n%s", i+1, err, line)
		}
		for what, bad := range map[string]string{
			"another kind": strings.Replace(line, `"kind":"`, `"kind":"x`, 1), "no hash": strings.Replace(line, `"hash":"`, `"hash":"x`, 1),
			"a field more": strings.Replace(line, `"seq":`, `"x":1,"seq":`, 1),
		} {
			if check(bad) == nil {
				t.Errorf("line %d with %s passes", i+1, what)
			}
		}
	}
}

// linesOf makes a journal of entries with these kinds and bodies.
func linesOf(t testing.TB, entries ...[2]string) []byte {
	t.Helper()
	var out bytes.Buffer
	prev := ""
	for i, e := range entries {
		line, hash, err := encode(head{Seq: i + 1, Time: start, Prev: prev, Kind: Kind(e[0]), Body: json.RawMessage(e[1])})
		if err != nil {
			t.Fatal(err)
		}
		prev = hash
		out.Write(line)
	}
	return out.Bytes()
}

const (
	openV1 = `{"schema":"monshin.journal/v1","version":"0.1","target":{"instance_id":"i-1","region":"ap-northeast-1"},"symptom":"no-session","as_of":"2026-11-22T01:58:00Z","source":"aws"}`
	goOn   = `{"schema":"monshin.journal/v2","version":"0.2","operator":"tanaka"}`
	note   = `{"text":"x","audience":"internal"}`
)

func TestTheFirstSchemaIsStillRead(t *testing.T) {
	old := [][2]string{{"open", openV1}, {"answer", `{"name":"user","value":"sato"}`}, {"close", `{"outcome":"clear","complete":true,"root_causes":[],"calls":1,"waves":1}`}}
	r, err := Read(bytes.NewReader(linesOf(t, old...)))
	if err != nil || r.Schema != SchemaV1 || r.Answers["user"] != "sato" || r.Cut() {
		t.Fatalf("%+v, %v", r, err)
	}
	// It had no notes.
	_, err = Read(bytes.NewReader(linesOf(t, append(old, [2]string{"note", note})...)))
	var at *LineError
	if !errors.As(err, &at) || at.Line != 4 || !strings.Contains(err.Error(), SchemaV1) {
		t.Errorf("have %v", err)
	}
	// Going on with it makes what follows of the new schema; what was there stays to the letter.
	path := filepath.Join(t.TempDir(), "old.jsonl")
	if err := os.WriteFile(path, linesOf(t, old...), 0o600); err != nil {
		t.Fatal(err)
	}
	w, _, err := GoOn(path, clock(), Resume{Version: "0.2"})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Append("note", Note{Text: "x", Audience: Internal}), w.Close()); err != nil {
		t.Fatal(err)
	}
	r, err = Open(path)
	if err != nil || r.Schema != Schema || len(r.Notes) != 1 || r.Opening.Schema != SchemaV1 {
		t.Errorf("%+v, %v", r, err)
	}
	b, err := os.ReadFile(path)
	if err != nil || !bytes.HasPrefix(b, linesOf(t, old...)) {
		t.Error("the old lines were changed")
	}
	// Nobody goes on with a schema that is not known.
	_, err = Read(bytes.NewReader(linesOf(t, append(old, [2]string{"resume", strings.Replace(goOn, "v2", "v9", 1)})...)))
	if !errors.As(err, &at) || at.Line != 4 || !strings.Contains(err.Error(), "v9") {
		t.Errorf("have %v", err)
	}
}

func TestReadingUpToAMark(t *testing.T) {
	path := full(t)
	all, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		stop  func(Mark) bool
		notes int
		runs  int
	}{
		"all":                 {nil, 1, 2},
		"the first run":       {func(m Mark) bool { return m.Runs == 1 }, 0, 1},
		"before the plan":     {func(m Mark) bool { return m.Kind == KindPlan }, 1, 1},
		"never before line 2": {func(Mark) bool { return true }, 0, 0},
	} {
		r, err := OpenTo(path, c.stop)
		if err != nil || len(r.Notes) != c.notes || len(r.Closings) != c.runs || r.Last != all.Last {
			t.Errorf("%s: %d notes, %d runs, %v", name, len(r.Notes), len(r.Closings), err)
		}
	}
}

func TestVerify(t *testing.T) {
	path := full(t)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	whole := Verify(bytes.NewReader(b), "")
	if whole.Broken != nil || whole.Torn != 0 || whole.Entries != bytes.Count(b, []byte("\n")) || whole.Backward != 1 {
		t.Errorf("%+v", whole)
	}
	if c := Verify(bytes.NewReader(b), whole.Last); c.At != whole.Entries {
		t.Errorf("the last hash is found at %d", c.At)
	}
	lines := bytes.SplitAfter(b, []byte("\n"))
	third := Verify(bytes.NewReader(bytes.Join(lines[:3], nil)), "")
	if c := Verify(bytes.NewReader(b), third.Last); c.At != 3 || c.Entries != whole.Entries {
		t.Errorf("the third hash is found at %d of %d", c.At, c.Entries)
	}
	if c := Verify(bytes.NewReader(b), strings.Repeat("0", 64)); c.At != 0 {
		t.Errorf("a hash that is not there is found at %d", c.At)
	}
	if c := Verify(bytes.NewReader(b[:len(b)-5]), ""); c.Torn == 0 || c.Broken != nil || c.Entries != whole.Entries-1 {
		t.Errorf("cut short: %+v", c)
	}
	if c := Verify(bytes.NewReader(nil), ""); c.Broken == nil {
		t.Error("an empty file passes")
	}
	// Any byte that is changed, but in a line break that makes two lines of one, shows.
	for i := 0; i < len(b); i += 7 {
		bad := bytes.Clone(b)
		bad[i] ^= 1
		if c := Verify(bytes.NewReader(bad), ""); c.Broken == nil && c.Torn == 0 {
			t.Fatalf("byte %d was changed, and nothing is said", i)
		}
	}
}

// hostile journals say much in few bytes.
func hostile(t testing.TB) map[string]func() []byte {
	const size = 10 << 20
	fill := func(piece string, n int) string {
		return strings.TrimSuffix(strings.Repeat(piece+",", n/(len(piece)+1)), ",")
	}
	part := func(kind, value string) [2]string {
		return [2]string{"part", `{"key":"` + kind + `","fact":{"state":"known","value":` + value + `}}`}
	}
	open := [2]string{"open", strings.Replace(openV1, "v1", "v2", 1)}
	many := func(entry func(int) [2]string) func() []byte {
		return func() []byte {
			entries := [][2]string{open}
			for n, i := 0, 0; n < size; i++ {
				e := entry(i)
				n += len(e[1]) + 250
				entries = append(entries, e)
			}
			return linesOf(t, entries...)
		}
	}
	distinct := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `,"%x":""`, i)
		}
		return b.String()[1:]
	}
	return map[string]func() []byte{
		"a list of nothing": func() []byte { return linesOf(t, open, part("endpoints:vpc-1", "["+fill("{}", size)+"]")) },
		"lists in lists": func() []byte {
			return linesOf(t, open, part("endpoints:vpc-1", strings.Repeat("[", 9000)+strings.Repeat("]", 9000)))
		},
		"calls of nothing": func() []byte {
			return linesOf(t, open, [2]string{"part", `{"key":"vpc:v","fact":{"state":"absent"},"calls":[` + fill("{}", size) + `]}`})
		},
		"findings of nothing": func() []byte {
			return linesOf(t, open, [2]string{"verdict", `{"probe":"x","verdict":{"outcome":"problem","say":{"en":"","ja":""},"findings":[` + fill("{}", size) + `]}}`})
		},
		"one string": func() []byte {
			return linesOf(t, open, part("console:i-1", `{"text":"`+strings.Repeat("x", size)+`"}`))
		},
		"one string of escapes": func() []byte {
			return linesOf(t, open, part("console:i-1", `{"text":"`+strings.Repeat(`\n`, size/2)+`"}`))
		},
		"many tags": func() []byte {
			return linesOf(t, open, part("instance:i-1", `{"id":"i-1","tags":{`+distinct(size/10)+`}}`))
		},
		"many parts": many(func(i int) [2]string { return part(fmt.Sprintf("instance:i-%d", i), "{}") }),
		"many absent parts": many(func(i int) [2]string {
			return [2]string{"part", fmt.Sprintf(`{"key":"instance:%d","fact":{"state":"absent"}}`, i)}
		}),
		"many notes": many(func(int) [2]string { return [2]string{"resume", goOn} }),
		"many verdicts": many(func(i int) [2]string {
			return [2]string{"verdict", fmt.Sprintf(`{"probe":"%d","verdict":{"outcome":"ok","say":{"en":"","ja":""}}}`, i)}
		}),
		"many deeds": many(func(int) [2]string { return [2]string{"plan", "0"} }),
		"answers": func() []byte {
			return linesOf(t, [2]string{"open", strings.TrimSuffix(openV1, "}") + `,"answers":{` + distinct(90_000) + `}}`})
		},
		"large facts of nothing": many(func(int) [2]string { return part("vpc:v", `{"x":[`+fill("0", 60_000)+`]}`) }),
		"large facts of little": many(func(i int) [2]string {
			return part(fmt.Sprintf("endpoints:vpc-%d", i%7), `[`+fill(`{"id":"v"}`, 60_000)+`]`)
		}),
		"a line without an end": func() []byte { return bytes.Repeat([]byte("x"), size) },
		"many empty lines":      func() []byte { return append(linesOf(t, open), bytes.Repeat([]byte("\n"), size)...) },
		"a tail of zeros":       func() []byte { return append(linesOf(t, open), make([]byte, size)...) },
		"causes in one closing": func() []byte {
			return linesOf(t, open, [2]string{"close", `{"outcome":"clear","complete":true,"calls":0,"waves":0,"root_causes":[` + fill(`""`, size) + `]}`})
		},
		"unknown fields in facts": func() []byte { return linesOf(t, open, part("vpc:v", `{"x":[`+fill("0", size)+`]}`)) },
	}
}

// However a file of ten megabytes is made, reading it takes no more than 64.
func TestHostileFilesTakeLittleMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("reads some hundred megabytes")
	}
	const most = 64 << 20
	for name, build := range hostile(t) {
		b := build()
		runtime.GC()
		var before runtime.MemStats
		runtime.ReadMemStats(&before)
		var peak atomic.Uint64
		stop, stopped := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(stopped)
			for {
				select {
				case <-stop:
					return
				default:
				}
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				peak.Store(max(peak.Load(), m.HeapAlloc))
				time.Sleep(200 * time.Microsecond)
			}
		}()
		r, err := Read(bytes.NewReader(b))
		close(stop)
		<-stopped
		if took := int64(peak.Load()) - int64(before.HeapAlloc); took > most {
			t.Errorf("%s: %d MiB for a file of %d", name, took>>20, len(b)>>20)
		} else {
			t.Logf("%-24s %2d MiB of %d, %v", name, took>>20, len(b)>>20, err)
		}
		var at *LineError
		if (r == nil) == (err == nil) || err != nil && !errors.As(err, &at) {
			t.Errorf("%s: %v, %v", name, r, err)
		}
	}
}

// long is a journal of n entries as walks write them.
func long(t testing.TB, n int) []byte {
	t.Helper()
	var out bytes.Buffer
	prev := ""
	write := func(i int, k Kind, body any) {
		b, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		line, hash, err := encode(head{Seq: i + 1, Time: start.Add(time.Duration(i) * time.Second), Prev: prev, Kind: k, Body: b})
		if err != nil {
			t.Fatal(err)
		}
		prev = hash
		out.Write(line)
	}
	o := opening()
	o.Schema = Schema
	write(0, KindOpen, o)
	events := sample(t)
	for i := 1; i < n; i++ {
		switch i % 4 {
		case 0:
			write(i, KindNote, Note{Text: fmt.Sprint("note ", i), Audience: Internal})
		case 1:
			write(i, KindVerdict, Verdict{Probe: events[2].Judged.Probe, Verdict: events[2].Judged.Verdict})
		default:
			g := estate.SecurityGroupPart.Part(fmt.Sprintf("sg-%d", i), fact.Known(estate.SecurityGroup{ID: "sg-1", Name: "web"},
				fact.Origin{Source: fact.API, Call: "ec2:DescribeSecurityGroups", Time: start, RequestID: "r-1", CLI: "aws ec2 describe-security-groups --group-ids sg-1"}))
			f, err := estate.Encode(g)
			if err != nil {
				t.Fatal(err)
			}
			write(i, KindPart, Part{Key: g.Key.String(), Fact: f, Calls: []walk.Call{{Operation: "ec2:DescribeSecurityGroups", Time: start, Took: time.Millisecond, RequestID: "r-1"}}})
		}
	}
	return out.Bytes()
}

// An investigation of 10,000 entries has to be open in less than 200 ms.
func BenchmarkOpen10000(b *testing.B) {
	all := long(b, 10_000)
	b.SetBytes(int64(len(all)))
	for b.Loop() {
		if r, err := Read(bytes.NewReader(all)); err != nil || r.Entries != 10_000 {
			b.Fatal(err)
		}
	}
}

// An entry has to be on disk in less than 5 ms, behind 10,000 others too.
func BenchmarkAppendTo10000(b *testing.B) {
	path := filepath.Join(b.TempDir(), "a.jsonl")
	if err := os.WriteFile(path, long(b, 10_000), 0o600); err != nil {
		b.Fatal(err)
	}
	w, _, err := GoOn(path, clock(), Resume{})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := w.Append("note", Note{Text: "x", Audience: Internal}); err != nil {
			b.Fatal(err)
		}
	}
	_ = w.Close()
}

// The glance at the ends of a file says what reading all of it says.
func TestGlanceSeesWhatReadingSees(t *testing.T) {
	path := full(t)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for n := bytes.IndexByte(b, '\n') + 1; n <= len(b); n++ {
		r, err := Read(bytes.NewReader(b[:n]))
		if err != nil {
			t.Fatal(err)
		}
		g, err := glance(bytes.NewReader(b[:n]), int64(n))
		if err != nil {
			t.Fatalf("cut at %d: %v", n, err)
		}
		if g.Entries != r.Entries || g.Last != r.Last || g.Torn != r.Torn || g.Cut != r.Cut() || !g.Updated.Equal(r.Ended) || !g.Started.Equal(r.Started) {
			t.Fatalf("cut at %d: %+v; read %d entries, torn %v, cut %v", n, g, r.Entries, r.Torn, r.Cut())
		}
		if g.Closing != nil && !g.Cut && g.Closing.Outcome != r.Outcome() {
			t.Fatalf("cut at %d: %q, read %q", n, g.Closing.Outcome, r.Outcome())
		}
	}
	all := long(t, 3000)
	g, err := glance(bytes.NewReader(all), int64(len(all)))
	if err != nil || g.Entries != 3000 || !g.Cut {
		t.Errorf("%+v, %v", g, err)
	}
	zeros := append(bytes.Clone(b), make([]byte, 100)...)
	if g, err := glance(bytes.NewReader(zeros), int64(len(zeros))); err != nil || !g.Torn || !g.Cut {
		t.Errorf("%+v, %v", g, err)
	}
	for _, bad := range [][]byte{nil, []byte("hello\n"), bytes.Replace(b, []byte("v2"), []byte("v9"), 1), append(bytes.Clone(b), "{}\n"...)} {
		if g, err := glance(bytes.NewReader(bad), int64(len(bad))); err == nil {
			t.Errorf("%.20q passes as %+v", bad, g)
		}
	}
}

func FuzzGlance(f *testing.F) {
	b, err := os.ReadFile(full(f))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(_ *testing.T, b []byte) { _, _ = glance(bytes.NewReader(b), int64(len(b))) })
}
