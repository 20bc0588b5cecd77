// Package typed holds what an operator types by hand in a shell on the instance, for
// a finding: the command, why, what should come out, and how that is recognised.
// The commands are data (steps.yaml); they come from the field reports that monshin
// grew out of and from domain.md §7.2 and §10.
package typed

import (
	"bytes"
	_ "embed"
	"fmt"
	"regexp"
	"slices"

	"github.com/goccy/go-yaml"

	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
)

//go:embed steps.yaml
var source []byte

// Step is one line to type.
type Step struct {
	// For are the findings that it belongs to; empty is every instance.
	For     []finding.Code `yaml:"for"`
	Title   lang.Text      `yaml:"title"`
	Command string         `yaml:"command"`
	Why     lang.Text      `yaml:"why"`
	Expect  lang.Text      `yaml:"expect"`
	// Good and Bad recognise the outcome in what the command prints, whatever the
	// language of Windows; "" where it cannot be told by a pattern.
	Good string `yaml:"good"`
	Bad  string `yaml:"bad"`
	// Changes says that the command changes something.
	Changes bool `yaml:"changes"`
	// Probe is judged again when the command has come to its end; "" for none.
	Probe string `yaml:"probe"`

	good, bad *regexp.Regexp
}

// Outcome is what is recognised in a step's output.
type Outcome string

// The outcomes.
const (
	Unclear Outcome = ""
	AsHoped Outcome = "good"
	Not     Outcome = "bad"
)

// Read recognises the outcome in what a step printed. A sign of failure counts more
// than one of success.
func (s Step) Read(output string) Outcome {
	switch {
	case s.bad != nil && s.bad.MatchString(output):
		return Not
	case s.good != nil && s.good.MatchString(output):
		return AsHoped
	}
	return Unclear
}

// Load reads the steps. An error is a mistake in the embedded file.
func Load() ([]Step, error) {
	var file struct {
		Steps []Step `yaml:"steps"`
	}
	d := yaml.NewDecoder(bytes.NewReader(source), yaml.Strict())
	if err := d.Decode(&file); err != nil {
		return nil, fmt.Errorf("the steps to type: %w", err)
	}
	for i := range file.Steps {
		s := &file.Steps[i]
		for text, into := range map[*string]**regexp.Regexp{&s.Good: &s.good, &s.Bad: &s.bad} {
			if *text == "" {
				continue
			}
			r, err := regexp.Compile(*text)
			if err != nil {
				return nil, fmt.Errorf("the step %q: %w", s.Command, err)
			}
			*into = r
		}
	}
	return file.Steps, nil
}

// Pick chooses the steps for what was found, in the order of the file: those of the
// findings, then those for every instance.
func Pick(all []Step, found []finding.Code) []Step {
	var own, any []Step
	for _, s := range all {
		switch {
		case len(s.For) == 0:
			any = append(any, s)
		case slices.ContainsFunc(s.For, func(c finding.Code) bool { return slices.Contains(found, c) }):
			own = append(own, s)
		}
	}
	return append(own, any...)
}

// Known is what can be put into the places of a command. What is "" leaves its place
// to the operator.
type Known struct{ Region, Instance, Domain string }

// The forms of what is put into a command that will be run: nothing else comes in,
// wherever it is from.
var (
	domainForm   = regexp.MustCompile(`^[A-Za-z0-9](?:[A-Za-z0-9-]{0,62}\.?)*[A-Za-z0-9]$`)
	regionForm   = regexp.MustCompile(`^[a-z]{2}(?:-[a-z]+)+-[0-9]$`)
	instanceForm = regexp.MustCompile(`^i-[0-9a-f]{8,17}$`)
	places       = regexp.MustCompile(`\b(?:DOMAIN|REGION|INSTANCE_ID)\b`)
)

// With fills the places of the command with what is known and has the right form.
func (s Step) With(k Known) Step {
	s.Command = places.ReplaceAllStringFunc(s.Command, func(name string) string {
		value, form := k.Domain, domainForm
		switch name {
		case "REGION":
			value, form = k.Region, regionForm
		case "INSTANCE_ID":
			value, form = k.Instance, instanceForm
		}
		if !form.MatchString(value) {
			return name
		}
		return value
	})
	return s
}

// Complete reports whether nothing is left to be filled in by hand.
func (s Step) Complete() bool { return !places.MatchString(s.Command) }
