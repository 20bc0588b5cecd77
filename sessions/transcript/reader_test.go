package transcript_test

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/runbook"
	"github.com/monshin/monshin/sessions/transcript"
)

// secrets by what must not be left of them: the forms in which Windows, scripts and
// people write them.
func secrets() map[string]string {
	return map[string]string{
		"Kaki-Kukeko-1": "<Password>Kaki-Kukeko-1</Password>",
		"Kaki-Kukeko-2": "password=Kaki-Kukeko-2",
		"Kaki-Kukeko-3": `{"adminPassword": "Kaki-Kukeko-3"}`,
		"Kaki-Kukeko-4": "net user admin Kaki-Kukeko-4 /add",
		"Kaki-Kukeko-5": "aws_session_token=Kaki-Kukeko-5",
		"Kaki-Kukeko-6": "https://b.s3.amazonaws.com/k?X-Amz-Date=1&X-Amz-Signature=Kaki-Kukeko-6",
		"AKIAQ3EGZZZZQ": "AKIAQ3EGZZZZQ3EGZZZZ",
		"eyJhbGciOiJIU": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
		"W269N-WFGWX":   "W269N-WFGWX-YVC9B-4J6C9-T83GX",
		"Kaki-Kukeko-7": "Authorization: Basic Kaki-Kukeko-7",
	}
}

// planting writes behind every string of a session, whatever its field, and fills
// what is empty.
type planting struct {
	secret string
	count  int
}

func (p *planting) into(v reflect.Value, depth int) {
	if depth > 12 {
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() && v.Type() != reflect.TypeFor[*runbook.Tree]() && v.Type() != reflect.TypeFor[*estate.Estate]() {
			p.into(v.Elem(), depth+1)
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return
		}
		if v.IsNil() {
			v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		}
		for i := range v.Len() {
			p.into(v.Index(i), depth+1)
		}
	case reflect.Map:
		if v.Type().Elem() == reflect.TypeFor[string]() {
			out := reflect.MakeMap(v.Type())
			for it := v.MapRange(); it.Next(); {
				out.SetMapIndex(it.Key(), reflect.ValueOf(it.Value().String()+" "+p.secret))
			}
			v.Set(out)
			p.count++
		}
	case reflect.Struct:
		switch x := v.Interface().(type) {
		case fact.Of[estate.Instance]:
			i := x.Value()
			p.into(reflect.ValueOf(&i).Elem(), depth+1)
			v.Set(reflect.ValueOf(fact.Known(i, x.Origin())))
			return
		case fact.Of[estate.Caller]:
			c := x.Value()
			p.into(reflect.ValueOf(&c).Elem(), depth+1)
			v.Set(reflect.ValueOf(fact.Known(c, x.Origin())))
			return
		case time.Time:
			return
		}
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				p.into(v.Field(i), depth+1)
			}
		}
	case reflect.String:
		if v.Type() == reflect.TypeFor[string]() {
			v.SetString(strings.TrimSpace(v.String() + " " + p.secret))
			p.count++
		}
	}
}

