package probe

import (
	"math"
	"strconv"
	"time"

	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
)

// clockTolerance is how wrong a clock may be: Kerberos's usual tolerance; that of
// the KMS is not documented (domain.md ACT-5).
const clockTolerance = 5 * time.Minute

// clock judges the clock of Windows against that of the computer that asked.
func (j *licenseJudgement) clock(licensed bool, why reason) {
	f := finding.Finding{Code: finding.ActivationClockSkewed, Subject: j.p.ID, Certainty: finding.Likely}
	if licensed {
		f.Severity = finding.Warning
	}
	if j.a.ClockOffset == nil {
		if licensed || why.family != reasonClock {
			return
		}
		f.Params = j.with("offset", "0xC004F06C")
		f.Evidence = []finding.Evidence{j.see("products", "0xC004F06C", why.meaning)}
		j.add(f)
		return
	}
	if math.IsNaN(*j.a.ClockOffset) || math.Abs(*j.a.ClockOffset) > 100*365*24*3600 {
		j.open = append(j.open, unreadField(j.p.ID, "clock_offset"))
		return
	}
	offset := time.Duration(*j.a.ClockOffset * float64(time.Second)).Round(time.Second)
	if offset.Abs() <= clockTolerance {
		j.read = append(j.read, j.see("clock_offset", offset, lang.Both("the clock is right", "時刻のずれは許容範囲内")))
		return
	}
	if j.origin.Source == fact.Guest {
		f.Certainty = finding.Proven // what somebody else ran has travelled for an unknown time
	}
	f.Params = j.with("offset", signed(offset))
	f.Evidence = []finding.Evidence{j.see("clock_offset", signed(offset), lang.Both("Windows's clock, in UTC, against the clock that asked", "OS の時刻（UTC）と実時刻との差"))}
	universal := j.a.RealTimeIsUniversal != nil && *j.a.RealTimeIsUniversal == 1
	if zone, known := zoneOffset(j.a.TimeZone); known && !universal && (offset.Abs()-zone.Abs()).Abs() <= clockTolerance {
		f.Evidence = append(f.Evidence, j.see("real_time_is_universal", join(j.a.TimeZone, universalText(j.a.RealTimeIsUniversal)),
			lang.Both("just the time zone (%s): EC2 gives the time in UTC and Windows takes it for local time; RealTimeIsUniversal=1 is missing",
				"時差（%s）と一致。EC2 の UTC 時刻を OS が現地時刻として解釈（RealTimeIsUniversal=1 が未設定）").With(signed(zone))))
	}
	j.add(f)
}

func universalText(v *int) string {
	if v == nil {
		return "RealTimeIsUniversal=-"
	}
	return "RealTimeIsUniversal=" + strconv.Itoa(*v)
}

// zoneOffset is how far a time zone is ahead of UTC. Only Japan's is needed: it has
// no summer time, and other zones are told by their hours alone.
func zoneOffset(id string) (time.Duration, bool) {
	return 9 * time.Hour, id == "Tokyo Standard Time"
}

func signed(d time.Duration) string {
	if d > 0 {
		return "+" + d.String()
	}
	return d.String()
}
