package lab

import (
	"sync"
	"time"

	"github.com/monshin/monshin/diagnose/guest"
	"github.com/monshin/monshin/diagnose/lab/windows"
)

// World is one account in one region, as it is at its own time. Answers are
// derived from it and share nothing with it, so that calls may change it. Things
// are held by id; what another account owns is in it too, and is shown only as far
// as AWS shows it.
type World struct {
	// mu guards everything below.
	mu sync.Mutex

	Account   string
	Alias     string
	Region    string
	CallerARN string
	CallerID  string
	// Now is the world's clock, in UTC.
	Now time.Time
	// Denied are the actions that the caller may not do, with * and ?.
	Denied []string
	// ReadOnly says that the caller may change nothing.
	ReadOnly bool
	// Regions are the regions that the account has opted in to.
	Regions []string
	// Serial counts what was made since the scenario began, and Tasks are what will
	// happen by itself.
	Serial int
	Tasks  []Task
	// Tokens are calls by action and idempotency token.
	Tokens map[string]Token
	// Tags are tags by the id or the ARN of their thing, beside those that the thing
	// itself holds.
	Tags map[string]map[string]string

	Compute
	Network
	Names
	Identity
	Management
	License

	fleet fleetPart
	// sessions are Session Manager's.
	sessions *sessions
	// SessionKey is the KMS key of Session Manager's preferences, "" for none.
	SessionKey string
	// script is the script that was read last.
	script struct {
		text string
		asks guest.Request
		many bool
	}
}

// Compute is what EC2 runs.
type Compute struct {
	Instances     map[string]*Instance
	Images        map[string]*Image
	InstanceTypes map[string]*InstanceType
}

// Instance is one EC2 instance, also after its end.
type Instance struct {
	ID, Owner, Name, Type, Image, Key string
	Tags                              map[string]string
	// Subnet, Interface, IP and Groups are those of its only network interface.
	Subnet, Interface, IP string
	Groups                []string
	// Profile is the name of the instance profile, ProfileID the id it had when it
	// was associated, Association the association's own id.
	Profile, ProfileID, Association string
	ProductCodes                    []string
	Launched                        time.Time
	// Terminated is when it ended; zero while it lives.
	Terminated time.Time
	// State is pending, running or stopped; a terminated instance's state follows from Terminated.
	State string
	// MetadataOff says that the instance metadata service is disabled.
	MetadataOff bool
	// SystemStatus and InstanceStatus are the results of the status checks.
	SystemStatus, InstanceStatus string
	// PasswordData is the encrypted password as EC2 holds it, "" for none.
	PasswordData string
	Volume       string
	// PublicIP is an Elastic IP address, "" for none.
	PublicIP string
	// Associating says that the association of its profile is not complete yet.
	Associating bool
	// Protected is termination protection.
	Protected bool
	// MetadataTokens is HttpTokens of the metadata service, "" for required; MetadataHops
	// its hop limit, 0 for 2.
	MetadataTokens string
	MetadataHops   int32
	// Windows is what runs on it.
	Windows *windows.Host
}

// Image is an AMI. Alias is ImageOwnerAlias: amazon, aws-marketplace or "".
type Image struct {
	ID, Name, Owner, Alias      string
	Created, Deprecated         time.Time
	SourceInstance, SourceImage string
	ProductCodes                []string
}

// InstanceType is a type that the region offers.
type InstanceType struct {
	Name, Hypervisor string
	BareMetal        bool
	Architectures    []string
}

// Network is what VPC is made of.
type Network struct {
	VPCs             map[string]*VPC
	Subnets          map[string]*Subnet
	ACLs             map[string]*ACL
	RouteTables      map[string]*RouteTable
	InternetGateways map[string]*InternetGateway
	NATGateways      map[string]*NATGateway
	Endpoints        map[string]*Endpoint
	Interfaces       map[string]*Interface
	Peerings         map[string]*Peering
	Groups           map[string]*Group
	PrefixLists      map[string]*PrefixList
	DHCPOptions      map[string]*DHCPOptions
}

