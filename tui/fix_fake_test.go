package tui

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/probe"
	"github.com/monshin/monshin/diagnose/remedy"
	"github.com/monshin/monshin/diagnose/runbook"
	"github.com/monshin/monshin/diagnose/walk"
	"github.com/monshin/monshin/tui/world"
)

// dnsID is the root cause of done(), endID what follows from it.
const (
	dnsID = "dns.ad-domain-unresolvable@corp.example.local"
	endID = "instance.terminated-by-license-manager@" + patient
)

// fakeFixer is a walk whose root cause can be fixed, in memory.
type fakeFixer struct {
	*fakeWalk
	// plan is the recommended one, before it is handed out.
	plan remedy.Plan
	// hold keeps Apply at its second step, and Verify at its first look, until it is
	// closed or the context ends.
	hold chan struct{}
	// fails is what the second step comes back with.
	fails lang.Text
	// drift is what Undo finds.
	drift error
	// planErr is what making plans comes to.
	planErr error
	frozen  lang.Text

	mu    sync.Mutex
	done  bool // the root cause is gone
	runs  []*remedy.Run
	calls []string
	busy  bool
	mixed bool // two things ran at once
}

// alone notes that something runs which must be the only one.
func (f *fakeFixer) alone(name string) func() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.mixed = f.mixed || f.busy
	f.busy = true
	f.calls = append(f.calls, name)
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.busy = false
	}
}

func (f *fakeFixer) said() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return strings.Join(f.calls, " ")
}

// now is the judgement of the world as it is.
func (f *fakeFixer) now() *walk.Diagnosis {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.done {
		return cured()
	}
	return done()
}

// cured is done() after the fix: what happened stays.
func cured() *walk.Diagnosis {
	d := done()
	d.Probes[1].Verdict = probe.Verdict{Outcome: probe.OK, Say: lang.Both("resolves", "解決可")}
	d.Findings = []walk.Weighed{{Finding: d.Findings[1].Finding, Severity: finding.Error, Observation: true, Probe: "instance.end"}}
	return d
}

func (f *fakeFixer) Run(_ context.Context, emit func(*walk.Diagnosis)) {
	defer f.alone("run")()
	emit(f.now())
}

func (f *fakeFixer) Proposals(_ context.Context, id string) ([]remedy.Proposal, error) {
	defer f.alone("proposals")()
	if f.planErr != nil || id != dnsID {
		return nil, f.planErr
	}
	return f.proposals(), nil
}

func (f *fakeFixer) proposals() []remedy.Proposal {
	before := done()
	after := cured()
	good := remedy.Forecast{Gone: []string{dnsID}, Stays: []string{endID}, After: after}
	bad := remedy.Forecast{Appears: []string{"dns.aws-names-not-forwarded@vpc-0123"}, Stays: []string{dnsID, endID}, Roots: []string{dnsID}, Unread: []string{"license.provider"}, After: before}
	guided := f.plan
	guided.Fix, guided.Mode, guided.Typed = "dns.forwarder", remedy.Guided, ""
	guided.Title = lang.Both("Have the domain controller forward what it does not know", "ドメインコントローラーに条件付きフォワーダーを設定")
	guided.Steps = []remedy.Step{{ID: "dc", Title: lang.Both("Set the forwarder", "フォワーダーの設定"), Do: lang.Both("DNS Manager > Conditional Forwarders", "DNS マネージャー > 条件付きフォワーダー"),
		Check: remedy.Check{Command: "nslookup ssm.ap-northeast-1.amazonaws.com", Expect: lang.Both("an address of the VPC", "VPC 内のアドレス")}}}
	worse := f.plan
	worse.Fix, worse.Typed = "dns.other", ""
	worse.Title = lang.Both("Use the DNS servers of the other VPC", "別 VPC の DNS サーバーを使用")
	return []remedy.Proposal{
		{Fix: remedy.Fix{ID: f.plan.Fix, Mode: remedy.Automatic, Title: f.plan.Title}, Planned: remedy.Planned{Hash: f.plan.Hash(), Plan: f.plan, Forecast: &good}, Forecast: &good},
		{Fix: remedy.Fix{ID: "dns.dhcp", Title: lang.Both("Hand out the directory's DNS servers", "DHCP オプションセットでディレクトリの DNS サーバーを配布")},
			Refused: &remedy.Refusal{Danger: true, Say: lang.Both("the directory is in another VPC: the endpoints of Systems Manager would no longer be found", "ディレクトリは別の VPC にあり、Systems Manager のエンドポイントの名前を解決できなくなる")}},
		{Fix: remedy.Fix{ID: guided.Fix, Mode: remedy.Guided, Title: guided.Title}, Planned: remedy.Planned{Hash: guided.Hash(), Plan: guided, Forecast: &good}, Forecast: &good},
		{Fix: remedy.Fix{ID: worse.Fix, Mode: remedy.Automatic, Title: worse.Title}, Planned: remedy.Planned{Hash: worse.Hash(), Plan: worse, Forecast: &bad}, Forecast: &bad},
		{Fix: remedy.Fix{ID: "dns.vpc", Title: lang.Both("Switch DNS on in the VPC", "VPC の DNS を有効化")}, Refused: &remedy.Refusal{Say: lang.Both("it is on", "有効化済み")}},
	}
}

