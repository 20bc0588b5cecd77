package remedy

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/probe"
	"github.com/monshin/monshin/diagnose/walk"
)

// State is what a verification (事後確認) came to.
type State string

// The outcomes of a verification.
const (
	// Confirmed: the finding is gone, and what it explained is gone or has another cause.
	Confirmed State = "verified"
	// Ineffective: the finding still stands, or what it explained still stands after the deadline.
	Ineffective State = "ineffective"
	// TooEarly: what follows from the change cannot show yet.
	TooEarly State = "too-early"
	// Undecided: the finding could not be judged.
	Undecided State = "undecided"
)

// Words says a state to a person.
func (s State) Words() lang.Text {
	switch s {
	case Confirmed:
		return lang.Both("verified", "対処完了を確認")
	case Ineffective:
		return lang.Both("ineffective", "効果なし")
	case TooEarly:
		return lang.Both("too early to tell", "確認待ち（時期尚早）")
	}
	return lang.Both("could not be judged", "判定不可")
}

// Verification is what the same probes say after a plan.
type Verification struct {
	State State     `json:"state"`
	Time  time.Time `json:"time"`
	// Until is when to look again, for TooEarly.
	Until time.Time `json:"until,omitzero"`
	Say   lang.Text `json:"say"`
	// Roots and Findings are ids that stand now.
	Roots    []string `json:"roots"`
	Findings []string `json:"findings,omitempty"`
}

// Exit is the exit code (DESIGN.md §4): 0 verified, 1 ineffective, 3 too early to tell.
func (v Verification) Exit() int {
	switch v.State {
	case Confirmed:
		return 0
	case Ineffective:
		return 1
	}
	return 3
}

// Judge reads these parts afresh and judges again.
type Judge func(ctx context.Context, keys []estate.Key) (*walk.Diagnosis, error)

// lag is how long AWS's own answers may lag behind a change before a finding that
// stands on configuration counts as staying: IAM and EC2 are eventually consistent.
const lag = time.Minute

// firstLook and lastLook bound the pauses between two looks; registration is worth
// asking every thirty seconds (domain.md SSM-1).
const firstLook, lastLook = 2 * time.Second, 30 * time.Second

// insideLook is the shortest pause where each look runs a command inside Windows:
// several of them a minute fill the command history that others read, and the
// account's limit of commands at a time.
const insideLook = 15 * time.Second

// pauses is the first pause between two looks at these parts.
func pauses(keys []estate.Key) time.Duration {
	inside := slices.ContainsFunc(keys, func(k estate.Key) bool {
		kind, ok := estate.Lookup(k.Kind)
		return ok && kind.Touches()
	})
	if inside {
		return insideLook
	}
	return firstLook
}

// Verify judges a run again until it is verified or its deadline has passed, and
// records each outcome that ends it. With wait false it looks once. keys are the
// parts to be read afresh. On is told what is waited for.
func (r *Runner) Verify(ctx context.Context, run *Run, keys []estate.Key, judge Judge, wait bool) (*walk.Diagnosis, error) {
	since := r.since(run)
	pause := pauses(keys)
	for {
		d, err := judge(ctx, keys)
		if err != nil {
			return d, err
		}
		v := run.weigh(d, since, r.Now())
		if v.State != TooEarly || !wait || ctx.Err() != nil {
			run.Verification = &v
			return d, r.Ledger.Append(KindVerification, Verified{Run: run.ID, Verification: v})
		}
		if r.On != nil {
			r.On(Progress{Say: v.Say})
		}
		if err := r.Sleep(ctx, min(pause, max(v.Until.Sub(r.Now()), time.Second))); err != nil {
			// Cancelled while waiting: what was seen last is the outcome.
			run.Verification = &v
			return d, r.Ledger.Append(KindVerification, Verified{Run: run.ID, Verification: v})
		}
		pause = min(pause*2, lastLook)
	}
}

// since is when the last step ended.
func (r *Runner) since(run *Run) time.Time {
	var last time.Time
	for _, t := range run.Times {
		if t.After(last) {
			last = t
		}
	}
	if !last.IsZero() {
		return last
	}
	// Somebody else carried it out, nobody here knows when: the clock starts with the
	// first look.
	if v := run.Verification; v != nil && v.State == TooEarly && !v.Until.IsZero() {
		return v.Until.Add(-max(lag, run.Plan.Settle))
	}
	return r.Now()
}

