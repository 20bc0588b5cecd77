package lab

import (
	"context"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	cttypes "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/directoryservice"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/route53resolver"
	resolvertypes "github.com/aws/aws-sdk-go-v2/service/route53resolver/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	lm "github.com/monshin/monshin/diagnose/cloud/usersubscriptions"
	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/guest"
)

// clients are the SDK's real clients over a lab.
type clients struct {
	ec2        *ec2.Client
	ssm        *ssm.Client
	iam        *iam.Client
	sts        *sts.Client
	trail      *cloudtrail.Client
	resolver   *route53resolver.Client
	directory  *directoryservice.Client
	license    *lm.Client
	lab        *Lab
	instanceID string
}

func open(t testing.TB, name string, o Options) *clients {
	t.Helper()
	l, err := Open(name, o)
	if err != nil {
		t.Fatal(err)
	}
	return clientsOf(l)
}

func clientsOf(l *Lab) *clients {
	cfg := l.Config()
	return &clients{
		ec2: ec2.NewFromConfig(cfg), ssm: ssm.NewFromConfig(cfg), iam: iam.NewFromConfig(cfg), sts: sts.NewFromConfig(cfg), trail: cloudtrail.NewFromConfig(cfg),
		resolver: route53resolver.NewFromConfig(cfg), directory: directoryservice.NewFromConfig(cfg), license: lm.NewFromConfig(cfg),
		lab: l, instanceID: l.Scenario().InstanceID,
	}
}

// parameters are the ids with which a scenario's calls are made: those of its own
// things where it has them, well-formed strangers elsewhere.
type parameters struct {
	instance, vpc, image, profile, role, policy, list, options, directory, command string
}

func (c *clients) parameters() parameters {
	w := c.lab.world
	p := parameters{instance: c.instanceID, vpc: vpcID(), profile: "none", role: "none", policy: managed("AmazonSSMManagedInstanceCore"),
		list: "pl-61a54008", options: "dopt-00000000", directory: "d-9000000000", image: "ami-00000000", command: uuid("none")}
	if i := w.Instances[c.instanceID]; i != nil {
		p.image, p.vpc = i.Image, w.subnet(i.Subnet).VPC
		if prof := w.Profiles[i.Profile]; prof != nil {
			p.profile, p.role = prof.Name, prof.Role
		}
	}
	if v := w.VPCs[p.vpc]; v != nil {
		p.options = v.DHCP
	}
	for _, d := range sorted(w.Directories) {
		p.directory = d.ID
	}
	for _, cmd := range w.Commands {
		p.command = cmd.ID
	}
	return p
}

// call makes one call of a client.
type call func(context.Context) (any, error)

// every is one call of each operation that collectors make, as they make it.
func every(c *clients) map[string]call { return everyOf(c, c.parameters()) }