func TestNoSecretIsExported(t *testing.T) {
	cat := catalogue(t)
	s := lived(transcript.FromDiagnosis(problems(), nil, nil, ""))
	p := &planting{secret: strings.Join(slices.Sorted(maps.Values(secrets())), "\n")}
	p.into(reflect.ValueOf(&s).Elem(), 0)
	if p.count < 100 {
		t.Fatalf("the secrets were planted in %d places only", p.count)
	}
	core := slices.Sorted(maps.Keys(secrets()))[0]
	for name, texts := range map[string][]string{
		"a fix":     {s.Fixes[0].Title.En, s.Fixes[0].Impact.Ja, s.Fixes[0].Cost.En, s.Fixes[0].Say.En, s.Fixes[0].Rest[0].En, s.Fixes[0].PlanID, s.Fixes[0].Finding},
		"its steps": {s.Fixes[0].Steps[0].Title.En, s.Fixes[0].Steps[0].CLI, s.Fixes[0].Steps[0].Undo, s.Fixes[0].Steps[0].Error.En, s.Fixes[0].Steps[0].RequestID, s.Fixes[0].Steps[0].By},
		"its approvals, what was found, its checks": {s.Fixes[0].Approvals[0].Text, s.Fixes[0].Found.Subject, s.Fixes[0].Found.Params["vpc"], s.Fixes[0].Found.Evidence[0].Value,
			s.Fixes[0].Before[0].Say.En, s.Fixes[0].After[0].Title.Ja},
		"a note, a shell, a script, an answer": {s.Notes[0].Text, s.Notes[0].At, s.Shells[0].Lines[0].Text, s.Shells[0].By, s.Scripts[0].Output, s.Answers[0].Value, s.Consents[0].Text},
	} {
		for i, text := range texts {
			if !strings.Contains(text, core) {
				t.Errorf("nothing was planted in %s (%d): %q", name, i, text)
			}
		}
	}
	check := func(f transcript.Format, l lang.Lang, r transcript.Reader) {
		text := export(t, s, cat, f, l, r)
		for core := range secrets() {
			if i := strings.Index(text, core); i >= 0 {
				t.Errorf("%s %s %s has %q: %q", f, l, r, core, text[max(0, i-120):min(len(text), i+40)])
			}
		}
		if r == transcript.Internal && !strings.Contains(text, "********") {
			t.Errorf("%s %s: nothing was masked, so nothing was planted", f, l)
		}
	}
	for i, f := range transcript.Formats() {
		for j, r := range transcript.Readers() {
			check(f, lang.All()[(i+j)%len(lang.All())], r)
		}
	}
	for _, l := range lang.All() {
		check(transcript.AsHTML, l, transcript.Internal)
	}
}

// told is the export of a session for a reader, in every format in one string.
func told(t testing.TB, s transcript.Session, cat *finding.Catalogue, r transcript.Reader) string {
	var b strings.Builder
	for _, f := range transcript.Formats() {
		b.WriteString(export(t, s, cat, f, lang.Ja, r))
	}
	return b.String()
}

// office is problems with what makes readers differ.
func office() transcript.Session {
	d := problems()
	i, _ := d.Instance.Get()
	i.Tags = map[string]string{"Name": "OFFICE-03", "Owner": "keiri-bu"}
	i.PrivateIP, i.PublicIP, i.KeyName, i.VPC = "10.1.2.3", "203.0.113.9", "tanaka-no-kagi", "vpc-0f00ba11"
	i.ProfileARN = "arn:aws:iam::123456789012:instance-profile/office-role"
	d.Instance = fact.Known(i, d.Instance.Origin())
	f := &d.Findings[0].Finding
	f.Evidence = append(f.Evidence,
		finding.Evidence{At: "commands:i-0123456789abcdef0#0", Value: `The user CORP\hanako.suzuki in OU=Keiri,DC=corp,DC=example,DC=local on OFFICE-03 at 10.1.2.3 and 203.0.113.9 owned by keiri-bu failed: 0x54B`},
		finding.Evidence{At: "role:office-role", Value: "arn:aws:iam::123456789012:role/office-role"})
	e := estate.New(d.Target, d.AsOf)
	e.Put(estate.InstancePart.Part(i.ID, fact.Known(i, fact.Origin{})))
	e.Put(estate.SubscriptionsPart.Part("", fact.Known([]estate.UserSubscription{{User: "hanako.suzuki", Domain: "corp.example.local", Product: "OFFICE_PROFESSIONAL_PLUS"}}, fact.Origin{})))
	s := transcript.FromDiagnosis(d, e, nil, "0.1.0")
	return lived(s)
}

