package remedy

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/lang"
)

// Runner carries plans out, checks them and takes them back.
type Runner struct {
	Caller Caller
	Reader Reader
	Ledger Ledger
	// Now tells the time, and Sleep waits; a lab's do both in its own time.
	Now   func() time.Time
	Sleep func(context.Context, time.Duration) error
	// On is told what happens; nil tells nobody.
	On func(Progress)
	// ReadOnly makes every change impossible.
	ReadOnly bool
}

// Progress is one thing that happened to a run.
type Progress struct {
	Step  string
	Undo  bool
	State StepState
	// Say is what is waited for, or what went wrong.
	Say lang.Text
}

// Drift is a place where the world is not as expected.
type Drift struct {
	Guard Guard `json:"guard"`
	// Now is what stands there, compact JSON, "" for nothing.
	Now string `json:"now,omitempty"`
	// Expected is what should stand there.
	Expected string `json:"expected,omitempty"`
	// Unread is set where the place could not be read.
	Unread *fact.Why `json:"unread,omitempty"`
}

// Say tells a drift.
func (d Drift) Say() lang.Text {
	if d.Unread != nil {
		return lang.Both("%s %s could not be read (%s)", "%s の %s を取得できない（%s）").With(d.Guard.Part, d.Guard.At, d.Unread.String())
	}
	nothing := lang.Both("nothing", "なし")
	show := func(s string) lang.Text {
		if s == "" {
			return nothing
		}
		return lang.Same(lang.Clean(s))
	}
	return lang.Both("%s %s: expected %s, found %s", "%s の %s: 想定 %s、現在 %s").With(d.Guard.Part, d.Guard.At, show(d.Expected), show(d.Now))
}

// Changed says that the world is not as it was when the plan was made, or as the run
// left it. Nothing was called for it.
type Changed struct {
	Undo   bool
	Drifts []Drift
}

func (c *Changed) Error() string { return c.Said().En }

// Said lists the differences.
func (c *Changed) Said() lang.Text {
	var all []lang.Text
	for _, d := range c.Drifts {
		all = append(all, d.Say())
	}
	list := lang.Join(all, lang.Both("; ", "、"))
	if c.Undo {
		return lang.Both("not undone, because somebody changed it since: %s", "適用後に変更されているため切り戻しを中止: %s").With(list)
	}
	return lang.Both("not applied, because it changed since the plan was made: %s; make the plan again", "対処手順の作成後に変更されているため適用を中止: %s。対処手順の再作成が必要").With(list)
}

// Refused says why a run may not begin.
type Refused struct{ Say lang.Text }

func (r *Refused) Error() string { return r.Say.En }

// Said returns the words.
func (r *Refused) Said() lang.Text { return r.Say }

func refuse(en, ja string, args ...any) error {
	return &Refused{Say: lang.Both(en, ja).With(args...)}
}

// Allows reports whether an approval covers the plan: its very hash, and the word
// that had to be typed.
func (p Plan) Allows(a Approval) error {
	switch {
	case a.Hash != p.Hash():
		return refuse("the approval is for the plan %s, and the plan is now %s: read it and approve it again", "承認された対処手順は %s、現在の対処手順は %s。内容の確認と再承認が必要", a.Hash, p.Hash())
	case p.Typed != "" && a.Typed != p.Typed:
		return refuse("type %q to approve: the plan is wide, or costs money", "承認には %q の入力が必要（影響範囲が広い、または料金が発生）", p.Typed)
	}
	return nil
}

// Start writes a plan and its approval into the ledger. The id distinguishes this
// run from others of the same plan; it must not have been used in the ledger.
func (r *Runner) Start(id string, p Planned, a Approval) (*Run, error) {
	switch err := p.Plan.Allows(a); {
	case r.ReadOnly:
		return nil, refuse("monshin was started with --read-only", "--read-only で起動されているため変更不可")
	case p.Plan.Mode != Automatic:
		return nil, refuse("this plan is carried out by a person; monshin only checks it afterwards", "この対処手順は手作業用。monshin は事後確認のみ実施")
	case err != nil:
		return nil, err
	}
	p.Run, p.Hash = id, p.Plan.Hash()
	run := NewRun(id, p)
	if err := r.Ledger.Append(KindPlan, p); err != nil {
		return nil, err
	}
	if err := r.Ledger.Append(KindApproval, Approved{Run: id, Approval: a}); err != nil {
		return nil, err
	}
	run.Approval = &a
	return run, nil
}

