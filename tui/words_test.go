package tui

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"testing"
)

// texts finds every text of this package and those under it: calls with an English
// and a Japanese string.
func texts(t *testing.T) map[string][2]string {
	t.Helper()
	found := map[string][2]string{}
	err := fs.WalkDir(os.DirFS("."), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		set := token.NewFileSet()
		f, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(f, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) < 2 || !speaks(call.Fun) {
				return true
			}
			en, okEn := literal(call.Args[0])
			ja, okJa := literal(call.Args[1])
			if okEn && okJa {
				found[set.Position(n.Pos()).String()] = [2]string{en, ja}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func speaks(fun ast.Expr) bool {
	switch f := fun.(type) {
	case *ast.Ident:
		return f.Name == "b" || f.Name == "add"
	case *ast.SelectorExpr:
		return f.Sel.Name == "Both" || f.Sel.Name == "Tell" || f.Sel.Name == "row"
	}
	return false
}

func literal(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		s, err := strconv.Unquote(e.Value)
		return s, err == nil && e.Kind == token.STRING
	case *ast.BinaryExpr:
		a, okA := literal(e.X)
		b, okB := literal(e.Y)
		return a + b, okA && okB
	}
	return "", false
}

func TestTextsAreInBothLanguages(t *testing.T) {
	all := texts(t)
	if len(all) < 150 {
		t.Fatalf("only %d texts were found: the search is broken", len(all))
	}
	// Words of the vocabulary that are not used, each with a better one in its place.
	never := []string{"証拠", "証明済み", "健全", "爆発半径", "トランスクリプト", "ゲスト", "足場", "ファインディング", "歩く", "正常", "ランブック"}
	for at, pair := range all {
		en, ja := pair[0], pair[1]
		if strings.TrimSpace(en) == "" || strings.TrimSpace(ja) == "" {
			t.Errorf("%s: one language is empty: %q, %q", at, en, ja)
		}
		if a, b := strings.Count(en, "%"), strings.Count(ja, "%"); a != b {
			t.Errorf("%s: %d verbs in English, %d in Japanese", at, a, b)
		}
		// That word is Session Manager's (users.md, Words): an investigation is called 調査.
		if strings.Contains(ja, "セッション") && !strings.Contains(at, "shell") && !strings.Contains(strings.ToLower(en), "session") {
			t.Errorf("%s: %q says セッション of something else than a Session Manager session", at, ja)
		}
		for _, w := range never {
			if strings.Contains(ja, w) {
				t.Errorf("%s: %q has the word %s", at, ja, w)
			}
		}
		if strings.Contains(strings.ToLower(en), "healthy") {
			t.Errorf("%s: %q says healthy", at, en)
		}
		for _, r := range en {
			// The key that switches to Japanese is named in Japanese.
			if r > '~' && en != "日本語" {
				t.Errorf("%s: the English %q has the character %c", at, en, r)
			}
		}
	}
}
