package fleet

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/guest"
)

// Account gives what a fleet asks of one region of one account. What could not be
// read is an *UnreadError; any other error ends the survey (the credentials ran out).
type Account interface {
	// Name is walk.Source's name of the same account.
	Name() string
	// Place tells the account's number too, where the caller may know it.
	Place(ctx context.Context) (Place, error)
	// Instances lists what the selection chooses, page by page. Ids that do not exist
	// come as absent, those that cannot be read as unknown.
	Instances(ctx context.Context, s Selection, emit func([]Member)) error
	// Nodes lists the Windows nodes that Systems Manager knows: of these ids, or all.
	Nodes(ctx context.Context, ids []string, emit func([]fact.Of[estate.ManagedNode])) error
	// Images reads images by id.
	Images(ctx context.Context, ids []string) (map[string]fact.Of[estate.Image], error)
	// Console reads the markers of one console output.
	Console(ctx context.Context, id string) (fact.Of[estate.Console], error)
	// Inside runs one script on many servers and tells of each once what came of it.
	Inside(ctx context.Context, q Question, got func(Reply)) error
	// Calls counts the operations sent so far, by IAM action.
	Calls() map[string]int
}

// UnreadError is why a list could not be read.
type UnreadError struct{ Why fact.Why }

func (e *UnreadError) Error() string { return e.Why.String() }

// Stage is what a survey is doing.
type Stage string

// The stages of a survey.
const (
	Listing   Stage = "listing"
	Asking    Stage = "asking"
	Comparing Stage = "comparing"
	Walking   Stage = "walking"
)

// Event is what happened, for a progress line and for the record that Resume reads.
type Event struct {
	Stage Stage
	Place Place
	// Done and Total count instances; Total is 0 where nobody knows yet.
	Done, Total int
	// Told is an answer of Windows, Row an instance that was walked, and Sent what is
	// about to be run inside Windows.
	Told *Told
	Row  *Row
	Sent *Sent
}

// Told is what one Windows said of itself.
type Told struct {
	Place    Place                         `json:"place"`
	ID       string                        `json:"id"`
	Identity fact.Of[estate.GuestIdentity] `json:"identity"`
}

// MemberID names a member in a survey of several places.
type MemberID struct {
	Place Place
	ID    string
}

// CloneOptions say how a survey for clones is made.
type CloneOptions struct {
	Selection Selection
	// Guest allows the identity script inside Windows.
	Guest bool
	// Concurrency is how many servers run it at the same time; 0 is DefaultConcurrency.
	Concurrency int
	// Known are answers that an earlier, cancelled survey had: they are not asked again.
	Known map[MemberID]fact.Of[estate.GuestIdentity]
	Now   func() time.Time
	// Note is told what happens, one event at a time; nil is nobody.
	Note func(Event)
}

// DefaultConcurrency is how many servers run the script at the same time: AWS's own
// default for a command (domain.md §12).
const DefaultConcurrency = 50

const (
	// maxPlaces is how many regions are read at the same time.
	maxPlaces = 4
	// consoleShare bounds the console outputs, each of which is a request of its own:
	// one for a hundred instances, and consoleFloor in small fleets.
	consoleShare, consoleFloor = 100, 50
	// consolesOfGroup is for how many members of a group they are read: some tell
	// whether the certificates differ.
	consolesOfGroup = 10
)

