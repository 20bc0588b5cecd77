package main

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/monshin/monshin/diagnose/cloud"
	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/typed"
	"github.com/monshin/monshin/sessions/shell"
	"github.com/monshin/monshin/tui/world"
)

// shelling opens Session Manager shells beside an investigation on the screen.
type shelling struct {
	app       *app
	inv       *investigation
	account   *account
	knowledge *knowledge
	flags     *flags
	fixing    *fixing // judges what is known
}

var _ world.Sheller = (*shelling)(nil)

// BeforeShell says what opening a shell means here, or why one cannot work.
func (s *shelling) BeforeShell(ctx context.Context) (lang.Text, error) {
	switch {
	case s.account.cloud == nil:
		return lang.Text{}, usage(lang.Both("a recording has no shell", "記録に対してシェルは開けない"))
	case s.flags.readOnly:
		return lang.Text{}, usage(lang.Both("--read-only: a session can change anything", "--read-only のためセッション開始不可（任意の変更が可能なため）"))
	case s.inv.journal == nil:
		return lang.Text{}, failed(lang.Both("a shell is not opened without its recording", "操作ログを記録できないためシェルを開けない"), s.inv.unrecorded)
	}
	target := s.inv.Estate().Target
	if err := shell.Ready(ctx, s.account.config, target.InstanceID); err != nil {
		return lang.Text{}, s.because(err)
	}
	return lang.Join(lookBefore(ctx, s.knowledge, s.account, target).say(), lang.Same("\n")), nil
}

// because adds to "not connected" the root causes that the walk has found.
func (s *shelling) because(err error) error {
	var not *shell.NotReadyError
	if !errors.As(err, &not) {
		return err
	}
	d, wrong := s.fixing.diagnosis(s.inv.Estate())
	if wrong != nil || len(d.RootCauses()) == 0 {
		return err
	}
	var causes []lang.Text
	for _, w := range d.RootCauses() {
		causes = append(causes, s.knowledge.catalogue.Screen(w.Finding))
	}
	return &lang.Error{Err: err, Say: lang.Both("%s; the walk says: %s", "%s。切り分けの結果: %s").With(not.Say, lang.Join(causes, lang.Both("; ", "、")))}
}

// OpenShell opens a shell, recorded from its first byte.
func (s *shelling) OpenShell(ctx context.Context, cols, rows int, notice func(lang.Text)) (world.Shell, error) {
	sh, err := s.open(ctx, cols, rows, func(n shell.Notice) { notice(n.Say) })
	if err != nil {
		return nil, err // not a nil *seated, which is not nil as a world.Shell
	}
	return sh, nil
}

func (s *shelling) open(ctx context.Context, cols, rows int, notice func(shell.Notice)) (*seated, error) {
	sh, rec, err := s.app.openRecorded(ctx, s.flags, s.inv, s.account, shell.Options{
		Instance: s.inv.Estate().Target.InstanceID, Cols: cols, Rows: rows, Notice: notice, Reason: s.flags.reason(),
	})
	if err != nil {
		return nil, s.because(err)
	}
	return &seated{Shell: sh, of: s, rec: rec, path: rec.Path()}, nil
}

// Typing are the lines to type for what was found, with what is known of the account
// and the domain in their places.
func (s *shelling) Typing(found []finding.Finding) []typed.Step {
	all, err := typed.Load()
	if err != nil {
		return nil // a test reads the file: it cannot fail in a build that passed
	}
	var codes []finding.Code
	domain := ""
	for _, f := range found {
		codes = append(codes, f.Code)
		if d := f.Params["domain"]; d != "" && domain == "" {
			domain = d
		}
	}
	e := s.inv.Estate()
	if a := e.Answers[estate.AnswerADDomain]; a != "" {
		domain = a
	}
	known := typed.Known{Region: e.Target.Region, Instance: e.Target.InstanceID, Domain: domain}
	steps := typed.Pick(all, codes)
	for i := range steps {
		steps[i] = steps[i].With(known)
	}
	return steps
}

// Reread forgets what a probe has read.
func (s *shelling) Reread(probe string) {
	p, ok := s.knowledge.probes.Get(probe)
	if !ok {
		return
	}
	var keys []estate.Key
	for _, k := range s.inv.Estate().Keys() {
		if slices.ContainsFunc(p.Parts, func(kind estate.AnyKind) bool { return kind.Name() == k.Kind && kind.Touches() }) {
			keys = append(keys, k)
		}
	}
	s.inv.Refresh(keys...)
	if s.account.cloud != nil {
		s.account.cloud.Forget(keys...)
	}
}

// seated is an open shell whose end is noted in the journal.
type seated struct {
	*shell.Shell
	of   *shelling
	rec  *shell.Recording
	path string
	once sync.Once
	err  error

	mu   sync.Mutex
	sent []string
}

// Read notes the end of the session when it has come.
func (s *seated) Read(p []byte) (int, error) {
	n, err := s.Shell.Read(p)
	if err != nil {
		s.note()
	}
	return n, err
}

// Mark notes what is sent. A recording that has failed was told already.
func (s *seated) Mark(label string) {
	_ = s.rec.Mark(label)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sent = append(s.sent, cloud.Mask(label))
}

func (s *seated) commands() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.sent)
}

// Close ends the session and notes it.
func (s *seated) Close() error {
	err := s.Shell.Close()
	s.note()
	return err
}

func (s *seated) note() {
	s.once.Do(func() { s.err = s.of.app.noteShell(s.of.inv, s.Shell, s.rec, s.path, s.commands()) })
}

// Ended says why the session is over, and what of its record is missing.
func (s *seated) Ended() lang.Text {
	say := s.End().Say
	if s.err != nil {
		say = lang.Both("%s; the recording is not whole: %s", "%s。操作ログが不完全: %s").With(say, lang.Said(s.err))
	}
	return say
}

// Recording is where the shell is recorded.
func (s *seated) Recording() string { return s.path }
