package estate

import "time"

// DHCPOptions is a DHCP option set.
type DHCPOptions struct {
	ID string `json:"id"`
	// DNSServers holds addresses, or the word AmazonProvidedDNS.
	DNSServers []string `json:"dns_servers,omitempty"`
	DomainName string   `json:"domain_name,omitempty"`
	NTPServers []string `json:"ntp_servers,omitempty"`
}

// ResolverAssociation binds a Resolver rule to a VPC.
type ResolverAssociation struct {
	ID     string `json:"id"`
	Rule   string `json:"rule"`
	VPC    string `json:"vpc"`
	Status string `json:"status"` // CREATING, COMPLETE, DELETING, FAILED, OVERRIDDEN
}

// ResolverRule is a Route 53 Resolver rule.
type ResolverRule struct {
	ID     string `json:"id"`
	Name   string `json:"name,omitempty"`
	Type   string `json:"type"`   // FORWARD, SYSTEM, RECURSIVE, DELEGATE
	Domain string `json:"domain"` // with or without a trailing dot
	Status string `json:"status"` // COMPLETE, DELETING, UPDATING, FAILED
	// Targets are where queries go, "ip:port".
	Targets  []string `json:"targets,omitempty"`
	Endpoint string   `json:"endpoint,omitempty"`
	OwnerID  string   `json:"owner_id,omitempty"`
}

// ResolverEndpoint is a Resolver endpoint.
type ResolverEndpoint struct {
	ID        string   `json:"id"`
	Direction string   `json:"direction"` // OUTBOUND, INBOUND
	Status    string   `json:"status"`    // OPERATIONAL, …
	VPC       string   `json:"vpc,omitempty"`
	Groups    []string `json:"groups,omitempty"`
}

// Directory is a directory of AWS Directory Service.
type Directory struct {
	ID    string `json:"id"`
	Name  string `json:"name"` // the domain's FQDN
	Short string `json:"short,omitempty"`
	Type  string `json:"type"`  // MicrosoftAD, SharedMicrosoftAD, SimpleAD, ADConnector
	Stage string `json:"stage"` // Active, …
	VPC   string `json:"vpc,omitempty"`
	// Subnets and Group are VpcSettings (ConnectSettings for a connector).
	Subnets []string `json:"subnets,omitempty"`
	Group   string   `json:"group,omitempty"`
	// DNS are the addresses that answer for the domain: for a shared directory the
	// owner's, for a connector those of the self-managed domain.
	DNS     []string `json:"dns,omitempty"`
	OwnerID string   `json:"owner_id,omitempty"`
}

// DomainController is one controller of a Managed Microsoft AD.
type DomainController struct {
	ID     string `json:"id"`
	IP     string `json:"ip"`
	Status string `json:"status"` // Active, Creating, Impaired, …
	AZ     string `json:"az,omitempty"`
	Subnet string `json:"subnet,omitempty"`
	VPC    string `json:"vpc,omitempty"`
}

// IdentityProvider is a directory registered with License Manager for a product.
type IdentityProvider struct {
	Directory     string   `json:"directory,omitempty"` // d-… or sd-…
	Type          string   `json:"type,omitempty"`      // AWS_MANAGED, SELF_MANAGED
	Domain        string   `json:"domain,omitempty"`
	Product       string   `json:"product"`
	Status        string   `json:"status"` // free text of AWS, verbatim
	Failure       string   `json:"failure,omitempty"`
	Subnets       []string `json:"subnets,omitempty"`
	SecurityGroup string   `json:"security_group,omitempty"`
	OwnerID       string   `json:"owner_id,omitempty"`
	ARN           string   `json:"arn,omitempty"`
}

// LicensedInstance is License Manager's row of an instance.
type LicensedInstance struct {
	ID          string    `json:"id"`
	Status      string    `json:"status"` // free text of AWS, verbatim
	Message     string    `json:"message,omitempty"`
	Products    []string  `json:"products,omitempty"`
	LastChecked time.Time `json:"last_checked,omitzero"`
	Directory   string    `json:"directory,omitempty"`
}

// UserSubscription is one user's subscription to one product.
type UserSubscription struct {
	User    string    `json:"user"`
	Domain  string    `json:"domain,omitempty"`
	Product string    `json:"product"`
	Status  string    `json:"status"`
	Message string    `json:"message,omitempty"`
	Started time.Time `json:"started,omitzero"`
	Ended   time.Time `json:"ended,omitzero"`
}

// UserAssociation binds a user to an instance.
type UserAssociation struct {
	User     string `json:"user"`
	Domain   string `json:"domain,omitempty"`
	Instance string `json:"instance"`
	Status   string `json:"status"`
	Message  string `json:"message,omitempty"`
}

// LicenseServer is a Remote Desktop Services licence server endpoint.
type LicenseServer struct {
	// Directory is the directory's id where the provider's ARN tells it.
	Directory string `json:"directory,omitempty"`
	// Provider is the ARN of the IdentityProvider that it belongs to.
	Provider     string              `json:"provider,omitempty"`
	Endpoint     string              `json:"endpoint,omitempty"`
	Provisioning string              `json:"provisioning"`
	Message      string              `json:"message,omitempty"`
	Servers      []LicenseServerNode `json:"servers,omitempty"`
}

// LicenseServerNode is one host behind a licence server endpoint.
type LicenseServerNode struct {
	Address      string `json:"address,omitempty"`
	Provisioning string `json:"provisioning,omitempty"`
	Health       string `json:"health,omitempty"`
}
