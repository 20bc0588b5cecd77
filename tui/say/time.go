package say

import (
	"time"

	"github.com/monshin/monshin/diagnose/lang"
)

// Time writes a time in the operator's zone with its offset.
func Time(t time.Time, zone *time.Location) string { return lang.Time(t, zone) }

// Short is Time without year and seconds, for columns.
func Short(t time.Time, zone *time.Location) string {
	if t.IsZero() {
		return ""
	}
	return t.In(zone).Format("01-02 15:04 -07:00")
}

// Zoned writes the times in a text (RFC 3339, UTC) in the operator's zone.
func Zoned(text string, zone *time.Location) string { return lang.Zoned(text, zone) }

// skew is by how much two clocks may differ without anybody noticing.
const skew = time.Minute

// Age tells how long before now t was. A time in the future has none: one of the
// two clocks is wrong, and which one cannot be known here.
func Age(t, now time.Time) lang.Text {
	d := now.Sub(t)
	switch {
	case t.IsZero() || now.IsZero() || d < -skew:
		return lang.Text{}
	case d < time.Minute:
		return lang.Both("just now", "1 分以内")
	case d < time.Hour:
		return lang.Both("%d min ago", "%d 分前").With(int(d / time.Minute))
	case d < 48*time.Hour:
		return lang.Both("%d h ago", "%d 時間前").With(int(d / time.Hour))
	}
	return lang.Both("%d days ago", "%d 日前").With(int(d / (24 * time.Hour)))
}
