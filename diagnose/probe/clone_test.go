package probe

import (
	"time"

	"github.com/monshin/monshin/diagnose/estate"
)

// machineCases are about clones, activation and passwords.
func machineCases() []lmCase {
	ok := []string{"ok"}
	na := []string{"not-applicable"}
	is := func(p patientEdit) func(*estate.Estate) {
		return func(e *estate.Estate) { lmChange(e, estate.InstancePart, lmInstance, p) }
	}
	return []lmCase{
		{"lineage of a Marketplace image", "clone.lineage", nil, na},
		{"names of their own", "clone.lineage", func(e *estate.Estate) { lmSelfImage(e, "", lmPeer(lmInstance, "A"), lmPeer("i-2", "B")) }, ok},
		{"one name for three", "clone.lineage", func(e *estate.Estate) {
			lmSelfImage(e, "", lmPeer(lmInstance, "EC2AMAZ-BAKNN26"), lmPeer("i-2", "ec2amaz-baknn26.corp.example.local"), lmPeer("i-3", "EC2AMAZ-BAKNN26"), lmPeer("i-4", ""))
		}, []string{"problem", "clone.suspected@" + lmImage + " likely"}},
		{"the source's name", "clone.lineage", func(e *estate.Estate) {
			lmSelfImage(e, "i-source", lmPeer(lmInstance, "A"))
			lmPut(e, estate.ManagedNodePart, "i-source", estate.ManagedNode{ID: "i-source", ComputerName: "A"})
		}, []string{"problem", "clone.suspected@" + lmImage + " likely"}},
		{"the source without a name", "clone.lineage", func(e *estate.Estate) {
			lmSelfImage(e, "i-source", lmPeer(lmInstance, "A"))
			lmAbsent(e, estate.ManagedNodePart, "i-source")
			lmPut(e, estate.InstancePart, "i-source", estate.Instance{ID: "i-source", State: "stopped"})
		}, []string{"unknown", "needs-guest"}},
		{"the source is gone", "clone.lineage", func(e *estate.Estate) {
			lmSelfImage(e, "i-source", lmPeer(lmInstance, "A"))
			lmAbsent(e, estate.ManagedNodePart, "i-source")
			lmAbsent(e, estate.InstancePart, "i-source")
		}, na},
		{"siblings denied", "clone.lineage", func(e *estate.Estate) {
			lmSelfImage(e, "")
			lmDeny(e, estate.SiblingsPart.Key(lmImage))
		}, []string{"unknown", "denied"}},
		{"siblings cut", "clone.lineage", func(e *estate.Estate) {
			lmSelfImage(e, "", lmPeer(lmInstance, "A"), lmPeer("i-2", "B"))
			lmChange(e, estate.SiblingsPart, lmImage, func(p *estate.Peers) { p.Complete = false })
		}, []string{"unknown", "not-recorded"}},
		{"sid of a Marketplace image", "clone.sid", nil, ok},
		{"sid of an own image", "clone.sid", func(e *estate.Estate) { lmSelfImage(e, ""); notAsked(e) }, []string{"unknown", "needs-guest"}},
		{"sid, image denied", "clone.sid", func(e *estate.Estate) { lmDeny(e, estate.ImagePart.Key(lmImage)) }, []string{"unknown", "denied"}},

		{"licence included", "activation.billing", nil, ok},
		{"own licence", "activation.billing", is(func(i *estate.Instance) { i.UsageOperation = "RunInstances:0800" }), na},
		{"billing not told", "activation.billing", is(func(i *estate.Instance) { i.UsageOperation, i.PlatformDetails = "", "" }), []string{"unknown", "not-recorded"}},
		{"activation", "activation.status", notAsked, []string{"unknown", "needs-guest"}},
		{"activation of an own licence", "activation.status", is(func(i *estate.Instance) {
			i.PlatformDetails, i.ProductCodes, i.Tags = "Windows BYOL", nil, nil
		}), na},
		{"activation of the dead", "activation.status", lmDead, na},

		{"key pair", "password.key-pair", nil, ok},
		{"no key pair", "password.key-pair", is(func(i *estate.Instance) { i.KeyName = "" }), []string{"problem", "password.no-key-pair@" + lmInstance + " proven"}},
		{"password", "password.data", nil, ok},
		{"password without a key pair", "password.data", func(e *estate.Estate) {
			is(func(i *estate.Instance) { i.KeyName = "" })(e)
			e.Remove(estate.PasswordPart.Key(lmInstance))
		}, na},
		{"password too early", "password.data", func(e *estate.Estate) {
			lmPut(e, estate.PasswordPart, lmInstance, estate.Password{})
			is(func(i *estate.Instance) { i.RootAttached = lmNow().Add(-14 * time.Minute) })(e)
		}, []string{"problem", "password.too-early@" + lmInstance + " proven", "too-early"}},
		{"password never", "password.data", func(e *estate.Estate) { lmPut(e, estate.PasswordPart, lmInstance, estate.Password{}) },
			[]string{"problem", "password.not-generated@" + lmInstance + " proven"}},
		{"password denied", "password.data", func(e *estate.Estate) { lmDeny(e, estate.PasswordPart.Key(lmInstance)) }, []string{"unknown", "denied"}},
	}
}
