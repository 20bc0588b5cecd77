package cloud

import (
	"context"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/directoryservice"
	directory "github.com/aws/aws-sdk-go-v2/service/directoryservice/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/route53resolver"
	resolver "github.com/aws/aws-sdk-go-v2/service/route53resolver/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/google/go-cmp/cmp"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
)

func TestInstance(t *testing.T) {
	launched := time.Date(2026, 11, 20, 23, 55, 7, 0, time.FixedZone("JST", 9*3600))
	a := newAccount(t)
	a.answer("ec2:DescribeInstances", &ec2.DescribeInstancesOutput{Reservations: []types.Reservation{{}, {
		OwnerId: aws.String("111122223333"),
		Instances: []types.Instance{{InstanceId: aws.String("i-other")}, {
			InstanceId: aws.String("i-1"), Platform: "Windows", InstanceType: "m6i.large", LaunchTime: &launched,
			State:                 &types.InstanceState{Name: types.InstanceStateNameStopped},
			StateReason:           &types.StateReason{Code: aws.String("Client.UserInitiatedShutdown"), Message: aws.String("m")},
			StateTransitionReason: aws.String("User initiated (2026-11-20 15:21:07 GMT)"),
			Placement:             &types.Placement{AvailabilityZone: aws.String("ap-northeast-1a")},
			SecurityGroups:        []types.GroupIdentifier{{GroupId: aws.String("sg-1")}, {}},
			Tags:                  []types.Tag{{Key: aws.String("Name"), Value: aws.String("WEB-01")}, {}},
			ProductCodes:          []types.ProductCode{{ProductCodeId: aws.String("pc"), ProductCodeType: types.ProductCodeValuesMarketplace}},
			IamInstanceProfile:    &types.IamInstanceProfile{Arn: aws.String("arn:profile"), Id: aws.String("AIPA")},
			MetadataOptions:       &types.InstanceMetadataOptionsResponse{HttpEndpoint: "enabled", HttpTokens: "required", State: "applied", HttpPutResponseHopLimit: aws.Int32(2)},
			RootDeviceName:        aws.String("/dev/sda1"),
			BlockDeviceMappings: []types.InstanceBlockDeviceMapping{
				{DeviceName: aws.String("xvdb"), Ebs: &types.EbsInstanceBlockDevice{VolumeId: aws.String("vol-2")}},
				{DeviceName: aws.String("/dev/sda1"), Ebs: &types.EbsInstanceBlockDevice{VolumeId: aws.String("vol-1"), AttachTime: &launched}},
			},
			NetworkInterfaces: []types.InstanceNetworkInterface{
				{NetworkInterfaceId: aws.String("eni-2"), Attachment: &types.InstanceNetworkInterfaceAttachment{DeviceIndex: aws.Int32(1)}},
				{
					NetworkInterfaceId: aws.String("eni-1"), PrivateIpAddress: aws.String("10.0.0.5"), Attachment: &types.InstanceNetworkInterfaceAttachment{DeviceIndex: aws.Int32(0)},
					PrivateIpAddresses: []types.InstancePrivateIpAddress{
						{PrivateIpAddress: aws.String("10.0.0.9"), Association: &types.InstanceNetworkInterfaceAssociation{PublicIp: aws.String("198.51.100.9")}},
						{PrivateIpAddress: aws.String("10.0.0.5")},
					},
					Ipv6Addresses: []types.InstanceIpv6Address{{Ipv6Address: aws.String("2001:db8::5")}},
					Groups:        []types.GroupIdentifier{{GroupId: aws.String("sg-1")}},
				},
			},
		}},
	}}})
	want := estate.Instance{
		ID: "i-1", OwnerID: "111122223333", Name: "WEB-01", State: "stopped", StateCode: "Client.UserInitiatedShutdown", StateMessage: "m",
		Transition: "User initiated (2026-11-20 15:21:07 GMT)", Platform: "windows", Type: "m6i.large", LaunchTime: launched.UTC(),
		AZ: "ap-northeast-1a", Groups: []string{"sg-1"}, Tags: map[string]string{"Name": "WEB-01"},
		ProductCodes: []estate.ProductCode{{ID: "pc", Type: "marketplace"}}, ProfileARN: "arn:profile", ProfileID: "AIPA",
		Metadata:   estate.MetadataOptions{Endpoint: "enabled", Tokens: "required", State: "applied", HopLimit: 2},
		RootVolume: "vol-1", RootAttached: launched.UTC(),
		Interfaces: []estate.Interface{
			{ID: "eni-1", AZ: "ap-northeast-1a", PrivateIPs: []string{"10.0.0.5", "10.0.0.9"}, IPv6s: []string{"2001:db8::5"}, PublicIP: "198.51.100.9", Groups: []string{"sg-1"}},
			{ID: "eni-2", AZ: "ap-northeast-1a", DeviceIndex: 1},
		},
	}
	if diff := cmp.Diff(want, mustRead(t, a.source(), estate.InstancePart, "i-1")); diff != "" {
		t.Error(diff)
	}
	if f, _ := readOne(t, a.source(), estate.InstancePart, "i-gone"); !f.IsAbsent() {
		t.Errorf("an instance that is not in the answer is %s", f.State())
	}
	a.fail("ec2:DescribeInstances", "InvalidInstanceID.NotFound")
	if f, _ := readOne(t, a.source(), estate.InstancePart, "i-gone"); !f.IsAbsent() || f.Origin().Call != "ec2:DescribeInstances" {
		t.Errorf("an instance that is not found is %s", f.State())
	}
}

