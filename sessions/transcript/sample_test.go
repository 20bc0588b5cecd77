package transcript_test

import (
	"testing"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/probe"
	"github.com/monshin/monshin/diagnose/runbook"
	"github.com/monshin/monshin/diagnose/walk"
)

func catalogue(t testing.TB) *finding.Catalogue {
	t.Helper()
	c, err := finding.Load()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func tokyo() *time.Location { return time.FixedZone("JST", 9*60*60) }

func asOf() time.Time { return time.Date(2026, 11, 21, 17, 0, 3, 0, time.UTC) }

func origin(call, cli string) fact.Origin {
	return fact.Origin{Source: fact.API, Call: call, CLI: cli, Time: asOf(), RequestID: "1b2c3d4e-0000-4000-8000-000000000001"}
}

func base(symptom runbook.Symptom, title lang.Text) *walk.Diagnosis {
	return &walk.Diagnosis{
		Target:  estate.Target{InstanceID: "i-0123456789abcdef0", Region: "ap-northeast-1", Account: "123456789012"},
		Symptom: symptom, Title: title, Source: "aws", AsOf: asOf(), Complete: true,
		Instance: fact.Known(estate.Instance{ID: "i-0123456789abcdef0", Name: "OFFICE-03", State: "terminated", ImageID: "ami-0aa11bb22cc33dd44"}, fact.Origin{}),
		Caller:   fact.Known(estate.Caller{Account: "123456789012", ARN: "arn:aws:sts::123456789012:assumed-role/ReadOnly/taro", Alias: "cust-a"}, fact.Origin{}),
		Calls:    walk.Calls{Total: 34, Failed: 2, Waves: 4, ByOperation: map[string]int{"ec2:DescribeInstances": 1, "cloudtrail:LookupEvents": 3}},
	}
}

// problems is a dead Office instance: one likely root cause, its consequence, a
// refused call, a thing that only Windows knows.
func problems() *walk.Diagnosis {
	d := base(runbook.OfficeTerminates, lang.Both("The Office instance terminates by itself", "Office 付きインスタンスが終了してしまう"))
	d.Outcome = walk.Problems
	cause := finding.Finding{
		Code: finding.DNSADDomainUnresolvable, Subject: "corp.example.local", Certainty: finding.Likely, Scope: []string{"dns"},
		Params: map[string]string{"domain": "corp.example.local", "vpc": "vpc-0f00", "servers": "AmazonProvidedDNS", "options": "dopt-0d0d"},
		Evidence: []finding.Evidence{{
			At: "dhcp-options:dopt-0d0d#dns_servers", Value: "AmazonProvidedDNS",
			Rule:   lang.Both("the VPC's resolver does not know the AD domain", "VPC のリゾルバーは AD ドメインの名前を解決できない"),
			Origin: origin("ec2:DescribeDhcpOptions", "aws ec2 describe-dhcp-options --dhcp-options-ids dopt-0d0d --region ap-northeast-1"),
		}},
		Assumptions: []finding.Assumption{{Code: finding.AssumeUnchanged, Params: map[string]string{"read": "2026-11-21T17:00:03Z", "event": "2026-11-20T15:21:07Z"}}},
	}
	effect := finding.Finding{
		Code: finding.InstanceTerminatedByLicense, Subject: "i-0123456789abcdef0", Certainty: finding.Proven,
		Params: map[string]string{"time": "2026-11-20T15:21:07Z", "actor": "AWSServiceRoleForAWSLicenseManagerUserSubscriptionsService"},
	}
	d.Findings = []walk.Weighed{
		{Finding: cause, Severity: finding.Error, Probe: "dns.ad-domain", Root: true, Explains: []string{effect.ID()}},
		{Finding: effect, Severity: finding.Error, Observation: true, Probe: "instance.ending", CausedBy: []string{cause.ID()}},
	}
	denied := fact.Why{Reason: fact.Denied, Action: "license-manager-user-subscriptions:ListInstances", Detail: "AccessDeniedException"}
	d.Unknowns = []walk.Open{
		{Probe: "license.instance", Title: lang.Both("State in License Manager", "License Manager の登録状態"), Why: denied},
		{Probe: "ad.join", Title: lang.Both("Domain membership", "ドメイン参加状態"), Why: fact.Why{Reason: fact.NeedsGuest}},
	}
	d.Probes = []walk.Judged{
		{Probe: "instance.ending", Title: lang.Both("Who ended the instance", "終了・停止の実行者"), Verdict: probe.Verdict{Outcome: probe.Problem, Say: lang.Both("License Manager", "License Manager"), Findings: []finding.Finding{effect}}, Parts: []estate.Key{{Kind: "trail", ID: "ResourceName=i-0123456789abcdef0"}}},
		{Probe: "dns.ad-domain", Title: lang.Both("Resolution of the AD domain", "AD ドメインの名前解決"), Verdict: probe.Verdict{Outcome: probe.Problem, Say: lang.Both("cannot be resolved", "名前解決不可"), Findings: []finding.Finding{cause}}, Parts: []estate.Key{{Kind: "dhcp-options", ID: "dopt-0d0d"}}},
		{Probe: "iam.profile", Title: lang.Both("Instance profile", "インスタンスプロファイル"), Verdict: probe.Verdict{Outcome: probe.OK, Say: lang.Both("attached", "設定あり")}},
		{Probe: "license.instance", Title: lang.Both("State in License Manager", "License Manager の登録状態"), Verdict: probe.Verdict{Outcome: probe.Unknown, Whys: []fact.Why{denied}, Say: lang.Both("denied", "権限不足")}},
		{Probe: "rdp.port", Title: lang.Both("RDP port", "RDP の通信"), Verdict: probe.Verdict{Outcome: probe.NotApplicable}},
	}
	return d
}

// undecided is an account that refuses half of the calls, seen through a lab.
func undecided() *walk.Diagnosis {
	d := base(runbook.NotInSystemsManager, lang.Both("Not shown as a managed node", "マネージドノードとして表示されない"))
	d.Outcome, d.Simulated, d.Source = walk.Undecided, true, "lab:operator-denied"
	d.Instance = fact.Unknown[estate.Instance](fact.Why{Reason: fact.Denied, Action: "ec2:DescribeInstances"})
	seen := finding.Finding{
		Code: finding.SSMConnectionLost, Subject: "i-0123456789abcdef0", Certainty: finding.Proven,
		Params:   map[string]string{"lastping": "2026-11-20T15:00:00Z", "version": "3.3.1"},
		Evidence: []finding.Evidence{{At: "managed-node:i-0123456789abcdef0#ping_status", Value: "ConnectionLost", Origin: origin("ssm:DescribeInstanceInformation", "")}},
	}
	d.Findings = []walk.Weighed{{Finding: seen, Severity: finding.Error, Observation: true, Probe: "ssm.registration"}}
	whys := []fact.Why{
		{Reason: fact.Denied, Action: "ec2:DescribeVpcEndpoints", Resource: "arn:aws:ec2:ap-northeast-1:123456789012:vpc-endpoint/*"},
		{Reason: fact.TooEarly, Until: asOf().Add(20 * time.Minute)},
		{Reason: fact.NotVisible}, {Reason: fact.NeedsAnswer, Blocker: "ad-domain"}, {Reason: fact.BlockedBy, Blocker: "iam.profile"},
		{Reason: fact.NotModelled, Detail: "tgw-0a1b"}, {Reason: fact.Throttled, Action: "iam:GetRole"}, {Reason: fact.Timeout, Action: "ec2:DescribeSubnets"},
		{Reason: fact.NotSupported, Action: "ds:DescribeDirectories", Detail: "<html>"}, {Reason: fact.NotRecorded}, {Reason: fact.NeedsGuest},
	}
	for i, w := range whys {
		d.Unknowns = append(d.Unknowns, walk.Open{Probe: "probe." + string(w.Reason), Title: lang.Both("Check "+string(w.Reason), "確認 "+string(w.Reason)), Why: w, Needed: i < 2})
		d.Probes = append(d.Probes, walk.Judged{Probe: "probe." + string(w.Reason), Title: lang.Both("Check "+string(w.Reason), "確認 "+string(w.Reason)), Verdict: probe.Verdict{Outcome: probe.Unknown, Whys: []fact.Why{w}}})
	}
	return d
}

// clear is an instance about which nothing is wrong in what was read.
func clear() *walk.Diagnosis {
	d := base(runbook.Everything, lang.Both("Everything", "一通り確認する（事象が絞れない）"))
	d.Outcome = walk.Clear
	d.Instance = fact.Known(estate.Instance{ID: "i-0123456789abcdef0", Name: "WEB-01", State: "running"}, fact.Origin{})
	d.Probes = []walk.Judged{
		{Probe: "iam.profile", Title: lang.Both("Instance profile", "インスタンスプロファイル"), Verdict: probe.Verdict{Outcome: probe.OK, Say: lang.Both("attached", "設定あり")}},
	}
	return d
}

// hostile is a diagnosis whose every outside string tries to get out.
func hostile(evil string) *walk.Diagnosis {
	d := problems()
	d.Target.InstanceID, d.Target.Account = evil, evil
	d.Source = "aws"
	d.Instance = fact.Known(estate.Instance{ID: evil, Name: evil, State: evil, ImageID: evil}, fact.Origin{})
	d.Caller = fact.Known(estate.Caller{Account: evil, ARN: evil, Alias: evil}, fact.Origin{})
	for i := range d.Findings {
		f := &d.Findings[i].Finding
		f.Subject = evil
		f.Params = map[string]string{"domain": evil, "vpc": evil, "servers": evil, "options": evil, "time": evil}
		f.Evidence = []finding.Evidence{{At: evil, Value: evil, Rule: lang.Same(evil), Origin: fact.Origin{Source: fact.API, Call: evil, CLI: evil, RequestID: evil}}}
		f.Assumptions = []finding.Assumption{{Code: evil}, {Code: finding.AssumeCondition, Params: map[string]string{"condition": evil}}}
		d.Findings[i].CausedBy = []string{evil}
		d.Findings[i].Explains = []string{evil}
	}
	for i := range d.Unknowns {
		d.Unknowns[i].Title = lang.Same(evil)
		d.Unknowns[i].Why.Action, d.Unknowns[i].Why.Detail, d.Unknowns[i].Why.Blocker = evil, evil, evil
	}
	for i := range d.Probes {
		d.Probes[i].Title, d.Probes[i].Verdict.Say = lang.Same(evil), lang.Same(evil)
		d.Probes[i].Parts = []estate.Key{{Kind: evil, ID: evil}}
	}
	d.Calls.ByOperation = map[string]int{evil: 1}
	d.Title = lang.Same(evil)
	return d
}
