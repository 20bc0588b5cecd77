package finding_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/width"
	"pgregory.net/rapid"

	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
)

func load(t testing.TB) *finding.Catalogue {
	t.Helper()
	c, err := finding.Load()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// stringConstants reads the constants of a source file: those of the type named,
// or, with "", the untyped ones.
func stringConstants(t *testing.T, file, typ string) []string {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	ast.Inspect(f, func(n ast.Node) bool {
		v, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		name := ""
		if id, ok := v.Type.(*ast.Ident); ok {
			name = id.Name
		}
		for _, x := range v.Values {
			if lit, ok := x.(*ast.BasicLit); ok && lit.Kind == token.STRING && name == typ {
				s, err := strconv.Unquote(lit.Value)
				if err != nil {
					t.Fatal(err)
				}
				out = append(out, s)
			}
		}
		return true
	})
	slices.Sort(out)
	return out
}

func TestCatalogueHasExactlyTheCodes(t *testing.T) {
	want := stringConstants(t, "codes.go", "Code")
	if len(want) < 80 {
		t.Fatalf("codes.go has only %d codes?", len(want))
	}
	var got []string
	for _, c := range load(t).Codes() {
		got = append(got, string(c))
	}
	slices.Sort(got)
	if d := cmp.Diff(want, got); d != "" {
		t.Error("codes.go and the catalogue differ:\n" + d)
	}
}

func TestEveryAssumptionHasWords(t *testing.T) {
	c := load(t)
	for _, code := range stringConstants(t, "finding.go", "") {
		if _, ok := c.Assumption(code); !ok {
			t.Errorf("assumption %q has no words", code)
		}
	}
}

func TestPageFilesAreAllUsed(t *testing.T) {
	c := load(t)
	dir, err := os.ReadDir("pages")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range dir {
		if _, ok := c.Entry(finding.Code(strings.TrimSuffix(f.Name(), ".md"))); !ok {
			t.Errorf("pages/%s belongs to no code", f.Name())
		}
	}
}

// observations of DESIGN.md §3, the ones marked (o).
func TestObservations(t *testing.T) {
	want := []finding.Code{
		finding.InstanceTerminatedByLicense, finding.InstanceTerminatedByUser, finding.InstanceTerminatedByAutoScaling,
		finding.InstanceTerminatedByAutomation, finding.InstanceShutDownFromInside, finding.SSMNotRegistered,
		finding.SSMConnectionLost, finding.SSMSessionChannelDown, finding.LicenseInstanceUnhealthy, finding.LicenseNotAdopted,
		finding.ActivationNotLicensed, finding.PasswordTooEarly, finding.PasswordNotGenerated,
	}
	c := load(t)
	var got []finding.Code
	for _, code := range c.Codes() {
		if e, _ := c.Entry(code); e.Observation {
			got = append(got, code)
		}
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// What Japanese support engineers would not say (the words of the guide), and
// 正常, which nobody can say of what was not read.
func forbidden() []string {
	return []string{
		"証拠", "証明済み", "健全", "爆発半径", "トランスクリプト", "ゲスト", "足場", "ファインディング", "歩く", "歩き", "正常",
	}
}

func TestWording(t *testing.T) {
	c := load(t)
	for _, code := range c.Codes() {
		e, _ := c.Entry(code)
		for name, text := range map[string]lang.Text{"title": e.Title, "screen": e.Screen, "ticket": e.Ticket, "cause": e.Cause, "page": e.Page} {
			if !text.Complete() {
				t.Errorf("%s: %s lacks a language", code, name)
			}
			for _, w := range forbidden() {
				if strings.Contains(text.Ja, w) {
					t.Errorf("%s: %s says %q", code, name, w)
				}
			}
			if strings.Contains(strings.ToLower(text.En), "healthy") && !strings.Contains(strings.ToLower(text.En), "unhealthy") {
				t.Errorf("%s: %s says healthy", code, name)
			}
			if s := text.En; hasJapanese(s) {
				t.Errorf("%s: %s has Japanese in its English", code, name)
			}
			if !hasJapanese(text.Ja) {
				t.Errorf("%s: %s has no Japanese in its Japanese", code, name)
			}
			for _, s := range []string{text.En, text.Ja} {
				if name != "page" {
					if clean := lang.Clean(s); clean != s || strings.Contains(s, "  ") || strings.TrimSpace(s) != s {
						t.Errorf("%s: %s has odd spaces or characters: %q", code, name, s)
					}
				}
				if odd := oddWidths(s); odd != "" {
					t.Errorf("%s: %s has characters of uncertain or odd width: %q", code, name, odd)
				}
			}
		}
		noValues := func(s string) string {
			for _, p := range append(e.Params, "subject") {
				s = strings.ReplaceAll(s, "{"+p+"}", "")
			}
			return s
		}
		for _, l := range lang.All() {
			if w := lang.Width(noValues(e.Screen.In(l))); w > 72 {
				t.Errorf("%s: screen %s is %d cells wide before its values", code, l, w)
			}
			if w := lang.Width(e.Title.In(l)); w > 80 {
				t.Errorf("%s: title %s is %d cells wide", code, l, w)
			}
		}
		// 体言止め on the screen, です・ます in a ticket, a noun phrase before the verb.
		for _, end := range []string{"です", "ます", "。", "でした", "ません"} {
			if strings.HasSuffix(e.Screen.Ja, end) || strings.HasSuffix(e.Title.Ja, end) || strings.HasSuffix(e.Cause.Ja, end) {
				t.Errorf("%s: a screen, title or cause ends in %q", code, end)
			}
		}
		if !politeEnd(e.Ticket.Ja) {
			t.Errorf("%s: the ticket does not end politely: %q", code, e.Ticket.Ja)
		}
		if !strings.HasSuffix(e.Ticket.En, ".") {
			t.Errorf("%s: the English ticket is no sentence: %q", code, e.Ticket.En)
		}
		if strings.HasSuffix(e.Cause.En, ".") {
			t.Errorf("%s: the English cause is a sentence: %q", code, e.Cause.En)
		}
		if len([]rune(e.Page.En)) < 500 || len([]rune(e.Page.Ja)) < 300 {
			t.Errorf("%s: the page is too short to help", code)
		}
		for _, u := range e.Sources {
			if !strings.HasPrefix(u, "https://") {
				t.Errorf("%s: source %q is no address", code, u)
			}
		}
	}
	for _, code := range stringConstants(t, "finding.go", "") {
		a, ok := c.Assumption(code)
		if !ok {
			continue
		}
		for _, w := range forbidden() {
			if strings.Contains(a.Screen.Ja+a.Ticket.Ja, w) {
				t.Errorf("assumption %s says %q", code, w)
			}
		}
		if !politeEnd(a.Ticket.Ja) {
			t.Errorf("assumption %s: the ticket does not end politely: %q", code, a.Ticket.Ja)
		}
	}
}

// politeEnd looks at the verb; a value in brackets may stand between it and the full stop.
func politeEnd(s string) bool {
	if open := strings.LastIndex(s, "（"); open >= 0 && strings.HasSuffix(s, "）。") {
		s = s[:open] + "。"
	}
	for _, end := range []string{"ました。", "ます。", "ません。", "でした。", "です。"} {
		if strings.HasSuffix(s, end) {
			return true
		}
	}
	return false
}

func hasJapanese(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r >= 0x3040 && r <= 0x30ff || r >= 0x4e00 && r <= 0x9fff })
}

// oddWidths lists the characters of s that some terminals draw one cell wide and
// some two, half-width kana, and full-width Latin letters and digits.
func oddWidths(s string) string {
	return strings.Map(func(r rune) rune {
		switch k := width.LookupRune(r).Kind(); {
		case k == width.EastAsianAmbiguous, k == width.EastAsianHalfwidth,
			r >= '０' && r <= '９', r >= 'Ａ' && r <= 'Ｚ', r >= 'ａ' && r <= 'ｚ':
			return r
		}
		return -1
	}, s)
}

func TestExplains(t *testing.T) {
	c := load(t)
	f := func(code finding.Code, scope ...string) finding.Finding {
		return finding.Finding{Code: code, Subject: "x", Scope: scope}
	}
	tests := []struct {
		name          string
		cause, effect finding.Finding
		want          bool
	}{
		{"a missing ssm endpoint explains no registration", f(finding.EndpointMissing, "ssm"), f(finding.SSMNotRegistered), true},
		{"a missing ssmmessages endpoint does not", f(finding.EndpointMissing, "ssmmessages"), f(finding.SSMNotRegistered), false},
		{"it explains the dead channel", f(finding.EndpointMissing, "ssmmessages"), f(finding.SSMSessionChannelDown), true},
		{"a missing ssm endpoint does not explain the dead channel", f(finding.EndpointMissing, "ssm"), f(finding.SSMSessionChannelDown), false},
		{"without a scope nothing is explained", f(finding.NetworkNACLBlocksReturn), f(finding.SSMConnectionLost), false},
		{"no role explains a termination", f(finding.IAMProfileMissing), f(finding.InstanceTerminatedByLicense), true},
		{"an unresolvable domain explains a termination", f(finding.DNSADDomainUnresolvable), f(finding.InstanceTerminatedByLicense), true},
		{"a blocked path to the directory explains a termination", f(finding.NetworkSGEgressBlocks, "directory"), f(finding.InstanceTerminatedByLicense), true},
		{"1688 explains a termination", f(finding.LicensePort1688Blocked), f(finding.InstanceTerminatedByLicense), true},
		{"and Office that is not activated", f(finding.LicensePort1688Blocked), f(finding.ActivationNotLicensed, "office"), true},
		{"but not Windows", f(finding.LicensePort1688Blocked), f(finding.ActivationNotLicensed), false},
		{"a group that closes 1688 explains it too", f(finding.NetworkSGEgressBlocks, "1688"), f(finding.ActivationNotLicensed, "office"), true},
		{"one that closes 443 does not", f(finding.NetworkSGEgressBlocks, "ssm"), f(finding.ActivationNotLicensed, "office"), false},
		{"a missing subscription does not", f(finding.LicenseUserNotSubscribed), f(finding.InstanceTerminatedByLicense), false},
		{"an image without Sysprep explains a missing password", f(finding.CloneNotGeneralized), f(finding.PasswordNotGenerated), true},
		{"a suspicion explains nothing", f(finding.CloneSuspected), f(finding.PasswordNotGenerated), false},
		{"too early explains nothing", f(finding.PasswordTooEarly), f(finding.PasswordNotGenerated), false},
		{"stale routes explain no activation", f(finding.ActivationStaleRoutes), f(finding.ActivationNotLicensed), true},
		{"a VPC without DNS explains what it impairs", f(finding.DNSVPCSupportOff, "ssm"), f(finding.SSMNotRegistered), true},
		{"and nothing else", f(finding.DNSVPCSupportOff, "ssm"), f(finding.ADNotJoined), false},
		{"a stopped instance explains the lost connection", f(finding.InstanceNotRunning), f(finding.SSMConnectionLost), true},
		{"nothing explains itself", f(finding.SSMNotRegistered), f(finding.SSMNotRegistered), false},
		{"a code that is not there", f("no.such"), f(finding.SSMNotRegistered), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := c.Explains(tt.cause, tt.effect); got != tt.want {
				t.Errorf("Explains(%s%v, %s) = %v", tt.cause.Code, tt.cause.Scope, tt.effect.Code, got)
			}
		})
	}
}

