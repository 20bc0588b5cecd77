package transcript_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/monshin/monshin/diagnose/cloud"
	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lab"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/probe"
	"github.com/monshin/monshin/diagnose/runbook"
	"github.com/monshin/monshin/diagnose/walk"
	"github.com/monshin/monshin/sessions/transcript"
)

// walked is the session of a lab's scenario: its walk, its facts, its calls.
func walked(t testing.TB, cat *finding.Catalogue, s lab.Scenario) transcript.Session {
	t.Helper()
	probes := probe.All()
	library, err := runbook.Embedded(runbook.Known{Probes: probes.IDs(), Codes: finding.Names()})
	if err != nil {
		t.Fatal(err)
	}
	tree, ok := library.Tree(s.Symptom)
	if !ok {
		t.Fatalf("no tree for %s", s.Symptom)
	}
	l, err := lab.Open(s.Name, lab.Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	e := estate.New(estate.Target{InstanceID: s.InstanceID, Region: s.Region}, s.Now)
	maps.Copy(e.Answers, s.Answers)
	src := cloud.New(l.Config(), cloud.Options{Target: e.Target, Name: l.Source(), Now: l.Now, NoSlowdown: true})
	w, err := walk.New(walk.Options{Tree: tree, Probes: probes, Words: cat, Estate: e, Source: src, Simulated: true, Guest: s.Guest})
	if err != nil {
		t.Fatal(err)
	}
	var calls []walk.Call
	d := w.Run(t.Context(), func(_ *walk.Diagnosis, events []walk.Event) {
		for _, ev := range events {
			if ev.Got != nil {
				calls = append(calls, ev.Got.Calls...)
			}
		}
	})
	out := transcript.FromDiagnosis(d, w.Estate(), tree, "0.1.0")
	out.Calls = calls
	return out
}

// lived is s with everything else that a session can hold.
func lived(s transcript.Session) transcript.Session {
	at := s.Diagnosis.AsOf
	s.ID, s.Lang, s.Started, s.Ended = "20261121T170003Z-lab", lang.En, at, at
	s.Profile, s.Journal = "kyaku-a-readonly", "/Users/okada/Library/monshin/j.jsonl"
	s.Operators = []transcript.Operator{{Name: "okada", From: at}, {Name: "岡田花子", From: at}}
	s.Reported = "昨日から接続できません。担当は okada さんです。"
	s.Answers = []transcript.Answer{{Name: estate.AnswerADDomain, Value: "corp.example.local", Time: at, By: "okada"}}
	s.Notes = []transcript.Note{
		{Time: at, By: "okada", Audience: transcript.ForInternal, Text: "NAISHO-MEMO: also see the other account"},
		{Time: at, By: "okada", Text: "NAISHO-MEMO without a mark"},
		{Time: at, By: "okada", Audience: transcript.ForCustomer, Text: "KYAKU-MEMO: please keep it stopped"},
	}
	s.Consents = []transcript.Consent{{Time: at, What: "guest-scripts", Ticket: "CHG-1234", Approver: "岡田花子", Text: "the exact text"}}
	s.Scripts = []transcript.Script{{Time: at, Name: "identity", SHA256: strings.Repeat("ab", 32), Source: "guest", CommandID: "11112222-3333-4444-5555-666677778888",
		OutputSHA256: strings.Repeat("cd", 32), Output: "host OFFICE-03\nuser CORP\\hanako.suzuki"}}
	s.Fixes = []transcript.Fix{{
		Name: "endpoint.create", Title: lang.Both("Create the endpoint", "エンドポイントの作成"), Finding: "endpoint.missing@ssm", PlanID: "0123abcd", Result: "verified",
		Impact: lang.Both("this VPC", "当該 VPC"), Cost: lang.Both("per hour", "時間課金"),
		Steps: []transcript.Step{
			{Title: lang.Both("Create", "作成"), Call: "ec2:CreateVpcEndpoint", CLI: "aws ec2 create-vpc-endpoint --vpc-id " + s.Diagnosis.Instance.Value().VPC, Done: at, RequestID: "99990000-1111-2222-3333-444455556666", By: "okada", Undo: "aws ec2 delete-vpc-endpoints"},
			{Title: lang.Both("Wait", "待機"), Call: "ec2:DescribeVpcEndpoints", Irreversible: true},
		},
		Approvals: []transcript.Consent{{Time: at, What: "0123abcd", Ticket: "CHG-1234", Approver: "岡田花子", Text: "aws ec2 create-vpc-endpoint"}},
		Found: &finding.Finding{Code: finding.EndpointMissing, Subject: "com.amazonaws.ap-northeast-1.ssm", Certainty: finding.Proven,
			Params:   map[string]string{"service": "com.amazonaws.ap-northeast-1.ssm", "vpc": s.Diagnosis.Instance.Value().VPC},
			Evidence: []finding.Evidence{{At: "endpoints", Value: "[]", Rule: lang.Both("no endpoint of ssm", "ssm のエンドポイントなし"), Origin: fact.Origin{Source: fact.API, Call: "ec2:DescribeVpcEndpoints", Time: at}}}},
		Verified: at, Say: lang.Both("verified: it is there", "解消を確認: 作成済み"),
		Before: []transcript.Check{{Probe: "endpoint.presence", Title: lang.Both("Endpoint", "エンドポイント"), Outcome: "problem", Say: lang.Both("missing", "なし")}},
		After:  []transcript.Check{{Probe: "endpoint.presence", Title: lang.Both("Endpoint", "エンドポイント"), Outcome: "ok", Say: lang.Both("there", "あり")}},
	}}
	s.Shells = []transcript.Shell{{SessionID: "okada-0a1b2c3d4e5f60718", By: "okada", From: at, To: at, SHA256: strings.Repeat("ef", 32),
		Lines: []transcript.ShellLine{{Time: at, Typed: true, Text: "hostname"}, {Time: at, Text: "OFFICE-03"}}}}
	s.Screenshots = []transcript.Screenshot{{Time: at, Type: "image/png", Data: []byte("\x89PNG\r\n\x1a\n and more")}, {Time: at, Type: "image/png", Data: []byte("<script>no picture</script>")}}
	s.Attachments = []transcript.Attachment{{Name: "session.json", Size: 1234, SHA256: strings.Repeat("12", 32)}}
	s.Seal = transcript.Seal{Entries: 42, Last: strings.Repeat("9f", 32)}
	return s
}

// eachLab calls check with the session of every scenario and the number of it.
func eachLab(t *testing.T, check func(*testing.T, int, *finding.Catalogue, transcript.Session)) {
	t.Helper()
	cat := catalogue(t)
	for i, s := range lab.Scenarios() {
		if testing.Short() && i%5 != 0 {
			continue // a taste of them
		}
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			check(t, i, cat, lived(walked(t, cat, s)))
		})
	}
}

