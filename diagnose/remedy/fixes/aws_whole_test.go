package fixes_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/remedy"
	"github.com/monshin/monshin/diagnose/remedy/fixes"
)

// From several causes to none: the plans are made one after the other, each on the
// estate that the one before leaves.
func TestTheWholePlanLeavesNoRootCause(t *testing.T) {
	for name, want := range map[string][]string{
		"many-causes":         {"dns.enable-hostnames", "endpoint.allow-ingress", "endpoint.create", "iam.attach-policy", "network.open-acl"},
		"office-user-missing": {"license.associate-user", "license.subscribe-user"},
	} {
		p := walked(t, name)
		var whole remedy.Whole
		for range 20 {
			w, wanted, err := remedy.PlanAll(fixes.Library(), p.options, p.estate, p.found)
			if err != nil {
				t.Fatal(err)
			}
			if whole = w; len(wanted) == 0 {
				break
			}
			p.read(t.Context(), wanted)
		}
		var ids []string
		for _, x := range whole.Proposals {
			ids = append(ids, x.Fix.ID)
		}
		if len(whole.Left) > 0 || whole.Forecast == nil || len(whole.Forecast.Roots) > 0 {
			t.Errorf("%s: %q leave %v", name, ids, whole.Left)
		}
		slices.Sort(ids)
		// Creating the endpoint turns the host names on as well, where that comes first.
		want = slices.DeleteFunc(want, func(id string) bool { return id == "dns.enable-hostnames" && !slices.Contains(ids, id) })
		if !slices.Equal(ids, want) {
			t.Errorf("%s: %q, want %q", name, ids, want)
		}
	}
}

// Whatever of an estate is missing, refused or gone, a fix makes a plan, refuses or
// asks for a part; it never fails, and the same estate makes the same plan.
func TestPlansOfBrokenEstates(t *testing.T) {
	files := map[string]*patientFile{}
	for _, name := range []string{"many-causes", "no-role", "office-terminates", "office-1688", "office-user-missing", "dns-forwarder-missing"} {
		files[name] = walked(t, name)
		for _, f := range fixes.Library().All() { // so that what plans read is there to be taken away
			for _, w := range files[name].found.Findings {
				if slices.Contains(f.For, w.Code) {
					files[name].make(t, f, w.Finding)
				}
			}
		}
	}
	names := []string{"many-causes", "no-role", "office-terminates", "office-1688", "office-user-missing", "dns-forwarder-missing"}
	rapid.Check(t, func(t *rapid.T) {
		p := files[rapid.SampledFrom(names).Draw(t, "scenario")]
		e := p.estate.Clone()
		for _, k := range e.Keys() {
			kind, _ := estate.Lookup(k.Kind)
			switch rapid.IntRange(0, 9).Draw(t, k.String()) {
			case 0:
				e.Remove(k)
			case 1:
				e.Put(kind.Unknown(k.ID, fact.Why{Reason: fact.Denied, Action: "some:Action"}))
			case 2:
				part, err := estate.Decode(k, []byte(`{"state":"absent"}`))
				if err != nil {
					t.Fatal(err)
				}
				e.Put(part)
			}
		}
		w := rapid.SampledFrom(p.found.Findings).Draw(t, "finding").Finding
		if rapid.Bool().Draw(t, "hostile") {
			w.Subject = rapid.String().Draw(t, "subject")
			w.Params = map[string]string{}
			for _, name := range []string{"service", "endpoint", "acl", "group", "directory", "domain", "servers", "product", "vpc"} {
				w.Params[name] = rapid.String().Draw(t, name)
			}
		}
		for _, f := range fixes.Library().All() {
			if !family(f.ID) {
				continue
			}
			w.Code = f.For[0]
			checkDraft(t, f, e, w)
		}
	})
}

// family tells the fixes on the side of AWS.
func family(id string) bool {
	for _, prefix := range []string{"iam.", "imds.", "endpoint.", "network.", "dns.", "license."} {
		if len(id) > len(prefix) && id[:len(prefix)] == prefix {
			return true
		}
	}
	return false
}

func checkDraft(t *rapid.T, f remedy.Fix, e *estate.Estate, w finding.Finding) {
	d, err := remedy.Make(f, e, w)
	if err != nil {
		t.Fatalf("%s: %v", f.ID, err)
	}
	n := 0
	for _, is := range []bool{d.Plan != nil, d.Refused != nil, len(d.Wanted) > 0} {
		if is {
			n++
		}
	}
	if n != 1 {
		t.Fatalf("%s: %+v", f.ID, d)
	}
	if d.Refused != nil && !d.Refused.Say.Complete() {
		t.Fatalf("%s refuses without a reason", f.ID)
	}
	if d.Plan == nil {
		return
	}
	again, err := remedy.Make(f, e.Clone(), w)
	if err != nil || again.Plan == nil || again.Plan.Hash() != d.Plan.Hash() {
		t.Fatalf("%s: another plan for the same estate (%v)", f.ID, err)
	}
}
