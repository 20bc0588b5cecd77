package walking

import (
	tea "charm.land/bubbletea/v2"

	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/tui/page"
	"github.com/monshin/monshin/tui/world"
)

// Fixer implements page.Fixable.
func (p *Page) Fixer() world.Fixer {
	f, _ := p.walk.(world.Fixer)
	return f
}

// Running implements page.Fixable.
func (p *Page) Running() bool { return p.run != nil || p.starting }

// Rejudge implements page.Fixable.
func (p *Page) Rejudge() tea.Cmd { return p.runOnce() }

// openFixes shows what can be done about the selected finding, or about the first
// root cause; where nothing is left to fix, what was done.
func (p *Page) openFixes() page.Next {
	switch {
	case p.walk == nil || p.d == nil:
		return page.Tell("Still starting", "開始処理中")
	case p.Running():
		return page.Tell("The walk is still reading", "切り分けの実行中")
	}
	if f := p.item().found; p.subject == resultPane && f != nil && f.Severity != finding.Info {
		switch {
		case !f.Observation:
			return page.Do(page.OpenFixes{Finding: f.ID()})
		case len(f.CausedBy) > 0: // what was only observed goes with its cause
			return page.Do(page.OpenFixes{Finding: f.CausedBy[0]})
		}
	}
	roots := p.d.RootCauses()
	if len(roots) == 0 {
		if p.fixable() {
			return page.Do(page.OpenFixes{})
		}
		return page.Tell("No root cause was found that could be fixed", "対処対象の根本原因なし")
	}
	return page.Do(page.OpenFixes{Finding: roots[0].ID()})
}

// fixable reports whether there is anything to fix, or anything was fixed.
func (p *Page) fixable() bool {
	f := p.Fixer()
	return p.d != nil && f != nil && (len(p.d.RootCauses()) > 0 || len(f.Runs()) > 0)
}
