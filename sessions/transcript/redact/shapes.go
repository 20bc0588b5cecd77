package redact

import (
	"net/netip"
	"regexp"
	"strings"
	"sync"

	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/reach"
)

// forms are what values look like where no field told of them. Each has a name,
// which is how classify knows it.
var forms = strings.Join([]string{
	`(?P<arn>\barn:aws[\w-]*:[\w-]*:[\w-]*:(?:\d{12}|aws)?:[^\s"',;<>()\[\]{}、。（）「」]+)`,
	`(?P<vpce>\bvpce-[0-9a-f]{8,17}-[\w.-]+)`,
	`(?P<finding>\b(?:CODES)@)`,
	`(?P<mail>[\w.+-]+@[\w-]+(?:\.[\w-]+)+)`,
	`(?P<sid>\bS-1-(?:5-21|12-1)(?:-\d+){3,5}\b)`,
	`(?P<uuid>\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b)`,
	`(?P<rdn>\b(?:OU|CN|DC|ou|cn|dc)=[^,;"\s/\\]+)`,
	`(?P<home>(?:/home/|/Users/|[A-Za-z]:\\Users\\|[A-Za-z]:\\\\Users\\\\)[^\s"':;,<>、。（）]+)`,
	`(?P<unc>\\\\[\w.-]+(?:\\[\w.$-]+)*)`,
	`(?P<login>\b[A-Za-z][\w.-]{0,62}\\[A-Za-z0-9][\w.-]*)`,
	`(?P<unique>\b(?:AROA|AIDA|AIPA|ANPA|ASCA|AGPA)[A-Z0-9]{12,}\b)`,
	`(?P<id>\b[a-z]{1,10}(?:-[a-z]{2,8}){0,2}-[0-9a-f]{8,17}\b)`,
	`(?P<v6>\b[0-9a-fA-F]{0,4}(?::[0-9a-fA-F]{0,4}){2,7}(?:/\d{1,3})?)`,
	`(?P<v4>\b\d{1,3}(?:\.\d{1,3}){3}(?:/\d{1,2})?\b)`,
	`(?P<account>\b\d{12}\b)`,
	`(?P<dns>\b[A-Za-z0-9_](?:[\w-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[\w-]*[A-Za-z0-9])?)+\.?)`,
	`(?P<ec2>\b(?:(?:EC2AMAZ|WIN)-[0-9A-Za-z-]{7,}|(?i:ip)-(?:[0-9A-Fa-f]{8}|\d{1,3}(?:-\d{1,3}){3}))\b)`,
}, "|")

// searches are the forms, compiled: anywhere finds one in a text, whole matches one
// from end to end, homes finds those of the operator's machine only.
type searches struct{ anywhere, whole, homes *regexp.Regexp }

// compiled is made when somebody first redacts: a start of monshin must not wait for it.
var compiled = sync.OnceValue(func() searches {
	var codes []string
	for _, c := range finding.Names() {
		codes = append(codes, regexp.QuoteMeta(string(c)))
	}
	all := strings.Replace(forms, "CODES", strings.Join(codes, "|"), 1)
	return searches{regexp.MustCompile(all), regexp.MustCompile(`^(?:` + all + `)$`), regexp.MustCompile(`(?P<home>(?:/home/|/Users/)[^\s"':;,<>、。（）]+)`)}
})

// marks are the characters of which every form has one: most sentences have none.
const marks = `0123456789\@=/.:`

// endings of names that are AWS's or the world's own, and of file names that the
// shape of a host name catches too.
var openNames = regexp.MustCompile(`(?i)(?:^|\.)(?:amazonaws\.com(?:\.cn)?|amazon\.com|aws|microsoft\.com|windows\.com|windowsupdate\.com)\.?$`)

// domainEnds are the last labels of names of customers' own: what else has dots in
// it is a version, a file, a code of monshin's or a property.
var domainEnds = regexp.MustCompile(`(?i)\.(?:local|internal|lan|corp|home|intra|intranet|private|test|example|invalid|localdomain|ad|com|net|org|info|biz|dev|io|app|cloud|co|jp|us|uk|de|fr|eu|cn|kr|tw|sg|in|au|ca|nz|asia|tokyo|tech|xyz|work|page|site)\.?$`)

// classify tells what a match of shapes is; "" where it is nothing.
func classify(shape, s string) Class {
	switch shape {
	case "arn":
		return ARN
	case "mail", "login":
		return User
	case "sid", "unique":
		return Machine
	case "uuid":
		return Request
	case "rdn":
		if strings.EqualFold(s[:2], "dc") {
			return Domain
		}
		return Unit
	case "home":
		return Path
	case "finding":
		return "" // what follows is looked at by itself
	case "unc", "ec2", "vpce":
		return Host
	case "id":
		if !strings.ContainsAny(s[strings.LastIndexByte(s, '-'):], "0123456789") {
			return "" // "dead-facade" is a word, and every id has a figure
		}
		return Resource
	case "v4", "v6":
		return addressClass(s)
	case "account":
		return Account
	case "dns":
		switch {
		case strings.HasPrefix(s, "vpce-") || strings.Contains(s, ".compute.") || strings.HasPrefix(s, "ec2-"):
			return Host
		case openNames.MatchString(s) || !domainEnds.MatchString(s) || !strings.ContainsAny(s[strings.LastIndexByte(strings.TrimSuffix(s, "."), '.'):], letters):
			return ""
		}
		return Domain
	}
	return ""
}

const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

// addressClass tells whether an address or a block is somebody's: Plain for what is
// the same in every network, "" for what is none.
func addressClass(s string) Class {
	s = strings.TrimSpace(s)
	var a netip.Addr
	bits := -1
	if p, err := netip.ParsePrefix(s); err == nil {
		a, bits = p.Addr(), p.Bits()
	} else if a, err = netip.ParseAddr(s); err != nil {
		if ap, err := netip.ParseAddrPort(s); err == nil {
			a = ap.Addr()
		} else {
			return ""
		}
	}
	a = a.Unmap()
	switch {
	case bits == 0, a.IsUnspecified(), a.IsLoopback(), a.IsLinkLocalUnicast(), a.IsMulticast():
		return Plain
	case strings.HasPrefix(a.String(), "fd00:ec2::"):
		return Plain // AWS's own services: metadata, DNS, time
	case wide(a, bits):
		return Plain
	case reach.Private(a) || a.Is6() && a.IsPrivate():
		return Address
	}
	return Internet
}

// wide are the blocks of RFC 1918 and 6598 as a whole: everybody has them.
func wide(a netip.Addr, bits int) bool {
	if bits < 0 {
		return false
	}
	switch netip.PrefixFrom(a, bits).Masked().String() {
	case "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7":
		return true
	}
	return false
}
