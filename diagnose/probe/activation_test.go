package probe

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/lang"
)

// activationCases are about the activation as Windows tells it.
func activationCases() []lmCase {
	change := func(c func(*estate.GuestActivation)) func(*estate.Estate) {
		return inside(estate.GuestActivationPart, c)
	}
	unlicensed := func(reason string) func(*estate.Estate) {
		return change(func(a *estate.GuestActivation) { a.Products[0].Status, a.Products[0].Reason = 5, reason })
	}
	closed := change(func(a *estate.GuestActivation) {
		a.Ports = map[string]string{"169.254.169.250:1688": "timeout", "169.254.169.251:1688": "err10051"}
	})
	stale := change(func(a *estate.GuestActivation) { a.Routes = routesTo("10.0.1.1", "10.0.9.1") })
	offset := func(s float64) func(*estate.Estate) {
		return change(func(a *estate.GuestActivation) { a.ClockOffset = &s })
	}
	notLicensed := "activation.not-licensed@" + lmInstance + " proven"
	want := func(findings ...string) []string {
		out := []string{"problem"}
		for _, f := range findings {
			code, rest, _ := strings.Cut(f, " ")
			if !strings.Contains(code, "@") {
				f = code + "@" + lmInstance + " " + rest
			}
			out = append(out, f)
		}
		return out
	}
	return []lmCase{
		{"activated", "activation.status", nil, []string{"ok"}},
		{"in its first grace", "activation.status", change(func(a *estate.GuestActivation) { a.Products[0].Status = 2 }), want(notLicensed + " warning")},
		{"an add-on is not", "activation.status", change(func(a *estate.GuestActivation) {
			a.Products = append([]estate.GuestLicense{{Name: "Windows(R), Server-ESU-Year1 add-on", Application: windowsApplication}}, a.Products...)
		}), []string{"ok"}},
		{"the copy's routes, v1", "activation.status", all(unlicensed("0xC004F074"), closed, stale), want(notLicensed, "activation.stale-routes proven")},
		{"the copy's routes, v2", "activation.status", all(unlicensed("0xC004F074"), closed, stale, change(func(a *estate.GuestActivation) { a.V1, a.V2 = false, true })),
			want(notLicensed, "activation.stale-routes likely")},
		{"the copy's routes, still activated", "activation.status", all(closed, stale), want("activation.stale-routes proven warning")},
		{"stale routes that do no harm", "activation.status", stale, []string{"ok"}},
		{"stale routes, no port tried", "activation.status", all(unlicensed("0xC004F074"), stale, change(func(a *estate.GuestActivation) { a.Ports = nil })),
			want(notLicensed, "activation.stale-routes likely")},
		{"no route", "activation.status", all(unlicensed("0xC004F074"), closed, change(func(a *estate.GuestActivation) { a.Routes = a.Routes[:1] })), want(notLicensed, "activation.no-route proven")},
		{"missing route, and connects", "activation.status", change(func(a *estate.GuestActivation) { a.Routes = a.Routes[:1] }), []string{"ok"}},
		{"a firewall", "activation.status", all(unlicensed("0xC004F074"), closed), want(notLicensed, "activation.no-route proven")},
		{"routes not to be read", "activation.status", all(unlicensed("0xC004F074"), closed, change(func(a *estate.GuestActivation) {
			a.Routes, a.Unread = nil, estate.GuestUnread{"routes"}
		})), want(notLicensed, "activation.no-route proven")},
		{"nothing was tried", "activation.status", change(func(a *estate.GuestActivation) { a.Ports = nil }), []string{"unknown", "not-recorded"}},
		{"the company's KMS", "activation.status", all(unlicensed("0xC004F038"), change(func(a *estate.GuestActivation) { a.Products[0].KMSHost = "kms.corp.example" })),
			want(notLicensed, "activation.kms-host-wrong proven")},
		{"the company's KMS, for a reason of its own", "activation.status", all(unlicensed("0xC004F056"), change(func(a *estate.GuestActivation) { a.Products[0].KMSHost = "kms.corp.example" })),
			want(notLicensed, "activation.kms-host-wrong likely")},
		{"the company's KMS works", "activation.status", change(func(a *estate.GuestActivation) { a.Products[0].KMSHost = "kms.corp.example" }), want("activation.kms-host-wrong likely info")},
		{"another port", "activation.status", all(unlicensed("0xC004F074"), change(func(a *estate.GuestActivation) { a.Products[0].KMSPort = 1689 })), want(notLicensed, "activation.kms-host-wrong proven")},
		{"no KMS host", "activation.status", all(unlicensed("0x8007232B"), change(func(a *estate.GuestActivation) { a.Products[0].KMSHost = "" })), want(notLicensed, "activation.kms-host-wrong possible")},
		{"a retail key", "activation.status", all(unlicensed("0xC004F056"), change(func(a *estate.GuestActivation) {
			a.Products[0].Description = "Windows(R) Operating System, RETAIL channel"
		})),
			want(notLicensed, "activation.key-wrong likely")},
		{"a key of another edition", "activation.status", unlicensed("0xC004F069"), want(notLicensed, "activation.key-wrong proven")},
		{"a key used too often", "activation.status", all(unlicensed("0xC004C008"), change(func(a *estate.GuestActivation) { a.Products[0].Description = "" })), want(notLicensed, "activation.key-wrong possible")},
		{"no key", "activation.status", change(func(a *estate.GuestActivation) { a.Products = a.Products[1:] }), want(notLicensed, "activation.key-wrong likely")},
		{"a reason that nobody knows", "activation.status", unlicensed("0xDEADBEEF"), want(notLicensed)},
		{"nine hours behind", "activation.status", all(unlicensed("0xC004F06C"), offset(-9*3600)), want(notLicensed, "activation.clock-skewed proven")},
		{"six minutes ahead, activated", "activation.status", offset(360), want("activation.clock-skewed proven warning")},
		{"four minutes ahead", "activation.status", offset(240), []string{"ok"}},
		{"the clock that only the reason tells", "activation.status", all(unlicensed("0xC004F06C"), change(func(a *estate.GuestActivation) { a.ClockOffset = nil })),
			want(notLicensed, "activation.clock-skewed likely")},
		{"a clock that somebody else read", "activation.status", func(e *estate.Estate) {
			offset(-9 * 3600)(e)
			f, _ := e.Fact(estate.GuestActivationPart.Key(lmInstance))
			e.Put(estate.GuestActivationPart.Part(lmInstance, f.(fact.Of[estate.GuestActivation]).WithOrigin(fact.Origin{Source: fact.Customer})))
		}, want("activation.clock-skewed likely warning")},
		{"Office", "activation.status", change(func(a *estate.GuestActivation) { a.Products[1].Status, a.Products[1].Reason = 0, "0xC004F074" }),
			want("activation.not-licensed@" + lmInstance + "/office proven")},
		{"Office on a Windows of one's own", "activation.status", all(func(e *estate.Estate) {
			lmChange(e, estate.InstancePart, lmInstance, func(i *estate.Instance) { i.UsageOperation = ownLicenseOperation })
		}, unlicensed("0xC004F074"), closed), []string{"ok"}},
		{"nobody knows who provides the licence", "activation.status", func(e *estate.Estate) {
			lmChange(e, estate.InstancePart, lmInstance, func(i *estate.Instance) {
				i.UsageOperation, i.PlatformDetails = "RunInstances:9999", "Windows of somebody"
			})
		}, []string{"unknown", "blocked-by"}},
		{"no Office yet", "activation.status", change(func(a *estate.GuestActivation) { a.Products = a.Products[:1] }), []string{"ok"}},
		{"products not to be read", "activation.status", change(func(a *estate.GuestActivation) { a.Products, a.Unread = nil, estate.GuestUnread{"products"} }), []string{"unknown", "not-recorded"}},
	}
}

