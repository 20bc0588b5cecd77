package transcript

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/walk"
	"github.com/monshin/monshin/sessions/transcript/redact"
)

// Reader is for whom an export is written.
type Reader = redact.Reader

// The readers; see redact. The zero Reader is Internal.
const (
	Internal = redact.Internal
	Customer = redact.Customer
	Support  = redact.Support
	Public   = redact.Public
)

// Readers lists the readers, the nearest first.
func Readers() []Reader { return redact.Readers() }

// ParseReader reads a flag's value; "" is Internal.
func ParseReader(s string) (Reader, bool) { return redact.ParseReader(s) }

// material is a session as one reader may see it, with what follows from its estate.
type material struct {
	report
	s      Session
	reader Reader
	paths  []route
	events []event
	// left names what was left out as a whole for this reader, and how often.
	left []leftOut
	rows []redact.Row
}

// leftOut is a part of a session that a reader does not get.
type leftOut struct {
	what lang.Text
	n    int
}

// prepare rewrites a session for o.Reader. The session itself stays as it is.
func prepare(s Session, cat *finding.Catalogue, o Options) *material {
	r := redact.New(o.Reader)
	m := &material{reader: r.Reader()}
	paths, events := pathsOf(s), eventsOf(s)

	if r.Reader() != redact.Internal {
		for _, o := range s.Operators {
			r.Learn(redact.Operator, o.Name)
		}
		r.Learn(redact.Profile, s.Profile)
		r.Learn(redact.Path, s.Journal)
		r.LearnAll(s)
		r.LearnAll(s.Diagnosis.Instance.Value())
		r.LearnAll(s.Diagnosis.Caller.Value())
		r.LearnEstate(s.Estate)
	}
	m.leave(&s, r)

	// The parts in a fixed order: tokens are numbered as values are met.
	r.In("diagnosis")
	s.Diagnosis = redact.Copy(r, s.Diagnosis)
	s.Diagnosis.Paused = nil // an error may say anything
	r.In("timeline")
	m.events = redact.Copy(r, events)
	r.In("paths")
	m.paths = redact.Copy(r, paths)
	r.In("notes")
	s.Reported = r.Value(redact.Free, s.Reported)
	s.Notes, s.Answers = redact.Copy(r, s.Notes), m.answers(s.Answers, r)
	s.Operators, s.Consents = redact.Copy(r, s.Operators), redact.Copy(r, s.Consents)
	r.In("calls")
	s.Calls = redact.Copy(r, s.Calls)
	r.In("scripts")
	s.Scripts = redact.Copy(r, s.Scripts)
	r.In("fixes")
	s.Fixes = redact.Copy(r, s.Fixes)
	r.In("shells")
	s.Shells = m.shells(s.Shells, r)
	r.In("screenshots")
	s.Screenshots = pictures(s.Screenshots)
	r.In("attachments")
	s.Attachments = redact.Copy(r, s.Attachments)
	r.In("session")
	for _, f := range []*string{&s.ID, &s.Version, &s.Profile, &s.Journal, &s.Seal.Last} {
		*f = r.Value(redact.Plain, *f)
	}
	s.Estate = nil

	if o.Version == "" {
		o.Version = s.Version
	}
	m.s, m.rows = s, r.Report()
	m.report = sorted(s.Diagnosis, cat, o)
	return m
}

