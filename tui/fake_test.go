package tui

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/probe"
	"github.com/monshin/monshin/diagnose/runbook"
	"github.com/monshin/monshin/diagnose/walk"
)

const patient = "i-0abc123def4567890"

func clock() time.Time { return time.Date(2026, 11, 22, 2, 0, 0, 0, time.UTC) }

func tokyo() *time.Location { return time.FixedZone("JST", 9*3600) }

// fakeBackend is an account in memory.
type fakeBackend struct {
	identity Identity
	fails    error
	listed   [][]estate.Listed
	listErr  error
	walk     *fakeWalk
	startErr error

	mu      sync.Mutex
	started []string
}

func (b *fakeBackend) Identity(context.Context) (Identity, error) { return b.identity, b.fails }

func (b *fakeBackend) List(_ context.Context, emit func([]estate.Listed)) error {
	for _, piece := range b.listed {
		emit(piece)
	}
	return b.listErr
}

func (b *fakeBackend) Start(_ context.Context, id string, s runbook.Symptom) (Walk, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.started = append(b.started, id+" "+string(s))
	if b.startErr != nil {
		return nil, b.startErr
	}
	return b.walk, nil
}

// fakeWalk emits what it was given; each Run takes the next script.
type fakeWalk struct {
	fakeInside
	tree    *runbook.Tree
	scripts [][]*walk.Diagnosis
	// hold keeps Run going after its script until the context ends.
	hold bool
	// release ends what hold keeps.
	release chan struct{}
	// crash makes Run panic after its script.
	crash bool

	mu      sync.Mutex
	runs    int
	retries int
	answers []string
	ended   bool
}

func (w *fakeWalk) Run(ctx context.Context, emit func(*walk.Diagnosis)) {
	w.mu.Lock()
	script := w.scripts[min(w.runs, len(w.scripts)-1)]
	w.runs++
	w.mu.Unlock()
	for _, d := range script {
		emit(d)
	}
	if w.crash {
		panic("nil map")
	}
	if w.hold {
		select {
		case <-ctx.Done():
		case <-w.release:
		}
	}
	w.mu.Lock()
	w.ended = true
	w.mu.Unlock()
}

func (w *fakeWalk) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.runs
}

func (w *fakeWalk) Answer(name, value string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.answers = append(w.answers, name+"="+value)
}

func (w *fakeWalk) Retry() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.retries++
}

func (w *fakeWalk) Tree() *runbook.Tree { return w.tree }
func (w *fakeWalk) JournalPath() string { return "/state/monshin/20261122-office.jsonl" }

// fakeLibrary searches by substrings.
type fakeLibrary struct{ trees []*runbook.Tree }

func (l fakeLibrary) Symptoms() []runbook.Symptom {
	var out []runbook.Symptom
	for _, t := range l.trees {
		out = append(out, t.Symptom)
	}
	return out
}

func (l fakeLibrary) Tree(s runbook.Symptom) (*runbook.Tree, bool) {
	for _, t := range l.trees {
		if t.Symptom == s {
			return t, true
		}
	}
	return nil, false
}

func (l fakeLibrary) Search(q string) []runbook.Symptom {
	var out []runbook.Symptom
	for _, t := range l.trees {
		words := append([]string{t.Title.En, t.Title.Ja}, t.Search...)
		words = append(words, t.Messages...)
		for _, w := range words {
			if strings.Contains(strings.ToLower(w), strings.ToLower(q)) || strings.Contains(q, w) {
				out = append(out, t.Symptom)
				break
			}
		}
	}
	return out
}

// fakeCatalogue has words for the codes of these tests.
type fakeCatalogue struct{}

func (fakeCatalogue) Entry(c finding.Code) (*finding.Entry, bool) {
	titles := map[finding.Code]lang.Text{
		finding.DNSADDomainUnresolvable:     lang.Both("The AD domain cannot be resolved", "AD ドメインの名前解決不可"),
		finding.InstanceTerminatedByLicense: lang.Both("Terminated by License Manager", "License Manager による終了 (terminated)"),
		finding.EndpointMissing:             lang.Both("A VPC endpoint is missing", "VPC エンドポイントの不足"),
	}
	t, ok := titles[c]
	if !ok {
		return nil, false
	}
	return &finding.Entry{Code: c, Title: t}, true
}

func (fakeCatalogue) Screen(f finding.Finding) lang.Text {
	switch f.Code {
	case finding.DNSADDomainUnresolvable:
		return lang.Both("AmazonProvidedDNS (%[1]s) does not resolve the AD domain %[2]s", "AmazonProvidedDNS（%[1]s）では AD ドメイン %[2]s を解決不可").With(f.Params["options"], f.Subject)
	case finding.InstanceTerminatedByLicense:
		return lang.Both("License Manager terminated the instance at %s", "License Manager が %s にインスタンスを終了 (terminated)").With(f.Params["time"])
	}
	return lang.Both("%s on %s", "%s: %s").With(string(f.Code), f.Subject)
}

