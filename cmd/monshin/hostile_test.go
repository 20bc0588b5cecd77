package main

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/lab"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/permission"
	"github.com/monshin/monshin/diagnose/walk"
	"github.com/monshin/monshin/sessions/journal"
	"github.com/monshin/monshin/sessions/transcript"
	"github.com/monshin/monshin/tui"
)

// payloads are what a name, a tag, a message or an id may hold once somebody means
// harm, or once a machine fails in an odd way.
func payloads() []string {
	return []string{
		"\x1b[2J\x1b[31mRED", "\x1b]52;c;QUFB\x07", "\x1b]8;;http://evil.example/\x1b\\here\x1b]8;;\x1b\\", "\u009b2J\u009d0;owned\u009c",
		"\u202egnp.exe", "\u2066\u2069\u200e", "\u200b\u200d\ufeff\u00ad", "\x00\x07\x08\x7f", "a\rb", "\n# heading\n\n- item\n",
		"<script>alert(1)</script>", "[x](javascript:alert(1))", "![x](http://evil.example/x.png)", "``` `x` ```", "| a | b |", "**x** _y_ ~~z~~", "&lt;b&gt;",
		"%s%d%!n%[9]q", "{subject}{name}", "$(reboot) `reboot` '; reboot; #", "\U000e0041\U000e0042", "z\u0301\u0301\u0301\u0301\u0301\u0301\u0301\u0301",
		"ｶﾞｷﾞﾊﾟ", "👨‍👩‍👧‍👦", "2026-11-20T15:21:07ZT2026", strings.Repeat("長い名前", 60), strings.Repeat("x", 300),
	}
}

// spoiler plants text in the strings of an estate.
type spoiler struct {
	// path says whether the strings at a path ("instance/tags/Name") are to be spoilt.
	path func(string) bool
	// with gives what comes behind the string that was there.
	with func(path string) string
	// ids spoils keys and the target too, so that what belongs together still does.
	ids bool
}

// spoil makes an estate as e with text planted in it. A fact that cannot hold the
// text (a time, an address) stays as it was.
func (s spoiler) spoil(t testing.TB, e *estate.Estate) *estate.Estate {
	t.Helper()
	target := e.Target
	if s.ids {
		target.InstanceID += s.with("target")
	}
	out := estate.New(target, e.AsOf)
	for k, a := range e.Answers {
		out.Answers[k] = s.value("answer/"+k, a).(string)
	}
	for _, key := range e.Keys() {
		f, _ := e.Fact(key)
		raw, err := estate.Encode(estate.Part{Key: key, Fact: f})
		if err != nil {
			t.Fatal(err)
		}
		var tree any
		if err := json.Unmarshal(raw, &tree); err != nil {
			t.Fatal(err)
		}
		object := tree.(map[string]any)
		for _, name := range []string{"value", "why", "origin"} {
			if v, ok := object[name]; ok {
				object[name] = s.value(key.Kind+"/"+name, v)
			}
		}
		// The three states and the reasons are monshin's own words, never AWS's.
		if why, ok := object["why"].(map[string]any); ok {
			var was struct{ Why map[string]any }
			_ = json.Unmarshal(raw, &was)
			why["reason"] = was.Why["reason"]
		}
		raw, err = json.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		if s.ids && key.ID != "" {
			id, since, timed := strings.Cut(key.ID, "@")
			key.ID = id + s.with("key")
			if timed {
				key.ID += "@" + since
			}
		}
		p, err := estate.Decode(key, raw)
		if err != nil {
			p = estate.Part{Key: key, Fact: f}
		}
		out.Put(p)
	}
	return out
}