// leave takes out what a reader does not get at all.
func (m *material) leave(s *Session, r *redact.Redactor) {
	r.In("session")
	drop := func(n int, what lang.Text) {
		if n > 0 {
			r.Remove(n)
			m.left = append(m.left, leftOut{what, n})
		}
	}
	if m.reader == redact.Internal {
		return
	}
	mine := len(s.Notes)
	s.Notes = slices.DeleteFunc(slices.Clone(s.Notes), func(n Note) bool { return m.reader != redact.Customer || n.Audience != ForCustomer })
	drop(mine-len(s.Notes), lang.Both("notes", "メモ"))
	if s.Profile != "" {
		drop(1, lang.Both("AWS profile", "AWS プロファイル名"))
	}
	if s.Journal != "" {
		drop(1, lang.Both("path of the record", "作業記録のパス"))
	}
	s.Profile, s.Journal = "", ""
	// Windows prints what nobody has looked through; what was read from it is told by
	// the checks.
	s.Scripts = slices.Clone(s.Scripts)
	kept := 0
	for i := range s.Scripts {
		if s.Scripts[i].Output != "" {
			s.Scripts[i].Output = ""
			kept++
		}
	}
	drop(kept, lang.Both("outputs of scripts", "スクリプトの出力"))
	if m.reader == redact.Customer {
		return
	}
	drop(len(s.Shells), lang.Both("shell recordings", "操作ログ"))
	drop(len(s.Screenshots), lang.Both("console screenshots", "コンソール画面"))
	drop(len(s.Consents), lang.Both("approvals", "実行承認の記録"))
	s.Shells, s.Screenshots, s.Consents = nil, nil, nil
	s.Fixes = slices.Clone(s.Fixes)
	for i := range s.Fixes {
		s.Fixes[i].Approvals = nil // they are among the consents
	}
	if m.reader == redact.Public {
		drop(len(s.Scripts), lang.Both("scripts", "スクリプトの記録"))
		drop(len(s.Attachments), lang.Both("attachments", "添付ファイル"))
		s.Scripts, s.Attachments = nil, nil
		if s.ID != "" {
			drop(1, lang.Both("id of the investigation", "調査 ID"))
		}
		s.ID = ""
	}
}

// pictures keeps what really is a picture, with the type that it has.
func pictures(in []Screenshot) []Screenshot {
	var out []Screenshot
	for _, s := range in {
		if kind := http.DetectContentType(s.Data); kind == "image/png" || kind == "image/jpeg" {
			out = append(out, Screenshot{Time: s.Time, Type: kind, Data: s.Data})
		}
	}
	return out
}

// answers rewrites what was answered by what was asked.
func (m *material) answers(in []Answer, r *redact.Redactor) []Answer {
	out := redact.Copy(r, in)
	for i, a := range in {
		out[i].Value = r.Value(redact.Param(a.Name), a.Value)
	}
	return out
}

// shells rewrites shells; a key in PEM stands over several lines.
func (m *material) shells(in []Shell, r *redact.Redactor) []Shell {
	out := redact.Copy(r, in)
	for i := range out {
		inside := false
		for j, l := range in[i].Lines {
			begins := strings.Contains(l.Text, "-----BEGIN") && strings.Contains(l.Text, "PRIVATE KEY-----")
			if inside {
				out[i].Lines[j].Text = "********"
			}
			inside = (inside || begins) && (!strings.Contains(l.Text, "-----END"))
		}
	}
	return out
}

// headline is what happened, among findings that others explain or nothing does: an
// instance that is gone comes before what a service reports of it.
func headline(list []walk.Weighed) (walk.Weighed, bool) {
	best, found := walk.Weighed{}, false
	for _, f := range list {
		if f.Observation && f.Severity != finding.Info && (!found || eventRank(f.Code) < eventRank(best.Code)) {
			best, found = f, true
		}
	}
	return best, found
}

// rankManaged is the rank of what Systems Manager sees of an instance.
const rankManaged = 2

// eventRank orders what happened: the end of the instance, its state, what Systems
// Manager sees, the rest.
func eventRank(c finding.Code) int {
	switch c {
	case finding.InstanceTerminatedByLicense, finding.InstanceTerminatedByUser, finding.InstanceTerminatedByAutoScaling,
		finding.InstanceTerminatedByAutomation, finding.InstanceShutDownFromInside:
		return 0
	}
	switch family, _, _ := strings.Cut(string(c), "."); family {
	case "instance":
		return 1
	case "ssm":
		return rankManaged
	}
	return rankManaged + 1
}

