package main

import (
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/lab"
	"github.com/monshin/monshin/diagnose/lang"
)

// flags are what every command takes (DESIGN.md §4), and a few that several do.
type flags struct {
	langName, lab, recording, region, profile, tz, debug string
	readOnly                                             bool
	labLatency                                           time.Duration
	labSeed                                              int64
	labFaults                                            []string
	labState                                             string

	symptom, runbook string
	answers          []string
	ascii, still     bool
	simulate         bool
	guest            bool
	// ticket and approver are recorded with the consent to the scripts.
	ticket, approver, answerFile string

	lang   lang.Lang
	zone   *time.Location
	faults []lab.Fault
}

func (f *flags) register(root *cobra.Command) {
	l, p := f.lang, root.PersistentFlags()
	p.StringVar(&f.langName, "lang", "", lang.Both("language: ja or en (default: from the locale)", "表示言語: ja または en（既定はロケールに従う）").In(l))
	p.StringVar(&f.lab, "lab", "", lang.Both("use the simulated account SCENARIO (see: monshin lab list)", "模擬アカウント SCENARIO を使用（一覧: monshin lab list）").In(l))
	p.StringVar(&f.recording, "recording", "", lang.Both("judge a recorded walk again, without any network", "記録を再判定（ネットワーク不使用）").In(l))
	p.StringVar(&f.region, "region", "", lang.Both("AWS region (default: environment, then profile)", "AWS リージョン（既定は環境変数、プロファイルの順）").In(l))
	p.StringVar(&f.profile, "profile", "", lang.Both("AWS profile", "AWS プロファイル").In(l))
	p.StringVar(&f.tz, "tz", "", lang.Both("time zone of what is shown, such as Asia/Tokyo (default: this machine's)", "表示に使うタイムゾーン（例 Asia/Tokyo。既定は端末の設定）").In(l))
	p.BoolVar(&f.readOnly, "read-only", false, lang.Both("refuse whatever would change anything", "変更操作を一切行わない").In(l))
	p.StringVar(&f.debug, "debug", "", lang.Both("write what monshin does to FILE", "動作ログの出力先ファイル").In(l))
	p.DurationVar(&f.labLatency, "lab-latency", 0, lang.Both("lab: latency of each call", "ラボ: API 応答の遅延").In(l))
	p.Int64Var(&f.labSeed, "lab-seed", 1, lang.Both("lab: seed of its chances", "ラボ: 乱数の種").In(l))
	p.StringVar(&f.labState, "lab-state", "", lang.Both("lab: keep the account and its clock in FILE from command to command", "ラボ: 模擬アカウントの状態と時刻を FILE に保持").In(l))
	p.StringArrayVar(&f.labFaults, "lab-fault", nil, lang.Both("lab: throttle=0.3, deny=ACTION, timeout=ACTION or empty=ACTION (repeatable)", "ラボ: throttle=0.3、deny=ACTION、timeout=ACTION、empty=ACTION（複数指定可）").In(l))
}

// check refuses what cannot be meant, before anything is opened.
func (f *flags) check() error {
	if f.langName != "" {
		if _, ok := lang.Parse(f.langName); !ok {
			return usage(lang.Both("--lang %q: monshin speaks ja and en", "--lang %q: 指定できるのは ja と en").With(f.langName))
		}
	}
	f.zone = time.Local
	if f.tz != "" {
		zone, err := time.LoadLocation(f.tz)
		if err != nil {
			return usage(lang.Both("--tz %q is not a time zone; use a name such as Asia/Tokyo or UTC", "--tz %q はタイムゾーン名ではない（例: Asia/Tokyo、UTC）").With(f.tz))
		}
		f.zone = zone
	}
	if f.lab != "" && f.recording != "" {
		return usage(lang.Both("--lab and --recording exclude each other", "--lab と --recording は同時に指定不可"))
	}
	if f.lab == "" && (len(f.labFaults) > 0 || f.labLatency != 0 || f.labState != "") {
		return usage(lang.Both("--lab-fault, --lab-latency and --lab-state need --lab SCENARIO", "--lab-fault、--lab-latency、--lab-state には --lab SCENARIO が必要"))
	}
	if f.labLatency < 0 {
		return usage(lang.Both("--lab-latency %s is negative", "--lab-latency %s は負の値").With(f.labLatency))
	}
	for _, s := range f.labFaults {
		fault, err := lab.ParseFault(s)
		if err != nil {
			return badInput(lang.Same("--lab-fault"), err)
		}
		f.faults = append(f.faults, fault)
	}
	return nil
}

// answerNames are the questions that --answer can answer.
var answerNames = []string{estate.AnswerADDomain, estate.AnswerUser, estate.AnswerFrom}

// answered reads --answer name=value.
func (f *flags) answered() (map[string]string, error) {
	out := map[string]string{}
	for _, s := range f.answers {
		name, value, ok := strings.Cut(s, "=")
		if !ok || !slices.Contains(answerNames, name) {
			return nil, usage(lang.Both("--answer %q: use NAME=VALUE, where NAME is one of %s", "--answer %q: NAME=VALUE の形式で指定（NAME は %s）").With(s, strings.Join(answerNames, ", ")))
		}
		out[name] = strings.TrimSpace(value)
	}
	if f.simulate {
		out["simulate"] = "yes"
	}
	return out, nil
}
