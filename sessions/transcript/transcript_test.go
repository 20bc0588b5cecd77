package transcript_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"pgregory.net/rapid"

	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/remedy/fixes"
	"github.com/monshin/monshin/diagnose/runbook"
	"github.com/monshin/monshin/diagnose/walk"
	"github.com/monshin/monshin/sessions/transcript"
)

var update = flag.Bool("update", false, "write the golden files anew")

func samples() map[string]*walk.Diagnosis {
	return map[string]*walk.Diagnosis{"problems": problems(), "undecided": undecided(), "clear": clear()}
}

func TestGolden(t *testing.T) {
	cat := catalogue(t)
	for name, d := range samples() {
		for _, l := range lang.All() {
			o := transcript.Options{Lang: l, Zone: tokyo(), Version: "0.1.0"}
			short := o
			short.Summary = true
			j, err := transcript.JSON(d, cat, o)
			if err != nil {
				t.Fatal(err)
			}
			for ending, got := range map[string]string{
				"txt": transcript.Text(d, cat, o), "summary.txt": transcript.Text(d, cat, short),
				"md": transcript.Markdown(d, cat, o), "json": string(j),
			} {
				golden(t, fmt.Sprintf("%s.%s.%s", name, l, ending), got)
			}
		}
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s differs (run with -update if that is meant):\n%s", name, d)
	}
}

func compile(t testing.TB) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(transcript.Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("diagnosis.schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("diagnosis.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func validate(t interface{ Errorf(string, ...any) }, s *jsonschema.Schema, b []byte) {
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		t.Errorf("no JSON: %v\n%s", err, b)
		return
	}
	if err := s.Validate(v); err != nil {
		t.Errorf("%v\n%s", err, b)
	}
}

func TestJSONFitsItsSchema(t *testing.T) {
	cat, s := catalogue(t), compile(t)
	all := samples()
	all["nothing known"] = &walk.Diagnosis{Source: "aws", Symptom: runbook.Everything, Outcome: walk.Undecided}
	for name, d := range all {
		b, err := transcript.JSON(d, cat, transcript.Options{Lang: lang.En})
		if err != nil {
			t.Fatal(name, err)
		}
		validate(t, s, b)
	}
	// The schema refuses what the contract does not have.
	if v, _ := jsonschema.UnmarshalJSON(strings.NewReader(`{"schema": "monshin.diagnosis/v2"}`)); s.Validate(v) == nil {
		t.Error("the schema takes anything")
	}
}

func TestJSONHoldsWhatPrograms(t *testing.T) {
	b, err := transcript.JSON(problems(), catalogue(t), transcript.Options{Lang: lang.Ja})
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		RootCauses []struct {
			Code, Subject, Certainty string
			Explains, Assumptions    []string
			Fixes                    []string
		} `json:"root_causes"`
		Findings []struct {
			Code     string
			CausedBy []string `json:"caused_by"`
		}
		Unknowns []struct {
			Reason    string
			Statement map[string]string
		}
	}
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	if len(got.RootCauses) != 1 || got.RootCauses[0].Code != "dns.ad-domain-unresolvable" || got.RootCauses[0].Certainty != "likely" ||
		len(got.RootCauses[0].Explains) != 1 || got.RootCauses[0].Assumptions[0] != "read-after-the-fact" {
		t.Errorf("root causes: %+v", got.RootCauses)
	}
	if !slices.Contains(got.RootCauses[0].Fixes, "dns.resolver-rule") {
		t.Errorf("the fixes of the root cause: %q", got.RootCauses[0].Fixes)
	}
	for _, id := range got.RootCauses[0].Fixes {
		if _, ok := fixes.Library().Find(id); !ok {
			t.Errorf("there is no fix %q", id)
		}
	}
	if len(got.Findings) != 2 || got.Findings[1].CausedBy[0] != "dns.ad-domain-unresolvable@corp.example.local" {
		t.Errorf("findings: %+v", got.Findings)
	}
	if len(got.Unknowns) != 2 || got.Unknowns[0].Statement["Action"] != "license-manager-user-subscriptions:ListInstances" || got.Unknowns[1].Statement != nil {
		t.Errorf("unknowns: %+v", got.Unknowns)
	}
}

// What a terminal must never get, and what breaks out of a line.
func checkTame(t interface{ Errorf(string, ...any) }, what, s string) {
	if !utf8.ValidString(s) {
		t.Errorf("%s is no UTF-8: %q", what, s)
	}
	for _, r := range s {
		if r != '\n' && (unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Bidi_Control)) {
			t.Errorf("%s holds %U", what, r)
			return
		}
	}
}

