package main

import (
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/monshin/monshin/diagnose/cloud"
	"github.com/monshin/monshin/diagnose/lab"
	"github.com/monshin/monshin/diagnose/remedy"
	"github.com/monshin/monshin/diagnose/remedy/fixes"
	"github.com/monshin/monshin/sessions/journal"
)

// watchman stands at the seam of the SDK: whatever changes something must stand in the
// journal first, with the consent to it.
type watchman struct {
	t        *testing.T
	path     string
	mutating map[string]bool

	mu    sync.Mutex
	calls map[string]bool // actions, since watch
}

// watch begins with the first call of a fix.
func (w *watchman) watch(o operation) {
	mutating := map[string]bool{}
	for _, a := range o.lab.Mutating() {
		mutating[a] = true
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.path, w.mutating, w.calls = o.dir, mutating, map[string]bool{}
}

// before is called with every attempt, before the account answers it.
func (w *watchman) before(action string, _ *lab.World) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.calls == nil {
		return // the walk, which has its own tests
	}
	w.calls[action] = true
	if !w.mutating[action] || action == "ssm:SendCommand" { // of which done judges those that change something
		return
	}
	r, err := journal.Open(w.path)
	if err != nil {
		w.t.Errorf("%s is called, and the journal cannot be read: %v", action, err)
		return
	}
	if call, ok := openIntent(w.t, r.Deeds); !ok || call.Operation != action {
		w.t.Errorf("%s is called without its intent and a consent on disk", action)
	}
}

// openIntent is the call of the last intent that has no result, where its run was
// planned before and its very plan approved.
func openIntent(t *testing.T, deeds []journal.Deed) (remedy.Call, bool) {
	t.Helper()
	plans, approvals := map[string]remedy.Planned{}, map[string]remedy.Approved{}
	var intent remedy.Intent
	open := false
	for _, d := range deeds {
		var err error
		switch d.Kind {
		case journal.KindPlan:
			var x remedy.Planned
			err = json.Unmarshal(d.Body, &x)
			plans[x.Run] = x
		case journal.KindApproval:
			var x remedy.Approved
			err = json.Unmarshal(d.Body, &x)
			approvals[x.Run] = x
		case journal.KindIntent:
			intent, open = remedy.Intent{}, true
			err = json.Unmarshal(d.Body, &intent)
		case journal.KindResult:
			open = false
		}
		if err != nil {
			t.Error(err)
		}
	}
	p, planned := plans[intent.Run]
	a, approved := approvals[intent.Run]
	return intent.Call, open && planned && approved && a.Approval.Hash == p.Hash && p.Plan.Hash() == p.Hash
}

// done compares what the account took with what the journal holds, action by action in
// their order.
func (w *watchman) done(o operation) {
	w.t.Helper()
	var intended, taken []string
	for _, d := range o.deeds(w.t) {
		if d.Kind != journal.KindIntent {
			continue
		}
		var x remedy.Intent
		if err := json.Unmarshal(d.Body, &x); err != nil {
			w.t.Fatal(err)
		}
		intended = append(intended, x.Call.Operation)
	}
	for _, m := range o.lab.Mutations() {
		taken = append(taken, m.Action)
	}
	if !slices.Equal(intended, taken) {
		w.t.Errorf("the journal holds the intents %q, and the account was asked for %q", intended, taken)
	}
}

// callsOfFixes are the actions that each fix was seen to use, its walk's not counted.
type callsOfFixes struct {
	mu sync.Mutex
	by map[string]map[string]bool
}

func (c *callsOfFixes) add(fix string, calls map[string]bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.by[fix] == nil {
		c.by[fix] = map[string]bool{}
	}
	for a := range calls {
		c.by[fix][a] = true
	}
}

// withoutCalls are actions that AWS asks for beside a call, and that are no calls:
// tags given at the making of a thing, and a role that is handed over.
var withoutCalls = map[string]string{
	"ec2:CreateTags":              "the tags of what is made are given with the call that makes it",
	"iam:PassRole":                "asked for where an instance profile is attached",
	"iam:TagRole":                 "the tags of a role are given with CreateRole",
	"iam:TagInstanceProfile":      "the tags of a profile are given with CreateInstanceProfile",
	"route53resolver:TagResource": "the tags of endpoints and rules are given with the calls that make them",
}

