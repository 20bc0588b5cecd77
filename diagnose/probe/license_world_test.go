package probe

import (
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
)

// The hand-made account in which the judgements about License Manager, clones,
// activation and passwords are tried: an Office instance in good order, its
// directory in the same VPC. Each case breaks named things.
const (
	lmInstance  = "i-0123456789abcdef0"
	lmImage     = "ami-0123456789abcdef0"
	lmDirectory = "d-9967000001"
	lmVPC       = "vpc-app"
	lmOffice    = "77yzkpa7kvee1y1tt7wnsdwoc"
	lmRole      = "AWSServiceRoleForAWSLicenseManagerUserSubscriptionsService"
	lmFQDN      = "corp.example.local"
)

func lmNow() time.Time { return time.Date(2026, 11, 21, 17, 0, 0, 0, time.UTC) }

func lmAPI(call string) fact.Origin {
	return fact.Origin{Source: fact.API, Call: call, Time: lmNow()}
}

// put stores a known part.
func lmPut[T any](e *estate.Estate, k estate.Kind[T], id string, v T) {
	e.Put(k.Part(id, fact.Known(v, lmAPI(k.Actions()[0]))))
}

func lmAbsent[T any](e *estate.Estate, k estate.Kind[T], id string) {
	e.Put(k.Part(id, fact.Absent[T](lmAPI(k.Actions()[0]))))
}

func lmDeny(e *estate.Estate, keys ...estate.Key) {
	for _, key := range keys {
		k, _ := estate.Lookup(key.Kind)
		e.Put(k.Unknown(key.ID, fact.Why{Reason: fact.Denied, Action: k.Actions()[0]}))
	}
}

// lmChange edits a known part.
func lmChange[T any](e *estate.Estate, k estate.Kind[T], id string, change func(*T)) {
	f, _ := e.Fact(k.Key(id))
	v := f.(fact.Of[T]).Value()
	change(&v)
	lmPut(e, k, id, v)
}

func lmPatient() estate.Instance {
	return estate.Instance{
		ID: lmInstance, OwnerID: "111122223333", Name: "OFFICE-01", State: "running", Platform: "windows",
		PlatformDetails: "Windows", UsageOperation: "RunInstances:0002", Type: "m6i.large", ImageID: lmImage, KeyName: "ops",
		LaunchTime: lmNow().Add(-72 * time.Hour), RootAttached: lmNow().Add(-72 * time.Hour),
		VPC: lmVPC, Subnet: "subnet-app", PrivateIP: "10.0.1.10", Groups: []string{"sg-app"},
		ProductCodes: []estate.ProductCode{{ID: lmOffice, Type: "marketplace"}},
		Tags:         map[string]string{licenseTag: licenseTagValue},
	}
}

// lmEstate is everything in good order.
func lmEstate() *estate.Estate {
	e := estate.New(estate.Target{InstanceID: lmInstance, Region: "ap-northeast-1", Account: "111122223333", Partition: "aws"}, lmNow())
	lmPut(e, estate.InstancePart, lmInstance, lmPatient())
	lmPut(e, estate.TrailPart, "ResourceName="+lmInstance, estate.Trail{Complete: true, To: lmNow()})
	lmPut(e, estate.RolePart, lmRole, estate.Role{Name: lmRole, ARN: "arn:aws:iam::111122223333:role/aws-service-role/x/" + lmRole})
	lmPut(e, estate.IdentityProvidersPart, "", []estate.IdentityProvider{
		lmProvider(lmDirectory, "OFFICE_PROFESSIONAL_PLUS"), lmProvider(lmDirectory, remoteDesktop),
	})
	lmPut(e, estate.LicensedInstancesPart, "", []estate.LicensedInstance{{
		ID: lmInstance, Status: "ACTIVATED", Products: []string{"OFFICE_PROFESSIONAL_PLUS"}, Directory: lmDirectory, LastChecked: lmNow().Add(-time.Hour),
	}})
	lmPut(e, estate.LicenseInterfacesPart, "", []estate.Interface{
		lmInterface("eni-lm1", "subnet-ad1", "10.0.2.20"), lmInterface("eni-lm2", "subnet-ad2", "10.0.3.20"),
	})
	lmPut(e, estate.CommandsPart, lmInstance, estate.Commands{Complete: true, Invocations: []estate.Invocation{{
		CommandID: "cmd-1", Document: licenseDocument, Requested: lmNow().Add(-71 * time.Hour), Status: "Success", Output: "HasSucceeded : True",
	}}})
	lmPut(e, estate.DirectoriesPart, "", []estate.Directory{{
		ID: lmDirectory, Name: lmFQDN, Short: "CORP", Type: "MicrosoftAD", Stage: "Active", VPC: lmVPC,
		Subnets: []string{"subnet-ad1", "subnet-ad2"}, Group: "sg-dc", DNS: []string{"10.0.2.10", "10.0.3.10"},
	}})
	lmPut(e, estate.DomainControllersPart, lmDirectory, []estate.DomainController{
		{ID: "dc-1", IP: "10.0.2.10", Status: "Active", Subnet: "subnet-ad1"}, {ID: "dc-2", IP: "10.0.3.10", Status: "Active", Subnet: "subnet-ad2"},
	})
	lmPut(e, estate.PeeringsPart, lmVPC, []estate.Peering{})
	lmNetwork(e)
	lmPut(e, estate.InstanceTypePart, "m6i.large", estate.InstanceType{Name: "m6i.large", Hypervisor: "nitro", Architectures: []string{"x86_64"}})
	lmPut(e, estate.ImagePart, lmImage, estate.Image{ID: lmImage, Name: "office", OwnerAlias: "aws-marketplace", OwnerID: "679593333241"})
	lmPut(e, estate.LicenseServersPart, "", []estate.LicenseServer{{
		Directory: lmDirectory, Endpoint: "rds-license.corp.example.local", Provisioning: "PROVISIONED",
		Servers: []estate.LicenseServerNode{{Address: "10.0.2.30", Provisioning: "PROVISIONED", Health: "HEALTHY"}},
	}})
	e.Answers[estate.AnswerUser] = "sato"
	lmPut(e, estate.SubscriptionsPart, lmDirectory, []estate.UserSubscription{
		{User: "sato", Domain: lmFQDN, Product: "OFFICE_PROFESSIONAL_PLUS", Status: "SUBSCRIBED"},
		{User: "sato", Domain: lmFQDN, Product: remoteDesktop, Status: "SUBSCRIBED"},
	})
	lmPut(e, estate.AssociationsPart, lmInstance+"/"+lmDirectory, []estate.UserAssociation{{User: "sato", Domain: lmFQDN, Instance: lmInstance, Status: "ASSOCIATED"}})
	lmPut(e, estate.PasswordPart, lmInstance, estate.Password{Present: true})
	inWindows(e)
	return e
}

