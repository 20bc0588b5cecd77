package transcript

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/probe"
)

// SupportLimit is how many characters AWS Support takes as the body of a case:
// CommunicationBody of support:CreateCase.
const SupportLimit = 8000

// section is a part of a case. Lines that stand behind the first least may be left
// out where the body gets too long; the attachment has them.
type section struct {
	title lang.Text
	lines []string
	least int
	cut   int
}

// supportCase is the body of a case for AWS Support: plain text, UTC, ids as they
// are, one question.
func (m *material) supportCase() string {
	c := &supportCase{material: m}
	sections := c.sections()
	for {
		body := c.body(sections)
		if utf8.RuneCountInString(body) <= SupportLimit {
			return body
		}
		// The longest of what may be cut gives a line; its end says least.
		longest := -1
		for i, s := range sections {
			if len(s.lines) > s.least && (longest < 0 || size(s) > size(sections[longest])) {
				longest = i
			}
		}
		if longest < 0 {
			return string([]rune(body)[:SupportLimit])
		}
		s := &sections[longest]
		s.lines, s.cut = s.lines[:len(s.lines)-1], s.cut+1
	}
}

func size(s section) int {
	n := 0
	for _, l := range s.lines {
		n += utf8.RuneCountInString(l) + 1
	}
	return n
}

type supportCase struct{ *material }

func (c *supportCase) body(sections []section) string {
	var b strings.Builder
	for _, s := range sections {
		if len(s.lines) == 0 && s.cut == 0 {
			continue
		}
		if !s.title.Zero() {
			b.WriteString("\n" + c.say(lang.Both("[%s]", "【%s】").With(s.title)) + "\n")
		}
		for _, l := range s.lines {
			b.WriteString(l + "\n")
		}
		if s.cut > 0 {
			b.WriteString(c.say(lang.Both("(%d more in the attachment %s)", "（ほか %d 件は添付ファイル %s に記載）").With(s.cut, c.attachment())) + "\n")
		}
	}
	return strings.TrimPrefix(b.String(), "\n")
}

// attachment names the file that holds the rest: the first that goes with the
// export, or what the JSON of this investigation is to be called.
func (c *supportCase) attachment() string {
	if len(c.s.Attachments) > 0 {
		return show(c.s.Attachments[0].Name)
	}
	name := "monshin-" + show(c.d.Target.InstanceID)
	if !c.d.AsOf.IsZero() {
		name += "-" + c.d.AsOf.UTC().Format("20060102T150405Z")
	}
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(`/\:*?"<>| `, r) {
			return '_'
		}
		return r
	}, name) + ".json"
}

// clip keeps one value from filling the whole body.
func clip(s string) string {
	const most = 400
	if rs := []rune(s); len(rs) > most {
		return string(rs[:most]) + ".."
	}
	return s
}

func (c *supportCase) utc(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format(time.RFC3339)
}

func (c *supportCase) sections() []section {
	var head []string
	if c.d.Simulated {
		head = append(head, c.say(simulated()))
	}
	head = append(head, clip(c.say(lang.Both("Subject: EC2 (Windows) / %s / %s", "件名: EC2（Windows）/ %s / %s").With(cleaned(c.d.Title), show(c.d.Target.InstanceID)))))
	out := []section{
		{lines: head, least: len(head)},
		c.question(),
		c.resources(),
		c.actual(),
		c.errors(),
		c.identified(),
		c.proof(),
		c.unread(),
		c.ruledOut(),
		c.changes(),
		c.files(),
	}
	return out
}

func (c *supportCase) question() section {
	s := section{title: lang.Both("Question", "ご質問")}
	var hidden []lang.Text
	for _, u := range c.d.Unknowns {
		t := cleaned(u.Title)
		if (u.Why.Reason == fact.Denied || u.Why.Reason == fact.NotVisible) && !slices.Contains(hidden, t) && len(hidden) < 5 {
			hidden = append(hidden, t)
		}
	}
	switch {
	case len(c.roots) > 0 && len(hidden) > 0:
		s.lines = []string{c.say(lang.Both("Is our conclusion below right, and what do you see of what we may not read (%s)?", "以下の当方の判断に誤りがないか、当方で参照できない項目（%s）の状態とあわせてご教示いただけますでしょうか。").With(lang.Join(hidden, lang.Both(", ", "、"))))}
	case len(c.roots) > 0:
		s.lines = []string{c.say(lang.Both("Is our conclusion below right?", "以下の当方の判断に誤りがないか、ご教示いただけますでしょうか。"))}
	case len(hidden) > 0:
		s.lines = []string{c.say(lang.Both("What is the cause of what is described below, and what do you see of what we may not read (%s)?", "以下の事象の原因を、当方で参照できない項目（%s）の状態とあわせてご教示いただけますでしょうか。").With(lang.Join(hidden, lang.Both(", ", "、"))))}
	default:
		s.lines = []string{c.say(lang.Both("What is the cause of what is described below?", "以下の事象の原因をご教示いただけますでしょうか。"))}
	}
	s.least = len(s.lines)
	return s
}

