package walking

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/probe"
	"github.com/monshin/monshin/diagnose/walk"
	"github.com/monshin/monshin/tui/cell"
	"github.com/monshin/monshin/tui/keys"
	"github.com/monshin/monshin/tui/page"
	"github.com/monshin/monshin/tui/world"
)

// inside is what the page knows about asking Windows itself. What has to be asked
// there follows from what AWS told, so the texts belong to one run and are made
// anew after the next.
type inside struct {
	asked page.Asked
	// opened says that the operator has looked: the texts are kept up to date then.
	opened bool
	// runs counts the runs. A text that was made before the latest is not taken.
	runs int
}

// begin notes that a run begins.
func (i *inside) begin() {
	i.runs++
	i.asked.Step = page.Reading
}

// prepared brings the texts of the state after a run.
type prepared struct {
	page    *Page
	run     int
	script  string
	request lang.Text
	// The failures, nil for none.
	scriptErr, requestErr error
}

// approved says how recording the consent went.
type approved struct {
	page   *Page
	ticket string
	err    error
}

// pasted says what came in with a pasted line.
type pasted struct {
	page  *Page
	taken world.Pasted
	err   error
}

// errChanged says that the script is no longer the one that the operator saw.
var errChanged = errors.New("the script has changed since it was shown")

// Diagnosis implements page.Inside.
func (p *Page) Diagnosis() *walk.Diagnosis { return p.d }

// Asked implements page.Inside.
func (p *Page) Asked() page.Asked { return p.inside.asked }

// Offers reports whether a key does something now.
func (p *Page) Offers(a keys.Action) bool {
	if a == keys.Changes {
		return len(p.changes) > 0
	}
	switch a {
	case keys.Fixes:
		return p.fixable()
	case keys.Shell:
		return p.Sheller() != nil
	}
	return a != keys.Inside || p.walk != nil && !p.inside.asked.Consented && p.needsInside()
}

// needsInside reports whether something was not judged that only Windows can tell.
func (p *Page) needsInside() bool {
	return p.d != nil && slices.ContainsFunc(p.d.Probes, func(j walk.Judged) bool {
		return j.Verdict.Outcome == probe.Unknown && slices.ContainsFunc(j.Verdict.Whys, func(w fact.Why) bool {
			return w.Reason == fact.NeedsGuest
		})
	})
}

// openInside shows what asking Windows would mean. What AWS refused to the operator
// can be asked of somebody else there too.
func (p *Page) openInside() page.Next {
	switch {
	case p.walk == nil:
		return page.Tell("Still starting", "開始処理中")
	case p.d == nil || len(p.d.Unknowns) == 0 && !p.needsInside():
		return page.Tell("Nothing is left to ask of Windows or of anybody else", "OS 内の確認・他の方への依頼が必要な項目なし")
	}
	p.inside.opened = true
	return page.Next{Do: page.OpenInside{Walk: p}, Cmd: p.prepare()}
}

// prepare has the texts made, if somebody looks at them and no run is under way.
func (p *Page) prepare() tea.Cmd {
	if !p.inside.opened || p.walk == nil || p.run != nil || p.inside.asked.Step == page.Approving {
		return nil
	}
	p.inside.asked.Step = page.Preparing
	w, m := p.walk, prepared{page: p, run: p.inside.runs}
	return func() tea.Msg {
		m.scriptErr = guarded(func() (err error) { m.script, err = w.Script(); return })
		m.requestErr = guarded(func() (err error) { m.request, err = w.Request(); return })
		return m
	}
}

// guarded turns a crash into an error.
func guarded(do func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("monshin failed inside: %v", r)
		}
	}()
	return do()
}

// Approve implements page.Inside. The consent is to the text that was shown: where
// the walk would run another one by now, nothing is recorded and nothing runs.
func (p *Page) Approve(script, ticket string) page.Next {
	a := &p.inside.asked
	switch {
	case p.ReadOnly:
		return page.Tell("Read-only mode: nothing is run inside Windows", "読み取り専用モードのため OS 内での実行不可")
	case a.Consented:
		return page.Tell("Allowed already", "承認済み")
	case p.walk == nil || a.Step != page.Ready || script == "" || script != a.Script:
		return page.Tell("There is no script to allow yet", "承認対象のスクリプトなし")
	}
	a.Step, a.ConsentFailure = page.Approving, ""
	w := p.walk
	return page.Saying(lang.Both("Recording the consent", "承認を記録中"), func() tea.Msg {
		err := guarded(func() error {
			switch now, err := w.Script(); {
			case err != nil:
				return err
			case now != script:
				return errChanged
			}
			return w.Consent(ticket)
		})
		return approved{p, ticket, err}
	})
}