func (fakeCatalogue) Page(c finding.Code) (lang.Text, error) {
	if c != finding.DNSADDomainUnresolvable {
		return lang.Text{}, errors.New("no page for " + string(c))
	}
	return lang.Both(pageEn, pageJa), nil
}

const pageEn = "# What it means\n\nThe VPC hands out **AmazonProvidedDNS**, which does not know the names of an Active Directory.\n\n" +
	"## How to see it\n\n- look at the option set: `aws ec2 describe-dhcp-options`\n- from Windows:\n\n```\nnslookup -type=SRV _ldap._tcp.dc._msdcs.corp.example.local\n```\n\n" +
	"1. Change the option set.\n2. Renew the lease. See [the guide](https://docs.aws.amazon.com/vpc/latest/userguide/DHCPOptionSet.html).\n\n" +
	"| server | answers |\n|---|---|\n| AmazonProvidedDNS | no |\n"

const pageJa = "# 意味\n\nVPC の DHCP オプションセットが **AmazonProvidedDNS** のため、Active Directory の名前を解決できません。License Manager はドメイン参加に失敗したインスタンスを終了します。\n\n" +
	"## 確認方法\n\n- オプションセットの確認: `aws ec2 describe-dhcp-options`\n- Windows での確認:\n\n```\nnslookup -type=SRV _ldap._tcp.dc._msdcs.corp.example.local\n```\n\n" +
	"1. オプションセットを変更します。\n2. リースを更新します。詳細は[ガイド](https://docs.aws.amazon.com/vpc/latest/userguide/DHCPOptionSet.html)をご参照ください。\n"

func tree() *runbook.Tree {
	return &runbook.Tree{
		Symptom: runbook.OfficeTerminates,
		Title:   lang.Both("An Office instance terminates by itself", "Office 付きインスタンスが終了してしまう"),
		About: lang.Both("Looks at who ended the instance, at License Manager's directory, at DNS and at the path to it.",
			"終了させた主体、License Manager のディレクトリ、DNS、通信経路を確認します。"),
		Search:   []string{"すぐ消える", "数分で終了", "vanishes"},
		Messages: []string{"Client.UserInitiatedShutdown"},
		Start:    "what-happened",
		Nodes: []runbook.Node{
			{ID: "what-happened", Kind: runbook.ProbeNode, Probe: "instance.end", Title: lang.Both("Who ended it", "終了させた主体"),
				Next: map[string]string{"problem": "ad-domain", "ok": "ad-domain", "unknown": "ad-domain"}},
			{ID: "ad-domain", Kind: runbook.QuestionNode, Question: &runbook.Question{Name: estate.AnswerADDomain,
				Text: lang.Both("Which AD domain should it join?", "参加する AD ドメイン名"),
				Hint: lang.Both("for example corp.example.local", "例: corp.example.local")},
				Next: map[string]string{"answered": "dns", "dont-know": "dns"}},
			{ID: "dns", Kind: runbook.ProbeNode, Probe: "dns.ad-domain", Title: lang.Both("The AD domain resolves", "AD ドメインの名前解決"),
				Next: map[string]string{"problem": "cause", "ok": "license", "unknown": "license"}},
			{ID: "license", Kind: runbook.ProbeNode, Probe: "license.provider", Title: lang.Both("The directory is registered", "ディレクトリの登録"), Branch: "license"},
			{ID: "port", Kind: runbook.ProbeNode, Probe: "license.port", Title: lang.Both("tcp/1688 to License Manager", "License Manager への tcp/1688"), Branch: "license"},
			{ID: "users", Kind: runbook.ProbeNode, Probe: "license.users", Title: lang.Both("The users", "ユーザーの関連付け"), Branch: "license", Optional: true},
			{ID: "look", Kind: runbook.StepNode, Step: &runbook.Step{Do: lang.Both("Look at the join log", "参加ログの確認"),
				Command: `type C:\Windows\debug\NetSetup.LOG`, Expect: lang.Both("no error 0x54b", "エラー 0x54b がないこと")}, Next: map[string]string{"done": "cause"}},
			{ID: "cause", Kind: runbook.FindingsNode, Title: lang.Both("The name resolution is the cause", "名前解決が原因"), Findings: []finding.Code{finding.DNSADDomainUnresolvable}},
		},
	}
}

