package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/monshin/monshin/diagnose/lab"
)

// The lab's page lists what every scenario must come to, as the scenarios say
// themselves; TestScenarios holds them to it.
func TestDocumentsShowTheScenarios(t *testing.T) {
	var b strings.Builder
	b.WriteString("| scenario | symptom | root causes | explained by them | exit |\n|---|---|---|---|---|\n")
	for _, s := range lab.Scenarios() {
		symptom := "`" + string(s.Symptom) + "`"
		if s.Guest {
			symptom += ", `--guest`"
		}
		var causes, explained []string
		for _, e := range s.Expect {
			cause := "`" + string(e.Code) + "`"
			if e.Subject != "" {
				cause = "`" + string(e.Code) + "@" + e.Subject + "`"
			}
			if e.Certainty != "" {
				cause += ", " + string(e.Certainty)
			}
			causes = append(causes, cause)
			for _, x := range e.Explains {
				explained = append(explained, "`"+string(x)+"`")
			}
		}
		if len(causes) == 0 {
			causes = []string{"none"}
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %d |\n", s.Name, symptom, strings.Join(causes, "; "), strings.Join(explained, ", "), s.Exit)
	}
	documented(t, "diagnose/lab/README.md", "scenarios", b.String())
}