func (s spoiler) value(path string, v any) any {
	switch v := v.(type) {
	case string:
		if _, err := time.Parse(time.RFC3339, v); err == nil || !s.path(path) {
			return v
		}
		return v + s.with(path)
	case []any:
		for i := range v {
			v[i] = s.value(path, v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = s.value(path+"/"+k, v[k])
		}
	}
	return v
}

// everything are the forms in which a person meets a diagnosis, by name.
func everything(t testing.TB, k *knowledge, d *walk.Diagnosis, e *estate.Estate) map[string]string {
	t.Helper()
	tree, err := k.tree(d.Symptom, "")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, l := range lang.All() {
		o := transcript.Options{Lang: l, Zone: time.FixedZone("JST", 9*3600), Version: "dev"}
		out["text "+string(l)] = transcript.Text(d, k.catalogue, o)
		out["markdown "+string(l)] = transcript.Markdown(d, k.catalogue, o)
		b, err := transcript.JSON(d, k.catalogue, o)
		if err != nil {
			t.Fatal(err)
		}
		out["json "+string(l)] = string(b)
		o.Summary = true
		out["summary "+string(l)] = transcript.Text(d, k.catalogue, o)
		out["summary markdown "+string(l)] = transcript.Markdown(d, k.catalogue, o)
		out["request "+string(l)] = request(d, permission.Denied(e, tree, k.probes), l)
	}
	return out
}

// unfit are characters that move a cursor, hide text or turn it around.
func unfit(r rune) bool {
	return r != '\n' && (unicode.Is(unicode.Cc, r) || unicode.Is(unicode.Cf, r) && r != '\u200d' || unicode.Is(unicode.Bidi_Control, r)) ||
		r == '\u2028' || r == '\u2029' || r >= 0xe0000 && r <= 0xe007f
}

func checkFit(t testing.TB, name, s string) {
	t.Helper()
	if i := strings.IndexFunc(s, unfit); i >= 0 {
		t.Errorf("%s lets %q through: %q", name, s[i:min(i+4, len(s))], s[max(0, i-80):min(len(s), i+40)])
	}
	if !utf8.ValidString(s) {
		t.Errorf("%s is not UTF-8", name)
	}
	switch {
	case strings.HasPrefix(name, "text"):
		for line := range strings.Lines(s) {
			// Commands are not broken, so that they can be copied.
			if w := lang.Width(strings.TrimSuffix(line, "\n")); w > 80 && !strings.HasPrefix(strings.TrimSpace(line), "$ ") {
				t.Errorf("%s has a line of %d cells: %q", name, w, line)
			}
		}
	case strings.Contains(name, "markdown"):
		checkMarkdown(t, name, s)
	case strings.HasPrefix(name, "json"):
		if !json.Valid([]byte(s)) {
			t.Errorf("%s is not JSON", name)
		}
	}
}

var (
	fences   = regexp.MustCompile("(?ms)^ *(```+)sh\n.*?^ *```+$")
	spans    = regexp.MustCompile("(?:^|[^\\\\`])(`+)([^`]|[^`].*?[^`])(`+)(?:[^`]|$)")
	escaped  = regexp.MustCompile(`\\.`)
	markedUp = regexp.MustCompile(`<[a-zA-Z/!]|\]\(|!\[|https?://`)
)

// checkMarkdown looks for markup outside of code that is not the report's own.
func checkMarkdown(t testing.TB, name, s string) {
	t.Helper()
	s = fences.ReplaceAllString(s, "")
	for line := range strings.Lines(s) {
		bare := strings.TrimSuffix(line, "\n")
		for {
			cut := spans.ReplaceAllString(bare, " ")
			if cut == bare {
				break
			}
			bare = cut
		}
		bare = escaped.ReplaceAllString(bare, "")
		if m := markedUp.FindString(bare); m != "" {
			t.Errorf("%s lets %q through as markup: %q", name, m, line)
		}
		if strings.HasPrefix(line, "#") && strings.Contains(line, "heading") && !strings.Contains(line, `\n`) {
			t.Errorf("%s has a heading from outside: %q", name, line)
		}
	}
}

// judge judges an estate for a scenario's symptom without reading anything.
func judge(t testing.TB, k *knowledge, s lab.Scenario, e *estate.Estate) *walk.Diagnosis {
	t.Helper()
	o := optionsFor(t, k, s, nil)
	o.Estate = e
	d, err := walk.Judge(o)
	if err != nil {
		t.Fatal(err)
	}
	for _, j := range d.Probes {
		for _, w := range j.Verdict.Whys {
			if strings.HasPrefix(w.Detail, j.Probe+": ") {
				t.Errorf("%s failed: %s", j.Probe, w.Detail)
			}
		}
	}
	return d
}

func dice(names ...string) *rand.Rand {
	h := fnv.New64a()
	for _, n := range names {
		_, _ = h.Write([]byte(n))
	}
	return rand.New(rand.NewPCG(h.Sum64(), 1))
}

// Nothing that an account can hold reaches a terminal, a ticket or a program as
// anything but text.
func TestHostileStrings(t *testing.T) {
	k, err := learn()
	if err != nil {
		t.Fatal(err)
	}
	all := payloads()
	for _, s := range lab.Scenarios() {
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			_, full := walkLab(t, k, s)
			r := dice(s.Name)
			for i := range hostileRounds() {
				plant := spoiler{with: func(path string) string { return all[(i+len(path))%len(all)] }}
				switch i % 3 {
				case 0: // a tenth of the fields: most judgements still come to something
					seed := fmt.Sprint(r.Uint64())
					plant.path = func(path string) bool { return dice(seed, path).IntN(10) == 0 }
				case 1: // free text
					plant.path = func(path string) bool {
						return regexp.MustCompile(`(?i)name|tags|descr|message|detail|comment|output|error|failure|status|alias|cli|why|request`).MatchString(path)
					}
				default: // everything alike, ids included: what belongs together still does
					plant.path = func(string) bool { return true }
					plant.with = func(string) string { return all[i%len(all)] }
					plant.ids = true
				}
				spoilt := plant.spoil(t, full)
				d := judge(t, k, s, spoilt)
				for name, out := range everything(t, k, d, spoilt) {
					checkFit(t, name, out)
				}
				if t.Failed() {
					t.Fatalf("in round %d", i)
				}
			}
		})
	}
}

