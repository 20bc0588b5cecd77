package transcript

import (
	"regexp"
	"strings"

	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/remedy/fixes"
	"github.com/monshin/monshin/diagnose/runbook"
	"github.com/monshin/monshin/diagnose/walk"
	"github.com/monshin/monshin/sessions/transcript/redact"
)

// fixIDs are the ids of the fixes of a finding, the recommended one first.
func fixIDs(c finding.Code) []string {
	out := []string{}
	for _, f := range fixes.Library().For(c) {
		out = append(out, f.ID)
	}
	return out
}

// plainWord is what every shell takes for one word, and for nothing but itself.
var plainWord = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:/@-]*$`)

// planCommand is the command that writes the plan of what settles these findings; ""
// where there is no fix, and for readers who do not have monshin's session at hand.
func (r report) planCommand(roots ...walk.Weighed) string {
	if r.o.Reader != "" && r.o.Reader != redact.Internal {
		return ""
	}
	inside, any := false, false
	for _, w := range roots {
		any = any || len(fixes.Library().For(w.Code)) > 0
		for _, e := range w.Evidence {
			inside = inside || e.Origin.Source == fact.Guest
		}
	}
	if !any {
		return ""
	}
	words := []string{"monshin", "fix"}
	safe := true
	put := func(option, value string) {
		if option != "" {
			words = append(words, option)
		}
		words, safe = append(words, value), safe && plainWord.MatchString(value)
	}
	if len(roots) == 1 { // several are planned together, without a code
		id := roots[0].ID()
		if !plainWord.MatchString(id) {
			id = string(roots[0].Code)
		}
		put("", id)
	}
	t := r.d.Target
	if name, ok := strings.CutPrefix(strings.TrimPrefix(r.d.Source, "recording:"), "lab:"); ok {
		put("--lab", name)
	} else {
		put("", t.InstanceID)
		if t.Region != "" {
			put("--region", t.Region)
		}
	}
	if r.d.Symptom != "" && r.d.Symptom != runbook.Everything {
		put("--symptom", string(r.d.Symptom))
	}
	if !safe {
		return "" // what was read does not belong into a command
	}
	if inside {
		words = append(words, "--guest")
	}
	return strings.Join(append(words, "--plan"), " ")
}