func (c *supportCase) resources() section {
	s := section{title: lang.Both("Account and resources", "アカウントとリソース")}
	put := func(name lang.Text, value string) {
		if value != "" {
			s.lines = append(s.lines, c.say(name)+": "+clip(show(value)))
		}
	}
	t := c.d.Target
	put(lang.Both("Account", "アカウント ID"), t.Account)
	put(lang.Both("Region", "リージョン"), t.Region)
	put(lang.Both("Instance", "インスタンス"), t.InstanceID)
	if i, ok := c.d.Instance.Get(); ok {
		put(lang.Both("State", "状態"), strings.TrimSpace(i.State+" "+i.StateCode))
		put(lang.Both("Availability Zone", "アベイラビリティーゾーン"), i.AZ)
		put(lang.Same("AMI"), i.ImageID)
		put(lang.Both("Platform", "プラットフォーム"), i.PlatformDetails)
		put(lang.Both("Instance type", "インスタンスタイプ"), i.Type)
		put(lang.Same("VPC / subnet"), strings.Trim(i.VPC+" / "+i.Subnet, " /"))
		put(lang.Both("Security groups", "セキュリティグループ"), strings.Join(i.Groups, ", "))
		put(lang.Both("Private address", "プライベート IP アドレス"), i.PrivateIP)
		put(lang.Both("Instance profile", "インスタンスプロファイル"), i.ProfileARN)
		var codes []string
		for _, p := range i.ProductCodes {
			codes = append(codes, p.ID)
		}
		put(lang.Both("Product codes", "プロダクトコード"), strings.Join(codes, ", "))
	}
	if len(c.events) > 0 {
		put(lang.Both("Window (UTC)", "対象期間（UTC）"), c.utc(c.events[0].Time)+" - "+c.utc(c.d.AsOf))
	}
	s.least = len(s.lines)
	return s
}

func (c *supportCase) actual() section {
	s := section{title: lang.Both("Expected and actual", "期待する動作と実際の動作")}
	s.lines = append(s.lines, clip(c.say(lang.Both("Symptom: %s", "事象: %s").With(cleaned(c.d.Title)))))
	if c.s.Reported != "" {
		s.lines = append(s.lines, clip(c.say(lang.Both("As reported: %s", "申告内容: %s").With(show(c.s.Reported)))))
	}
	for _, t := range c.conclusionSentences() {
		s.lines = append(s.lines, clip(t))
	}
	s.lines = append(s.lines, c.say(lang.Both("Expected: this does not happen. Business impact and severity: to be added by the sender.", "期待する動作: 上記が発生しないこと。業務影響・緊急度は起票者が追記します。")))
	s.least = 2
	return s
}

// errors are what came back, to the letter.
func (c *supportCase) errors() section {
	s := section{title: lang.Both("Errors, verbatim", "エラー（原文）")}
	put := func(l string) {
		if !slices.Contains(s.lines, l) {
			s.lines = append(s.lines, l)
		}
	}
	for _, w := range c.d.Findings {
		for _, e := range w.Evidence {
			if strings.HasPrefix(e.At, "commands:") || strings.HasPrefix(e.At, "license") {
				put("    " + clip(show(e.Value)))
			}
		}
	}
	for _, e := range c.events {
		if e.Failed != "" {
			put("    " + clip(c.utc(e.Time)+" "+show(c.say(e.What))+": "+show(e.Failed)))
		}
	}
	for _, call := range c.callsOf() {
		if call.Error != "" {
			put("    " + c.utc(call.Time) + " " + show(call.Operation) + ": " + show(call.Error) + " " + show(call.RequestID))
		}
	}
	return s
}

