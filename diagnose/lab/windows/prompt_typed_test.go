package windows

import (
	"strings"
	"testing"

	"github.com/monshin/monshin/diagnose/typed"
)

// Every line that monshin offers to type is one that the simulated Windows carries
// out, and its outcome is recognised in both languages.
func TestPromptKnowsTheStepsToType(t *testing.T) {
	steps, err := typed.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, language := range []int{Japanese, English} {
		source := speaking(2019, language)
		o := surroundings()
		o.gateway = "10.0.1.1"
		s := sit(t, source.Copied(now().AddDate(0, 0, -1), o.gateway, []string{"AmazonProvidedDNS"}, "x"), o, seat())
		for _, step := range steps {
			step = step.With(typed.Known{Region: "ap-northeast-1", Instance: "i-0123456789abcdef0", Domain: "corp.example.local"})
			if strings.HasPrefix(step.Command, "Restart-Service") {
				continue // it ends the session: TestStoppedAgentEndsTheSession
			}
			out := s.runs(step.Command)
			if strings.Contains(out, "[模擬]") || strings.Contains(out, "[simulation]") {
				t.Errorf("%q is not simulated:\n%s", step.Command, out)
			}
			if strings.Contains(step.Command, "/ato") && step.Read(out) != typed.AsHoped {
				t.Errorf("an activation is not recognised (%q):\n%s", step.Read(out), out)
			}
		}
	}
}
