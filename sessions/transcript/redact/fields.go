package redact

import (
	"maps"
	"strings"
)

// fields says the class of every string in the estate's types, and of the fields of
// a session and a diagnosis that have one. A field of the estate that is missing
// here counts as a Name, which identifies; one of another type is swept.
var fields = tabulate(`
estate.Key             Plain:Kind At:ID
estate.Target          Resource:InstanceID Account:Account Plain:Region,Partition
estate.Caller          Account:Account Own:ARN,UserID Alias:Alias
estate.Invocation      Request:CommandID Name:Document Plain:Status,Details Free:Comment,Output,Error ARN:ServiceRole
estate.Connection      Plain:Status
estate.Console         Plain:LaunchAgent,AgentVersion,Sysprep,OSName,Language,TimeZone Machine:Thumbprint
estate.DHCPOptions     Resource:ID Address:DNSServers,NTPServers Domain:DomainName
estate.Directory       Resource:ID,VPC,Subnets,Group Domain:Name,Short Plain:Type,Stage Address:DNS Account:OwnerID
estate.DomainController Resource:ID,Subnet,VPC Address:IP Plain:Status,AZ
estate.Elsewhere       Plain:Found,Searched,Failed
estate.Interface       Resource:ID,VPC,Subnet,Groups Plain:AZ,Status Free:Description Address:PrivateIPs,IPv6s,PublicIP
estate.Endpoint        Resource:ID,Groups,Subnets,Interfaces,RouteTables Plain:Service,Type,State Free:FailureReason,Policy Host:DNSNames Account:OwnerID
estate.GuestLicense    Plain:Name,Description,Application,Reason,PartialKey Address:KMSHost,Discovered
estate.GuestRoute      Plain:Store Address:Destination,NextHop
estate.GuestActivation Plain:Ports,TimeZone,Unread
estate.GuestCheck      Plain:Check,Status Free:Note
estate.GuestQuery      Domain:Name Plain:Type Address:Server Sweep:Answers
estate.GuestDNS        Address:Servers Domain:Suffixes Plain:Unread
estate.GuestIdentity   Host:Host Domain:Domain Machine:MachineSID,ComputerSID,CloneTag,MachineGUID,SusClientID Plain:Edition,ImageState,Unread
estate.GuestAccount    User:Name
estate.GuestService    Plain:Status,StartType
estate.GuestLaunch     Plain:Agent,PasswordType,Unread
estate.GuestLogonFailure Plain:Status,SubStatus User:Account Host:Source
estate.GuestSignInAccount User:Name
estate.GuestSignIn     Machine:Allowed,Denied Plain:Unread
estate.HostManagement  Role:Role
estate.IdentityProvider Resource:Directory,Subnets,SecurityGroup Plain:Type,Product,Status Domain:Domain Free:Failure Account:OwnerID ARN:ARN
estate.ProductCode     Resource:ID Plain:Type
estate.Image           Resource:ID,SourceInstance,SourceImage Name:Name Account:OwnerID Plain:OwnerAlias,Platform,State,SourceRegion
estate.MetadataOptions Plain:Endpoint,Tokens,State
estate.Instance        Resource:ID,ImageID,VPC,Subnet,Groups,RootVolume,ProfileID Account:OwnerID Tag:Name,Tags Plain:State,StateCode,Platform,PlatformDetails,UsageOperation,Architecture,Hypervisor,Type,AZ Free:StateMessage,Transition Name:KeyName Address:PrivateIP,PublicIP ARN:ProfileARN
estate.InstanceProfile Role:Name,Role ARN:ARN,RoleARN Resource:ID
estate.StatusEvent     Plain:Code Free:Description
estate.InstanceStatus  Plain:System,Instance,EBS
estate.InstanceType    Plain:Name,Hypervisor,Architectures
estate.Gateway         Resource:ID Plain:State
estate.InventoryService Plain:Name,Status,StartType
estate.InventoryUpdate Plain:HotFix
estate.Inventory       Address:Gateways,DNS
estate.LicenseServerNode Address:Address Plain:Provisioning,Health
estate.LicenseServer   Resource:Directory ARN:Provider Host:Endpoint Plain:Provisioning Free:Message
estate.LicensedInstance Resource:ID,Directory Plain:Status,Products Free:Message
estate.Listed          Resource:ID Tag:Name Plain:State,Type,Platform Address:PrivateIP
estate.ManagedNode     Resource:ID Plain:PingStatus,AgentVersion,Platform,PlatformName,PlatformVer,SourceType Host:ComputerName Address:IPAddress Role:IAMRole
estate.NATGateway      Resource:ID,Subnet Plain:State,Type Address:PrivateIP,PublicIP
estate.Peer            Resource:ID,VPC,Subnet,Groups,ImageID Tag:Name Plain:State,Platform,PingStatus,AgentVersion ARN:ProfileARN Host:ComputerName
estate.NetworkACLEntry Plain:Protocol Address:CIDR4,CIDR6
estate.NetworkACL      Resource:ID,Subnets
estate.Patch           Plain:KB,State,Title
estate.Peering         Resource:ID,RequesterVPC,AccepterVPC Plain:Status,RequesterRegion,AccepterRegion Account:RequesterOwner,AccepterOwner Address:RequesterCIDRs,AccepterCIDRs
estate.PolicyText      Role:Name ARN:ARN Plain:Version Sweep:JSON
estate.PrefixList      Resource:ID Address:CIDRs
estate.ProfileBinding  Resource:ID,ProfileID Plain:State ARN:ProfileARN
estate.ResolverAssociation Resource:ID,Rule,VPC Plain:Status
estate.ResolverEndpoint Resource:ID,VPC,Groups Plain:Direction,Status
estate.ResolverRule    Resource:ID,Endpoint Name:Name Plain:Type,Status Domain:Domain Address:Targets Account:OwnerID
estate.Role            Role:Name ARN:ARN,BoundaryARN Resource:ID Sweep:Path,Trust
estate.Unread          Role:Name Plain:Action,Reason Free:Detail
estate.Route           Address:CIDR4,CIDR6 Resource:PrefixList,Target Plain:State
estate.RouteTable      Resource:ID,Subnets
estate.SecurityGroupRule Resource:ID,PrefixList,Group,PeeringID Plain:Protocol,PeeringStatus Address:CIDR4,CIDR6 Account:GroupOwner Free:Description
estate.SecurityGroup   Resource:ID,VPC Name:Name
estate.SimulatedAction Plain:Action,Decision,Organizations,Boundary
estate.Subnet          Resource:ID,VPC Account:OwnerID Plain:AZ Address:CIDR,IPv6CIDR
estate.Actor           Plain:Type,InvokedBy,UserAgent ARN:ARN Account:Account User:Name Role:Issuer Address:SourceIP
estate.Named           Plain:Type Name:Name
estate.TrailEvent      Request:ID,RequestID Plain:Name,Source,Error Free:ErrorMsg Sweep:Params
estate.UserAssociation User:User Domain:Domain Resource:Instance Plain:Status Free:Message
estate.UserSubscription User:User Domain:Domain Plain:Product,Status Free:Message
estate.VPC             Resource:ID,DHCP Account:OwnerID Address:CIDR,CIDRs,IPv6CIDRs Plain:BlockPublicAccess
fact.Why               Plain:Action Free:Detail
fact.Origin            Request:RequestID Plain:Call
walk.Call              Request:RequestID Plain:Operation,Error,Again
walk.Calls             Plain:ByOperation
walk.Diagnosis         Plain:Path Sweep:Source
walk.Judged            Plain:Probe
walk.Weighed           Plain:Probe
walk.Open              Plain:Probe
finding.Evidence       At:At Sweep:Value
transcript.Session     Plain:ID,Version Profile:Profile Path:Journal Free:Reported
transcript.Operator    Operator:Name
transcript.Answer      Plain:Name Operator:By
transcript.Note        Operator:By Plain:At Free:Text
transcript.Consent     Operator:Approver Sweep:What Free:Ticket,Text
transcript.Script      Plain:SHA256,OutputSHA256,Source Request:CommandID Free:Output
transcript.Fix         Plain:Name,PlanID,Result
transcript.Step        Plain:Call Request:RequestID Operator:By
transcript.Check       Plain:Probe,Outcome
transcript.Shell       Request:SessionID Operator:By Plain:SHA256
transcript.ShellLine   Free:Text
transcript.Screenshot  Plain:Type
transcript.Attachment  Plain:SHA256
transcript.Seal        Plain:Last
transcript.event       Request:ID Plain:Failed
`)