func library() fakeLibrary {
	ts := []*runbook.Tree{}
	add := func(s runbook.Symptom, en, ja string, words ...string) {
		ts = append(ts, &runbook.Tree{Symptom: s, Title: lang.Both(en, ja), About: lang.Both("About "+en, ja+"かを確認します。"), Search: words})
	}
	add(runbook.NotInSystemsManager, "It does not show as a managed node", "マネージドノードとして表示されない", "SSM に出ない", "フリートマネージャー")
	add(runbook.NoSession, "Session Manager does not connect", "セッションマネージャーで接続できない", "TargetNotConnected")
	add(runbook.RDPNoScreen, "RDP times out", "RDP 接続がタイムアウトする", "リモートデスクトップ")
	add(runbook.RDPRefused, "RDP refuses the sign-in", "RDP で認証に失敗する・切断される", "資格情報は機能しませんでした")
	ts = append(ts, tree())
	add(runbook.Everything, "Check everything", "一通り確認する（事象が絞れない）")
	return fakeLibrary{ts}
}

func origin(call, cli string) fact.Origin {
	return fact.Origin{Source: fact.API, Call: call, CLI: cli, Time: clock().Add(-3 * time.Minute), RequestID: "8f3c2a1e-req"}
}

// done is the diagnosis of an instance that License Manager ended.
func done() *walk.Diagnosis {
	dns := finding.Finding{
		Code: finding.DNSADDomainUnresolvable, Subject: "corp.example.local", Certainty: finding.Proven,
		Params: map[string]string{"options": "dopt-0aa11bb22"},
		Evidence: []finding.Evidence{
			{At: "dhcp-options:dopt-0aa11bb22#dns_servers", Value: "AmazonProvidedDNS",
				Rule:   lang.Both("An AD domain needs its own DNS servers or a Resolver rule", "AD ドメインの解決には AD の DNS サーバーまたは Resolver ルールが必要"),
				Origin: origin("ec2:DescribeDhcpOptions", "aws ec2 describe-dhcp-options --dhcp-options-ids dopt-0aa11bb22 --region ap-northeast-1")},
			{At: "resolver-associations:vpc-0123", Value: "[]",
				Rule:   lang.Both("No Resolver rule for corp.example.local", "corp.example.local の Resolver ルールなし"),
				Origin: origin("route53resolver:ListResolverRuleAssociations", "aws route53resolver list-resolver-rule-associations --filters Name=VPCId,Values=vpc-0123")},
		},
		Assumptions: []finding.Assumption{{Code: finding.AssumeUnchanged}},
	}
	end := finding.Finding{
		Code: finding.InstanceTerminatedByLicense, Subject: patient, Certainty: finding.Proven,
		Params: map[string]string{"time": "2026-11-21 00:21:07 +09:00"},
		Evidence: []finding.Evidence{{At: "trail:ResourceName=" + patient, Value: "TerminateInstances",
			Rule: lang.Both("by the service-linked role", "サービスリンクロールによる実行"), Origin: fact.Origin{Source: fact.Trail, Call: "cloudtrail:LookupEvents",
				CLI: "aws cloudtrail lookup-events --lookup-attributes AttributeKey=ResourceName,AttributeValue=" + patient, Time: clock()}}},
	}
	denied := fact.Why{Reason: fact.Denied, Action: "license-manager-user-subscriptions:ListIdentityProviders", Detail: "AccessDeniedException"}
	titles := map[string]lang.Text{}
	for _, n := range tree().Nodes {
		titles[n.Probe] = n.Title
	}
	j := func(id string, v probe.Verdict) walk.Judged {
		return walk.Judged{Probe: id, Title: titles[id], Verdict: v}
	}
	d := &walk.Diagnosis{
		Target:  estate.Target{InstanceID: patient, Region: "ap-northeast-1", Account: "123456789012"},
		Symptom: runbook.OfficeTerminates, Title: tree().Title, Source: "lab:office-terminates", Simulated: true,
		AsOf: clock(), Complete: true, Outcome: walk.Problems,
		Instance: fact.Known(estate.Instance{ID: patient, Name: "OFFICE-03", State: "terminated"}, fact.Origin{}),
		Probes: []walk.Judged{
			j("instance.end", probe.Verdict{Outcome: probe.Problem, Findings: []finding.Finding{end}}),
			j("dns.ad-domain", probe.Verdict{Outcome: probe.Problem, Findings: []finding.Finding{dns}}),
			j("license.provider", probe.Verdict{Outcome: probe.Unknown, Say: lang.Both("denied", "権限不足"), Whys: []fact.Why{denied}}),
			j("license.port", probe.Verdict{Outcome: probe.OK, Say: lang.Both("allowed", "許可あり"),
				Evidence: []finding.Evidence{{At: "security-group:sg-1#sgr-2", Value: "tcp/1688 from sg-9", Rule: lang.Both("allows", "許可"), Origin: origin("ec2:DescribeSecurityGroupRules", "")}}}),
			j("license.users", probe.Verdict{Outcome: probe.NotApplicable, Say: lang.Both("terminated", "終了済み")}),
		},
		Path:     []string{"what-happened", "ad-domain", "dns", "cause"},
		Unknowns: []walk.Open{{Probe: "license.provider", Title: titles["license.provider"], Why: denied, Needed: true}},
		Calls:    walk.Calls{Total: 31, Failed: 5, Waves: 4},
	}
	d.Findings = []walk.Weighed{
		{Finding: dns, Severity: finding.Error, Root: true, Probe: "dns.ad-domain", Explains: []string{end.ID()}},
		{Finding: end, Severity: finding.Error, Observation: true, Probe: "instance.end", CausedBy: []string{dns.ID()}},
	}
	return d
}

