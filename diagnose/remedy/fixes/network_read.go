package fixes

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/reach"
	"github.com/monshin/monshin/diagnose/remedy"
)

// need reads a part without which the plan cannot be written. ok is false where it
// is missing (it is then wanted), unknown or absent; the fix returns.
func need[T any](b *remedy.Builder, k estate.Kind[T], id string) (v T, ok bool) {
	f := k.Of(b.View(), id)
	switch {
	case f.IsKnown():
		return f.Value(), true
	case f.IsAbsent():
		b.Refuse("%s does not exist, or belongs to another account", "%s が存在しない、または他アカウントの所有", k.Key(id).String())
	default:
		b.Unread(k.Key(id), f.Why())
	}
	return v, false
}

// patient reads the instance, dead or alive.
func patient(b *remedy.Builder) (estate.Instance, bool) {
	f := b.Instance()
	i, known := f.Get()
	if !known {
		b.Unread(estate.InstancePart.Key(b.Target().InstanceID), f.Why())
	}
	return i, known
}

// living reads the instance and refuses where there is none any more to be changed.
func living(b *remedy.Builder) (estate.Instance, bool) {
	i, ok := patient(b)
	if ok && (i.State == "terminated" || i.State == "shutting-down") {
		b.Refuse("the instance is terminated; there is nothing left to change on it", "インスタンスは終了済み（terminated）のため変更対象なし")
		return i, false
	}
	return i, ok
}

// own reads a VPC and refuses where it is another account's.
func own(b *remedy.Builder, id string) (estate.VPC, bool) {
	v, ok := need(b, estate.VPCPart, id)
	if ok && v.OwnerID != "" && b.Target().Account != "" && v.OwnerID != b.Target().Account {
		b.Refuse("%s belongs to the account %s, which has to change it", "%s はアカウント %s の所有のため、所有者側での変更が必要", id, v.OwnerID)
		return v, false
	}
	return v, ok
}

// blocks are the IPv4 blocks of a VPC, the primary first.
func blocks(v estate.VPC) []string {
	out := []string{v.CIDR}
	for _, c := range v.CIDRs {
		if !slices.Contains(out, c) {
			out = append(out, c)
		}
	}
	return slices.DeleteFunc(out, func(s string) bool { _, err := netip.ParsePrefix(s); return err != nil })
}

// lastName is what stands behind the last slash of an ARN.
func lastName(s string) string { return s[strings.LastIndexByte(s, '/')+1:] }

// shortService is the last word of an endpoint service's name: "ssm".
func shortService(name string) string { return name[strings.LastIndexByte(name, '.')+1:] }

// sideOf is the instance as an end of a network path: its primary interface.
func sideOf(b *remedy.Builder, i estate.Instance) reach.Side {
	s := reach.Side{Label: i.ID, VPC: i.VPC, Subnet: i.Subnet, Groups: i.Groups, Account: b.Target().Account}
	if s.Account == "" {
		s.Account = i.OwnerID
	}
	addresses := []string{i.PrivateIP}
	if len(i.Interfaces) > 0 {
		if len(i.Interfaces[0].Groups) > 0 {
			s.Groups = i.Interfaces[0].Groups
		}
		addresses = append(addresses, i.Interfaces[0].IPv6s...)
	}
	for _, text := range addresses {
		if a, err := netip.ParseAddr(text); err == nil {
			s.IPs = append(s.IPs, a)
		}
	}
	s.Public = fact.Absent[netip.Addr](fact.Origin{Source: fact.API})
	if a, err := netip.ParseAddr(i.PublicIP); err == nil {
		s.Public = fact.Known(a, fact.Origin{Source: fact.API})
	}
	return s
}

// subnetCIDR is the IPv4 block of a subnet, "" where it is not listed.
func subnetCIDR(subnets []estate.Subnet, id string) string {
	i := slices.IndexFunc(subnets, func(s estate.Subnet) bool { return s.ID == id })
	if i < 0 {
		return ""
	}
	if _, err := netip.ParsePrefix(subnets[i].CIDR); err != nil {
		return ""
	}
	return subnets[i].CIDR
}

// onePerZone picks one subnet for each Availability Zone among those that fit, the
// first by id, in the order of the zones.
func onePerZone(subnets []estate.Subnet, fits func(estate.Subnet) bool) []estate.Subnet {
	by := map[string]estate.Subnet{}
	for _, s := range subnets {
		if old, taken := by[s.AZ]; fits(s) && (!taken || s.ID < old.ID) {
			by[s.AZ] = s
		}
	}
	var out []estate.Subnet
	for _, s := range by {
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b estate.Subnet) int {
		if c := strings.Compare(a.AZ, b.AZ); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	return out
}

func ids(subnets []estate.Subnet) []string {
	out := make([]string, len(subnets))
	for i, s := range subnets {
		out[i] = s.ID
	}
	return out
}

// anys turns a list into what Call.Input holds.
func anys[T any](list []T) []any {
	out := make([]any, len(list))
	for i, v := range list {
		out[i] = v
	}
	return out
}

// tagged is the TagSpecifications of something that monshin makes, with its name;
// the run adds the tag by which the step is found again.
func tagged(resource, name string) []any {
	return []any{map[string]any{"ResourceType": resource, "Tags": []any{map[string]any{"Key": "Name", "Value": name}}}}
}

// labelled is the Tags parameter of the services that have no TagSpecifications.
func labelled(name string) []any {
	return []any{map[string]any{"Key": "Name", "Value": name}}
}
