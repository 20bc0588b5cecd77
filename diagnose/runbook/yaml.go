package runbook

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"github.com/monshin/monshin/diagnose/lang"
)

const (
	// maxSize is the largest tree file that is read. The longest of monshin's own is
	// a fiftieth of it.
	maxSize = 1 << 20
	// maxDepth is how deep brackets and dashes may nest; a tree needs four. The YAML
	// parser is recursive and slower than linear in the depth.
	maxDepth = 16
	// maxIndent is the deepest indentation of a key, in characters, for the same reason.
	maxIndent = 80
)

// parse reads YAML into its syntax tree. Nil with mistakes noted where it cannot.
func (s *sheet) parse(src []byte) ast.Node {
	if len(src) > maxSize {
		s.mistake(place{}, lang.Both("the file is larger than %d bytes", "ファイルが上限（%d バイト）を超過").With(maxSize))
		return nil
	}
	src = bytes.TrimPrefix(src, []byte("\xef\xbb\xbf"))
	text := strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(string(src))
	s.lines = strings.Split(text, "\n")
	for i, line := range s.lines {
		if !utf8.ValidString(line) {
			valid, _, _ := strings.Cut(strings.ToValidUTF8(line, "\x00"), "\x00")
			s.mistake(place{i + 1, utf8.RuneCountInString(valid) + 1}, lang.Both("not UTF-8; save the file as UTF-8", "UTF-8 以外の文字コード。UTF-8 で保存が必要"))
			return nil
		}
	}
	tokens := lexer.Tokenize(text)
	if !s.plain(tokens) {
		return nil
	}
	file, err := parseTokens(tokens)
	if err != nil {
		s.syntax(err)
		return nil
	}
	var root ast.Node
	for _, doc := range file.Docs {
		if doc.Body == nil {
			continue
		}
		if root != nil {
			s.mistake(placeOf(doc.Body), lang.Both("a second YAML document; a file holds one", "2 つ目の YAML ドキュメント。1 ファイルに 1 つのみ"))
			return nil
		}
		root = doc.Body
	}
	if root == nil {
		s.mistake(place{}, lang.Both("the file is empty", "ファイルが空"))
	}
	return root
}

// parseTokens keeps the parser's panics from ending the process: the file is
// somebody else's, and the library does not promise to have none.
func parseTokens(tokens token.Tokens) (file *ast.File, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the YAML parser failed: %v", r)
		}
	}()
	return parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
}

func (s *sheet) syntax(err error) {
	var at place
	message := err.Error()
	var ye yaml.Error
	if errors.As(err, &ye) {
		message = ye.GetMessage()
		at = placeOfToken(ye.GetToken())
	}
	s.mistake(at, lang.Both("not valid YAML: %s", "YAML として読み取り不可: %s").With(lang.Truncate(lang.Clean(message), 200)))
}

// plain refuses, before anything recursive runs, the parts of YAML that a tree
// does not need: anchors, aliases, merge keys and tags (with which a small file
// can become a huge one), explicit keys, and deep nesting.
func (s *sheet) plain(tokens token.Tokens) bool {
	brackets, dashes, line := 0, 0, 0
	for _, t := range tokens {
		at := placeOfToken(t)
		if at.line != line {
			line, dashes = at.line, 0
		}
		deep := false
		switch t.Type {
		case token.AnchorType, token.AliasType, token.MergeKeyType:
			s.mistake(at, lang.Both("anchors, aliases and merge keys are not used in a tree", "アンカー・エイリアス・マージキーは使用不可"))
			return false
		case token.TagType, token.DirectiveType, token.MappingKeyType:
			s.mistake(at, lang.Both("tags, directives and explicit keys are not used in a tree", "タグ・ディレクティブ・明示キーは使用不可"))
			return false
		case token.SequenceStartType, token.MappingStartType:
			brackets++
			deep = brackets > maxDepth
		case token.SequenceEndType, token.MappingEndType:
			brackets--
		case token.SequenceEntryType:
			dashes++
			deep = dashes > maxDepth || brackets == 0 && at.column > maxIndent
		case token.MappingValueType:
			deep = brackets == 0 && t.Position != nil && t.Position.IndentNum > maxIndent
		}
		if deep {
			s.mistake(at, lang.Both("nested too deeply", "入れ子が深すぎるため読み取り不可"))
			return false
		}
	}
	return true
}

func placeOfToken(t *token.Token) place {
	if t == nil || t.Position == nil {
		return place{}
	}
	return place{t.Position.Line, t.Position.Column}
}

func placeOf(n ast.Node) place {
	switch n := n.(type) {
	case nil:
		return place{}
	case *ast.MappingNode:
		if !n.IsFlowStyle && len(n.Values) > 0 {
			return placeOfToken(n.Values[0].Key.GetToken())
		}
	case *ast.MappingValueNode:
		return placeOfToken(n.Key.GetToken())
	}
	return placeOfToken(n.GetToken())
}