// Apply carries a run out, or goes on with one that was interrupted: what is done
// is not done again, and a step of which nobody knows the end is looked for in the
// world first. It stops at the first step that fails; what was done stays done, and
// is in the run. Errors are *Changed, *Failure, *Refused, ctx's, or the ledger's.
func (r *Runner) Apply(ctx context.Context, run *Run) error {
	if err := r.allowed(run); err != nil {
		return err
	}
	if !run.Begun() {
		if err := r.hold(ctx, run, run.Plan.Steps); err != nil {
			return err
		}
	}
	for _, step := range run.Plan.Steps {
		switch run.State(step.ID) {
		case Done, Prior:
			continue
		case Intended:
			if err := r.settle(ctx, run, step, false); err != nil {
				return err
			}
			if run.State(step.ID) == Done {
				continue
			}
		case Undoing, Reverted:
			return refuse("the run is being undone", "切り戻し中のため適用不可")
		}
		if err := r.hold(ctx, run, []Step{step}); err != nil {
			return err
		}
		if err := r.do(ctx, run, step, false); err != nil {
			return err
		}
	}
	return r.leave(ctx, run)
}

func (r *Runner) allowed(run *Run) error {
	if r.ReadOnly {
		return refuse("monshin was started with --read-only", "--read-only で起動されているため変更不可")
	}
	if run.Approval == nil {
		return refuse("the plan was not approved", "対処手順が未承認")
	}
	return run.Plan.Allows(*run.Approval)
}

// hold compares the places that steps change with what stood there when the plan was
// made. Places that exist only by the plan's own steps are passed over.
func (r *Runner) hold(ctx context.Context, run *Run, steps []Step) error {
	var guards []Guard
	seen := map[string]bool{}
	for _, s := range steps {
		for _, g := range s.Guards {
			g = run.resolveGuard(g)
			place := g.Part + " " + g.At
			if !seen[place] && !strings.Contains(place, outputMark) {
				guards = append(guards, g)
			}
			seen[place] = true
		}
	}
	drifts, err := r.compare(ctx, guards, func(g Guard) string { return g.Before })
	if err == nil && len(drifts) > 0 {
		err = &Changed{Drifts: drifts}
	}
	return err
}

// compare reads guarded places afresh and lists those that are not as expected.
func (r *Runner) compare(ctx context.Context, guards []Guard, expected func(Guard) string) ([]Drift, error) {
	if len(guards) == 0 {
		return nil, nil
	}
	facts, err := r.read(ctx, guards)
	if err != nil {
		return nil, err
	}
	var out []Drift
	for _, g := range guards {
		f := facts[estate.ParseKey(g.Part)]
		d := Drift{Guard: g, Expected: expected(g)}
		if f == nil || f.State() == fact.StateUnknown {
			why := fact.Why{Reason: fact.NotRecorded}
			if f != nil {
				why = f.Why()
			}
			d.Unread = &why
			out = append(out, d)
			continue
		}
		if d.Now, err = g.at(f); err != nil {
			return nil, err
		}
		if d.Now != d.Expected {
			out = append(out, d)
		}
	}
	return out, nil
}

func (r *Runner) read(ctx context.Context, guards []Guard) (map[estate.Key]fact.Fact, error) {
	var keys []estate.Key
	for _, g := range guards {
		if k := estate.ParseKey(g.Part); !slices.Contains(keys, k) {
			keys = append(keys, k)
		}
	}
	return r.Reader.Read(ctx, keys)
}

