package estate

import "time"

// Caller is who asks AWS.
type Caller struct {
	Account string `json:"account"`
	ARN     string `json:"arn"`
	UserID  string `json:"user_id,omitempty"`
	// Alias is the account's alias; "" where there is none or it may not be read.
	Alias string `json:"alias,omitempty"`
}

// Instance is one EC2 instance, from DescribeInstances, or rebuilt from the
// RunInstances event when the row is gone or has lost its network.
type Instance struct {
	ID      string `json:"id"`
	OwnerID string `json:"owner_id,omitempty"`
	Name    string `json:"name,omitempty"`
	// State is EC2's word: pending, running, shutting-down, terminated, stopping, stopped.
	State string `json:"state"`
	// StateCode and StateMessage are StateReason ("Client.UserInitiatedShutdown").
	StateCode    string `json:"state_code,omitempty"`
	StateMessage string `json:"state_message,omitempty"`
	// Transition is StateTransitionReason ("User initiated (2026-11-20 15:21:07 GMT)").
	Transition string `json:"transition,omitempty"`
	// Platform is "windows" for Windows, "" for everything else (EC2's field).
	Platform        string    `json:"platform,omitempty"`
	PlatformDetails string    `json:"platform_details,omitempty"`
	UsageOperation  string    `json:"usage_operation,omitempty"`
	Architecture    string    `json:"architecture,omitempty"`
	Hypervisor      string    `json:"hypervisor,omitempty"`
	Type            string    `json:"type,omitempty"`
	ImageID         string    `json:"image_id,omitempty"`
	KeyName         string    `json:"key_name,omitempty"`
	LaunchTime      time.Time `json:"launch_time,omitzero"`
	AZ              string    `json:"az,omitempty"`
	VPC             string    `json:"vpc,omitempty"`
	Subnet          string    `json:"subnet,omitempty"`
	PrivateIP       string    `json:"private_ip,omitempty"`
	PublicIP        string    `json:"public_ip,omitempty"`
	// Interfaces are the attached network interfaces, the primary (device index 0) first.
	Interfaces []Interface `json:"interfaces,omitempty"`
	Groups     []string    `json:"groups,omitempty"`
	// ProfileARN and ProfileID are IamInstanceProfile; "" means none.
	ProfileARN   string            `json:"profile_arn,omitempty"`
	ProfileID    string            `json:"profile_id,omitempty"`
	ProductCodes []ProductCode     `json:"product_codes,omitempty"`
	Tags         map[string]string `json:"tags,omitempty"`
	Metadata     MetadataOptions   `json:"metadata"`
	RootVolume   string            `json:"root_volume,omitempty"`
	// RootAttached is when the root volume was attached: the birth of this machine.
	RootAttached time.Time `json:"root_attached,omitzero"`
}

// ProductCode is a Marketplace or AWS product bound to an instance or image.
type ProductCode struct {
	ID   string `json:"id"`
	Type string `json:"type"`
}

// MetadataOptions are the instance metadata service's settings.
type MetadataOptions struct {
	Endpoint string `json:"endpoint,omitempty"` // enabled, disabled
	Tokens   string `json:"tokens,omitempty"`   // optional, required
	State    string `json:"state,omitempty"`    // pending, applied
	HopLimit int    `json:"hop_limit,omitempty"`
}

// InstanceStatus is DescribeInstanceStatus. EC2's words: ok, impaired,
// initializing, insufficient-data, not-applicable.
type InstanceStatus struct {
	System   string        `json:"system"`
	Instance string        `json:"instance"`
	EBS      string        `json:"ebs,omitempty"`
	Events   []StatusEvent `json:"events,omitempty"`
}

// StatusEvent is a scheduled event of EC2 (a retirement, a reboot).
type StatusEvent struct {
	Code        string    `json:"code"`
	Description string    `json:"description,omitempty"`
	NotBefore   time.Time `json:"not_before,omitzero"`
}

// Elsewhere says in which other regions of the account an id was looked for and found.
type Elsewhere struct {
	Found    []string `json:"found,omitempty"`
	Searched []string `json:"searched"`
	// Failed are regions that could not be read.
	Failed []string `json:"failed,omitempty"`
}

// ProfileBinding is the association of an instance profile with the instance.
type ProfileBinding struct {
	ID         string `json:"id"`
	State      string `json:"state"` // associating, associated, disassociating, disassociated
	ProfileARN string `json:"profile_arn"`
	ProfileID  string `json:"profile_id"`
}

// Password says whether EC2 holds password data. The data itself is dropped by
// the collector.
type Password struct {
	Present bool      `json:"present"`
	Time    time.Time `json:"time,omitzero"`
}

// InstanceType is what matters of DescribeInstanceTypes.
type InstanceType struct {
	Name          string   `json:"name"`
	Hypervisor    string   `json:"hypervisor,omitempty"` // nitro, xen
	BareMetal     bool     `json:"bare_metal,omitempty"`
	Architectures []string `json:"architectures,omitempty"`
}

// Image is an AMI.
type Image struct {
	ID         string    `json:"id"`
	Name       string    `json:"name,omitempty"`
	OwnerID    string    `json:"owner_id,omitempty"`
	OwnerAlias string    `json:"owner_alias,omitempty"` // amazon, aws-marketplace, self; "" for other accounts
	Platform   string    `json:"platform,omitempty"`
	Created    time.Time `json:"created,omitzero"`
	State      string    `json:"state,omitempty"`
	// SourceInstance and SourceImage are the image's parents, where EC2 tells them.
	SourceInstance string        `json:"source_instance,omitempty"`
	SourceImage    string        `json:"source_image,omitempty"`
	SourceRegion   string        `json:"source_region,omitempty"`
	ProductCodes   []ProductCode `json:"product_codes,omitempty"`
	Deprecated     time.Time     `json:"deprecated,omitzero"`
}

// Peer is another instance, with what Systems Manager says of it.
type Peer struct {
	ID         string    `json:"id"`
	Name       string    `json:"name,omitempty"`
	State      string    `json:"state"`
	Platform   string    `json:"platform,omitempty"`
	VPC        string    `json:"vpc,omitempty"`
	Subnet     string    `json:"subnet,omitempty"`
	Groups     []string  `json:"groups,omitempty"`
	ProfileARN string    `json:"profile_arn,omitempty"`
	ImageID    string    `json:"image_id,omitempty"`
	Launched   time.Time `json:"launched,omitzero"`
	// Managed is true where Systems Manager has a row; the rest of the fields are from it.
	Managed      bool      `json:"managed"`
	PingStatus   string    `json:"ping_status,omitempty"`
	LastPing     time.Time `json:"last_ping,omitzero"`
	ComputerName string    `json:"computer_name,omitempty"`
	AgentVersion string    `json:"agent_version,omitempty"`
}

// Peers are other instances.
type Peers struct {
	Peers []Peer `json:"peers"`
	// Complete is false where there were more than monshin reads.
	Complete bool `json:"complete"`
}
