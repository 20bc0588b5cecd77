package transcript_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lab"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/walk"
	"github.com/monshin/monshin/sessions/transcript"
)

// scenario is the session of the lab's scenario of that name.
func scenario(t testing.TB, cat *finding.Catalogue, name string) transcript.Session {
	t.Helper()
	for _, s := range lab.Scenarios() {
		if s.Name == name {
			return walked(t, cat, s)
		}
	}
	t.Fatalf("no scenario %s", name)
	return transcript.Session{}
}

// conclusion is what stands under the conclusion's heading of a report in Markdown.
func conclusion(md string) string {
	_, rest, _ := strings.Cut(md, "\n## ")
	_, rest, _ = strings.Cut(rest, "\n")
	said, _, _ := strings.Cut(rest, "\n#")
	return strings.TrimSpace(said)
}

// A consequence tells less than its cause: the conclusion begins with the cause and
// says what follows from it.
func TestTheRootCauseLeads(t *testing.T) {
	cat := catalogue(t)
	s := scenario(t, cat, "clone-not-activated")
	s.Diagnosis.Findings = append(s.Diagnosis.Findings, finding404())
	for l, want := range map[lang.Lang][]string{
		lang.En: {"The cause is most likely that the image", "This would explain (", "not activated", "Not explained by this (1): "},
		lang.Ja: {"AMI（ami-", "これに起因すると考えられる事象を ", "ライセンス認証されていない", "原因を特定できていない事象が 1 件"},
	} {
		said := conclusion(export(t, s, cat, transcript.AsMarkdown, l, transcript.Internal))
		if !strings.HasPrefix(said, want[0]) {
			t.Errorf("%s begins with %q", l, said)
		}
		at := 0
		for _, w := range want {
			i := strings.Index(said[at:], w)
			if i < 0 {
				t.Fatalf("%s: no %q behind %q", l, w, said)
			}
			at += i
		}
	}
}

// finding404 is an observation that nothing explains.
func finding404() walk.Weighed {
	return walk.Weighed{Finding: finding.Finding{Code: finding.SSMConnectionLost, Subject: "i-1", Certainty: finding.Proven,
		Params: map[string]string{"lastping": "2026-11-20T15:00:00Z", "version": "3.3.1"}}, Severity: finding.Warning}
}

// Several causes are counted and numbered: "the cause" five times over is none.
func TestSeveralCausesAreCounted(t *testing.T) {
	cat := catalogue(t)
	said := conclusion(export(t, scenario(t, cat, "many-causes"), cat, transcript.AsMarkdown, lang.Ja, transcript.Internal))
	for _, want := range []string{"マネージドノードとして登録されておりませんでした。\n\n原因は次の 5 件です。\n\n", "\\(1\\) ", "\\(5\\) "} {
		if !strings.Contains(strings.ReplaceAll(strings.ReplaceAll(said, "(1)", "\\(1\\)"), "(5)", "\\(5\\)"), want) {
			t.Errorf("no %q in\n%s", want, said)
		}
	}
}

// The command that plans a fix names the finding and where it was found, and nothing
// that a shell would take for something else.
func TestThePlanOfAFixIsNamed(t *testing.T) {
	cat := catalogue(t)
	lines := func(d *walk.Diagnosis, r transcript.Reader) []string {
		var out []string
		for l := range strings.Lines(export(t, transcript.FromDiagnosis(d, nil, nil, ""), cat, transcript.AsMarkdown, lang.En, r)) {
			if strings.HasPrefix(l, "monshin fix ") {
				out = append(out, strings.TrimSpace(l))
			}
		}
		return out
	}
	const id = "dns.ad-domain-unresolvable@corp.example.local"
	for _, c := range []struct {
		change func(*walk.Diagnosis)
		want   string
	}{
		{func(*walk.Diagnosis) {}, "monshin fix " + id + " i-0123456789abcdef0 --region ap-northeast-1 --symptom office-terminates --plan"},
		{func(d *walk.Diagnosis) { d.Source = "recording" }, "monshin fix " + id + " i-0123456789abcdef0 --region ap-northeast-1 --symptom office-terminates --plan"},
		{func(d *walk.Diagnosis) { d.Source = "lab:office-terminates" }, "monshin fix " + id + " --lab office-terminates --symptom office-terminates --plan"},
		{func(d *walk.Diagnosis) { d.Source = "recording:lab:office-terminates" }, "monshin fix " + id + " --lab office-terminates --symptom office-terminates --plan"},
		{func(d *walk.Diagnosis) { d.Findings[0].Evidence[0].Origin.Source = fact.Guest }, "monshin fix " + id + " i-0123456789abcdef0 --region ap-northeast-1 --symptom office-terminates --guest --plan"},
		{func(d *walk.Diagnosis) { d.Findings[0].Subject = "corp; rm -rf $HOME" }, "monshin fix dns.ad-domain-unresolvable i-0123456789abcdef0 --region ap-northeast-1 --symptom office-terminates --plan"},
		{func(d *walk.Diagnosis) { d.Target.InstanceID = "i-1`id`" }, ""},
		{func(d *walk.Diagnosis) { d.Target.Region = "--debug" }, ""},
	} {
		d := problems()
		c.change(d)
		if got := strings.Join(lines(d, transcript.Internal), "\n"); got != c.want {
			t.Errorf("%q, wanted %q", got, c.want)
		}
	}
	for _, r := range []transcript.Reader{transcript.Customer, transcript.Public} {
		if got := lines(problems(), r); len(got) > 0 {
			t.Errorf("%s reads %q", r, got)
		}
	}
}