// Answered implements page.Inside.
func (p *Page) Answered(text string) page.Next {
	if p.walk == nil {
		return page.Tell("Still starting", "開始処理中")
	}
	p.inside.asked.PasteFailure = lang.Text{}
	// Terminals send what ends a line as a carriage return.
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text)
	w := p.walk
	said := lang.Both("Reading the pasted line", "貼り付けた行を読み取り中")
	if p.run != nil {
		said = lang.Both("The pasted line is read as soon as the walk stands still", "貼り付けた行は、実行中の確認が終わり次第読み取り")
	}
	return page.Saying(said, func() tea.Msg {
		m := pasted{page: p}
		m.err = guarded(func() (err error) { m.taken, err = w.Paste(text); return })
		return m
	})
}

// receiveInside takes the results of the commands above.
func (p *Page) receiveInside(m tea.Msg) page.Next {
	switch m := m.(type) {
	case prepared:
		if m.page == p {
			return p.takeTexts(m)
		}
	case approved:
		if m.page == p {
			return p.takeConsent(m)
		}
	case pasted:
		if m.page == p {
			return p.takeParts(m)
		}
	}
	return page.Ignore()
}

func (p *Page) takeTexts(m prepared) page.Next {
	a := &p.inside.asked
	if m.run != p.inside.runs || a.Step != page.Preparing {
		return page.Next{} // of an older run: the end of the newer one asks again
	}
	a.Step = page.Ready
	a.Script, a.ScriptFailure = m.script, told(m.scriptErr)
	a.Request, a.RequestFailure = m.request, told(m.requestErr)
	return page.Next{}
}

func (p *Page) takeConsent(m approved) page.Next {
	a := &p.inside.asked
	if a.Step == page.Approving {
		a.Step = page.Ready
	}
	p.version++
	if m.err != nil {
		a.ConsentFailure = told(m.err)
		return page.Saying(lang.Both("Nothing was run: %s", "未実行: %s").With(told(m.err)), p.prepare())
	}
	a.Consented, a.Ticket = true, m.ticket
	return page.Next{
		Do:  page.CloseInside{Text: lang.Both("The consent is recorded; Windows is being asked", "承認を記録済み。OS 内の確認を実行中")},
		Cmd: p.runOnce(),
	}
}

func (p *Page) takeParts(m pasted) page.Next {
	p.version++
	var again tea.Cmd
	if m.taken.Parts > 0 {
		again = p.runOnce()
	}
	switch {
	case m.err != nil:
		failure := lang.Both("%s", "%s").With(clean(lang.Said(m.err)))
		p.inside.asked.PasteFailure = failure
		return page.Saying(lang.Both("The pasted line was not taken: %s", "貼り付けた行は取り込み不可: %s").With(failure), again)
	case m.taken.Parts == 0:
		return page.Saying(lang.Join(append([]lang.Text{lang.Both("The pasted line answers nothing that is open", "貼り付けた行に未確認項目の情報なし")}, noted(m.taken)...), lang.Both("; ", "。")), nil)
	}
	said := lang.Both("Facts that came in with the pasted line: %d; judging again", "お客様の実行結果を取り込み: %d 件。再判定中").With(m.taken.Parts)
	return page.Next{
		Do:  page.CloseInside{Text: lang.Join(append([]lang.Text{said}, noted(m.taken)...), lang.Both("; ", "。"))},
		Cmd: again,
	}
}

// noted are the notes on an answer, fit for a line of the screen.
func noted(t world.Pasted) []lang.Text {
	out := make([]lang.Text, len(t.Notes))
	for i, n := range t.Notes {
		out[i] = clean(n)
	}
	return out
}

func clean(t lang.Text) lang.Text {
	return lang.Text{En: cell.Clean(t.En), Ja: cell.Clean(t.Ja)}
}

func told(err error) string {
	if err == nil {
		return ""
	}
	return cell.Clean(err.Error())
}

// waitingText says what is waited for. Windows is asked when nothing else is left,
// and takes seconds: how many is counted.
func (p *Page) waitingText(e page.Env) lang.Text {
	for _, k := range p.d.Waiting {
		if kind, ok := estate.Lookup(k.Kind); ok && kind.Touches() {
			waited := max(e.Now.Sub(p.since[k]), 0)
			return lang.Both("waiting for Windows (%d s)", "OS 内の応答待ち（%d 秒経過）").With(int(waited / time.Second))
		}
	}
	return lang.Both("waiting for: %d", "取得待ち %d 件").With(len(p.d.Waiting))
}

// insideHint names the key under what only Windows can tell, and under what the
// operator was not allowed to ask there.
func (p *Page) insideHint(d *detail, w fact.Why) {
	switch {
	case w.Reason == fact.Denied && w.Action == "ssm:SendCommand":
		d.add(d.e.Theme.Dim, lang.Both("w shows a request to somebody else", "w で他の方への依頼文を表示").In(d.e.Lang))
	case w.Reason == fact.NeedsGuest:
		d.add(d.e.Theme.Dim, lang.Both("w shows the script before it runs, and a request to somebody else",
			"w で実行前のスクリプトと依頼文を表示").In(d.e.Lang))
	}
}