// hostileRounds is how many estates are spoilt for each scenario; MONSHIN_ROUNDS asks for more.
func hostileRounds() int {
	n := 12
	_, _ = fmt.Sscan(os.Getenv("MONSHIN_ROUNDS"), &n)
	return n
}

// A string of any length costs time in proportion to its length.
func TestHugeStrings(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	k, err := learn()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range lab.Scenarios() {
		if s.Name != "office-terminates" {
			continue
		}
		_, full := walkLab(t, k, s)
		for _, long := range []string{strings.Repeat("T", 100_000), strings.Repeat("長", 35_000), strings.Repeat("\x1b", 100_000), strings.Repeat("a\u0301", 35_000)} {
			// A limit, not a measure: what takes quadratic time takes minutes here.
			limit := time.AfterFunc(60*time.Second, func() { panic("a long string takes too long: " + s.Name) })
			plant := spoiler{with: func(string) string { return long }}
			plant.path = func(path string) bool {
				return strings.Contains(path, "name") || strings.Contains(path, "detail") || strings.Contains(path, "message") || strings.Contains(path, "status")
			}
			spoilt := plant.spoil(t, full)
			d := judge(t, k, s, spoilt)
			for name, out := range everything(t, k, d, spoilt) {
				if strings.ContainsFunc(out, unfit) {
					t.Errorf("%s lets something through", name)
				}
			}
			limit.Stop()
		}
	}
}

