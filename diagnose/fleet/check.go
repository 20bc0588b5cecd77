package fleet

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/walk"
)

// Row is what the walk of one instance came to, without what it read.
type Row struct {
	Place    Place    `json:"place"`
	ID       string   `json:"id"`
	Name     string   `json:"name,omitempty"`
	Standing Standing `json:"standing"`
	// Walked says that the tree was walked; without it only Standing and Why speak.
	Walked  bool         `json:"walked"`
	Outcome walk.Outcome `json:"outcome,omitempty"`
	// Exit is the exit code of the walk by itself.
	Exit   int     `json:"exit"`
	Causes []Cause `json:"causes,omitempty"`
	// Open counts the judgements that could not be made and are needed, by reason.
	Open map[fact.Reason]int `json:"open,omitempty"`
	// Why says why it was not walked.
	Why fact.Why `json:"why,omitzero"`
}

// Cause is a root cause as one walk found it.
type Cause struct {
	Code      finding.Code      `json:"code"`
	Subject   string            `json:"subject,omitempty"`
	Severity  finding.Severity  `json:"severity"`
	Certainty finding.Certainty `json:"certainty"`
	Say       lang.Text         `json:"say"`
}

// SharedCause is a root cause with the instances that have it.
type SharedCause struct {
	Cause
	// Each says that every instance has it for itself: the subject is the instance.
	Each      bool
	Instances []MemberID
}

// Matrix is a fleet grouped by root cause.
type Matrix struct {
	Report
	Symptom string
	Title   lang.Text
	// Guest says that Windows was asked.
	Guest bool
	Rows  []Row
	// Causes come with the one that most instances have first.
	Causes []SharedCause
	// Walked is how many instances were walked, Clear how many of them came to no
	// problem, Undecided how many to no decision.
	Walked, Clear, Undecided int
}

// Words gives a finding's text for a screen.
type Words interface {
	Screen(finding.Finding) lang.Text
}

// RowOf keeps what a fleet needs of a diagnosis.
func RowOf(m *Member, d *walk.Diagnosis, words Words) Row {
	r := rowOf(m)
	r.Walked, r.Outcome, r.Exit = true, d.Outcome, d.Exit()
	if !d.Complete {
		r.Outcome, r.Exit = walk.Undecided, 3
	}
	for _, f := range d.RootCauses() {
		r.Causes = append(r.Causes, Cause{f.Code, f.Subject, f.Severity, f.Certainty, words.Screen(f.Finding)})
	}
	for _, u := range d.Unknowns {
		if u.Needed {
			if r.Open == nil {
				r.Open = map[fact.Reason]int{}
			}
			r.Open[u.Why.Reason]++
		}
	}
	return r
}

func rowOf(m *Member) Row {
	return Row{Place: m.Place, ID: m.ID, Name: m.Name(), Standing: m.Standing()}
}

// skipped is the row of an instance that a walk could tell nothing of.
func skipped(m *Member) (Row, bool) {
	r := rowOf(m)
	switch r.Standing {
	case Linux:
		return r, true
	case Missing:
		r.Exit = 1 // as instance.not-found of monshin check
		return r, true
	case Denied, Unread:
		if m.Instance.IsUnknown() {
			r.Exit, r.Why = 3, m.Instance.Why()
			return r, true
		}
	}
	return r, false
}

// CheckOptions say how a fleet is walked.
type CheckOptions struct {
	Selection Selection
	// Walk prepares the walk of one instance, without consent to scripts inside Windows.
	Walk  func(a Account, m *Member) (*walk.Walk, error)
	Words Words
	// Guest allows the scripts inside Windows that the walks want, Concurrency is how
	// many servers run them at the same time; 0 is DefaultConcurrency.
	Guest       bool
	Concurrency int
	// Done are rows that an earlier, cancelled check had: they are not walked again.
	Done map[MemberID]Row
	Now  func() time.Time
	Note func(Event)
}

// walks is how many instances are walked at the same time. The requests have a bound
// of their own; more walks than this only hold more estates in memory.
const walks = 8

// cohort is how many instances are walked before those of them are asked that want it:
// eight commands of fifty, whose estates are some tens of MiB.
const cohort = 400

// Check walks every instance that the selection chooses, in each account, and groups
// what comes out. It returns what it has also with an error, and where ctx ended.
func Check(ctx context.Context, accounts []Account, o CheckOptions) (*Matrix, error) {
	if o.Concurrency <= 0 {
		o.Concurrency = DefaultConcurrency
	}
	x := &Matrix{Report: Report{AsOf: o.Now().UTC(), Calls: map[string]int{}}, Guest: o.Guest}
	c := &check{o: o, x: x}
	err := (&survey{}).everywhere(accounts, func(i int) error { return c.place(ctx, accounts[i]) })
	x.Members = unique(x.Members)
	for _, a := range accounts {
		x.Source = a.Name()
		for action, n := range a.Calls() {
			x.Calls[action] += n
		}
	}
	x.Complete = err == nil && ctx.Err() == nil && len(x.Lacks) == 0
	x.group()
	if ctx.Err() != nil {
		err = nil
	}
	return x, err
}