// What a service says is not there is absent; what it refuses is not.
func TestAbsent(t *testing.T) {
	tests := []struct {
		action, code string
		key          estate.Key
	}{
		{"ec2:DescribeInstanceStatus", "InvalidInstanceID.NotFound", estate.StatusPart.Key("i-1")},
		{"ec2:GetPasswordData", "InvalidInstanceID.NotFound", estate.PasswordPart.Key("i-1")},
		{"ec2:DescribeImages", "InvalidAMIID.NotFound", estate.ImagePart.Key("ami-1")},
		{"ec2:DescribeImages", "InvalidAMIID.Unavailable", estate.ImagePart.Key("ami-1")},
		{"ec2:DescribeInstanceTypes", "InvalidInstanceType", estate.InstanceTypePart.Key("x9.nano")},
		{"ssm:DescribeInstanceInformation", "InvalidInstanceId", estate.ManagedNodePart.Key("i-1")},
		{"iam:GetInstanceProfile", "NoSuchEntity", estate.InstanceProfilePart.Key("p")},
		{"iam:GetRole", "NoSuchEntity", estate.RolePart.Key("r")},
		{"iam:GetPolicy", "NoSuchEntity", estate.BoundaryPart.Key("arn:p")},
		{"iam:ListRolePolicies", "NoSuchEntity", estate.RolePoliciesPart.Key("r")},
		{"iam:ListInstanceProfilesForRole", "NoSuchEntity", estate.RoleProfilesPart.Key("r")},
		{"iam:SimulatePrincipalPolicy", "NoSuchEntity", estate.SimulationPart.Key("arn:r")},
		{"ec2:DescribeVpcs", "InvalidVpcID.NotFound", estate.VPCPart.Key("vpc-1")},
		{"ec2:DescribeVpcAttribute", "InvalidVpcID.NotFound", estate.VPCDNSPart.Key("vpc-1")},
		{"ec2:DescribeDhcpOptions", "InvalidDhcpOptionID.NotFound", estate.DHCPOptionsPart.Key("dopt-1")},
		{"ec2:GetManagedPrefixListEntries", "InvalidPrefixListID.NotFound", estate.PrefixListPart.Key("pl-1")},
		{"ds:DescribeDomainControllers", "EntityDoesNotExistException", estate.DomainControllersPart.Key("d-1")},
	}
	for _, tt := range tests {
		for code, want := range map[string]fact.State{tt.code: fact.StateAbsent, "AccessDenied": fact.StateUnknown} {
			a := newAccount(t)
			a.fail(tt.action, code)
			if f := collect(t, t.Context(), a.source(), tt.key)[tt.key].Part.Fact; f == nil || f.State() != want {
				t.Errorf("%s after %s is %v", tt.key, code, f)
			}
		}
	}
	// A list without the row in question says the same.
	for _, key := range []estate.Key{
		estate.InstancePart.Key("i-1"), estate.StatusPart.Key("i-1"), estate.ProfileBindingPart.Key("i-1"), estate.ImagePart.Key("ami-1"),
		estate.ManagedNodePart.Key("i-1"), estate.VPCPart.Key("vpc-1"), estate.SecurityGroupPart.Key("sg-1"), estate.RolePart.Key("r"),
	} {
		if f := collect(t, t.Context(), newAccount(t).source(), key)[key].Part.Fact; f.State() != fact.StateAbsent {
			t.Errorf("%s is %s", key, f.State())
		}
	}
	// Lists of things are known to be empty.
	for _, key := range []estate.Key{estate.SubnetsPart.Key("vpc-1"), estate.EndpointsPart.Key("vpc-1"), estate.PeeringsPart.Key("vpc-1"), estate.DirectoriesPart.Key(""), estate.LicensedInstancesPart.Key("")} {
		p := collect(t, t.Context(), newAccount(t).source(), key)[key].Part
		text, err := estate.Encode(p)
		if err != nil || p.Fact.State() != fact.StateKnown {
			t.Errorf("%s: %v, %v", key, p.Fact, err)
		}
		if back, err := estate.Decode(key, text); err != nil || back.Fact.State() != fact.StateKnown {
			t.Errorf("%s does not come back: %v", key, err)
		}
	}
}

