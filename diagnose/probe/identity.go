package probe

import (
	"fmt"
	"strings"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
)

// setupWait is how long Windows may stay in its setup after a start. Sysprep's
// specialize phase takes minutes; AWS calls a password late after 15 (domain.md §9.1).
const setupWait = 15 * time.Minute

// setupComplete is the image state of a Windows whose setup is over
// (domain.md §8.1 [V:agent-diag]).
const setupComplete = "IMAGE_STATE_COMPLETE"

// generalizeStuck is the GeneralizationState of a Sysprep that stopped half way
// (domain.md §8.1, known from the community only).
const generalizeStuck = 3

// domainController is the first DomainRole that is one: it has no local accounts and
// so no machine SID of its own (domain.md §8.1).
const domainController = 4

// blocksClones reports whether this Windows refuses authentication by a computer
// with its own machine ID: Windows 11 24H2, Server 2025 and later, from the update
// KB5064081 (26100.5074) on (domain.md §1 A1 [V:ms-5068222]).
func blocksClones(i estate.GuestIdentity) bool { return i.Build >= 26100 && i.UBR >= 5074 }

// buildOf writes a Windows version as a person knows it.
func buildOf(i estate.GuestIdentity) string {
	name := map[int]string{14393: "2016", 17763: "2019", 20348: "2022", 26100: "2025"}[i.Build]
	build := fmt.Sprintf("%d.%d", i.Build, i.UBR)
	if name == "" {
		return build
	}
	return name + " (" + build + ")"
}

// versionOf names the version in full: "Windows Server 2019 (17763.7792)".
func versionOf(i estate.GuestIdentity) string {
	if b := buildOf(i); strings.Contains(b, "(") {
		return "Windows Server " + b
	}
	return "Windows " + buildOf(i)
}

// unreadField is the reason of something that Windows would not tell, although it
// answered the rest.
func unreadField(id, field string) fact.Why {
	return fact.Why{Reason: fact.NotRecorded, Resource: id, Detail: field}
}

// setup is whether Windows finished its setup.
type setup struct {
	stuck bool
	// busy says that Windows is in its setup now: what it shows is not final.
	busy      bool
	certainty finding.Certainty
	open      []fact.Why
	read      []finding.Evidence
}

// setupOf reads the image state and the generalization state: a Windows that stands
// in the middle of Sysprep long after its start does not come out of it by itself.
func setupOf(v *estate.View, p patient, i estate.GuestIdentity, o fact.Origin) setup {
	at := estate.GuestIdentityPart.Key(p.ID)
	var s setup
	switch i.ImageState {
	case "":
		s.open = []fact.Why{unreadField(p.ID, "ImageState")}
	case setupComplete:
		s.read = append(s.read, see(at, "image_state", i.ImageState, lang.Both("the setup is complete", "セットアップは完了"), o))
	default:
		s.stuck, s.certainty = true, finding.Proven
		s.read = append(s.read, see(at, "image_state", i.ImageState,
			lang.Both("Sysprep, or the setup after it, is not over; %s is the end", "Sysprep またはその後のセットアップの途中（完了時は %s）").With(setupComplete), o))
	}
	if g := i.Generalization; g != nil && *g == generalizeStuck {
		if !s.stuck {
			s.stuck, s.certainty = true, finding.Likely
		}
		s.read = append(s.read, see(at, "generalization", *g,
			lang.Both("3: Sysprep stopped half way (7 is what it should be)", "3: Sysprep が途中で停止（本来の値は 7）"), o))
	}
	if !s.stuck {
		return s
	}
	// Between two restarts of the setup this is as it should be.
	begun := p.LaunchTime
	if i.Booted.After(begun) && !i.Booted.After(v.AsOf()) {
		begun = i.Booted
	}
	if until := begun.Add(setupWait); v.AsOf().Before(until) {
		s.stuck, s.busy = false, true
		s.open = append(s.open, fact.Why{Reason: fact.TooEarly, Resource: p.ID, Until: until})
	}
	return s
}

// versionEvidence says what a shared machine SID does on this Windows.
func versionEvidence(id string, i estate.GuestIdentity, o fact.Origin) finding.Evidence {
	rule := lang.Both(
		"not on Microsoft's list of the versions that refuse a computer with their own machine ID: a risk, not a fault",
		"同一マシン ID による認証拒否の対象バージョンの一覧（Microsoft）に記載なし。現時点ではリスクに留まる")
	if blocksClones(i) {
		rule = lang.Both(
			"this version refuses authentication between computers of one machine SID, by design (26100.5074 and later)",
			"マシン SID が同一のコンピューター間の認証を仕様として拒否するバージョン（26100.5074 以降）")
	}
	return see(estate.GuestIdentityPart.Key(id), "build", buildOf(i), rule, o)
}
