package probe

import (
	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
)

func consoleProbe() Probe {
	return Probe{
		ID:    "instance.console",
		Title: lang.Both("What Windows wrote to the console", "コンソール出力に残る起動状況"),
		Parts: []estate.AnyKind{estate.InstancePart, estate.TrailPart, estate.ConsolePart},
		Judge: judgeConsole,
	}
}

// judgeConsole reads the markers of the launch agents (domain.md §9.2): a witness
// that needs neither consent nor Systems Manager, as old as its last start. It says
// how far Windows came; that a marker is missing proves nothing, as EC2Launch v1
// writes them at the first start only.
func judgeConsole(v *estate.View) Verdict {
	p, stop := runningWindows(v)
	if stop != nil {
		return *stop
	}
	part := estate.ConsolePart.Of(v, p.ID)
	if part.IsUnknown() {
		return unread(part.Why())
	}
	c := part.Value()
	at := estate.ConsolePart.Key(p.ID)
	var read []finding.Evidence
	add := func(path, value string, rule lang.Text) {
		if value != "" {
			read = append(read, see(at, path, value, rule, part.Origin()))
		}
	}
	if !c.Time.IsZero() {
		add("time", ageOf(v, c.Time), lang.Both("when the output was written last", "出力の最終更新日時"))
	}
	add("os_name", join(c.OSName, c.Language, c.TimeZone), lang.Both("Windows, its language and its time zone", "OS・言語・タイムゾーン"))
	add("launch_agent", c.LaunchAgent, lang.Both("the launch agent", "起動エージェント"))
	add("agent_version", c.AgentVersion, lang.Both("SSM Agent's version, without Systems Manager", "SSM Agent のバージョン（Systems Manager を介さず確認）"))
	add("thumbprint", c.Thumbprint, lang.Both("thumbprint of the RDP certificate", "RDP 証明書の拇印"))
	switch {
	case c.Ready:
		add("ready", "Windows is Ready to use", lang.Both("the start was completed", "起動処理の完了"))
		return ok(lang.Both("the start was completed (as of %s)", "起動処理の完了を確認（%s 時点）").With(ageOf(v, c.Time)), read...)
	case c.Waiting:
		add("waiting", "Waiting for meta-data accessibility", lang.Both("the last word: Windows waits for the instance metadata", "最後の出力: インスタンスメタデータの応答待ち"))
		return notApplicable(lang.Both("Windows waited for the instance metadata (as of %s)", "インスタンスメタデータの応答待ち（%s 時点）").With(ageOf(v, c.Time)), read...)
	case c.Sysprep != "":
		add("sysprep", c.Sysprep, lang.Both("the last word: Windows is in its setup", "最後の出力: OS のセットアップ中"))
		return notApplicable(lang.Both("Windows was in its setup (as of %s)", "OS のセットアップ中（%s 時点）").With(ageOf(v, c.Time)), read...)
	}
	return notApplicable(lang.Both("no word about the start as of %s (EC2Launch v1 writes it at the first start only)", "起動完了に関する出力なし（%s 時点。EC2Launch v1 は初回起動時のみ出力）").With(ageOf(v, c.Time)), read...)
}
