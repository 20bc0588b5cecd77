package estate

import "sync"

// The kinds of parts. Each line is the whole table's row for that kind: its name,
// the type of its value, and the IAM actions that a collector needs to read it.
// A test compares the actions with the calls that collectors really make;
// `monshin permissions` prints policies from them. What an id is, where it is not
// obvious, stands beside the kind.
var (
	// Who is asking. Id "".
	CallerPart = define[Caller]("caller", "sts:GetCallerIdentity", "iam:ListAccountAliases")

	// The instance. Id: the instance id.
	InstancePart       = define[Instance]("instance", "ec2:DescribeInstances")
	StatusPart         = define[InstanceStatus]("instance-status", "ec2:DescribeInstanceStatus")
	ElsewherePart      = define[Elsewhere]("elsewhere", "ec2:DescribeRegions", "ec2:DescribeInstances")
	ProfileBindingPart = define[ProfileBinding]("profile-association", "ec2:DescribeIamInstanceProfileAssociations")
	PasswordPart       = define[Password]("password", "ec2:GetPasswordData")

	// Id: the instance type ("m6i.large"), the image id ("ami-…").
	InstanceTypePart = define[InstanceType]("instance-type", "ec2:DescribeInstanceTypes")
	ImagePart        = define[Image]("image", "ec2:DescribeImages")
	// SiblingsPart: who else runs from this image. Id: the image id.
	SiblingsPart = define[Peers]("siblings", "ec2:DescribeInstances", "ssm:DescribeInstanceInformation")
	// NeighboursPart: who else runs in this VPC. Id: the VPC id.
	NeighboursPart = define[Peers]("neighbours", "ec2:DescribeInstances", "ssm:DescribeInstanceInformation")

	// CloudTrail. Id: a TrailQuery in its string form.
	TrailPart = define[Trail]("trail", "cloudtrail:LookupEvents")
	// CommandsPart: Run Command invocations on an instance. Id: the instance id.
	CommandsPart = define[Commands]("commands", "ssm:ListCommandInvocations", "ssm:GetCommandInvocation")

	// Systems Manager. Id of the first two: the instance id; of the third: "".
	ManagedNodePart = define[ManagedNode]("managed-node", "ssm:DescribeInstanceInformation")
	ConnectionPart  = define[Connection]("connection", "ssm:GetConnectionStatus")
	HostMgmtPart    = define[HostManagement]("host-management", "ssm:GetServiceSetting")

	// IAM. Ids: the profile's name, the role's name.
	InstanceProfilePart = define[InstanceProfile]("instance-profile", "iam:GetInstanceProfile")
	RolePart            = define[Role]("role", "iam:GetRole")
	RolePoliciesPart    = define[RolePolicies]("role-policies", "iam:ListAttachedRolePolicies",
		"iam:ListRolePolicies", "iam:GetRolePolicy", "iam:GetPolicy", "iam:GetPolicyVersion")
	// RoleProfilesPart: the instance profiles that hold the role. Id: the role's name.
	RoleProfilesPart = define[RoleProfiles]("role-profiles", "iam:ListInstanceProfilesForRole")
	// BoundaryPart: a managed policy at its default version. Id: the policy's ARN.
	BoundaryPart = define[PolicyText]("policy", "iam:GetPolicy", "iam:GetPolicyVersion")
	// SimulationPart: only when the operator asked. Id: the role's ARN.
	SimulationPart = define[Simulation]("simulation", "iam:SimulatePrincipalPolicy")

	// The network. Id: the VPC id, unless said otherwise.
	VPCPart                = define[VPC]("vpc", "ec2:DescribeVpcs")
	VPCDNSPart             = define[VPCDNS]("vpc-dns", "ec2:DescribeVpcAttribute")
	SubnetsPart            = define[[]Subnet]("subnets", "ec2:DescribeSubnets")
	NetworkACLsPart        = define[[]NetworkACL]("network-acls", "ec2:DescribeNetworkAcls")
	RouteTablesPart        = define[[]RouteTable]("route-tables", "ec2:DescribeRouteTables")
	InternetGatewaysPart   = define[[]Gateway]("internet-gateways", "ec2:DescribeInternetGateways")
	NATGatewaysPart        = define[[]NATGateway]("nat-gateways", "ec2:DescribeNatGateways")
	EndpointsPart          = define[[]Endpoint]("endpoints", "ec2:DescribeVpcEndpoints")
	EndpointInterfacesPart = define[[]Interface]("endpoint-interfaces", "ec2:DescribeNetworkInterfaces")
	PeeringsPart           = define[[]Peering]("peerings", "ec2:DescribeVpcPeeringConnections")
	// SecurityGroupPart. Id: the group id. Absent where this account has no such group.
	SecurityGroupPart = define[SecurityGroup]("security-group", "ec2:DescribeSecurityGroups", "ec2:DescribeSecurityGroupRules")
	// PrefixListPart. Id: the prefix list id.
	PrefixListPart = define[PrefixList]("prefix-list", "ec2:GetManagedPrefixListEntries")
	// LicenseInterfacesPart: the interfaces that License Manager made for its
	// directories, found by their description. Id "".
	LicenseInterfacesPart = define[[]Interface]("license-interfaces", "ec2:DescribeNetworkInterfaces")

	// DNS. Ids: the option set's id, the VPC id, "" and "".
	DHCPOptionsPart          = define[DHCPOptions]("dhcp-options", "ec2:DescribeDhcpOptions")
	ResolverAssociationsPart = define[[]ResolverAssociation]("resolver-associations", "route53resolver:ListResolverRuleAssociations")
	ResolverRulesPart        = define[[]ResolverRule]("resolver-rules", "route53resolver:ListResolverRules")
	ResolverEndpointsPart    = define[[]ResolverEndpoint]("resolver-endpoints", "route53resolver:ListResolverEndpoints")

	// Directory Service. Ids: "", the directory's id.
	DirectoriesPart       = define[[]Directory]("directories", "ds:DescribeDirectories")
	DomainControllersPart = define[[]DomainController]("domain-controllers", "ds:DescribeDomainControllers")

	// License Manager user-based subscriptions. Ids: "", "", the directory's id,
	// "instance-id/directory-id", "".
	IdentityProvidersPart = define[[]IdentityProvider]("identity-providers", "license-manager-user-subscriptions:ListIdentityProviders")
	LicensedInstancesPart = define[[]LicensedInstance]("licensed-instances", "license-manager-user-subscriptions:ListInstances")
	SubscriptionsPart     = define[[]UserSubscription]("user-subscriptions", "license-manager-user-subscriptions:ListProductSubscriptions")
	AssociationsPart      = define[[]UserAssociation]("user-associations", "license-manager-user-subscriptions:ListUserAssociations")
	LicenseServersPart    = define[[]LicenseServer]("license-servers", "license-manager-user-subscriptions:ListLicenseServerEndpoints")

	// No-touch witnesses. Id: the instance id.
	InventoryPart = define[Inventory]("inventory", "ssm:ListInventoryEntries")
	PatchesPart   = define[[]Patch]("patches", "ssm:DescribeInstancePatches")
	ConsolePart   = define[Console]("console", "ec2:GetConsoleOutput")
	// ScreenshotPart: a picture of the screen as it is now, read only where Windows
	// cannot be asked, or where RDP is what it is about. Id: the instance id.
	ScreenshotPart = define[Screenshot]("screenshot", "ec2:GetConsoleScreenshot")

	// Inside Windows: read by a script that Run Command runs, only with consent; all
	// that a walk needs goes into one command. Id: the instance id; of GuestDNSPart a
	// GuestDNSQuery in its string form.
	GuestIdentityPart    = touch(define[GuestIdentity]("guest-identity", "ssm:SendCommand", "ssm:GetCommandInvocation"))
	GuestDNSPart         = touch(define[GuestDNS]("guest-dns", "ssm:SendCommand", "ssm:GetCommandInvocation"))
	GuestActivationPart  = touch(define[GuestActivation]("guest-activation", "ssm:SendCommand", "ssm:GetCommandInvocation"))
	GuestLaunchPart      = touch(define[GuestLaunch]("guest-launch", "ssm:SendCommand", "ssm:GetCommandInvocation"))
	GuestSignInPart      = touch(define[GuestSignIn]("guest-sign-in", "ssm:SendCommand", "ssm:GetCommandInvocation"))
	GuestDiagnosticsPart = touch(define[GuestDiagnostics]("guest-diagnostics", "ssm:SendCommand", "ssm:GetCommandInvocation"))
)