// do makes one call between its intent and its result.
func (r *Runner) do(ctx context.Context, run *Run, step Step, undo bool) error {
	call, err := run.Resolve(step, undo)
	if err != nil {
		return err
	}
	if err := r.Ledger.Append(KindIntent, Intent{Run: run.ID, Step: step.ID, Undo: undo, Call: call}); err != nil {
		return err
	}
	run.States[step.ID] = Intended
	if undo {
		run.States[step.ID] = Undoing
	}
	r.tell(run, step, undo, lang.Text{})
	reply, err := r.Caller.Do(ctx, call, func(t lang.Text) { r.tell(run, step, undo, t) })
	x := Result{Run: run.ID, Step: step.ID, Undo: undo, OK: err == nil, Reply: reply}
	var f *Failure
	if err != nil {
		x.Error = lang.Said(err)
		switch {
		case errors.As(err, &f):
			x.Unsure = f.Unsure
		default: // ctx ended, or a bug: nobody knows
			x.Unsure = true
		}
	}
	if x.Reply.Time.IsZero() {
		x.Reply.Time = r.Now()
	}
	if f != nil && f.Harmless {
		x.OK, x.Found, x.Prior, x.Unsure = true, true, true, false
	}
	if failed := r.Ledger.Append(KindResult, x); failed != nil {
		return errors.Join(err, failed)
	}
	run.note(x)
	r.tell(run, step, undo, x.Error)
	if x.OK {
		return nil
	}
	if x.Unsure && ctx.Err() == nil {
		// The answer was lost, not necessarily the effect: look.
		if err := r.settle(ctx, run, step, undo); err != nil {
			return err
		}
		if s := run.State(step.ID); (!undo && s == Done) || (undo && s == Reverted) {
			return nil
		}
	}
	return err
}

// settle finds out how a step ended of which only the intent is known, and records it.
func (r *Runner) settle(ctx context.Context, run *Run, step Step, undo bool) error {
	call, err := run.Resolve(step, undo)
	if err != nil {
		return err
	}
	reply, found, err := r.Caller.Find(ctx, call)
	if err != nil {
		return err
	}
	if !found && len(step.Guards) > 0 {
		if found, err = r.stands(ctx, run, step, undo); err != nil {
			return err
		}
	}
	x := Result{Run: run.ID, Step: step.ID, Undo: undo, OK: found, Found: found, Reply: reply}
	if !found {
		x.Reply = Reply{} // nothing was made, whatever was looked at
		x.Error = lang.Both("the call had no effect", "呼び出しの効果なし")
	}
	if x.Reply.Time.IsZero() {
		x.Reply.Time = r.Now()
	}
	if err := r.Ledger.Append(KindResult, x); err != nil {
		return err
	}
	run.note(x)
	r.tell(run, step, undo, x.Error)
	return nil
}

// stands reports whether the world already is as the step leaves it. A step that
// makes something with a name nobody knows cannot be seen so.
func (r *Runner) stands(ctx context.Context, run *Run, step Step, undo bool) (bool, error) {
	var guards []Guard
	for _, g := range step.Guards {
		g = run.resolveGuard(g)
		if strings.Contains(g.Part+g.At+g.After, outputMark) {
			return false, nil
		}
		guards = append(guards, g)
	}
	drifts, err := r.compare(ctx, guards, func(g Guard) string {
		if undo {
			return g.Before
		}
		return g.After
	})
	return err == nil && len(drifts) == 0, err
}

// Reconcile looks in the world for the end of every step of which only the intent
// is known, and records it: what a crash or a lost connection left behind.
func (r *Runner) Reconcile(ctx context.Context, run *Run) error {
	for _, step := range run.Plan.Steps {
		switch run.State(step.ID) {
		case Intended:
			if err := r.settle(ctx, run, step, false); err != nil {
				return err
			}
		case Undoing:
			if err := r.settle(ctx, run, step, true); err != nil {
				return err
			}
		}
	}
	return nil
}

// leave records the world as the run left it.
func (r *Runner) leave(ctx context.Context, run *Run) error {
	var guards []Guard
	for _, s := range run.Plan.Steps {
		for _, g := range s.Guards {
			guards = append(guards, run.resolveGuard(g))
		}
	}
	facts, err := r.read(ctx, guards)
	if err != nil {
		return err
	}
	left := Left{Run: run.ID}
	for _, g := range guards {
		f := facts[estate.ParseKey(g.Part)]
		if f == nil || f.State() == fact.StateUnknown {
			continue // the undo will compare with what the plan expected
		}
		if g.After, err = g.at(f); err != nil {
			return err
		}
		left.Values = append(left.Values, g)
	}
	run.Left = left.Values
	return r.Ledger.Append(KindLeft, left)
}

