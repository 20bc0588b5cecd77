package runbook

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/probe"
)

// Load reads the tree in src. name is what mistakes call the file. branches holds
// NAME.yaml for every shared branch that the tree includes; nil where there are
// none. The error is a Mistakes with everything that is wrong, or tells of a
// branch file that could not be read.
func Load(name string, src []byte, branches fs.FS, known Known) (*Tree, error) {
	return newLoader(branches, known).tree(name, src)
}

// probeOutcomes are the edges of a probe node.
func probeOutcomes() []string {
	var out []string
	for _, o := range probe.Outcomes() {
		out = append(out, string(o))
	}
	return out
}

// loader reads trees that share branches.
type loader struct {
	fs       fs.FS
	known    Known
	branches map[string]*treeFile // nil where a name has no usable file
	order    []string
	err      error
}

func newLoader(branches fs.FS, known Known) *loader {
	return &loader{fs: branches, known: known, branches: map[string]*treeFile{}}
}

func (l *loader) tree(name string, src []byte) (*Tree, error) {
	f := read(name, src, false)
	l.include(f, nil)
	l.check(f)
	if l.err != nil {
		return nil, l.err
	}
	if ms := l.mistakes(f); len(ms) > 0 {
		return nil, ms
	}
	j := joiner{loader: l, tree: &Tree{
		Symptom: Symptom(f.name.text), Title: f.title, About: f.about,
		Search: f.search, Messages: f.messages, NeedsGuest: f.guest,
	}, origin: f, probes: map[string]string{}}
	j.tree.Start = j.join(f, "", place{}, func(string) string { return "" }, nil)
	if ms := l.mistakes(f); len(ms) > 0 {
		return nil, ms
	}
	return j.tree, nil
}

// mistakes gathers what is wrong with f and with the branches that were read.
func (l *loader) mistakes(f *treeFile) Mistakes {
	ms := slices.Clone(f.mistakes)
	for _, b := range l.order {
		if file := l.branches[b]; file != nil {
			ms = append(ms, file.mistakes...)
		}
	}
	return ms.sorted()
}

// include reads the branches that f names, and theirs. above are the branches that
// f is included by.
func (l *loader) include(f *treeFile, above []string) {
	for _, n := range f.nodes {
		if n.Kind != branchNode || n.ref.missing() {
			continue
		}
		name := n.ref.text
		if slices.Contains(above, name) {
			f.mistake(n.ref.at, lang.Both("the branch includes itself: %s", "分岐が自身を参照: %s").With(
				lang.Truncate(strings.Join(append(slices.Clone(above[slices.Index(above, name):]), name), " -> "), 200)))
			continue
		}
		b, done := l.branches[name]
		if !done {
			b = l.readBranch(name)
			l.branches[name] = b
			l.order = append(l.order, name)
			if b != nil {
				l.include(b, append(slices.Clone(above), name))
				l.check(b)
			}
		}
		if b == nil {
			f.unknown(n.ref, lang.Both("branch", "分岐"), l.branchNames())
		}
	}
}

// readBranch reads a branch file; nil where there is none.
func (l *loader) readBranch(name string) *treeFile {
	file := name + ".yaml"
	if l.fs == nil || !idPattern.MatchString(name) {
		return nil
	}
	h, err := l.fs.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	var src []byte
	if err == nil {
		// One byte more than is allowed tells that there is too much.
		src, err = io.ReadAll(io.LimitReader(h, maxSize+1))
		err = errors.Join(err, h.Close())
	}
	if err != nil {
		if l.err == nil {
			l.err = fmt.Errorf("reading the branch %q from %s: %w", name, file, err)
		}
		return nil
	}
	b := read("branches/"+file, src, true)
	if !b.name.missing() && b.name.text != name {
		b.mistake(b.name.at, lang.Both("the file %s holds the branch %q", "ファイル %s の分岐名が %q").With(file, b.name.text))
	}
	return b
}

