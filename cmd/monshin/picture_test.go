package main

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/permission"
	"github.com/monshin/monshin/diagnose/remedy"
	"github.com/monshin/monshin/diagnose/remedy/fixes"
	"github.com/monshin/monshin/tui"
	"github.com/monshin/monshin/tui/keys"
)

var update = flag.Bool("update", false, "write the pictures and tables in the documents anew")

// screen opens the real interface on the lab and returns what it shows once the
// walk has come to its end.
func screen(t *testing.T, scenario string, l lang.Lang, width, height int) string {
	t.Helper()
	zone, err := time.LoadLocation("Asia/Tokyo")
	if err != nil {
		t.Fatal(err)
	}
	state := t.TempDir()
	a := &app{getenv: func(name string) string {
		if name == "XDG_STATE_HOME" || name == "LOCALAPPDATA" {
			return state
		}
		return ""
	}}
	f := &flags{lab: scenario, lang: l, zone: zone, labSeed: 1}
	k, err := learn()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	acc, err := a.openAccount(ctx, f)
	if err != nil {
		t.Fatal(err)
	}
	log, _, err := f.debugLog()
	if err != nil {
		t.Fatal(err)
	}
	b := &backend{app: a, flags: f, knowledge: k, account: acc, log: log}
	m := tui.New(ctx, tui.Options{
		Backend: b, Library: shelf{k.library}, Catalogue: words{k.catalogue}, Lang: l, Zone: zone,
		Start: tui.Start{Instance: acc.instance, Symptom: acc.symptom}, Now: acc.clock(), NoAnimation: true,
	})
	msgs := make(chan tea.Msg, 256)
	do := func(c tea.Cmd) {
		if c != nil {
			go func() { msgs <- c() }()
		}
	}
	take := func(msg tea.Msg) {
		if batch, ok := msg.(tea.BatchMsg); ok {
			for _, c := range batch {
				do(c)
			}
			return
		}
		_, c := m.Update(msg)
		do(c)
	}
	take(tea.WindowSizeMsg{Width: width, Height: height})
	do(m.Init())
	// The summary line begins with the outcome only once nothing is being read.
	ended := lang.Both("\n problems found  root causes", "\n 問題あり  根本原因").In(l)
	before := ""
	for limit := time.After(20 * time.Second); ; {
		select {
		case msg := <-msgs:
			take(msg)
		case <-time.After(300 * time.Millisecond): // nothing happens any more
			s := ansi.Strip(m.View().Content)
			if s != before || !strings.Contains(s, ended) {
				before = s
				continue
			}
			cancel()
			if _, err := b.close(); err != nil {
				t.Fatal(err)
			}
			return s
		case <-limit:
			t.Fatalf("the walk did not end:\n%s", ansi.Strip(m.View().Content))
		}
	}
}

// The documents show what the program shows: a block between <!-- NAME --> and
// <!-- /NAME --> is written from the program and compared with it.
func documented(t *testing.T, file, name, want string) {
	t.Helper()
	path := filepath.Join("..", "..", file)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	open, end := "<!-- "+name+" -->\n", "<!-- /"+name+" -->"
	i, j := strings.Index(text, open), strings.Index(text, end)
	if i < 0 || j < i {
		t.Fatalf("%s has no block %s", file, name)
	}
	i += len(open)
	if text[i:j] == want {
		return
	}
	if *update {
		if err := os.WriteFile(path, []byte(text[:i]+want+text[j:]), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Errorf("%s: the block %s is not what the program shows; run: go test ./cmd/monshin -run TestDocuments -update\n%s", file, name, want)
}

// callCount is how many calls a walk took. Which of two probes asks first decides
// whether a call is shared, so that it varies by a few from run to run.
var callCount = regexp.MustCompile(`(calls: |API 呼び出し )[0-9]{2}\b`)

// usualCalls is a picture with the usual count.
func usualCalls(s string) string { return callCount.ReplaceAllString(s, "${1}49") }

func fenced(s string) string {
	lines := strings.Split(strings.TrimRight(s, "\n"), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return "```text\n" + strings.TrimRight(strings.Join(lines, "\n"), "\n") + "\n```\n"
}

func TestDocumentsShowTheProgram(t *testing.T) {
	documented(t, "README.md", "walk-en", fenced(usualCalls(screen(t, "office-terminates", lang.En, 100, 30))))
	documented(t, "README.md", "walk-ja", fenced(usualCalls(screen(t, "office-terminates", lang.Ja, 100, 30))))
	for _, l := range lang.All() {
		_, table, _ := invoke(t, "permissions", "--table", "--lang", string(l))
		documented(t, "README.md", "permissions-"+string(l), table)
	}
	documented(t, "README.md", "keys-en", keys.Markdown(lang.En))
	documented(t, "README.md", "keys-ja", keys.Markdown(lang.Ja))
	for _, l := range lang.All() {
		documented(t, "diagnose/README.md", "fixes-"+string(l), fixTable(t, l))
	}
	_, labs, _ := invoke(t, "lab", "list", "--lang", "en")
	documented(t, "README.md", "labs", fenced(labs))
}

// fixTable is the table of the findings with what can be done about each.
func fixTable(t *testing.T, l lang.Lang) string {
	t.Helper()
	k, err := learn()
	if err != nil {
		t.Fatal(err)
	}
	library, without := fixes.Library(), fixes.Without()
	var codes []string
	for _, c := range k.catalogue.Codes() {
		codes = append(codes, string(c))
	}
	return permission.FixTable(codes, l,
		func(c string) []remedy.Fix { return library.For(finding.Code(c)) },
		func(c string) lang.Text {
			if why, said := without[finding.Code(c)]; said {
				return why
			}
			if e, _ := k.catalogue.Entry(finding.Code(c)); !e.Observation {
				return lang.Both("none: it is worth knowing, and breaks nothing by itself", "なし（情報のみ。単独では障害の原因とならない）")
			}
			return lang.Both("none: it reports an effect, whose cause is what to fix", "なし（結果を示す検出事項。原因側で対処）")
		})
}
