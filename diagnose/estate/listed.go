package estate

import "time"

// Listed is an instance as a list to choose from shows it: one that is there, or
// one that CloudTrail remembers.
type Listed struct {
	ID   string `json:"id"`
	Name string `json:"name,omitempty"`
	// State is EC2's word; "terminated" also where only CloudTrail tells.
	State     string `json:"state"`
	Type      string `json:"type,omitempty"`
	Platform  string `json:"platform,omitempty"`
	PrivateIP string `json:"private_ip,omitempty"`
	// Launched and Terminated are in UTC, zero where not known.
	Launched   time.Time `json:"launched,omitzero"`
	Terminated time.Time `json:"terminated,omitzero"`
}