// In Japan the clock is wrong by just nine hours where Windows takes UTC for local
// time; that has a reason of its own, which the evidence names.
func TestNineHoursAreExplained(t *testing.T) {
	one := 1
	for _, c := range []struct {
		name   string
		change func(*estate.GuestActivation)
		want   bool
	}{
		{"Japan", func(*estate.GuestActivation) {}, true},
		{"RealTimeIsUniversal is set", func(a *estate.GuestActivation) { a.RealTimeIsUniversal = &one }, false},
		{"UTC", func(a *estate.GuestActivation) { a.TimeZone = "UTC" }, false},
		{"eight hours", func(a *estate.GuestActivation) { s := -8.0 * 3600; a.ClockOffset = &s }, false},
	} {
		e := lmEstate()
		inside(estate.GuestActivationPart, func(a *estate.GuestActivation) {
			s := -9.0*3600 + 20
			a.ClockOffset = &s
			c.change(a)
		})(e)
		v := lmProbe(t, "activation.status").Judge(estate.NewView(e))
		got := false
		for _, f := range v.Findings {
			for _, x := range f.Evidence {
				got = got || strings.HasSuffix(x.At, "#real_time_is_universal")
			}
		}
		if len(v.Findings) != 1 || got != c.want {
			t.Errorf("%s: explained %v, findings %+v", c.name, got, v.Findings)
		}
	}
}