// compare holds the actions that the fixes declare, which monshin permissions --fixes
// asks for, against those that their runs used.
func (c *callsOfFixes) compare(t *testing.T, k *knowledge) {
	t.Helper()
	walk, err := k.needs(&flags{}, false, false)
	if err != nil {
		t.Fatal(err)
	}
	walked := map[string]bool{"sts:GetCallerIdentity": true} // needs no permission
	for _, n := range walk {
		walked[n.Action] = true
	}
	all, err := k.needs(&flags{}, false, true)
	if err != nil {
		t.Fatal(err)
	}
	asked := map[string]bool{}
	for _, n := range all {
		asked[n.Action] = true
	}
	for _, f := range fixes.Library().All() {
		used, ran := c.by[f.ID]
		if _, known := elsewhere[f.ID]; ran == known && f.Mode == remedy.Automatic {
			t.Errorf("%s ran in a scenario: %t; in the list of those that run in other tests: %t", f.ID, ran, known)
		}
		if !ran {
			continue
		}
		may := map[string]bool{}
		for _, a := range f.Actions {
			may[a] = true
			for _, w := range cloud.Watching(a) {
				may[w] = true
			}
		}
		for a := range used {
			switch {
			case !asked[a] && !walked[a]:
				t.Errorf("%s used %s, which monshin permissions --fixes does not ask for", f.ID, a)
			case !may[a] && !walked[a]:
				t.Errorf("%s used %s, which it does not declare", f.ID, a)
			}
		}
		for _, a := range f.Actions {
			if !used[a] && withoutCalls[a] == "" && otherwise[f.ID+" "+a] == "" {
				t.Errorf("%s declares %s, which none of its runs used: take it away, or say here why it stays", f.ID, a)
			}
		}
	}
	for key := range otherwise {
		id, action, _ := strings.Cut(key, " ")
		if c.by[id][action] {
			t.Errorf("%s used %s: it need not stand in the list of those that do not", id, action)
		}
	}
}

// otherwise are declared actions that no scenario of the lab leads to, and why.
var otherwise = map[string]string{
	"iam.attach-profile ec2:ReplaceIamInstanceProfileAssociation": "where the instance has a stale profile",
	"iam.create-profile ec2:ReplaceIamInstanceProfileAssociation": "where the instance has a stale profile",
	"endpoint.enable-private-dns ec2:ModifyVpcAttribute":          "where the VPC's DNS attributes are off as well",
	"license.open-1688 ec2:AuthorizeSecurityGroupEgress":          "where the instance's own group is closed",
	"license.open-1688 ec2:RevokeSecurityGroupEgress":             "where the instance's own group is closed",
	"license.open-1688 ec2:CreateNetworkAclEntry":                 "where a network ACL is closed",
	"license.open-1688 ec2:DeleteNetworkAclEntry":                 "where a network ACL is closed",
}

// elsewhere are the fixes that no scenario leads to, and where else they are tried.
var elsewhere = map[string]string{
	"iam.fill-profile":          carriedOut,
	"iam.repair-trust":          carriedOut,
	"imds.enable":               carriedOut,
	"endpoint.repair-policy":    carriedOut,
	"dns.update-rule":           carriedOut,
	"license.create-role":       carriedOut,
	"license.associate-user":    carriedOut,
	"license.catch-one":         carriedOut,
	"activation.set-kms-host":   carriedOut,
	"activation.set-client-key": carriedOut,
	"rdp.start-service":         carriedOut,
	"iam.replace-profile":       plannedOnly, // its call stands in the tests of the caller
	"agent.update":              plannedOnly,
	"agent.restart":             plannedOnly,
	"activation.remove-routes":  plannedOnly,
	"dns.add-forwarder":         plannedOnly,
	"password.reset":            plannedOnly,
}

const (
	carriedOut  = "diagnose/remedy/fixes carries it out on an account that it breaks itself"
	plannedOnly = "diagnose/remedy/fixes compares the actions of its plan with those it declares"
)
