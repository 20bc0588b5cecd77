package finding

import (
	"github.com/monshin/monshin/diagnose/lang"
)

// Entry is what the catalogue says about one code.
type Entry struct {
	Code     Code     `yaml:"code"`
	Severity Severity `yaml:"severity"`
	// Observation says that the finding only reports an effect and is never a cause.
	Observation bool `yaml:"observation"`
	// Explains lists the findings that this one, while it stands, explains.
	Explains []Explanation `yaml:"explains"`
	// Params are the names that the texts may use in braces.
	Params []string `yaml:"params"`
	// Title names the problem, without values.
	Title lang.Text `yaml:"title"`
	// Screen says it on one line with its values; Japanese in 体言止め.
	Screen lang.Text `yaml:"screen"`
	// Ticket says the fact in whole polite sentences, for exports; です・ます.
	Ticket lang.Text `yaml:"ticket"`
	// Cause is a noun phrase that fits before the verb that carries the certainty
	// ("～が原因と判断しております").
	Cause lang.Text `yaml:"cause"`
	// Page is the page of `monshin explain`, Markdown: what it means, why it has
	// this effect, how to see it oneself, what to do.
	Page lang.Text `yaml:"page"`
	// Sources are URLs or keys of domain.md that the facts on the page come from.
	Sources []string `yaml:"sources"`
}

// Explanation says which finding is explained, and when: Scope, where it is
// given, must be in the explaining finding's Scope, and Of in the explained one's.
// Same asks for equal subjects.
type Explanation struct {
	Code  Code   `yaml:"code"`
	Scope string `yaml:"scope"`
	Of    string `yaml:"of"`
	Same  bool   `yaml:"same"`
}

// AssumptionEntry is what the catalogue says about one assumption.
type AssumptionEntry struct {
	Code   string    `yaml:"code"`
	Params []string  `yaml:"params"`
	Screen lang.Text `yaml:"screen"`
	Ticket lang.Text `yaml:"ticket"`
}

// Catalogue is every code with its words.
type Catalogue struct {
	entries     map[Code]*Entry
	order       []Code
	assumptions map[string]*AssumptionEntry
}