type check struct {
	o      CheckOptions
	places places

	mu    sync.Mutex // guards what follows
	x     *Matrix
	total int
}

func (c *check) place(ctx context.Context, a Account) error {
	place, err := a.Place(ctx)
	if err != nil {
		return err
	}
	if !c.places.claim(place, a) {
		return nil
	}
	c.note(Event{Stage: Listing, Place: place})
	members, err := roster(ctx, a, place, c.o.Selection, func(p Place, err error) error {
		s := &survey{}
		err = s.lacking(p, err)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.x.Lacks = append(c.x.Lacks, s.lacks...)
		return err
	})
	var todo []*Member
	for _, m := range members {
		if row, ok := c.o.Done[MemberID{place, m.ID}]; ok {
			m.Earlier = row.Standing
		}
	}
	c.mu.Lock()
	c.x.Members = append(c.x.Members, members...)
	c.total += len(members)
	c.mu.Unlock()
	if err != nil {
		return err
	}
	for _, m := range members {
		row, done := c.o.Done[MemberID{place, m.ID}]
		switch {
		case done:
			c.add(row, place, false)
		default:
			if row, ok := skipped(m); ok {
				c.add(row, place, true)
				continue
			}
			todo = append(todo, m)
		}
	}
	size := cohort
	tags := c.o.Selection.targets(members)
	if c.o.Guest && tags != nil {
		size = max(1, len(todo)) // one command is for all
	}
	for some := range slices.Chunk(todo, size) {
		if err := c.together(ctx, a, place, some, tags); err != nil || ctx.Err() != nil {
			return err
		}
	}
	return nil
}

// note tells an event; one at a time.
func (c *check) note(e Event) {
	if c.o.Note == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.o.Note(e)
}

// add keeps a row; fresh ones go into the record.
func (c *check) add(r Row, p Place, fresh bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.x.Rows = append(c.x.Rows, r)
	if c.o.Note != nil {
		e := Event{Stage: Walking, Place: p, Done: len(c.x.Rows), Total: c.total}
		if fresh {
			e.Row = &r
		}
		c.o.Note(e)
	}
}

// group sorts the rows, and adds one for each instance that was not reached before
// the end.
func (x *Matrix) group() {
	have, elsewhere := map[MemberID]bool{}, map[string]Place{}
	for _, m := range x.Members {
		elsewhere[m.ID] = m.Place
	}
	x.Rows = slices.DeleteFunc(x.Rows, func(r Row) bool {
		p, ok := elsewhere[r.ID]
		return ok && p != r.Place // it was looked for here, and is there
	})
	for _, r := range x.Rows {
		have[MemberID{r.Place, r.ID}] = true
	}
	for _, m := range x.Members {
		if !have[MemberID{m.Place, m.ID}] {
			r := rowOf(m)
			if m.Extra {
				r.Why = m.Instance.Why() // nobody meant it: it decides nothing
			} else {
				r.Exit, r.Why = 3, fact.Why{Reason: fact.Pending}
			}
			x.Rows = append(x.Rows, r)
		}
	}
	slices.SortFunc(x.Rows, func(a, b Row) int {
		return cmp.Or(cmp.Compare(a.Place.String(), b.Place.String()), cmp.Compare(a.ID, b.ID))
	})
	causes := map[string]*SharedCause{}
	for _, r := range x.Rows {
		if !r.Walked {
			continue
		}
		x.Walked++
		switch r.Exit {
		case 0:
			x.Clear++
		case 3:
			x.Undecided++
		}
		for _, k := range r.Causes {
			each := k.Subject == "" || strings.Contains(k.Subject, r.ID)
			name := fmt.Sprintf("%s@%s@%s", k.Code, k.Subject, r.Place)
			if each {
				name = string(k.Code)
			}
			g := causes[name]
			if g == nil {
				g = &SharedCause{Cause: k, Each: each}
				causes[name] = g
			}
			id := MemberID{r.Place, r.ID}
			if !slices.Contains(g.Instances, id) {
				g.Instances = append(g.Instances, id)
			}
			g.Certainty = g.Certainty.AtMost(k.Certainty)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(causes)) {
		x.Causes = append(x.Causes, *causes[name])
	}
	slices.SortStableFunc(x.Causes, func(a, b SharedCause) int { return len(b.Instances) - len(a.Instances) })
}

// Exit is the exit code of the check: 1 where any instance has a root cause or is not
// there, else 3 where any is undecided or nobody is meant, else 0.
func (x *Matrix) Exit() int {
	code := 0
	if !x.Complete || len(x.Lacks) > 0 || x.Nobody() {
		code = 3
	}
	for _, r := range x.Rows {
		switch r.Exit {
		case 1:
			return 1
		case 3:
			code = 3
		}
	}
	return code
}

// Prefill is the estate of a member with what the lists already told, so that its
// walk does not ask again.
func Prefill(m *Member, asOf time.Time) *estate.Estate {
	e := estate.New(estate.Target{InstanceID: m.ID, Region: m.Place.Region, Account: m.Place.Account}, asOf)
	if !m.Node.IsUnknown() {
		e.Put(estate.ManagedNodePart.Part(m.ID, m.Node))
	}
	return e
}
