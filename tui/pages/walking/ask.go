package walking

import (
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/runbook"
	"github.com/monshin/monshin/tui/cell"
	"github.com/monshin/monshin/tui/keys"
	"github.com/monshin/monshin/tui/page"
)

// question is the first question that a judgement, or the way itself, waits for and
// that has no answer yet.
func (p *Page) question() *runbook.Question {
	if p.tree == nil || p.d == nil {
		return nil
	}
	for i := range p.tree.Nodes {
		n := &p.tree.Nodes[i]
		if n.Question == nil {
			continue
		}
		if _, answered := p.answers[n.Question.Name]; !answered && (p.wanted(n.Question.Name) || p.stoppedAt(n)) {
			return n.Question
		}
	}
	return nil
}

// stoppedAt reports whether the way ends at a node although the walk has settled.
func (p *Page) stoppedAt(n *runbook.Node) bool {
	return !p.Lively() && len(p.d.Path) > 0 && p.d.Path[len(p.d.Path)-1] == n.ID
}

func (p *Page) wanted(name string) bool {
	for _, u := range p.d.Unknowns {
		if u.Why.Reason == fact.NeedsAnswer && u.Why.Blocker == name {
			return true
		}
	}
	return false
}

// ask opens the field for the question of the selected node, else for the one that
// is waited for. It never opens by itself: a key meant for something else must not
// land in an answer.
func (p *Page) ask() page.Next {
	if n := p.node(); p.subject == treePane && n != nil && n.Kind == runbook.QuestionNode {
		return p.askAbout(n.Question)
	}
	return p.askAbout(p.question())
}

func (p *Page) askAbout(q *runbook.Question) page.Next {
	if q == nil {
		return page.Tell("No question is open", "回答待ちの質問なし")
	}
	p.asking = q
	p.answer.Set(p.answers[q.Name])
	return page.Next{}
}

func (p *Page) dontKnow() page.Next {
	q := p.question()
	if n := p.node(); p.subject == treePane && n != nil && n.Kind == runbook.QuestionNode {
		q = n.Question
	}
	if q == nil {
		return page.Tell("No question is open", "回答待ちの質問なし")
	}
	return p.reply(q, "")
}

func (p *Page) editAnswer(a keys.Action) page.Next {
	switch a {
	case keys.Accept:
		value := strings.TrimSpace(norm.NFKC.String(p.answer.Value()))
		if value == "" {
			return page.Tell("Type an answer; esc and then d says that you don't know", "回答を入力。わからない場合は esc の後に d")
		}
		return p.reply(p.asking, value)
	case keys.Leave:
		p.asking = nil
	case keys.Up, keys.Down:
	default:
		_, handled := p.answer.Act(a)
		return page.Next{Ignored: !handled}
	}
	return page.Next{}
}

func (p *Page) reply(q *runbook.Question, value string) page.Next {
	if p.walk == nil {
		return page.Next{}
	}
	p.asking = nil
	p.answers[q.Name] = value
	p.data++
	p.walk.Answer(q.Name, value)
	said := lang.Both("Answered: %s", "回答: %s").With(cell.Clean(value))
	if value == "" {
		said = lang.Both("Answered: don't know", "回答: わからない")
	}
	return page.Next{Do: page.Say{Text: said}, Cmd: p.runOnce()}
}

// askLines are the lines of an open question, none where there is none.
func (p *Page) askLines(e page.Env, y int) []string {
	t := e.Theme
	q := p.asking
	if q == nil {
		q = p.question()
	}
	if q == nil {
		return nil
	}
	head := cell.NewLine(e.Width).Add(t.Badge, lang.Both(" Question ", " 質問 ").In(e.Lang)).Space(1)
	head.Add(t.Strong, q.Text.In(e.Lang))
	l := cell.NewLine(e.Width).Space(1)
	if p.asking == nil {
		l.Add(t.Key, "a ").Add(t.Plain, lang.Both("answer", "回答").In(e.Lang)).Space(2)
		l.Add(t.Key, "d ").Add(t.Plain, lang.Both("don't know", "わからない").In(e.Lang)).Space(2)
		l.Add(t.Dim, q.Hint.In(e.Lang))
		return []string{head.String(), l.String()}
	}
	l.Add(t.Key, lang.Both("Answer: ", "回答: ").In(e.Lang))
	if p.answer.Value() == "" {
		p.at = page.Point{X: l.Used(), Y: y + 1}
		l.Space(1).Add(t.Dim, q.Hint.In(e.Lang))
	} else {
		p.at = page.Point{X: p.answer.Draw(l, t.Plain), Y: y + 1}
	}
	return []string{head.String(), l.String()}
}
