package cloud

import (
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/directoryservice"
	dstypes "github.com/aws/aws-sdk-go-v2/service/directoryservice/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/route53resolver"
	r53types "github.com/aws/aws-sdk-go-v2/service/route53resolver/types"

	"github.com/monshin/monshin/diagnose/cloud/usersubscriptions"
	lmtypes "github.com/monshin/monshin/diagnose/cloud/usersubscriptions/types"
	"github.com/monshin/monshin/diagnose/remedy"
)

// sight is what AWS shows, and whether that is the effect of the call.
type sight struct {
	out   any
	found bool
}

// The effect of every operation is looked for in what AWS shows.
func TestFind(t *testing.T) {
	tag := []any{object("ResourceType", "x", "Tags", []any{object("Key", "Name", "Value", "n"), object("Key", remedy.StepTag, "Value", "monshin-1")})}
	iamTag := []any{object("Key", remedy.StepTag, "Value", "monshin-1")}
	ours := []iamtypes.Tag{{Key: aws.String(remedy.StepTag), Value: aws.String("monshin-1")}}
	provider := object("ActiveDirectoryIdentityProvider", object("DirectoryId", "d-1"))
	binding := func(id, profile string, state ec2types.IamInstanceProfileAssociationState) *ec2.DescribeIamInstanceProfileAssociationsOutput {
		return &ec2.DescribeIamInstanceProfileAssociationsOutput{IamInstanceProfileAssociations: []ec2types.IamInstanceProfileAssociation{{
			AssociationId: aws.String(id), InstanceId: aws.String("i-1"), State: state, IamInstanceProfile: &ec2types.IamInstanceProfile{Arn: aws.String("arn:aws:iam::1:instance-profile/" + profile)},
		}}}
	}
	metadata := func(state ec2types.InstanceMetadataEndpointState) *ec2.DescribeInstancesOutput {
		return &ec2.DescribeInstancesOutput{Reservations: []ec2types.Reservation{{Instances: []ec2types.Instance{{
			InstanceId: aws.String("i-1"), MetadataOptions: &ec2types.InstanceMetadataOptionsResponse{HttpEndpoint: state, HttpTokens: "required"},
		}}}}}
	}
	endpoint := func(change func(*ec2types.VpcEndpoint)) *ec2.DescribeVpcEndpointsOutput {
		v := endpointIn("available")
		v.Groups, v.SubnetIds = []ec2types.SecurityGroupIdentifier{{GroupId: aws.String("sg-1")}}, []string{"subnet-1"}
		if change != nil {
			change(&v)
		}
		return &ec2.DescribeVpcEndpointsOutput{VpcEndpoints: []ec2types.VpcEndpoint{v}}
	}
	rules := func(egress bool, id string) *ec2.DescribeSecurityGroupRulesOutput {
		return &ec2.DescribeSecurityGroupRulesOutput{SecurityGroupRules: []ec2types.SecurityGroupRule{{
			SecurityGroupRuleId: aws.String(id), IsEgress: aws.Bool(egress), IpProtocol: aws.String("tcp"), FromPort: aws.Int32(443), ToPort: aws.Int32(443), CidrIpv4: aws.String("10.0.0.0/16"),
		}}}
	}
	acl := func(number int32, cidr string) *ec2.DescribeNetworkAclsOutput {
		return &ec2.DescribeNetworkAclsOutput{NetworkAcls: []ec2types.NetworkAcl{{Entries: []ec2types.NetworkAclEntry{{
			RuleNumber: &number, Egress: aws.Bool(false), Protocol: aws.String("-1"), RuleAction: "allow", CidrBlock: &cidr,
		}}}}}
	}
	entry := object("NetworkAclId", "acl-1", "RuleNumber", 90, "Egress", false, "Protocol", "-1", "RuleAction", "allow", "CidrBlock", "10.0.0.0/8")
	role := func(trust string, tags []iamtypes.Tag) *iam.GetRoleOutput {
		return &iam.GetRoleOutput{Role: &iamtypes.Role{RoleName: aws.String("r"), Arn: aws.String("arn:aws:iam::1:role/r"), AssumeRolePolicyDocument: aws.String(trust), Tags: tags}}
	}
	profile := func(role string, tags []iamtypes.Tag) *iam.GetInstanceProfileOutput {
		p := &iamtypes.InstanceProfile{InstanceProfileName: aws.String("p"), Arn: aws.String("arn:aws:iam::1:instance-profile/p"), Tags: tags}
		if role != "" {
			p.Roles = []iamtypes.Role{{RoleName: &role}}
		}
		return &iam.GetInstanceProfileOutput{InstanceProfile: p}
	}
	attached := func(arn string) *iam.ListAttachedRolePoliciesOutput {
		return &iam.ListAttachedRolePoliciesOutput{AttachedPolicies: []iamtypes.AttachedPolicy{{PolicyArn: &arn}}}
	}
	missing := coded(404, "NoSuchEntity", "none")
	gone := coded(400, "ResourceNotFoundException", "none")
	rule := func(creator, ip string) *route53resolver.GetResolverRuleOutput {
		return &route53resolver.GetResolverRuleOutput{ResolverRule: &r53types.ResolverRule{
			Id: aws.String("rslvr-rr-1"), CreatorRequestId: &creator, TargetIps: []r53types.TargetAddress{{Ip: &ip, Port: aws.Int32(53)}},
		}}
	}
	ruleList := func(creator string) *route53resolver.ListResolverRulesOutput {
		return &route53resolver.ListResolverRulesOutput{ResolverRules: []r53types.ResolverRule{*rule(creator, "10.0.0.2").ResolverRule}}
	}
	forwarder := func(ip string) *directoryservice.DescribeConditionalForwardersOutput {
		return &directoryservice.DescribeConditionalForwardersOutput{ConditionalForwarders: []dstypes.ConditionalForwarder{{RemoteDomainName: aws.String("amazonaws.com."), DnsIpAddrs: []string{ip}}}}
	}
	subscribed := func(status string) *usersubscriptions.ListProductSubscriptionsOutput {
		return &usersubscriptions.ListProductSubscriptionsOutput{ProductUserSummaries: []lmtypes.ProductUserSummary{{
			Username: aws.String("Taro"), Product: aws.String("OFFICE_PROFESSIONAL_PLUS"), Status: &status, ProductUserArn: aws.String("arn:u"),
		}}}
	}
	userOn := func(status string) *usersubscriptions.ListUserAssociationsOutput {
		return &usersubscriptions.ListUserAssociationsOutput{InstanceUserSummaries: []lmtypes.InstanceUserSummary{{Username: aws.String("taro"), Status: &status, InstanceUserArn: aws.String("arn:a")}}}
	}
	vpc := func(options string) *ec2.DescribeVpcsOutput {
		return &ec2.DescribeVpcsOutput{Vpcs: []ec2types.Vpc{{VpcId: aws.String("vpc-1"), DhcpOptionsId: &options}}}
	}
	flag := func(v bool) *ec2types.AttributeBooleanValue { return &ec2types.AttributeBooleanValue{Value: &v} }
	attachedARN := "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"

	tests := []struct {
		operation string
		input     map[string]any
		outputs   []string
		read      string
		sights    []sight
	}{
		{"ec2:AssociateIamInstanceProfile", object("InstanceId", "i-1", "IamInstanceProfile", object("Name", "p")), []string{"IamInstanceProfileAssociation.AssociationId"},
			"ec2:DescribeIamInstanceProfileAssociations", []sight{{binding("a-1", "p", "associated"), true}, {binding("a-1", "x/p", "associating"), true}, {binding("a-1", "other", "associated"), false},
				{binding("a-1", "p", "disassociating"), false}, {&ec2.DescribeIamInstanceProfileAssociationsOutput{}, false}}},
		{"ec2:ReplaceIamInstanceProfileAssociation", object("AssociationId", "a-0", "IamInstanceProfile", object("Arn", "arn:aws:iam::1:instance-profile/p")), []string{"IamInstanceProfileAssociation.AssociationId"},
			"ec2:DescribeIamInstanceProfileAssociations", []sight{{binding("a-1", "p", "associated"), true}, {binding("a-0", "old", "associated"), false}, {binding("a-1", "old", "associated"), false}}},
		{"ec2:DisassociateIamInstanceProfile", object("AssociationId", "a-1"), nil, "ec2:DescribeIamInstanceProfileAssociations",
			[]sight{{binding("a-1", "p", "associated"), false}, {binding("a-2", "p", "associated"), true}, {binding("a-1", "p", "disassociated"), true}}},
		{"ec2:ModifyInstanceMetadataOptions", object("InstanceId", "i-1", "HttpEndpoint", "enabled"), nil, "ec2:DescribeInstances", []sight{{metadata("enabled"), true}, {metadata("disabled"), false}}},
		{"ec2:ModifyInstanceAttribute", object("InstanceId", "i-1", "DisableApiTermination", object("Value", true)), nil, "ec2:DescribeInstanceAttribute",
			[]sight{{&ec2.DescribeInstanceAttributeOutput{DisableApiTermination: flag(true)}, true}, {&ec2.DescribeInstanceAttributeOutput{DisableApiTermination: flag(false)}, false}, {&ec2.DescribeInstanceAttributeOutput{}, false}}},
		{"ec2:RunInstances", object("ImageId", "ami-1", "ClientToken", "monshin-1"), []string{"Instances.0.InstanceId"}, "ec2:DescribeInstances",
			[]sight{{instancesIn("running"), true}, {instancesIn("terminated"), true}, {&ec2.DescribeInstancesOutput{}, false}}},
		{"ec2:TerminateInstances", object("InstanceIds", []any{"i-1"}), nil, "ec2:DescribeInstances", []sight{{instancesIn("running"), false}, {instancesIn("shutting-down"), true}, {&ec2.DescribeInstancesOutput{}, true}}},
		{"ec2:CreateVpcEndpoint", newEndpoint.Input, newEndpoint.Outputs, "ec2:DescribeVpcEndpoints",
			[]sight{{endpoint(nil), true}, {endpointsIn("failed"), true}, {endpointsIn("pending"), true}, {endpointsIn("deleted"), false}, {&ec2.DescribeVpcEndpointsOutput{}, false}}},
		{"ec2:ModifyVpcEndpoint", object("VpcEndpointId", "vpce-1", "AddSecurityGroupIds", []any{"sg-1"}, "RemoveSecurityGroupIds", []any{"sg-9"}, "PrivateDnsEnabled", true, "PolicyDocument", `{"a": 1}`), nil,
			"ec2:DescribeVpcEndpoints", []sight{
				{endpoint(func(v *ec2types.VpcEndpoint) {
					v.PrivateDnsEnabled, v.PolicyDocument = aws.Bool(true), aws.String(`{"a":1}`)
				}), true},
				{endpoint(func(v *ec2types.VpcEndpoint) {
					v.PrivateDnsEnabled, v.PolicyDocument = aws.Bool(false), aws.String(`{"a":1}`)
				}), false},
				{endpoint(func(v *ec2types.VpcEndpoint) {
					v.PrivateDnsEnabled, v.PolicyDocument = aws.Bool(true), aws.String(`{"a":2}`)
				}), false},
				{endpoint(func(v *ec2types.VpcEndpoint) { v.PrivateDnsEnabled, v.Groups = aws.Bool(true), nil }), false}}},
		{"ec2:DeleteVpcEndpoints", object("VpcEndpointIds", []any{"vpce-1"}), nil, "ec2:DescribeVpcEndpoints", []sight{{endpoint(nil), false}, {endpointsIn("deleted"), true}, {&ec2.DescribeVpcEndpointsOutput{}, true}}},
		{"ec2:CreateSecurityGroup", object("GroupName", "g", "Description", "d", "VpcId", "vpc-1", "TagSpecifications", tag), []string{"GroupId"}, "ec2:DescribeSecurityGroups",
			[]sight{{&ec2.DescribeSecurityGroupsOutput{SecurityGroups: []ec2types.SecurityGroup{{GroupId: aws.String("sg-1")}}}, true}, {&ec2.DescribeSecurityGroupsOutput{}, false}}},
		{"ec2:DeleteSecurityGroup", object("GroupId", "sg-1"), nil, "ec2:DescribeSecurityGroups",
			[]sight{{&ec2.DescribeSecurityGroupsOutput{SecurityGroups: []ec2types.SecurityGroup{{GroupId: aws.String("sg-1")}}}, false}, {&ec2.DescribeSecurityGroupsOutput{}, true}}},
		{"ec2:AuthorizeSecurityGroupIngress", allow443.Input, allow443.Outputs, "ec2:DescribeSecurityGroupRules", []sight{{rules(false, "sgr-1"), true}, {rules(true, "sgr-1"), false}}},
		{"ec2:AuthorizeSecurityGroupEgress", allow443.Input, allow443.Outputs, "ec2:DescribeSecurityGroupRules", []sight{{rules(true, "sgr-1"), true}, {rules(false, "sgr-1"), false}}},
		{"ec2:RevokeSecurityGroupIngress", object("GroupId", "sg-1", "SecurityGroupRuleIds", []any{"sgr-1"}), nil, "ec2:DescribeSecurityGroupRules", []sight{{rules(false, "sgr-1"), false}, {rules(false, "sgr-2"), true}}},
		{"ec2:RevokeSecurityGroupEgress", allow443.Input, nil, "ec2:DescribeSecurityGroupRules", []sight{{rules(true, "sgr-1"), false}, {rules(false, "sgr-1"), true}}},
		{"ec2:CreateNetworkAclEntry", entry, nil, "ec2:DescribeNetworkAcls", []sight{{acl(90, "10.0.0.0/8"), true}, {acl(90, "0.0.0.0/0"), false}, {acl(100, "10.0.0.0/8"), false}}},
		{"ec2:ReplaceNetworkAclEntry", entry, nil, "ec2:DescribeNetworkAcls", []sight{{acl(90, "10.0.0.0/8"), true}, {acl(90, "0.0.0.0/0"), false}}},
		{"ec2:DeleteNetworkAclEntry", object("NetworkAclId", "acl-1", "RuleNumber", 90, "Egress", false), nil, "ec2:DescribeNetworkAcls", []sight{{acl(90, "10.0.0.0/8"), false}, {acl(100, "10.0.0.0/8"), true}}},
		{"ec2:ModifyVpcAttribute", object("VpcId", "vpc-1", "EnableDnsHostnames", object("Value", true)), nil, "ec2:DescribeVpcAttribute",
			[]sight{{&ec2.DescribeVpcAttributeOutput{EnableDnsHostnames: flag(true)}, true}, {&ec2.DescribeVpcAttributeOutput{EnableDnsHostnames: flag(false)}, false}}},
		{"ec2:CreateDhcpOptions", object("DhcpConfigurations", []any{object("Key", "domain-name-servers", "Values", []any{"10.0.0.1"})}, "TagSpecifications", tag), []string{"DhcpOptions.DhcpOptionsId"}, "ec2:DescribeDhcpOptions",
			[]sight{{&ec2.DescribeDhcpOptionsOutput{DhcpOptions: []ec2types.DhcpOptions{{DhcpOptionsId: aws.String("dopt-1")}}}, true}, {&ec2.DescribeDhcpOptionsOutput{}, false}}},
		{"ec2:AssociateDhcpOptions", object("DhcpOptionsId", "dopt-1", "VpcId", "vpc-1"), nil, "ec2:DescribeVpcs", []sight{{vpc("dopt-1"), true}, {vpc("dopt-0"), false}}},
		{"ec2:DeleteDhcpOptions", object("DhcpOptionsId", "dopt-1"), nil, "ec2:DescribeDhcpOptions",
			[]sight{{&ec2.DescribeDhcpOptionsOutput{DhcpOptions: []ec2types.DhcpOptions{{}}}, false}, {&ec2.DescribeDhcpOptionsOutput{}, true}}},

		{"iam:CreateInstanceProfile", object("InstanceProfileName", "p", "Tags", iamTag), []string{"InstanceProfile.Arn"}, "iam:GetInstanceProfile", []sight{{profile("", ours), true}, {profile("", nil), false}, {missing, false}}},
		{"iam:DeleteInstanceProfile", object("InstanceProfileName", "p"), nil, "iam:GetInstanceProfile", []sight{{profile("", nil), false}, {missing, true}}},
		{"iam:AddRoleToInstanceProfile", object("InstanceProfileName", "p", "RoleName", "r"), nil, "iam:GetInstanceProfile", []sight{{profile("r", nil), true}, {profile("s", nil), false}, {missing, false}}},
		{"iam:RemoveRoleFromInstanceProfile", object("InstanceProfileName", "p", "RoleName", "r"), nil, "iam:GetInstanceProfile", []sight{{profile("r", nil), false}, {profile("", nil), true}, {missing, true}}},
		{"iam:CreateRole", object("RoleName", "r", "AssumeRolePolicyDocument", "{}", "Tags", iamTag), []string{"Role.Arn"}, "iam:GetRole", []sight{{role("{}", ours), true}, {role("{}", nil), false}, {missing, false}}},
		{"iam:DeleteRole", object("RoleName", "r"), nil, "iam:GetRole", []sight{{role("{}", nil), false}, {missing, true}}},
		{"iam:AttachRolePolicy", object("RoleName", "r", "PolicyArn", attachedARN), nil, "iam:ListAttachedRolePolicies", []sight{{attached(attachedARN), true}, {attached("arn:other"), false}, {missing, false}}},
		{"iam:DetachRolePolicy", object("RoleName", "r", "PolicyArn", attachedARN), nil, "iam:ListAttachedRolePolicies", []sight{{attached(attachedARN), false}, {attached("arn:other"), true}}},
		{"iam:UpdateAssumeRolePolicy", object("RoleName", "r", "PolicyDocument", `{"Version": "2012-10-17"}`), nil, "iam:GetRole",
			[]sight{{role("%7B%22Version%22%3A%222012-10-17%22%7D", nil), true}, {role("%7B%7D", nil), false}, {missing, false}}},
		{"iam:CreateServiceLinkedRole", object("AWSServiceName", "license-manager-user-subscriptions.amazonaws.com"), nil, "iam:GetRole", []sight{{role("{}", nil), true}, {missing, false}}},

		{"iam:DeleteServiceLinkedRole", object("RoleName", "r"), nil, "iam:GetRole", []sight{{role("{}", nil), false}, {missing, true}}},

		{"route53resolver:CreateResolverEndpoint", object("CreatorRequestId", "monshin-1"), []string{"ResolverEndpoint.Id"}, "route53resolver:ListResolverEndpoints", []sight{
			{&route53resolver.ListResolverEndpointsOutput{ResolverEndpoints: []r53types.ResolverEndpoint{{Id: aws.String("e"), CreatorRequestId: aws.String("monshin-1")}}}, true},
			{&route53resolver.ListResolverEndpointsOutput{ResolverEndpoints: []r53types.ResolverEndpoint{{Id: aws.String("e"), CreatorRequestId: aws.String("other")}}}, false}}},
		{"route53resolver:DeleteResolverEndpoint", object("ResolverEndpointId", "e"), nil, "route53resolver:GetResolverEndpoint", []sight{{gone, true}, {resolverIn("OPERATIONAL"), false}}},
		{"route53resolver:CreateResolverRule", object("CreatorRequestId", "monshin-1"), []string{"ResolverRule.Id"}, "route53resolver:ListResolverRules", []sight{{ruleList("monshin-1"), true}, {ruleList("other"), false}}},
		{"route53resolver:UpdateResolverRule", object("ResolverRuleId", "r", "Config", object("TargetIps", []any{object("Ip", "10.0.0.2")})), nil, "route53resolver:GetResolverRule",
			[]sight{{rule("", "10.0.0.2"), true}, {rule("", "10.0.0.3"), false}, {gone, false}}},
		{"route53resolver:DeleteResolverRule", object("ResolverRuleId", "r"), nil, "route53resolver:GetResolverRule", []sight{{gone, true}, {rule("", "10.0.0.2"), false}}},
		{"route53resolver:AssociateResolverRule", object("ResolverRuleId", "rslvr-rr-1", "VPCId", "vpc-1"), nil, "route53resolver:ListResolverRuleAssociations",
			[]sight{{associationIn("COMPLETE"), true}, {associationIn("FAILED"), true}, {associationIn("DELETING"), false}, {&route53resolver.ListResolverRuleAssociationsOutput{}, false}}},
		{"route53resolver:DisassociateResolverRule", object("ResolverRuleId", "rslvr-rr-1", "VPCId", "vpc-1"), nil, "route53resolver:ListResolverRuleAssociations",
			[]sight{{associationIn("COMPLETE"), false}, {&route53resolver.ListResolverRuleAssociationsOutput{}, true}}},
		{"ds:CreateConditionalForwarder", object("DirectoryId", "d-1", "RemoteDomainName", "AmazonAWS.com", "DnsIpAddrs", []any{"10.0.0.2"}), nil, "ds:DescribeConditionalForwarders",
			[]sight{{forwarder("10.0.0.2"), true}, {forwarder("10.0.0.3"), false}, {&directoryservice.DescribeConditionalForwardersOutput{}, false}}},
		{"ds:UpdateConditionalForwarder", object("DirectoryId", "d-1", "RemoteDomainName", "amazonaws.com", "DnsIpAddrs", []any{"10.0.0.2"}), nil, "ds:DescribeConditionalForwarders",
			[]sight{{forwarder("10.0.0.2"), true}, {forwarder("10.0.0.3"), false}}},
		{"ds:DeleteConditionalForwarder", object("DirectoryId", "d-1", "RemoteDomainName", "amazonaws.com"), nil, "ds:DescribeConditionalForwarders",
			[]sight{{forwarder("10.0.0.2"), false}, {&directoryservice.DescribeConditionalForwardersOutput{}, true}}},

		{"license-manager-user-subscriptions:StartProductSubscription", object("IdentityProvider", provider, "Product", "OFFICE_PROFESSIONAL_PLUS", "Username", "taro"), []string{"ProductUserSummary.ProductUserArn"},
			"license-manager-user-subscriptions:ListProductSubscriptions", []sight{{subscribed("SUBSCRIBED"), true}, {subscribed("UNSUBSCRIBED"), false}, {&usersubscriptions.ListProductSubscriptionsOutput{}, false}}},
		{"license-manager-user-subscriptions:StopProductSubscription", object("IdentityProvider", provider, "ProductUserArn", "arn:u"), nil,
			"license-manager-user-subscriptions:ListProductSubscriptions", []sight{{subscribed("SUBSCRIBED"), false}, {subscribed("UNSUBSCRIBED"), true}}},
		{"license-manager-user-subscriptions:AssociateUser", object("IdentityProvider", provider, "InstanceId", "i-1", "Username", "TARO"), []string{"InstanceUserSummary.InstanceUserArn"},
			"license-manager-user-subscriptions:ListUserAssociations", []sight{{userOn("ASSOCIATED"), true}, {userOn("DISASSOCIATED"), false}, {&usersubscriptions.ListUserAssociationsOutput{}, false}}},
		{"license-manager-user-subscriptions:DisassociateUser", object("IdentityProvider", provider, "InstanceId", "i-1", "Username", "taro"), nil,
			"license-manager-user-subscriptions:ListUserAssociations", []sight{{userOn("ASSOCIATED"), false}, {userOn("DISASSOCIATED"), true}}},
	}
	tried := map[string]bool{"ssm:SendCommand": true, "ssm:StartAutomationExecution": true} // caller_wait_test.go
	for _, tt := range tests {
		tried[tt.operation] = true
		call := remedy.Call{Operation: tt.operation, Input: tt.input, Outputs: tt.outputs}
		if err := CheckCall(call); err != nil {
			t.Error(err)
			continue
		}
		for i, s := range tt.sights {
			a := newAccount(t)
			a.sequence("route53resolver:GetResolverEndpoint", resolverIn("OPERATIONAL"))
			a.sequence(tt.read, s.out)
			c, _ := a.caller()
			reply, found, err := c.Find(t.Context(), call)
			if err != nil || found != s.found {
				t.Errorf("%s, sight %d: %t, %v", tt.operation, i, found, err)
			}
			if found && len(reply.Outputs) != len(tt.outputs) {
				t.Errorf("%s, sight %d: outputs %v", tt.operation, i, reply.Outputs)
			}
			if a.count(tt.operation) != 0 {
				t.Errorf("%s was called by looking", tt.operation)
			}
			for action := range a.sent {
				if !slices.Contains(Watching(tt.operation), action) {
					t.Errorf("%s is looked for with %s, which Watching does not tell", tt.operation, action)
				}
			}
		}
		// What may not be read is not taken for missing.
		a := newAccount(t)
		a.sequence(tt.read, coded(403, "AccessDenied", "no"))
		c, _ := a.caller()
		if _, found, err := c.Find(t.Context(), call); err == nil || found || !failed(t, err).Unsure || failed(t, err).Why.Action != tt.read {
			t.Errorf("%s: denied: %t, %v", tt.operation, found, err)
		}
	}
	for name := range deeds() {
		if !tried[name] {
			t.Errorf("%s is not tried", name)
		}
	}
}