func TestNetworkParts(t *testing.T) {
	a := newAccount(t)
	a.answer("ec2:DescribeNetworkAcls", &ec2.DescribeNetworkAclsOutput{NetworkAcls: []types.NetworkAcl{{
		NetworkAclId: aws.String("acl-1"), Associations: []types.NetworkAclAssociation{{SubnetId: aws.String("subnet-1")}},
		Entries: []types.NetworkAclEntry{
			{RuleNumber: aws.Int32(100), RuleAction: "allow", Protocol: aws.String("6"), CidrBlock: aws.String("0.0.0.0/0"), PortRange: &types.PortRange{From: aws.Int32(443), To: aws.Int32(443)}},
			{RuleNumber: aws.Int32(32767), RuleAction: "deny", Protocol: aws.String("-1"), Ipv6CidrBlock: aws.String("::/0"), Egress: aws.Bool(true)},
			{RuleNumber: aws.Int32(110), RuleAction: "deny", Protocol: aws.String("17"), PortRange: &types.PortRange{}},
		},
	}}})
	wantACL := []estate.NetworkACL{{ID: "acl-1", Subnets: []string{"subnet-1"}, Entries: []estate.NetworkACLEntry{
		{Number: 100, Allow: true, Protocol: "6", CIDR4: "0.0.0.0/0", FromPort: 443, ToPort: 443},
		{Number: 32767, Egress: true, Protocol: "-1", CIDR6: "::/0", ToPort: 65535},
		{Number: 110, Protocol: "17", ToPort: 65535},
	}}}
	if diff := cmp.Diff(wantACL, mustRead(t, a.source(), estate.NetworkACLsPart, "vpc-1")); diff != "" {
		t.Error(diff)
	}

	a.answer("ec2:DescribeRouteTables", &ec2.DescribeRouteTablesOutput{RouteTables: []types.RouteTable{{
		RouteTableId: aws.String("rtb-1"), Associations: []types.RouteTableAssociation{{Main: aws.Bool(true)}, {SubnetId: aws.String("subnet-1")}},
		Routes: []types.Route{
			{DestinationCidrBlock: aws.String("10.0.0.0/16"), GatewayId: aws.String("local"), State: "active"},
			{DestinationPrefixListId: aws.String("pl-1"), GatewayId: aws.String("vpce-1"), State: "active"},
			{DestinationCidrBlock: aws.String("0.0.0.0/0"), NatGatewayId: aws.String("nat-1"), State: "blackhole"},
			{DestinationCidrBlock: aws.String("10.1.0.0/16"), TransitGatewayId: aws.String("tgw-1")},
			{DestinationCidrBlock: aws.String("10.2.0.0/16"), VpcPeeringConnectionId: aws.String("pcx-1")},
			{DestinationCidrBlock: aws.String("10.3.0.0/16"), InstanceId: aws.String("i-1"), NetworkInterfaceId: aws.String("eni-1")},
			{DestinationIpv6CidrBlock: aws.String("::/0"), EgressOnlyInternetGatewayId: aws.String("eigw-1")},
			{DestinationCidrBlock: aws.String("10.4.0.0/16"), LocalGatewayId: aws.String("lgw-1")},
			{DestinationCidrBlock: aws.String("10.5.0.0/16"), CarrierGatewayId: aws.String("cagw-1")},
			{DestinationCidrBlock: aws.String("10.6.0.0/16"), CoreNetworkArn: aws.String("arn:core")},
		},
	}}})
	wantRoutes := []estate.RouteTable{{ID: "rtb-1", Main: true, Subnets: []string{"subnet-1"}, Routes: []estate.Route{
		{CIDR4: "10.0.0.0/16", Target: "local", State: "active"}, {PrefixList: "pl-1", Target: "vpce-1", State: "active"},
		{CIDR4: "0.0.0.0/0", Target: "nat-1", State: "blackhole"}, {CIDR4: "10.1.0.0/16", Target: "tgw-1"}, {CIDR4: "10.2.0.0/16", Target: "pcx-1"},
		{CIDR4: "10.3.0.0/16", Target: "eni-1"}, {CIDR6: "::/0", Target: "eigw-1"}, {CIDR4: "10.4.0.0/16", Target: "lgw-1"},
		{CIDR4: "10.5.0.0/16", Target: "cagw-1"}, {CIDR4: "10.6.0.0/16", Target: "arn:core"},
	}}}
	if diff := cmp.Diff(wantRoutes, mustRead(t, a.source(), estate.RouteTablesPart, "vpc-1")); diff != "" {
		t.Error(diff)
	}

	a.answer("ec2:DescribeVpcs", &ec2.DescribeVpcsOutput{Vpcs: []types.Vpc{{
		VpcId: aws.String("vpc-1"), CidrBlock: aws.String("10.0.0.0/16"), DhcpOptionsId: aws.String("default"),
		CidrBlockAssociationSet: []types.VpcCidrBlockAssociation{
			{CidrBlock: aws.String("10.0.0.0/16"), CidrBlockState: &types.VpcCidrBlockState{State: "associated"}},
			{CidrBlock: aws.String("10.9.0.0/16"), CidrBlockState: &types.VpcCidrBlockState{State: "disassociated"}},
		},
		BlockPublicAccessStates: &types.BlockPublicAccessStates{InternetGatewayBlockMode: "block-bidirectional"},
	}}})
	wantVPC := estate.VPC{ID: "vpc-1", CIDR: "10.0.0.0/16", CIDRs: []string{"10.0.0.0/16"}, DHCP: "default", BlockPublicAccess: "block-bidirectional"}
	if diff := cmp.Diff(wantVPC, mustRead(t, a.source(), estate.VPCPart, "vpc-1")); diff != "" {
		t.Error(diff)
	}

	a.answers["ec2:DescribeVpcPeeringConnections"] = func(_ context.Context, in any) (any, error) {
		both := types.VpcPeeringConnection{
			VpcPeeringConnectionId: aws.String("pcx-1"), Status: &types.VpcPeeringConnectionStateReason{Code: "active"},
			RequesterVpcInfo: &types.VpcPeeringConnectionVpcInfo{VpcId: aws.String("vpc-1"), CidrBlock: aws.String("10.0.0.0/16")},
			AccepterVpcInfo: &types.VpcPeeringConnectionVpcInfo{VpcId: aws.String("vpc-1"), CidrBlock: aws.String("10.9.0.0/16"), CidrBlockSet: []types.CidrBlock{
				{CidrBlock: aws.String("10.1.0.0/16")}, {CidrBlock: aws.String("10.2.0.0/16")},
			}},
		}
		return &ec2.DescribeVpcPeeringConnectionsOutput{VpcPeeringConnections: []types.VpcPeeringConnection{both}}, nil
	}
	wantPeering := []estate.Peering{{ID: "pcx-1", Status: "active", RequesterVPC: "vpc-1", RequesterCIDRs: []string{"10.0.0.0/16"}, AccepterVPC: "vpc-1", AccepterCIDRs: []string{"10.1.0.0/16", "10.2.0.0/16"}}}
	if diff := cmp.Diff(wantPeering, mustRead(t, a.source(), estate.PeeringsPart, "vpc-1")); diff != "" {
		t.Error(diff)
	}

	a.answers["ec2:DescribeVpcAttribute"] = func(_ context.Context, in any) (any, error) {
		if in.(*ec2.DescribeVpcAttributeInput).Attribute == types.VpcAttributeNameEnableDnsSupport {
			return &ec2.DescribeVpcAttributeOutput{EnableDnsSupport: &types.AttributeBooleanValue{Value: aws.Bool(true)}}, nil
		}
		return &ec2.DescribeVpcAttributeOutput{EnableDnsHostnames: &types.AttributeBooleanValue{Value: aws.Bool(false)}}, nil
	}
	if got := mustRead(t, a.source(), estate.VPCDNSPart, "vpc-1"); got != (estate.VPCDNS{Support: true}) {
		t.Errorf("%+v", got)
	}
}

