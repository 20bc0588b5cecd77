package shell

import (
	"strings"

	"github.com/monshin/monshin/diagnose/lang"
)

// Cause says who or what ended a shell.
type Cause string

// The causes.
const (
	// Exited: the shell itself ended ("exit", or somebody terminated the session).
	Exited Cause = "exited"
	// Service: Session Manager or the agent ended it and said why.
	Service Cause = "service"
	// TimedOut: Session Manager ended it for its time limits.
	TimedOut Cause = "timed-out"
	// Closed: the operator closed it.
	Closed Cause = "closed"
	// Gone: while the connection was lost the session ended; why is not told.
	Gone Cause = "gone"
	// Lost: the connection was lost and did not come back in time.
	Lost Cause = "lost"
	// Broken: what came from the agent could not be understood.
	Broken Cause = "broken"
)

// End is how a shell ended.
type End struct {
	Cause Cause
	// Say is the same in words.
	Say lang.Text
	// Told is what Session Manager said, as it came; "" where it said nothing.
	Told string
	// ExitCode is the command's; known only of documents that run one command.
	ExitCode *int
}

// told reads the reason in a channel_closed message. AWS publishes no list of them,
// so only what is plain in the text is taken for more than what it says.
func told(output string) End {
	small := strings.ToLower(output)
	switch {
	case strings.TrimSpace(output) == "":
		return End{Cause: Exited, Say: lang.Both("the shell ended", "シェルが終了")}
	case strings.Contains(small, "timed out") || strings.Contains(small, "timeout") || strings.Contains(small, "inactiv") || strings.Contains(small, "maximum session duration"):
		return End{Cause: TimedOut, Told: output, Say: lang.Both(
			"Session Manager ended the session for its time limits (idle time-out or maximum duration, account preferences): %s",
			"セッションマネージャーの時間制限（アイドルタイムアウトまたは最大セッション時間、アカウントの設定）により終了: %s").With(lang.Clean(output))}
	}
	return End{Cause: Service, Told: output, Say: lang.Both("Session Manager ended the session: %s", "セッションマネージャーによりセッションが終了: %s").With(lang.Clean(output))}
}

func closedEnd() End {
	return End{Cause: Closed, Say: lang.Both("the session was closed from here", "操作者がセッションを終了")}
}

func goneEnd() End {
	return End{Cause: Gone, Say: lang.Both(
		"the connection was lost, and the session ended meanwhile (time-out, or terminated by somebody)",
		"接続が切れている間にセッションが終了（タイムアウト、または他者による終了）")}
}

func lostEnd(err error) End {
	return End{Cause: Lost, Say: lang.Both(
		"the connection was lost and could not be made again: %s; the session may still be open in AWS until it times out",
		"接続が切れ、再接続できず: %s（AWS 側のセッションはタイムアウトまで残る場合あり）").With(cleaned(lang.Said(err)))}
}

func brokenEnd(why string) End {
	return End{Cause: Broken, Say: lang.Both("the agent's messages could not be understood: %s", "SSM Agent からのメッセージを解釈できず: %s").With(lang.Clean(why))}
}

func cleaned(t lang.Text) lang.Text { return lang.Text{En: lang.Clean(t.En), Ja: lang.Clean(t.Ja)} }
