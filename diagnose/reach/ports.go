package reach

import (
	"fmt"
	"strconv"
	"strings"
)

// maxPort is the last TCP and UDP port.
const maxPort = 65535

// Ports is a closed range of ports; for ICMP, From is the type and To the code.
type Ports struct{ From, To int }

func (p Ports) String() string {
	if p.From == p.To {
		return strconv.Itoa(p.From)
	}
	return fmt.Sprintf("%d-%d", p.From, p.To)
}

// The ranges from which clients take their own port, into which answers come back.
var (
	// WindowsEphemeral: Windows Server 2008 and later (domain.md NET-7 [V:nacl]).
	WindowsEphemeral = Ports{49152, 65535}
	// NATEphemeral: NAT gateways, Elastic Load Balancing, Lambda (domain.md NET-7 [V:nacl]).
	NATEphemeral = Ports{1024, 65535}
	// LinuxEphemeral: the default of Linux kernels, net.ipv4.ip_local_port_range.
	LinuxEphemeral = Ports{32768, 60999}
)

// spans is a set of ports: sorted, disjoint, not touching.
type spans []Ports

func (s spans) empty() bool { return len(s) == 0 }

// plus adds a range. A range that is upside down adds nothing.
func (s spans) plus(p Ports) spans {
	if p.From > p.To {
		return s
	}
	out := make(spans, 0, len(s)+1)
	for i, q := range s {
		switch {
		case q.To+1 < p.From:
			out = append(out, q)
		case p.To+1 < q.From:
			return append(append(out, p), s[i:]...)
		default:
			p = Ports{min(p.From, q.From), max(p.To, q.To)}
		}
	}
	return append(out, p)
}

// cut returns the part of s inside p.
func (s spans) cut(p Ports) spans {
	var out spans
	for _, q := range s {
		if lo, hi := max(q.From, p.From), min(q.To, p.To); lo <= hi {
			out = append(out, Ports{lo, hi})
		}
	}
	return out
}

// minus returns the part of s outside p.
func (s spans) minus(p Ports) spans {
	if p.From > p.To {
		return s
	}
	var out spans
	for _, q := range s {
		if q.To < p.From || p.To < q.From {
			out = append(out, q)
			continue
		}
		if q.From < p.From {
			out = append(out, Ports{q.From, p.From - 1})
		}
		if p.To < q.To {
			out = append(out, Ports{p.To + 1, q.To})
		}
	}
	return out
}

func (s spans) union(o spans) spans {
	for _, p := range o {
		s = s.plus(p)
	}
	return s
}

// covers reports whether every port of p is in s.
func (s spans) covers(p Ports) bool {
	for _, q := range s {
		if q.From <= p.From && p.To <= q.To {
			return true
		}
	}
	return false
}

func (s spans) String() string {
	parts := make([]string, len(s))
	for i, p := range s {
		parts[i] = p.String()
	}
	return strings.Join(parts, ", ")
}

// The protocol numbers that have names in security-group rules (IANA).
const (
	anyProtocol = -1
	icmp        = 1
	tcp         = 6
	udp         = 17
	icmpv6      = 58
)

// protocol reads a protocol as EC2 writes it: a name, a number, or "-1" for all.
// ok is false for anything else; such a rule matches nothing.
func protocol(s string) (number int, ok bool) {
	switch {
	case s == "-1" || strings.EqualFold(s, "all"):
		return anyProtocol, true
	case s == "6" || strings.EqualFold(s, "tcp"):
		return tcp, true
	case s == "17" || strings.EqualFold(s, "udp"):
		return udp, true
	case strings.EqualFold(s, "icmp"):
		return icmp, true
	case strings.EqualFold(s, "icmpv6"):
		return icmpv6, true
	}
	n, err := strconv.Atoi(s)
	return n, err == nil && n >= 0 && n <= 255
}

// protocolName writes a protocol as people know it.
func protocolName(s string) string {
	n, ok := protocol(s)
	if !ok {
		return s
	}
	switch n {
	case anyProtocol:
		return "all"
	case tcp:
		return "tcp"
	case udp:
		return "udp"
	case icmp:
		return "icmp"
	case icmpv6:
		return "icmpv6"
	}
	return "protocol " + s
}

// Port is what is asked for: a protocol ("tcp", "udp", "icmp", "icmpv6" or a
// number) and a range of ports, usually of one.
type Port struct {
	Protocol string
	From, To int
}

// TCP is one TCP port.
func TCP(port int) Port { return Port{"tcp", port, port} }

// UDP is one UDP port.
func UDP(port int) Port { return Port{"udp", port, port} }

func (p Port) String() string { return protocolName(p.Protocol) + "/" + p.ports().String() }

func (p Port) ports() Ports { return Ports{p.From, p.To} }

// rulePorts turns a rule's protocol and ports into the ports of the asked protocol
// that it speaks of. ok is false where the rule is about another protocol or its
// numbers make no sense.
func rulePorts(asked Port, proto string, from, to int) (Ports, bool) {
	want, known := protocol(asked.Protocol)
	got, parsed := protocol(proto)
	if !known || !parsed {
		return Ports{}, false
	}
	switch {
	case got == anyProtocol:
		return Ports{0, maxPort}, true
	case got != want:
		return Ports{}, false
	case want == icmp || want == icmpv6:
		// A rule names a type and a code, or -1 for all of them.
		if from == -1 || from == asked.From && (to == -1 || to == asked.To) {
			return asked.ports(), true
		}
		return Ports{}, false
	case want != tcp && want != udp:
		return asked.ports(), true // other protocols have no ports
	case from == -1 && to == -1:
		return Ports{0, maxPort}, true
	}
	p := Ports{max(from, 0), min(to, maxPort)}
	return p, p.From <= p.To
}
