package guest

import (
	"encoding/json"
	"math"
	"net/netip"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
)

// How many entries the scripts print at most of what Windows may have many of.
const (
	maxMismatches = 50
	maxFailures   = 40
	maxAccounts   = 32
	maxList       = 200 // routes, servers, local administrators, SIDs
	// maxText is where the scripts cut a text.
	maxText = 250
)

func identity(b json.RawMessage) (estate.GuestIdentity, error) {
	required := []string{"host", "joined", "role", "build", "ubr"}
	optional := []string{"machine_sid", "computer_sid", "mismatches", "secure_channel", "image_state"}
	return decode(b, required, optional, func(c *checker, v *estate.GuestIdentity) {
		c.name("host", v.Host, maxText)
		c.text("domain", v.Domain, maxText)
		c.within("role", int64(v.Role), 0, 5)
		c.like("machine_sid", v.MachineSID, machineForm)
		if v.MachineSID != "" && v.Role >= 4 {
			c.fail("machine_sid", "a domain controller has none")
		}
		c.like("computer_sid", v.ComputerSID, accountForm)
		c.within("build", int64(v.Build), 1, 1e6)
		c.within("ubr", int64(v.UBR), 0, 1e6)
		c.like("edition", v.Edition, wordForm)
		c.time("installed", &v.Installed)
		c.time("booted", &v.Booted)
		c.within("language", int64(v.Language), 0, math.MaxUint16)
		c.like("image_state", v.ImageState, wordForm)
		c.maybe("generalization", v.Generalization, 0, 1000)
		c.maybe("cleanup", v.Cleanup, 0, 1000)
		c.text("clone_tag", v.CloneTag, maxText)
		c.like("machine_guid", v.MachineGUID, guidForm)
		c.like("sus_client_id", v.SusClientID, guidForm)
		c.most("mismatches", len(v.Mismatches), maxMismatches)
		for i := range v.Mismatches {
			c.event("mismatches", v.Mismatches, i)
		}
	})
}

// event checks one of the times of events, which stand newest first.
func (c *checker) event(field string, times []time.Time, i int) {
	if times[i].IsZero() {
		c.fail(field, "a time is missing")
	}
	c.time(field, &times[i])
	if i > 0 && times[i].After(times[i-1]) {
		c.fail(field, "not newest first")
	}
}

func dns(b json.RawMessage) (estate.GuestDNS, error) {
	return decode(b, []string{"queries"}, []string{"servers", "suffixes"}, func(c *checker, v *estate.GuestDNS) {
		c.most("queries", len(v.Queries), 2*maxNames)
		for _, q := range v.Queries {
			c.query(q)
		}
		c.most("servers", len(v.Servers), maxList)
		for _, s := range v.Servers {
			c.most("servers", len(s), maxList)
			if len(s) == 0 {
				c.fail("servers", "an interface without a server")
			}
			for _, a := range s {
				c.address("servers", a)
				c.name("servers", a, maxText)
			}
		}
		c.most("suffixes", len(v.Suffixes), maxList)
		for _, s := range v.Suffixes {
			c.name("suffixes", s, maxText)
		}
	})
}

func (c *checker) query(q estate.GuestQuery) {
	if err := hostName(q.Name); err != nil {
		c.fail("queries", "%v", err)
	}
	c.one("queries", q.Type, "A", "SRV")
	c.address("queries", q.Server)
	// Codes of Windows and of DNS (9001 and up) lie far below this.
	c.within("queries", int64(q.Code), -1, math.MaxUint16)
	c.most("queries", len(q.Answers), maxList)
	if (q.Code == 0) != (len(q.Answers) > 0) {
		c.fail("queries", "%s: code %d with %d answers", q.Name, q.Code, len(q.Answers))
	}
	for _, a := range q.Answers {
		c.name("queries", a, maxText)
		if q.Type == "A" {
			c.address("queries", a)
		}
	}
}

func activation(b json.RawMessage) (estate.GuestActivation, error) {
	return decode(b, []string{"products", "routes", "utc"}, nil, func(c *checker, v *estate.GuestActivation) {
		c.most("products", len(v.Products), maxList)
		for _, p := range v.Products {
			c.license(p)
		}
		c.most("routes", len(v.Routes), maxList)
		for _, r := range v.Routes {
			c.one("routes", r.Store, "ActiveStore", "PersistentStore")
			if p, err := netip.ParsePrefix(r.Destination); err != nil || p != p.Masked() {
				c.fail("routes", "%.60q is not a destination", r.Destination)
			}
			c.name("routes", r.NextHop, maxText)
			c.address("routes", r.NextHop)
			c.within("routes", int64(r.Interface), 0, math.MaxInt32)
			c.within("routes", int64(r.Metric), 0, math.MaxInt32)
		}
		c.most("ports", len(v.Ports), maxNames)
		for at, got := range v.Ports {
			if _, err := netip.ParseAddrPort(at); err != nil {
				c.fail("ports", "%.60q is not an address and a port", at)
			}
			c.name("ports", got, 20)
			c.like("ports", got, probeForm)
		}
		if v.UTC.IsZero() {
			c.fail("utc", "no time")
		}
		c.time("utc", &v.UTC)
		if v.ClockOffset != nil {
			c.fail("clock_offset", "a guest cannot know it")
		}
		c.text("time_zone", v.TimeZone, maxText)
		c.maybe("real_time_is_universal", v.RealTimeIsUniversal, 0, math.MaxUint32)
	})
}

