package walking

import (
	"github.com/monshin/monshin/tui/page"
	"github.com/monshin/monshin/tui/world"
)

// Sheller implements page.Shellable.
func (p *Page) Sheller() world.Sheller {
	s, _ := p.walk.(world.Sheller)
	return s
}

// openShell shows a shell beside the steps.
func (p *Page) openShell() page.Next {
	switch {
	case p.walk == nil || p.d == nil:
		return page.Tell("Still starting", "開始処理中")
	case p.ReadOnly:
		return page.Tell("Read-only mode: no session is opened", "読み取り専用モードのためセッション開始不可")
	case p.Sheller() == nil:
		return page.Tell("No shell can be opened here", "この画面ではセッション開始不可")
	}
	return page.Do(page.OpenShell{})
}