func TestDNSParts(t *testing.T) {
	a := newAccount(t)
	value := func(s ...string) (out []types.AttributeValue) {
		for _, v := range s {
			out = append(out, types.AttributeValue{Value: aws.String(v)})
		}
		return out
	}
	a.answer("ec2:DescribeDhcpOptions", &ec2.DescribeDhcpOptionsOutput{DhcpOptions: []types.DhcpOptions{{DhcpOptionsId: aws.String("dopt-1"), DhcpConfigurations: []types.DhcpConfiguration{
		{Key: aws.String("domain-name-servers"), Values: value("10.0.0.10", "10.0.0.11")}, {Key: aws.String("domain-name"), Values: value("corp.example.local")},
		{Key: aws.String("ntp-servers"), Values: value("169.254.169.123")}, {},
	}}}})
	want := estate.DHCPOptions{ID: "dopt-1", DNSServers: []string{"10.0.0.10", "10.0.0.11"}, DomainName: "corp.example.local", NTPServers: []string{"169.254.169.123"}}
	if diff := cmp.Diff(want, mustRead(t, a.source(), estate.DHCPOptionsPart, "dopt-1")); diff != "" {
		t.Error(diff)
	}
	a.answer("route53resolver:ListResolverRules", &route53resolver.ListResolverRulesOutput{ResolverRules: []resolver.ResolverRule{{
		Id: aws.String("rr"), TargetIps: []resolver.TargetAddress{{Ip: aws.String("10.0.0.10"), Port: aws.Int32(5353)}, {Ipv6: aws.String("2001:db8::1")}, {}},
	}}})
	if diff := cmp.Diff([]estate.ResolverRule{{ID: "rr", Targets: []string{"10.0.0.10:5353", "[2001:db8::1]:53"}}}, mustRead(t, a.source(), estate.ResolverRulesPart, "")); diff != "" {
		t.Error(diff)
	}
	vpc := func(id string) *directory.DirectoryVpcSettingsDescription {
		return &directory.DirectoryVpcSettingsDescription{VpcId: aws.String(id), SubnetIds: []string{"s-" + id}, SecurityGroupId: aws.String("g-" + id)}
	}
	a.answer("ds:DescribeDirectories", &directoryservice.DescribeDirectoriesOutput{DirectoryDescriptions: []directory.DirectoryDescription{
		{DirectoryId: aws.String("d-own"), Type: "MicrosoftAD", DnsIpAddrs: []string{"10.0.0.1"}, VpcSettings: vpc("own")},
		{DirectoryId: aws.String("d-shared"), Type: "SharedMicrosoftAD", OwnerDirectoryDescription: &directory.OwnerDirectoryDescription{
			AccountId: aws.String("444455556666"), DnsIpAddrs: []string{"10.9.0.1"}, VpcSettings: vpc("theirs"),
		}},
		{DirectoryId: aws.String("d-connector"), Type: "ADConnector", DnsIpAddrs: []string{"10.8.0.1"}, ConnectSettings: &directory.DirectoryConnectSettingsDescription{VpcId: aws.String("conn"), SubnetIds: []string{"s"}, SecurityGroupId: aws.String("g")}},
	}})
	wantDirectories := []estate.Directory{
		{ID: "d-own", Type: "MicrosoftAD", DNS: []string{"10.0.0.1"}, VPC: "own", Subnets: []string{"s-own"}, Group: "g-own"},
		{ID: "d-shared", Type: "SharedMicrosoftAD", DNS: []string{"10.9.0.1"}, VPC: "theirs", Subnets: []string{"s-theirs"}, Group: "g-theirs", OwnerID: "444455556666"},
		{ID: "d-connector", Type: "ADConnector", DNS: []string{"10.8.0.1"}, VPC: "conn", Subnets: []string{"s"}, Group: "g"},
	}
	if diff := cmp.Diff(wantDirectories, mustRead(t, a.source(), estate.DirectoriesPart, "")); diff != "" {
		t.Error(diff)
	}
	for _, code := range []string{"UnsupportedOperationException", "ClientException"} {
		a.fail("ds:DescribeDomainControllers", code)
		if f, _ := readOne(t, a.source(), estate.DomainControllersPart, "d-shared"); f.Why().Reason != fact.NotSupported || f.Why().Action != "ds:DescribeDomainControllers" {
			t.Errorf("%s: %+v", code, f.Why())
		}
	}
}

