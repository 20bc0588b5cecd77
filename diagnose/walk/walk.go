package walk

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/probe"
	"github.com/monshin/monshin/diagnose/runbook"
)

// Words is what a walk asks the catalogue.
type Words interface {
	Entry(finding.Code) (*finding.Entry, bool)
	Explains(cause, effect finding.Finding) bool
}

// Options are what a walk needs.
type Options struct {
	Tree   *runbook.Tree
	Probes probe.Set
	Words  Words
	Estate *estate.Estate
	Source Source
	// Simulated marks what comes from a lab.
	Simulated bool
	// Guest says that the operator consented to scripts inside the guest. Without it
	// what only Windows can tell is unknown(needs-guest).
	Guest bool
	// Now tells the time for which the estate speaks; nil keeps the estate's AsOf.
	Now func() time.Time
}

// Event is something that happened, for the journal. One of the fields is set.
type Event struct {
	Got    *Got
	Judged *Judged
	Answer *Answer
}

// Answer is what the operator said to a question; "" is "don't know".
type Answer struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Walk is one investigation's judgement. Its methods are safe for concurrent use.
type Walk struct {
	o      Options
	probes []probe.Probe

	inbox chan func(*state) // changes made from outside while Run runs

	mu    sync.Mutex
	state *state
}

// state belongs to the Run that holds Walk.mu.
type state struct {
	estate  *estate.Estate
	results map[string]*result
	waves   map[estate.Key]int
	wanted  map[estate.Key]time.Time // being read, since when
	calls   Calls
	paused  error
	dirty   map[string]bool
	said    []Answer
	// consent is Options.Guest, or given later. held are the parts inside the guest
	// that are wanted: they are asked for when nothing else is left, all in one
	// command, so that nothing on the API side waits for a script.
	consent bool
	held    []estate.Key
}

type result struct {
	verdict probe.Verdict
	touched []estate.Key
	asked   []string
}

// New prepares a walk. The tree's probes must be in the set.
func New(o Options) (*Walk, error) {
	w := &Walk{o: o, inbox: make(chan func(*state), 64)}
	for _, id := range o.Tree.Probes() {
		p, ok := o.Probes.Get(id)
		if !ok {
			return nil, fmt.Errorf("the tree of %q names the probe %q, which does not exist", o.Tree.Symptom, id)
		}
		w.probes = append(w.probes, p)
	}
	w.state = &state{
		estate: o.Estate, results: map[string]*result{}, waves: map[estate.Key]int{},
		wanted: map[estate.Key]time.Time{}, calls: Calls{ByOperation: map[string]int{}}, dirty: map[string]bool{}, consent: o.Guest,
	}
	for _, p := range w.probes {
		w.state.dirty[p.ID] = true
	}
	return w, nil
}

// Tree is the tree that is walked.
func (w *Walk) Tree() *runbook.Tree { return w.o.Tree }

// Answer tells what the operator said; value "" is "don't know". It takes effect
// in the Run that is under way, or in the next.
func (w *Walk) Answer(name, value string) {
	w.tell(func(s *state) {
		s.estate.Answers[name] = value
		s.said = append(s.said, Answer{Name: name, Value: value})
		for id, r := range s.results {
			if slices.Contains(r.asked, name) {
				s.dirty[id] = true
			}
		}
	})
}

// Retry forgets the parts that could not be had for a reason that may have gone,
// so that they are read again.
func (w *Walk) Retry() {
	w.tell(func(s *state) {
		for _, k := range s.estate.Keys() {
			f, _ := s.estate.Fact(k)
			if f.State() != fact.StateUnknown {
				continue
			}
			switch f.Why().Reason {
			case fact.Denied, fact.Throttled, fact.Timeout, fact.NotSupported, fact.TooEarly:
				s.forget(k)
			}
		}
	})
}

