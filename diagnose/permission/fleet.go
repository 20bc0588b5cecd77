package permission

import (
	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/probe"
	"github.com/monshin/monshin/diagnose/runbook"
)

// Fleet lists the actions that the commands for many instances can need: their lists,
// the scripts inside Windows where those are allowed, and, with a tree, what its walks
// read. Password data is never read for a fleet.
func Fleet(t *runbook.Tree, set probe.Set) []Need {
	needs := map[string]*Need{}
	if t != nil {
		for _, n := range Needed(t, set) {
			add(needs, n.Action, n.Probes...)
		}
		for _, a := range estate.PasswordPart.Actions() {
			delete(needs, a)
		}
	}
	lists := lang.Both("List of the instances", "インスタンスの一覧")
	ask := lang.Both("Script inside Windows (--guest)", "OS 内でのスクリプト実行（--guest）")
	for _, n := range []struct {
		action string
		title  lang.Text
	}{
		{"ec2:DescribeInstances", lists},
		{"ssm:DescribeInstanceInformation", lists},
		{"ec2:DescribeImages", lang.Both("Where copies come from", "複製元の AMI")},
		{"ec2:GetConsoleOutput", lang.Both("RDP certificates of suspected copies", "複製の疑いがあるインスタンスの RDP 証明書")},
		{"ssm:DescribeInstancePatches", lang.Both("Updates (fleet compare)", "更新プログラム（fleet compare）")},
		{"ssm:SendCommand", ask},
		{"ssm:ListCommandInvocations", ask},
		{"ssm:GetCommandInvocation", ask},
		{"ssm:ListCommands", lang.Both("Progress of a script that is run by tag (--tag with --guest)", "タグ指定で実行したスクリプトの進行状況（--tag と --guest）")},
	} {
		add(needs, n.action, n.title)
	}
	return sorted(needs)
}

// resourcesOf narrows an action to what monshin needs it for: scripts are run by one
// document of AWS's (the one action here that is no read), on instances and hybrid nodes. nil is everything.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html
func resourcesOf(action string) []string {
	if action != "ssm:SendCommand" {
		return nil
	}
	return []string{
		"arn:aws:ssm:*:*:document/AWS-RunPowerShellScript", "arn:aws:ec2:*:*:instance/*", "arn:aws:ssm:*:*:managed-instance/*",
	}
}