func lmProvider(directory, product string) estate.IdentityProvider {
	return estate.IdentityProvider{
		Directory: directory, Type: "AWS_MANAGED", Product: product, Status: "REGISTERED",
		SecurityGroup: "sg-1688", Subnets: []string{"subnet-ep1", "subnet-ep2"}, OwnerID: "111122223333",
	}
}

func lmInterface(id, subnet, ip string) estate.Interface {
	return estate.Interface{
		ID: id, VPC: lmVPC, Subnet: subnet, Status: "in-use", PrivateIPs: []string{ip}, Groups: []string{"sg-default"},
		Description: "AWS created network interface for LicenseManager " + lmDirectory,
	}
}

func lmRule(id string, egress bool, protocol string, from, to int, cidr string) estate.SecurityGroupRule {
	return estate.SecurityGroupRule{ID: id, Egress: egress, Protocol: protocol, FromPort: from, ToPort: to, CIDR4: cidr}
}

func lmNetwork(e *estate.Estate) {
	all := lmRule("sgr-all", true, "-1", -1, -1, "0.0.0.0/0")
	lmPut(e, estate.SecurityGroupPart, "sg-app", estate.SecurityGroup{ID: "sg-app", VPC: lmVPC, Rules: []estate.SecurityGroupRule{all}})
	lmPut(e, estate.SecurityGroupPart, "sg-default", estate.SecurityGroup{ID: "sg-default", VPC: lmVPC, Rules: []estate.SecurityGroupRule{all}})
	lmPut(e, estate.SecurityGroupPart, "sg-1688", estate.SecurityGroup{ID: "sg-1688", VPC: lmVPC, Rules: []estate.SecurityGroupRule{
		lmRule("sgr-1688", false, "tcp", 1688, 1688, "10.0.0.0/16"),
	}})
	lmPut(e, estate.SecurityGroupPart, "sg-dc", estate.SecurityGroup{ID: "sg-dc", VPC: lmVPC, Rules: []estate.SecurityGroupRule{
		lmRule("sgr-dc", false, "-1", -1, -1, "10.0.0.0/16"), all,
	}})
	subnets := []estate.Subnet{}
	var ids []string
	for i, id := range []string{"subnet-app", "subnet-ad1", "subnet-ad2", "subnet-ep1", "subnet-ep2"} {
		subnets = append(subnets, estate.Subnet{ID: id, VPC: lmVPC, OwnerID: "111122223333", CIDR: "10.0." + string(rune('1'+i)) + ".0/24"})
		ids = append(ids, id)
	}
	lmPut(e, estate.SubnetsPart, lmVPC, subnets)
	lmPut(e, estate.NetworkACLsPart, lmVPC, []estate.NetworkACL{{ID: "acl-1", Default: true, Subnets: ids, Entries: []estate.NetworkACLEntry{
		{Number: 100, Egress: true, Allow: true, Protocol: "-1", CIDR4: "0.0.0.0/0", ToPort: 65535},
		{Number: 100, Allow: true, Protocol: "-1", CIDR4: "0.0.0.0/0", ToPort: 65535},
	}}})
	lmPut(e, estate.RouteTablesPart, lmVPC, []estate.RouteTable{{ID: "rtb-1", Main: true, Routes: []estate.Route{{CIDR4: "10.0.0.0/16", Target: "local", State: "active"}}}})
	lmPut(e, estate.EndpointsPart, lmVPC, []estate.Endpoint{
		{ID: "vpce-1688", Service: "com.amazonaws.vpce.ap-northeast-1.vpce-svc-1", Type: "Interface", State: "available", Managed: true,
			Groups: []string{"sg-1688"}, Subnets: []string{"subnet-ep1", "subnet-ep2"}, Interfaces: []string{"eni-ep1", "eni-ep2"}},
		{ID: "vpce-ssm", Service: "com.amazonaws.ap-northeast-1.ssm", Type: "Interface", State: "available",
			Groups: []string{"sg-1688"}, Subnets: []string{"subnet-ep1"}, Interfaces: []string{"eni-ssm"}},
	})
	lmPut(e, estate.EndpointInterfacesPart, lmVPC, []estate.Interface{
		{ID: "eni-ep1", VPC: lmVPC, Subnet: "subnet-ep1", Status: "in-use", PrivateIPs: []string{"10.0.4.40"}, Groups: []string{"sg-1688"}},
		{ID: "eni-ep2", VPC: lmVPC, Subnet: "subnet-ep2", Status: "in-use", PrivateIPs: []string{"10.0.5.40"}, Groups: []string{"sg-1688"}},
	})
}