// Without a tag or a token, what is there cannot be told from somebody else's.
func TestNothingToFindItBy(t *testing.T) {
	a := newAccount(t)
	c, _ := a.caller()
	for operation, input := range map[string]map[string]any{
		"ec2:CreateVpcEndpoint":                  object("VpcId", "vpc-1"),
		"ec2:CreateSecurityGroup":                object("GroupName", "g"),
		"ec2:CreateDhcpOptions":                  object(),
		"ec2:RunInstances":                       object("ImageId", "ami-1"),
		"ec2:AuthorizeSecurityGroupIngress":      object("GroupId", "sg-1", "CidrIp", "10.0.0.0/8"),
		"route53resolver:CreateResolverEndpoint": object("Name", "x"),
		"iam:CreateServiceLinkedRole":            object("AWSServiceName", "other.amazonaws.com"),
	} {
		if _, found, err := c.Find(t.Context(), remedy.Call{Operation: operation, Input: input}); err == nil || found {
			t.Errorf("%s: %t, %v", operation, found, err)
		}
	}
	if len(a.sent) != 0 {
		t.Errorf("sent: %v", a.sent)
	}
}

// What was made a moment ago may not be in the lists yet.
func TestFindLooksAgain(t *testing.T) {
	a := newAccount(t)
	a.sequence("ec2:DescribeVpcEndpoints", &ec2.DescribeVpcEndpointsOutput{}, &ec2.DescribeVpcEndpointsOutput{}, endpointsIn("available"))
	c, w := a.caller()
	reply, found, err := c.Find(t.Context(), newEndpoint)
	if err != nil || !found || reply.Outputs["VpcEndpoint.VpcEndpointId"] != "vpce-1" || w.total() == 0 {
		t.Errorf("%+v, %t, %v", reply, found, err)
	}
	in := a.sent["ec2:DescribeVpcEndpoints"][0].(*ec2.DescribeVpcEndpointsInput)
	if f := in.Filters[0]; aws.ToString(f.Name) != "tag:"+remedy.StepTag || f.Values[0] != "monshin-1" {
		t.Errorf("asked for %v", f)
	}
}
