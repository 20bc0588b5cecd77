package lab

import (
	"context"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/directoryservice"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/route53resolver"
	resolvertypes "github.com/aws/aws-sdk-go-v2/service/route53resolver/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	lm "github.com/monshin/monshin/diagnose/cloud/usersubscriptions"
)

// changing is one call that changes something, or one that is only needed for that.
type changing struct {
	action, scenario string
	// code is the error code that it comes to, "" for none.
	code string
	call call
	// done looks at the account after it.
	done func(*World) bool
}

// doing makes a call of a client's method.
func doing[I, O, F any](method func(context.Context, *I, ...F) (*O, error), in *I) call {
	return func(ctx context.Context) (any, error) { return method(ctx, in) }
}

func name(s string) *string { return aws.String(s) }

func yes() *types.AttributeBooleanValue { return &types.AttributeBooleanValue{Value: aws.Bool(true)} }

func profileNamed(s string) *types.IamInstanceProfileSpecification {
	return &types.IamInstanceProfileSpecification{Name: name(s)}
}

func aclEntry(number int32) *ec2.CreateNetworkAclEntryInput {
	return &ec2.CreateNetworkAclEntryInput{NetworkAclId: name(id("acl", "prod-app")), RuleNumber: aws.Int32(number), Egress: aws.Bool(false), Protocol: name("tcp"),
		RuleAction: types.RuleActionAllow, CidrBlock: name("10.20.0.9/16"), PortRange: &types.PortRange{From: aws.Int32(49152), To: aws.Int32(65535)}}
}

func outbound(token string) *route53resolver.CreateResolverEndpointInput {
	return &route53resolver.CreateResolverEndpointInput{CreatorRequestId: name(token), Direction: resolvertypes.ResolverEndpointDirectionOutbound, Name: name("ad"),
		SecurityGroupIds: []string{endpointGroup()}, IpAddresses: []resolvertypes.IpAddressRequest{{SubnetId: name(endpointA())}, {SubnetId: name(endpointC())}}}
}

func launch() *ec2.RunInstancesInput {
	return &ec2.RunInstancesInput{ImageId: name(id("ami", officeAMI)), InstanceType: "m6i.large", MinCount: aws.Int32(1), MaxCount: aws.Int32(1), KeyName: name("ops-key"),
		SubnetId: name(appSubnet()), SecurityGroupIds: []string{officeGroup()}, IamInstanceProfile: profileNamed(commonRole), ClientToken: name("launch-1"),
		TagSpecifications: []types.TagSpecification{{ResourceType: types.ResourceTypeInstance, Tags: []types.Tag{{Key: name("Name"), Value: name("OFFICE-04")}}}}}
}

