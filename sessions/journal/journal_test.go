package journal

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/probe"
	"github.com/monshin/monshin/diagnose/walk"
)

var start = time.Date(2026, 11, 22, 1, 58, 0, 0, time.UTC)

func clock() func() time.Time {
	var mu sync.Mutex
	t := start
	return func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		t = t.Add(time.Second)
		return t
	}
}

func opening() Opening {
	return Opening{
		Version: "test", Symptom: "no-session", AsOf: start, Source: "lab:no-endpoint", Simulated: true,
		Target:  estate.Target{InstanceID: "i-0123456789abcdef0", Region: "ap-northeast-1"},
		Answers: map[string]string{"user": "tanaka"},
	}
}

func sample(t testing.TB) []walk.Event {
	t.Helper()
	vpc := estate.VPCPart.Part("vpc-1", fact.Known(estate.VPC{ID: "vpc-1", CIDR: "10.0.0.0/16"},
		fact.Origin{Source: fact.API, Call: "ec2:DescribeVpcs", Time: start, RequestID: "r-1"}))
	denied := estate.RolePart.Unknown("web", fact.Why{Reason: fact.Denied, Action: "iam:GetRole"})
	return []walk.Event{
		{Got: &walk.Got{Part: vpc, Depth: 1, Calls: []walk.Call{{Operation: "ec2:DescribeVpcs", Time: start}}}},
		{Got: &walk.Got{Part: denied}},
		{Judged: &walk.Judged{Probe: "iam.trust", Verdict: probe.Verdict{Outcome: probe.Unknown, Say: lang.Both("x", "y"),
			Whys: []fact.Why{{Reason: fact.Denied, Action: "iam:GetRole"}}}}},
		{Answer: &walk.Answer{Name: "ad-domain", Value: "corp.example.local"}},
	}
}

func write(t testing.TB) (path string, content []byte) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "journals")
	w, err := Create(dir, "a.jsonl", clock(), opening())
	if err != nil {
		t.Fatal(err)
	}
	w.Record(sample(t))
	w.End(&walk.Diagnosis{Outcome: walk.Undecided, Complete: true})
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(w.Path())
	if err != nil {
		t.Fatal(err)
	}
	return w.Path(), b
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	path, _ := write(t)
	r, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if r.Torn || r.Entries != 6 || len(r.Closings) != 1 || r.Closings[0].Outcome != "undecided" {
		t.Errorf("read %d entries, torn %v, closings %v", r.Entries, r.Torn, r.Closings)
	}
	e := r.Estate()
	if diff := cmp.Diff(map[string]string{"user": "tanaka", "ad-domain": "corp.example.local"}, e.Answers); diff != "" {
		t.Error(diff)
	}
	var got []walk.Got
	keys := []estate.Key{estate.VPCPart.Key("vpc-1"), estate.RolePart.Key("web"), estate.VPCPart.Key("vpc-2")}
	r.Source().Collect(context.Background(), keys, func(g walk.Got) { got = append(got, g) })
	for _, g := range got {
		e.Put(g.Part)
	}
	v := estate.NewView(e)
	if f := estate.VPCPart.Of(v, "vpc-1"); f.Value().CIDR != "10.0.0.0/16" || f.Origin().RequestID != "r-1" {
		t.Errorf("the recorded VPC came back as %+v", f)
	}
	if why := estate.RolePart.Of(v, "web").Why(); why.Reason != fact.Denied {
		t.Errorf("the denied role came back as %v", why)
	}
	if why := estate.VPCPart.Of(v, "vpc-2").Why(); why.Reason != fact.NotRecorded {
		t.Errorf("a part nobody recorded came back as %v", why)
	}
	if name := r.Source().Name(); name != "recording:lab:no-endpoint" {
		t.Errorf("source name %q", name)
	}
}

