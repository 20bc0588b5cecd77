package lang

import (
	"strings"
	"time"
)

// Time writes a time in a zone with its offset: a time without a zone has sent
// people to the wrong hour of a log before. The zero time is "-".
func Time(t time.Time, zone *time.Location) string {
	if t.IsZero() {
		return "-"
	}
	return t.In(zone).Format("2006-01-02 15:04:05 -07:00")
}

// Zoned writes the times in a text in a zone. Judgements write times as RFC 3339
// in UTC, because they do not know who reads them.
func Zoned(text string, zone *time.Location) string {
	return Times(text, func(t time.Time) string { return Time(t, zone) })
}

// Times writes the times in a text (RFC 3339, UTC) as say does.
func Times(text string, say func(time.Time) string) string {
	const form = "2006-01-02T15:04:05Z"
	out := ""
	for {
		i := strings.Index(text, "T")
		if i < 0 {
			return out + text
		}
		at, end := i-len("2006-01-02"), i+len("T15:04:05Z")
		if at >= 0 && end <= len(text) {
			if t, err := time.Parse(form, text[at:end]); err == nil {
				out += text[:at] + say(t)
				text = text[end:]
				continue
			}
		}
		out += text[:i+1]
		text = text[i+1:]
	}
}

// Times is the text with its times written as say does.
func (t Text) Times(say func(time.Time) string) Text {
	return Text{En: Times(t.En, say), Ja: Times(t.Ja, say)}
}
