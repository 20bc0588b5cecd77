package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/runbook"
	"github.com/monshin/monshin/tui"
)

// openTUI opens the terminal interface. Where there is no terminal it says which
// command does without one, instead of drawing on a pipe.
func (a *app) openTUI(ctx context.Context, f *flags, args []string) error {
	if in, out, _ := a.isTerminal(); !in || !out || a.getenv("TERM") == "dumb" {
		return usage(lang.Both("the terminal UI needs a terminal; without one use: monshin check", "画面の表示には端末が必要。端末なしの場合は monshin check を使用"))
	}
	desk, err := a.openDesk(ctx, f)
	if err != nil {
		return err
	}
	defer desk.close()
	k, acc := desk.knowledge, desk.account
	start := tui.Start{}
	if len(args) > 0 || acc.instance != "" {
		if start.Instance, err = acc.target(args); err != nil {
			return err
		}
	}
	// A lab of many instances has none to begin with.
	if f.symptom != "" || acc.symptom != "" && acc.instance != "" {
		if start.Symptom, err = acc.pick(f.symptom, k.library.Symptoms()); err != nil {
			return err
		}
	}
	if err := acc.ready(ctx, f); err != nil {
		return err
	}
	return a.showTUI(ctx, f, desk, start, "")
}

// showTUI shows the terminal interface until the operator leaves, and says where
// what was done is recorded. operator is the name of who goes on, "" where it was
// not said.
func (a *app) showTUI(ctx context.Context, f *flags, desk *desk, start tui.Start, operator string) error {
	k, acc := desk.knowledge, desk.account
	b := &backend{app: a, flags: f, knowledge: k, account: acc, log: desk.log, operator: operator}
	m := b.fleet()
	err := tui.Run(ctx, tui.Options{
		Backend: b, Fleet: m.screen(), Library: shelf{k.library}, Catalogue: words{k.catalogue},
		Lang: f.lang, Zone: f.zone, Start: start, ReadOnly: f.readOnly,
		ASCII: f.ascii || a.getenv("RUNEWIDTH_EASTASIAN") == "1", NoAnimation: f.still,
		NoColor: a.getenv("NO_COLOR") != "", Input: a.in, Output: a.screen,
		Now: acc.clock(), Copy: nativeCopy(a.getenv), FullRepaint: a.getenv("AWS_EXECUTION_ENV") == "CloudShell",
	})
	paths, broken := b.close()
	more, unrecorded := m.close()
	if paths = append(paths, more...); broken == nil {
		broken = unrecorded
	}
	if broken != nil {
		fmt.Fprintf(a.err, "monshin: %s: %s\n", lang.Both("a walk is not recorded whole", "記録が不完全な調査あり").In(f.lang), clean(lang.Said(broken).In(f.lang)))
	}
	for _, p := range paths {
		fmt.Fprintln(a.err, lang.Both("recorded in %s", "作業記録: %s").With(p).In(f.lang))
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		return failed(lang.Both("the terminal UI ended", "画面の異常終了"), err)
	}
	return nil
}

// shelf is the library as the terminal interface searches it.
type shelf struct{ *runbook.Library }

// Search finds symptoms, best first.
func (s shelf) Search(query string) []runbook.Symptom {
	var out []runbook.Symptom
	for _, hit := range s.Library.Search(query) {
		out = append(out, hit.Symptom)
	}
	return out
}

// words is the catalogue as the terminal interface reads it.
type words struct{ *finding.Catalogue }

// Page is the finding's page, Markdown.
func (w words) Page(code finding.Code) (lang.Text, error) {
	e, ok := w.Entry(code)
	if !ok {
		return lang.Text{}, fmt.Errorf("the catalogue has no %q", code)
	}
	return e.Page, nil
}