func export(t testing.TB, s transcript.Session, cat *finding.Catalogue, f transcript.Format, l lang.Lang, r transcript.Reader) string {
	t.Helper()
	b, err := transcript.Export(s, cat, f, transcript.Options{Lang: l, Zone: tokyo(), Reader: r})
	if err != nil {
		t.Fatalf("%s for %s in %s: %v", f, r, l, err)
	}
	return string(b)
}

// spreadExports writes a session in every format and language, for a reader that goes
// round with n, and besides for the public in the formats that tell most: with as many
// sessions as there are scenarios every format meets every reader many times.
func spreadExports(t testing.TB, n int, s transcript.Session, cat *finding.Catalogue, do func(f transcript.Format, l lang.Lang, r transcript.Reader, text string)) {
	t.Helper()
	readers := transcript.Readers()
	for i, f := range transcript.Formats() {
		for j, l := range lang.All() {
			r := readers[(n+i+2*j)%len(readers)]
			do(f, l, r, export(t, s, cat, f, l, r))
		}
		if f == transcript.AsHTML || f == transcript.AsJSON {
			l := lang.All()[(n+i)%len(lang.All())]
			do(f, l, transcript.Public, export(t, s, cat, f, l, transcript.Public))
		}
	}
}

// Every scenario in every format and language, the readers in turn: well formed, the
// same bytes twice, nothing forbidden, and for the public nothing that identifies.
func TestEveryLabInEveryFormat(t *testing.T) {
	sarif, diagnosis := compileFile(t, "testdata/sarif-2.1.0.schema.json"), compile(t)
	eachLab(t, func(t *testing.T, n int, cat *finding.Catalogue, s transcript.Session) {
		known := identifying(s)
		if len(known) < 10 {
			t.Fatalf("only %q identifies this estate", known)
		}
		inside := export(t, s, cat, transcript.AsHTML, lang.En, transcript.Internal)
		if told := len(slices.DeleteFunc(slices.Clone(known), func(v string) bool { return !strings.Contains(inside, v) })); told < 5 {
			t.Errorf("only %d of %d values stand in the internal export: nothing is shown by their absence", told, len(known))
		}
		spreadExports(t, n, s, cat, func(f transcript.Format, l lang.Lang, r transcript.Reader, text string) {
			name := fmt.Sprintf("%s %s %s", f, l, r)
			if n%3 == 0 && l == lang.Ja {
				if again := export(t, s, cat, f, l, r); again != text {
					t.Errorf("%s: the same session gives other bytes", name)
				}
			}
			if r == transcript.Public {
				lower := strings.ToLower(text)
				for _, v := range known {
					if !strings.Contains(lower, strings.ToLower(v)) {
						continue
					}
					if i := indexWord(text, v); i >= 0 {
						t.Errorf("%s reads %q: %q", name, v, text[max(0, i-80):min(len(text), i+len(v)+40)])
					}
				}
			}
			for _, bad := range []string{"健全", "証拠", "爆発半径", "トランスクリプト", "ゲスト", "足場", "ファインディング", "正常です", "%!", "<no value>", "ZgotmplZ"} {
				if strings.Contains(text, bad) {
					t.Errorf("%s says %q", name, bad)
				}
			}
			if f != transcript.AsJUnit && !strings.Contains(text, "SIMULATED") && !strings.Contains(text, "模擬データ") && !strings.Contains(text, `"simulated": true`) {
				t.Errorf("%s does not say that it is simulated", name)
			}
			switch f {
			case transcript.AsHTML:
				checkHTML(t, name, text)
			case transcript.AsJSON:
				validate(t, diagnosis, []byte(text))
			case transcript.AsSARIF:
				validate(t, sarif, []byte(text))
				if n := strings.Count(text, `"kind": "pass"`); n != judgedOK(s.Diagnosis) {
					t.Errorf("%s: %d checks pass of %d", name, n, judgedOK(s.Diagnosis))
				}
				if n := strings.Count(text, `"kind": "open"`) + strings.Count(text, `"kind": "review"`); n != len(s.Diagnosis.Unknowns) {
					t.Errorf("%s: %d of %d unknowns", name, n, len(s.Diagnosis.Unknowns))
				}
			case transcript.AsJUnit:
				checkJUnit(t, name, text)
				undecided := 0
				for _, j := range s.Diagnosis.Probes {
					if j.Verdict.Pending() || j.Verdict.Outcome != probe.OK && j.Verdict.Outcome != probe.Problem {
						undecided++
					}
				}
				if n := strings.Count(text, "<skipped "); n != undecided {
					t.Errorf("%s: %d checks are neither passed nor failed, %d could not be made", name, n, undecided)
				}
			case transcript.AsPlain:
				checkPlain(t, name, text, r)
			}
			if r == transcript.Support && (f == transcript.AsPlain || f == transcript.AsMarkdown || f == transcript.AsText) {
				if n := len([]rune(text)); n > transcript.SupportLimit {
					t.Errorf("%s has %d characters", name, n)
				}
				if !strings.Contains(text, "session.json") || !strings.Contains(text, strings.Repeat("12", 32)) {
					t.Errorf("%s does not name its attachment with its digest", name)
				}
			}
			// The hash stands in every export.
			if !strings.Contains(text, strings.Repeat("9f", 32)) {
				t.Errorf("%s does not print the hash of the record", name)
			}
		})
	})
}