func TestOnlyTheOperatorReadsIt(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no mode bits; %LOCALAPPDATA% is private by its ACL")
	}
	path, _ := write(t)
	for p, want := range map[string]os.FileMode{path: 0o600, filepath.Dir(path): 0o700} {
		i, err := os.Stat(p)
		if err != nil {
			t.Fatal(err)
		}
		if got := i.Mode().Perm(); got != want {
			t.Errorf("%s has mode %o, want %o", filepath.Base(p), got, want)
		}
	}
}

// A crash can cut the file anywhere. Whole lines before the cut are kept; a cut in
// the first line leaves nothing to keep and is an error that says so.
func TestCutAtEveryByte(t *testing.T) {
	_, all := write(t)
	firstLine := bytes.IndexByte(all, '\n')
	for n := range all {
		r, err := Read(bytes.NewReader(all[:n]))
		if n < firstLine {
			var at *LineError
			if !errors.As(err, &at) || at.Line != 1 {
				t.Fatalf("cut at %d: want an error with line 1, have %v", n, err)
			}
			continue
		}
		if err != nil {
			t.Fatalf("cut at %d: %v", n, err)
		}
		whole := bytes.Count(all[:n], []byte("\n"))
		if complete := all[n] == '\n'; complete {
			whole++ // the line is there, only its newline is not
		}
		if r.Entries != whole {
			t.Fatalf("cut at %d: %d entries, want %d", n, r.Entries, whole)
		}
	}
}

func TestDamageIsAnErrorWithItsLine(t *testing.T) {
	_, all := write(t)
	lines := strings.SplitAfter(strings.TrimSuffix(string(all), "\n"), "\n")
	swap := func(i int, s string) string {
		c := append([]string{}, lines...)
		c[i] = s
		return strings.Join(c, "")
	}
	cases := map[string]struct {
		content string
		line    int
		says    string
	}{
		"an edited value":       {swap(1, strings.Replace(lines[1], "10.0.0.0/16", "10.9.0.0/16", 1)), 2, "hash does not fit"},
		"a line removed":        {swap(2, ""), 3, "lines are missing"},
		"garbage in the middle": {swap(2, "garbage\n"), 3, "not an entry"},
		"no journal at all":     {"hello\nworld\n", 1, "not an entry"},
		"an empty file":         {"", 1, "empty"},
		"an empty line":         {swap(2, "\n"), 3, "not an entry"},
		"begins in the middle":  {lines[1], 1, "lines are missing"},
		"the same line twice":   {swap(2, lines[2]+lines[2]), 4, "missing or moved"},
		"a monstrous line":      {strings.Repeat("x", maxLine+1), 1, "longer than"},
		"another tool's JSON":   {`{"seq":1,"hash":"00"}` + "\n", 1, "hash does not fit"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := Read(strings.NewReader(c.content))
			var at *LineError
			if !errors.As(err, &at) || at.Line != c.line || !strings.Contains(err.Error(), c.says) {
				t.Errorf("have %v, want line %d saying %q", err, c.line, c.says)
			}
		})
	}
}

func TestANewerSchemaIsRefused(t *testing.T) {
	body := []byte(`{"schema":"monshin.journal/v9","what":"ever"}`)
	line, _, err := encode(head{Seq: 1, Kind: KindOpen, Body: body, Time: start})
	if err != nil {
		t.Fatal(err)
	}
	_, err = Read(bytes.NewReader(line))
	if err == nil || !strings.Contains(err.Error(), "monshin.journal/v9") {
		t.Errorf("have %v", err)
	}
}

// faulty fails from a given write on, leaving half of what it was given.
type faulty struct {
	bytes.Buffer
	good int
	err  error
}

func (f *faulty) Write(b []byte) (int, error) {
	if f.good == 0 {
		n, _ := f.Buffer.Write(b[:len(b)/2])
		return n, f.err
	}
	f.good--
	return f.Buffer.Write(b)
}
func (f *faulty) Sync() error                    { return nil }
func (f *faulty) Truncate(n int64) error         { f.Buffer.Truncate(int(n)); return nil }
func (f *faulty) Seek(int64, int) (int64, error) { return 0, nil }
func (f *faulty) Close() error                   { return nil }

