package runbook

import (
	"regexp"
	"slices"

	"github.com/goccy/go-yaml/ast"

	"github.com/monshin/monshin/diagnose/lang"
)

// The targets of edges that are no nodes.
const (
	endTarget  = "end"  // the story ends here
	exitTarget = "exit" // leaves a branch; "exit/NAME" where it has several ways out
)

// maxNodes is how many nodes a tree may have, its branches resolved. Nobody follows
// a longer one, and finding a node walks the list.
const maxNodes = 1000

// branchNode is a node of a file that stands for the nodes of a shared branch. It
// does not exist any more in a Tree.
const branchNode NodeKind = "branch"

// treeFile is a tree or a branch as it was written.
type treeFile struct {
	*sheet
	branch bool // a branch: has exits, and no symptom

	name     word // the symptom's or the branch's id
	title    lang.Text
	about    lang.Text
	search   []string
	messages []string
	guest    bool
	exits    []word
	start    word
	nodes    []*fileNode
	byID     map[string]*fileNode
	// broken are the ids of nodes that could not be read; leading to one is no
	// mistake of its own.
	broken map[string]bool
}

// fileNode is a node as it was written.
type fileNode struct {
	Node
	at   place // of the node
	id   word
	ref  word // what the kind's own field names: a probe, a question, a branch
	list []word
	next []edge
	then word
	// optional lists the probes of an included branch that are optional here.
	optional []word
}

// edge is "outcome: target".
type edge struct{ on, to word }

// to finds the target of an outcome.
func (n *fileNode) to(outcome string) word {
	for _, e := range n.next {
		if e.on.text == outcome {
			return e.to
		}
	}
	return n.then
}

// targets lists where the outcomes lead, each target once.
func (n *fileNode) targets(outcomes []string) []word {
	var out []word
	for _, o := range outcomes {
		if to := n.to(o); !slices.ContainsFunc(out, func(w word) bool { return w.text == to.text }) {
			out = append(out, to)
		}
	}
	return out
}

var (
	idPattern       = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	treeFields      = []string{"symptom", "title", "about", "search", "messages", "needs-guest", "start", "nodes"}
	branchFields    = []string{"branch", "title", "exits", "start", "nodes"}
	nodeKindFields  = []string{"probe", "question", "step", "findings", "branch"}
	fieldsOfAnyNode = []string{"id", "next", "then"}
)

// fieldsOf lists the fields that not every kind of node has, the kind's own first.
// An included branch has no title: its nodes have theirs.
func fieldsOf(k NodeKind) []string {
	switch k {
	case ProbeNode:
		return []string{"probe", "title", "optional"}
	case QuestionNode:
		return []string{"question", "title", "text", "hint"}
	case StepNode:
		return []string{"step", "title", "command", "expect"}
	case FindingsNode:
		return []string{"findings", "title"}
	case branchNode:
		return []string{"branch", "optional"}
	}
	return nil
}

// read reads a file as a tree, or as a branch.
func read(name string, src []byte, branch bool) *treeFile {
	f := &treeFile{sheet: &sheet{name: name}, branch: branch, byID: map[string]*fileNode{}, broken: map[string]bool{}}
	root := f.parse(src)
	if root == nil {
		return f
	}
	allowed := treeFields
	if branch {
		allowed = branchFields
	}
	what := lang.Both("the file", "ファイル")
	var nodes ast.Node
	fields := f.fields(root, what)
	for _, fd := range fields {
		k := lang.Same("`" + fd.key.text + "`")
		switch key := fd.key.text; {
		case !slices.Contains(allowed, key):
			f.unknown(fd.key, lang.Both("field", "フィールド"), allowed)
		case key == "symptom", key == "branch":
			f.name = f.ownID(fd.value, k)
		case key == "title":
			f.title = f.text(fd.value, k)
		case key == "about":
			f.about = f.text(fd.value, k)
		case key == "search":
			f.readSearch(fd.value, k)
		case key == "messages":
			f.messages = f.texts(fd.value, k)
		case key == "needs-guest":
			f.guest = f.yes(fd.value, k)
		case key == "exits":
			f.readExits(fd.value, k)
		case key == "start":
			f.start = f.id(fd.value, k)
		case key == "nodes":
			nodes = fd.value
		}
	}
	if len(fields) == 0 && len(f.mistakes) == 0 {
		// Otherwise the missing fields would have no line to be shown at.
		f.mistake(placeOf(root), lang.Both("the file holds no fields; a tree begins with symptom:", "フィールドなし（symptom: から始める）"))
	}
	f.require(fields, placeOf(root))
	if nodes != nil {
		for i, item := range f.items(nodes, lang.Same("`nodes`")) {
			if i == maxNodes {
				f.mistake(placeOf(item), lang.Both("more than %d nodes", "ノード数が上限（%d）を超過").With(maxNodes))
				break
			}
			f.readNode(item)
		}
	}
	return f
}

func (f *treeFile) require(fields []field, at place) {
	must := []string{"symptom", "title", "about", "start", "nodes"}
	if f.branch {
		must = []string{"branch", "start", "nodes"}
	}
	if len(fields) == 0 {
		return // already noted
	}
	for _, m := range must {
		if !hasField(fields, m) {
			f.mistake(at, lang.Both("the field %q is missing", "必須フィールド %q なし").With(m))
		}
	}
}

func (f *treeFile) readSearch(n ast.Node, what lang.Text) {
	for _, fd := range f.fields(n, what) {
		switch fd.key.text {
		case "en", "ja":
			f.search = append(f.search, f.texts(fd.value, what)...)
		default:
			f.unknown(fd.key, lang.Both("language", "言語"), []string{"en", "ja"})
		}
	}
}