func checkAll(t interface{ Errorf(string, ...any) }, cat *finding.Catalogue, s *jsonschema.Schema, evil string, width int) {
	d := hostile(evil)
	for _, l := range lang.All() {
		o := transcript.Options{Lang: l, Zone: tokyo(), Width: width}
		text := transcript.Text(d, cat, o)
		checkTame(t, "text", text)
		for line := range strings.Lines(text) {
			if w := lang.Width(strings.TrimSuffix(line, "\n")); w > max(width, 2) && !strings.HasPrefix(strings.TrimLeft(line, " "), "$ ") {
				t.Errorf("a line of %d cells at width %d: %q", w, width, line)
			}
		}
		short := o
		short.Summary = true
		summary := transcript.Text(d, cat, short)
		checkTame(t, "summary", summary)
		if n := strings.Count(summary, "\n"); n > 12 {
			t.Errorf("a summary of %d lines:\n%s", n, summary)
		}
		checkTame(t, "markdown", transcript.Markdown(d, cat, o))
		b, err := transcript.JSON(d, cat, o)
		if err != nil {
			t.Errorf("%v", err)
			return
		}
		checkTame(t, "json", string(b))
		validate(t, s, b)
	}
}

func TestNothingFromOutsideGetsThrough(t *testing.T) {
	cat, s := catalogue(t), compile(t)
	for _, evil := range []string{"\x1b[2J\x1b]52;c;AAAA\x07", "\u202emoc.live", "a\nb\r\nc", "\xff\xfe", "\u009b31m", "| a | b |", "``` x", strings.Repeat("長", 500), "%s%d%!", "{domain}"} {
		checkAll(t, cat, s, evil, 80)
		checkAll(t, cat, s, evil, 20)
	}
	rapid.Check(t, func(t *rapid.T) {
		checkAll(t, cat, s, rapid.String().Draw(t, "evil"), rapid.IntRange(2, 120).Draw(t, "width"))
	})
}

func FuzzOutside(f *testing.F) {
	cat, s := catalogue(f), compile(f)
	f.Add("\x1b[2J", 80)
	f.Add("\u202e`|<script>", 10)
	f.Fuzz(func(t *testing.T, evil string, width int) {
		checkAll(t, cat, s, evil, min(max(width, 2), 300))
	})
}

func TestMarkdownEscapes(t *testing.T) {
	md := transcript.Markdown(hostile("<script>|`x`[a](https://evil.example)@all"), catalogue(t), transcript.Options{Lang: lang.En})
	inCode := false
	for line := range strings.Lines(md) {
		if strings.HasPrefix(strings.TrimSpace(line), "```") {
			inCode = !inCode
			continue
		}
		if inCode {
			continue
		}
		bare := regexp.MustCompile(`\\.`).ReplaceAllString(withoutCodeSpans(line), "")
		for _, bad := range []string{"<script>", "](http", "https://", "@all"} {
			if strings.Contains(bare, bad) {
				t.Errorf("markup got through (%s): %s", bad, line)
			}
		}
		if strings.HasPrefix(line, "|") {
			if n := strings.Count(strings.ReplaceAll(line, `\|`, ""), "|"); n != 3 && n != 4 {
				t.Errorf("a table row of %d bars: %s", n, line)
			}
		}
	}
}

// withoutCodeSpans takes code spans out of a line, by the rule of CommonMark: a run
// of backticks ends at the next run of the same length. Escaped backticks are text.
func withoutCodeSpans(line string) string {
	line = strings.ReplaceAll(line, "\\`", "")
	var out strings.Builder
	for line != "" {
		i := strings.IndexByte(line, '`')
		if i < 0 {
			out.WriteString(line)
			break
		}
		out.WriteString(line[:i])
		line = line[i:]
		n := len(line) - len(strings.TrimLeft(line, "`"))
		rest, end := line[n:], -1
		for j := 0; j < len(rest); {
			if rest[j] != '`' {
				j++
				continue
			}
			k := j
			for k < len(rest) && rest[k] == '`' {
				k++
			}
			if k-j == n {
				end = k
				break
			}
			j = k
		}
		if end < 0 {
			out.WriteString(line[:n])
			line = rest
			continue
		}
		line = rest[end:]
	}
	return out.String()
}