func kindList() []interface {
	AnyKind
	table() kind
} {
	return []interface {
		AnyKind
		table() kind
	}{
		CallerPart, InstancePart, StatusPart, ElsewherePart, ProfileBindingPart, PasswordPart,
		InstanceTypePart, ImagePart, SiblingsPart, NeighboursPart, TrailPart, CommandsPart,
		ManagedNodePart, ConnectionPart, HostMgmtPart,
		InstanceProfilePart, RolePart, RolePoliciesPart, RoleProfilesPart, BoundaryPart, SimulationPart,
		VPCPart, VPCDNSPart, SubnetsPart, NetworkACLsPart, RouteTablesPart, InternetGatewaysPart,
		NATGatewaysPart, EndpointsPart, EndpointInterfacesPart, PeeringsPart, SecurityGroupPart,
		PrefixListPart, LicenseInterfacesPart,
		DHCPOptionsPart, ResolverAssociationsPart, ResolverRulesPart, ResolverEndpointsPart,
		DirectoriesPart, DomainControllersPart,
		IdentityProvidersPart, LicensedInstancesPart, SubscriptionsPart, AssociationsPart, LicenseServersPart,
		InventoryPart, PatchesPart, ConsolePart, ScreenshotPart,
		GuestIdentityPart, GuestDNSPart, GuestActivationPart, GuestLaunchPart, GuestSignInPart, GuestDiagnosticsPart,
	}
}

func (k kind) table() kind { return k }

func makeKinds() map[string]AnyKind {
	m := map[string]AnyKind{}
	for _, k := range kindList() {
		m[k.Name()] = k
	}
	return m
}

func makeKindTable() map[string]kind {
	m := map[string]kind{}
	for _, k := range kindList() {
		m[k.Name()] = k.table()
	}
	return m
}

// kindTable is made once: decoding a journal asks for it at every line.
var kindTable = sync.OnceValue(makeKindTable)

var kinds = sync.OnceValue(makeKinds)
