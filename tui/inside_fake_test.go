package tui

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/probe"
	"github.com/monshin/monshin/diagnose/walk"
	"github.com/monshin/monshin/tui/world"
)

// fakeInside is the part of a fake walk that asks Windows.
type fakeInside struct {
	script                                      string
	request                                     lang.Text
	scriptErr, requestErr, consentErr, pasteErr error
	parts                                       int
	notes                                       []lang.Text
	// next is the script from the second time on, where it is set.
	next string
	// gates hold the making of the first scripts up, entered tells that it began.
	gates   []chan struct{}
	entered chan int

	guard   sync.Mutex
	made    int
	tickets []string
	pastes  []string
}

func (f *fakeInside) Script() (string, error) {
	f.guard.Lock()
	f.made++
	n := f.made
	f.guard.Unlock()
	if n <= len(f.gates) {
		f.entered <- n
		<-f.gates[n-1]
	}
	if n > 1 && f.next != "" {
		return f.next, f.scriptErr
	}
	return f.script, f.scriptErr
}

func (f *fakeInside) Consent(ticket string) error {
	f.guard.Lock()
	defer f.guard.Unlock()
	if f.consentErr == nil {
		f.tickets = append(f.tickets, ticket)
	}
	return f.consentErr
}

func (f *fakeInside) Request() (lang.Text, error) { return f.request, f.requestErr }

func (f *fakeInside) Paste(text string) (world.Pasted, error) {
	f.guard.Lock()
	defer f.guard.Unlock()
	f.pastes = append(f.pastes, text)
	return world.Pasted{Parts: f.parts, Notes: f.notes}, f.pasteErr
}

func (f *fakeInside) consents() string {
	f.guard.Lock()
	defer f.guard.Unlock()
	return fmt.Sprintf("%q", f.tickets)
}

const answerLine = "MONSHIN1A 24 H4sIAAAAAAAA/0rKz0kCBAAA"

func script() string {
	var b strings.Builder
	b.WriteString("$ErrorActionPreference = 'Stop'\nfunction Write-Line($block, $data) { [Console]::Out.WriteLine('MONSHIN1 ' + (ConvertTo-Json -Compress -Depth 6 @{ b = $block; d = $data })) }\n")
	for i := range 40 {
		fmt.Fprintf(&b, "    $value%d = (Get-ItemProperty 'HKLM:\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion').CurrentBuild\n", i)
	}
	b.WriteString("exit 0\n")
	return b.String()
}

func request() string {
	return "確認のお願い: " + patient + "\n\n下記はいずれも参照のみで、設定の変更は行いません。\n\n1. 対象サーバー上で Windows PowerShell を「管理者として実行」し、下記のブロック全体を貼り付けてください。\n\n" + script()
}

// needing is a walk that AWS could not settle: two checks need Windows itself.
func needing() *walk.Diagnosis {
	d := done()
	why := fact.Why{Reason: fact.NeedsGuest, Action: "ssm:SendCommand", Resource: patient}
	d.Outcome = walk.Undecided
	for i := range d.Probes[1:3] {
		d.Probes[i+1].Verdict = probe.Verdict{Outcome: probe.Unknown, Say: lang.Both("only Windows can tell", "OS 内の確認が必要"), Whys: []fact.Why{why}}
	}
	d.Findings = []walk.Weighed{{Finding: d.Findings[1].Finding, Severity: finding.Error, Observation: true, Probe: "instance.end"}}
	d.Unknowns = []walk.Open{
		{Probe: "dns.ad-domain", Title: d.Probes[1].Title, Why: why, Needed: true},
		{Probe: "license.provider", Title: d.Probes[2].Title, Why: why},
	}
	d.Path = []string{"what-happened"}
	return d
}

// told is the same walk after Windows, or the customer, answered.
func told(s fact.Source) *walk.Diagnosis {
	d := done()
	o := fact.Origin{Source: s, Time: clock().Add(-5 * time.Minute)}
	if s == fact.Guest {
		o.Call = "ssm:SendCommand"
	}
	f := &d.Findings[0].Finding
	f.Evidence = []finding.Evidence{{At: "guest-dns:" + patient, Value: "SERVFAIL", Rule: lang.Both("Windows cannot resolve it", "OS 内での名前解決不可"), Origin: o}}
	d.Probes[1].Verdict.Findings = []finding.Finding{*f}
	return d
}

// insideWalk is a walk that needs Windows, and what follows in the next run.
func insideWalk(next ...*walk.Diagnosis) (*fakeBackend, *fakeWalk) {
	b, w := fakes()
	w.scripts = [][]*walk.Diagnosis{{needing()}, next}
	w.script, w.request = script(), lang.Same(request())
	return b, w
}

func insideScenes() []scene {
	with := func(t testing.TB, s size, o Options, change func(*fakeWalk)) *rig {
		b, w := insideWalk(told(fact.Guest))
		if change != nil {
			change(w)
		}
		o.Backend, o.Start = b, Start{Instance: patient, Symptom: tree().Symptom}
		return newRig(t, s.w, s.h, o).idle()
	}
	waiting := func() *walk.Diagnosis {
		d := needing()
		d.Complete, d.Unknowns = false, nil
		d.Waiting = []estate.Key{estate.GuestIdentityPart.Key(patient)}
		for i := range d.Probes[1:3] {
			d.Probes[i+1].Verdict = probe.Verdict{Outcome: probe.Unknown, Whys: []fact.Why{{Reason: fact.Pending}}}
			d.Probes[i+1].Parts = d.Waiting
		}
		return d
	}
	return []scene{
		{"walk-needs-windows", func(t testing.TB, s size, o Options) *rig {
			return with(t, s, o, nil).press("tab", "down", "down")
		}},
		{"walk-waits-for-windows", func(t testing.TB, s size, o Options) *rig {
			b, w := fakes(waiting())
			w.hold = true
			o.Backend, o.Start = b, Start{Instance: patient, Symptom: tree().Symptom}
			r := newRig(t, s.w, s.h, o)
			return r.until("something is shown and the account known", func() bool {
				return r.m.identified && strings.Contains(plainText(r.m.View().Content), "[x]")
			})
		}},
		{"guest-script", func(t testing.TB, s size, o Options) *rig {
			return with(t, s, o, nil).press("w").idle()
		}},
		{"guest-run-chosen", func(t testing.TB, s size, o Options) *rig {
			r := with(t, s, o, nil).press("w").idle()
			r.lines()
			return r.press("t").typed("CHG-1234 承認").press("enter", "tab", "pgdown")
		}},
		{"guest-ticket", func(t testing.TB, s size, o Options) *rig {
			return with(t, s, o, nil).press("w").idle().press("t").typed("変更-12")
		}},
		{"guest-request", func(t testing.TB, s size, o Options) *rig {
			return with(t, s, o, nil).press("w").idle().press("v")
		}},
		{"guest-read-only", func(t testing.TB, s size, o Options) *rig {
			o.ReadOnly = true
			return with(t, s, o, nil).press("w").idle().press("v")
		}},
		{"guest-failed", func(t testing.TB, s size, o Options) *rig {
			return with(t, s, o, func(w *fakeWalk) {
				w.scriptErr, w.pasteErr = errors.New("part guest-dns: \"bad name\" is not a host name"), errors.New("the answer is from i-0fff, the investigation is about "+patient)
			}).pasted(answerLine).press("w").idle()
		}},
	}
}