// lmDead makes the instance one that License Manager terminated a while ago: its
// row has gone, and CloudTrail remembers it.
func lmDead(e *estate.Estate) {
	launch := lmPatient()
	launch.Tags = nil
	launch.LaunchTime = lmNow().Add(-26 * time.Hour)
	launch.RootAttached = time.Time{}
	manager := estate.Actor{Type: "AssumedRole", Issuer: lmRole, InvokedBy: "license-manager-user-subscriptions.amazonaws.com"}
	at := func(minutes int) time.Time { return launch.LaunchTime.Add(time.Duration(minutes) * time.Minute) }
	lmAbsent(e, estate.InstancePart, lmInstance)
	lmPut(e, estate.TrailPart, "ResourceName="+lmInstance, estate.Trail{Complete: true, To: lmNow(), Events: []estate.TrailEvent{
		{ID: "e1", Time: at(0), Name: "RunInstances", Source: "ec2.amazonaws.com", Actor: estate.Actor{Type: "IAMUser", ARN: "arn:aws:iam::111122223333:user/ops"}, Launch: &launch},
		{ID: "e2", Time: at(2), Name: "CreateTags", Source: "ec2.amazonaws.com", Actor: manager},
		{ID: "e3", Time: at(10), Name: "SendCommand", Source: "ssm.amazonaws.com", Actor: manager},
		{ID: "e4", Time: at(26), Name: "TerminateInstances", Source: "ec2.amazonaws.com", Actor: manager},
	}})
	for _, q := range []string{"EventSource=license-manager-user-subscriptions.amazonaws.com", "ResourceName=" + lmVPC, "ResourceName=sg-1688", "ResourceName=sg-dc", "ResourceName=sg-app"} {
		lmPut(e, estate.TrailPart, q+"@"+at(26).Format(time.RFC3339), estate.Trail{Complete: true, To: lmNow()})
	}
	lmPut(e, estate.LicensedInstancesPart, "", []estate.LicensedInstance{{ID: lmInstance, Status: "TERMINATED", Products: []string{"OFFICE_PROFESSIONAL_PLUS"}}})
}

// lmJoinFailed adds the command with which License Manager failed to join.
func lmJoinFailed(e *estate.Estate) {
	lmPut(e, estate.CommandsPart, lmInstance, estate.Commands{Complete: true, Invocations: []estate.Invocation{{
		CommandID: "cmd-2", Document: licenseDocument, Requested: lmNow().Add(-26*time.Hour + 10*time.Minute), Status: "Failed", ResponseCode: 1,
		Error: "Add-Computer : Computer 'EC2AMAZ-7Q2K9D1' failed to join domain 'corp.example.local' from its current workgroup \r\n'WORKGROUP' with following error message: The specified domain either does not exist or could not be \r\ncontacted.",
	}}})
}

// lmSelfImage makes the image the account's own.
func lmSelfImage(e *estate.Estate, source string, peers ...estate.Peer) {
	lmPut(e, estate.ImagePart, lmImage, estate.Image{ID: lmImage, Name: "golden", OwnerAlias: "self", OwnerID: "111122223333", SourceInstance: source})
	lmPut(e, estate.SiblingsPart, lmImage, estate.Peers{Peers: peers, Complete: true})
}

func lmPeer(id, name string) estate.Peer {
	return estate.Peer{ID: id, State: "running", Platform: "windows", ImageID: lmImage, Managed: name != "", ComputerName: name}
}