// VPC is a virtual private cloud. DHCP "default" is EC2's word for no option set.
type VPC struct {
	ID, Owner, CIDR, DHCP, Name string
	DNSSupport, DNSHostnames    bool
}

// Subnet is a subnet. Shared says that another account shares it with this one.
type Subnet struct {
	ID, VPC, Owner, AZ, CIDR, Name string
	Shared                         bool
}

// ACL is a network ACL. Subnets are its associations; the default ACL of a VPC has
// every subnet that no other has.
type ACL struct {
	ID, VPC string
	Default bool
	Subnets []string
	Entries []ACLEntry
}

// ACLEntry is one numbered rule. Ports 0 to 0 is no port range.
type ACLEntry struct {
	Number        int32
	Egress, Allow bool
	Protocol      string
	CIDR          string
	From, To      int32
}

// RouteTable is a route table; the main one has every subnet that no other has.
type RouteTable struct {
	ID, VPC string
	Main    bool
	Subnets []string
	Routes  []Route
}

// Route is one route; To is a CIDR or a prefix list, Target the id of the next hop.
type Route struct {
	To, Target string
	Blackhole  bool
}

// InternetGateway is an internet gateway.
type InternetGateway struct{ ID, VPC string }

// NATGateway is a public NAT gateway.
type NATGateway struct{ ID, VPC, Subnet, Interface, PublicIP, PrivateIP string }

// Endpoint is a VPC endpoint. Policy "" is AWS's default, which allows all.
type Endpoint struct {
	ID, VPC, Owner, Service, Type, State string
	PrivateDNS, Managed                  bool
	Policy                               string
	Groups, Subnets                      []string
	Interfaces, RouteTables, DNSNames    []string
	Created                              time.Time
}

// Interface is a network interface that belongs to no instance of the world: an
// endpoint's, a directory's, License Manager's.
type Interface struct {
	ID, Owner, Subnet, IP, Type, Description, Requester, Status string
	Groups                                                      []string
}

// Peering is a VPC peering connection.
type Peering struct{ ID, Status, Requester, Accepter string }

// Group is a security group.
type Group struct {
	ID, VPC, Owner, Name, Description string
	Rules                             []Rule
}

// Rule is one rule of a security group. To is a CIDR, a group id or a prefix list.
type Rule struct {
	ID       string
	Egress   bool
	Protocol string
	From, To int32
	Peer     string
	Comment  string
}

// PrefixList is a managed prefix list.
type PrefixList struct {
	ID, Name, Owner string
	CIDRs           []string
}

// DHCPOptions is a DHCP option set.
type DHCPOptions struct {
	ID, Owner, Name string
	DNS, Domain     []string
	// More are the other options, by their names.
	More map[string][]string
}

// Names is what resolves names: Route 53 Resolver and the directories.
type Names struct {
	ResolverRules        map[string]*ResolverRule
	ResolverAssociations map[string]*ResolverAssociation
	ResolverEndpoints    map[string]*ResolverEndpoint
	Directories          map[string]*Directory
}

// ResolverRule is a Resolver rule.
type ResolverRule struct {
	ID, Name, Type, Domain, Owner, Endpoint string
	Targets                                 []string
	// Status is "" for COMPLETE; Creator is the request that made it.
	Status, Creator string
}

// ResolverAssociation binds a rule to a VPC.
type ResolverAssociation struct{ ID, Name, Rule, VPC, Status string }

// ResolverEndpoint is a Resolver endpoint.
type ResolverEndpoint struct {
	ID, Name, Direction, Status, VPC string
	Groups                           []string
	IPs                              int32
	// Interfaces and Creator are those of an endpoint that was made in this lab.
	Interfaces []string
	Creator    string
}

// Directory is a directory of AWS Directory Service.
type Directory struct {
	ID, Name, Short, Type, Stage, VPC, Group string
	Subnets, DNS                             []string
	Controllers                              []Controller
	Launched                                 time.Time
	// Forwarders are conditional forwarders: the servers that are asked, by domain.
	Forwarders map[string][]string
}