// Consent tells that scripts may run inside the guest from now on.
func (w *Walk) Consent() {
	w.tell(func(s *state) {
		s.consent = true
		for _, k := range s.estate.Keys() {
			if kind, ok := estate.Lookup(k.Kind); ok && kind.Touches() {
				if f, _ := s.estate.Fact(k); f.State() == fact.StateUnknown && f.Why().Reason == fact.NeedsGuest {
					s.forget(k)
				}
			}
		}
	})
}

// Put stores a part that came another way: somebody else's answer, say.
func (w *Walk) Put(p estate.Part) { w.tell(func(s *state) { s.put(p) }) }

// Refresh forgets these parts, so that they are read again.
func (w *Walk) Refresh(keys ...estate.Key) {
	w.tell(func(s *state) {
		for _, k := range keys {
			s.forget(k)
		}
	})
}

func (s *state) forget(k estate.Key) {
	s.estate.Remove(k)
	for id, r := range s.results {
		if slices.Contains(r.touched, k) {
			s.dirty[id] = true
		}
	}
}

// tell never blocks: where a Run holds the state, it goes through the inbox.
func (w *Walk) tell(change func(*state)) {
	if w.mu.TryLock() {
		defer w.mu.Unlock()
		change(w.state)
		return
	}
	select {
	case w.inbox <- change:
	default: // sixty-four unanswered keystrokes: the operator will press again
	}
}

// Estate returns a copy of what is known.
func (w *Walk) Estate() *estate.Estate {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.state.estate.Clone()
}

type delivery struct {
	got  Got
	base int // the wave of the arrival that made us ask
	end  []estate.Key
}

// Run reads and judges until nothing more can be learnt, and returns what is
// known then. It returns early when ctx ends, with what is known so far, and when
// the credentials run out (Diagnosis.Paused); Run again goes on where it stopped.
// emit, which may be nil, is called from this goroutine after each change.
func (w *Walk) Run(ctx context.Context, emit func(*Diagnosis, []Event)) *Diagnosis {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.state
	if emit == nil {
		emit = func(*Diagnosis, []Event) {}
	}
	if w.o.Now != nil {
		s.estate.AsOf = w.o.Now().UTC()
	}
	s.paused = nil
	s.wanted = map[estate.Key]time.Time{}
	for _, p := range w.probes {
		// A probe that still waits for parts (an earlier Run was cut short) asks again.
		if r := s.results[p.ID]; r != nil && r.verdict.Pending() {
			s.dirty[p.ID] = true
		}
	}
	w.drain(s)

	deliveries := make(chan delivery)
	collect, stop := context.WithCancel(ctx)
	var collectors sync.WaitGroup
	defer collectors.Wait()
	defer stop()

	ask := func(keys []estate.Key, base int) {
		if len(keys) == 0 || s.paused != nil || ctx.Err() != nil {
			return
		}
		for _, k := range keys {
			s.wanted[k] = time.Now()
		}
		collectors.Add(1)
		go func() {
			defer collectors.Done()
			send := func(d delivery) {
				select {
				case deliveries <- d:
				case <-collect.Done():
				}
			}
			w.o.Source.Collect(collect, keys, func(g Got) { send(delivery{got: g, base: base}) })
			send(delivery{end: keys})
		}()
	}
	publish := func(events []Event) {
		for _, a := range s.said {
			events = append(events, Event{Answer: &a})
		}
		s.said = nil
		emit(w.diagnose(s, ctx.Err() == nil), events)
	}

	want := []estate.Key{}
	if k := estate.CallerPart.Key(""); !s.estate.Has(k) {
		want = append(want, k)
	}
	fresh, events := w.judge(s)
	ask(append(want, fresh...), 0)
	publish(events)

	for len(s.wanted) > 0 || len(s.held) > 0 {
		if len(s.wanted) == 0 {
			held := s.held
			s.held = nil
			if ask(held, s.calls.Waves); len(s.wanted) == 0 {
				break // paused, or at its end
			}
		}
		var events []Event
		select {
		case <-ctx.Done():
			s.wanted = map[estate.Key]time.Time{}
			d := w.diagnose(s, false)
			emit(d, nil)
			return d
		case change := <-w.inbox:
			change(s)
			w.drain(s)
			fresh, events = w.judge(s)
			ask(fresh, 0)
		case d := <-deliveries:
			if d.end != nil {
				events = w.close(s, d.end)
				if events == nil {
					continue
				}
			} else if !w.take(s, d) {
				continue
			} else {
				events = append(events, Event{Got: &d.got})
			}
			var judged []Event
			fresh, judged = w.judge(s)
			events = append(events, judged...)
			ask(fresh, s.waves[d.got.Part.Key])
		}
		publish(events)
	}
	d := w.diagnose(s, true)
	emit(d, nil)
	return d
}