func TestReasonsAreExplained(t *testing.T) {
	for code, r := range reasons() {
		if !r.meaning.Complete() || r.family == "" {
			t.Errorf("%s: %+v", code, r)
		}
		got, ok := reasonOf("0x" + strings.ToLower(code))
		if !ok || got != r {
			t.Errorf("0x%s: %+v, %v", strings.ToLower(code), got, ok)
		}
	}
	if _, ok := reasonOf("0x00000000"); ok {
		t.Error("no error has a meaning")
	}
}

// Whatever Windows says of its licences, a judgement is made, in both languages,
// and activated products are never called the opposite.
func TestAnyActivationIsJudged(t *testing.T) {
	text := rapid.OneOf(rapid.SampledFrom([]string{"", "169.254.169.250", "0xC004F074", "10.0.1.1", "0.0.0.0/0", "169.254.169.250/32", "ActiveStore", "PersistentStore", windowsApplication, officeApplication}), rapid.String())
	rapid.Check(t, func(t *rapid.T) {
		e := lmEstate()
		a := estate.GuestActivation{Ports: map[string]string{}, TimeZone: text.Draw(t, "zone"), V1: rapid.Bool().Draw(t, "v1")}
		for range rapid.IntRange(0, 3).Draw(t, "products") {
			a.Products = append(a.Products, estate.GuestLicense{
				Name: text.Draw(t, "name"), Description: text.Draw(t, "description"), Application: text.Draw(t, "application"),
				Status: rapid.IntRange(-1, 8).Draw(t, "status"), Reason: text.Draw(t, "reason"), KMSHost: text.Draw(t, "host"), KMSPort: rapid.IntRange(-1, 70000).Draw(t, "port"),
			})
		}
		for range rapid.IntRange(0, 5).Draw(t, "routes") {
			a.Routes = append(a.Routes, estate.GuestRoute{Store: text.Draw(t, "store"), Destination: text.Draw(t, "destination"), NextHop: text.Draw(t, "hop")})
		}
		for range rapid.IntRange(0, 2).Draw(t, "ports") {
			a.Ports[rapid.SampledFrom([]string{"169.254.169.250:1688", "169.254.169.251:1688", "x"}).Draw(t, "target")] = text.Draw(t, "result")
		}
		if rapid.Bool().Draw(t, "offset known") {
			s := rapid.Float64().Draw(t, "offset")
			a.ClockOffset = &s
		}
		e.Put(estate.GuestActivationPart.Part(lmInstance, fact.Known(a, fact.Origin{Source: fact.Guest})))
		v := judgeActivation(estate.NewView(e))
		if !v.Say.Complete() && v.Say != (lang.Text{}) {
			t.Errorf("says %+v", v.Say)
		}
		row, found := windowsLicense(a.Products)
		for _, f := range v.Findings {
			if f.Code == "activation.not-licensed" && f.Subject == lmInstance && found && row.Status == activated {
				t.Errorf("an activated Windows is called not activated: %+v", row)
			}
		}
	})
}
