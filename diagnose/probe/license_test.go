package probe

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
)

func lmProbes() []Probe {
	return slices.Concat(directoryProbes(), licenseProbes(), cloneProbes(), activationProbes(), passwordProbes(), guestProbes(), screenProbes())
}

func lmProbe(t *testing.T, id string) Probe {
	t.Helper()
	for _, p := range lmProbes() {
		if p.ID == id {
			return p
		}
	}
	t.Fatalf("no probe %q", id)
	return Probe{}
}

func lmSummary(v Verdict) []string {
	out := []string{string(v.Outcome)}
	for _, f := range v.Findings {
		s := f.ID() + " " + string(f.Certainty)
		if f.Severity != "" {
			s += " " + string(f.Severity)
		}
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	for _, w := range v.Whys {
		if !slices.Contains(out, string(w.Reason)) {
			out = append(out, string(w.Reason))
		}
	}
	return out
}

func (c lmCase) estate() *estate.Estate {
	e := lmEstate()
	if c.make != nil {
		c.make(e)
	}
	return e
}

func TestLicenseVerdicts(t *testing.T) {
	for _, c := range lmCases() {
		t.Run(c.probe+"/"+c.name, func(t *testing.T) {
			v := lmProbe(t, c.probe).Judge(estate.NewView(c.estate()))
			if diff := cmp.Diff(c.want, lmSummary(v)); diff != "" {
				t.Errorf("verdict %+v\n(-want +got)\n%s", v, diff)
			}
			if !v.Say.Complete() {
				t.Errorf("the verdict says nothing in one language: %+v", v.Say)
			}
		})
	}
}

// A probe declares exactly the parts that it reads and the findings that it makes,
// fills what their texts need, and shows what an ok or a finding stands on.
func TestLicenseDeclarations(t *testing.T) {
	catalogue, err := finding.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range lmProbes() {
		read, made, asked := map[string]bool{}, map[finding.Code]bool{}, map[string]bool{}
		for _, c := range lmCases() {
			view := estate.NewView(c.estate())
			v := p.Judge(view)
			for _, k := range view.Touched() {
				read[k.Kind] = true
			}
			for _, a := range view.Asked() {
				asked[a] = true
			}
			if v.Outcome == OK && len(v.Evidence) == 0 {
				t.Errorf("%s on %s/%s: ok without evidence", p.ID, c.probe, c.name)
			}
			for _, f := range v.Findings {
				made[f.Code] = true
				if len(f.Evidence) == 0 || f.Subject == "" {
					t.Errorf("%s: %s has no evidence or no subject", p.ID, f.ID())
				}
				entry, known := catalogue.Entry(f.Code)
				if !known {
					t.Fatalf("%s is not in the catalogue", f.Code)
				}
				for _, name := range entry.Params {
					if name != "subject" && f.Params[name] == "" {
						t.Errorf("%s: %s does not fill {%s}", p.ID, f.ID(), name)
					}
				}
				for _, e := range append(slices.Clone(f.Evidence), v.Evidence...) {
					if !e.Rule.Complete() || e.At == "" {
						t.Errorf("%s: evidence of %s says nothing in one language: %+v", p.ID, f.ID(), e)
					}
				}
			}
		}
		declared := map[string]bool{}
		for _, k := range p.Parts {
			declared[k.Name()] = true
		}
		// A prefix list is read only where a rule names one.
		delete(declared, estate.PrefixListPart.Name())
		if diff := cmp.Diff(declared, read); diff != "" {
			t.Errorf("%s: parts declared and read differ (-declared +read)\n%s", p.ID, diff)
		}
		for _, c := range p.Codes {
			if !made[c] {
				t.Errorf("%s: no case makes %s", p.ID, c)
			}
			delete(made, c)
		}
		for c := range made {
			t.Errorf("%s makes %s and does not declare it", p.ID, c)
		}
		for a := range asked {
			if !slices.Contains(p.Asks, a) {
				t.Errorf("%s reads the answer %q and does not declare it", p.ID, a)
			}
		}
	}
}

// Taking facts away makes judgements unknown and nothing else: no finding appears,
// no problem becomes ok, no ok a problem.
func TestLicenseMonotone(t *testing.T) {
	cases := lmCases()
	probes := lmProbes()
	rapid.Check(t, func(t *rapid.T) {
		c := rapid.SampledFrom(cases).Draw(t, "case")
		full := c.estate()
		poor := full.Clone()
		for _, k := range full.Keys() {
			if rapid.IntRange(0, 5).Draw(t, "deny "+k.String()) == 0 {
				lmDeny(poor, k)
			}
		}
		for _, p := range probes {
			before, after := p.Judge(estate.NewView(full)), p.Judge(estate.NewView(poor))
			var had []string
			for _, f := range before.Findings {
				had = append(had, f.ID())
			}
			for _, f := range after.Findings {
				if !slices.Contains(had, f.ID()) {
					t.Fatalf("%s on %s/%s: %s appeared", p.ID, c.probe, c.name, f.ID())
				}
			}
			if after.Outcome != Unknown && after.Outcome != before.Outcome {
				t.Fatalf("%s on %s/%s: %s became %s", p.ID, c.probe, c.name, before.Outcome, after.Outcome)
			}
		}
	})
}

// An instance that is no product of License Manager costs no call to it.
func TestLicenseAsksNothingForOthers(t *testing.T) {
	e := lmEstate()
	lmChange(e, estate.InstancePart, lmInstance, func(i *estate.Instance) { i.ProductCodes, i.Tags = nil, nil })
	for _, p := range licenseProbes() {
		view := estate.NewView(e)
		if v := p.Judge(view); v.Outcome != NotApplicable {
			t.Errorf("%s: %s", p.ID, v.Outcome)
		}
		for _, k := range view.Touched() {
			if k.Kind != "instance" && k.Kind != "trail" {
				t.Errorf("%s asks for %s", p.ID, k)
			}
		}
	}
}

func TestADDomain(t *testing.T) {
	type want struct {
		fqdn, directory string
		certainty       finding.Certainty
		second          bool
	}
	good := want{lmFQDN, lmDirectory, finding.Proven, false}
	second := want{lmFQDN, lmDirectory, finding.Likely, true}
	lm := []estate.Key{estate.IdentityProvidersPart.Key(""), estate.LicensedInstancesPart.Key("")}
	for name, c := range map[string]struct {
		make func(*estate.Estate)
		want want
		why  fact.Reason
	}{
		"registered":           {nil, good, ""},
		"stated, and the same": {func(e *estate.Estate) { e.Answers[estate.AnswerADDomain] = "Corp.Example.Local" }, good, ""},
		"stated, another":      {func(e *estate.Estate) { e.Answers[estate.AnswerADDomain] = "other.example" }, want{"other.example", "", finding.Likely, false}, ""},
		"stated, no name":      {func(e *estate.Estate) { e.Answers[estate.AnswerADDomain] = "two words" }, good, ""},
		"interfaces":           {func(e *estate.Estate) { lmDeny(e, lm...) }, second, ""},
		"two, chosen by the VPC": {func(e *estate.Estate) {
			lmTwoDirectories(e)
			lmPeered("vpc-ad2")(e)
			lmPut(e, estate.DomainControllersPart, "d-9967000002", []estate.DomainController{})
		}, want{"two.example.local", "d-9967000002", finding.Proven, false}, ""},
		"two, not to be chosen": {lmTwoDirectories, want{}, fact.BlockedBy},
		"several directories, and the trail": {func(e *estate.Estate) {
			lmTwoDirectories(e)
			lmDeny(e, append(lm, estate.LicenseInterfacesPart.Key(""))...)
			lmPut(e, estate.TrailPart, "EventName=RegisterIdentityProvider", estate.Trail{Complete: true, Events: []estate.TrailEvent{
				{ID: "e0", Name: "RegisterIdentityProvider", Error: "ValidationException", Params: map[string]string{"directoryId": "d-9967000002"}},
				{ID: "e1", Name: "RegisterIdentityProvider", Resources: []estate.Named{{Name: lmDirectory}}},
			}})
		}, second, ""},
		"nothing but the directory": {func(e *estate.Estate) { lmDeny(e, append(lm, estate.LicenseInterfacesPart.Key(""))...) }, second, ""},
		"nothing but the join error": {func(e *estate.Estate) {
			lmDead(e)
			lmJoinFailed(e)
			lmDeny(e, append(lm, estate.LicenseInterfacesPart.Key(""), estate.DirectoriesPart.Key(""))...)
		}, want{lmFQDN, "", finding.Likely, true}, ""},
		"nothing at all": {func(e *estate.Estate) {
			lmDeny(e, append(lm, estate.LicenseInterfacesPart.Key(""), estate.DirectoriesPart.Key(""))...)
		}, want{}, fact.Denied},
		"still being read":   {func(e *estate.Estate) { e.Remove(estate.DirectoriesPart.Key("")) }, want{}, fact.Pending},
		"nothing registered": {func(e *estate.Estate) { lmEmpty(e) }, want{}, fact.BlockedBy},
		"no product, no answer": {func(e *estate.Estate) {
			lmChange(e, estate.InstancePart, lmInstance, func(i *estate.Instance) { i.ProductCodes, i.Tags = nil, nil })
		}, want{}, fact.NeedsAnswer},
	} {
		t.Run(name, func(t *testing.T) {
			e := lmEstate()
			if c.make != nil {
				c.make(e)
			}
			v := estate.NewView(e)
			p, whys := thePatient(v)
			if len(whys) > 0 {
				t.Fatal(whys)
			}
			d, whys := adDomain(v, p)
			if c.why != "" {
				if len(whys) == 0 || whys[0].Reason != c.why {
					t.Fatalf("got %+v, %v; want %s", d, whys, c.why)
				}
				return
			}
			got := want{d.FQDN, d.Directory, d.Certainty, slices.ContainsFunc(d.assumptions, func(a finding.Assumption) bool { return a.Code == finding.AssumeSecondSource })}
			if len(whys) > 0 || got != c.want {
				t.Errorf("got %+v %v, want %+v", got, whys, c.want)
			}
			if got.directory == lmDirectory && len(d.Servers) != 2 {
				t.Errorf("servers %v", d.Servers)
			}
		})
	}
}

func lmEmpty(e *estate.Estate) {
	lmPut(e, estate.IdentityProvidersPart, "", []estate.IdentityProvider{})
	lmPut(e, estate.LicenseInterfacesPart, "", []estate.Interface{})
	lmPut(e, estate.DirectoriesPart, "", []estate.Directory{})
}

func TestReadJoin(t *testing.T) {
	for _, c := range []struct{ text, kind, domain string }{
		{"Add-Computer : Computer 'EC2AMAZ-7Q2K9D1' failed to join domain 'corp.example.local' from its current workgroup 'WORKGROUP' with following error message: The specified domain either does not exist or could not be contacted.", joinDNS, lmFQDN},
		{"failed to join domain 'corp.example.local' with following error message: The specified domain either does not exist or could not be \r\n contacted.", joinDNS, lmFQDN},
		{"An Active Directory Domain Controller (AD DC) for the domain \"corp.example.local\" could not be contacted.", joinDNS, lmFQDN},
		{"Add-Computer : コンピューター 'EC2AMAZ-7Q2K9D1' は、現在のワークグループ 'WORKGROUP' からドメイン 'corp.example.local' に参加できませんでした。エラー メッセージ: 指定されたドメインがないか、または\r\nアクセスできません。", joinDNS, lmFQDN},
		{"参加しようとしているドメインのドメイン コントローラーの DNS 名を解決できませんでした。", joinDNS, ""},
		{"NetpJoinDomain: status: 0x54b", joinDNS, ""},
		{"NetpDoDomainJoin: status: 0x52e", joinCredentials, ""},
		{"Computer 'A' failed to join domain 'corp.example.local' with following error message: The user name or password is incorrect.", joinCredentials, lmFQDN},
		{"ドメイン 'corp.example.local' に参加できませんでした: アクセスが拒否されました。", joinCredentials, lmFQDN},
		{"Computer 'A' failed to join domain 'corp.example.local': The RPC server is unavailable.", joinOther, lmFQDN},
		{"HasSucceeded : True\r\nDomain: corp.example.local", "", ""},
		{"Get-ADUser : Access is denied. Domain: corp", "", ""},
		{"No Key Management Service (KMS) could be contacted.", "", ""},
		{"", "", ""},
	} {
		f, found := readJoin(c.text)
		if found != (c.kind != "") || f.kind != c.kind || (found && f.domain != c.domain) {
			t.Errorf("%q: got %q %q %v, want %q %q", c.text, f.kind, f.domain, found, c.kind, c.domain)
		}
	}
}

func FuzzReadJoin(f *testing.F) {
	f.Add("failed to join domain 'corp.example.local': access is denied")
	f.Add("ドメイン 「a.b」 に参加できませんでした")
	f.Add("domain 0x54b \x1b[31m\xff")
	f.Fuzz(func(t *testing.T, s string) {
		j, found := readJoin(s)
		if !found {
			return
		}
		if !slices.Contains([]string{joinDNS, joinCredentials, joinOther}, j.kind) {
			t.Errorf("kind %q", j.kind)
		}
		if len([]rune(j.text)) > 400 || strings.ContainsAny(j.text, "\r\n") {
			t.Errorf("the text is not one short line: %q", j.text)
		}
		if j.domain != "" && domainName(j.domain) == "" {
			t.Errorf("%q is no domain name", j.domain)
		}
	})
}

func FuzzDomainName(f *testing.F) {
	f.Add("Corp.Example.Local.")
	f.Add(" a..b ")
	f.Fuzz(func(t *testing.T, s string) {
		if n := domainName(s); n != "" && domainName(n) != n {
			t.Errorf("%q becomes %q, which is not stable", s, n)
		}
	})
}

func TestProductCodes(t *testing.T) {
	for code, want := range map[string]string{
		"77yzkpa7kvee1y1tt7wnsdwoc": "OFFICE_PROFESSIONAL_PLUS",
		"bz0vcy31ooqlzk5tsash4r1ik": "VISUAL_STUDIO_ENTERPRISE",
		"d44g89hc0gp9jdzm99rznthpw": "VISUAL_STUDIO_PROFESSIONAL",
		"5uypd9kpy863kwykrwn4bcolv": "",
	} {
		l, known := productOfCode(code)
		if !known || !l.Is || l.Product != want || l.Name == "" || l.Office != strings.HasPrefix(want, "OFFICE") {
			t.Errorf("%s: %+v", code, l)
		}
	}
	if _, known := productOfCode("aw0evgkw8e5c1q413zgy5pjce"); known {
		t.Error("a code of something else is taken for License Manager's")
	}
	both := patient{Instance: estate.Instance{ProductCodes: []estate.ProductCode{{ID: "a8jthu9h8pjsn4b8ylvfl6sfr"}, {ID: "bz0vcy31ooqlzk5tsash4r1ik"}, {ID: lmOffice}}}}
	l, _ := productOfCodes(both)
	if l.Product != "VISUAL_STUDIO_ENTERPRISE" || !l.Office || len(l.Products) != 2 {
		t.Errorf("several products: %+v", l)
	}
}