// The message for a chat says what comes next and what was done, and stays within its
// twelve lines, in each of the forms of text.
func TestSummaryForms(t *testing.T) {
	cat := catalogue(t)
	many := lived(scenario(t, cat, "many-causes"))
	for _, c := range []struct {
		s    transcript.Session
		want []string
	}{
		{many, []string{"対処手順の作成: monshin fix --lab many-causes", "実施した対処: エンドポイントの作成（解消を確認）", "確認できず（ほか "}},
		{transcript.FromDiagnosis(problems(), nil, nil, ""), []string{"同じ設定での再作成を控える", "派生事象（1 件）: AWS License Manager による終了"}},
		{scenario(t, cat, "operator-denied"), []string{"参照権限の付与: ec2:Describe"}},
	} {
		for _, f := range []transcript.Format{transcript.AsText, transcript.AsPlain, transcript.AsMarkdown} {
			b, err := transcript.Export(c.s, cat, f, transcript.Options{Lang: lang.Ja, Zone: tokyo(), Summary: true})
			if err != nil {
				t.Fatal(err)
			}
			text := string(b)
			if n := strings.Count(text, "\n"); f != transcript.AsPlain && n > 12 {
				t.Errorf("%s: %d lines\n%s", f, n, text)
			}
			bare := strings.NewReplacer("\n", "", "\\", "", "  ", "").Replace(text)
			for _, want := range c.want {
				if !strings.Contains(bare, want) && f == transcript.AsText {
					t.Errorf("%s: no %q in\n%s", f, want, text)
				}
			}
			if f == transcript.AsPlain {
				checkPlain(t, "summary", text, transcript.Internal)
			}
		}
	}
}

// The first screen names each check that could not be made once, those first that a
// conclusion needs, and links to the rest.
func TestFirstScreenCountsTheRest(t *testing.T) {
	cat := catalogue(t)
	s := transcript.FromDiagnosis(undecided(), nil, nil, "")
	page := export(t, s, cat, transcript.AsHTML, lang.En, transcript.Internal)
	head, _, _ := strings.Cut(page, "<nav")
	if n := strings.Count(head, `<span class="mark m-unknown">`); n != 9 {
		t.Errorf("%d unknowns on the first screen", n)
	}
	if !strings.Contains(head, "Could not be checked (11)") || !strings.Contains(head, "and 3 more</a>") {
		t.Errorf("the rest is not counted:\n%s", head)
	}
	if first := strings.Index(head, "Check denied"); first < 0 || first > strings.Index(head, "Check not-visible") {
		t.Error("what is needed does not come first")
	}
}

// A path that is closed is drawn; what is open beside it is said on a line.
func TestOpenPathsAreNotDrawn(t *testing.T) {
	cat := catalogue(t)
	for name, drawn := range map[string]int{"no-endpoint": 1, "office-terminates": 1, "endpoint-sg": 0} {
		page := export(t, scenario(t, cat, name), cat, transcript.AsHTML, lang.En, transcript.Internal)
		figures := strings.Count(page, `<figure class="path">`)
		open := strings.Count(page, "open in what was read</span></li>")
		if drawn > 0 && figures != drawn {
			t.Errorf("%s: %d paths are drawn", name, figures)
		}
		if figures == 0 || strings.Contains(page, `>closed</strong>`) && strings.Contains(page, `<strong class="m-ok">`) {
			t.Errorf("%s: %s", name, fmt.Sprint(figures, open))
		}
	}
}

// Scripts that only read are no change, where each of them is on record.
func TestScriptsThatReadChangeNothing(t *testing.T) {
	cat := catalogue(t)
	said := func(s transcript.Session) bool {
		return strings.Contains(export(t, s, cat, transcript.AsMarkdown, lang.Ja, transcript.Customer), "変更操作は行っておりません")
	}
	s := transcript.FromDiagnosis(clear(), nil, nil, "")
	s.Diagnosis.Calls.ByOperation["ssm:SendCommand"] = 1
	if said(s) {
		t.Error("a command that is not on record is said to change nothing")
	}
	s.Scripts = []transcript.Script{{Name: "identity", Source: "guest", CommandID: "11112222-3333-4444-5555-666677778888"}}
	if !said(s) {
		t.Error("a script that reads is not said to change nothing")
	}
	s.Fixes = []transcript.Fix{{Result: "verified", Steps: []transcript.Step{{Done: asOf()}}}}
	if said(s) {
		t.Error("a fix is said to change nothing")
	}
}