func (w *Walk) drain(s *state) {
	for {
		select {
		case change := <-w.inbox:
			change(s)
		default:
			return
		}
	}
}

// take stores a part that arrived. It reports whether anything is to be judged.
func (w *Walk) take(s *state, d delivery) bool {
	s.count(d.got.Calls)
	k := d.got.Part.Key
	if d.got.Expired != nil {
		delete(s.wanted, k)
		s.paused = d.got.Expired
		return false
	}
	if _, open := s.wanted[k]; !open && s.estate.Has(k) {
		return false
	}
	delete(s.wanted, k)
	wave := d.base + d.got.Depth
	s.waves[k] = wave
	s.calls.Waves = max(s.calls.Waves, wave)
	s.put(d.got.Part)
	return true
}

// close ends a collection. A part that the source owes is unknown, so that the
// walk cannot wait for ever.
func (w *Walk) close(s *state, keys []estate.Key) []Event {
	var events []Event
	for _, k := range keys {
		if _, open := s.wanted[k]; !open {
			continue
		}
		delete(s.wanted, k)
		kind, ok := estate.Lookup(k.Kind)
		if !ok || s.paused != nil {
			continue
		}
		p := kind.Unknown(k.ID, fact.Why{Reason: fact.NotRecorded, Action: first(kind.Actions()), Resource: k.ID})
		s.put(p)
		events = append(events, Event{Got: &Got{Part: p}})
	}
	return events
}

func first(s []string) string {
	if len(s) == 0 {
		return ""
	}
	return s[0]
}

func (s *state) put(p estate.Part) {
	s.estate.Put(p)
	for id, r := range s.results {
		if slices.Contains(r.touched, p.Key) {
			s.dirty[id] = true
		}
	}
}

func (s *state) count(calls []Call) {
	for _, c := range calls {
		s.calls.Total++
		s.calls.ByOperation[c.Operation]++
		if c.Error != "" {
			s.calls.Failed++
		}
	}
}

// judge judges what is dirty and returns the parts that are wanted now and were
// not before. Parts inside the guest are held back, or unknown without consent.
func (w *Walk) judge(s *state) ([]estate.Key, []Event) {
	var fresh []estate.Key
	var events []Event
	for {
		wanted, judged := w.judgeOnce(s)
		events = append(events, judged...)
		again := false
		for _, k := range wanted {
			kind, ok := estate.Lookup(k.Kind)
			switch {
			case !ok || !kind.Touches():
				if !slices.Contains(fresh, k) {
					fresh = append(fresh, k)
				}
			case s.consent:
				if !slices.Contains(s.held, k) {
					s.held = append(s.held, k)
				}
			default:
				s.put(kind.Unknown(k.ID, fact.Why{Reason: fact.NeedsGuest, Action: first(kind.Actions()), Resource: s.estate.Target.InstanceID}))
				again = true
			}
		}
		if !again {
			return fresh, events
		}
	}
}

func (w *Walk) judgeOnce(s *state) ([]estate.Key, []Event) {
	var fresh []estate.Key
	var events []Event
	for _, p := range w.probes {
		if !s.dirty[p.ID] {
			continue
		}
		delete(s.dirty, p.ID)
		v := estate.NewView(s.estate)
		r := &result{verdict: safely(p, v), touched: v.Touched(), asked: v.Asked()}
		s.results[p.ID] = r
		for _, k := range v.Wanted() {
			if _, asked := s.wanted[k]; !asked && !slices.Contains(fresh, k) {
				fresh = append(fresh, k)
			}
		}
		if !r.verdict.Pending() {
			j := w.judged(p, r)
			events = append(events, Event{Judged: &j})
		}
	}
	return fresh, events
}

