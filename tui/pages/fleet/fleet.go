// Package fleet is the page about many instances: copies of one Windows, one symptom
// over many, and what those with a problem have in common. What comes out stands in
// groups; a group lists its members, and a member can be walked by itself.
package fleet

import (
	"context"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"golang.org/x/text/unicode/norm"

	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/runbook"
	"github.com/monshin/monshin/tui/cell"
	"github.com/monshin/monshin/tui/field"
	"github.com/monshin/monshin/tui/keys"
	"github.com/monshin/monshin/tui/page"
	"github.com/monshin/monshin/tui/world"
)

// task is what is done with many instances.
type task int

const (
	clones task = iota
	check
	compare
	tasks // how many there are
)

// stage is what the page shows.
type stage int

const (
	choosing  stage = iota // the tasks
	symptoms               // of a check
	naming                 // which instances
	namingBad              // of a comparison
	namingGood
	consenting // whether Windows is asked
	running
	showing // the groups
	members // of one group
)

// Config is what the page needs.
type Config struct {
	Fleet   world.Fleet
	Library world.Library
	// ReadOnly rules scripts inside Windows out.
	ReadOnly bool
	// Now is the machine's own clock: a lab's stands still.
	Now func() time.Time
}

// Page is the page about many instances.
type Page struct {
	Config
	ctx    context.Context
	cancel context.CancelFunc

	stage   stage
	task    task
	symptom runbook.Symptom
	choice  world.Choice
	bad     []string
	// text is the field; failure is why a run could not be made.
	text    field.Field
	failure lang.Text

	job    *job
	result *result
	// pick, which, groups and who are the places in the lists.
	pick, which, groups, who page.Cursor
	consent                  consent

	version int
	memo    cell.Memo[stamp]
	at      page.Point
}

type stamp struct {
	env     page.Env
	version int
}

// New makes the page. Nothing is read before a task is chosen.
func New(ctx context.Context, c Config) *Page {
	p := &Page{Config: c}
	p.ctx, p.cancel = context.WithCancel(ctx)
	return p
}

// typing reports whether the field has the keys.
func (p *Page) typing() bool {
	return p.stage == naming || p.stage == namingBad || p.stage == namingGood || p.stage == consenting && p.consent.typing
}

// Scope implements page.Page.
func (p *Page) Scope() keys.Scope {
	switch {
	case p.typing():
		return keys.Text
	case p.stage == consenting:
		return keys.FleetConsent
	}
	return keys.Fleet
}

// Offers reports whether a key does something now.
func (p *Page) Offers(a keys.Action) bool {
	switch a {
	case keys.Choose:
		return p.stage != running
	case keys.Inside:
		return p.mayAsk()
	case keys.Retry:
		return p.stage == showing
	case keys.Copy:
		return p.stage == showing || p.stage == members
	}
	return true
}

// mayAsk reports whether asking Windows would tell more than is shown.
func (p *Page) mayAsk() bool {
	return !p.ReadOnly && p.stage == showing && p.task == clones && p.result != nil && !p.result.guest
}

// Act implements page.Page.
func (p *Page) Act(a keys.Action) page.Next {
	p.version++
	switch {
	case p.stage == consenting:
		return p.actConsent(a)
	case p.typing():
		return p.edit(a)
	case a == keys.Choose:
		return p.choose()
	case a == keys.Back:
		return p.back()
	case a == keys.Inside && p.mayAsk():
		return p.openConsent()
	case a == keys.Inside && p.ReadOnly:
		return page.Tell("Not possible in read-only mode", "読み取り専用モードのため実行不可")
	case a == keys.Inside:
		return page.Tell("Nothing is left to ask of Windows here; a member's walk may ask", "この画面で OS 内を確認する項目なし（各インスタンスの切り分けで確認可）")
	case a == keys.Retry && p.stage == showing:
		// What was stopped goes on; what was whole is read again.
		p.choice.GoOn = !p.result.complete
		return p.run()
	}
	c, n := p.list()
	if c == nil || !c.Act(a, n) {
		return page.Ignore()
	}
	return page.Next{}
}

// list is the list that has the keys, nil where none has.
func (p *Page) list() (c *page.Cursor, n int) {
	switch p.stage {
	case choosing:
		return &p.pick, int(tasks)
	case symptoms:
		return &p.which, len(p.Library.Symptoms())
	case showing:
		return &p.groups, len(p.result.groups)
	case members:
		return &p.who, len(p.group().members)
	}
	return nil, 0
}

func (p *Page) group() group { return p.result.groups[p.groups.At] }

func (p *Page) choose() page.Next {
	switch p.stage {
	case choosing:
		p.task, p.choice, p.failure = task(p.pick.At), world.Choice{}, lang.Text{}
		p.text.Set("")
		p.stage = []stage{naming, symptoms, namingBad}[p.task]
	case symptoms:
		p.symptom = p.Library.Symptoms()[p.which.At]
		p.stage = naming
	case showing:
		if len(p.result.groups) == 0 || len(p.group().members) == 0 {
			return page.Tell("This row has no members", "該当インスタンスなし")
		}
		p.stage, p.who = members, page.Cursor{}
	case members:
		m := p.group().members[p.who.At]
		if m.gone {
			return page.Tell("That is no instance of this region", "このリージョンのインスタンスではない")
		}
		return page.Do(page.WalkMember{ID: m.id, Name: m.name, Symptom: p.symptomOf()})
	}
	return page.Next{}
}