// What was not checked is said before any detail, in every form, and nothing says
// that all is well.
func TestUnknownsAreNeverBelowTheFold(t *testing.T) {
	cat := catalogue(t)
	for _, l := range lang.All() {
		o := transcript.Options{Lang: l, Zone: tokyo()}
		words := map[lang.Lang]string{lang.Ja: "確認でき", lang.En: "ot checked"}
		for name, d := range map[string]*walk.Diagnosis{"problems": problems(), "undecided": undecided()} {
			head := strings.Join(strings.SplitN(transcript.Text(d, cat, o), "\n", 8)[:7], "\n")
			if !strings.Contains(head, words[l]) {
				t.Errorf("%s %s: the head does not say what was not checked:\n%s", name, l, head)
			}
			short := o
			short.Summary = true
			if s := transcript.Text(d, cat, short); !strings.Contains(s, words[l]) {
				t.Errorf("%s %s: the summary does not say what was not checked:\n%s", name, l, s)
			}
		}
		for name, d := range samples() {
			for _, s := range []string{transcript.Text(d, cat, o), transcript.Markdown(d, cat, o)} {
				for _, bad := range []string{"正常", "healthy", "証拠", "ゲスト", "足場", "健全"} {
					if strings.Contains(s, bad) {
						t.Errorf("%s %s says %q", name, l, bad)
					}
				}
			}
		}
	}
}

func TestSimulatedIsSaidFirst(t *testing.T) {
	cat := catalogue(t)
	d := undecided()
	for _, l := range lang.All() {
		for _, summary := range []bool{false, true} {
			o := transcript.Options{Lang: l, Summary: summary}
			first, _, _ := strings.Cut(transcript.Text(d, cat, o), "\n")
			if !strings.Contains(first, "【模擬データ】") && !strings.Contains(first, "[SIMULATED]") {
				t.Errorf("the first line is %q", first)
			}
			if md := transcript.Markdown(d, cat, o); !strings.Contains(strings.Join(strings.SplitN(md, "\n", 5)[:4], " "), "SIMULATED") && !strings.Contains(md, "【模擬データ】") {
				t.Errorf("Markdown does not say that it is simulated:\n%s", md)
			}
			if s := transcript.Text(problems(), cat, o); strings.Contains(s, "模擬") || strings.Contains(s, "SIMULATED") {
				t.Error("a real account is called simulated")
			}
		}
	}
}

func TestSummaryStaysShort(t *testing.T) {
	cat := catalogue(t)
	d := undecided()
	f := d.Findings[0]
	for i := range 30 {
		f.Subject, f.Root, f.Code = fmt.Sprint("s", i), i%2 == 0, finding.EndpointMissing
		d.Findings = append(d.Findings, f)
		f.CausedBy = nil
		if i%3 == 0 {
			f.CausedBy, f.Root = []string{"x"}, false
		}
	}
	s := transcript.Text(d, cat, transcript.Options{Lang: lang.Ja, Summary: true})
	if n := strings.Count(s, "\n"); n > 12 {
		t.Errorf("%d lines:\n%s", n, s)
	}
	if !strings.Contains(s, "ほか") {
		t.Errorf("what was left out is not counted:\n%s", s)
	}
}

func TestChangesAreNotDenied(t *testing.T) {
	cat := catalogue(t)
	d := clear()
	said := func() bool {
		return strings.Contains(transcript.Markdown(d, cat, transcript.Options{}), "変更操作は行っておりません") &&
			strings.Contains(transcript.Text(d, cat, transcript.Options{}), "変更操作なし")
	}
	if !said() {
		t.Error("a reading walk does not say that it changed nothing")
	}
	d.Calls.ByOperation["ssm:SendCommand"] = 1
	if said() {
		t.Error("a walk that sent a command says that it changed nothing")
	}
}

func TestAnUnfinishedWalkIsNoVerdict(t *testing.T) {
	d := clear()
	d.Complete, d.Outcome = false, walk.Undecided
	d.Unknowns = []walk.Open{{Probe: "x", Title: lang.Both("x", "x"), Why: fact.Why{Reason: fact.Pending}, Needed: true}}
	s := transcript.Text(d, catalogue(t), transcript.Options{})
	if !strings.Contains(s, "切り分け未完了（途中で中断）") || strings.Contains(s, "範囲では問題なし") {
		t.Error(s)
	}
}

func BenchmarkText(b *testing.B) {
	cat, d := catalogue(b), undecided()
	for b.Loop() {
		transcript.Text(d, cat, transcript.Options{})
	}
}
