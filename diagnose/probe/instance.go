package probe

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
)

// trailLag is how long CloudTrail may take to show an event: about fifteen
// minutes (domain.md §5.4 [M]), with a margin so that "not there" is not said too
// early.
const trailLag = 20 * time.Minute

func instanceProbes() []Probe {
	return []Probe{
		{
			ID:    "instance.state",
			Title: lang.Both("Instance state", "インスタンスの状態"),
			Parts: []estate.AnyKind{estate.InstancePart, estate.TrailPart, estate.ElsewherePart},
			Codes: []finding.Code{finding.InstanceNotFound, finding.InstanceNotRunning},
			Judge: judgeState,
		},
		{
			ID:    "instance.ending",
			Title: lang.Both("Who ended the instance", "終了・停止の実行者"),
			Parts: []estate.AnyKind{estate.InstancePart, estate.TrailPart},
			Codes: []finding.Code{
				finding.InstanceTerminatedByLicense, finding.InstanceTerminatedByUser,
				finding.InstanceTerminatedByAutoScaling, finding.InstanceTerminatedByAutomation,
				finding.InstanceShutDownFromInside,
			},
			Judge: judgeEnding,
		},
		{
			ID:    "instance.health",
			Title: lang.Both("Status checks", "ステータスチェック"),
			Parts: []estate.AnyKind{estate.InstancePart, estate.TrailPart, estate.StatusPart},
			Codes: []finding.Code{finding.InstanceStatusCheckFailed},
			Judge: judgeHealth,
		},
	}
}

func judgeState(v *estate.View) Verdict {
	id := v.Target().InstanceID
	row := estate.InstancePart.Of(v, id)
	at := estate.InstancePart.Key(id)
	if row.IsUnknown() {
		return unread(row.Why())
	}
	if row.IsAbsent() {
		return judgeMissing(v, row.Origin())
	}
	i := row.Value()
	read := see(at, "state", i.State, lang.Both("EC2's state of the instance", "EC2 のインスタンス状態"), row.Origin())
	switch i.State {
	case "running", "pending":
		return ok(lang.Both("%s since %s", "%s（%s 起動）").With(i.State, stamp(i.LaunchTime)), read)
	case "terminated", "shutting-down":
		reason := see(at, "state_code", join(i.StateCode, i.Transition), lang.Both("EC2's reason; a person and a service look the same here", "EC2 の状態理由（人の操作かサービスの操作かはここでは区別不可）"), row.Origin())
		return Verdict{
			Outcome:  Problem,
			Say:      lang.Both("terminated: %s", "終了済み（terminated）: %s").With(orDash(join(i.StateCode, i.Transition))),
			Evidence: []finding.Evidence{read, reason},
		}
	}
	return problem(
		lang.Both("the instance is %s", "インスタンスが稼働していない（%s）").With(i.State),
		[]finding.Finding{{
			Code: finding.InstanceNotRunning, Subject: id, Certainty: finding.Proven,
			Scope:    []string{"ssm", "ssmmessages", "ec2messages"},
			Params:   map[string]string{"state": i.State, "time": stamp(transitionTime(i.Transition)), "actor": orDash(i.StateCode)},
			Evidence: []finding.Evidence{read},
		}})
}

