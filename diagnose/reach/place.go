package reach

import (
	"net/netip"
	"slices"

	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/lang"
)

// place is the other end of a flow as a rule sees it: an address or a block, the
// public internet, or an address that is not known.
type place struct {
	block  netip.Prefix
	public bool
	// anywhere stands for some destination, whichever: a rule about any will do.
	anywhere bool
	// why is the reason where the address is not known.
	why fact.Why
	// groups are the security groups of that end; groupsOpen says that they are not known.
	groups     []string
	groupsOpen bool
}

func single(a netip.Addr) netip.Prefix {
	a = a.Unmap()
	return netip.PrefixFrom(a, a.BitLen())
}

// name writes the place as a rule's text shows it.
func (p place) name() lang.Text {
	switch {
	case p.anywhere:
		return lang.Both("anywhere", "すべて")
	case p.public:
		return lang.Both("the internet", "インターネット")
	case !p.block.IsValid():
		return lang.Both("an unknown address", "IP アドレス不明")
	case p.block.IsSingleIP():
		return lang.Same(p.block.Addr().String())
	}
	return lang.Same(p.block.String())
}

// in tells whether the whole place lies in c. Unknown where only a part does, or
// where it cannot be told.
func (p place) in(c netip.Prefix) Verdict {
	c = plain(c)
	if !c.IsValid() {
		return No
	}
	switch {
	case p.anywhere:
		return Yes
	case p.public:
		// AWS's public service addresses are IPv4 unless a dual-stack name is used
		// (domain.md NET-8), and they are in nobody's private range.
		if c.Addr().Is6() || private(c) {
			return No
		}
		if c.Bits() == 0 {
			return Yes
		}
		return Unknown
	case !p.block.IsValid():
		if c.Bits() == 0 && c.Addr().Is4() {
			return Yes
		}
		return Unknown
	case c.Addr().BitLen() != p.block.Addr().BitLen():
		return No
	case c.Bits() <= p.block.Bits() && c.Contains(p.block.Addr()):
		return Yes
	case c.Overlaps(p.block):
		return Unknown
	}
	return No
}

// open says why in could not tell.
func (p place) open() fact.Why {
	switch {
	case p.public:
		return fact.Why{Reason: fact.NotModelled, Detail: "a rule for a part of the public address space"}
	case !p.block.IsValid():
		return p.why
	}
	return fact.Why{Reason: fact.NeedsAnswer, Blocker: "from", Detail: p.block.String()}
}

// plain unmaps an IPv4 block that is written as IPv6, and drops host bits.
func plain(c netip.Prefix) netip.Prefix {
	if a := c.Addr(); a.Is4In6() && c.Bits() >= 96 {
		c = netip.PrefixFrom(a.Unmap(), c.Bits()-96)
	}
	return c.Masked()
}

// block reads a CIDR of a rule; a bare address is a block of one.
func block(s string) (netip.Prefix, bool) {
	if c, err := netip.ParsePrefix(s); err == nil {
		return plain(c), true
	}
	if a, err := netip.ParseAddr(s); err == nil && a.Zone() == "" {
		return single(a), true
	}
	return netip.Prefix{}, false
}

// private reports whether c lies wholly in a range that the internet does not
// route: RFC 1918, RFC 6598, link-local and loopback.
func private(c netip.Prefix) bool {
	return slices.ContainsFunc(privateRanges(), func(r netip.Prefix) bool {
		return r.Bits() <= c.Bits() && r.Contains(c.Addr())
	})
}

func privateRanges() []netip.Prefix {
	return []netip.Prefix{
		netip.PrefixFrom(netip.AddrFrom4([4]byte{10}), 8),
		netip.PrefixFrom(netip.AddrFrom4([4]byte{172, 16}), 12),
		netip.PrefixFrom(netip.AddrFrom4([4]byte{192, 168}), 16),
		netip.PrefixFrom(netip.AddrFrom4([4]byte{100, 64}), 10),
		netip.PrefixFrom(netip.AddrFrom4([4]byte{169, 254}), 16),
		netip.PrefixFrom(netip.AddrFrom4([4]byte{127}), 8),
	}
}

// Private reports whether an address lies in a range that the internet does not route.
func Private(a netip.Addr) bool { return a.IsValid() && private(single(a)) }