// identified are the events and commands by their ids, newest first: the newest are
// nearest to what happened.
func (c *supportCase) identified() section {
	s := section{title: lang.Both("Events and commands (UTC)", "イベントとコマンド（UTC）"), least: 3}
	for _, e := range slices.Backward(c.events) {
		if e.ID == "" {
			continue
		}
		l := c.utc(e.Time) + " " + show(c.say(e.What)) + " id=" + show(e.ID)
		if e.Who != "" {
			l += " by=" + show(e.Who)
		}
		s.lines = append(s.lines, clip(l))
	}
	return s
}

func (c *supportCase) proof() section {
	s := section{title: lang.Both("What we found, and by what", "確認された問題と根拠"), least: 1}
	for _, w := range slices.Concat(c.roots, c.report.loose, c.effects) {
		f := c.finding(w, c.utc)
		s.lines = append(s.lines, clip("- "+c.say(lang.Both("[%s] %s", "[%s] %s").With(w.Certainty.Text(), c.cat.Screen(f)))+" ("+show(f.ID())+")"))
		for _, e := range f.Evidence {
			l := "    " + show(e.At) + " = " + show(e.Value)
			if e.Origin.Call != "" {
				l += " [" + show(e.Origin.Call) + " " + c.utc(e.Origin.Time) + " requestId=" + show(e.Origin.RequestID) + "]"
			}
			s.lines = append(s.lines, clip(l))
		}
	}
	return s
}

func (c *supportCase) unread() section {
	s := section{title: lang.Both("What we could not read", "当方で確認できなかった項目"), least: 3}
	for _, u := range c.d.Unknowns {
		s.lines = append(s.lines, clip("- "+c.say(lang.Both("%s: %s", "%s: %s").With(cleaned(u.Title), reason(c.named(u.Why), c.utc)))))
	}
	return s
}

func (c *supportCase) ruledOut() section {
	s := section{title: lang.Both("What we ruled out", "問題が見受けられなかった項目")}
	for _, j := range c.d.Probes {
		if j.Verdict.Outcome == probe.OK && !j.Verdict.Pending() {
			s.lines = append(s.lines, clip("- "+c.say(lang.Both("%s: %s", "%s: %s").With(cleaned(j.Title), cleaned(j.Verdict.Say)))))
		}
	}
	return s
}

func (c *supportCase) changes() section {
	s := section{title: lang.Both("Changes made by us", "当方で実施した変更")}
	for _, f := range c.s.Fixes {
		for _, step := range f.Steps {
			if !step.Done.IsZero() && !step.Prior {
				l := "- " + c.utc(step.Done) + " " + show(step.Call) + " requestId=" + show(step.RequestID)
				if !step.Error.Zero() {
					l += " " + show(c.say(step.Error))
				}
				if !step.Undone.IsZero() {
					l += c.say(lang.Both(" (taken back %s)", "（%s に切り戻し）").With(c.utc(step.Undone)))
				}
				s.lines = append(s.lines, clip(l))
			}
		}
	}
	if len(s.lines) == 0 && !c.changed() {
		s.lines = []string{c.say(lang.Both("None; only reading calls were made.", "なし（参照系の API のみ実行しました）。"))}
	}
	s.least = min(3, len(s.lines))
	return s
}

func (c *supportCase) files() section {
	s := section{title: lang.Both("Attachments", "添付ファイル")}
	if len(c.s.Attachments) == 0 {
		s.lines = []string{c.attachment() + c.say(lang.Both(" (monshin's JSON: every judgement, value and call)", "（monshin の JSON。全確認項目・取得値・呼び出し）"))}
	}
	for _, a := range c.s.Attachments {
		s.lines = append(s.lines, clip(fmt.Sprintf("%s SHA-256 %s", show(a.Name), show(a.SHA256))))
	}
	if c.s.Seal.Last != "" {
		s.lines = append(s.lines, c.say(lang.Both("Hash of the record: %s", "作業記録のハッシュ値: %s").With(show(c.s.Seal.Last))))
	}
	s.least = min(2, len(s.lines))
	if len(c.rows) > 0 {
		n := 0
		for _, r := range c.rows {
			n += r.Times
		}
		s.lines = append(s.lines, c.say(lang.Both("Replaced by tokens: names of people, hosts and tags (%d places).", "人名・ホスト名・タグの値などは記号に置き換えています（%d 箇所）。").With(n)))
		s.least = len(s.lines)
	}
	return s
}
