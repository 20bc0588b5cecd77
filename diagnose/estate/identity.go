package estate

import "time"

// InstanceProfile is an IAM instance profile and the role in it.
type InstanceProfile struct {
	Name string `json:"name"`
	ARN  string `json:"arn"`
	ID   string `json:"id"`
	// Role is the role's name, "" where the profile is empty (AWS allows one role at most).
	Role    string `json:"role,omitempty"`
	RoleARN string `json:"role_arn,omitempty"`
}

// Role is an IAM role.
type Role struct {
	Name string `json:"name"`
	ARN  string `json:"arn"`
	Path string `json:"path,omitempty"`
	ID   string `json:"id,omitempty"`
	// Trust is the trust policy, URL-decoded.
	Trust       string `json:"trust"`
	BoundaryARN string `json:"boundary_arn,omitempty"`
}

// PolicyText is one policy document as IAM or an endpoint holds it, decoded but
// not parsed: what does not parse must be shown, not lost.
type PolicyText struct {
	Name string `json:"name"`
	// ARN is "" for inline policies.
	ARN     string `json:"arn,omitempty"`
	Version string `json:"version,omitempty"`
	JSON    string `json:"json"`
}

// RolePolicies are the permission policies of a role. A policy whose text could
// not be read stands in Unread with the reason, so that the judgement stays open.
type RolePolicies struct {
	Attached []PolicyText `json:"attached,omitempty"`
	Inline   []PolicyText `json:"inline,omitempty"`
	Unread   []Unread     `json:"unread,omitempty"`
}

// RoleProfiles are the instance profiles that hold a role: what a change of the role
// reaches.
type RoleProfiles struct {
	// Names are the profiles' names, in order.
	Names []string `json:"names"`
	// Complete is false where there were more than monshin reads.
	Complete bool `json:"complete"`
}

// Unread is a piece that exists but could not be read.
type Unread struct {
	Name   string `json:"name"`
	Action string `json:"action"`
	Reason string `json:"reason"` // a fact.Reason
	Detail string `json:"detail,omitempty"`
}

// HostManagement is the account's Default Host Management setting in the region.
// Role is the role's name with its path, without a leading slash; "" means off.
type HostManagement struct {
	Role string `json:"role,omitempty"`
}

// Simulation is what SimulatePrincipalPolicy said. AWS warns that it can differ
// from reality, so it is extra evidence and never decides.
type Simulation struct {
	Results []SimulatedAction `json:"results"`
}

// SimulatedAction is the simulator's answer about one action.
type SimulatedAction struct {
	Action   string `json:"action"`
	Decision string `json:"decision"` // allowed, explicitDeny, implicitDeny
	// Organizations is "allowed", "denied" or "" where the simulator did not say.
	Organizations string `json:"organizations,omitempty"`
	Boundary      string `json:"boundary,omitempty"`
}

// ManagedNode is Systems Manager's row of the instance.
type ManagedNode struct {
	ID           string    `json:"id"`
	PingStatus   string    `json:"ping_status"` // Online, ConnectionLost, Inactive
	LastPing     time.Time `json:"last_ping,omitzero"`
	AgentVersion string    `json:"agent_version,omitempty"`
	Platform     string    `json:"platform,omitempty"` // Windows, Linux, MacOS
	PlatformName string    `json:"platform_name,omitempty"`
	PlatformVer  string    `json:"platform_version,omitempty"`
	ComputerName string    `json:"computer_name,omitempty"`
	IPAddress    string    `json:"ip_address,omitempty"`
	SourceType   string    `json:"source_type,omitempty"`
	IAMRole      string    `json:"iam_role,omitempty"`
}

// Connection is the state of the Session Manager channel: connected, notconnected.
type Connection struct {
	Status string `json:"status"`
}