// params are the classes of the parameters of findings and assumptions, and of the
// answers to a tree's questions.
var params = map[string]Class{
	"domain": Domain, "ad-domain": Domain, "user": User, "host": Host, "message": Free, "detail": Free,
	"vpc": Resource, "subnet": Resource, "group": Resource, "acl": Resource, "route": Resource, "endpoint": Resource, "options": Resource,
	"instance": Resource, "image": Resource, "directory": Resource,
	"actor": Sweep, "role": Role, "policy": Role, "profile": Role, "name": Tag,
}

func tabulate(table string) map[string]Class {
	classes := map[string]Class{"Own": Own, "ARN": ARN, "Sweep": Sweep, "Plain": Plain, "At": At}
	for _, c := range []struct {
		name string
		c    Class
	}{
		{"Account", Account}, {"Alias", Alias}, {"Resource", Resource}, {"Address", Address}, {"Role", Role}, {"Name", Name}, {"Tag", Tag},
		{"Host", Host}, {"Machine", Machine}, {"User", User}, {"Domain", Domain}, {"Request", Request}, {"Path", Path}, {"Profile", Profile},
		{"Operator", Operator}, {"Free", Free},
	} {
		classes[c.name] = c.c
	}
	out := map[string]Class{}
	for line := range strings.Lines(table) {
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		for _, w := range words[1:] {
			name, list, _ := strings.Cut(w, ":")
			for f := range strings.SplitSeq(list, ",") {
				out[words[0]+"."+f] = classes[name]
			}
		}
	}
	return out
}

// FieldNames lists the fields that have a class of their own, as "type.Field".
func FieldNames() map[string]Class { return maps.Clone(fields) }