func (f *fakeFixer) Whole(context.Context) (remedy.Whole, error) {
	defer f.alone("whole")()
	if f.now().Findings[0].ID() != dnsID {
		return remedy.Whole{}, f.planErr
	}
	p := f.proposals()
	list := []remedy.Proposal{p[0], p[2]}
	return remedy.Whole{Proposals: list, Forecast: p[0].Forecast}, f.planErr
}

func (f *fakeFixer) DryRun(context.Context, remedy.Plan) map[string]remedy.DryRun {
	return map[string]remedy.DryRun{"group": {Verdict: remedy.DryAllowed}, "rule": {Verdict: remedy.DryRefused, Detail: "UnauthorizedOperation"}}
}

func (f *fakeFixer) Apply(ctx context.Context, p remedy.Planned, a remedy.Approval, on func(remedy.Progress)) (*remedy.Run, error) {
	f.mu.Lock()
	r := remedy.NewRun("run-1", p)
	r.Approval = &a
	f.runs = append(f.runs, r)
	f.calls = append(f.calls, "approved["+a.Typed+"|"+a.Approver+"|"+a.Ticket+"|"+a.Hash+"]")
	f.mu.Unlock()
	return r, f.Continue(ctx, r, on)
}

func (f *fakeFixer) Continue(ctx context.Context, r *remedy.Run, on func(remedy.Progress)) error {
	defer f.alone("apply")()
	for i, s := range r.Plan.Steps {
		if r.State(s.ID) == remedy.Done {
			continue
		}
		on(remedy.Progress{Step: s.ID, State: remedy.Intended})
		if i == 1 && f.hold != nil {
			on(remedy.Progress{Say: lang.Both("the rule is coming up", "ルールの作成完了待ち")})
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-f.hold:
			}
		}
		if i == 1 && !f.fails.Zero() {
			r.States[s.ID], r.Errors[s.ID] = remedy.Failed, f.fails
			return &lang.Error{Say: f.fails}
		}
		r.States[s.ID] = remedy.Done
		on(remedy.Progress{Step: s.ID, State: remedy.Done})
	}
	f.mu.Lock()
	f.done = true
	f.mu.Unlock()
	return nil
}

func (f *fakeFixer) Verify(ctx context.Context, r *remedy.Run, wait bool, on func(remedy.Progress)) (*walk.Diagnosis, error) {
	defer f.alone("verify")()
	v := &remedy.Verification{State: remedy.Confirmed, Time: clock(), Say: lang.Both("the same judgement no longer finds %s", "同じ判定で %s の解消を確認").With(dnsID)}
	if f.hold != nil && wait {
		on(remedy.Progress{Say: lang.Both("waiting until %s: the agent retries", "%s まで確認待ち: エージェントの再試行").With("2026-11-22T02:32:00Z")})
		select {
		case <-ctx.Done():
			v.State, v.Say = remedy.TooEarly, lang.Both("waiting until %s", "%s まで確認待ち").With("2026-11-22T02:32:00Z")
		case <-f.hold:
		}
	}
	r.Verification = v
	return f.now(), nil
}

func (f *fakeFixer) Undo(_ context.Context, r *remedy.Run, step string, on func(remedy.Progress)) error {
	defer f.alone("undo" + step)()
	if f.drift != nil {
		return f.drift
	}
	back, _ := r.Undoable()
	u := &remedy.Undone{Run: r.ID}
	for _, s := range back {
		on(remedy.Progress{Step: s.ID, Undo: true, State: remedy.Undoing})
		r.States[s.ID] = remedy.Reverted
		u.Steps = append(u.Steps, s.ID)
	}
	r.Undone = u
	f.mu.Lock()
	f.done = false
	f.mu.Unlock()
	return nil
}