// judgedOK counts the checks that found nothing wrong.
func judgedOK(d *walk.Diagnosis) int {
	n := 0
	for _, j := range d.Probes {
		if j.Verdict.Outcome == probe.OK && !j.Verdict.Pending() {
			n++
		}
	}
	return n
}

// identifying gathers what names somebody's things, from the facts and not from the
// classes by which they are redacted.
func identifying(s transcript.Session) []string {
	var out []string
	add := func(values ...string) {
		for _, v := range values {
			if len(v) >= 3 && !strings.HasPrefix(v, "AWSServiceRole") && !strings.HasPrefix(v, "Amazon") && !strings.EqualFold(v, "administrator") && !strings.EqualFold(v, "workgroup") && !strings.HasSuffix(v, ".amazonaws.com") {
				out = append(out, v)
			}
		}
	}
	var all strings.Builder
	for _, k := range s.Estate.Keys() {
		f, _ := s.Estate.Fact(k)
		b, err := estate.Encode(estate.Part{Key: k, Fact: f})
		if err != nil {
			panic(err)
		}
		all.WriteString(k.String() + "\n")
		all.Write(b)
		var v any
		if json.Unmarshal(b, &v) == nil {
			named(v, add)
		}
	}
	text := all.String()
	add(regexp.MustCompile(`\b(?:i|vpc|subnet|sg|sgr|vpce|eni|acl|rtb|igw|nat|pcx|tgw|ami|vol|dopt|d|pl|rslvr-\w+|iip-assoc)-[0-9a-f]{8,17}\b`).FindAllString(text, -1)...)
	add(regexp.MustCompile(`\b\d{12}\b`).FindAllString(text, -1)...)
	add(regexp.MustCompile(`\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b`).FindAllString(text, -1)...)
	for _, ip := range regexp.MustCompile(`\b\d{1,3}(?:\.\d{1,3}){3}\b`).FindAllString(text, -1) {
		if a, err := netip.ParseAddr(ip); err == nil && !a.IsLinkLocalUnicast() && !a.IsUnspecified() && !a.IsLoopback() && a.As4()[3] != 0 {
			add(ip)
		}
	}
	for _, v := range s.Estate.Answers {
		add(v)
	}
	for _, o := range s.Operators {
		add(o.Name)
	}
	add(s.Profile, s.Journal, "NAISHO-MEMO", "KYAKU-MEMO", "hanako.suzuki", "CHG-1234")
	slices.Sort(out)
	return slices.Compact(out)
}

// named finds names by the keys under which they stand.
func named(v any, add func(...string)) {
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			named(x, add)
		}
	case map[string]any:
		for k, x := range v {
			if s, ok := x.(string); ok {
				switch k {
				case "user", "domain", "host", "computer_name", "key_name", "machine_sid", "machine_guid", "alias", "account", "role", "clone_tag", "source_ip":
					add(strings.TrimSuffix(s, "."))
				}
			}
			if tags, ok := x.(map[string]any); ok && k == "tags" {
				for _, t := range tags {
					if s, ok := t.(string); ok {
						add(s)
					}
				}
			}
			named(x, add)
		}
	}
}

// indexWord finds a value that stands by itself: in "prefix-list" no list is named.
func indexWord(text, v string) int {
	m := regexp.MustCompile(`(?i)(?:^|[^\pL\pN])` + regexp.QuoteMeta(v) + `(?:$|[^\pL\pN])`).FindStringIndex(text)
	if m == nil {
		return -1
	}
	return m[0]
}