func (l *loader) branchNames() []string {
	if l.fs == nil {
		return nil
	}
	files, _ := fs.Glob(l.fs, "*.yaml") // the pattern is good; nothing else can fail
	for i := range files {
		files[i] = strings.TrimSuffix(files[i], ".yaml")
	}
	return files
}

// joiner builds a Tree from files that have no mistakes of their own.
type joiner struct {
	*loader
	tree   *Tree
	origin *treeFile         // where mistakes of the whole are noted
	probes map[string]string // probe -> id of its node
	full   bool
}

// join appends the nodes of f, and returns the id of its first node. prefix goes
// before every id; at is the node of the tree that brought f in; leave turns an
// exit of f into a target; optional lists probes that are optional here, "*" all.
func (j *joiner) join(f *treeFile, prefix string, at place, leave func(exit string) string, optional []string) string {
	resolve := func(target string) string {
		if exit, out := f.exitOf(target); out {
			return leave(exit)
		}
		if target == endTarget {
			return ""
		}
		return j.first(f, prefix, target)
	}
	for _, n := range f.nodes {
		if j.full {
			return ""
		}
		if len(j.tree.Nodes) >= maxNodes {
			j.full = true
			j.origin.mistake(at, lang.Both("more than %d nodes", "ノード数が上限（%d）を超過").With(maxNodes))
			return ""
		}
		where := at
		if f == j.origin {
			where = n.ref.at
		}
		if n.Kind == branchNode {
			j.join(j.branches[n.ref.text], prefix+n.id.text+"/", where,
				func(exit string) string { return resolve(n.to(exit).text) }, j.optionalIn(f, n, optional))
			continue
		}
		node := n.Node
		node.ID = prefix + n.id.text
		if f.branch {
			node.Branch = f.name.text
		}
		node.Optional = n.Optional || n.Kind == ProbeNode && (slices.Contains(optional, "*") || slices.Contains(optional, n.Probe))
		if n.Kind == ProbeNode {
			if other, twice := j.probes[n.Probe]; twice {
				j.origin.mistake(where, lang.Both("the probe %q would stand here a second time, as %q; it is already %q: lead there instead",
					"確認項目 %q が重複（%q）。既存のノード %q への遷移が必要").With(n.Probe, node.ID, other))
			}
			j.probes[n.Probe] = node.ID
		}
		for _, c := range n.list {
			node.Findings = append(node.Findings, finding.Code(c.text))
		}
		for _, o := range j.outcomes(n) {
			if node.Next == nil {
				node.Next = map[string]string{}
			}
			node.Next[o] = resolve(n.to(o).text)
		}
		j.tree.Nodes = append(j.tree.Nodes, node)
	}
	return j.first(f, prefix, f.start.text)
}

// first is the id of the node that the target stands for: a branch stands for its first node.
func (j *joiner) first(f *treeFile, prefix, target string) string {
	n := f.byID[target]
	for n.Kind == branchNode {
		prefix += n.id.text + "/"
		f = j.branches[n.ref.text]
		n = f.byID[f.start.text]
	}
	return prefix + n.id.text
}

// optionalIn lists which probes of the included branch are optional.
func (j *joiner) optionalIn(f *treeFile, n *fileNode, above []string) []string {
	out := slices.Clone(above)
	if n.Optional {
		out = append(out, "*")
	}
	for _, w := range n.optional {
		if !j.judges(j.branches[n.ref.text], w.text, map[string]bool{}) {
			f.mistake(w.at, lang.Both("the branch %q has no probe %s", "分岐 %q に確認項目 %s なし").With(n.ref.text, quote(w.text)))
			continue
		}
		out = append(out, w.text)
	}
	return out
}

// judges reports whether the branch, or one that it includes, has the probe.
func (j *joiner) judges(b *treeFile, probe string, seen map[string]bool) bool {
	if seen[b.name.text] {
		return false
	}
	seen[b.name.text] = true
	return slices.ContainsFunc(b.nodes, func(n *fileNode) bool {
		return n.Kind == ProbeNode && n.Probe == probe ||
			n.Kind == branchNode && j.judges(j.branches[n.ref.text], probe, seen)
	})
}