// symptomOf is what a member is walked for.
func (p *Page) symptomOf() runbook.Symptom {
	switch p.task {
	case clones:
		return runbook.Cloned
	case check:
		return p.symptom
	}
	return runbook.Everything
}

// back leaves what was opened last. A run is stopped by it, and shows what it has.
func (p *Page) back() page.Next {
	switch p.stage {
	case symptoms:
		p.stage = choosing
	case running:
		if p.job.stopping {
			p.job.left, p.stage = true, choosing
			return page.Tell("Left without waiting for the result", "結果を待たずに移動")
		}
		p.job.stop()
		return page.Tell("Stopped; what was read is kept", "中断（取得済みの結果を保持）")
	case showing:
		p.stage = choosing
	case members:
		p.stage = showing
	default:
		return page.Ignore()
	}
	return page.Next{}
}

func (p *Page) edit(a keys.Action) page.Next {
	switch a {
	case keys.Accept:
		return p.accept()
	case keys.Leave:
		p.text.Set("")
		p.failure = lang.Text{}
		switch {
		case p.stage == namingGood:
			p.stage = namingBad
			p.text.Set(strings.Join(p.bad, ", "))
		case p.task == check:
			p.stage = symptoms
		default:
			p.stage = choosing
		}
	default:
		_, handled := p.text.Act(a)
		return page.Next{Ignored: !handled}
	}
	return page.Next{}
}

// accept takes what was typed.
func (p *Page) accept() page.Next {
	ids, tags := targets(p.text.Value())
	switch p.stage {
	case namingBad:
		if len(ids) == 0 {
			return p.wrong(lang.Both("Type at least one instance id", "インスタンス ID を 1 つ以上入力"))
		}
		p.bad, p.stage = ids, namingGood
		p.text.Set("")
		return page.Next{}
	case namingGood:
		if len(ids) == 0 {
			return p.wrong(lang.Both("Type at least one instance id", "インスタンス ID を 1 つ以上入力"))
		}
		p.choice.IDs = ids
		return p.run()
	}
	if p.task == check && len(ids)+len(tags) == 0 {
		return p.wrong(lang.Both("Type KEY=VALUE of a tag, or instance ids", "タグ KEY=VALUE またはインスタンス ID を入力"))
	}
	p.choice = world.Choice{IDs: ids, Tags: tags}
	return p.run()
}

func (p *Page) wrong(t lang.Text) page.Next {
	p.failure = t
	return page.Next{}
}

// targets reads what was typed: tags as KEY=VALUE, a comma between them because a value
// may hold blanks, or instance ids.
func targets(s string) (ids, tags []string) {
	for part := range strings.FieldsFuncSeq(s, func(r rune) bool { return strings.ContainsRune(",、，\n", r) }) {
		if part = strings.TrimSpace(part); strings.Contains(part, "=") {
			tags = append(tags, part)
			continue
		}
		for _, id := range strings.Fields(strings.ToLower(norm.NFKC.String(part))) {
			if !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	return ids, tags
}

// Type implements page.Page.
func (p *Page) Type(k tea.KeyPressMsg) page.Next {
	f := &p.text
	if p.stage == consenting {
		f = &p.consent.ticket
	}
	if f.Type(k) {
		p.version++
		p.failure = lang.Text{}
	}
	return page.Next{}
}

// Paste implements page.Page.
func (p *Page) Paste(text string) (page.Next, bool) {
	if !p.typing() {
		return page.Next{}, false
	}
	f := &p.text
	if p.stage == consenting {
		f = &p.consent.ticket
	}
	f.Insert(text)
	p.version++
	return page.Next{}, true
}

// Lively implements page.Page.
func (p *Page) Lively() bool { return p.stage == running }

// Subject implements the header's question: the page is about no single instance.
func (p *Page) Subject() (id, name string) { return "", "" }

// Close implements page.Page.
func (p *Page) Close() { p.cancel() }

// Copy implements page.Page: the group with its members' ids, or one id.
func (p *Page) Copy(e page.Env) (string, lang.Text) {
	switch {
	case p.stage == members:
		return cell.Clean(p.group().members[p.who.At].id), lang.Both("the instance id", "インスタンス ID")
	case p.stage == showing && len(p.result.groups) > 0:
		g := p.group()
		lines := []string{cell.Clean(g.title.In(e.Lang)), cell.Clean(g.value)}
		for _, m := range g.members {
			lines = append(lines, cell.Clean(m.id))
		}
		return strings.Join(lines, "\n"), lang.Both("the group", "グループ")
	}
	return "", lang.Text{}
}