func (f *treeFile) readExits(n ast.Node, what lang.Text) {
	for _, item := range f.items(n, what) {
		if w := f.ownID(item, what); !w.missing() {
			f.exits = append(f.exits, w)
		}
	}
}

// ownID reads a name that this file gives to something.
func (s *sheet) ownID(n ast.Node, what lang.Text) word {
	w := s.id(n, what)
	if w.missing() {
		return word{}
	}
	if len(w.text) > 60 || !idPattern.MatchString(w.text) || w.text == endTarget || w.text == exitTarget {
		s.mistake(w.at, lang.Both("%s cannot be %s: use up to 60 lower-case letters, digits and single hyphens, and neither end nor exit",
			"%sに %s は使用不可。英小文字・数字・ハイフンで 60 文字以内（end と exit は予約語）").With(what, quote(w.text)))
		return word{}
	}
	return w
}

func (f *treeFile) readNode(item ast.Node) {
	fields := f.fields(item, lang.Both("a node", "ノード"))
	if len(fields) == 0 {
		return
	}
	n := &fileNode{at: placeOf(item)}
	var kinds []word
	for _, fd := range fields {
		if slices.Contains(nodeKindFields, fd.key.text) {
			kinds = append(kinds, fd.key)
		}
	}
	switch len(kinds) {
	case 1:
		n.Kind = NodeKind(kinds[0].text)
	case 0:
		f.mistake(n.at, lang.Both("the node says nothing: it needs one of probe, question, step, findings, branch",
			"ノードの種別なし。probe・question・step・findings・branch のいずれか 1 つが必要"))
	default:
		f.mistake(kinds[1].at, lang.Both("a node is one thing: %q stands beside %q", "ノードの種別は 1 つのみ。%q と %q を同時に指定").With(kinds[1].text, kinds[0].text))
		n.Kind = NodeKind(kinds[0].text)
	}
	for _, fd := range fields {
		f.readNodeField(n, fd)
	}
	if n.Kind == "" {
		f.broken[n.ID] = true
		return
	}
	f.finishNode(n, fields)
}

func (f *treeFile) readNodeField(n *fileNode, fd field) {
	key, k := fd.key.text, lang.Same("`"+fd.key.text+"`")
	own := fieldsOf(n.Kind)
	if !slices.Contains(own, key) && !slices.Contains(fieldsOfAnyNode, key) {
		f.misplaced(n, fd.key, own)
		return
	}
	switch key {
	case "id":
		n.id = f.ownID(fd.value, k)
		n.ID = n.id.text
	case "title":
		n.Title = f.text(fd.value, k)
	case "next":
		for _, e := range f.fields(fd.value, k) {
			n.next = append(n.next, edge{on: e.key, to: f.id(e.value, lang.Both("a target", "遷移先"))})
		}
	case "then":
		n.then = f.id(fd.value, k)
	case "probe", "branch":
		n.ref = f.id(fd.value, k)
		if key == "probe" {
			n.Probe = n.ref.text
		}
	case "question":
		n.ref = f.id(fd.value, k)
		n.question().Name = n.ref.text
	case "text":
		n.question().Text = f.text(fd.value, k)
	case "hint":
		n.question().Hint = f.text(fd.value, k)
	case "step":
		n.step().Do = f.text(fd.value, k)
	case "expect":
		n.step().Expect = f.text(fd.value, k)
	case "command":
		n.step().Command = f.said(fd.value, k)
	case "findings":
		n.list = f.ids(fd.value, k)
	case "optional":
		if _, list := fd.value.(*ast.SequenceNode); list && n.Kind == branchNode {
			n.optional = f.ids(fd.value, k)
			return
		}
		n.Optional = f.yes(fd.value, k)
	}
}

func (n *fileNode) question() *Question {
	if n.Question == nil {
		n.Question = &Question{}
	}
	return n.Question
}

func (n *fileNode) step() *Step {
	if n.Step == nil {
		n.Step = &Step{}
	}
	return n.Step
}

// misplaced notes a field that this kind of node does not have.
func (f *treeFile) misplaced(n *fileNode, key word, own []string) {
	if slices.Contains(nodeKindFields, key.text) {
		return // a second kind; already noted
	}
	for _, k := range nodeKindFields {
		if n.Kind != "" && slices.Contains(fieldsOf(NodeKind(k)), key.text) {
			f.mistake(key.at, lang.Both("%q belongs to a %s, not to a %s", "%q は %s のフィールド。%s では使用不可").With(key.text, k, string(n.Kind)))
			return
		}
	}
	if n.Kind == "" {
		own = nodeKindFields
	}
	f.unknown(key, lang.Both("field", "フィールド"), slices.Concat(fieldsOfAnyNode, own))
}

// finishNode checks that the fields that the kind needs are there, and keeps the node.
func (f *treeFile) finishNode(n *fileNode, fields []field) {
	must := []string{"id"}
	switch n.Kind {
	case QuestionNode:
		must = append(must, "title", "text", "hint")
	case StepNode:
		must = append(must, "title", "expect")
	case FindingsNode:
		must = append(must, "title")
	}
	for _, m := range must {
		if !hasField(fields, m) {
			f.mistake(n.at, lang.Both("this %s has no %q", "この %s に %q なし").With(string(n.Kind), m))
		}
	}
	if n.id.missing() {
		return
	}
	if first, twice := f.byID[n.id.text]; twice {
		f.mistake(n.id.at, lang.Both("the id %q is already on line %d", "ID %q は %d 行目と重複").With(n.id.text, first.id.at.line))
		return
	}
	f.byID[n.id.text] = n
	f.nodes = append(f.nodes, n)
}

func hasField(fields []field, key string) bool {
	return slices.ContainsFunc(fields, func(fd field) bool { return fd.key.text == key })
}