func everyOf(c *clients, p parameters) map[string]call {
	by := func(name string, values ...string) []types.Filter {
		return []types.Filter{{Name: aws.String(name), Values: values}}
	}
	ad := activeDirectory(p.directory)
	return map[string]call{
		"sts:GetCallerIdentity": func(ctx context.Context) (any, error) {
			return c.sts.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
		},
		"iam:ListAccountAliases": func(ctx context.Context) (any, error) {
			return c.iam.ListAccountAliases(ctx, &iam.ListAccountAliasesInput{})
		},
		"iam:GetInstanceProfile": func(ctx context.Context) (any, error) {
			return c.iam.GetInstanceProfile(ctx, &iam.GetInstanceProfileInput{InstanceProfileName: &p.profile})
		},
		"iam:GetRole": func(ctx context.Context) (any, error) {
			return c.iam.GetRole(ctx, &iam.GetRoleInput{RoleName: &p.role})
		},
		"iam:ListAttachedRolePolicies": func(ctx context.Context) (any, error) {
			return c.iam.ListAttachedRolePolicies(ctx, &iam.ListAttachedRolePoliciesInput{RoleName: &p.role, MaxItems: aws.Int32(1000)})
		},
		"iam:ListRolePolicies": func(ctx context.Context) (any, error) {
			return c.iam.ListRolePolicies(ctx, &iam.ListRolePoliciesInput{RoleName: &p.role, MaxItems: aws.Int32(1000)})
		},
		"iam:GetRolePolicy": func(ctx context.Context) (any, error) {
			return c.iam.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: &p.role, PolicyName: aws.String("log-archive")})
		},
		"iam:GetPolicy": func(ctx context.Context) (any, error) {
			return c.iam.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: &p.policy})
		},
		"iam:GetPolicyVersion": func(ctx context.Context) (any, error) {
			return c.iam.GetPolicyVersion(ctx, &iam.GetPolicyVersionInput{PolicyArn: &p.policy, VersionId: aws.String("v2")})
		},
		"iam:SimulatePrincipalPolicy": func(ctx context.Context) (any, error) {
			return c.iam.SimulatePrincipalPolicy(ctx, &iam.SimulatePrincipalPolicyInput{PolicySourceArn: aws.String("arn:aws:iam::" + account + ":role/" + p.role), ActionNames: minimum()})
		},
		"ec2:DescribeInstances": func(ctx context.Context) (any, error) {
			return c.ec2.DescribeInstances(ctx, &ec2.DescribeInstancesInput{InstanceIds: []string{p.instance}})
		},
		"ec2:DescribeInstanceStatus": func(ctx context.Context) (any, error) {
			return c.ec2.DescribeInstanceStatus(ctx, &ec2.DescribeInstanceStatusInput{InstanceIds: []string{p.instance}, IncludeAllInstances: aws.Bool(true)})
		},
		"ec2:DescribeIamInstanceProfileAssociations": func(ctx context.Context) (any, error) {
			return c.ec2.DescribeIamInstanceProfileAssociations(ctx, &ec2.DescribeIamInstanceProfileAssociationsInput{
				Filters: append(by("instance-id", p.instance), by("state", "associated", "associating")...), MaxResults: aws.Int32(1000)})
		},
		"ec2:DescribeInstanceTypes": func(ctx context.Context) (any, error) {
			return c.ec2.DescribeInstanceTypes(ctx, &ec2.DescribeInstanceTypesInput{InstanceTypes: []types.InstanceType{"m6i.large"}})
		},
		"ec2:DescribeImages": func(ctx context.Context) (any, error) {
			return c.ec2.DescribeImages(ctx, &ec2.DescribeImagesInput{ImageIds: []string{p.image}, IncludeDeprecated: aws.Bool(true)})
		},
		"ec2:DescribeRegions": func(ctx context.Context) (any, error) { return c.ec2.DescribeRegions(ctx, &ec2.DescribeRegionsInput{}) },
		"ec2:GetPasswordData": func(ctx context.Context) (any, error) {
			return c.ec2.GetPasswordData(ctx, &ec2.GetPasswordDataInput{InstanceId: &p.instance})
		},
		"ec2:DescribeVpcs": func(ctx context.Context) (any, error) {
			return c.ec2.DescribeVpcs(ctx, &ec2.DescribeVpcsInput{VpcIds: []string{p.vpc}})
		},
		"ec2:DescribeVpcAttribute": func(ctx context.Context) (any, error) {
			return c.ec2.DescribeVpcAttribute(ctx, &ec2.DescribeVpcAttributeInput{VpcId: &p.vpc, Attribute: types.VpcAttributeNameEnableDnsSupport})
		},
		"ec2:DescribeSubnets": func(ctx context.Context) (any, error) {
			return c.ec2.DescribeSubnets(ctx, &ec2.DescribeSubnetsInput{Filters: by("vpc-id", p.vpc), MaxResults: aws.Int32(1000)})
		},
		"ec2:DescribeNetworkAcls": func(ctx context.Context) (any, error) {
			return c.ec2.DescribeNetworkAcls(ctx, &ec2.DescribeNetworkAclsInput{Filters: by("vpc-id", p.vpc), MaxResults: aws.Int32(1000)})
		},
		"ec2:DescribeRouteTables": func(ctx context.Context) (any, error) {
			return c.ec2.DescribeRouteTables(ctx, &ec2.DescribeRouteTablesInput{Filters: by("vpc-id", p.vpc), MaxResults: aws.Int32(100)})
		},
		"ec2:DescribeInternetGateways": func(ctx context.Context) (any, error) {
			return c.ec2.DescribeInternetGateways(ctx, &ec2.DescribeInternetGatewaysInput{Filters: by("attachment.vpc-id", p.vpc), MaxResults: aws.Int32(1000)})
		},
		"ec2:DescribeNatGateways": func(ctx context.Context) (any, error) {
			return c.ec2.DescribeNatGateways(ctx, &ec2.DescribeNatGatewaysInput{Filter: by("vpc-id", p.vpc), MaxResults: aws.Int32(1000)})
		},
		"ec2:DescribeVpcEndpoints": func(ctx context.Context) (any, error) {
			return c.ec2.DescribeVpcEndpoints(ctx, &ec2.DescribeVpcEndpointsInput{Filters: by("vpc-id", p.vpc), MaxResults: aws.Int32(1000)})
		},
		"ec2:DescribeNetworkInterfaces": func(ctx context.Context) (any, error) {
			return c.ec2.DescribeNetworkInterfaces(ctx, &ec2.DescribeNetworkInterfacesInput{Filters: append(by("vpc-id", p.vpc), by("interface-type", "vpc_endpoint")...), MaxResults: aws.Int32(1000)})
		},
		"ec2:DescribeVpcPeeringConnections": func(ctx context.Context) (any, error) {
			return c.ec2.DescribeVpcPeeringConnections(ctx, &ec2.DescribeVpcPeeringConnectionsInput{Filters: by("requester-vpc-info.vpc-id", p.vpc), MaxResults: aws.Int32(1000)})
		},
		"ec2:DescribeSecurityGroups": func(ctx context.Context) (any, error) {
			return c.ec2.DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{Filters: append(by("vpc-id", p.vpc), by("group-name", "default")...), MaxResults: aws.Int32(1000)})
		},
		"ec2:DescribeSecurityGroupRules": func(ctx context.Context) (any, error) {
			return c.ec2.DescribeSecurityGroupRules(ctx, &ec2.DescribeSecurityGroupRulesInput{Filters: by("group-id", endpointGroup(), appGroup()), MaxResults: aws.Int32(1000)})
		},
		"ec2:GetManagedPrefixListEntries": func(ctx context.Context) (any, error) {
			return c.ec2.GetManagedPrefixListEntries(ctx, &ec2.GetManagedPrefixListEntriesInput{PrefixListId: &p.list, MaxResults: aws.Int32(100)})
		},
		"ec2:DescribeDhcpOptions": func(ctx context.Context) (any, error) {
			return c.ec2.DescribeDhcpOptions(ctx, &ec2.DescribeDhcpOptionsInput{DhcpOptionsIds: []string{p.options}})
		},
		"cloudtrail:LookupEvents": func(ctx context.Context) (any, error) {
			return c.trail.LookupEvents(ctx, &cloudtrail.LookupEventsInput{EndTime: aws.Time(c.lab.Now()), MaxResults: aws.Int32(50),
				LookupAttributes: []cttypes.LookupAttribute{{AttributeKey: cttypes.LookupAttributeKeyResourceName, AttributeValue: &p.instance}}})
		},
		"ssm:DescribeInstanceInformation": func(ctx context.Context) (any, error) {
			return c.ssm.DescribeInstanceInformation(ctx, &ssm.DescribeInstanceInformationInput{MaxResults: aws.Int32(50),
				Filters: []ssmtypes.InstanceInformationStringFilter{{Key: aws.String("InstanceIds"), Values: []string{p.instance}}}})
		},
		"ssm:GetConnectionStatus": func(ctx context.Context) (any, error) {
			return c.ssm.GetConnectionStatus(ctx, &ssm.GetConnectionStatusInput{Target: &p.instance})
		},
		"ssm:GetServiceSetting": func(ctx context.Context) (any, error) {
			return c.ssm.GetServiceSetting(ctx, &ssm.GetServiceSettingInput{SettingId: aws.String(hostManagementSetting)})
		},
		"ssm:ListCommandInvocations": func(ctx context.Context) (any, error) {
			return c.ssm.ListCommandInvocations(ctx, &ssm.ListCommandInvocationsInput{InstanceId: &p.instance, Details: true, MaxResults: aws.Int32(50)})
		},
		"ssm:GetCommandInvocation": func(ctx context.Context) (any, error) {
			return c.ssm.GetCommandInvocation(ctx, &ssm.GetCommandInvocationInput{InstanceId: &p.instance, CommandId: &p.command})
		},
		"ssm:ListCommands": func(ctx context.Context) (any, error) {
			return c.ssm.ListCommands(ctx, &ssm.ListCommandsInput{CommandId: aws.String("0831e1a8-a1ac-4257-a1fd-c831b48c4107")})
		},
		"ssm:SendCommand": func(ctx context.Context) (any, error) {
			script, err := guest.Script([]estate.Key{estate.GuestIdentityPart.Key(p.instance)})
			if err != nil {
				return nil, err
			}
			return c.ssm.SendCommand(ctx, &ssm.SendCommandInput{DocumentName: aws.String(powerShell), InstanceIds: []string{p.instance},
				TimeoutSeconds: aws.Int32(60), Parameters: map[string][]string{"commands": strings.Split(script, "\n"), "executionTimeout": {"90"}}})
		},
		"ssm:ListInventoryEntries": func(ctx context.Context) (any, error) {
			return c.ssm.ListInventoryEntries(ctx, &ssm.ListInventoryEntriesInput{InstanceId: &p.instance, TypeName: aws.String("AWS:Service"), MaxResults: aws.Int32(50)})
		},
		"ssm:DescribeInstancePatches": func(ctx context.Context) (any, error) {
			return c.ssm.DescribeInstancePatches(ctx, &ssm.DescribeInstancePatchesInput{InstanceId: &p.instance, MaxResults: aws.Int32(100),
				Filters: []ssmtypes.PatchOrchestratorFilter{{Key: aws.String("State"), Values: []string{"Installed"}}}})
		},
		"ec2:GetConsoleOutput": func(ctx context.Context) (any, error) {
			return c.ec2.GetConsoleOutput(ctx, &ec2.GetConsoleOutputInput{InstanceId: &p.instance, Latest: aws.Bool(true)})
		},
		"ec2:GetConsoleScreenshot": func(ctx context.Context) (any, error) {
			return c.ec2.GetConsoleScreenshot(ctx, &ec2.GetConsoleScreenshotInput{InstanceId: &p.instance})
		},
		"route53resolver:ListResolverRules": func(ctx context.Context) (any, error) {
			return c.resolver.ListResolverRules(ctx, &route53resolver.ListResolverRulesInput{MaxResults: aws.Int32(100)})
		},
		"route53resolver:ListResolverRuleAssociations": func(ctx context.Context) (any, error) {
			return c.resolver.ListResolverRuleAssociations(ctx, &route53resolver.ListResolverRuleAssociationsInput{MaxResults: aws.Int32(100),
				Filters: []resolvertypes.Filter{{Name: aws.String("VPCId"), Values: []string{p.vpc}}}})
		},
		"route53resolver:ListResolverEndpoints": func(ctx context.Context) (any, error) {
			return c.resolver.ListResolverEndpoints(ctx, &route53resolver.ListResolverEndpointsInput{MaxResults: aws.Int32(100)})
		},
		"ds:DescribeDirectories": func(ctx context.Context) (any, error) {
			return c.directory.DescribeDirectories(ctx, &directoryservice.DescribeDirectoriesInput{})
		},
		"ds:DescribeDomainControllers": func(ctx context.Context) (any, error) {
			return c.directory.DescribeDomainControllers(ctx, &directoryservice.DescribeDomainControllersInput{DirectoryId: &p.directory})
		},
		"license-manager-user-subscriptions:ListIdentityProviders": func(ctx context.Context) (any, error) {
			return c.license.ListIdentityProviders(ctx, &lm.ListIdentityProvidersInput{})
		},
		"license-manager-user-subscriptions:ListInstances": func(ctx context.Context) (any, error) {
			return c.license.ListInstances(ctx, &lm.ListInstancesInput{})
		},
		"license-manager-user-subscriptions:ListProductSubscriptions": func(ctx context.Context) (any, error) {
			return c.license.ListProductSubscriptions(ctx, &lm.ListProductSubscriptionsInput{IdentityProvider: ad})
		},
		"license-manager-user-subscriptions:ListUserAssociations": func(ctx context.Context) (any, error) {
			return c.license.ListUserAssociations(ctx, &lm.ListUserAssociationsInput{IdentityProvider: ad, InstanceId: &p.instance})
		},
		"license-manager-user-subscriptions:ListLicenseServerEndpoints": func(ctx context.Context) (any, error) {
			return c.license.ListLicenseServerEndpoints(ctx, &lm.ListLicenseServerEndpointsInput{})
		},
	}
}

// minimum are the actions without which the agent does not work (domain.md §3.1).
func minimum() []string {
	return []string{"ssm:UpdateInstanceInformation", "ssmmessages:CreateControlChannel", "ssmmessages:OpenControlChannel",
		"ssmmessages:CreateDataChannel", "ssmmessages:OpenDataChannel"}
}
