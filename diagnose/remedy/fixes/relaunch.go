package fixes

import (
	"fmt"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/remedy"
)

func relaunchFixes() []remedy.Fix {
	return []remedy.Fix{{
		ID: "license.catch-one", Mode: remedy.Automatic, For: []finding.Code{finding.InstanceTerminatedByLicense},
		Title:   lang.Both("Catch one alive: launch the same again, with termination protection", "同じ設定で終了保護付きの調査用インスタンスを起動"),
		Actions: []string{"ec2:RunInstances", "ec2:CreateTags", "ec2:ModifyInstanceAttribute", "ec2:TerminateInstances", "iam:PassRole"},
		Make:    catchOne,
	}}
}

// catchOne is AWS's own advice: launch again with the same settings and termination
// protection, and look (domain.md §5.4 [V:lm-ts]). It removes no cause.
func catchOne(b *remedy.Builder) {
	i, ok := patient(b)
	if !ok {
		return
	}
	switch {
	case i.State != "terminated" && i.State != "shutting-down":
		b.Refuse("the instance is alive: protect it (DisableApiTermination) instead of launching another", "インスタンスは終了していないため、起動し直さずに終了保護（DisableApiTermination）を設定")
		return
	case i.ImageID == "" || i.Type == "" || i.Subnet == "" || len(i.Groups) == 0:
		b.Refuse("the launch facts of the dead instance are not complete (image %s, type %s, subnet %s, %d security groups)", "終了したインスタンスの起動設定が不足（AMI %s、タイプ %s、サブネット %s、SG %d 件）", orDash(i.ImageID), orDash(i.Type), orDash(i.Subnet), len(i.Groups))
		return
	}
	name := "monshin-catch-" + i.ID
	input := map[string]any{
		"ImageId": i.ImageID, "InstanceType": i.Type, "SubnetId": i.Subnet, "SecurityGroupIds": anys(i.Groups), "MinCount": 1, "MaxCount": 1,
		"DisableApiTermination": true, "TagSpecifications": tagged("instance", name),
	}
	if i.ProfileARN != "" {
		input["IamInstanceProfile"] = map[string]any{"Arn": i.ProfileARN}
	}
	if i.KeyName != "" {
		input["KeyName"] = i.KeyName
	}
	metadata := map[string]any{}
	if i.Metadata.Endpoint != "" {
		metadata["HttpEndpoint"] = i.Metadata.Endpoint
	}
	if i.Metadata.Tokens != "" {
		metadata["HttpTokens"] = i.Metadata.Tokens
	}
	if i.Metadata.HopLimit > 0 {
		metadata["HttpPutResponseHopLimit"] = i.Metadata.HopLimit
	}
	if len(metadata) > 0 {
		input["MetadataOptions"] = metadata
	}
	made := remedy.Output("launch", "Instances.0.InstanceId")
	caught := i
	caught.ID, caught.Name, caught.State = made, name, "running"
	caught.StateCode, caught.StateMessage, caught.Transition = "", "", ""
	caught.PrivateIP, caught.PublicIP, caught.Interfaces = "", "", nil
	remedy.Creates(b, estate.InstancePart, made, caught)
	b.Step(remedy.Step{
		ID: "launch", Title: lang.Both("Launch %[1]s (%[2]s) in %[3]s with termination protection", "%[3]s に %[1]s（%[2]s）を終了保護付きで起動").With(i.ImageID, i.Type, i.Subnet),
		Why: lang.Both("License Manager cannot terminate it before it was looked at", "確認前に License Manager によって終了されることを防ぐため"),
		Call: &remedy.Call{Operation: "ec2:RunInstances", Input: input, Token: "ClientToken", Tagged: true,
			Outputs: []string{"Instances.0.InstanceId"}},
		Undo:    &remedy.Call{Operation: "ec2:TerminateInstances", Input: map[string]any{"InstanceIds": []any{made}}},
		Actions: []string{"ec2:RunInstances", "ec2:CreateTags", "iam:PassRole"},
		Do: lang.Both("EC2 console > Launch instances: the same image, type, subnet, security groups, profile and key pair as %s; Advanced details > Termination protection: Enable",
			"EC2 コンソール > インスタンスを起動: %s と同じ AMI・タイプ・サブネット・セキュリティグループ・インスタンスプロファイル・キーペアを指定し、高度な詳細 > 終了保護 > 有効化").With(i.ID),
		Check: remedy.Check{Command: fmt.Sprintf("aws ec2 describe-instances --filters Name=tag:Name,Values=%s --query \"Reservations[].Instances[].[InstanceId,State.Name]\"", name),
			Expect: lang.Both("running", "running")},
	})
	b.Step(remedy.Step{
		ID: "protect", Title: lang.Both("Make sure of the termination protection", "終了保護の設定を確定"),
		Why:  lang.Both("the way back of this step lifts it, so that the instance can be terminated again", "切り戻し時に終了保護を解除し、インスタンスを終了できるようにするため"),
		Call: &remedy.Call{Operation: "ec2:ModifyInstanceAttribute", Input: map[string]any{"InstanceId": made, "DisableApiTermination": map[string]any{"Value": true}}},
		Undo: &remedy.Call{Operation: "ec2:ModifyInstanceAttribute", Input: map[string]any{"InstanceId": made, "DisableApiTermination": map[string]any{"Value": false}}},
		Do: lang.Both("EC2 console > Instances > the new instance > Actions > Instance settings > Change termination protection",
			"EC2 コンソール > インスタンス > 起動したインスタンス > アクション > インスタンスの設定 > 終了保護を変更"),
		Check: remedy.Check{Command: "aws ec2 describe-instance-attribute --instance-id <launch:Instances.0.InstanceId> --attribute disableApiTermination",
			Expect: lang.Same(`"Value": true`)},
	})
	b.Reaches(remedy.Blast{What: lang.Both("new instances", "新規インスタンス"), Count: 1, Known: true})
	b.Cost("one %s is billed by the second until it is terminated, its Marketplace product by the hour, its volumes as long as they exist", "%s 1 台の料金（終了まで）。Marketplace 製品の利用料と EBS ボリュームの料金も発生", i.Type)
	b.TypeAccount()
	b.Why("what License Manager does to an instance, and how it fails, can be read while the instance lives: choose the new one and walk again", "稼働中であれば License Manager による設定の過程と失敗の理由を確認できるため。起動後、対象を新しいインスタンスに切り替えて再度診断する")
	b.Warn("this removes no cause; after the cause is corrected launch a fresh instance and take this one back: AWS does not repair an instance that failed its configuration", "原因を解消する手順ではない。原因の解消後は新しいインスタンスを起動し、調査用インスタンスは切り戻しで終了する（設定に失敗したインスタンスは修復の対象外）")
	b.Warn("user data, volumes beyond those of the image and tags are not in CloudTrail's launch facts as monshin keeps them, and are not repeated", "ユーザーデータ・追加ボリューム・タグは再現の対象外")
	b.Warn("termination protection does not stop Auto Scaling or a shutdown from inside", "終了保護では Auto Scaling による終了や OS 側からのシャットダウンは防げない")
	b.Means("a new instance with the same settings runs and is protected from termination: walk it while License Manager works on it", "同じ設定の新しいインスタンスが終了保護付きで起動済み。License Manager の処理中に切り分けを実施")
	b.Settles(20*time.Minute, "License Manager configures the instance (AWS: around 20 minutes)", "License Manager による設定（AWS の目安は約 20 分）")
	b.Takes(30 * time.Minute)
	b.Stop("stop if the first instance was terminated by a person: then there is nothing to catch", "最初のインスタンスが人の操作で終了していた場合は中止")
}
