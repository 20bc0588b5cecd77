package estate

// Interface is a network interface.
type Interface struct {
	ID          string   `json:"id"`
	VPC         string   `json:"vpc,omitempty"`
	Subnet      string   `json:"subnet,omitempty"`
	AZ          string   `json:"az,omitempty"`
	Description string   `json:"description,omitempty"`
	Status      string   `json:"status,omitempty"` // in-use, available, …
	PrivateIPs  []string `json:"private_ips,omitempty"`
	IPv6s       []string `json:"ipv6s,omitempty"`
	PublicIP    string   `json:"public_ip,omitempty"`
	Groups      []string `json:"groups,omitempty"`
	// DeviceIndex is the index at which an instance has it; 0 is the primary.
	DeviceIndex int `json:"device_index,omitempty"`
}

// VPC is a virtual private cloud.
type VPC struct {
	ID        string   `json:"id"`
	OwnerID   string   `json:"owner_id,omitempty"`
	CIDR      string   `json:"cidr"`
	CIDRs     []string `json:"cidrs,omitempty"` // all associated IPv4 blocks, the primary too
	IPv6CIDRs []string `json:"ipv6_cidrs,omitempty"`
	DHCP      string   `json:"dhcp,omitempty"` // dopt-…, or "default", which is EC2's word for none
	// BlockPublicAccess is InternetGatewayBlockMode: off, block-bidirectional, block-ingress, "".
	BlockPublicAccess string `json:"block_public_access,omitempty"`
}

// VPCDNS are the two DNS attributes of a VPC.
type VPCDNS struct {
	Support   bool `json:"support"`
	Hostnames bool `json:"hostnames"`
}

// Subnet is a subnet. OwnerID differs from the caller's account where the
// subnet is shared through RAM.
type Subnet struct {
	ID       string `json:"id"`
	VPC      string `json:"vpc"`
	OwnerID  string `json:"owner_id,omitempty"`
	AZ       string `json:"az,omitempty"`
	CIDR     string `json:"cidr"`
	IPv6CIDR string `json:"ipv6_cidr,omitempty"`
}

// SecurityGroup is a group with its rules.
type SecurityGroup struct {
	ID    string              `json:"id"`
	Name  string              `json:"name,omitempty"`
	VPC   string              `json:"vpc,omitempty"`
	Rules []SecurityGroupRule `json:"rules"`
}

// SecurityGroupRule is one rule, as DescribeSecurityGroupRules tells it. Exactly
// one of CIDR4, CIDR6, PrefixList and Group is set.
type SecurityGroupRule struct {
	ID     string `json:"id"`
	Egress bool   `json:"egress,omitempty"`
	// Protocol is "-1" for all, "tcp", "udp", "icmp", "icmpv6" or a number.
	Protocol string `json:"protocol"`
	// FromPort and ToPort are -1 where all.
	FromPort   int    `json:"from_port"`
	ToPort     int    `json:"to_port"`
	CIDR4      string `json:"cidr4,omitempty"`
	CIDR6      string `json:"cidr6,omitempty"`
	PrefixList string `json:"prefix_list,omitempty"`
	Group      string `json:"group,omitempty"`
	GroupOwner string `json:"group_owner,omitempty"`
	// PeeringID and PeeringStatus are set where Group belongs to a peered VPC.
	PeeringID     string `json:"peering_id,omitempty"`
	PeeringStatus string `json:"peering_status,omitempty"`
	Description   string `json:"description,omitempty"`
}

// PrefixList is a managed prefix list with its entries.
type PrefixList struct {
	ID    string   `json:"id"`
	CIDRs []string `json:"cidrs"`
}

// NetworkACL is a network ACL.
type NetworkACL struct {
	ID      string            `json:"id"`
	Default bool              `json:"default,omitempty"`
	Subnets []string          `json:"subnets,omitempty"`
	Entries []NetworkACLEntry `json:"entries"`
}