func (f *fakeFixer) Frozen() lang.Text { return f.frozen }

func (f *fakeFixer) Runs() []*remedy.Run {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]*remedy.Run(nil), f.runs...)
}

func (f *fakeFixer) HandOut(_ context.Context, p remedy.Planned) (string, error) {
	defer f.alone("handout")()
	if f.planErr != nil {
		return "", errors.New("disk full")
	}
	p.ByHand = true
	f.mu.Lock()
	defer f.mu.Unlock()
	f.runs = append(f.runs, remedy.NewRun("run-2", p))
	return "/state/monshin/journals/20261122T020000Z-" + patient + "-office-terminates-" + p.Hash + ".html", nil
}

// resolver is a plan with everything that a plan can have.
func resolver() remedy.Plan {
	t := estate.Target{InstanceID: patient, Region: "ap-northeast-1", Account: "123456789012"}
	return remedy.Plan{
		Fix: "dns.resolver", Mode: remedy.Automatic, Finding: dnsID, Code: finding.DNSADDomainUnresolvable, Target: t, Alias: "acme-prod",
		Title: lang.Both("Forward the AD domain by a Resolver rule", "Resolver ルールで AD ドメインをディレクトリへ転送"),
		Why:   lang.Both("the VPC's Resolver then asks the directory for that domain only", "VPC の Resolver が corp.example.local のみをディレクトリへ転送する"),
		Steps: []remedy.Step{
			{ID: "group", Title: lang.Both("Create a security group", "セキュリティグループを作成"), Why: lang.Both("nothing else may use it", "専用とするため"),
				Call:   &remedy.Call{Operation: "ec2:CreateSecurityGroup", Input: map[string]any{"GroupName": "monshin-resolver-ad", "VpcId": "vpc-0123"}},
				Undo:   &remedy.Call{Operation: "ec2:DeleteSecurityGroup", Input: map[string]any{"GroupId": "sg-1"}},
				Script: "Get-Service AmazonSSMAgent\nRestart-Service AmazonSSMAgent", Actions: []string{"ec2:CreateSecurityGroup"},
				Diff:  &remedy.Diff{Name: "trust.json", Before: "{\n  \"Service\": \"ecs.amazonaws.com\"\n}", After: "{\n  \"Service\": \"ec2.amazonaws.com\"\n}"},
				Check: remedy.Check{Command: "aws ec2 describe-security-groups", Expect: lang.Both("the group is listed", "一覧に表示されること")}},
			{ID: "rule", Title: lang.Both("Create the rule and associate it with the VPC", "ルールを作成して VPC に関連付け"),
				Call:   &remedy.Call{Operation: "route53resolver:CreateResolverRule", Input: map[string]any{"DomainName": "corp.example.local"}},
				NoUndo: lang.Both("queries that were answered stay in caches", "応答済みの名前はキャッシュに残る"), Actions: []string{"route53resolver:CreateResolverRule"},
				Do: lang.Both("Route 53 console > Rules", "Route 53 コンソール > ルール")},
		},
		Risks: []remedy.Risk{remedy.Billing, remedy.WholeVPC},
		Costs: []lang.Text{lang.Both("two Resolver interfaces, by the hour", "エンドポイントの ENI 2 個分の時間課金")},
		Blast: []remedy.Blast{{What: lang.Both("running instances of vpc-0123", "vpc-0123 内の実行中インスタンス"), Count: 212, Known: true}},
		Wait:  lang.Both("the agent retries every 30 minutes", "エージェントは 30 分間隔で再試行"), Typed: "acme-prod",
		Stop: lang.Both("stop if another team answers for the VPC", "VPC の管理者が別部門の場合は中止し、確認すること"),
	}
}

// fixBackend starts a walk that can be fixed.
type fixBackend struct {
	*fakeBackend
	fixer *fakeFixer
}

func (b fixBackend) Start(context.Context, string, runbook.Symptom) (Walk, error) {
	return b.fixer, nil
}

var _ world.Fixer = (*fakeFixer)(nil)

func newFixer() *fakeFixer {
	_, w := fakes(done())
	return &fakeFixer{fakeWalk: w, plan: resolver()}
}

// fixRig is a rig whose clock stands until it is moved.
type fixRig struct {
	*rig
	now *time.Time
}