func (r *Runner) tell(run *Run, step Step, undo bool, say lang.Text) {
	if r.On != nil {
		r.On(Progress{Step: step.ID, Undo: undo, State: run.State(step.ID), Say: say})
	}
}

// token makes a repetition of a step of a run harmless. The same step of another
// run is another thing.
func (r *Run) token(step string, undo bool) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %s %t", r.ID, step, undo))
	return "monshin-" + hex.EncodeToString(sum[:12])
}

// StepTag is the tag by which what a step created is found again.
const StepTag = "monshin:step"

// Resolve writes the call of a step as it is sent: values that earlier steps
// answered, the token, monshin's tag.
func (r *Run) Resolve(step Step, undo bool) (Call, error) {
	from := step.Call
	if undo {
		from = step.Undo
	}
	if from == nil {
		return Call{}, refuse("the step %q has no call", "手順 %q に呼び出しの定義がない", step.ID)
	}
	call := *from
	input, err := clone(from.Input)
	if err != nil {
		return Call{}, err
	}
	filled, ok := r.fill(input).(map[string]any)
	if b, err := json.Marshal(filled); !ok || err != nil || marked.Match(b) {
		return Call{}, refuse("the step %q needs what an earlier step has not answered: %s", "手順 %q に必要な前の手順の結果がない: %s", step.ID, unmark(marked.FindString(string(b))))
	}
	token := r.token(step.ID, undo)
	if call.Token != "" {
		filled[call.Token] = token
	}
	if call.Tagged {
		tag(filled, token)
	}
	if call.Operation == "ssm:SendCommand" {
		// AWS keeps a hundred characters, and a command is found again by its comment.
		comment, _ := filled["Comment"].(string)
		filled["Comment"] = strings.TrimSpace(comment + " " + token)
	}
	call.Input = filled
	return call, nil
}

func tag(input map[string]any, token string) {
	mark := map[string]any{"Key": StepTag, "Value": token}
	if specs, ok := input["TagSpecifications"].([]any); ok {
		for _, s := range specs {
			if m, ok := s.(map[string]any); ok {
				list, _ := m["Tags"].([]any)
				m["Tags"] = append(slices.Clone(list), mark)
			}
		}
		return
	}
	if list, ok := input["Tags"].([]any); ok {
		input["Tags"] = append(slices.Clone(list), mark)
	}
}

// clone copies parameters through JSON, so that a plan from memory and one from the
// ledger are the same.
func clone(input map[string]any) (map[string]any, error) {
	b, err := json.Marshal(input)
	if err != nil {
		return nil, err
	}
	var out map[string]any
	d := json.NewDecoder(strings.NewReader(string(b)))
	d.UseNumber()
	return out, d.Decode(&out)
}

func (r *Run) fill(v any) any {
	switch v := v.(type) {
	case string:
		return r.fillText(v)
	case []any:
		for i := range v {
			v[i] = r.fill(v[i])
		}
		return v
	case map[string]any:
		for k := range v {
			v[k] = r.fill(v[k])
		}
		return v
	}
	return v
}

func (r *Run) fillText(s string) string {
	if !strings.Contains(s, outputMark) {
		return s
	}
	// The longest first: "new:a:X.1" is the beginning of "new:a:X.12".
	names := slices.SortedFunc(maps.Keys(r.Outputs), func(a, b string) int { return len(b) - len(a) })
	for _, name := range names {
		s = strings.ReplaceAll(s, name, r.Outputs[name])
	}
	return s
}

func (r *Run) resolveGuard(g Guard) Guard {
	g.Part, g.At, g.Before, g.After = r.fillText(g.Part), r.fillText(g.At), r.fillText(g.Before), r.fillText(g.After)
	return g
}