// An observation may explain another; it may never explain away what could be a cause.
func TestObservationsExplainNoCauses(t *testing.T) {
	c := load(t)
	for _, code := range c.Codes() {
		e, _ := c.Entry(code)
		for _, x := range e.Explains {
			effect, _ := c.Entry(x.Code)
			if e.Observation && !effect.Observation {
				t.Errorf("observation %s explains %s", code, x.Code)
			}
		}
	}
}

func TestCauseCarriesItsCertainty(t *testing.T) {
	c := load(t)
	f := finding.Finding{Code: finding.EndpointMissing, Params: map[string]string{"service": "ssm", "vpc": "vpc-1"}}
	tests := []struct {
		certainty finding.Certainty
		want      lang.Text
	}{
		{finding.Proven, lang.Both(
			"The cause is that the VPC vpc-1 has neither a VPC endpoint for ssm nor another route to it.",
			"VPC（vpc-1）に ssm の VPC エンドポイントがなく、他の経路もないことが原因と判断しております。")},
		{finding.Likely, lang.Both(
			"The cause is most likely that the VPC vpc-1 has neither a VPC endpoint for ssm nor another route to it.",
			"VPC（vpc-1）に ssm の VPC エンドポイントがなく、他の経路もないことが原因である可能性が高いと考えております。")},
		{finding.Possible, lang.Both(
			"A possible cause is that the VPC vpc-1 has neither a VPC endpoint for ssm nor another route to it.",
			"VPC（vpc-1）に ssm の VPC エンドポイントがなく、他の経路もないことが原因の可能性がございます。")},
	}
	for _, tt := range tests {
		f.Certainty = tt.certainty
		if d := cmp.Diff(tt.want, c.Cause(f)); d != "" {
			t.Error(d)
		}
	}
}