// weigh says what a judgement means for the run.
func (run *Run) weigh(d *walk.Diagnosis, since, now time.Time) Verification {
	v := Verification{Time: now, Roots: []string{}}
	var still, watched *walk.Weighed
	for _, w := range d.Findings {
		v.Findings = append(v.Findings, w.ID())
		if w.Root {
			v.Roots = append(v.Roots, w.ID())
		}
		switch {
		case w.ID() == run.Plan.Finding:
			if !w.Severity.LessThan(run.Severity) {
				still = &w
			}
		case w.Observation && len(w.CausedBy) == 0 && slices.Contains(run.Explains, w.ID()) && !history(d, w.Finding):
			watched = &w
		}
	}
	if !run.Plan.Means.Zero() {
		// It removes nothing: it makes something that can be looked at.
		v.State, v.Say = Undecided, lang.Both("not every step is done", "未完了の手順あり")
		if run.ByHand {
			v.Say = lang.Both("the plan removes no finding: only the work order's own checks show whether it was carried out", "検出事項を解消する手順ではないため、実施の有無は作業手順書の確認手順で判断")
		}
		if run.Finished() {
			v.State, v.Say = Confirmed, run.Plan.Means
		}
		return v
	}
	config, settled := since.Add(lag), since.Add(max(lag, run.Plan.Settle))
	if run.ByHand {
		config = since // whoever says that it was carried out says so afterwards
	}
	switch {
	case still != nil && now.Before(config):
		v.State, v.Until = TooEarly, config
		v.Say = lang.Both("AWS's answers may lag behind the change; looking again until %s", "変更の反映待ち（%s まで再確認）").With(clock(config))
	case still != nil && run.Plan.Settle > lag && observed(*still) && now.Before(settled):
		v.State, v.Until = TooEarly, settled
		v.Say = lang.Both("waiting until %s: %s", "%s まで確認待ち: %s").With(clock(settled), run.Plan.Wait)
	case still != nil:
		v.State = Ineffective
		v.Say = lang.Both("the finding still stands: %s", "検出事項が残存: %s").With(still.ID())
	case !run.judged(d):
		v.State, v.Until = Undecided, time.Time{}
		v.Say = lang.Both("the finding could not be judged again", "事後確認の判定に必要な情報を取得できない")
		if now.Before(settled) && run.waits(d) {
			v.State, v.Until = TooEarly, settled
		}
	case watched != nil && now.Before(settled):
		v.State, v.Until = TooEarly, settled
		v.Say = lang.Both("%[1]s is gone; %[2]s is still to follow, until %[3]s: %[4]s", "%[1]s は解消、%[2]s は %[3]s まで確認待ち: %[4]s").With(
			run.Plan.Finding, watched.ID(), clock(settled), run.Plan.Wait)
	case watched != nil:
		v.State = Ineffective
		v.Say = lang.Both("%s is gone, but %s still stands and nothing else explains it", "%s は解消したが、%s が残存（他に原因の検出なし）").With(run.Plan.Finding, watched.ID())
	default:
		v.State = Confirmed
		v.Say = lang.Both("the same judgement no longer finds %s", "同じ判定で %s の解消を確認").With(run.Plan.Finding)
	}
	return v
}

// history are observations that a fix cannot undo: the instance did end, and what was
// reported of it until then was reported.
func history(d *walk.Diagnosis, f finding.Finding) bool {
	i, _ := d.Instance.Get()
	return strings.HasPrefix(string(f.Code), "instance.") || i.State == "terminated" || i.State == "shutting-down"
}

// observed reports whether a finding stands on what was observed, inside Windows or
// by Systems Manager, and not on configuration alone.
func observed(w walk.Weighed) bool {
	return slices.ContainsFunc(w.Evidence, func(e finding.Evidence) bool {
		return e.Origin.Source == fact.Guest || e.Origin.Source == fact.Inventory || e.Origin.Source == fact.Customer
	})
}

// judged reports whether some probe that can make the plan's finding came to a
// judgement.
func (run *Run) judged(d *walk.Diagnosis) bool {
	for _, j := range d.Probes {
		if slices.Contains(run.Probes, j.Probe) && j.Verdict.Outcome != probe.Unknown {
			return true
		}
	}
	return false
}

// waits reports whether the plan's probes only wait for what is to be observed.
func (run *Run) waits(d *walk.Diagnosis) bool {
	for _, j := range d.Probes {
		if !slices.Contains(run.Probes, j.Probe) {
			continue
		}
		for _, w := range j.Verdict.Whys {
			if w.Reason == fact.TooEarly || w.Reason == fact.BlockedBy || w.Reason == fact.AfterFix || w.Reason == fact.Timeout {
				return true
			}
		}
	}
	return false
}

// clock writes a time as judgements do; who shows the text knows the reader's zone.
func clock(t time.Time) string { return t.UTC().Format(time.RFC3339) }