// judgeMissing judges an id that DescribeInstances does not know. A terminated row
// is shown for about an hour only, so CloudTrail is asked before the id is called
// wrong.
func judgeMissing(v *estate.View, o fact.Origin) Verdict {
	id := v.Target().InstanceID
	trail := estate.TrailPart.Of(v, instanceQuery(id).String())
	events, known := trail.Get()
	if !known {
		return unread(orNotRecorded(trail)...)
	}
	none := see(estate.InstancePart.Key(id), "", "-", lang.Both("DescribeInstances knows no such instance in this region", "このリージョンの DescribeInstances に該当なし"), o)
	if len(events.Events) > 0 {
		last := events.Events[len(events.Events)-1]
		return Verdict{
			Outcome: Problem,
			Say:     lang.Both("gone from EC2; CloudTrail knows it until %s", "EC2 上に存在せず（CloudTrail の最終記録 %s）").With(stamp(last.Time)),
			Evidence: []finding.Evidence{none, see(trailOf(id), last.ID, last.Name,
				lang.Both("the last event of this id in CloudTrail", "CloudTrail に残る最後のイベント"), trail.Origin())},
		}
	}
	if !events.Complete {
		return unread(fact.Why{Reason: fact.NotRecorded, Action: "cloudtrail:LookupEvents", Resource: id})
	}
	elsewhere := estate.ElsewherePart.Of(v, id)
	if elsewhere.IsUnknown() && elsewhere.Why().Reason == fact.Pending {
		return unread(elsewhere.Why())
	}
	f := finding.Finding{
		Code: finding.InstanceNotFound, Subject: id, Certainty: finding.Proven,
		Params: map[string]string{"state": v.Target().Region, "time": stamp(v.AsOf()), "actor": "-", "region": "-"},
		Evidence: []finding.Evidence{none, see(trailOf(id), "", 0,
			lang.Both("nor does CloudTrail in the last 90 days", "CloudTrail の過去 90 日間にも記録なし"), trail.Origin())},
	}
	say := lang.Both("no such instance in %s", "%s に該当インスタンスなし").With(v.Target().Region)
	if e, found := elsewhere.Get(); found && len(e.Found) > 0 {
		where := strings.Join(e.Found, ", ")
		f.Params["region"] = where
		f.Evidence = append(f.Evidence, see(estate.ElsewherePart.Key(id), "found", where,
			lang.Both("the id exists in another region", "別リージョンに存在"), elsewhere.Origin()))
		say = lang.Both("not in %[1]s, but in %[2]s: use --region %[2]s", "%[1]s には存在せず、%[2]s に存在（--region %[2]s を指定）").With(v.Target().Region, where)
	}
	return problem(say, []finding.Finding{f}, whyOf(elsewhere)...)
}

func judgeEnding(v *estate.View) Verdict {
	id := v.Target().InstanceID
	row := estate.InstancePart.Of(v, id)
	if row.IsUnknown() {
		return unread(row.Why())
	}
	i := row.Value()
	if row.IsKnown() && (i.State == "running" || i.State == "pending") {
		return notApplicable(lang.Both("the instance is running", "稼働中"))
	}
	trail := estate.TrailPart.Of(v, instanceQuery(id).String())
	if i.StateCode == "Client.InstanceInitiatedShutdown" {
		// EC2 itself says that the operating system shut down: no event exists for it.
		return problem(lang.Both("shut down from inside Windows", "OS 内からのシャットダウン"), []finding.Finding{{
			Code: finding.InstanceShutDownFromInside, Subject: id, Certainty: finding.Proven,
			Params: map[string]string{"time": stamp(transitionTime(i.Transition)), "actor": "Windows", "state": i.State},
			Evidence: []finding.Evidence{see(estate.InstancePart.Key(id), "state_code", i.StateCode,
				lang.Both("EC2 sets this code where the operating system initiated the shutdown", "OS 側からのシャットダウン時に EC2 が設定するコード"), row.Origin())},
		}})
	}
	t, known := trail.Get()
	if !known {
		return unread(orNotRecorded(trail)...)
	}
	end, found := ending(i, t.Events)
	if !found || strings.HasPrefix(i.StateCode, "Server.") {
		return noEnding(v, i, row, t, trail.Origin())
	}
	class := classify(end.Actor)
	f := finding.Finding{
		Code: class.code, Subject: id, Certainty: class.certainty,
		Params:   map[string]string{"time": stamp(end.Time), "actor": class.name, "state": orDash(i.State)},
		Evidence: []finding.Evidence{see(trailOf(id), end.ID, end.Name+" "+class.name, class.rule, from(trail.Origin(), end))},
	}
	if class.code == finding.InstanceTerminatedByLicense {
		f.Evidence = append(f.Evidence, licenseSteps(id, t.Events, trail.Origin())...)
	}
	if end.Name == "StopInstances" {
		return Verdict{
			Outcome: NotApplicable, Evidence: f.Evidence,
			Say: lang.Both("stopped by %s at %s", "%s により停止（%s）").With(class.name, stamp(end.Time)),
		}
	}
	return problem(lang.Both("terminated by %s at %s", "%s により終了（%s）").With(class.name, stamp(end.Time)), []finding.Finding{f})
}