// The journal is JSON lines, and harmless to a terminal that shows it raw.
func TestHostileJournal(t *testing.T) {
	k, err := learn()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range lab.Scenarios() {
		if s.Name != "office-terminates" {
			continue
		}
		_, full := walkLab(t, k, s)
		for _, p := range payloads() {
			plant := spoiler{path: func(string) bool { return true }, with: func(string) string { return p }}
			spoilt := plant.spoil(t, full)
			w, err := journal.Create(t.TempDir(), "x.jsonl", time.Now, journal.Opening{Target: spoilt.Target, Symptom: string(s.Symptom), AsOf: s.Now, Answers: spoilt.Answers})
			if err != nil {
				t.Fatal(err)
			}
			o := optionsFor(t, k, s, held{spoilt})
			o.Estate = estate.New(spoilt.Target, s.Now)
			walking, err := walk.New(o)
			if err != nil {
				t.Fatal(err)
			}
			d := walking.Run(t.Context(), func(_ *walk.Diagnosis, events []walk.Event) { w.Record(events) })
			w.End(d)
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			b, err := os.ReadFile(w.Path())
			if err != nil {
				t.Fatal(err)
			}
			checkFit(t, "journal", string(b))
			rec, err := journal.Open(w.Path())
			if err != nil {
				t.Fatalf("with %q: %v", p, err)
			}
			for key, part := range rec.Parts {
				was, ok := spoilt.Fact(key)
				if !ok {
					continue // the walk asked for a thing by its spoilt name, which is not there
				}
				before, _ := estate.Encode(estate.Part{Key: key, Fact: was})
				after, _ := estate.Encode(part)
				if string(before) != string(after) {
					t.Errorf("with %q the journal changed %s", p, key)
				}
			}
			code, out, errs := invoke(t, "check", "--recording", w.Path())
			if code != d.Exit() || errs != "" {
				t.Errorf("with %q: exit %d, want %d, stderr %q", p, code, d.Exit(), errs)
			}
			checkFit(t, "text of a recording", out)
			if t.Failed() {
				return
			}
		}
	}
}

// A file name is from outside too.
func TestHostileFileName(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a\x1b]0;owned\x07\u202e.jsonl")
	if err := os.WriteFile(path, []byte("nodes: [\n"), 0o600); err != nil {
		t.Skip("this system has no such names")
	}
	for _, args := range [][]string{
		{"check", "--recording", path}, {"permissions", "--for-session", path}, {"check", "--runbook", path, "--lab", "healthy"},
		{"runbook", "check", path}, {"check", "--debug", path + "/x", "--lab", "healthy"}, {"explain", path}, {"lab", "show", path},
		{"check", "--lab", path}, {"check", path, "--lab", "healthy"}, {"check", "--lab", "healthy", "--symptom", path}, {"check", "--lab", "healthy", "-o", path},
		{"check", "--lab", "healthy", "--answer", path}, {"check", "--lab", "healthy", "--tz", path}, {"check", "--lab", "healthy", "--lang", path},
		{"--lab-fault", path, "--lab", "healthy", "check"}, {"no" + path}, {"check", "--no" + path}, {"runbook", "graph", path}, {"runbook", "graph", "everything", "-o", path},
	} {
		code, out, errs := invoke(t, args...)
		if code != exitUsage && code != exitFailed {
			t.Errorf("%q: exit %d", args, code)
		}
		checkFit(t, fmt.Sprintf("stderr of %q", args), ansi.Strip(errs))
		checkFit(t, fmt.Sprintf("stdout of %q", args), ansi.Strip(out))
		if strings.Contains(errs+out, "\x1b]") {
			t.Errorf("%q lets an escape sequence through: %q", args, errs+out)
		}
	}
}

// house is an account whose every string is spoilt, as the terminal interface meets it.
type house struct {
	*backend
	who    tui.Identity
	listed []estate.Listed
}

func (h house) Identity(context.Context) (tui.Identity, error) { return h.who, nil }

func (h house) List(_ context.Context, emit func([]estate.Listed)) error {
	emit(h.listed)
	return fmt.Errorf("the list: %s", h.who.Alias)
}

// drive shows the interface to a test: it takes messages until nothing happens any more.
type drive struct {
	m    *tui.Model
	msgs chan tea.Msg
}

func (d *drive) do(c tea.Cmd) {
	if c != nil {
		go func() { d.msgs <- c() }()
	}
}

func (d *drive) settle() {
	for {
		select {
		case msg := <-d.msgs:
			d.take(msg)
		case <-time.After(30 * time.Millisecond):
			return
		}
	}
}

func (d *drive) take(msg tea.Msg) {
	if batch, ok := msg.(tea.BatchMsg); ok {
		for _, c := range batch {
			d.do(c)
		}
		return
	}
	_, c := d.m.Update(msg)
	d.do(c)
}