func TestReaders(t *testing.T) {
	cat, s := catalogue(t), office()
	rules := map[transcript.Reader]struct{ has, hasNot []string }{
		transcript.Internal: {has: []string{"NAISHO-MEMO", "KYAKU-MEMO", "okada", "kyaku-a-readonly", "OFFICE-03", "123456789012", "hanako.suzuki", "CHG-1234", "keiri-bu"}},
		transcript.Customer: {
			has:    []string{"KYAKU-MEMO", "OFFICE-03", "123456789012", "i-0123456789abcdef0", "10.1.2.3", "203.0.113.9", "hanako.suzuki", "corp.example.local", "keiri-bu", "CHG-1234"},
			hasNot: []string{"NAISHO-MEMO", "okada", "岡田花子", "kyaku-a-readonly", "/Users/", "ReadOnly/taro", "j.jsonl"},
		},
		transcript.Support: {
			has: []string{"123456789012", "i-0123456789abcdef0", "vpc-0f00ba11", "ami-0aa11bb22cc33dd44", "10.1.2.3", "ap-northeast-1", "office-role", "1b2c3d4e-0000-4000-8000-000000000001",
				"11112222-3333-4444-5555-666677778888", "0x54B", "99990000-1111-2222-3333-444455556666"},
			hasNot: []string{"NAISHO-MEMO", "KYAKU-MEMO", "okada", "岡田花子", "kyaku-a-readonly", "/Users/", "/taro", "hanako", "Keiri", "OFFICE-03", "keiri-bu", "tanaka-no-kagi", "203.0.113.9"},
		},
		transcript.Public: {
			has: []string{"instance-1", "account-1", "0x54B", "ap-northeast-1", "dns.ad-domain-unresolvable"},
			hasNot: []string{"NAISHO-MEMO", "KYAKU-MEMO", "okada", "岡田花子", "kyaku-a-readonly", "/Users/", "taro", "hanako", "suzuki", "Keiri", "OFFICE-03", "keiri-bu", "tanaka-no-kagi",
				"203.0.113.9", "10.1.2.3", "123456789012", "0123456789abcdef0", "vpc-0f00ba11", "dopt-0d0d", "office-role", "corp.example", "cust-a", "1b2c3d4e-0000"},
		},
	}
	for r, rule := range rules {
		text := told(t, s, cat, r)
		for _, want := range rule.has {
			if !strings.Contains(text, want) {
				t.Errorf("%s does not read %q", r, want)
			}
		}
		for _, bad := range rule.hasNot {
			if i := strings.Index(text, bad); i >= 0 {
				t.Errorf("%s reads %q: %q", r, bad, text[max(0, i-100):min(len(text), i+40)])
			}
		}
	}
}

// The session itself stays as it is: another reader comes next.
func TestExportsLeaveTheSessionAlone(t *testing.T) {
	cat, s := catalogue(t), office()
	before := told(t, s, cat, transcript.Internal)
	told(t, s, cat, transcript.Public)
	if told(t, s, cat, transcript.Internal) != before {
		t.Error("an export for the public changed what comes after it")
	}
}

// The same value is the same token wherever it stands, and others are others.
func TestTokensCorrelate(t *testing.T) {
	s := office()
	md := export(t, s, catalogue(t), transcript.AsMarkdown, lang.Ja, transcript.Public)
	if n := strings.Count(md, "instance-1"); n < 3 {
		t.Errorf("instance-1 stands there %d times:\n%s", n, md)
	}
	if strings.Contains(md, "instance-2") {
		t.Error("one instance has two tokens")
	}
	if !strings.Contains(md, "マスキングの内容") || !strings.Contains(md, "| リソース ID |") && !strings.Contains(md, " リソース ID ") {
		t.Errorf("the report of what was replaced is missing:\n%s", md)
	}
}

func TestSupportCaseStaysShort(t *testing.T) {
	s := office()
	f := s.Diagnosis.Findings[0]
	for i := range 200 {
		f.Evidence = append(f.Evidence, finding.Evidence{At: "commands:i-0123456789abcdef0", Value: strings.Repeat("長い出力", i%40)})
	}
	s.Diagnosis.Findings[0] = f
	for range 100 {
		s.Diagnosis.Unknowns = append(s.Diagnosis.Unknowns, s.Diagnosis.Unknowns[0])
	}
	for _, l := range lang.All() {
		body := export(t, s, catalogue(t), transcript.AsPlain, l, transcript.Support)
		if n := len([]rune(body)); n > transcript.SupportLimit || n < 1000 {
			t.Errorf("%s: %d characters", l, n)
		}
		for _, want := range []string{"123456789012", "i-0123456789abcdef0", "session.json", "ap-northeast-1"} {
			if !strings.Contains(body, want) {
				t.Errorf("%s: %q was cut away:\n%s", l, want, body)
			}
		}
	}
}