func TestPasswordDataGoesNoFurther(t *testing.T) {
	for data, present := range map[string]bool{"c2VjcmV0\r\n": true, "": false, " \r\n": false} {
		a := newAccount(t)
		a.answer("ec2:GetPasswordData", &ec2.GetPasswordDataOutput{PasswordData: aws.String(data), Timestamp: aws.Time(asOf)})
		if got := mustRead(t, a.source(), estate.PasswordPart, "i-1"); got != (estate.Password{Present: present, Time: asOf}) {
			t.Errorf("%q: %+v", data, got)
		}
	}
}

func TestHostManagement(t *testing.T) {
	for value, want := range map[string]string{
		"$None": "", "": "", "/service-role/AWSSystemsManagerDefaultEC2InstanceManagementRole": "service-role/AWSSystemsManagerDefaultEC2InstanceManagementRole",
	} {
		a := newAccount(t)
		a.answer("ssm:GetServiceSetting", &ssm.GetServiceSettingOutput{ServiceSetting: &ssmtypes.ServiceSetting{SettingValue: aws.String(value)}})
		if got := mustRead(t, a.source(), estate.HostMgmtPart, ""); got.Role != want {
			t.Errorf("%q: %+v", value, got)
		}
	}
	a := newAccount(t)
	a.fail("ssm:GetServiceSetting", "ServiceSettingNotFound")
	if got := mustRead(t, a.source(), estate.HostMgmtPart, ""); got.Role != "" {
		t.Errorf("%+v", got)
	}
}