// noEnding judges a dead instance for which CloudTrail shows no end.
func noEnding(v *estate.View, i estate.Instance, row fact.Of[estate.Instance], t estate.Trail, o fact.Origin) Verdict {
	ended := transitionTime(i.Transition)
	if i.State == "shutting-down" && ended.IsZero() {
		ended = v.AsOf()
	}
	reason := see(estate.InstancePart.Key(v.Target().InstanceID), "state_code", orDash(join(i.StateCode, i.Transition)),
		lang.Both("EC2's reason", "EC2 の状態理由"), row.Origin())
	var verdict Verdict
	switch {
	case !ended.IsZero() && v.AsOf().Sub(ended) < trailLag:
		verdict = unknown(
			lang.Both("CloudTrail does not show the event yet; look again after %s", "CloudTrail 反映待ち（%s 以降に再確認）").With(stamp(ended.Add(trailLag))),
			fact.Why{Reason: fact.TooEarly, Action: "cloudtrail:LookupEvents", Until: ended.Add(trailLag)})
	case strings.HasPrefix(i.StateCode, "Server.") || i.StateCode == "Client.InternalError":
		verdict = unknown(
			lang.Both("EC2 ended it itself: %s", "EC2 側の理由による終了: %s").With(join(i.StateCode, i.StateMessage)),
			fact.Why{Reason: fact.NotModelled, Detail: join(i.StateCode, i.StateMessage)})
	case row.IsAbsent() && len(t.Events) == 0:
		verdict = unknown(lang.Both("nothing is known of this id", "該当 ID の記録なし"), fact.Why{Reason: fact.BlockedBy, Blocker: "instance.state"})
	default:
		verdict = unknown(
			lang.Both("CloudTrail holds no end of this instance (it keeps 90 days)", "CloudTrail に終了・停止の記録なし（保持期間 90 日）"),
			fact.Why{Reason: fact.NotRecorded, Action: "cloudtrail:LookupEvents", Resource: v.Target().InstanceID})
	}
	verdict.Evidence = append(verdict.Evidence, reason)
	return verdict
}

// ending finds the event that ended an instance: the termination of one that is
// terminated or gone, the last successful stop of one that is stopped. A stop that
// is older than the state itself belongs to an earlier one.
func ending(i estate.Instance, events []estate.TrailEvent) (estate.TrailEvent, bool) {
	if i.State != "stopped" && i.State != "stopping" {
		return termination(events)
	}
	since := transitionTime(i.Transition)
	for _, e := range slices.Backward(events) {
		if e.Name == "StopInstances" && e.Error == "" {
			return e, since.IsZero() || !e.Time.Before(since.Add(-stopTakes))
		}
	}
	return estate.TrailEvent{}, false
}

// stopTakes is how long after the call EC2 may set the state reason; it is seconds,
// and minutes are a margin.
const stopTakes = 10 * time.Minute

type actorClass struct {
	code      finding.Code
	name      string
	certainty finding.Certainty
	rule      lang.Text
}

// licenseManagers are the spellings by which CloudTrail can name License Manager's
// user-based subscriptions (domain.md §5.4: match loosely).
var licenseManagers = []string{"licensemanagerusersubscriptions", "license-manager-user-subscriptions"}

// ofLicenseManager reports whether License Manager acted.
func ofLicenseManager(a estate.Actor) bool {
	all := strings.ToLower(strings.Join([]string{a.ARN, a.Issuer, a.InvokedBy, a.SourceIP, a.UserAgent, a.Name}, " "))
	return slices.ContainsFunc(licenseManagers, func(s string) bool { return strings.Contains(all, s) })
}

// consoles are what CloudTrail writes for invokedBy where a person acted in the
// console: real RunInstances events of IAM users have the first.
var consoles = []string{"signin.amazonaws.com", "AWS Internal"}

func classify(a estate.Actor) actorClass {
	if slices.Contains(consoles, a.InvokedBy) && (a.Type == "IAMUser" || a.Type == "Root" || a.Type == "AssumedRole") {
		a.InvokedBy = ""
	}
	who := strings.ToLower(a.InvokedBy + " " + a.Issuer + " " + a.SourceIP)
	switch {
	case ofLicenseManager(a):
		// The strings are derived from how service-linked roles work; no sample of the
		// real event was found (domain.md §5.4 [D]).
		return actorClass{finding.InstanceTerminatedByLicense, "AWS License Manager", finding.Likely,
			lang.Both("the caller is License Manager's service-linked role", "実行者は License Manager のサービスリンクロール")}
	case strings.Contains(who, "autoscaling"):
		return actorClass{finding.InstanceTerminatedByAutoScaling, "Auto Scaling", finding.Proven,
			lang.Both("the caller is Amazon EC2 Auto Scaling", "実行者は Amazon EC2 Auto Scaling")}
	case a.Type == "AWSService" || a.InvokedBy != "" || strings.HasPrefix(a.Issuer, "AWSServiceRoleFor"):
		return actorClass{finding.InstanceTerminatedByAutomation, first(a.InvokedBy, a.Issuer, a.SourceIP), finding.Proven,
			lang.Both("an AWS service made the call", "実行者は AWS サービス")}
	}
	return actorClass{finding.InstanceTerminatedByUser, first(a.ARN, a.Issuer, a.Name, a.Type), finding.Proven,
		lang.Both("a user or role of the account made the call", "実行者はアカウントのユーザーまたはロール")}
}