// Controller is a domain controller.
type Controller struct{ ID, IP, Status, Subnet string }

// Identity is what IAM holds.
type Identity struct {
	Roles    map[string]*Role
	Profiles map[string]*Profile
	// Policies are managed policies by ARN.
	Policies map[string]*Policy
}

// Role is an IAM role. Inline policies are by name.
type Role struct {
	Name, Path, ID, Trust, Boundary string
	Attached                        []string
	Inline                          map[string]string
	Created                         time.Time
}

// Profile is an instance profile; Role is "" where it is empty.
type Profile struct {
	Name, ID, Role string
	Created        time.Time
}

// Policy is a managed policy with its default version.
type Policy struct {
	ARN, Name, Version, Document string
	Created                      time.Time
}

// Management is Systems Manager and CloudTrail.
type Management struct {
	// Nodes are managed nodes by instance id.
	Nodes    map[string]*Node
	Settings map[string]string
	Commands []*Command
	Events   []*Event
	// Parameters are Parameter Store's, by name, without their values; Automations are
	// executions by id.
	Parameters  map[string]*Parameter
	Automations map[string]*Automation
}

// Parameter is a parameter of Parameter Store. The lab keeps no value of any.
type Parameter struct {
	Name, Type, By string
	Version        int64
	Modified       time.Time
}

// Automation is one execution of a runbook.
type Automation struct {
	ID, Document, Status, Failure string
	Parameters                    map[string][]string
	Tags                          map[string]string
	Started, Ended                time.Time
}

// Node is a managed node.
type Node struct {
	Instance, Ping, Agent, Computer, IP, Platform, PlatformVersion string
	LastPing, Registered                                           time.Time
	// Connected says that the Session Manager channel is open.
	Connected bool
	// Captured is when inventory was last gathered, zero where it is not on.
	Captured time.Time
}

// Command is one invocation of Run Command on one instance.
type Command struct {
	ID, Instance, Document, Comment, Role string
	Requested                             time.Time
	Took                                  time.Duration
	// Status is the invocation's; Details is StatusDetails where that is another word.
	Status, Details string
	ResponseCode    int32
	Stdout, Stderr  string
	// Unseen says that nobody has asked for it yet: the first who does is told that
	// it does not exist (domain.md §11).
	Unseen bool
}

// Event is one CloudTrail management event.
type Event struct {
	ID, Name, Source    string
	Time                time.Time
	ReadOnly            bool
	Actor               Actor
	Error, ErrorMessage string
	Request, Response   map[string]any
	// Resources are pairs of type and name.
	Resources [][2]string
}

// Actor is who made a call.
type Actor struct {
	// Role is the role of an assumed role, with its path; Session the session's name.
	Role, Session string
	// User is an IAM user's name.
	User string
	// Service is the AWS service that acted, for the service itself or in the role's name.
	Service       string
	IP, UserAgent string
}

// License is License Manager user-based subscriptions.
type License struct {
	Providers      []*Provider
	Licensed       []*Licensed
	Subscriptions  []*Subscription
	Associations   []*Association
	LicenseServers []*LicenseServer
	// Steps are how far License Manager has got with a new instance, by its id.
	Steps map[string]int
}

// Provider is a directory registered for a product.
type Provider struct {
	Directory, Product, Status, Failure, Group string
	Subnets                                    []string
}

// Licensed is License Manager's row of an instance.
type Licensed struct {
	Instance, Status, Message, Directory string
	Products                             []string
	Checked                              time.Time
}

// Subscription is a user's subscription to a product.
type Subscription struct {
	User, Domain, Directory, Product, Status string
	Started, Ended                           time.Time
}

// Association is a user on an instance.
type Association struct {
	User, Domain, Directory, Instance, Status string
	Since                                     time.Time
}

// LicenseServer is a Remote Desktop Services licence server endpoint.
type LicenseServer struct {
	ID, Directory, Address, Provisioning, Message string
	Servers                                       [][2]string // address, health
}