// NetworkACLEntry is one numbered rule. CIDR4 or CIDR6 is set.
type NetworkACLEntry struct {
	Number int  `json:"number"` // 32767 is the closing deny
	Egress bool `json:"egress,omitempty"`
	Allow  bool `json:"allow,omitempty"`
	// Protocol is a number as a string: "6" tcp, "17" udp, "1" icmp, "58" icmpv6, "-1" all.
	Protocol string `json:"protocol"`
	CIDR4    string `json:"cidr4,omitempty"`
	CIDR6    string `json:"cidr6,omitempty"`
	// FromPort and ToPort are 0 and 65535 where the entry has no port range.
	FromPort int `json:"from_port"`
	ToPort   int `json:"to_port"`
}

// RouteTable is a route table.
type RouteTable struct {
	ID      string   `json:"id"`
	Main    bool     `json:"main,omitempty"`
	Subnets []string `json:"subnets,omitempty"` // explicit associations
	Routes  []Route  `json:"routes"`
}

// Route is one route. One of CIDR4, CIDR6 and PrefixList is set.
type Route struct {
	CIDR4      string `json:"cidr4,omitempty"`
	CIDR6      string `json:"cidr6,omitempty"`
	PrefixList string `json:"prefix_list,omitempty"`
	// Target is the id of the next hop: local, igw-…, nat-…, pcx-…, tgw-…, vgw-…,
	// eni-…, eigw-…, vpce-…, lgw-…, cagw-….
	Target string `json:"target"`
	State  string `json:"state"` // active, blackhole
}

// Gateway is an internet gateway attached to the VPC.
type Gateway struct {
	ID    string `json:"id"`
	State string `json:"state"` // available, attaching, …
}

// NATGateway is a NAT gateway.
type NATGateway struct {
	ID     string `json:"id"`
	Subnet string `json:"subnet"`
	State  string `json:"state"`          // pending, failed, available, deleting, deleted
	Type   string `json:"type,omitempty"` // public, private
	// PrivateIP is its address in its subnet.
	PrivateIP string `json:"private_ip,omitempty"`
	PublicIP  string `json:"public_ip,omitempty"`
}

// Endpoint is a VPC endpoint.
type Endpoint struct {
	ID string `json:"id"`
	// Service is the full name: com.amazonaws.ap-northeast-1.ssmmessages.
	Service string `json:"service"`
	Type    string `json:"type"` // Interface, Gateway, GatewayLoadBalancer
	// State is as AWS writes it; compare without case (domain.md NET-2).
	State         string   `json:"state"`
	FailureReason string   `json:"failure_reason,omitempty"`
	PrivateDNS    bool     `json:"private_dns,omitempty"`
	Policy        string   `json:"policy,omitempty"`
	Groups        []string `json:"groups,omitempty"`
	Subnets       []string `json:"subnets,omitempty"`
	Interfaces    []string `json:"interfaces,omitempty"`
	RouteTables   []string `json:"route_tables,omitempty"`
	DNSNames      []string `json:"dns_names,omitempty"`
	OwnerID       string   `json:"owner_id,omitempty"`
	// Managed is RequesterManaged: made by another AWS service.
	Managed bool `json:"managed,omitempty"`
}

// Peering is a VPC peering connection, seen from either side.
type Peering struct {
	ID              string   `json:"id"`
	Status          string   `json:"status"` // active, pending-acceptance, …
	RequesterVPC    string   `json:"requester_vpc"`
	RequesterOwner  string   `json:"requester_owner,omitempty"`
	RequesterRegion string   `json:"requester_region,omitempty"`
	RequesterCIDRs  []string `json:"requester_cidrs,omitempty"`
	AccepterVPC     string   `json:"accepter_vpc"`
	AccepterOwner   string   `json:"accepter_owner,omitempty"`
	AccepterRegion  string   `json:"accepter_region,omitempty"`
	AccepterCIDRs   []string `json:"accepter_cidrs,omitempty"`
}