// early is the same walk a moment before: much is still being read.
func early() *walk.Diagnosis {
	d := done()
	d.Complete, d.Outcome = false, walk.Undecided
	d.Probes = d.Probes[:1]
	d.Probes = append(d.Probes, walk.Judged{Probe: "dns.ad-domain", Title: lang.Both("The AD domain resolves", "AD ドメインの名前解決"),
		Verdict: probe.Verdict{Outcome: probe.Unknown, Whys: []fact.Why{{Reason: fact.Pending}}},
		Parts:   []estate.Key{estate.DHCPOptionsPart.Key("dopt-0aa11bb22")}})
	d.Findings = []walk.Weighed{{Finding: d.Findings[1].Finding, Severity: finding.Error, Observation: true, Probe: "instance.end"}}
	d.Unknowns = nil
	d.Path = []string{"what-happened", "ad-domain"}
	d.Waiting = []estate.Key{estate.DHCPOptionsPart.Key("dopt-0aa11bb22"), estate.IdentityProvidersPart.Key("")}
	d.Calls = walk.Calls{Total: 9}
	return d
}

// asking is the walk that waits for an answer.
func asking() *walk.Diagnosis {
	d := done()
	d.Outcome = walk.Undecided
	why := fact.Why{Reason: fact.NeedsAnswer, Blocker: estate.AnswerADDomain}
	d.Probes[1].Verdict = probe.Verdict{Outcome: probe.Unknown, Whys: []fact.Why{why}}
	d.Findings = []walk.Weighed{{Finding: d.Findings[1].Finding, Severity: finding.Error, Observation: true, Probe: "instance.end"}}
	d.Unknowns = append([]walk.Open{{Probe: "dns.ad-domain", Title: d.Probes[1].Title, Why: why, Needed: true}}, d.Unknowns...)
	d.Path = []string{"what-happened", "ad-domain"}
	return d
}

func paused() *walk.Diagnosis {
	d := early()
	d.Paused = errors.New("ExpiredToken: the security token included in the request is expired")
	d.Waiting = nil
	return d
}

func listed() [][]estate.Listed {
	at := time.Date(2026, 11, 20, 1, 2, 0, 0, time.UTC)
	return [][]estate.Listed{
		{
			{ID: "i-0aaaaaaaaaaaaaaa1", Name: "WEB-01", State: "running", Type: "m6i.large", Platform: "windows", PrivateIP: "10.0.1.11", Launched: at},
			{ID: "i-0aaaaaaaaaaaaaaa2", Name: "業務サーバー（本番）", State: "stopped", Type: "t3.medium", Platform: "windows", PrivateIP: "10.0.1.12", Launched: at},
			{ID: "i-0aaaaaaaaaaaaaaa3", State: "running", Type: "t3.medium", Platform: "windows", PrivateIP: "10.0.2.13", Launched: at},
		},
		{{ID: patient, Name: "OFFICE-03", State: "terminated", Type: "m6i.large", Platform: "windows", Launched: at, Terminated: time.Date(2026, 11, 20, 15, 21, 7, 0, time.UTC)}},
	}
}

func fakes(script ...*walk.Diagnosis) (*fakeBackend, *fakeWalk) {
	w := &fakeWalk{tree: tree(), scripts: [][]*walk.Diagnosis{script}}
	b := &fakeBackend{
		identity: Identity{Account: "123456789012", Alias: "acme-prod", ARN: "arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_ReadOnlyAccess_0123456789abcdef/taro",
			Region: "ap-northeast-1", Profile: "custA-ro", Simulated: true, Source: "lab:office-terminates"},
		listed: listed(), walk: w,
	}
	return b, w
}

// many makes a list of n instances.
func many(n int) []estate.Listed {
	out := make([]estate.Listed, n)
	for i := range out {
		out[i] = estate.Listed{
			ID: fmt.Sprintf("i-%017x", i), Name: fmt.Sprintf("業務-WEB-%05d", i), State: "running", Type: "m6i.large",
			Platform: "windows", PrivateIP: fmt.Sprintf("10.%d.%d.%d", i>>16, i>>8&255, i&255),
		}
	}
	return out
}
