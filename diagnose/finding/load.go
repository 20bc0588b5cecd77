package finding

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/goccy/go-yaml"

	"github.com/monshin/monshin/diagnose/lang"
)

//go:embed catalogue assumptions.yaml sources.yaml pages
var files embed.FS

// families are the files of the catalogue, in the order in which codes are listed.
func families() []string {
	return []string{
		"instance", "ssm", "iam", "imds", "endpoint", "network", "dns", "ad",
		"license", "clone", "activation", "password", "rdp", "account",
	}
}

// Load reads the embedded catalogue and checks it: every text in every language,
// only declared names in braces, explanations that name codes and never lead back
// to themselves. An error is a mistake of the build and names every entry at fault.
func Load() (*Catalogue, error) {
	// The YAML reader is slow enough to be felt at start: read the files side by side.
	names := families()
	parsed := make([][]*Entry, len(names))
	failed := make([]error, len(names)+2)
	var sources map[string]string
	var assumptions []*AssumptionEntry
	var wait sync.WaitGroup
	for i, name := range names {
		wait.Go(func() { failed[i] = read("catalogue/"+name+".yaml", &parsed[i]) })
	}
	wait.Go(func() { failed[len(names)] = read("assumptions.yaml", &assumptions) })
	wait.Go(func() { failed[len(names)+1] = read("sources.yaml", &sources) })
	wait.Wait()
	if err := errors.Join(failed...); err != nil {
		return nil, err
	}

	c := &Catalogue{entries: map[Code]*Entry{}, assumptions: map[string]*AssumptionEntry{}}
	for i, family := range parsed {
		for _, e := range family {
			if !strings.HasPrefix(string(e.Code), names[i]+".") {
				return nil, fmt.Errorf("catalogue/%s.yaml: %q is of another family", names[i], e.Code)
			}
			if _, twice := c.entries[e.Code]; twice {
				return nil, fmt.Errorf("catalogue/%s.yaml: %q stands there twice", names[i], e.Code)
			}
			c.entries[e.Code] = e
			c.order = append(c.order, e.Code)
		}
	}
	for _, a := range assumptions {
		c.assumptions[a.Code] = a
	}
	var wrong []error
	for _, code := range c.order {
		wrong = append(wrong, c.complete(c.entries[code], sources))
	}
	for _, a := range assumptions {
		wrong = append(wrong, checkTexts(a.Code, a.Params, a.Screen, a.Ticket))
	}
	if err := errors.Join(append(wrong, c.acyclic())...); err != nil {
		return nil, err
	}
	return c, nil
}

func read(name string, into any) error {
	b, err := files.ReadFile(name)
	if err != nil {
		return err
	}
	if err := yaml.NewDecoder(bytes.NewReader(b), yaml.Strict()).Decode(into); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// complete resolves an entry's sources, adds its page and checks it.
func (c *Catalogue) complete(e *Entry, sources map[string]string) error {
	var wrong []error
	say := func(format string, args ...any) {
		wrong = append(wrong, fmt.Errorf("%s: "+format, append([]any{e.Code}, args...)...))
	}
	if !slices.Contains([]Severity{Error, Warning, Info}, e.Severity) {
		say("severity is error, warning or info, not %q", e.Severity)
	}
	for _, x := range e.Explains {
		if _, ok := c.entries[x.Code]; !ok {
			say("explains %q, which is no code", x.Code)
		}
	}
	if len(e.Sources) == 0 {
		say("no source is named")
	}
	for i, key := range e.Sources {
		url, ok := sources[key]
		if !ok {
			say("source %q is not in sources.yaml", key)
		}
		e.Sources[i] = url
	}
	if len(placeholders(e.Title)) > 0 {
		say("a title has no values")
	}
	wrong = append(wrong, checkTexts(string(e.Code), e.Params, e.Title, e.Screen, e.Ticket, e.Cause))
	page, err := readPage(e)
	if err != nil {
		wrong = append(wrong, err)
	}
	e.Page = page
	return errors.Join(wrong...)
}

// checkTexts looks for texts that lack a language, use a name that is not
// declared, or use other names in one language than in another. Screen and Ticket
// may differ from each other.
func checkTexts(of string, declared []string, texts ...lang.Text) error {
	var wrong []error
	for _, t := range texts {
		if !t.Complete() {
			wrong = append(wrong, fmt.Errorf("%s: a language is missing in %q/%q", of, t.En, t.Ja))
			continue
		}
		for _, p := range placeholders(t) {
			if p != "subject" && !slices.Contains(declared, p) {
				wrong = append(wrong, fmt.Errorf("%s: {%s} is not declared in params", of, p))
			}
		}
	}
	return errors.Join(wrong...)
}

// placeholders lists the names in braces, in either language.
func placeholders(t lang.Text) []string {
	var out []string
	for _, s := range []string{t.En, t.Ja} {
		for {
			_, rest, found := strings.Cut(s, "{")
			name, after, closed := strings.Cut(rest, "}")
			if !found || !closed {
				break
			}
			if !slices.Contains(out, name) {
				out = append(out, name)
			}
			s = after
		}
	}
	return out
}

// acyclic makes sure that no finding explains itself, however long the way round.
func (c *Catalogue) acyclic() error {
	const open, done = 1, 2
	state := map[Code]int{}
	var visit func(code Code, path []Code) error
	visit = func(code Code, path []Code) error {
		path = append(path, code)
		switch state[code] {
		case open:
			return fmt.Errorf("the explanations run in a circle: %v", path)
		case done:
			return nil
		}
		state[code] = open
		if e, ok := c.entries[code]; ok {
			for _, x := range e.Explains {
				if err := visit(x.Code, path); err != nil {
					return err
				}
			}
		}
		state[code] = done
		return nil
	}
	for _, code := range c.order {
		if err := visit(code, nil); err != nil {
			return err
		}
	}
	return nil
}
