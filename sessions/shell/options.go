// Package shell opens Session Manager shells in this process: over the official
// plugin's data channel (github.com/aws/session-manager-plugin), with a connection,
// a clock and a logger of its own, so that nothing is written to the process's
// terminal and nothing ends the process.
//
// StartSession is an alarm in many companies: nothing here opens a session that the
// operator did not ask for.
package shell

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/monshin/monshin/diagnose/lang"
)

// Document is what Session Manager runs.
type Document struct {
	// Name is a document's name; "" is the account's own preferences
	// (SSM-SessionManagerRunShell), which is a shell.
	Name       string
	Parameters map[string][]string
}

// The documents of AWS that are shells.
const (
	interactiveDocument    = "AWS-StartInteractiveCommand"
	nonInteractiveDocument = "AWS-StartNonInteractiveCommand"
)

// Interactive runs one command at which one can type.
func Interactive(command string) Document {
	return Document{Name: interactiveDocument, Parameters: map[string][]string{"command": {command}}}
}

// NonInteractive runs one command and ends with it.
func NonInteractive(command string) Document {
	return Document{Name: nonInteractiveDocument, Parameters: map[string][]string{"command": {command}}}
}

// Options say what to open.
type Options struct {
	// Config is the account: region, credentials, and what the SDK's clients need.
	Config aws.Config
	// Instance is the target.
	Instance string
	// Document is what runs; the zero Document is the account's shell.
	Document Document
	// Cols and Rows are the terminal's size; 0 leaves the agent's (80 by 24).
	Cols, Rows int
	// Reason is noted by AWS in the session's history, up to 256 characters.
	Reason string
	// Recorder gets every byte of output before anybody can read it; nil records nothing.
	Recorder Recorder
	// Notice is told what happens beside the output; nil tells nobody. It is called from
	// goroutines of the shell and must not wait for it.
	Notice func(Notice)
	// GiveUp is how long a lost connection is tried to be made again, 0 for three minutes.
	GiveUp time.Duration
}

// Recorder keeps what is shown.
type Recorder interface {
	Output(p []byte) error
	Resize(cols, rows int) error
	Mark(label string) error
}

// Notice is something that happened beside the output.
type Notice struct {
	Kind NoticeKind
	Say  lang.Text
}

// NoticeKind says what a notice is about.
type NoticeKind string

// The kinds of notices.
const (
	// Disconnected: the connection was lost; typing is kept until it is back.
	Disconnected NoticeKind = "disconnected"
	// Reconnected: it is back, and nothing was lost.
	Reconnected NoticeKind = "reconnected"
	// Banner: what the account's preferences have shown at the start.
	Banner NoticeKind = "banner"
	// Unrecorded: the recording failed; what follows is not recorded.
	Unrecorded NoticeKind = "unrecorded"
	// PortRefused: nobody answers at the port that is forwarded.
	PortRefused NoticeKind = "port-refused"
)

func (o Options) notice(k NoticeKind, say lang.Text) {
	if o.Notice != nil {
		o.Notice(Notice{k, say})
	}
}

// Warning is what has to be said before a session is opened on an instance that
// License Manager manages (user-based subscriptions); the zero text elsewhere.
// Session Manager makes ssm-user a local administrator of Windows at the first
// session, and AWS lists local administrators among what makes such an instance
// unhealthy, for which it can be terminated (domain.md LM-11). Whether ssm-user
// counts is not documented.
func Warning(licenseManager bool) lang.Text {
	if !licenseManager {
		return lang.Text{}
	}
	return lang.Both(
		"License Manager manages this instance (user-based subscriptions). A Session Manager shell creates ssm-user, a local administrator, and AWS lists local administrators as a reason to terminate such an instance. Run Command (as SYSTEM) avoids it.",
		"License Manager のユーザーベースのサブスクリプション対象インスタンス。セッションマネージャーでの接続によりローカル管理者 ssm-user が作成され、終了（terminated）の要因となる可能性あり（ローカル管理者の存在は AWS のドキュメントで終了の理由に挙げられている）。Run Command（SYSTEM で実行）であれば作成されない。")
}

// sleep waits, or ends with ctx.
func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
