package cloud

import (
	"strings"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
)

// readers is the table of everything that can be read, one row a kind.
func readers(s *Source) map[string]reader {
	// cli makes the AWS CLI line of one request about one id.
	cli := func(words string, options func(id string) []argument) func(string) string {
		return func(id string) string { return commandLine(words, s.o.Target.Region, options(id)...) }
	}
	// with is an option whose value is the id; by is a filter for the id.
	with := func(option string, more ...argument) func(string) []argument {
		return func(id string) []argument { return append([]argument{arg(option, id)}, more...) }
	}
	by := func(name string) func(string) []argument {
		return func(id string) []argument { return []argument{arg("--filters", filter(name, id))} }
	}
	none := func(string) []argument { return nil }
	nothing := func(string) string { return "" }

	table := []reader{
		one(estate.CallerPart, reader{cli: cli("sts get-caller-identity", none), resource: nothing}, s.caller),

		one(estate.InstancePart, reader{cli: cli("ec2 describe-instances", with("--instance-ids"))}, s.instance),
		one(estate.StatusPart, reader{cli: cli("ec2 describe-instance-status", with("--instance-ids", arg("--include-all-instances")))}, s.status),
		one(estate.ElsewherePart, reader{
			action: "ec2:DescribeRegions", cli: cli("ec2 describe-regions", none),
		}, s.elsewhere),
		one(estate.ProfileBindingPart, reader{cli: cli("ec2 describe-iam-instance-profile-associations", by("instance-id"))}, s.profileBinding),
		one(estate.PasswordPart, reader{cli: cli("ec2 get-password-data", with("--instance-id", arg("--query", "length(PasswordData)")))}, s.password),
		one(estate.InstanceTypePart, reader{cli: cli("ec2 describe-instance-types", with("--instance-types"))}, s.instanceType),
		one(estate.ImagePart, reader{cli: cli("ec2 describe-images", with("--image-ids", arg("--include-deprecated")))}, s.image),
		one(estate.SiblingsPart, reader{cli: cli("ec2 describe-instances", by("image-id"))}, s.siblings),
		one(estate.NeighboursPart, reader{cli: cli("ec2 describe-instances", func(vpc string) []argument {
			return []argument{arg("--filters", filter("vpc-id", vpc), filter("instance-state-name", "running"))}
		})}, s.neighbours),

		one(estate.TrailPart, reader{
			source: fact.Trail, paged: true, cli: cli("cloudtrail lookup-events", trailOptions),
			resource: func(id string) string {
				q, _ := estate.ParseTrailQuery(id)
				return q.Value
			},
		}, s.searchTrail),
		one(estate.CommandsPart, reader{cli: cli("ssm list-command-invocations", with("--instance-id", arg("--details")))}, s.commands),

		one(estate.InventoryPart, reader{source: fact.Inventory, cli: cli("ssm list-inventory-entries", with("--instance-id", arg("--type-name", "AWS:Service")))}, s.inventory),
		one(estate.PatchesPart, reader{cli: cli("ssm describe-instance-patches", with("--instance-id"))}, s.patches),
		// The query leaves the text where it is: it can hold a password.
		one(estate.ConsolePart, reader{source: fact.Console, cli: cli("ec2 get-console-output", with("--instance-id", arg("--query", "Timestamp")))}, s.console),
		one(estate.ScreenshotPart, reader{source: fact.Console, cli: func(id string) string {
			return cli("ec2 get-console-screenshot", with("--instance-id", arg("--query", "ImageData"), arg("--output", "text")))(id) + " | base64 --decode > screenshot.jpg"
		}}, s.screenshot),

		one(estate.ManagedNodePart, reader{cli: cli("ssm describe-instance-information", func(id string) []argument {
			return []argument{arg("--filters", "Key=InstanceIds,Values="+id)}
		})}, s.managedNode),
		one(estate.ConnectionPart, reader{cli: cli("ssm get-connection-status", with("--target"))}, s.connection),
		one(estate.HostMgmtPart, reader{cli: cli("ssm get-service-setting", func(string) []argument {
			return []argument{arg("--setting-id", hostManagementSetting)}
		}), resource: func(string) string { return hostManagementSetting }}, s.hostManagement),

		one(estate.InstanceProfilePart, reader{cli: cli("iam get-instance-profile", with("--instance-profile-name"))}, s.instanceProfile),
		one(estate.RolePart, reader{cli: cli("iam get-role", with("--role-name"))}, s.role),
		one(estate.RolePoliciesPart, reader{cli: cli("iam list-attached-role-policies", with("--role-name"))}, s.rolePolicies),
		one(estate.RoleProfilesPart, reader{cli: cli("iam list-instance-profiles-for-role", with("--role-name"))}, s.roleProfiles),
		one(estate.BoundaryPart, reader{cli: cli("iam get-policy", with("--policy-arn"))}, s.policy),
		one(estate.SimulationPart, reader{cli: cli("iam simulate-principal-policy", func(arn string) []argument {
			return []argument{arg("--policy-source-arn", arn), arg("--action-names", minimumActions...)}
		})}, s.simulation),

		many(estate.VPCPart, reader{cli: cli("ec2 describe-vpcs", with("--vpc-ids"))}, s.vpcs),
		one(estate.VPCDNSPart, reader{cli: cli("ec2 describe-vpc-attribute", with("--vpc-id", arg("--attribute", "enableDnsSupport")))}, s.vpcDNS),
		one(estate.SubnetsPart, reader{cli: cli("ec2 describe-subnets", by("vpc-id"))}, s.subnets),
		one(estate.NetworkACLsPart, reader{cli: cli("ec2 describe-network-acls", by("vpc-id"))}, s.networkACLs),
		one(estate.RouteTablesPart, reader{cli: cli("ec2 describe-route-tables", by("vpc-id"))}, s.routeTables),
		one(estate.InternetGatewaysPart, reader{cli: cli("ec2 describe-internet-gateways", by("attachment.vpc-id"))}, s.internetGateways),
		one(estate.NATGatewaysPart, reader{cli: cli("ec2 describe-nat-gateways", func(vpc string) []argument {
			return []argument{arg("--filter", filter("vpc-id", vpc))}
		})}, s.natGateways),
		one(estate.EndpointsPart, reader{cli: cli("ec2 describe-vpc-endpoints", by("vpc-id"))}, s.endpoints),
		one(estate.EndpointInterfacesPart, reader{cli: cli("ec2 describe-network-interfaces", func(vpc string) []argument {
			return []argument{arg("--filters", filter("vpc-id", vpc), filter("interface-type", "vpc_endpoint"))}
		})}, s.endpointInterfaces),
		one(estate.PeeringsPart, reader{cli: cli("ec2 describe-vpc-peering-connections", by("requester-vpc-info.vpc-id"))}, s.peerings),
		many(estate.SecurityGroupPart, reader{
			action: "ec2:DescribeSecurityGroupRules", cli: cli("ec2 describe-security-group-rules", by("group-id")),
		}, s.securityGroups),
		one(estate.PrefixListPart, reader{cli: cli("ec2 get-managed-prefix-list-entries", with("--prefix-list-id"))}, s.prefixList),
		one(estate.LicenseInterfacesPart, reader{cli: cli("ec2 describe-network-interfaces", func(string) []argument {
			return []argument{arg("--filters", filter("description", licenseManagerInterfaces))}
		})}, s.licenseInterfaces),

		many(estate.DHCPOptionsPart, reader{cli: cli("ec2 describe-dhcp-options", with("--dhcp-options-ids"))}, s.dhcpOptions),
		one(estate.ResolverAssociationsPart, reader{cli: cli("route53resolver list-resolver-rule-associations", func(vpc string) []argument {
			return []argument{arg("--filters", filter("VPCId", vpc))}
		})}, s.resolverAssociations),
		one(estate.ResolverRulesPart, reader{cli: cli("route53resolver list-resolver-rules", none)}, s.resolverRules),
		one(estate.ResolverEndpointsPart, reader{cli: cli("route53resolver list-resolver-endpoints", none)}, s.resolverEndpoints),

		one(estate.DirectoriesPart, reader{cli: cli("ds describe-directories", none)}, s.directories),
		one(estate.DomainControllersPart, reader{cli: cli("ds describe-domain-controllers", with("--directory-id"))}, s.domainControllers),

		one(estate.IdentityProvidersPart, reader{cli: cli("license-manager-user-subscriptions list-identity-providers", none)}, s.identityProviders),
		one(estate.LicensedInstancesPart, reader{cli: cli("license-manager-user-subscriptions list-instances", none)}, s.licensedInstances),
		one(estate.SubscriptionsPart, reader{cli: cli("license-manager-user-subscriptions list-product-subscriptions", func(id string) []argument {
			return []argument{arg("--identity-provider", directoryOption(id))}
		})}, s.userSubscriptions),
		one(estate.AssociationsPart, reader{
			cli: cli("license-manager-user-subscriptions list-user-associations", func(id string) []argument {
				instance, directory, _ := strings.Cut(id, "/")
				return []argument{arg("--instance-id", instance), arg("--identity-provider", directoryOption(directory))}
			}),
			resource: func(id string) string {
				instance, _, _ := strings.Cut(id, "/")
				return instance
			},
		}, s.userAssociations),
		one(estate.LicenseServersPart, reader{cli: cli("license-manager-user-subscriptions list-license-server-endpoints", none)}, s.licenseServers),

		inside(estate.GuestIdentityPart), inside(estate.GuestDNSPart), inside(estate.GuestActivationPart),
		inside(estate.GuestLaunchPart), inside(estate.GuestSignInPart), inside(estate.GuestDiagnosticsPart),
	}
	out := make(map[string]reader, len(table))
	for _, r := range table {
		out[r.kind.Name()] = r
	}
	return out
}

func trailOptions(id string) []argument {
	q, _ := estate.ParseTrailQuery(id)
	out := []argument{arg("--lookup-attributes", "AttributeKey="+q.Attribute+",AttributeValue="+q.Value)}
	if !q.Since.IsZero() {
		out = append(out, arg("--start-time", q.Since.UTC().Format("2006-01-02T15:04:05Z")))
	}
	return out
}

func directoryOption(id string) string {
	return "ActiveDirectoryIdentityProvider={DirectoryId=" + id + "}"
}
