package main

import (
	"encoding/binary"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/guest"
	"github.com/monshin/monshin/diagnose/lab"
)

// identityAnswer is the line of somebody who ran a script that told one block only.
func identityAnswer(instance string, at time.Time) string {
	seven := 7
	return guest.AskLine(guest.Line("identity", instance, at, estate.GuestIdentity{
		Host: "LEGACY-02", Domain: "WORKGROUP", Role: 2, MachineSID: "S-1-5-21-657127010-1234567890-4111934629",
		Build: 17763, UBR: 6414, Installed: at.AddDate(-1, 0, 0), Booted: at.Add(-time.Hour),
		ImageState: "IMAGE_STATE_COMPLETE", Generalization: &seven, Mismatches: []time.Time{},
	}) + "\n")
}

// An answer is judged for what it holds. What it lacks stays unknown and is told, as
// are its age and its origin; one of another instance is refused.
func TestAnswersOfOthers(t *testing.T) {
	s, _ := lab.Find("clone-not-activated")
	wide := func(text string) string {
		out := []byte{0xff, 0xfe}
		for _, u := range utf16.Encode([]rune(text)) {
			out = binary.LittleEndian.AppendUint16(out, u)
		}
		return string(out)
	}
	whole := identityAnswer(s.InstanceID, s.Now.Add(-time.Hour))
	for name, c := range map[string]struct {
		text  string
		code  int
		en    []string
		ja    []string
		quiet []string
	}{
		"a block of three": {whole, exitProblem,
			[]string{"the answer lacks what follows, which stays unknown", "licence status and routes", "launch agent"},
			[]string{"未確認のままの項目", "ライセンス認証の状態とルート"}, []string{"days ago", "future", "machine SID"}},
		"wrapped and quoted":  {"> " + strings.ReplaceAll(whole[:60], "\n", "") + "\r\n> " + whole[60:] + "\r\n", exitProblem, []string{"lacks"}, nil, nil},
		"saved by PowerShell": {wide("PS C:\\> \r\n" + whole + "\r\n"), exitProblem, []string{"lacks"}, nil, nil},
		"three days old": {identityAnswer(s.InstanceID, s.Now.Add(-73*time.Hour)), exitProblem,
			[]string{"3 days ago: what changed since is not in it"}, []string{"3 日前", "以降の変更は反映されていない"}, nil},
		"nine hours ahead": {identityAnswer(s.InstanceID, s.Now.Add(9*time.Hour)), exitProblem,
			[]string{"which is in the future"}, []string{"対象サーバーの時計の確認が必要"}, nil},
		"of nobody": {identityAnswer("", s.Now), exitProblem, []string{"does not say which instance"}, []string{"インスタンス ID の記載なし"}, nil},
		"of another instance": {identityAnswer("i-0123456789abcdef0", s.Now), exitUsage,
			[]string{"the answer is from i-0123456789abcdef0, not from " + s.InstanceID}, []string{"実行結果は i-0123456789abcdef0 のもの"}, nil},
		"no answer": {"PS C:\\> exit\r\n", exitUsage, []string{"no line that begins with MONSHIN1A"}, []string{"MONSHIN1A で始まる行が存在しない"}, nil},
		"cut short": {whole[:len(whole)/2], exitUsage, []string{"was cut"}, []string{"読み取り不可"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "answer.txt")
			if err := os.WriteFile(file, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			args := []string{"check", "--lab", s.Name, "--answer-file", file, "-o", "json", "--lang"}
			code, out, errs := invoke(t, append(args, "en")...)
			if code != c.code {
				t.Errorf("exit %d, want %d: %s\n%s", code, c.code, errs, out)
			}
			for _, w := range c.en {
				if !strings.Contains(errs, w) {
					t.Errorf("%q is not told: %s", w, errs)
				}
			}
			for _, w := range c.quiet {
				if strings.Contains(errs, w) {
					t.Errorf("%q is told: %s", w, errs)
				}
			}
			if _, _, errs = invoke(t, append(args, "ja")...); len(c.ja) > 0 {
				for _, w := range c.ja {
					if !strings.Contains(errs, w) {
						t.Errorf("%q is not told: %s", w, errs)
					}
				}
			}
			if c.code == exitUsage {
				return
			}
			var r report
			if err := json.Unmarshal([]byte(out), &r); err != nil {
				t.Fatal(err)
			}
			open := map[string]string{}
			for _, u := range r.Unknowns {
				open[u.Probe] = u.Reason
			}
			if open["activation.status"] != "needs-guest" || open["clone.authentication"] != "" {
				t.Errorf("unknown: %v", open)
			}
			if !strings.Contains(out, `"source": "customer"`) {
				t.Error("that the customer ran it is not told")
			}
		})
	}
}

// The request tells that a session on License Manager's instances does harm.
func TestAskWarnsOfSessions(t *testing.T) {
	for l, words := range map[string]string{"en": "do not connect by Session Manager", "ja": "セッションマネージャーで接続しないでください"} {
		_, out, _ := invoke(t, "ask", "--lab", "office-user-missing", "--symptom", "domain-join", "--lang", l)
		if !strings.Contains(out, words) || !strings.Contains(out, "MONSHIN1A") {
			t.Errorf("%s:\n%s", l, out)
		}
	}
}