// changes are the calls, each in an account of its own. Every operation that changes
// something is in it: once as it succeeds, and as AWS refuses it.
func changes(c *clients) []changing {
	app, group, vpc, core := name(appID()), name(endpointGroup()), name(vpcID()), name(managed("AmazonSSMManagedInstanceCore"))
	ssmEndpoint := name(id("vpce", vpcID()+"ssm"))
	ad, linked := activeDirectory(directoryCorp()), name(licenseManagerRole)
	rule := name(resolverID("rslvr-rr", adDomain))
	association := name(resolverID("rslvr-rrassoc", adDomain))
	rslvr := name(resolverID("rslvr-out", mainVPC))
	acl := name(id("acl", "prod-app"))
	dns := []types.NewDhcpConfiguration{{Key: name("domain-name-servers"), Values: []string{"10.20.20.10", "10.20.21.10"}}, {Key: name("domain-name"), Values: []string{adDomain}}}
	inst := func(w *World) *Instance { return w.Instances[appID()] }
	has := func(w *World, group string, want Rule) bool {
		return slices.ContainsFunc(w.Groups[group].Rules, want.same)
	}
	return []changing{
		// Profiles of instances.
		{"ec2:AssociateIamInstanceProfile", "no-role", "", doing(c.ec2.AssociateIamInstanceProfile, &ec2.AssociateIamInstanceProfileInput{InstanceId: app, IamInstanceProfile: profileNamed(appRole)}),
			func(w *World) bool {
				i := inst(w)
				return i.Profile == appRole && i.Associating && i.ProfileID == w.Profiles[appRole].ID
			}},
		{"ec2:AssociateIamInstanceProfile", "healthy", "IncorrectState", doing(c.ec2.AssociateIamInstanceProfile, &ec2.AssociateIamInstanceProfileInput{InstanceId: app, IamInstanceProfile: profileNamed(appRole)}), nil},
		{"ec2:AssociateIamInstanceProfile", "no-role", "InvalidParameterValue", doing(c.ec2.AssociateIamInstanceProfile, &ec2.AssociateIamInstanceProfileInput{InstanceId: app, IamInstanceProfile: profileNamed("none")}), nil},
		{"ec2:ReplaceIamInstanceProfileAssociation", "healthy", "", doing(c.ec2.ReplaceIamInstanceProfileAssociation, &ec2.ReplaceIamInstanceProfileAssociationInput{AssociationId: name(id("iip-assoc", "APP-01")), IamInstanceProfile: profileNamed(commonRole)}),
			func(w *World) bool {
				return inst(w).Profile == commonRole && inst(w).Association != id("iip-assoc", "APP-01")
			}},
		{"ec2:ReplaceIamInstanceProfileAssociation", "healthy", "InvalidAssociationID.NotFound", doing(c.ec2.ReplaceIamInstanceProfileAssociation, &ec2.ReplaceIamInstanceProfileAssociationInput{AssociationId: name("iip-assoc-0"), IamInstanceProfile: profileNamed(commonRole)}), nil},
		{"ec2:DisassociateIamInstanceProfile", "healthy", "", doing(c.ec2.DisassociateIamInstanceProfile, &ec2.DisassociateIamInstanceProfileInput{AssociationId: name(id("iip-assoc", "APP-01"))}),
			func(w *World) bool { return inst(w).Profile == "" }},
		{"ec2:DisassociateIamInstanceProfile", "no-role", "InvalidAssociationID.NotFound", doing(c.ec2.DisassociateIamInstanceProfile, &ec2.DisassociateIamInstanceProfileInput{AssociationId: name(id("iip-assoc", "APP-01"))}), nil},
		// Instances.
		{"ec2:ModifyInstanceMetadataOptions", "healthy", "", doing(c.ec2.ModifyInstanceMetadataOptions, &ec2.ModifyInstanceMetadataOptionsInput{InstanceId: app, HttpEndpoint: types.InstanceMetadataEndpointStateDisabled}),
			func(w *World) bool { return inst(w).MetadataOff && inst(w).MetadataTokens == "" }},
		{"ec2:ModifyInstanceMetadataOptions", "healthy", "InvalidParameterCombination", doing(c.ec2.ModifyInstanceMetadataOptions, &ec2.ModifyInstanceMetadataOptionsInput{InstanceId: app}), nil},
		{"ec2:ModifyInstanceAttribute", "healthy", "", doing(c.ec2.ModifyInstanceAttribute, &ec2.ModifyInstanceAttributeInput{InstanceId: app, DisableApiTermination: yes()}), func(w *World) bool { return inst(w).Protected }},
		{"ec2:ModifyInstanceAttribute", "healthy", "", doing(c.ec2.ModifyInstanceAttribute, &ec2.ModifyInstanceAttributeInput{InstanceId: app, Groups: []string{commonGroup()}}),
			func(w *World) bool { return slices.Equal(inst(w).Groups, []string{commonGroup()}) }},
		{"ec2:ModifyInstanceAttribute", "healthy", "InvalidParameterCombination", doing(c.ec2.ModifyInstanceAttribute, &ec2.ModifyInstanceAttributeInput{InstanceId: app}), nil},
		{"ec2:DescribeInstanceAttribute", "healthy", "", doing(c.ec2.DescribeInstanceAttribute, &ec2.DescribeInstanceAttributeInput{InstanceId: app, Attribute: types.InstanceAttributeNameDisableApiTermination}), nil},
		{"ec2:RebootInstances", "healthy", "", doing(c.ec2.RebootInstances, &ec2.RebootInstancesInput{InstanceIds: []string{appID()}}), func(w *World) bool { return w.planned(taskAgentTries, appID()) }},
		{"ec2:RebootInstances", "healthy", "InvalidInstanceID.Malformed", doing(c.ec2.RebootInstances, &ec2.RebootInstancesInput{InstanceIds: []string{"x"}}), nil},
		{"ec2:TerminateInstances", "healthy", "", doing(c.ec2.TerminateInstances, &ec2.TerminateInstancesInput{InstanceIds: []string{appID()}}), func(w *World) bool { return !inst(w).Terminated.IsZero() && w.node(appID()) == nil }},
		{"ec2:TerminateInstances", "healthy", "InvalidInstanceID.NotFound", doing(c.ec2.TerminateInstances, &ec2.TerminateInstancesInput{InstanceIds: []string{id("i", "none")}}), nil},
		{"ec2:RunInstances", "office-terminates", "", doing(c.ec2.RunInstances, launch()), func(w *World) bool { return len(w.Instances) == 4 }},
		{"ec2:RunInstances", "office-terminates", "InvalidAMIID.NotFound", doing(c.ec2.RunInstances, &ec2.RunInstancesInput{ImageId: name("ami-0"), InstanceType: "m6i.large", MinCount: aws.Int32(1), MaxCount: aws.Int32(1), SubnetId: name(appSubnet())}), nil},
		// Endpoints.
		{"ec2:CreateVpcEndpoint", "no-endpoint", "", doing(c.ec2.CreateVpcEndpoint, newEndpoint("ssmmessages")), func(w *World) bool {
			return slices.ContainsFunc(sorted(w.Endpoints), func(e *Endpoint) bool {
				return e.Service == service("ssmmessages") && e.State == "pending" && e.PrivateDNS && len(e.Interfaces) == 2 && slices.Contains(e.DNSNames, "ssmmessages."+region+".amazonaws.com")
			})
		}},
		{"ec2:CreateVpcEndpoint", "healthy", "InvalidParameter", doing(c.ec2.CreateVpcEndpoint, newEndpoint("ssm")), nil},
		{"ec2:CreateVpcEndpoint", "many-causes", "InvalidParameter", doing(c.ec2.CreateVpcEndpoint, newEndpoint("ssm")), nil},
		{"ec2:CreateVpcEndpoint", "healthy", "InvalidServiceName", doing(c.ec2.CreateVpcEndpoint, newEndpoint("nothing")), nil},
		{"ec2:CreateVpcEndpoint", "shared-vpc", "InvalidVpcId.NotFound", doing(c.ec2.CreateVpcEndpoint, &ec2.CreateVpcEndpointInput{VpcId: name(id("vpc", "network")), ServiceName: name(service("kms")), VpcEndpointType: types.VpcEndpointTypeInterface}), nil},
		{"ec2:DeleteVpcEndpoints", "healthy", "", doing(c.ec2.DeleteVpcEndpoints, &ec2.DeleteVpcEndpointsInput{VpcEndpointIds: []string{*ssmEndpoint}}), func(w *World) bool { return w.Endpoints[*ssmEndpoint].State == "deleting" }},
		{"ec2:ModifyVpcEndpoint", "private-dns-off", "", doing(c.ec2.ModifyVpcEndpoint, &ec2.ModifyVpcEndpointInput{VpcEndpointId: ssmEndpoint, PrivateDnsEnabled: aws.Bool(true), AddSecurityGroupIds: []string{commonGroup()}, RemoveSecurityGroupIds: []string{endpointGroup()}}),
			func(w *World) bool {
				e := w.Endpoints[*ssmEndpoint]
				return e.PrivateDNS && len(e.DNSNames) == 2 && slices.Equal(w.Interfaces[e.Interfaces[0]].Groups, []string{commonGroup()})
			}},
		{"ec2:ModifyVpcEndpoint", "healthy", "InvalidParameter", doing(c.ec2.ModifyVpcEndpoint, &ec2.ModifyVpcEndpointInput{VpcEndpointId: ssmEndpoint, RemoveSecurityGroupIds: []string{endpointGroup()}}), nil},
		{"ec2:ModifyVpcEndpoint", "healthy", "", doing(c.ec2.ModifyVpcEndpoint, &ec2.ModifyVpcEndpointInput{VpcEndpointId: ssmEndpoint, RemoveSubnetIds: []string{endpointA()}}), func(w *World) bool { return len(w.Endpoints[*ssmEndpoint].Interfaces) == 1 }},
		// Groups.
		{"ec2:CreateSecurityGroup", "healthy", "", doing(c.ec2.CreateSecurityGroup, &ec2.CreateSecurityGroupInput{GroupName: name("monshin-ssm"), Description: name("x"), VpcId: vpc}), func(w *World) bool {
			return slices.ContainsFunc(sorted(w.Groups), func(g *Group) bool { return g.Name == "monshin-ssm" && len(g.Rules) == 1 && g.Rules[0].Egress })
		}},
		{"ec2:CreateSecurityGroup", "healthy", "InvalidGroup.Duplicate", doing(c.ec2.CreateSecurityGroup, &ec2.CreateSecurityGroupInput{GroupName: name("app-01"), Description: name("x"), VpcId: vpc}), nil},
		{"ec2:CreateSecurityGroup", "healthy", "InvalidParameterValue", doing(c.ec2.CreateSecurityGroup, &ec2.CreateSecurityGroupInput{GroupName: name("門診"), Description: name("x"), VpcId: vpc}), nil},
		{"ec2:DeleteSecurityGroup", "healthy", "DependencyViolation", doing(c.ec2.DeleteSecurityGroup, &ec2.DeleteSecurityGroupInput{GroupId: group}), nil},
		{"ec2:DeleteSecurityGroup", "healthy-nat", "", doing(c.ec2.DeleteSecurityGroup, &ec2.DeleteSecurityGroupInput{GroupId: group}), func(w *World) bool { return w.Groups[*group] == nil }},
		{"ec2:DeleteSecurityGroup", "healthy", "CannotDelete", doing(c.ec2.DeleteSecurityGroup, &ec2.DeleteSecurityGroupInput{GroupId: name(defaultGroup(mainVPC))}), nil},
		{"ec2:AuthorizeSecurityGroupIngress", "endpoint-sg", "", doing(c.ec2.AuthorizeSecurityGroupIngress, &ec2.AuthorizeSecurityGroupIngressInput{GroupId: group, IpPermissions: tcp(443, "10.20.1.7/24")}),
			func(w *World) bool { return has(w, *group, in("tcp", 443, 443, "10.20.1.0/24")) }},
		{"ec2:AuthorizeSecurityGroupIngress", "healthy", "InvalidPermission.Duplicate", doing(c.ec2.AuthorizeSecurityGroupIngress, &ec2.AuthorizeSecurityGroupIngressInput{GroupId: group, IpPermissions: tcp(443, "10.20.0.0/16")}), nil},
		{"ec2:AuthorizeSecurityGroupEgress", "sg-egress", "", doing(c.ec2.AuthorizeSecurityGroupEgress, &ec2.AuthorizeSecurityGroupEgressInput{GroupId: name(appGroup()), IpPermissions: []types.IpPermission{{IpProtocol: name("tcp"), FromPort: aws.Int32(443), ToPort: aws.Int32(443), UserIdGroupPairs: []types.UserIdGroupPair{{GroupId: group}}}}}),
			func(w *World) bool { return has(w, appGroup(), out("tcp", 443, 443, *group)) }},
		{"ec2:AuthorizeSecurityGroupEgress", "healthy", "InvalidGroup.NotFound", doing(c.ec2.AuthorizeSecurityGroupEgress, &ec2.AuthorizeSecurityGroupEgressInput{GroupId: name("sg-0"), IpPermissions: tcp(443, "10.0.0.0/8")}), nil},
		{"ec2:RevokeSecurityGroupIngress", "healthy", "", doing(c.ec2.RevokeSecurityGroupIngress, &ec2.RevokeSecurityGroupIngressInput{GroupId: group, IpPermissions: tcp(443, "10.20.0.0/16")}), func(w *World) bool { return len(w.Groups[*group].Rules) == 1 }},
		{"ec2:RevokeSecurityGroupIngress", "healthy", "InvalidPermission.NotFound", doing(c.ec2.RevokeSecurityGroupIngress, &ec2.RevokeSecurityGroupIngressInput{GroupId: group, IpPermissions: tcp(444, "10.20.0.0/16")}), nil},
		{"ec2:RevokeSecurityGroupEgress", "healthy", "InvalidSecurityGroupRuleId.NotFound", doing(c.ec2.RevokeSecurityGroupEgress, &ec2.RevokeSecurityGroupEgressInput{GroupId: group, SecurityGroupRuleIds: []string{"sgr-0"}}), nil},
		{"ec2:RevokeSecurityGroupEgress", "healthy", "", doing(c.ec2.RevokeSecurityGroupEgress, &ec2.RevokeSecurityGroupEgressInput{GroupId: group, SecurityGroupRuleIds: []string{c.lab.world.Groups[*group].ruleID(true)}}), func(w *World) bool { return len(w.Groups[*group].Rules) == 1 }},
		// Network ACLs.
		{"ec2:CreateNetworkAclEntry", "nacl-return", "", doing(c.ec2.CreateNetworkAclEntry, aclEntry(130)), func(w *World) bool {
			return slices.Contains(w.ACLs[*acl].Entries, ACLEntry{Number: 130, Allow: true, Protocol: "6", CIDR: "10.20.0.0/16", From: 49152, To: 65535})
		}},
		{"ec2:CreateNetworkAclEntry", "nacl-return", "NetworkAclEntryAlreadyExists", doing(c.ec2.CreateNetworkAclEntry, aclEntry(110)), nil},
		{"ec2:CreateNetworkAclEntry", "nacl-return", "InvalidParameterValue", doing(c.ec2.CreateNetworkAclEntry, aclEntry(32767)), nil},
		{"ec2:ReplaceNetworkAclEntry", "nacl-return", "", doing(c.ec2.ReplaceNetworkAclEntry, &ec2.ReplaceNetworkAclEntryInput{NetworkAclId: acl, RuleNumber: aws.Int32(110), Egress: aws.Bool(false), Protocol: name("-1"), RuleAction: types.RuleActionAllow, CidrBlock: name("10.0.0.0/8")}),
			func(w *World) bool { return w.ACLs[*acl].Entries[w.ACLs[*acl].at(110, false)].Protocol == "-1" }},
		{"ec2:ReplaceNetworkAclEntry", "nacl-return", "InvalidNetworkAclEntry.NotFound", doing(c.ec2.ReplaceNetworkAclEntry, &ec2.ReplaceNetworkAclEntryInput{NetworkAclId: acl, RuleNumber: aws.Int32(7), Egress: aws.Bool(false), Protocol: name("-1"), RuleAction: types.RuleActionAllow, CidrBlock: name("10.0.0.0/8")}), nil},
		{"ec2:DeleteNetworkAclEntry", "nacl-return", "", doing(c.ec2.DeleteNetworkAclEntry, &ec2.DeleteNetworkAclEntryInput{NetworkAclId: acl, RuleNumber: aws.Int32(100), Egress: aws.Bool(true)}), func(w *World) bool { return w.ACLs[*acl].at(100, true) < 0 && w.ACLs[*acl].at(100, false) >= 0 }},
		{"ec2:DeleteNetworkAclEntry", "nacl-return", "InvalidNetworkAclEntry.NotFound", doing(c.ec2.DeleteNetworkAclEntry, &ec2.DeleteNetworkAclEntryInput{NetworkAclId: acl, RuleNumber: aws.Int32(110), Egress: aws.Bool(true)}), nil},
		// VPC.
		{"ec2:ModifyVpcAttribute", "many-causes", "", doing(c.ec2.ModifyVpcAttribute, &ec2.ModifyVpcAttributeInput{VpcId: vpc, EnableDnsHostnames: yes()}), func(w *World) bool { return w.VPCs[vpcID()].DNSHostnames }},
		{"ec2:ModifyVpcAttribute", "healthy", "InvalidParameterCombination", doing(c.ec2.ModifyVpcAttribute, &ec2.ModifyVpcAttributeInput{VpcId: vpc, EnableDnsHostnames: yes(), EnableDnsSupport: yes()}), nil},
		{"ec2:CreateDhcpOptions", "office-terminates", "", doing(c.ec2.CreateDhcpOptions, &ec2.CreateDhcpOptionsInput{DhcpConfigurations: dns}), func(w *World) bool { return len(w.DHCPOptions) == 2 }},
		{"ec2:CreateDhcpOptions", "healthy", "InvalidParameterValue", doing(c.ec2.CreateDhcpOptions, &ec2.CreateDhcpOptionsInput{DhcpConfigurations: []types.NewDhcpConfiguration{{Key: name("domain-name-servers"), Values: []string{"dc1"}}}}), nil},
		{"ec2:AssociateDhcpOptions", "office-dead-long-ago", "UnauthorizedOperation", doing(c.ec2.AssociateDhcpOptions, &ec2.AssociateDhcpOptionsInput{DhcpOptionsId: name("default"), VpcId: vpc}), nil},
		{"ec2:AssociateDhcpOptions", "healthy", "", doing(c.ec2.AssociateDhcpOptions, &ec2.AssociateDhcpOptionsInput{DhcpOptionsId: name("default"), VpcId: vpc}),
			func(w *World) bool { return w.VPCs[vpcID()].DHCP == "default" && w.planned(taskLeaseRenewed, appID()) }},
		{"ec2:AssociateDhcpOptions", "healthy", "InvalidDhcpOptionID.NotFound", doing(c.ec2.AssociateDhcpOptions, &ec2.AssociateDhcpOptionsInput{DhcpOptionsId: name("dopt-0"), VpcId: vpc}), nil},
		{"ec2:DeleteDhcpOptions", "healthy", "DependencyViolation", doing(c.ec2.DeleteDhcpOptions, &ec2.DeleteDhcpOptionsInput{DhcpOptionsId: name(id("dopt", "amazon/"+account))}), nil},
		{"ec2:DeleteDhcpOptions", "lease-stale", "", doing(c.ec2.DeleteDhcpOptions, &ec2.DeleteDhcpOptionsInput{DhcpOptionsId: name(id("dopt", "amazon/"+account))}), func(w *World) bool { return w.DHCPOptions[id("dopt", "amazon/"+account)] == nil }},
		{"ec2:CreateRoute", "clone-not-the-cause", "", doing(c.ec2.CreateRoute, &ec2.CreateRouteInput{RouteTableId: name(privateTable()), DestinationCidrBlock: name("0.0.0.0/0"), GatewayId: name(id("igw", mainVPC))}), func(w *World) bool {
			return slices.Contains(w.RouteTables[privateTable()].Routes, Route{To: "0.0.0.0/0", Target: id("igw", mainVPC)})
		}},
		{"ec2:CreateRoute", "healthy", "InvalidGatewayID.NotFound", doing(c.ec2.CreateRoute, &ec2.CreateRouteInput{RouteTableId: name(privateTable()), DestinationCidrBlock: name("0.0.0.0/0"), GatewayId: name("igw-0")}), nil},
		{"ec2:DeleteRoute", "healthy-nat", "", doing(c.ec2.DeleteRoute, &ec2.DeleteRouteInput{RouteTableId: name(privateTable()), DestinationCidrBlock: name("0.0.0.0/0")}), func(w *World) bool { return len(w.RouteTables[privateTable()].Routes) == 1 }},
		{"ec2:DeleteRoute", "healthy", "InvalidRoute.NotFound", doing(c.ec2.DeleteRoute, &ec2.DeleteRouteInput{RouteTableId: name(privateTable()), DestinationCidrBlock: name("0.0.0.0/0")}), nil},
		// Tags.
		{"ec2:CreateTags", "healthy", "", doing(c.ec2.CreateTags, &ec2.CreateTagsInput{Resources: []string{appID(), endpointGroup(), vpcID()}, Tags: []types.Tag{{Key: name("Name"), Value: name("new")}, {Key: name("a"), Value: name("b")}}}), func(w *World) bool {
			return inst(w).Name == "new" && inst(w).Tags["a"] == "b" && w.VPCs[vpcID()].Name == "new" && len(w.tagsOf(endpointGroup())) == 2
		}},
		{"ec2:CreateTags", "healthy", "InvalidGroup.NotFound", doing(c.ec2.CreateTags, &ec2.CreateTagsInput{Resources: []string{"sg-0"}, Tags: []types.Tag{{Key: name("a"), Value: name("b")}}}), nil},
		{"ec2:CreateTags", "healthy", "InvalidParameterValue", doing(c.ec2.CreateTags, &ec2.CreateTagsInput{Resources: []string{appID()}, Tags: []types.Tag{{Key: name("aws:x"), Value: name("b")}}}), nil},
		{"ec2:DeleteTags", "healthy", "", doing(c.ec2.DeleteTags, &ec2.DeleteTagsInput{Resources: []string{appID()}, Tags: []types.Tag{{Key: name("env"), Value: name("other")}, {Key: name("Name")}}}), func(w *World) bool { return inst(w).Name == "" && inst(w).Tags["env"] == "prod" }},
		{"ec2:DeleteTags", "healthy", "InvalidID", doing(c.ec2.DeleteTags, &ec2.DeleteTagsInput{Resources: []string{"thing-0"}}), nil},
		// IAM.
		{"iam:CreateInstanceProfile", "healthy", "", doing(c.iam.CreateInstanceProfile, &iam.CreateInstanceProfileInput{InstanceProfileName: name("new")}), func(w *World) bool { return w.Profiles["new"].Role == "" }},
		{"iam:CreateInstanceProfile", "healthy", "EntityAlreadyExists", doing(c.iam.CreateInstanceProfile, &iam.CreateInstanceProfileInput{InstanceProfileName: name(appRole)}), nil},
		{"iam:DeleteInstanceProfile", "healthy", "DeleteConflict", doing(c.iam.DeleteInstanceProfile, &iam.DeleteInstanceProfileInput{InstanceProfileName: name(appRole)}), nil},
		{"iam:AddRoleToInstanceProfile", "healthy", "LimitExceeded", doing(c.iam.AddRoleToInstanceProfile, &iam.AddRoleToInstanceProfileInput{InstanceProfileName: name(appRole), RoleName: name(appRole)}), nil},
		{"iam:RemoveRoleFromInstanceProfile", "healthy", "", doing(c.iam.RemoveRoleFromInstanceProfile, &iam.RemoveRoleFromInstanceProfileInput{InstanceProfileName: name(appRole), RoleName: name(appRole)}), func(w *World) bool { return w.Profiles[appRole].Role == "" }},
		{"iam:RemoveRoleFromInstanceProfile", "healthy", "NoSuchEntity", doing(c.iam.RemoveRoleFromInstanceProfile, &iam.RemoveRoleFromInstanceProfileInput{InstanceProfileName: name(appRole), RoleName: name(commonRole)}), nil},
		{"iam:CreateRole", "healthy", "", doing(c.iam.CreateRole, &iam.CreateRoleInput{RoleName: name("new"), AssumeRolePolicyDocument: name(trust("ec2.amazonaws.com"))}), func(w *World) bool { return trusts(w.Roles["new"].Trust, "ec2.amazonaws.com") }},
		{"iam:CreateRole", "healthy", "EntityAlreadyExists", doing(c.iam.CreateRole, &iam.CreateRoleInput{RoleName: name(appRole), AssumeRolePolicyDocument: name(trust("ec2.amazonaws.com"))}), nil},
		{"iam:CreateRole", "healthy", "MalformedPolicyDocument", doing(c.iam.CreateRole, &iam.CreateRoleInput{RoleName: name("new"), AssumeRolePolicyDocument: name("{")}), nil},
		{"iam:DeleteRole", "healthy", "DeleteConflict", doing(c.iam.DeleteRole, &iam.DeleteRoleInput{RoleName: name(appRole)}), nil},
		{"iam:AttachRolePolicy", "role-without-policy", "", doing(c.iam.AttachRolePolicy, &iam.AttachRolePolicyInput{RoleName: name(appRole), PolicyArn: core}), func(w *World) bool { return slices.Contains(w.Roles[appRole].Attached, *core) }},
		{"iam:AttachRolePolicy", "healthy", "", doing(c.iam.AttachRolePolicy, &iam.AttachRolePolicyInput{RoleName: name(appRole), PolicyArn: core}), func(w *World) bool { return len(w.Roles[appRole].Attached) == 2 }},
		{"iam:AttachRolePolicy", "healthy", "NoSuchEntity", doing(c.iam.AttachRolePolicy, &iam.AttachRolePolicyInput{RoleName: name(appRole), PolicyArn: name("arn:aws:iam::aws:policy/None-At-All")}), nil},
		{"iam:AttachRolePolicy", "office-terminates", "UnmodifiableEntity", doing(c.iam.AttachRolePolicy, &iam.AttachRolePolicyInput{RoleName: linked, PolicyArn: core}), nil},
		{"iam:DetachRolePolicy", "healthy", "", doing(c.iam.DetachRolePolicy, &iam.DetachRolePolicyInput{RoleName: name(appRole), PolicyArn: core}), func(w *World) bool { return !slices.Contains(w.Roles[appRole].Attached, *core) }},
		{"iam:DetachRolePolicy", "role-without-policy", "NoSuchEntity", doing(c.iam.DetachRolePolicy, &iam.DetachRolePolicyInput{RoleName: name(appRole), PolicyArn: core}), nil},
		{"iam:PutRolePolicy", "healthy", "", doing(c.iam.PutRolePolicy, &iam.PutRolePolicyInput{RoleName: name(appRole), PolicyName: name("p"), PolicyDocument: name(`{"Statement":[]}`)}), func(w *World) bool { return w.Roles[appRole].Inline["p"] != "" }},
		{"iam:PutRolePolicy", "healthy", "MalformedPolicyDocument", doing(c.iam.PutRolePolicy, &iam.PutRolePolicyInput{RoleName: name(appRole), PolicyName: name("p"), PolicyDocument: name("{")}), nil},
		{"iam:DeleteRolePolicy", "healthy-custom-policy", "", doing(c.iam.DeleteRolePolicy, &iam.DeleteRolePolicyInput{RoleName: name(appRole), PolicyName: name("log-archive")}), func(w *World) bool { return len(w.Roles[appRole].Inline) == 0 }},
		{"iam:DeleteRolePolicy", "healthy", "NoSuchEntity", doing(c.iam.DeleteRolePolicy, &iam.DeleteRolePolicyInput{RoleName: name(appRole), PolicyName: name("p")}), nil},
		{"iam:UpdateAssumeRolePolicy", "healthy", "", doing(c.iam.UpdateAssumeRolePolicy, &iam.UpdateAssumeRolePolicyInput{RoleName: name(appRole), PolicyDocument: name(trust("lambda.amazonaws.com"))}), func(w *World) bool { return !w.agentOf(inst(w)).online && w.agentOf(inst(w)).denied }},
		{"iam:UpdateAssumeRolePolicy", "healthy", "MalformedPolicyDocument", doing(c.iam.UpdateAssumeRolePolicy, &iam.UpdateAssumeRolePolicyInput{RoleName: name(appRole), PolicyDocument: name("x")}), nil},
		{"iam:CreateServiceLinkedRole", "healthy", "", doing(c.iam.CreateServiceLinkedRole, &iam.CreateServiceLinkedRoleInput{AWSServiceName: name(licenseManagerService)}), func(w *World) bool { return w.Roles[licenseManagerRole] != nil }},
		{"iam:CreateServiceLinkedRole", "office-terminates", "InvalidInput", doing(c.iam.CreateServiceLinkedRole, &iam.CreateServiceLinkedRoleInput{AWSServiceName: name(licenseManagerService)}), nil},
		{"iam:DeleteServiceLinkedRole", "office-terminates", "", doing(c.iam.DeleteServiceLinkedRole, &iam.DeleteServiceLinkedRoleInput{RoleName: linked}), func(w *World) bool { return w.Roles[licenseManagerRole] == nil }},
		{"iam:DeleteServiceLinkedRole", "healthy-resolver-rule", "", doing(c.iam.DeleteServiceLinkedRole, &iam.DeleteServiceLinkedRoleInput{RoleName: linked}), func(w *World) bool { return w.Roles[licenseManagerRole] != nil }},
		{"iam:DeleteServiceLinkedRole", "healthy", "InvalidInput", doing(c.iam.DeleteServiceLinkedRole, &iam.DeleteServiceLinkedRoleInput{RoleName: name(appRole)}), nil},
		{"iam:GetServiceLinkedRoleDeletionStatus", "office-terminates", "", doing(c.iam.GetServiceLinkedRoleDeletionStatus, &iam.GetServiceLinkedRoleDeletionStatusInput{DeletionTaskId: name("task/aws-service-role/" + licenseManagerService + "/" + licenseManagerRole + "/" + uuid("x"))}), nil},
		{"iam:ListInstanceProfilesForRole", "healthy", "", doing(c.iam.ListInstanceProfilesForRole, &iam.ListInstanceProfilesForRoleInput{RoleName: name(appRole)}), nil},
		// Resolver.
		{"route53resolver:CreateResolverEndpoint", "office-terminates", "", doing(c.resolver.CreateResolverEndpoint, outbound("a")), func(w *World) bool {
			return slices.ContainsFunc(sorted(w.ResolverEndpoints), func(e *ResolverEndpoint) bool {
				return e.Status == "CREATING" && e.IPs == 2 && w.Interfaces[e.Interfaces[1]].Subnet == endpointC()
			})
		}},
		{"route53resolver:CreateResolverEndpoint", "healthy", "InvalidParameterException", doing(c.resolver.CreateResolverEndpoint, &route53resolver.CreateResolverEndpointInput{CreatorRequestId: name("a"), Direction: "OUTBOUND", SecurityGroupIds: []string{endpointGroup()}, IpAddresses: []resolvertypes.IpAddressRequest{{SubnetId: name(endpointA())}}}), nil},
		{"route53resolver:DeleteResolverEndpoint", "healthy-resolver-rule", "InvalidRequestException", doing(c.resolver.DeleteResolverEndpoint, &route53resolver.DeleteResolverEndpointInput{ResolverEndpointId: rslvr}), nil},
		{"route53resolver:GetResolverEndpoint", "healthy-resolver-rule", "", doing(c.resolver.GetResolverEndpoint, &route53resolver.GetResolverEndpointInput{ResolverEndpointId: rslvr}), nil},
		{"route53resolver:CreateResolverRule", "healthy-resolver-rule", "", doing(c.resolver.CreateResolverRule, &route53resolver.CreateResolverRuleInput{CreatorRequestId: name("a"), RuleType: "FORWARD", DomainName: name("other.example"), ResolverEndpointId: rslvr, TargetIps: []resolvertypes.TargetAddress{{Ip: name("10.20.20.10")}}}),
			func(w *World) bool { return len(w.ResolverRules) == 2 }},
		{"route53resolver:CreateResolverRule", "healthy", "ResourceNotFoundException", doing(c.resolver.CreateResolverRule, &route53resolver.CreateResolverRuleInput{CreatorRequestId: name("a"), RuleType: "FORWARD", DomainName: name("other.example"), ResolverEndpointId: rslvr, TargetIps: []resolvertypes.TargetAddress{{Ip: name("10.20.20.10")}}}), nil},
		{"route53resolver:UpdateResolverRule", "healthy-resolver-rule", "", doing(c.resolver.UpdateResolverRule, &route53resolver.UpdateResolverRuleInput{ResolverRuleId: rule, Config: &resolvertypes.ResolverRuleConfig{TargetIps: []resolvertypes.TargetAddress{{Ip: name("10.20.20.99"), Port: aws.Int32(53)}}}}),
			func(w *World) bool { return slices.Equal(w.ResolverRules[*rule].Targets, []string{"10.20.20.99"}) }},
		{"route53resolver:UpdateResolverRule", "healthy", "ResourceNotFoundException", doing(c.resolver.UpdateResolverRule, &route53resolver.UpdateResolverRuleInput{ResolverRuleId: rule, Config: &resolvertypes.ResolverRuleConfig{}}), nil},
		{"route53resolver:DeleteResolverRule", "healthy-resolver-rule", "ResourceInUseException", doing(c.resolver.DeleteResolverRule, &route53resolver.DeleteResolverRuleInput{ResolverRuleId: rule}), nil},
		{"route53resolver:GetResolverRule", "healthy-resolver-rule", "", doing(c.resolver.GetResolverRule, &route53resolver.GetResolverRuleInput{ResolverRuleId: rule}), nil},
		{"route53resolver:AssociateResolverRule", "healthy-resolver-rule", "ResourceExistsException", doing(c.resolver.AssociateResolverRule, &route53resolver.AssociateResolverRuleInput{ResolverRuleId: rule, VPCId: vpc}), nil},
		{"route53resolver:DisassociateResolverRule", "healthy-resolver-rule", "", doing(c.resolver.DisassociateResolverRule, &route53resolver.DisassociateResolverRuleInput{ResolverRuleId: rule, VPCId: vpc}), func(w *World) bool { return w.ResolverAssociations[*association].Status == "DELETING" }},
		{"route53resolver:DisassociateResolverRule", "healthy", "ResourceNotFoundException", doing(c.resolver.DisassociateResolverRule, &route53resolver.DisassociateResolverRuleInput{ResolverRuleId: rule, VPCId: vpc}), nil},
		{"route53resolver:GetResolverRuleAssociation", "healthy-resolver-rule", "", doing(c.resolver.GetResolverRuleAssociation, &route53resolver.GetResolverRuleAssociationInput{ResolverRuleAssociationId: association}), nil},
		// Directories.
		{"ds:CreateConditionalForwarder", "dns-forwarder-missing", "", doing(c.directory.CreateConditionalForwarder, &directoryservice.CreateConditionalForwarderInput{DirectoryId: name(directoryCorp()), RemoteDomainName: name(region + ".amazonaws.com"), DnsIpAddrs: []string{"10.20.10.77"}}),
			func(w *World) bool { return len(w.Directories[directoryCorp()].Forwarders) == 1 }},
		{"ds:CreateConditionalForwarder", "dns-forwarder-missing", "InvalidParameterException", doing(c.directory.CreateConditionalForwarder, &directoryservice.CreateConditionalForwarderInput{DirectoryId: name(directoryCorp()), RemoteDomainName: name("x"), DnsIpAddrs: []string{"dns"}}), nil},
		{"ds:UpdateConditionalForwarder", "dns-forwarder-missing", "EntityDoesNotExistException", doing(c.directory.UpdateConditionalForwarder, &directoryservice.UpdateConditionalForwarderInput{DirectoryId: name(directoryCorp()), RemoteDomainName: name("x"), DnsIpAddrs: []string{"10.0.0.1"}}), nil},
		{"ds:DeleteConditionalForwarder", "dns-forwarder-missing", "EntityDoesNotExistException", doing(c.directory.DeleteConditionalForwarder, &directoryservice.DeleteConditionalForwarderInput{DirectoryId: name(directoryCorp()), RemoteDomainName: name("x")}), nil},
		{"ds:DescribeConditionalForwarders", "healthy", "EntityDoesNotExistException", doing(c.directory.DescribeConditionalForwarders, &directoryservice.DescribeConditionalForwardersInput{DirectoryId: name(directoryCorp())}), nil},
		// License Manager.
		{"license-manager-user-subscriptions:StartProductSubscription", "office-user-missing", "", doing(c.license.StartProductSubscription, &lm.StartProductSubscriptionInput{IdentityProvider: ad, Product: name(officeProduct), Username: name("tanaka")}),
			func(w *World) bool {
				s := w.subscription(directoryCorp(), officeProduct, "tanaka")
				return s != nil && s.Status == "SUBSCRIBED" && s.Domain == adDomain
			}},
		{"license-manager-user-subscriptions:StartProductSubscription", "office-user-missing", "ConflictException", doing(c.license.StartProductSubscription, &lm.StartProductSubscriptionInput{IdentityProvider: ad, Product: name(officeProduct), Username: name("sato")}), nil},
		{"license-manager-user-subscriptions:StopProductSubscription", "office-user-missing", "", doing(c.license.StopProductSubscription, &lm.StopProductSubscriptionInput{IdentityProvider: ad, Product: name(remoteProduct), Username: name("tanaka")}),
			func(w *World) bool {
				return w.subscription(directoryCorp(), remoteProduct, "tanaka").Status == "UNSUBSCRIBED"
			}},
		{"license-manager-user-subscriptions:StopProductSubscription", "office-user-missing", "ConflictException", doing(c.license.StopProductSubscription, &lm.StopProductSubscriptionInput{IdentityProvider: ad, Product: name(officeProduct), Username: name("sato")}), nil},
		{"license-manager-user-subscriptions:AssociateUser", "office-user-missing", "ValidationException", doing(c.license.AssociateUser, &lm.AssociateUserInput{IdentityProvider: ad, InstanceId: name(officeID(living)), Username: name("tanaka")}), nil},
		{"license-manager-user-subscriptions:DisassociateUser", "office-user-missing", "", doing(c.license.DisassociateUser, &lm.DisassociateUserInput{IdentityProvider: ad, InstanceId: name(officeID(living)), Username: name("sato")}), func(w *World) bool { return len(w.Associations) == 1 }},
		{"license-manager-user-subscriptions:DisassociateUser", "office-user-missing", "ResourceNotFoundException", doing(c.license.DisassociateUser, &lm.DisassociateUserInput{IdentityProvider: ad, InstanceId: name(officeID(living)), Username: name("tanaka")}), nil},
		// Systems Manager.
		{"ssm:SendCommand", "healthy", "", doing(c.ssm.SendCommand, &ssm.SendCommandInput{DocumentName: name(updateDocument), InstanceIds: []string{appID()}}), func(w *World) bool { return w.Nodes[appID()].Agent == newestAgent }},
		{"ssm:SendCommand", "no-role", "InvalidInstanceId", doing(c.ssm.SendCommand, &ssm.SendCommandInput{DocumentName: name(updateDocument), InstanceIds: []string{appID()}}), nil},
		{"ssm:StartAutomationExecution", "kms-blocked", "", doing(c.ssm.StartAutomationExecution, &ssm.StartAutomationExecutionInput{DocumentName: name(activateDocument), Parameters: map[string][]string{"InstanceId": {appID()}}}), func(w *World) bool { return len(w.Automations) == 1 }},
		{"ssm:StartAutomationExecution", "healthy", "AutomationDefinitionNotFoundException", doing(c.ssm.StartAutomationExecution, &ssm.StartAutomationExecutionInput{DocumentName: name(rescueDocument), Parameters: map[string][]string{"InstanceId": {appID()}}}), nil},
		{"ssm:GetAutomationExecution", "healthy", "AutomationExecutionNotFoundException", doing(c.ssm.GetAutomationExecution, &ssm.GetAutomationExecutionInput{AutomationExecutionId: name(uuid("x"))}), nil},
		{"ssm:DescribeAutomationExecutions", "healthy", "InvalidFilterKey", doing(c.ssm.DescribeAutomationExecutions, &ssm.DescribeAutomationExecutionsInput{Filters: []ssmtypes.AutomationExecutionFilter{{Key: "Colour", Values: []string{"x"}}}}), nil},
		{"ssm:ListTagsForResource", "healthy", "InvalidResourceId", doing(c.ssm.ListTagsForResource, &ssm.ListTagsForResourceInput{ResourceId: name(uuid("x")), ResourceType: ssmtypes.ResourceTypeForTaggingAutomation}), nil},
		{"ssm:DescribeParameters", "healthy", "", doing(c.ssm.DescribeParameters, &ssm.DescribeParametersInput{ParameterFilters: []ssmtypes.ParameterStringFilter{{Key: name("Path"), Option: name("Recursive"), Values: []string{"/EC2Rescue"}}}}), nil},
		{"ssm:GetParameter", "healthy", "ParameterNotFound", doing(c.ssm.GetParameter, &ssm.GetParameterInput{Name: name("/EC2Rescue/Passwords/" + appID())}), nil},
		// Session Manager.
		{"ssm:StartSession", "healthy", "", doing(c.ssm.StartSession, &ssm.StartSessionInput{Target: name(appID()), DocumentName: name(nonInteractiveDocument), Parameters: map[string][]string{"command": {"hostname"}}}), func(w *World) bool { return w.gateway() != nil }},
		{"ssm:StartSession", "no-endpoint", "TargetNotConnected", doing(c.ssm.StartSession, &ssm.StartSessionInput{Target: name(appID())}), nil},
		{"ssm:StartSession", "healthy", "InvalidDocument", doing(c.ssm.StartSession, &ssm.StartSessionInput{Target: name(appID()), DocumentName: name("x")}), nil},
		{"ssm:ResumeSession", "healthy", "DoesNotExistException", doing(c.ssm.ResumeSession, &ssm.ResumeSessionInput{SessionId: name("suzuki-0")}), nil},
		{"ssm:TerminateSession", "healthy", "DoesNotExistException", doing(c.ssm.TerminateSession, &ssm.TerminateSessionInput{SessionId: name("suzuki-0")}), nil},
		{"kms:GenerateDataKey", "healthy", "NotFoundException", doing(kms.NewFromConfig(c.lab.Config()).GenerateDataKey, &kms.GenerateDataKeyInput{KeyId: name("x"), NumberOfBytes: aws.Int32(64)}), nil},
	}
}

