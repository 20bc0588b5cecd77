package probe

import (
	"fmt"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/lang"
)

// screenProbes take a picture of the console: where RDP fails in any case, else only
// where Windows cannot be asked. Who is at work there need not be looked at.
func screenProbes() []Probe {
	title := lang.Both("Picture of the console", "コンソール画面のスクリーンショット")
	return []Probe{
		{
			ID: "instance.screen", Title: title,
			Parts: []estate.AnyKind{estate.InstancePart, estate.TrailPart, estate.StatusPart, estate.ManagedNodePart, estate.ScreenshotPart},
			Judge: judgeSilentScreen,
		},
		{
			ID: "rdp.screen", Title: title,
			Parts: []estate.AnyKind{estate.InstancePart, estate.TrailPart, estate.ScreenshotPart},
			Judge: func(v *estate.View) Verdict {
				p, stop := runningWindows(v)
				if stop != nil {
					return *stop
				}
				return screenOf(v, p)
			},
		},
	}
}

// judgeSilentScreen looks at the screen of a Windows that does not answer: a status
// check that is not passed, or no heartbeat. What is not known counts as no answer.
func judgeSilentScreen(v *estate.View) Verdict {
	p, stop := runningWindows(v)
	if stop != nil {
		return *stop
	}
	status, node := estate.StatusPart.Of(v, p.ID), estate.ManagedNodePart.Of(v, p.ID)
	if pending := pendingOf(append(whyOf(status), whyOf(node)...)); len(pending) > 0 {
		return unread(pending...)
	}
	s, read := status.Get()
	n, registered := node.Get()
	if read && s.System == "ok" && s.Instance == "ok" && registered && onlineNow(v, n.PingStatus, n.LastPing) {
		return notApplicable(lang.Both("Windows answers: no picture was taken", "OS の応答あり（取得不要）"),
			see(estate.ManagedNodePart.Key(p.ID), "last_ping", join(n.PingStatus, ageOf(v, n.LastPing)), lang.Both("the last heartbeat", "最終 ping"), node.Origin()))
	}
	return screenOf(v, p)
}

// screenOf says that there is a picture. What it shows people judge.
func screenOf(v *estate.View, p patient) Verdict {
	part := estate.ScreenshotPart.Of(v, p.ID)
	s, known := part.Get()
	switch {
	case part.IsUnknown():
		return unread(part.Why())
	case !known:
		return notApplicable(lang.Both("EC2 gave no picture", "EC2 からの画像なし"))
	}
	rule := lang.Both("a picture of the screen, kept in the record: look whether Windows has started, hangs in an update, or stopped with an error",
		"画面のスクリーンショット（調査ファイルに保存）。起動完了・更新処理中・エラー停止の別を目視で確認")
	value := fmt.Sprintf("%s %dx%d JPEG, %d KiB", stamp(s.Taken), s.Width, s.Height, (s.Size+1023)/1024)
	if s.Dropped != "" {
		rule = lang.Both("a picture of the screen, not kept for its size (%s): take it with the command", "画面のスクリーンショット（サイズ超過のため保存せず: %s）。コマンドで再取得して確認").With(s.Dropped)
	}
	return notApplicable(lang.Both("taken at %[1]s; people judge what it shows (%[2]s)", "%[1]s に取得済み、内容は目視で確認（%[2]s）").With(stamp(s.Taken), "aws ec2 get-console-screenshot --instance-id "+p.ID),
		see(estate.ScreenshotPart.Key(p.ID), "taken", value, rule, part.Origin()))
}
