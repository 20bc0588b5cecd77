package lab_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/monshin/monshin/diagnose/lab"
)

// Who puts a scenario right finds it right: the probes judge the account afterwards,
// as another process reads it from the state file. Before its time has come they do not.
func TestCuredScenariosAreSound(t *testing.T) {
	e := newEngine(t)
	for name, cure := range lab.Cures() {
		t.Run(name, func(t *testing.T) {
			s, ok := lab.Find(name)
			if !ok {
				t.Fatal("no such scenario")
			}
			o := lab.Options{State: filepath.Join(t.TempDir(), "state.json")}
			l, err := lab.Open(name, o)
			if err != nil {
				t.Fatal(err)
			}
			cure.Apply(t, l)
			// The longest that an agent sleeps, and its first heartbeats.
			for range 40 {
				if err := l.Sleep(t.Context(), time.Minute); err != nil {
					t.Fatal(err)
				}
			}
			d, _ := e.diagnose(t, s, s.Symptom, o)
			for _, f := range d.RootCauses() {
				t.Errorf("%s is left", f.ID())
			}
			if d.Exit() != 0 {
				t.Errorf("exit %d, open: %v", d.Exit(), d.Unknowns)
			}
		})
	}
}
