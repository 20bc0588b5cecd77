package fixes

import (
	"fmt"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/guest"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/remedy"
)

func agentFixes() []remedy.Fix {
	return []remedy.Fix{{
		ID: "agent.update", Mode: remedy.Automatic, For: []finding.Code{finding.SSMAgentOutdated},
		Title:   lang.Both("Update the SSM Agent by Run Command", "Run Command で SSM Agent を更新"),
		Actions: []string{"ssm:SendCommand"},
		Make:    updateAgent,
	}, {
		ID: "agent.restart", Mode: remedy.Automatic, For: []finding.Code{finding.SSMSessionChannelDown},
		Title:   lang.Both("Restart the SSM Agent by Run Command", "Run Command で SSM Agent を再起動"),
		Actions: []string{"ssm:SendCommand"},
		Make:    restartAgent,
	}}
}

// updateAgent runs AWS's own document, which keeps the version that it replaces
// available: its way back is the same document with that version (domain.md SSM-3).
func updateAgent(b *remedy.Builder) {
	i, ok := reached(b)
	if !ok {
		return
	}
	n, ok := need(b, estate.ManagedNodePart, i.ID)
	if !ok {
		return
	}
	step := remedy.Step{
		ID: "update", Title: lang.Both("Update the agent of %s", "%s の SSM Agent を更新").With(i.ID),
		Call: sendDocument(i.ID, updateDocument, map[string]any{"allowDowngrade": []any{"false"}}),
		Do: lang.Both("Systems Manager console > Run Command > Run command > AWS-UpdateSSMAgent, target %s",
			"Systems Manager コンソール > Run Command > コマンドを実行 > AWS-UpdateSSMAgent、対象 %s").With(i.ID),
		Check: remedy.Check{
			Command: fmt.Sprintf("aws ssm describe-instance-information --filters Key=InstanceIds,Values=%s --query \"InstanceInformationList[].AgentVersion\"", i.ID),
			Expect:  lang.Both("a newer version than %s", "%s より新しいバージョン").With(orDash(n.AgentVersion)),
		},
	}
	if n.AgentVersion != "" {
		step.Undo = sendDocument(i.ID, updateDocument, map[string]any{"version": []any{n.AgentVersion}, "allowDowngrade": []any{"true"}})
	} else {
		step.NoUndo = lang.Both("the version of before is not known", "更新前のバージョンが不明なため")
	}
	remedy.Awaits(b, estate.ManagedNodePart, i.ID)
	b.Step(step)
	insideEnds(b, i)
	b.Risk(remedy.RestartsService)
	b.Why("the agent is replaced by AWS's current one", "SSM Agent を最新バージョンに置き換えるため")
	b.Warn("the agent downloads from S3: without a way there (a gateway endpoint, or the internet) the command fails and changes nothing",
		"更新には S3 への経路（ゲートウェイエンドポイントまたはインターネット）が必要。経路がない場合はコマンドが失敗し、変更は発生しない")
	b.Settles(10*time.Minute, "the agent restarts and reports its version", "SSM Agent の再起動とバージョンの報告")
	b.Takes(10 * time.Minute)
}

// restartAgent makes an agent that is Online open its session channel anew. An agent
// that does not answer cannot be told this: see the guided steps of ssm.agent-stopped.
func restartAgent(b *remedy.Builder) {
	i, ok := reached(b)
	if !ok {
		return
	}
	remedy.Awaits(b, estate.ConnectionPart, i.ID)
	if !runInside(b, i, inside{
		step: "restart", fix: guest.FixRestartAgent,
		title:  lang.Both("Restart the agent's service on %s", "%s の SSM Agent サービスを再起動").With(i.ID),
		why:    lang.Both("after an error the agent waits up to an hour before it tries again (domain.md B2)", "エラー後の SSM Agent は再試行まで最長 1 時間待機するため"),
		noUndo: lang.Both("a restart leaves nothing that could be taken back", "再起動のため戻すべき設定変更なし"),
		byHand: lang.Same("Restart-Service AmazonSSMAgent"),
		check:  fmt.Sprintf("aws ssm get-connection-status --target %s", i.ID),
		expect: lang.Same(`"Status": "connected"`),
	}) {
		return
	}
	insideEnds(b, i)
	b.Risk(remedy.RestartsService)
	b.Why("a fresh agent opens the session channel at once instead of at its next attempt", "再起動により、次の再試行を待たずにセッション用の接続を開くため")
	b.Warn("open sessions of Session Manager on this instance end", "このインスタンスで開いているセッションは切断")
	b.Settles(2*time.Minute, "the agent restarts and connects", "SSM Agent の再起動と再接続")
	b.Takes(3 * time.Minute)
}
