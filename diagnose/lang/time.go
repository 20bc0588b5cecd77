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
	var out strings.Builder
	for from := 0; ; {
		i := strings.IndexByte(text[from:], 'T')
		if i < 0 {
			out.WriteString(text)
			return out.String()
		}
		at, end := from+i-len("2006-01-02"), from+i+len("T15:04:05Z")
		from += i + 1
		if at >= 0 && end <= len(text) && text[end-1] == 'Z' {
			if t, err := time.Parse(form, text[at:end]); err == nil {
				out.WriteString(text[:at])
				out.WriteString(say(t))
				text, from = text[end:], 0
			}
		}
	}
}

// Times is the text with its times written as say does.
func (t Text) Times(say func(time.Time) string) Text {
	return Text{En: Times(t.En, say), Ja: Times(t.Ja, say)}
}
