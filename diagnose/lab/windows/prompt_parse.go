package windows

import (
	"errors"
	"strings"
)

// word is one word of a command line. A quoted one is text and nothing else; raw is
// one of PowerShell's brackets, with its contents.
type word struct {
	text   string
	quoted bool
	raw    bracket
	// member is what follows a bracket: "(Get-Date).ToUniversalTime()".
	member string
}

type bracket int

const (
	noBracket bracket = iota
	block             // { }
	paren             // ( )
	hashTable         // @{ }
)

// command is one stage of a pipeline.
type command []word

// errUnfinished is a bracket or a quotation without its end.
var errUnfinished = errors.New("unfinished")

// errBeyond is PowerShell that the simulation does not speak: variables, redirections,
// assignments. beyond is what.
type errBeyond struct{ what string }

func (e errBeyond) Error() string { return e.what }

// maxDepth bounds brackets within brackets.
const maxDepth = 16

// parse takes a line apart: statements of pipelines of commands. env are the
// environment's variables by their lower-case names.
func parse(line string, env map[string]string) ([][]command, error) {
	p := parser{rest: line, env: env}
	var statements [][]command
	pipeline, current := []command{}, command{}
	stage := func() error {
		if len(current) == 0 {
			return errBeyond{"|"}
		}
		pipeline, current = append(pipeline, current), command{}
		return nil
	}
	statement := func() error {
		if len(current) == 0 && len(pipeline) == 0 {
			return nil
		}
		if err := stage(); err != nil {
			return err
		}
		statements, pipeline = append(statements, pipeline), nil
		return nil
	}
	for {
		p.rest = strings.TrimLeft(p.rest, " \t\u3000\u00a0")
		if p.rest == "" || p.rest[0] == '#' {
			return statements, statement()
		}
		switch p.rest[0] {
		case ';':
			p.rest = p.rest[1:]
			if err := statement(); err != nil {
				return nil, err
			}
			continue
		case '|':
			p.rest = p.rest[1:]
			if err := stage(); err != nil {
				return nil, err
			}
			continue
		case '&':
			p.rest = p.rest[1:]
			if len(current) > 0 || strings.HasPrefix(p.rest, "&") {
				return nil, errBeyond{"&"}
			}
			continue // the call operator
		}
		w, err := p.word()
		if err != nil {
			return nil, err
		}
		current = append(current, w)
	}
}

type parser struct {
	rest string
	env  map[string]string
}

// closing is what a bracket ends with.
var closing = map[byte]byte{'{': '}', '(': ')'}

func (p *parser) word() (word, error) {
	var w word
	switch {
	case strings.HasPrefix(p.rest, "@{"):
		p.rest = p.rest[1:]
		w.raw = hashTable
	case p.rest[0] == '{':
		w.raw = block
	case p.rest[0] == '(':
		w.raw = paren
	}
	if w.raw != noBracket {
		inside, err := p.bracket()
		if err != nil {
			return w, err
		}
		w.text = inside
		end := strings.IndexAny(p.rest, " \t;|")
		if end < 0 {
			end = len(p.rest)
		}
		w.member, p.rest = p.rest[:end], p.rest[end:]
		return w, nil
	}
	var b strings.Builder
	for p.rest != "" && !strings.ContainsRune(" \t;|", rune(p.rest[0])) {
		switch c := p.rest[0]; c {
		case '\'', '"':
			text, err := p.quotation(c)
			if err != nil {
				return w, err
			}
			w.quoted = true
			b.WriteString(text)
			continue
		case '`':
			if p.rest = p.rest[1:]; p.rest == "" {
				return w, errUnfinished
			}
		case '$':
			text, err := p.variable()
			if err != nil {
				return w, err
			}
			b.WriteString(text)
			continue
		case '>', '<', '&':
			return w, errBeyond{string(c)}
		case '{', '(':
			return w, errBeyond{string(c)}
		}
		b.WriteByte(p.rest[0])
		p.rest = p.rest[1:]
	}
	w.text = b.String()
	return w, nil
}

// bracket takes a bracket with all that is in it.
func (p *parser) bracket() (string, error) {
	var open []byte
	for n := 0; n < len(p.rest); n++ {
		switch c := p.rest[n]; c {
		case '\'', '"':
			end := strings.IndexByte(p.rest[n+1:], c)
			if end < 0 {
				return "", errUnfinished
			}
			n += end + 1
		case '{', '(':
			if len(open) == maxDepth {
				return "", errBeyond{string(c)}
			}
			open = append(open, closing[c])
		case '}', ')':
			if open[len(open)-1] != c {
				return "", errUnfinished
			}
			if open = open[:len(open)-1]; len(open) == 0 {
				inside := p.rest[1:n]
				p.rest = p.rest[n+1:]
				return inside, nil
			}
		}
	}
	return "", errUnfinished
}

// quotation takes a text in quotes; a doubled quote stands for itself.
func (p *parser) quotation(quote byte) (string, error) {
	var b strings.Builder
	for p.rest = p.rest[1:]; p.rest != ""; {
		switch c := p.rest[0]; {
		case c == quote && len(p.rest) > 1 && p.rest[1] == quote:
			b.WriteByte(quote)
			p.rest = p.rest[2:]
		case c == quote:
			p.rest = p.rest[1:]
			return b.String(), nil
		case c == '`' && quote == '"' && len(p.rest) > 1:
			b.WriteByte(p.rest[1])
			p.rest = p.rest[2:]
		case c == '$' && quote == '"':
			text, err := p.variable()
			if err != nil {
				return "", err
			}
			b.WriteString(text)
		default:
			b.WriteByte(c)
			p.rest = p.rest[1:]
		}
	}
	return "", errUnfinished
}

// variable takes one: of the environment, or one of the words for true, false and
// nothing, which stay as they are. In a block $_ is read by who reads the block.
func (p *parser) variable() (string, error) {
	end := 1
	for end < len(p.rest) && (p.rest[end] == ':' || p.rest[end] == '_' || isName(p.rest[end])) {
		end++
	}
	name := p.rest[:end]
	p.rest = p.rest[end:]
	lower := strings.ToLower(name)
	if of, ok := strings.CutPrefix(lower, "$env:"); ok {
		return p.env[of], nil // what is not set is empty, as there
	}
	switch lower {
	case "$true", "$false", "$null":
		return lower, nil
	}
	return "", errBeyond{name}
}

func isName(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}