// FindClones looks for copies of one Windows. It returns what it found also with an
// error, and where ctx ended; the report then says that it is incomplete.
func FindClones(ctx context.Context, accounts []Account, o CloneOptions) (*Clones, error) {
	if o.Concurrency <= 0 {
		o.Concurrency = DefaultConcurrency
	}
	c := &Clones{Guest: o.Guest, Report: Report{AsOf: o.Now().UTC(), Complete: true, Calls: map[string]int{}}}
	s := &survey{o: o, images: map[imageKey]fact.Of[estate.Image]{}}
	err := s.everywhere(accounts, func(i int) error { return s.read(ctx, accounts[i]) })
	s.members = unique(s.members)
	if err == nil {
		// Grouped once for all places: each then writes to its own members only.
		groups := judgeClones(s.members, s.images)
		err = s.everywhere(accounts, func(i int) error { return s.consoles(ctx, accounts[i], groups) })
	}
	c.Members, c.Lacks = s.members, s.lacks
	c.Complete = err == nil && ctx.Err() == nil && len(s.lacks) == 0
	for _, a := range accounts {
		c.Source = a.Name()
		for action, n := range a.Calls() {
			c.Calls[action] += n
		}
	}
	s.note(Event{Stage: Comparing})
	c.Groups = judgeClones(s.members, s.images)
	if ctx.Err() != nil {
		err = nil // the operator ended it
	}
	return c, err
}

// survey collects from several places at the same time.
type survey struct {
	o CloneOptions

	mu      sync.Mutex // guards the rest
	members []*Member
	places  places
	lacks   []Lack
	images  map[imageKey]fact.Of[estate.Image]
	asked   int
	toAsk   int
}