// safely judges, and turns a crash of the judgement into a result of its own.
func safely(p probe.Probe, v *estate.View) (verdict probe.Verdict) {
	defer func() {
		if r := recover(); r != nil {
			verdict = probe.Verdict{
				Outcome: probe.Unknown,
				Say:     lang.Both("the judgement failed inside monshin; please report it", "判定処理の内部エラー（不具合としてご報告ください）"),
				Whys:    []fact.Why{{Reason: fact.NotModelled, Detail: fmt.Sprintf("%s: %v", p.ID, r)}},
			}
		}
	}()
	return p.Judge(v)
}

func (w *Walk) judged(p probe.Probe, r *result) Judged {
	return Judged{Probe: p.ID, Title: p.Title, Verdict: r.verdict, Parts: r.touched}
}

// Judge judges an estate as it stands, without reading anything: what-if, replays
// and tests. Parts that the estate lacks are not recorded.
func Judge(o Options) (*Diagnosis, error) {
	o.Source = nothing{}
	w, err := New(o)
	if err != nil {
		return nil, err
	}
	return w.Run(context.Background(), nil), nil
}

// nothing is a source that has no parts.
type nothing struct{}

func (nothing) Collect(_ context.Context, keys []estate.Key, done func(Got)) {
	for _, k := range keys {
		if kind, ok := estate.Lookup(k.Kind); ok {
			done(Got{Part: kind.Unknown(k.ID, fact.Why{Reason: fact.NotRecorded, Action: first(kind.Actions()), Resource: k.ID})})
		}
	}
}

func (nothing) Name() string { return "recording" }

// diagnose sums up the state.
func (w *Walk) diagnose(s *state, alive bool) *Diagnosis {
	d := &Diagnosis{
		Target: s.estate.Target, Symptom: w.o.Tree.Symptom, Title: w.o.Tree.Title,
		Source: w.o.Source.Name(), Simulated: w.o.Simulated, AsOf: s.estate.AsOf,
		Complete: alive && s.paused == nil && len(s.wanted) == 0,
		Instance: probe.Patient(s.estate),
		Caller:   estate.CallerPart.Of(estate.NewView(s.estate), ""),
		Paused:   s.paused,
		Waiting:  slices.SortedFunc(maps.Keys(s.wanted), estate.Key.Compare),
	}
	if c, ok := d.Caller.Get(); ok {
		d.Target.Account = c.Account
	}
	d.Calls = s.calls
	d.Calls.ByOperation = maps.Clone(s.calls.ByOperation)
	for _, p := range w.probes {
		if r := s.results[p.ID]; r != nil {
			d.Probes = append(d.Probes, w.judged(p, r))
		}
	}
	d.Findings = w.weigh(d.Probes)
	d.Unknowns = w.open(d.Probes)
	d.Path = w.o.Tree.Path(func(n *runbook.Node) string { return s.edge(n) })
	switch d.Exit() {
	case 1:
		d.Outcome = Problems
	case 3:
		d.Outcome = Undecided
	default:
		d.Outcome = Clear
	}
	return d
}

// edge is the outcome of a node as far as it is known, "" where it is not.
func (s *state) edge(n *runbook.Node) string {
	switch n.Kind {
	case runbook.ProbeNode:
		r := s.results[n.Probe]
		if r == nil || r.verdict.Pending() {
			return ""
		}
		return string(r.verdict.Outcome)
	case runbook.QuestionNode:
		a, asked := s.estate.Answers[n.Question.Name]
		switch {
		case !asked:
			return ""
		case a == "":
			return runbook.DontKnow
		}
		return runbook.Answered
	case runbook.StepNode:
		return runbook.Done
	}
	return ""
}