// requests are what one asks of the reader, the most urgent first.
func (m *material) requests() []string {
	var out []string
	say := func(t lang.Text) {
		if s := m.say(t); !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	for _, f := range m.d.Findings {
		if f.Code == finding.InstanceTerminatedByLicense {
			say(lang.Both("Please do not launch the instance again with the same settings until this is settled: it would be terminated again.",
				"同じ設定で再作成された場合、再度終了（terminated）される可能性がございますので、対処完了まで再作成をお控えください。"))
		}
	}
	for _, w := range m.roots {
		say(lang.Both("Please settle the cause: %s.", "原因への対処をお願いいたします: %s").With(m.cat.Title(w.Code)))
	}
	var actions, answers []string
	for _, u := range m.d.Unknowns {
		switch u.Why.Reason {
		case fact.Denied:
			actions = add(actions, u.Why.Action)
		case fact.NeedsAnswer:
			answers = add(answers, u.Why.Blocker)
		}
	}
	if len(actions) > 0 {
		slices.Sort(actions)
		say(lang.Both("Please allow these read-only actions, or have somebody who may check: %s", "確認に必要な参照権限の付与、または権限をお持ちの方によるご確認をお願いいたします: %s").With(show(strings.Join(actions, ", "))))
	}
	if len(answers) > 0 {
		slices.Sort(answers)
		say(lang.Both("Please tell: %s", "次の情報をご提供ください: %s").With(show(strings.Join(answers, ", "))))
	}
	if len(m.guest) > 0 {
		say(lang.Both("Please have these points checked inside Windows: %s", "OS 内での確認をお願いいたします: %s").With(titles(m.guest)))
	}
	for _, u := range m.d.Unknowns {
		if u.Why.Reason == fact.TooEarly && !u.Why.Until.IsZero() {
			say(lang.Both("Check again after %s: %s.", "%s 以降に再確認が必要です: %s").With(m.whenBoth(u.Why.Until), cleaned(u.Title)))
		}
	}
	return out
}

func add(list []string, s string) []string {
	if s == "" || slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}

// titles names unknowns, each once.
func titles(list []walk.Open) lang.Text {
	return lang.Join(unique(list), lang.Both(", ", "、"))
}

// advice is what the catalogue says one does about a finding, and the commands by
// which one sees it oneself, both from its page.
func (m *material) advice(code finding.Code) (steps, commands string) {
	e, ok := m.cat.Entry(code)
	if !ok {
		return "", ""
	}
	page := m.say(e.Page)
	for part := range strings.SplitSeq("\n"+page, "\n## ") {
		title, body, _ := strings.Cut(part, "\n")
		switch strings.TrimSpace(title) {
		case "What to do", "対処", "対処方法":
			steps = strings.TrimSpace(body)
		}
		if before, rest, ok := strings.Cut(body, "```\n"); ok && commands == "" && !strings.Contains(before, "```") {
			commands, _, _ = strings.Cut(rest, "\n```")
		}
	}
	return steps, commands
}

// documents are the official pages about what was found.
func (m *material) documents() []string {
	var out []string
	for _, w := range slices.Concat(m.roots, m.loose) {
		e, ok := m.cat.Entry(w.Code)
		if !ok {
			continue
		}
		for _, url := range e.Sources {
			for _, host := range []string{"https://docs.aws.amazon.com/", "https://learn.microsoft.com/", "https://support.microsoft.com/", "https://repost.aws/"} {
				if strings.HasPrefix(url, host) {
					out = add(out, url)
				}
			}
		}
	}
	return out
}

// callsOf lists the calls by time.
func (m *material) callsOf() []walk.Call {
	out := slices.Clone(m.s.Calls)
	slices.SortStableFunc(out, func(a, b walk.Call) int {
		return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Operation, b.Operation), cmp.Compare(a.RequestID, b.RequestID))
	})
	return out
}

// changed reports whether anything was changed, or may have been.
func (m *material) changed() bool {
	if !m.readOnly() {
		return true
	}
	for _, f := range m.s.Fixes {
		for _, s := range f.Steps {
			if s.Unsure || !s.Done.IsZero() && !s.Prior {
				return true
			}
		}
	}
	return false
}

// onlyScripts reports whether what did not only read are the scripts that read inside
// Windows, each of them on record.
func (m *material) onlyScripts() bool {
	sent := 0
	for op, n := range m.d.Calls.ByOperation {
		switch {
		case op == "ssm:SendCommand":
			sent += n
		case !reads(op):
			return false
		}
	}
	recorded := 0
	for _, s := range m.s.Scripts {
		if s.Source == "guest" && s.CommandID != "" {
			recorded++
		}
	}
	return sent > 0 && sent <= recorded && !slices.ContainsFunc(m.s.Fixes, func(f Fix) bool {
		return slices.ContainsFunc(f.Steps, func(s Step) bool { return s.Unsure || !s.Done.IsZero() && !s.Prior })
	})
}