// ruleID is the id of the first rule of a direction.
func (g *Group) ruleID(egress bool) string {
	if g != nil {
		for _, r := range g.Rules {
			if r.Egress == egress {
				return r.ID
			}
		}
	}
	return ""
}

// changed lists the actions of the table.
func changed() []string {
	l, err := Open("healthy", Options{})
	if err != nil {
		panic(err)
	}
	var out []string
	for _, tt := range changes(clientsOf(l)) {
		out = append(out, tt.action)
	}
	return out
}

func TestChanges(t *testing.T) {
	rows := changes(open(t, "healthy", Options{}))
	for n, row := range rows {
		t.Run(row.action+"/"+row.scenario+"/"+row.code, func(t *testing.T) {
			c := open(t, row.scenario, Options{})
			tt := changes(c)[n]
			before := string(mustJSON(c.lab.world))
			out, err := tt.call(t.Context())
			if got := codeOf(err); got != tt.code || (err != nil) != (tt.code != "") {
				t.Fatalf("%q (%v), want %q", got, err, tt.code)
			}
			if err == nil {
				checkOutput(t, tt.action, out)
			}
			mutates := slices.Contains(c.lab.Mutating(), tt.action)
			same := string(mustJSON(c.lab.world)) == before
			switch {
			case err != nil && !same:
				t.Error("a refused call changed the account")
			case !mutates && !same:
				t.Error("a call that only reads changed the account")
			case tt.done != nil && !tt.done(c.lab.world):
				t.Error("the account was not changed as it should")
			}
			log := c.lab.Mutations()
			if mutates != (len(log) == 1) || mutates && (log[0].Action != tt.action || log[0].Effect != (err == nil) || log[0].Error != tt.code || len(log[0].RequestID) != 36) {
				t.Errorf("the log says %+v", log)
			}
		})
	}
}

