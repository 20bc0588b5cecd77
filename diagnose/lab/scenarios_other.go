package lab

import (
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/runbook"
)

// otherScenarios are about clones, passwords, and everything at once.
func otherScenarios() []Scenario {
	return []Scenario{{
		Name: "cloned-fleet", Symptom: runbook.Cloned, InstanceID: id("i", cloneName(0)), Exit: 1, build: clonedFleet, Expect: cause(finding.CloneSuspected),
		Title:  lang.Both("Five servers with one computer name", "同じコンピューター名のサーバーが 5 台"),
		Lesson: lang.Both("AWS's images give every launch a name of its own; one name on five machines means that the image was taken without Sysprep.", "AWS の AMI は起動ごとに固有の名前を付けます。5 台が同じ名前であれば、Sysprep せずに AMI を作成したと考えられます。"),
	}, {
		Name: "no-password", Symptom: runbook.NoPassword, Exit: 3, build: noPassword, Unexplained: []finding.Code{finding.PasswordNotGenerated},
		Title:  lang.Both("No password for an instance of an own image", "自作 AMI のインスタンスで Windows パスワードを取得できない"),
		Lesson: lang.Both("EC2Launch sets the password once and remembers that in the image. Whether it did can only be seen inside Windows.", "EC2Launch は初回のみパスワードを設定し、その状態が AMI に残ります。実際にそうなっているかは OS 内の確認が必要です。"),
	}, {
		Name: "operator-denied", Symptom: runbook.NotInSystemsManager, Exit: 3, Unknown: []fact.Reason{fact.Denied},
		Title:  lang.Both("Half the calls are refused", "権限不足で半分が確認できない"),
		Lesson: lang.Both("What was refused is neither fine nor broken: the diagnosis stays open and says which permissions it needs.", "権限不足で確認できないものは、問題なしとも問題ありとも言えません。切り分けに必要な権限が示されます。"),
		build: broken(func(w *World) {
			w.dropEndpoint(vpcID(), "ssm")
			w.allOffline()
			w.Denied, w.ReadOnly = deniedHalf(), true
		}),
	}, {
		Name: "many-causes", Symptom: runbook.NotInSystemsManager, Exit: 1, build: broken((*World).manyCauses),
		Expect: []Expected{{Code: finding.IAMPermissionMissing}, {Code: finding.EndpointMissing, Subject: ".ssm"}, {Code: finding.EndpointSGBlocks, Subject: "ssmmessages"},
			{Code: finding.NetworkNACLBlocksReturn}, {Code: finding.DNSVPCHostnamesOff}},
		Title:  lang.Both("Five causes at once", "5 つの原因が同時に存在"),
		Lesson: lang.Both("Independent causes are all found in one pass, also those that hide behind the first.", "互いに独立した原因は、最初の原因に隠れているものも含めて一度に検出されます。"),
	}}
}

// manyCauses breaks five things, each of which can be seen by itself: the ssm
// endpoint is missing, ssmmessages has a group of its own that admits nobody, and
// ec2messages is left as it is, so that the network ACL shows on its path too.
func (w *World) manyCauses() {
	w.withoutPermission()
	w.withACL()
	w.VPCs[vpcID()].DNSHostnames = false
	w.dropEndpoint(vpcID(), "ssm")
	closed := w.addGroup(vpcID(), "ssmmessages-endpoint", "ssmmessages endpoint", in("tcp", 443, 443, "10.99.0.0/16"), out("-1", -1, -1, "0.0.0.0/0"))
	e := w.Endpoints[id("vpce", vpcID()+"ssmmessages")]
	e.Groups = []string{closed}
	for _, eni := range e.Interfaces {
		w.Interfaces[eni].Groups = []string{closed}
	}
	w.allOffline()
}

// deniedHalf is what an operator of a cut-down role may not read. The instance,
// its groups and its routes it may.
func deniedHalf() []string {
	return []string{
		"ec2:DescribeVpcEndpoints", "ec2:DescribeNetworkInterfaces", "ec2:DescribeNetworkAcls", "ec2:DescribeNatGateways", "ec2:DescribeInternetGateways",
		"ec2:DescribeIamInstanceProfileAssociations", "ec2:DescribeVpcPeeringConnections", "ec2:DescribeDhcpOptions", "ec2:GetManagedPrefixListEntries", "ec2:GetPasswordData",
		"iam:GetRole", "iam:GetRolePolicy", "iam:GetPolicy", "iam:GetPolicyVersion", "iam:ListRolePolicies", "iam:ListAttachedRolePolicies", "iam:ListAccountAliases",
		"iam:SimulatePrincipalPolicy",
		"ssm:GetServiceSetting", "ssm:GetConnectionStatus", "ssm:SendCommand", "ssm:ListInventoryEntries", "cloudtrail:LookupEvents", "ds:*", "license-manager-user-subscriptions:*",
	}
}
