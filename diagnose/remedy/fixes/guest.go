package fixes

import (
	"fmt"
	"slices"
	"strings"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/guest"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/remedy"
)

// The documents that fixes inside Windows run (domain.md §9.1, §11, SSM-3).
const (
	powerShellDocument  = "AWS-RunPowerShellScript"
	updateDocument      = "AWS-UpdateSSMAgent"
	resetAccessDocument = "AWSSupport-RunEC2RescueForWindowsTool"
)

const (
	// deliverySeconds is how long Systems Manager tries to hand a command over: a node
	// that is Online takes it at once, and a dead one must not keep it for an hour (§11).
	deliverySeconds = 60
	// scriptSeconds is how long a fix may run: an attempt to activate waits for a KMS
	// that does not answer.
	scriptSeconds = 180
)

// guestFixes change something inside Windows by Run Command.
func guestFixes() []remedy.Fix {
	return slices.Concat(agentFixes(), leaseFixes(), activationFixes(), signInFixes(), forwarderFixes(), passwordFixes(), relaunchFixes())
}

// reached reads the instance and refuses where Run Command does not reach its Windows:
// what cannot be told anything cannot be fixed from here.
func reached(b *remedy.Builder) (estate.Instance, bool) {
	i, ok := living(b)
	if !ok {
		return i, false
	}
	f := estate.ManagedNodePart.Of(b.View(), i.ID)
	n, known := f.Get()
	switch {
	case f.IsUnknown():
		b.Unread(estate.ManagedNodePart.Key(i.ID), f.Why())
	case i.Platform != "windows":
		b.Refuse("the instance does not run Windows", "Windows インスタンスではない")
	case !known || n.PingStatus != "Online":
		b.Refuse("Run Command does not reach the instance (Systems Manager: %s); correct that first, or carry the steps out on the server itself",
			"Run Command が届かない状態（Systems Manager: %s）。接続の回復が先決。または OS 上で手動実施", orDash(n.PingStatus))
	default:
		return i, true
	}
	return i, false
}

// inside is a step that a script of monshin carries out.
type inside struct {
	step       string
	fix        string
	args       map[string]string
	undo       string // id of the script that takes it back, "" for none
	undoArgs   map[string]string
	title, why lang.Text
	noUndo     lang.Text
	byHand     lang.Text // what a person types on the server
	check      string    // a command on the server
	expect     lang.Text
}

// runInside adds the step. ok is false where an argument is none that a script takes,
// which a value from AWS or from Windows can bring about: the fix is then refused.
func runInside(b *remedy.Builder, i estate.Instance, s inside) bool {
	script, err := guest.FixScript(s.fix, s.args)
	if err != nil {
		b.Refuse("the value cannot be handed to a script: %s", "スクリプトに渡せない値: %s", lang.Clean(err.Error()))
		return false
	}
	step := remedy.Step{
		ID: s.step, Title: s.title, Why: s.why, Script: script, NoUndo: s.noUndo,
		Call: sendScript(i.ID, s.fix, script),
		Do: lang.Both("Systems Manager console > Run Command > Run command > AWS-RunPowerShellScript, target %[1]s, with the script of this step; or on the server, PowerShell as administrator: %[2]s",
			"Systems Manager コンソール > Run Command > コマンドを実行 > AWS-RunPowerShellScript、対象 %[1]s、本手順のスクリプトを指定。または OS 上の PowerShell（管理者）: %[2]s").With(i.ID, s.byHand),
		Check: remedy.Check{Command: s.check, Expect: s.expect},
	}
	if s.undo != "" {
		back, err := guest.FixScript(s.undo, s.undoArgs)
		if err != nil {
			b.Refuse("the way back cannot be written: %s", "切り戻し手順を作成できない値: %s", lang.Clean(err.Error()))
			return false
		}
		step.Undo, step.UndoScript = sendScript(i.ID, s.undo, back), back
	}
	b.Step(step)
	return true
}

func sendScript(instance, fix, script string) *remedy.Call {
	return &remedy.Call{Operation: "ssm:SendCommand", Outputs: []string{"Command.CommandId"}, Input: map[string]any{
		"DocumentName": powerShellDocument, "InstanceIds": []any{instance}, "Comment": "monshin fix " + fix, "TimeoutSeconds": deliverySeconds,
		"Parameters": map[string]any{
			"commands":         anys(strings.Split(strings.TrimSuffix(script, "\n"), "\n")),
			"executionTimeout": []any{fmt.Sprint(scriptSeconds)},
		},
	}}
}

// sendDocument runs one of AWS's own documents.
func sendDocument(instance, document string, parameters map[string]any) *remedy.Call {
	return &remedy.Call{Operation: "ssm:SendCommand", Outputs: []string{"Command.CommandId"}, Input: map[string]any{
		"DocumentName": document, "InstanceIds": []any{instance}, "Comment": "monshin " + document, "TimeoutSeconds": deliverySeconds, "Parameters": parameters,
	}}
}

// insideEnds is what all these plans have in common.
func insideEnds(b *remedy.Builder, i estate.Instance) {
	single(b, i.ID)
	b.Stop("stop if the command does not end with Success: read its output before anything else is tried",
		"コマンドの結果が Success にならない場合は中止し、出力を確認してから次の対応を判断")
}

// seenIn lists the ids of parts of one kind that the finding's evidence stands on.
func seenIn(b *remedy.Builder, kind string) []string {
	var out []string
	for _, e := range b.Finding().Evidence {
		at, _, _ := strings.Cut(e.At, "#")
		k := estate.ParseKey(at)
		if k.Kind == kind && !slices.Contains(out, k.ID) {
			out = append(out, k.ID)
		}
	}
	return out
}
