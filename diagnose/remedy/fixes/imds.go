package fixes

import (
	"fmt"
	"strings"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/remedy"
)

func imdsFixes() []remedy.Fix {
	return []remedy.Fix{{
		ID: "imds.enable", Mode: remedy.Automatic, For: []finding.Code{finding.IMDSDisabled},
		Title:   lang.Both("Turn the instance metadata service on", "インスタンスメタデータサービス（IMDS）を有効化"),
		Actions: []string{"ec2:ModifyInstanceMetadataOptions"},
		Make:    enableMetadata,
	}}
}

// enableMetadata turns IMDS on and leaves HttpTokens and the hop limit as they are:
// loosening IMDSv2 would be another change (domain.md IMDS-1).
func enableMetadata(b *remedy.Builder) {
	i, ok := living(b)
	if !ok {
		return
	}
	if !strings.EqualFold(i.Metadata.Endpoint, "disabled") {
		b.Refuse("the metadata service is not off", "IMDS は無効ではない")
		return
	}
	if _, ok := need(b, estate.InstancePart, i.ID); !ok {
		return
	}
	remedy.Edit(b, estate.InstancePart, i.ID, func(i estate.Instance) estate.Instance {
		i.Metadata.Endpoint, i.Metadata.State = "enabled", "applied"
		return i
	})
	b.Step(remedy.Step{
		ID: "enable", Title: lang.Both("Enable the metadata endpoint of %s", "%s のメタデータエンドポイントを有効化").With(i.ID),
		Call: &remedy.Call{Operation: "ec2:ModifyInstanceMetadataOptions", Input: map[string]any{"InstanceId": i.ID, "HttpEndpoint": "enabled"}},
		Undo: &remedy.Call{Operation: "ec2:ModifyInstanceMetadataOptions", Input: map[string]any{"InstanceId": i.ID, "HttpEndpoint": "disabled"}},
		Do: lang.Both("EC2 console > Instances > %s > Actions > Instance settings > Modify instance metadata options: enable; leave IMDSv2 as it is",
			"EC2 コンソール > インスタンス > %s > アクション > インスタンスの設定 > インスタンスメタデータのオプションを変更 > 有効化（IMDSv2 の設定は変更しない）").With(i.ID),
		Check: remedy.Check{
			Command: fmt.Sprintf("aws ec2 describe-instances --instance-ids %s --query \"Reservations[].Instances[].MetadataOptions\"", i.ID),
			Expect:  lang.Both(`"HttpEndpoint": "enabled", "State": "applied"`, `"HttpEndpoint": "enabled"、"State": "applied"`),
		},
	})
	single(b, i.ID)
	b.Why("the agent reads its identity and its credentials from the metadata service", "SSM Agent は ID と認証情報を IMDS から取得するため")
	b.Warn("HttpTokens stays %s: the plan does not loosen IMDSv2", "HttpTokens は %s のまま（IMDSv2 の設定は緩和しない）", orDash(i.Metadata.Tokens))
	agentWaits(b, agentBackoff)
	b.Takes(2 * time.Minute)
	b.Stop("stop if the metadata service was turned off on purpose (a policy of the organization)", "IMDS が意図的に（組織のポリシーなどで）無効化されている場合は中止")
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