func (c *checker) license(p estate.GuestLicense) {
	c.text("products", p.Name, maxText)
	c.text("products", p.Description, maxText)
	c.name("products", p.Application, 36)
	c.like("products", p.Application, guidForm)
	c.within("products", int64(p.Status), 0, 6)
	c.like("products", p.Reason, hexForm)
	c.within("products", p.GraceMinutes, 0, math.MaxUint32)
	// More than five characters would be a part of the key that is nobody's business.
	c.like("products", p.PartialKey, keyForm)
	c.text("products", p.KMSHost, maxText)
	c.within("products", int64(p.KMSPort), 0, math.MaxUint16)
	c.text("products", p.Discovered, maxText)
}

func launch(b json.RawMessage) (estate.GuestLaunch, error) {
	required := []string{"ssm_agent"}
	return decode(b, required, []string{"password_type", "local_admins"}, func(c *checker, v *estate.GuestLaunch) {
		c.one("agent", v.Agent, "", "v1", "v2", "ec2config")
		c.time("run_once", &v.RunOnce)
		c.time("state", &v.State)
		c.like("password_type", v.PasswordType, wordForm)
		c.most("local_admins", len(v.LocalAdmins), maxList)
		for _, a := range v.LocalAdmins {
			c.name("local_admins", a.Name, maxText)
			c.within("local_admins", int64(a.RID), 0, math.MaxUint32)
		}
		c.service("ssm_agent", v.SSMAgent)
	})
}

func (c *checker) service(field string, s estate.GuestService) {
	c.one(field, s.Status, serviceStatus...)
	c.one(field, s.StartType, serviceStart...)
}

func signIn(b json.RawMessage) (estate.GuestSignIn, error) {
	required := []string{"failures_read", "term_service"}
	optional := []string{"accounts", "sessions", "grace_days", "rds_role", "allowed", "denied", "firewall_open"}
	return decode(b, required, optional, func(c *checker, v *estate.GuestSignIn) {
		if !v.FailuresRead && len(v.Failures) > 0 {
			c.fail("failures", "%d entries of a log that was not read", len(v.Failures))
		}
		c.most("failures", len(v.Failures), maxFailures)
		for i := range v.Failures {
			f := &v.Failures[i]
			c.name("failures", f.Status, 10)
			c.like("failures", f.Status, hexForm)
			c.name("failures", f.SubStatus, 10)
			c.like("failures", f.SubStatus, hexForm)
			c.text("failures", f.Account, maxText)
			c.text("failures", f.Source, maxText)
			c.within("failures", int64(f.Type), 0, 20)
			c.within("failures", int64(f.Count), 1, math.MaxInt32)
			c.time("failures", &f.Last)
		}
		c.most("accounts", len(v.Accounts), maxAccounts)
		for i := range v.Accounts {
			a := &v.Accounts[i]
			c.name("accounts", a.Name, maxText)
			c.time("accounts", &a.Expires)
			c.time("accounts", &a.PasswordExpires)
		}
		c.maybe("deny_ts", v.DenyTS, 0, math.MaxUint32)
		c.within("port", int64(v.Port), 0, math.MaxUint16)
		c.maybe("nla", v.NLA, 0, math.MaxUint32)
		c.service("term_service", v.TermService)
		c.maybe("sessions", v.Sessions, 0, 1e5)
		c.maybe("grace_days", v.GraceDays, 0, 1e4)
		for _, list := range [][]string{v.Allowed, v.Denied} {
			c.most("allowed, denied", len(list), maxList)
			for _, s := range list {
				c.name("allowed, denied", s, maxText)
				c.like("allowed, denied", s, sidForm)
			}
		}
	})
}

func diagnostics(b json.RawMessage) (estate.GuestDiagnostics, error) {
	return decode(b, []string{"checks"}, nil, func(c *checker, v *estate.GuestDiagnostics) {
		c.most("checks", len(v.Checks), maxFailures)
		if v.Missing == (len(v.Checks) > 0) {
			c.fail("checks", "%d checks, missing %t", len(v.Checks), v.Missing)
		}
		for _, k := range v.Checks {
			c.name("checks", k.Check, maxText)
			c.one("checks", k.Status, "Success", "Skipped", "Failed")
			c.text("checks", k.Note, maxText)
		}
	})
}
