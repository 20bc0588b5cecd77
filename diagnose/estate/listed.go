package estate

import "time"

// Listed is one row of the list that an operator picks an instance from. It is no
// part of an estate: nothing is judged by it.
type Listed struct {
	ID        string
	Name      string
	State     string // EC2's word
	Type      string
	Platform  string
	PrivateIP string
	Launched  time.Time
	// Terminated is when the instance was ended, zero for a living one.
	Terminated time.Time
}