// Answers to changes share nothing with the account, and every change is in CloudTrail
// when its time has come.
func TestChangesAnswerWithCopiesAndAreInCloudTrail(t *testing.T) {
	rows := changes(open(t, "healthy", Options{}))
	for n, row := range rows {
		if row.code != "" {
			continue
		}
		c := open(t, row.scenario, Options{})
		events := len(c.lab.world.Events)
		out, err := changes(c)[n].call(t.Context())
		must(t, err)
		after := string(mustJSON(c.lab.world))
		scribble(reflect.ValueOf(out))
		if string(mustJSON(c.lab.world)) != after {
			t.Errorf("%s: the answer shares memory with the account", row.action)
		}
		told := c.lab.world.Events[events:]
		_, operation, _ := strings.Cut(row.action, ":")
		if slices.Contains(c.lab.Mutating(), row.action) && !slices.ContainsFunc(told, func(e *Event) bool { return e.Name == operation && e.Actor.Session == "suzuki" }) {
			t.Errorf("%s: no event tells of it: %v", row.action, told)
		}
	}
}

// EC2's dry run asks for permission and changes nothing.
func TestDryRun(t *testing.T) {
	in := newEndpoint("ssmmessages")
	in.DryRun = aws.Bool(true)
	for _, tt := range []struct {
		scenario, code string
		faults         []string
	}{
		{"no-endpoint", "DryRunOperation", nil},
		{"no-endpoint", "UnauthorizedOperation", []string{"deny=ec2:CreateVpcEndpoint"}},
		{"operator-denied", "UnauthorizedOperation", nil},
	} {
		o := Options{}
		for _, f := range tt.faults {
			o = faults(t, f)
		}
		c := open(t, tt.scenario, o)
		before := string(mustJSON(c.lab.world))
		_, err := c.ec2.CreateVpcEndpoint(t.Context(), in)
		if codeOf(err) != tt.code || string(mustJSON(c.lab.world)) != before || len(c.lab.Mutations()) != 0 {
			t.Errorf("%s: %v; %v", tt.scenario, err, c.lab.Mutations())
		}
	}
	c := open(t, "no-endpoint", faults(t, "deny=iam:PassRole"))
	if _, err := c.ec2.RunInstances(t.Context(), launch()); err != nil && codeOf(err) != "InvalidAMIID.NotFound" {
		t.Error(err)
	}
	_, err := c.ec2.AssociateIamInstanceProfile(t.Context(), &ec2.AssociateIamInstanceProfileInput{InstanceId: name(appID()), IamInstanceProfile: profileNamed(appRole)})
	if codeOf(err) != "UnauthorizedOperation" {
		t.Errorf("without iam:PassRole: %v", err)
	}
}