// atFixes opens the page about the root cause.
func atFixes(t testing.TB, s size, o Options, f *fakeFixer) fixRig {
	t.Helper()
	b, _ := fakes(done())
	now := clock()
	o.Backend, o.Start = fixBackend{b, f}, Start{Instance: patient, Symptom: tree().Symptom}
	o.Now = func() time.Time { return now }
	return fixRig{newRig(t, s.w, s.h, o).idle().press("f").idle(), &now}
}

// wait lets time pass: the grace period among others.
func (r fixRig) wait() fixRig {
	*r.now = r.now.Add(time.Second)
	return r
}

func (r fixRig) press(names ...string) fixRig { r.t.Helper(); r.rig.press(names...); return r }
func (r fixRig) typed(text string) fixRig     { r.t.Helper(); r.rig.typed(text); return r }
func (r fixRig) idle() fixRig                 { r.t.Helper(); r.rig.idle(); return r }
func (r fixRig) sees(what ...string) fixRig   { r.t.Helper(); r.rig.sees(what...); return r }
func (r fixRig) lacks(what ...string) fixRig  { r.t.Helper(); r.rig.lacks(what...); return r }

// consent fills in the form of the plan in sight, up to the button.
func (r fixRig) consent() fixRig {
	r.press("a").typed("acme-prod").press("enter").typed("山田").press("tab").typed("CHG-1").press("enter", "tab")
	return r
}

// shows tells whether a text is on the screen.
func (r *rig) shows(text string) func() bool {
	return func() bool { return strings.Contains(plainText(r.m.View().Content), text) }
}

func fixScenes() []scene {
	at := func(f *fakeFixer, then func(r fixRig)) func(t testing.TB, s size, o Options) *rig {
		return func(t testing.TB, s size, o Options) *rig {
			g := newFixer() // each screen begins anew
			g.plan, g.fails, g.planErr = f.plan, f.fails, f.planErr
			if f.hold != nil {
				g.hold = make(chan struct{})
			}
			r := atFixes(t, s, o, g)
			then(r)
			return r.rig
		}
	}
	holding := func() *fakeFixer {
		f := newFixer()
		f.hold = make(chan struct{})
		return f
	}
	failing := newFixer()
	failing.fails = lang.Both("route53resolver:CreateResolverRule failed on corp.example.local: AccessDenied", "corp.example.local に対する route53resolver:CreateResolverRule が失敗（AccessDenied）")
	unplanned := newFixer()
	unplanned.planErr = errors.New("ec2:DescribeVpcs: RequestLimitExceeded")
	return []scene{
		{"fix-choices", at(newFixer(), func(r fixRig) { r.press("down") })},
		{"fix-whole", at(newFixer(), func(r fixRig) { r.press("v").idle() })},
		{"fix-plan", at(newFixer(), func(r fixRig) { r.press("enter").idle() })},
		{"fix-plan-steps", at(newFixer(), func(r fixRig) { r.press("enter").idle().lines(); r.press("end"); r.lines(); r.press("pgup") })},
		{"fix-plan-worse", at(newFixer(), func(r fixRig) { r.press("down", "down", "down", "enter").idle() })},
		{"fix-by-hand", at(newFixer(), func(r fixRig) { r.press("down", "down", "enter").idle().press("w").idle() })},
		{"fix-consent", at(newFixer(), func(r fixRig) { r.press("enter").idle().press("a").typed("acme-pr") })},
		{"fix-consent-chosen", at(newFixer(), func(r fixRig) { r.press("enter").idle(); r.consent() })},
		{"fix-progress", at(holding(), func(r fixRig) {
			r.press("enter").idle()
			r.consent().wait().press("enter")
			r.until("the second step waits", func() bool { return r.shows("coming up")() || r.shows("作成完了待ち")() })
		})},
		{"fix-after", at(newFixer(), func(r fixRig) {
			r.press("enter").idle()
			r.consent().wait().press("enter").idle()
		})},
		{"fix-failed", at(failing, func(r fixRig) {
			r.press("enter").idle()
			r.consent().wait().press("enter").idle()
		})},
		{"fix-undo", at(newFixer(), func(r fixRig) {
			r.press("enter").idle()
			r.consent().wait().press("enter").idle().press("u")
		})},
		{"fix-undone", at(newFixer(), func(r fixRig) {
			r.press("enter").idle()
			r.consent().wait().press("enter").idle().press("u", "tab")
			r.wait().press("enter").idle()
		})},
		{"fix-done-list", at(newFixer(), func(r fixRig) {
			r.press("enter").idle()
			r.consent().wait().press("enter").idle().press("v").idle()
		})},
		{"fix-no-plans", at(unplanned, func(fixRig) {})},
	}
}
