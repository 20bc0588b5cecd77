// Package types holds the shapes of License Manager user-based subscriptions, API
// 2018-05-10. Names and pointers follow the rules of the AWS SDK for Go v2, so that
// the official module can take this package's place without a change elsewhere.
//
// Source: the service model of License Manager user-based subscriptions
// (https://docs.aws.amazon.com/license-manager-user-subscriptions/latest/APIReference/).
package types

// ActiveDirectoryType says who runs an Active Directory.
type ActiveDirectoryType string

// The values of ActiveDirectoryType known so far.
const (
	ActiveDirectoryTypeSelfManaged ActiveDirectoryType = "SELF_MANAGED"
	ActiveDirectoryTypeAwsManaged  ActiveDirectoryType = "AWS_MANAGED"
)

// LicenseServerEndpointProvisioningStatus says how far a licence server came.
type LicenseServerEndpointProvisioningStatus string

// The values of LicenseServerEndpointProvisioningStatus known so far.
const (
	LicenseServerEndpointProvisioningStatusProvisioning       LicenseServerEndpointProvisioningStatus = "PROVISIONING"
	LicenseServerEndpointProvisioningStatusProvisioningFailed LicenseServerEndpointProvisioningStatus = "PROVISIONING_FAILED"
	LicenseServerEndpointProvisioningStatusProvisioned        LicenseServerEndpointProvisioningStatus = "PROVISIONED"
	LicenseServerEndpointProvisioningStatusDeleting           LicenseServerEndpointProvisioningStatus = "DELETING"
	LicenseServerEndpointProvisioningStatusDeletionFailed     LicenseServerEndpointProvisioningStatus = "DELETION_FAILED"
	LicenseServerEndpointProvisioningStatusDeleted            LicenseServerEndpointProvisioningStatus = "DELETED"
)

// LicenseServerHealthStatus is the health of one licence server.
type LicenseServerHealthStatus string

// The values of LicenseServerHealthStatus known so far.
const (
	LicenseServerHealthStatusHealthy       LicenseServerHealthStatus = "HEALTHY"
	LicenseServerHealthStatusUnhealthy     LicenseServerHealthStatus = "UNHEALTHY"
	LicenseServerHealthStatusNotApplicable LicenseServerHealthStatus = "NOT_APPLICABLE"
)

// ServerType is the kind of a licence server.
type ServerType string

// ServerTypeRdsSal is the only server type known so far.
const ServerTypeRdsSal ServerType = "RDS_SAL"

// ActiveDirectoryIdentityProvider names an Active Directory.
type ActiveDirectoryIdentityProvider struct {
	ActiveDirectorySettings *ActiveDirectorySettings
	ActiveDirectoryType     ActiveDirectoryType
	// DirectoryId is d-… or, for a shared directory, sd-….
	DirectoryId             *string
	IsSharedActiveDirectory *bool
}

// ActiveDirectorySettings says how a self-managed Active Directory is reached.
// The credentials provider of the API is left out: monshin never needs it.
type ActiveDirectorySettings struct {
	DomainIpv4List        []string
	DomainIpv6List        []string
	DomainName            *string
	DomainNetworkSettings *DomainNetworkSettings
}

// DomainNetworkSettings are the subnets used for an Active Directory.
type DomainNetworkSettings struct {
	Subnets []string
}

// Filter narrows a list. What values Operation takes is documented in two
// contradicting ways, so lists are better filtered after reading.
type Filter struct {
	Attribute *string
	Operation *string
	Value     *string
}

// IdentityProvider is a union; *IdentityProviderMemberActiveDirectoryIdentityProvider
// is its only known member, and *UnknownUnionMember stands for any other.
type IdentityProvider interface {
	isIdentityProvider()
}

// IdentityProviderMemberActiveDirectoryIdentityProvider is the Active Directory
// member of IdentityProvider.
type IdentityProviderMemberActiveDirectoryIdentityProvider struct {
	Value ActiveDirectoryIdentityProvider
}

func (*IdentityProviderMemberActiveDirectoryIdentityProvider) isIdentityProvider() {}

// UnknownUnionMember is a member of a union that this client does not know.
type UnknownUnionMember struct {
	Tag   string
	Value []byte
}

func (*UnknownUnionMember) isIdentityProvider() {}

// Settings are where a product's activation endpoints stand.
type Settings struct {
	// SecurityGroupId should admit TCP 1688 from the instances.
	SecurityGroupId *string
	Subnets         []string
}

// IdentityProviderSummary is a directory registered for a product.
type IdentityProviderSummary struct {
	IdentityProvider    IdentityProvider
	Product             *string
	Settings            *Settings
	Status              *string
	FailureMessage      *string
	IdentityProviderArn *string
	OwnerAccountId      *string
}

// InstanceSummary is an instance that provides user-based subscriptions.
type InstanceSummary struct {
	InstanceId          *string
	Products            []string
	Status              *string
	IdentityProvider    IdentityProvider
	LastStatusCheckDate *string
	OwnerAccountId      *string
	StatusMessage       *string
}

// InstanceUserSummary is a user associated with an instance.
type InstanceUserSummary struct {
	IdentityProvider   IdentityProvider
	InstanceId         *string
	Status             *string
	Username           *string
	AssociationDate    *string
	DisassociationDate *string
	Domain             *string
	InstanceUserArn    *string
	StatusMessage      *string
}

// ProductUserSummary is one user's subscription to one product.
type ProductUserSummary struct {
	IdentityProvider      IdentityProvider
	Product               *string
	Status                *string
	Username              *string
	Domain                *string
	ProductUserArn        *string
	StatusMessage         *string
	SubscriptionEndDate   *string
	SubscriptionStartDate *string
}

// LicenseServer is one Remote Desktop Services licence server.
type LicenseServer struct {
	HealthStatus       LicenseServerHealthStatus
	Ipv4Address        *string
	Ipv6Address        *string
	ProvisioningStatus LicenseServerEndpointProvisioningStatus
}

// ServerEndpoint is the network address of a licence server endpoint.
type ServerEndpoint struct {
	Endpoint *string
}

// LicenseServerEndpoint is an endpoint in front of licence servers.
type LicenseServerEndpoint struct {
	IdentityProviderArn                     *string
	LicenseServerEndpointArn                *string
	LicenseServerEndpointId                 *string
	LicenseServerEndpointProvisioningStatus LicenseServerEndpointProvisioningStatus
	LicenseServers                          []LicenseServer
	ServerEndpoint                          *ServerEndpoint
	ServerType                              ServerType
	StatusMessage                           *string
}
