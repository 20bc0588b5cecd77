package say_test

import (
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/probe"
	"github.com/monshin/monshin/tui/say"
	"github.com/monshin/monshin/tui/theme"
)

func reasons() []fact.Reason {
	return []fact.Reason{fact.Denied, fact.Throttled, fact.Timeout, fact.NotSupported, fact.TooEarly, fact.NeedsGuest,
		fact.NeedsAnswer, fact.BlockedBy, fact.NotVisible, fact.NotModelled, fact.NotRecorded, fact.Pending}
}

func TestEveryStateHasAWordOfItsOwn(t *testing.T) {
	seen := map[lang.Text]fact.Reason{}
	for _, r := range reasons() {
		w := probe.ReasonWord(r)
		if !w.Complete() {
			t.Errorf("%s has no word", r)
		}
		if other, twice := seen[w]; twice {
			t.Errorf("%s and %s are both %q", r, other, w.En)
		}
		seen[w] = r
		for _, l := range lang.All() {
			if n := ansi.StringWidth(w.In(l)); n > 15 {
				t.Errorf("%q does not fit the column of states: %d cells", w.In(l), n)
			}
		}
		if !say.Why(fact.Why{Reason: r}, time.UTC).Complete() {
			t.Errorf("%s is not said in both languages", r)
		}
	}
	th := theme.New(theme.Options{Dark: true})
	signs := map[string]bool{}
	for _, o := range probe.Outcomes() {
		sign, _ := say.Outcome(th, o)
		if signs[sign] || len(sign) > say.SignWidth {
			t.Errorf("%s has the sign %s, which is not its own or too wide", o, sign)
		}
		signs[sign] = true
	}
	for i := range 9 {
		if len(say.Spinner(i)) != say.SignWidth {
			t.Errorf("the spinner jumps: %q", say.Spinner(i))
		}
	}
}

func TestTimesCarryTheirOffset(t *testing.T) {
	at := time.Date(2026, 11, 20, 15, 21, 7, 0, time.UTC)
	jst := time.FixedZone("JST", 9*3600)
	if got := say.Time(at, jst); got != "2026-11-21 00:21:07 +09:00" {
		t.Errorf("got %s", got)
	}
	if got := say.Short(at, time.FixedZone("", -3*3600-1800)); got != "11-20 11:51 -03:30" {
		t.Errorf("got %s", got)
	}
	if got := say.Why(fact.Why{Reason: fact.TooEarly, Until: at}, jst).Ja; got != "反映待ち（2026-11-21 00:21:07 +09:00 以降に再確認）" {
		t.Errorf("got %s", got)
	}
	if say.Time(time.Time{}, jst) != "-" || say.Short(time.Time{}, jst) != "" {
		t.Error("no time is written as one")
	}
}

func TestZoned(t *testing.T) {
	jst := time.FixedZone("JST", 9*3600)
	for in, want := range map[string]string{
		"": "", "no time": "no time", "The T in it": "The T in it",
		"2026-11-20T15:21:07Z":             "2026-11-21 00:21:07 +09:00",
		"（最終記録 2026-11-20T15:21:07Z）":      "（最終記録 2026-11-21 00:21:07 +09:00）",
		"T2026-11-20T15:21:07Z and T2026-": "T2026-11-21 00:21:07 +09:00 and T2026-",
		"2026-13-20T15:21:07Z":             "2026-13-20T15:21:07Z",
		"2026-11-20T15:21:0":               "2026-11-20T15:21:0",
	} {
		if got := say.Zoned(in, jst); got != want {
			t.Errorf("%q is %q, want %q", in, got, want)
		}
	}
}

func TestAge(t *testing.T) {
	now := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	for ago, want := range map[time.Duration]string{
		0: "just now", 59 * time.Second: "just now", time.Minute: "1 min ago", 59 * time.Minute: "59 min ago",
		time.Hour: "1 h ago", 47 * time.Hour: "47 h ago", 48 * time.Hour: "2 days ago", -time.Second: "just now", -2 * time.Minute: "",
	} {
		if got := say.Age(now.Add(-ago), now).En; got != want {
			t.Errorf("%s ago is %q, want %q", ago, got, want)
		}
	}
	if !say.Age(time.Time{}, now).Zero() {
		t.Error("no time has an age")
	}
}