func TestFilling(t *testing.T) {
	c := load(t)
	tests := []struct {
		name string
		in   finding.Finding
		want string
	}{
		{"values", finding.Finding{Code: finding.LicenseUserNotSubscribed, Params: map[string]string{"user": "taro", "product": "OFFICE"}}, "ユーザー taro が OFFICE に未サブスクライブ"},
		{"values are cleaned", finding.Finding{Code: finding.AccountLocked, Subject: "a\x1b[2Jb"}, `ユーザーアカウントがロックアウト（a\x1b[2Jb）`},
		{"a value is no template", finding.Finding{Code: finding.LicenseUserNotSubscribed, Params: map[string]string{"user": "{product}", "product": "P"}}, "ユーザー {product} が P に未サブスクライブ"},
		{"brackets around nothing go", finding.Finding{Code: finding.AccountLocked}, "ユーザーアカウントがロックアウト"},
		{"an empty value at the end goes", finding.Finding{Code: finding.LicenseInstanceUnhealthy}, "License Manager 側でインスタンスの異常を検知"},
		{"an empty value elsewhere is a dash", finding.Finding{Code: finding.LicenseUserNotSubscribed}, "ユーザー - が - に未サブスクライブ"},
		{"an unknown code", finding.Finding{Code: "new.code", Subject: "x\n"}, `new.code@x\n`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := c.Screen(tt.in).Ja; got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// Whatever the values are, a text shows no name in braces and no control character.
func TestFillingAnything(t *testing.T) {
	c := load(t)
	rapid.Check(t, func(t *rapid.T) {
		f := finding.Finding{
			Code:      rapid.SampledFrom(c.Codes()).Draw(t, "code"),
			Subject:   rapid.String().Draw(t, "subject"),
			Certainty: rapid.SampledFrom([]finding.Certainty{finding.Proven, finding.Likely, finding.Possible}).Draw(t, "certainty"),
			Params:    map[string]string{},
		}
		e, _ := c.Entry(f.Code)
		for _, p := range e.Params {
			if rapid.Bool().Draw(t, "given") {
				f.Params[p] = strings.ReplaceAll(rapid.String().Draw(t, p), "{", "")
			}
		}
		f.Subject = strings.ReplaceAll(f.Subject, "{", "")
		for _, text := range []lang.Text{c.Screen(f), c.Ticket(f), c.Cause(f)} {
			if !text.Complete() || strings.Contains(text.En+text.Ja, "{") {
				t.Errorf("%s: %q", f.Code, text)
			}
			if lang.Clean(text.Ja) != text.Ja || lang.Clean(text.En) != text.En {
				t.Errorf("%s is not clean: %q", f.Code, text)
			}
		}
	})
}

func TestWithTimes(t *testing.T) {
	f := finding.Finding{
		Params:      map[string]string{"time": "2026-11-20T15:21:07Z", "actor": "taro"},
		Assumptions: []finding.Assumption{{Code: finding.AssumeUnchanged, Params: map[string]string{"read": "2026-11-21T00:00:00Z", "event": ""}}},
	}
	got := f.WithTimes(func(t time.Time) string { return t.Format("15:04") })
	if got.Params["time"] != "15:21" || got.Params["actor"] != "taro" || got.Assumptions[0].Params["read"] != "00:00" {
		t.Errorf("got %+v", got)
	}
	if f.Params["time"] != "2026-11-20T15:21:07Z" || f.Assumptions[0].Params["read"] != "2026-11-21T00:00:00Z" {
		t.Error("WithTimes changed the finding itself")
	}
}

// Load stands between the start of the program and its first frame.
func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		if _, err := finding.Load(); err != nil {
			b.Fatal(err)
		}
	}
}
