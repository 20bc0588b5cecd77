package probe

import (
	"strings"
	"testing"

	"github.com/monshin/monshin/diagnose/estate"
)

// What is good today says nothing of the day on which the instance ended, and the
// verdict says so.
func TestGoodNewsAboutTheDeadAreDated(t *testing.T) {
	const note = "read after the instance's end"
	for _, dead := range []bool{false, true} {
		e := lmEstate()
		if dead {
			lmDead(e)
		}
		for id, configured := range map[string]bool{
			"license.provider": true, "license.role": true, "license.interfaces": true, "license.port-1688": true, "ad.directory": true,
			"license.product": false, "license.instance-type": false, "license.image": false,
		} {
			p, _ := All().Get(id)
			v := p.Judge(estate.NewView(e))
			if v.Outcome != OK {
				t.Errorf("%s is %s: %v", id, v.Outcome, v.Whys)
			}
			if got := strings.Contains(v.Say.En, note); got != (dead && configured) {
				t.Errorf("dead %v, %s: %q", dead, id, v.Say.En)
			}
		}
	}
}
