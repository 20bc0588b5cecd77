package runbook

import (
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/monshin/monshin/diagnose/lang"
)

// word is a scalar of the file, and where it stands. The zero word is not there.
type word struct {
	text string
	at   place
}

func (w word) missing() bool { return w.text == "" }

// field is one "key: value".
type field struct {
	key   word
	value ast.Node
}

// fields reads a mapping. What is no mapping is noted, and has no fields.
func (s *sheet) fields(n ast.Node, what lang.Text) []field {
	m, ok := n.(ast.MapNode)
	if !ok {
		s.mistake(placeOf(n), lang.Both("%s must be a mapping (key: value), not %s", "%sはマッピング（キー: 値）で記述。%sは不可").With(what, kindOf(n)))
		return nil
	}
	var out []field
	seen := map[string]bool{}
	for it := m.MapRange(); it.Next(); {
		kv := it.KeyValue()
		key := word{text: keyText(kv.Key), at: placeOf(kv.Key)}
		if seen[key.text] {
			s.mistake(key.at, lang.Both("%s stands here twice", "%s が重複").With(quote(key.text)))
			continue
		}
		seen[key.text] = true
		out = append(out, field{key, kv.Value})
	}
	return out
}

func keyText(k ast.MapKeyNode) string {
	if str, ok := k.(*ast.StringNode); ok {
		return str.Value
	}
	if t := k.GetToken(); t != nil {
		return t.Value
	}
	return ""
}

// items reads a sequence.
func (s *sheet) items(n ast.Node, what lang.Text) []ast.Node {
	seq, ok := n.(*ast.SequenceNode)
	if !ok {
		s.mistake(placeOf(n), lang.Both("%s must be a list, not %s", "%sはリストで記述。%sは不可").With(what, kindOf(n)))
		return nil
	}
	return seq.Values
}

// scalar reads a string. An unquoted number or true is none: YAML would change it.
func (s *sheet) scalar(n ast.Node, what lang.Text) word {
	at := placeOf(n)
	switch n := n.(type) {
	case *ast.StringNode:
		return word{n.Value, at}
	case *ast.LiteralNode:
		if n.Start != nil {
			at = placeOfToken(n.Start)
		}
		return word{n.Value.Value, at}
	case ast.ScalarNode:
		if _, null := n.(*ast.NullNode); !null {
			s.mistake(at, lang.Both("%s must be text, not %s; put it in quotes", "%sは文字列で記述。%sは不可（引用符で囲む）").With(what, kindOf(n)))
			return word{}
		}
	}
	s.mistake(at, lang.Both("%s must be text, not %s", "%sは文字列で記述。%sは不可").With(what, kindOf(n)))
	return word{}
}

// id reads a scalar that is a name of something.
func (s *sheet) id(n ast.Node, what lang.Text) word {
	w := s.scalar(n, what)
	if w.text == "" && w.at.line > 0 {
		s.mistake(w.at, lang.Both("%s is empty", "%sが空").With(what))
	}
	return w
}

// ids reads a list of names.
func (s *sheet) ids(n ast.Node, what lang.Text) []word {
	var out []word
	for _, item := range s.items(n, what) {
		if w := s.id(item, what); !w.missing() {
			out = append(out, w)
		}
	}
	return out
}

// said reads a text that a person will see.
func (s *sheet) said(n ast.Node, what lang.Text) string {
	w := s.scalar(n, what)
	if w.at.line == 0 {
		return ""
	}
	t := strings.TrimSpace(w.text)
	switch {
	case t == "":
		s.mistake(w.at, lang.Both("%s is empty", "%sが空").With(what))
	case lang.CleanLines(t) != t:
		s.mistake(w.at, lang.Both("%s has control or invisible characters", "%sに制御文字または不可視文字あり").With(what))
		return ""
	}
	return t
}

// texts reads a list of texts.
func (s *sheet) texts(n ast.Node, what lang.Text) []string {
	var out []string
	for _, item := range s.items(n, what) {
		if t := s.said(item, what); t != "" {
			out = append(out, t)
		}
	}
	return out
}

// text reads {en: …, ja: …}; both must be there.
func (s *sheet) text(n ast.Node, what lang.Text) lang.Text {
	var t lang.Text
	before := len(s.mistakes)
	for _, f := range s.fields(n, what) {
		switch f.key.text {
		case "en":
			t.En = s.said(f.value, what)
		case "ja":
			t.Ja = unfold(s.said(f.value, what))
		default:
			if _, null := f.value.(*ast.NullNode); null && f.key.text != "" {
				// {en: Ask him, or her} has the key "or her".
				s.mistake(f.key.at, lang.Both("a text with a comma in braces needs quotes", "波括弧内でカンマを含む文は引用符で囲むことが必要"))
				continue
			}
			s.unknown(f.key, lang.Both("language", "言語"), []string{"en", "ja"})
		}
	}
	if len(s.mistakes) > before {
		return t
	}
	if t.En == "" {
		s.mistake(placeOf(n), lang.Both("%s has no English (en)", "%sに英語（en）なし").With(what))
	}
	if t.Ja == "" {
		s.mistake(placeOf(n), lang.Both("%s has no Japanese (ja)", "%sに日本語（ja）なし").With(what))
	}
	return t
}

// yes reads true or false.
func (s *sheet) yes(n ast.Node, what lang.Text) bool {
	b, ok := n.(*ast.BoolNode)
	if !ok {
		s.mistake(placeOf(n), lang.Both("%s must be true or false, not %s", "%sは true または false で記述。%sは不可").With(what, kindOf(n)))
		return false
	}
	return b.Value
}

// kindOf names what a node is, for messages.
func kindOf(n ast.Node) lang.Text {
	switch n.(type) {
	case nil, *ast.NullNode:
		return lang.Both("nothing", "空の値")
	case ast.MapNode:
		return lang.Both("a mapping", "マッピング")
	case *ast.SequenceNode:
		return lang.Both("a list", "リスト")
	case *ast.BoolNode:
		return lang.Both("true or false", "真偽値")
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return lang.Both("a number", "数値")
	}
	return lang.Both("text", "文字列")
}

// unfold takes out the spaces that YAML's folding puts between lines of Japanese,
// which has none between words.
func unfold(s string) string {
	runes := []rune(s)
	out := runes[:0:0]
	for i, r := range runes {
		if r == ' ' && i > 0 && i+1 < len(runes) && (japanese(runes[i-1]) || fullwidth(runes[i-1])) && (japanese(runes[i+1]) || fullwidth(runes[i+1])) {
			continue
		}
		out = append(out, r)
	}
	return string(out)
}

// fullwidth reports whether a character is Japanese punctuation or a full-width form.
func fullwidth(r rune) bool { return r >= 0x3000 && r <= 0x303f || r >= 0xff00 && r <= 0xffef }