func (d *drive) press(keys ...string) {
	named := map[string]rune{"tab": tea.KeyTab, "enter": tea.KeyEnter, "esc": tea.KeyEscape, "down": tea.KeyDown}
	for _, k := range keys {
		msg := tea.KeyPressMsg{Code: []rune(k)[0], Text: k}
		if code, ok := named[k]; ok {
			msg = tea.KeyPressMsg{Code: code}
		}
		d.take(msg)
		d.settle()
	}
}

var colours = regexp.MustCompile("\x1b\\[[0-9;]*m")

// Every screen of a spoilt account has its size and holds nothing that acts on a terminal.
func TestHostileScreens(t *testing.T) {
	k, err := learn()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range lab.Scenarios() {
		if s.Name != "office-terminates" && s.Name != "operator-denied" {
			continue
		}
		_, full := walkLab(t, k, s)
		for i, p := range append(payloads(), "\xff\xfe\x83\x65", strings.Repeat("T", 100_000)) {
			if i%2 == 0 != (s.Name == "office-terminates") {
				continue // each payload meets one of the two
			}
			t.Run(fmt.Sprint(s.Name, i), func(t *testing.T) {
				t.Parallel()
				plant := spoiler{with: func(string) string { return p }, path: func(path string) bool {
					return !strings.HasSuffix(path, "state") && !strings.HasSuffix(path, "event/name")
				}}
				spoilt := plant.spoil(t, full)
				l := lang.All()[i/2%2]
				h := house{
					backend: &backend{
						app: surroundings(t, io.Discard, io.Discard), flags: &flags{lang: l}, knowledge: k, log: slog.New(slog.DiscardHandler),
						account: &account{source: held{spoilt}, region: s.Region, instance: s.InstanceID, symptom: s.Symptom, recorded: true, now: func() time.Time { return s.Now }},
					},
					who:    tui.Identity{Account: p, Alias: p, ARN: "arn:aws:sts::1:assumed-role/" + p + "/x", Region: p, Profile: p, Source: p},
					listed: []estate.Listed{{ID: "i-1" + p, Name: p, State: p, Type: p, Platform: p, PrivateIP: p}, {ID: s.InstanceID, Name: "x" + p}},
				}
				d := &drive{msgs: make(chan tea.Msg, 256), m: tui.New(t.Context(), tui.Options{
					Backend: h, Library: shelf{k.library}, Catalogue: words{k.catalogue}, Lang: l, NoAnimation: true,
					Start: tui.Start{Instance: s.InstanceID, Symptom: s.Symptom}, Now: func() time.Time { return s.Now },
				})}
				sizes := [][2]int{{80, 24}, {200, 60}, {61, 17}}
				d.take(tea.WindowSizeMsg{Width: 80, Height: 24})
				d.do(d.m.Init())
				d.settle()
				for _, keys := range [][]string{{}, {"tab"}, {"tab"}, {"n"}, {"enter"}, {"c"}, {"y"}, {"p"}, {"esc"}, {"esc"}, {"esc"}, {"?"}, {"esc", "esc", "i"}, {"/", "x"}} {
					d.press(keys...)
					for _, size := range sizes {
						d.take(tea.WindowSizeMsg{Width: size[0], Height: size[1]})
						v := d.m.View()
						lines := strings.Split(v.Content, "\n")
						if len(lines) != size[1] {
							t.Errorf("%d lines at %v", len(lines), size)
						}
						for _, line := range lines {
							bare := colours.ReplaceAllString(line, "")
							if strings.ContainsFunc(bare, unfit) || ansi.StringWidth(bare) != size[0] {
								t.Fatalf("at %v after %v, %d cells: %q", size, keys, ansi.StringWidth(bare), bare)
							}
						}
						if strings.ContainsFunc(v.WindowTitle, unfit) {
							t.Errorf("the window's title is %q", v.WindowTitle)
						}
					}
					d.take(tea.WindowSizeMsg{Width: 80, Height: 24})
				}
			})
		}
	}
}