func TestAFullDiskKeepsWhatWasConfirmed(t *testing.T) {
	full := errors.New("no space left on device")
	for good := range 5 {
		f := &faulty{good: good, err: full}
		w, err := NewWriter("j", f, clock(), opening())
		if good == 0 {
			if !errors.Is(err, full) {
				t.Fatalf("the first write failed, and NewWriter said %v", err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		confirmed := 1
		for _, e := range sample(t) {
			w.Record([]walk.Event{e})
			if w.Sync() == nil {
				confirmed++
			}
		}
		if good < 5 && !errors.Is(w.Err(), full) {
			t.Errorf("good %d: the operator was not told: %v", good, w.Err())
		}
		_ = w.Close()
		r, err := Read(&f.Buffer)
		if err != nil || r.Entries != confirmed || r.Torn {
			t.Errorf("good %d: %d confirmed; the file has %+v, %v", good, confirmed, r, err)
		}
	}
}

// slow is a disk that is full for one write, while another entry is on its way.
type slow struct {
	faulty
	writes  int
	arrived chan struct{}
	goOn    chan struct{}
}

func (f *slow) Write(b []byte) (int, error) {
	if f.writes++; f.writes == 2 {
		f.arrived <- struct{}{}
		<-f.goOn
		n, _ := f.Buffer.Write(b[:len(b)/2])
		return n, errors.New("no space left on device")
	}
	return f.Buffer.Write(b)
}

func TestNothingFollowsWhatCouldNotBeWritten(t *testing.T) {
	f := &slow{arrived: make(chan struct{}), goOn: make(chan struct{})}
	w, err := NewWriter("j", f, clock(), opening())
	if err != nil {
		t.Fatal(err)
	}
	events := sample(t)
	w.Record(events[:1])
	<-f.arrived
	w.Record(events[1:2]) // queued behind the write that is about to fail
	close(f.goOn)
	if err := w.Close(); err == nil {
		t.Error("the operator was not told")
	}
	r, err := Read(&f.Buffer)
	if err != nil || r.Entries != 1 || r.Torn {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestAPartThatCannotBeWrittenIsTold(t *testing.T) {
	w, err := Create(t.TempDir(), "a.jsonl", clock(), opening())
	if err != nil {
		t.Fatal(err)
	}
	late := time.Date(12026, 1, 1, 0, 0, 0, 0, time.UTC) // JSON has no such year
	part := estate.PasswordPart.Part("i-1", fact.Known(estate.Password{Time: late}, fact.Origin{}))
	w.Record([]walk.Event{{Got: &walk.Got{Part: part}}})
	w.Record(sample(t))
	if err := w.Close(); err == nil || !strings.Contains(err.Error(), "password:i-1") {
		t.Errorf("the operator was told %v", err)
	}
	if r, err := Open(w.Path()); err != nil || r.Entries != 1 {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestManyWritersAtOnce(t *testing.T) {
	w, err := Create(t.TempDir(), "a.jsonl", clock(), opening())
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				w.Record(sample(t)[3:])
			}
		})
	}
	wg.Wait()
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := Open(w.Path())
	if err != nil || r.Entries != 401 {
		t.Errorf("%v, %v", r, err)
	}
}

func FuzzRead(f *testing.F) {
	_, all := write(f)
	f.Add(all)
	f.Add(all[:len(all)/2])
	f.Add([]byte("{}\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := Read(bytes.NewReader(b))
		if (r == nil) == (err == nil) {
			t.Errorf("a record %v with the error %v", r, err)
		}
	})
}

func BenchmarkAppend(b *testing.B) {
	w, err := Create(b.TempDir(), "a.jsonl", clock(), opening())
	if err != nil {
		b.Fatal(err)
	}
	events := sample(b)[:1]
	for b.Loop() {
		w.Record(events)
		if err := w.Sync(); err != nil {
			b.Fatal(err)
		}
	}
	_ = w.Close()
}

var _ io.Writer = (*faulty)(nil)