// licenseSteps tells how far License Manager got before it gave up: without a tag
// it never adopted the instance; with a tag and no command the instance never
// came online in Systems Manager; with a command, the join or the activation
// failed (domain.md §5.4 [D]).
func licenseSteps(id string, events []estate.TrailEvent, o fact.Origin) []finding.Evidence {
	rules := map[string]lang.Text{
		"CreateTags":  lang.Both("License Manager adopted the instance", "License Manager が対象として認識"),
		"SendCommand": lang.Both("it was online in Systems Manager: License Manager sent its configuration command", "Systems Manager 接続後、License Manager が設定コマンドを送信"),
	}
	var out []finding.Evidence
	for _, e := range events {
		if rule, known := rules[e.Name]; known && e.Error == "" && ofLicenseManager(e.Actor) {
			out = append(out, see(trailOf(id), e.ID, e.Name+" "+stamp(e.Time), rule, from(o, e)))
		}
	}
	return out
}

func judgeHealth(v *estate.View) Verdict {
	p, whys := thePatient(v)
	if len(whys) > 0 {
		return unread(whys...)
	}
	if p.dead || p.State != "running" {
		return notApplicable(lang.Both("the instance is not running", "稼働中ではない"))
	}
	status := estate.StatusPart.Of(v, p.ID)
	s, known := status.Get()
	if !known {
		return unread(orNotRecorded(status)...)
	}
	at := estate.StatusPart.Key(p.ID)
	var found []finding.Finding
	var open []fact.Why
	var read []finding.Evidence
	for _, c := range []struct{ name, word string }{{"system", s.System}, {"instance", s.Instance}, {"ebs", s.EBS}} {
		e := see(at, c.name, orDash(c.word), lang.Both("EC2's status check", "EC2 のステータスチェック"), status.Origin())
		read = append(read, e)
		switch c.word {
		case "impaired":
			found = append(found, finding.Finding{
				Code: finding.InstanceStatusCheckFailed, Subject: p.ID + "/" + c.name, Certainty: finding.Proven,
				Scope:    []string{"ssm", "ssmmessages"},
				Params:   map[string]string{"state": c.name, "time": stamp(v.AsOf()), "actor": "EC2"},
				Evidence: []finding.Evidence{e},
			})
		case "initializing", "insufficient-data":
			open = append(open, fact.Why{Reason: fact.TooEarly, Action: "ec2:DescribeInstanceStatus", Detail: c.word, Until: v.AsOf().Add(5 * time.Minute)})
		case "ok", "not-applicable":
		default:
			if c.word == "" && c.name == "ebs" {
				continue // not every instance has one
			}
			open = append(open, fact.Why{Reason: fact.NotModelled, Action: "ec2:DescribeInstanceStatus", Resource: p.ID, Detail: join(c.name, orDash(c.word))})
		}
	}
	for _, e := range s.Events {
		read = append(read, see(at, "events", fmt.Sprintf("%s %s", e.Code, e.Description),
			lang.Both("a scheduled event of EC2", "EC2 の予定されたイベント"), status.Origin()))
	}
	return settle(found, open, lang.Both("all checks passed", "すべて合格"), read...).about(lang.Both("failing: %s", "失敗: %s"))
}

// from is the origin of one event of a trail.
func from(o fact.Origin, e estate.TrailEvent) fact.Origin {
	o.Source = fact.Trail
	if e.RequestID != "" {
		o.RequestID = e.RequestID
	}
	return o
}

// orNotRecorded gives the reason of a part that is not known; one that is known to
// be absent where that makes no sense counts as not recorded.
func orNotRecorded[T any](f fact.Of[T]) []fact.Why {
	if f.IsUnknown() {
		return []fact.Why{f.Why()}
	}
	return []fact.Why{{Reason: fact.NotRecorded, Action: f.Origin().Call}}
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format(time.RFC3339)
}

func join(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), " ")
}

func first(options ...string) string {
	for _, s := range options {
		if s != "" {
			return s
		}
	}
	return "-"
}