func TestHostileNamesStayText(t *testing.T) {
	cat := catalogue(t)
	for _, evil := range []string{"<script>alert(1)</script>", `"><img src=x onerror=alert(1)>`, "</style><script>", "]]>", "--><svg onload=1>", "javascript:alert(1)", "\x1b[2J\u202e", "&lt;b&gt;", "{{.}}", "\xff\xfe"} {
		d := hostile(evil)
		s := lived(transcript.FromDiagnosis(d, nil, nil, evil))
		s.ID, s.Reported, s.Journal = evil, evil, evil
		s.Notes[0].Text, s.Shells[0].Lines[0].Text, s.Scripts[0].Output, s.Attachments[0].Name = evil, evil, evil, evil
		tree := &runbook.Tree{Symptom: "x", Start: evil, Nodes: []runbook.Node{{ID: evil, Kind: runbook.ProbeNode, Probe: evil, Next: map[string]string{"ok": evil}}}}
		s.Tree = tree
		d.Path = []string{evil}
		for _, l := range lang.All() {
			for _, r := range transcript.Readers() {
				page := export(t, s, cat, transcript.AsHTML, l, r)
				checkHTML(t, evil, page)
				checkTame(t, "html", page)
				checkJUnit(t, evil, export(t, s, cat, transcript.AsJUnit, l, r))
				for _, f := range []transcript.Format{transcript.AsPlain, transcript.AsMarkdown, transcript.AsSARIF, transcript.AsJSON} {
					checkTame(t, string(f), export(t, s, cat, f, l, r))
				}
			}
		}
	}
}

// A session in English is exported in Japanese: nothing of its language is left.
func TestLanguageIsTheReaders(t *testing.T) {
	s := lived(transcript.FromDiagnosis(problems(), nil, nil, ""))
	s.Lang = lang.En
	page := export(t, s, catalogue(t), transcript.AsHTML, lang.Ja, transcript.Customer)
	for _, bad := range []string{"Conclusion", "What was", "Timeline", "could not", "Investigation report"} {
		if strings.Contains(page, bad) {
			t.Errorf("the Japanese report says %q", bad)
		}
	}
	if !strings.Contains(page, `<html lang="ja">`) || !strings.Contains(page, "調査レポート") {
		t.Error("it is not in Japanese")
	}
}

// What happened to the instance comes first, whatever License Manager reports of it.
func TestTheEndOfTheInstanceLeads(t *testing.T) {
	d := problems()
	report := d.Findings[1]
	report.Code, report.Subject = finding.LicenseInstanceUnhealthy, "i-0123456789abcdef0"
	d.Findings = slices.Insert(d.Findings, 1, report)
	md := transcript.Markdown(d, catalogue(t), transcript.Options{Zone: tokyo()})
	first := strings.Split(md, "\n")[4]
	if !strings.Contains(first, "終了（terminated）されておりました") {
		t.Errorf("the conclusion begins with %q", first)
	}
}

// An unknown neither passes nor fails in a pipeline.
func TestUnknownIsNoVerdict(t *testing.T) {
	s := transcript.FromDiagnosis(undecided(), nil, nil, "")
	cat := catalogue(t)
	junit := export(t, s, cat, transcript.AsJUnit, lang.En, transcript.Internal)
	if strings.Contains(junit, "<failure") || !strings.Contains(junit, `skipped="11"`) {
		t.Errorf("an unknown is a verdict:\n%s", junit)
	}
	sarif := export(t, s, cat, transcript.AsSARIF, lang.En, transcript.Internal)
	if strings.Contains(sarif, `"kind": "pass"`) || strings.Count(sarif, `"kind": "open"`)+strings.Count(sarif, `"kind": "review"`) != 11 {
		t.Errorf("an unknown is a verdict:\n%s", sarif)
	}
	unfinished := clear()
	unfinished.Complete = false
	if junit := export(t, transcript.FromDiagnosis(unfinished, nil, nil, ""), cat, transcript.AsJUnit, lang.En, transcript.Internal); !strings.Contains(junit, `name="complete"`) {
		t.Errorf("an unfinished walk looks finished:\n%s", junit)
	}
}