// everywhere runs f for each account, some at the same time, and returns the first
// error in their order.
func (s *survey) everywhere(accounts []Account, f func(i int) error) error {
	errs := make([]error, len(accounts))
	slots := make(chan struct{}, maxPlaces)
	var wg sync.WaitGroup
	for i := range accounts {
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			errs[i] = f(i)
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// places are the places that are read, each by one account: two profiles can lead to
// the same place, where every instance would then be the copy of itself.
type places struct {
	mu sync.Mutex
	of map[Place]Account
}

// claim reports whether a is the first to read p.
func (p *places) claim(place Place, a Account) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.of[place] != nil {
		return false
	}
	if p.of == nil {
		p.of = map[Place]Account{}
	}
	p.of[place] = a
	return true
}

func (p *places) owner(place Place) Account {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.of[place]
}

// unique sorts the members and keeps one of each instance: of two accounts whose
// numbers the caller may not know, both can be the same, and an id that was named is
// looked for in every place. Ids are unique in AWS.
func unique(members []*Member) []*Member {
	sortMembers(members)
	best := map[string]*Member{}
	for _, m := range members {
		if b := best[m.ID]; b == nil || presence(m) < presence(b) {
			best[m.ID] = m
		}
	}
	return slices.DeleteFunc(members, func(m *Member) bool { return !m.Extra && best[m.ID] != m })
}

// presence orders what is known of one instance from two places: it is there, it may
// be, it is not.
func presence(m *Member) int {
	switch {
	case m.Instance.IsKnown():
		return 0
	case m.Extra:
		return 3
	case m.Instance.IsUnknown():
		return 1
	}
	return 2
}

// note tells an event; one at a time.
func (s *survey) note(e Event) {
	if s.o.Note == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.o.Note(e)
}

// lacking keeps why a list could not be read; other errors pass.
func (s *survey) lacking(p Place, err error) error {
	var unread *UnreadError
	if !errors.As(err, &unread) {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lacks = append(s.lacks, Lack{p, unread.Why})
	return nil
}

// read reads one place: its instances, their nodes and images, and, where allowed,
// what Windows says.
func (s *survey) read(ctx context.Context, a Account) error {
	place, err := a.Place(ctx)
	if err != nil {
		return err
	}
	if !s.places.claim(place, a) {
		return nil
	}
	s.note(Event{Stage: Listing, Place: place})
	members, err := roster(ctx, a, place, s.o.Selection, func(p Place, err error) error { return s.lacking(p, err) })
	if err != nil && len(members) == 0 {
		return err
	}
	s.mu.Lock()
	s.members = append(s.members, members...)
	s.mu.Unlock()
	if err != nil {
		return err
	}
	if err := s.lineages(ctx, a, place, members); err != nil {
		return err
	}
	return s.ask(ctx, a, place, members)
}

// imagesAtOnce is how many images one request names, so that the request stays short.
const imagesAtOnce = 100

// lineages reads the images that more than one instance was launched from.
func (s *survey) lineages(ctx context.Context, a Account, place Place, members []*Member) error {
	counts := map[string]int{}
	for _, m := range members {
		if id := m.Instance.Value().ImageID; m.lives() && id != "" {
			counts[id]++
		}
	}
	maps.DeleteFunc(counts, func(_ string, n int) bool { return n < 2 })
	for ids := range slices.Chunk(slices.Sorted(maps.Keys(counts)), imagesAtOnce) {
		images, err := a.Images(ctx, ids)
		s.mu.Lock()
		for id, f := range images {
			s.images[imageKey{place, id}] = f
		}
		s.mu.Unlock()
		if err := s.lacking(place, err); err != nil {
			return err
		}
	}
	return nil
}

// ask asks every Windows that can be reached who it is.
func (s *survey) ask(ctx context.Context, a Account, place Place, members []*Member) error {
	byID := map[string]*Member{}
	var ids []string
	for _, m := range members {
		if !m.answers() {
			continue
		}
		if f, ok := s.o.Known[MemberID{place, m.ID}]; ok {
			m.Identity = f
			continue
		}
		byID[m.ID] = m
		ids = append(ids, m.ID)
	}
	if !s.o.Guest || len(ids) == 0 {
		return nil
	}
	slices.Sort(ids)
	// The text is the same for all of them.
	script, err := guest.Script([]estate.Key{estate.GuestIdentityPart.Key(ids[0])})
	if err != nil {
		return err
	}
	q := Question{
		Script: script, IDs: ids, Concurrency: s.o.Concurrency,
		Keys: func(id string) []estate.Key { return []estate.Key{estate.GuestIdentityPart.Key(id)} },
	}
	if len(s.o.Known) == 0 { // else a command by tags would ask again who has answered
		q.Tags = s.o.Selection.targets(members)
	}
	s.mu.Lock()
	s.toAsk += len(ids)
	s.mu.Unlock()
	s.note(Event{Stage: Asking, Place: place, Sent: &Sent{place, script, ids, q.Tags}})
	listed := map[string]bool{}
	for _, m := range members {
		listed[m.ID] = true
	}
	return a.Inside(ctx, q, func(r Reply) {
		s.mu.Lock()
		defer s.mu.Unlock()
		m := byID[r.ID]
		switch {
		case m == nil && r.Extra && !listed[r.ID]:
			listed[r.ID] = true
			s.members = append(s.members, extra(place, r.ID))
			return
		case m == nil:
			return
		}
		m.Unreached = r.Unreached
		for _, p := range r.Parts {
			if f, ok := p.Fact.(fact.Of[estate.GuestIdentity]); ok {
				m.Identity = f
			}
		}
		s.asked++
		if s.o.Note != nil {
			s.o.Note(Event{Stage: Asking, Place: place, Done: s.asked, Total: s.toAsk, Told: &Told{Place: place, ID: r.ID, Identity: m.Identity}})
		}
	})
}

// consoles reads the certificate thumbprints of suspects whose Windows did not tell
// its SID: members of one name.
func (s *survey) consoles(ctx context.Context, a Account, groups []Group) error {
	place, err := a.Place(ctx)
	if err != nil {
		return err
	}
	if s.places.owner(place) != a {
		return nil
	}
	var here int
	var suspects []*Member
	for _, m := range s.members {
		if m.Place == place {
			here++
		}
	}
	for _, g := range groups {
		if g.Kind != ByName {
			continue
		}
		n := 0
		for _, m := range g.Members {
			if m.Place == place && m.Instance.Value().State == "running" && n < consolesOfGroup {
				suspects = append(suspects, m)
				n++
			}
		}
	}
	suspects = suspects[:min(len(suspects), max(consoleFloor, here/consoleShare))]
	for _, m := range suspects {
		if ctx.Err() != nil {
			return nil
		}
		f, err := a.Console(ctx, m.ID)
		if err != nil {
			return err
		}
		m.Console = f
		if f.IsUnknown() && f.Why().Reason == fact.Denied {
			return nil // the others will be refused as well
		}
	}
	return nil
}