func TestPeers(t *testing.T) {
	a := newAccount(t)
	rows := []types.Instance{{InstanceId: aws.String("i-dead"), State: &types.InstanceState{Name: "terminated"}}}
	for i := range 120 {
		id := "i-" + string(rune('a'+i/26)) + string(rune('a'+i%26))
		rows = append(rows, types.Instance{InstanceId: aws.String(id), State: &types.InstanceState{Name: "stopped"}})
	}
	rows = append(rows, types.Instance{InstanceId: aws.String("i-zz"), State: &types.InstanceState{Name: "running"}, Platform: "windows"},
		types.Instance{InstanceId: aws.String("i-0123456789abcdef0"), State: &types.InstanceState{Name: "stopped"}})
	a.answer("ec2:DescribeInstances", &ec2.DescribeInstancesOutput{Reservations: []types.Reservation{{Instances: rows}}})
	a.answers["ssm:DescribeInstanceInformation"] = func(_ context.Context, in any) (any, error) {
		if n := len(in.(*ssm.DescribeInstanceInformationInput).Filters[0].Values); n > 100 {
			t.Errorf("%d ids in one filter", n)
		}
		return &ssm.DescribeInstanceInformationOutput{InstanceInformationList: []ssmtypes.InstanceInformation{{InstanceId: aws.String("i-zz"), PingStatus: "Online", ComputerName: aws.String("EC2AMAZ-1")}}}, nil
	}
	got := mustRead(t, a.source(), estate.SiblingsPart, "ami-1")
	if len(got.Peers) != 100 || got.Complete {
		t.Errorf("%d peers, complete %v", len(got.Peers), got.Complete)
	}
	if got.Peers[0].ID != "i-0123456789abcdef0" || got.Peers[1].ID != "i-zz" || !got.Peers[1].Managed || got.Peers[1].ComputerName != "EC2AMAZ-1" || got.Peers[2].Managed {
		t.Errorf("%+v", got.Peers[:3])
	}
	// An id that Systems Manager refuses does not hide the others.
	a.answers["ssm:DescribeInstanceInformation"] = func(_ context.Context, in any) (any, error) {
		if in.(*ssm.DescribeInstanceInformationInput).Filters != nil {
			return nil, &ssmtypes.InvalidInstanceId{}
		}
		return &ssm.DescribeInstanceInformationOutput{InstanceInformationList: []ssmtypes.InstanceInformation{{InstanceId: aws.String("i-zz"), PingStatus: "Online"}}}, nil
	}
	if got := mustRead(t, a.source(), estate.SiblingsPart, "ami-1"); !got.Peers[1].Managed {
		t.Errorf("%+v", got.Peers[1])
	}
	// Who may not ask Systems Manager does not know who is managed.
	a.fail("ssm:DescribeInstanceInformation", "AccessDeniedException")
	if f, _ := readOne(t, a.source(), estate.NeighboursPart, "vpc-1"); f.Why().Action != "ssm:DescribeInstanceInformation" || f.Why().Reason != fact.Denied {
		t.Errorf("%+v", f.Why())
	}
}
