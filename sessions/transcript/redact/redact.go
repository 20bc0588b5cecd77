package redact

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/monshin/monshin/diagnose/cloud"
	"github.com/monshin/monshin/diagnose/estate"
)

// Redactor rewrites values for one reader. It is made for one export: what gets a
// token gets the same token wherever it stands in it. It is not safe for concurrent use.
type Redactor struct {
	reader Reader
	// known are values that fields gave away, in small letters, with their class.
	known map[string]Class
	// plain are values that identify nobody; free are sentences that were read.
	plain map[string]bool
	free  []string
	// starts lists the known values by their first letter, the longest first; nil
	// until somebody looks.
	starts map[rune][]string
	tokens map[string]string
	counts map[string]int
	place  string
	report map[entry]*tally
	// same are texts in which nothing was found: a record says many things often.
	same map[string]bool
}

type entry struct {
	place string
	class Class
}

type tally struct {
	times  int
	values map[string]bool
}

// New makes a redactor that knows nothing yet.
func New(r Reader) *Redactor {
	if r == "" {
		r = Internal
	}
	return &Redactor{reader: r, known: map[string]Class{}, plain: map[string]bool{}, tokens: map[string]string{},
		counts: map[string]int{}, report: map[entry]*tally{}, same: map[string]bool{}}
}

// Reader is for whom it works.
func (r *Redactor) Reader() Reader { return r.reader }

// In names the part of the export that is being rewritten, for the report.
func (r *Redactor) In(place string) { r.place = place }

// common are words that stand in the fields of every account and name nobody's.
var common = []string{
	"administrator", "guest", "system", "defaultaccount", "wdagutilityaccount", "ssm-user", "ec2-user", "krbtgt", "root", "everyone",
	"nt authority", "builtin", `authority\system`, `builtin\administrators`, `builtin\users`, "workgroup", "default", "windows", "linux", "amazonprovideddns", "amazon", "aws", "local", "none", "null",
	"true", "false", "yes", "no", "name", "test", "prod", "production", "dev", "development", "staging", "unknown", "instance", "server",
	"role", "group", "user", "domain", "host", "account", "subnet", "vpc", "endpoint", "policy", "default route", "all", "any", "tcp", "udp",
	"ssm", "ssmmessages", "ec2messages", "rdp", "dns", "ec2", "office", "license manager", "allow", "deny", "ok",
}

// fixed reports whether a value is AWS's own or everybody's, whatever its field.
func (r *Redactor) fixed(s string) bool {
	small := strings.ToLower(strings.TrimSpace(s))
	return small == "" || small == "-" || slices.Contains(common, small) || strings.HasPrefix(small, "awsservicerolefor") ||
		strings.HasPrefix(small, "aws-service-role/") || strings.HasPrefix(small, "amazonssm") || strings.HasPrefix(small, "aws-") ||
		strings.HasPrefix(small, "arn:aws:iam::aws:") || strings.HasSuffix(small, ".amazonaws.com") && !strings.HasPrefix(small, "vpce-") && !strings.Contains(small, ".compute.")
}

// Learn notes a value of a field, so that it is found in sentences too.
func (r *Redactor) Learn(c Class, s string) {
	s = strings.TrimSpace(s)
	if s == "" {
		return
	}
	c = refine(c, s)
	r.starts = nil
	clear(r.same)
	switch c {
	case Plain:
		r.plain[strings.ToLower(s)] = true
		return
	case Free:
		for line := range strings.Lines(s) {
			// Shorter ones are words that stand elsewhere too.
			if line = strings.TrimSpace(line); utf8.RuneCountInString(line) >= 8 {
				r.free = append(r.free, line)
			}
		}
		return
	case Sweep:
		return
	case At:
		if kind, id, ok := strings.Cut(s, ":"); ok && isKind(kind) {
			s = id
		}
		if s, _, _ = strings.Cut(s, "#"); idForm.MatchString(s) {
			r.remember(Resource, s)
		}
		return
	case ARN, Own:
		r.learnARN(c, s)
		return
	case User:
		// DOMAIN\name and name@domain tell both.
		if d, u, ok := strings.Cut(s, `\`); ok {
			r.Learn(Domain, d)
			r.Learn(User, u)
			return
		}
		if u, d, ok := strings.Cut(s, "@"); ok {
			r.Learn(User, u)
			r.Learn(Domain, d)
			return
		}
	case Domain:
		s = strings.TrimSuffix(s, ".")
		if openNames.MatchString(s) {
			return
		}
	case Address:
		s, _ = cutPort(s)
		if host, _, ok := strings.Cut(s, "/"); ok && addressClass(s) != Plain {
			r.remember(addressClass(host), host)
		}
	}
	r.remember(c, s)
}

func (r *Redactor) remember(c Class, s string) {
	// One and two characters stand in too many words that are not meant.
	if c == Plain || c == "" || r.fixed(s) || utf8.RuneCountInString(s) < 3 {
		return
	}
	small := strings.ToLower(s)
	// Who works for us is nobody's user: the first word on it holds.
	if old, ok := r.known[small]; ok && (old == Operator || c != Operator) {
		return
	}
	r.known[small] = c
}

// idForm is what ids of AWS look like, the short ones of old and of tests too.
var idForm = regexp.MustCompile(`^[a-z]{1,8}(?:-[a-z]{2,8}){0,2}-[0-9a-f]{4,17}$`)

// isKind reports whether a place begins with a kind of part, or with an answer.
func isKind(s string) bool {
	_, ok := estate.Lookup(s)
	return ok || s == "answer"
}

// refine tells the class of a value by what it looks like, where the field could not.
func refine(c Class, s string) Class {
	switch c {
	case Plain, Free, Sweep, At, ARN, Own, Operator, Profile, Path:
		return c
	case Address, Internet:
		bare, _ := cutPort(s)
		if found := addressClass(bare); found != "" {
			return found
		}
		return refine(Host, s)
	}
	if !strings.ContainsAny(s, marks) {
		return c
	}
	if m := compiled().whole.FindStringSubmatchIndex(s); m != nil {
		if found := classify(shapeOf(compiled().whole, m), s); found != "" && (c == Name || c == Tag || c == User || c == Host || c == Domain && found != Host) {
			if c == Host && found == Domain {
				return Host
			}
			return found
		}
	}
	return c
}

func shapeOf(form *regexp.Regexp, m []int) string {
	for i, name := range form.SubexpNames() {
		if name != "" && m[2*i] >= 0 {
			return name
		}
	}
	return ""
}

// port is what may follow an address in a field.
var port = regexp.MustCompile(`^(\d+\.\d+\.\d+\.\d+)(:\d{1,5})$`)

func cutPort(s string) (address, rest string) {
	if m := port.FindStringSubmatch(s); m != nil {
		return m[1], m[2]
	}
	return s, ""
}

// Value rewrites the value of a field of class c.
func (r *Redactor) Value(c Class, s string) string {
	if c == At {
		// "password:i-…" names a part and holds no password.
		if kind, id, ok := strings.Cut(s, ":"); ok && isKind(kind) {
			return kind + ":" + r.Value(Sweep, id)
		}
		return r.Value(Sweep, s)
	}
	if masked := cloud.Mask(s); masked != s {
		r.count(Secret, s)
		s = masked
	}
	switch {
	case s == "" || c == Plain || r.reader == Internal:
		return s
	case c == Sweep || c == Free && r.reader != Public, c == Resource && strings.ContainsAny(s, ", "), c == Request && r.reader == Customer:
		// Several ids in one value; session ids, which begin with who opened the session.
		return r.sweep(s)
	case c == Free:
		return r.sentence(s)
	case c == ARN || c == Own:
		return r.arn(c, s)
	}
	c = refine(c, s)
	if c == User && strings.ContainsAny(s, `\@`) {
		return r.sweep(s) // two names in one
	}
	bare, rest := cutPort(s)
	return r.value(c, bare) + rest
}

// value is Value of a value whose class is certain.
func (r *Redactor) value(c Class, s string) string {
	if c == "" || c == Plain || r.reader.kept(c) || r.fixed(s) || r.plain[strings.ToLower(s)] {
		return s
	}
	if c == Domain {
		s = strings.TrimSuffix(s, ".")
	}
	return r.token(c, s)
}

func (r *Redactor) token(c Class, s string) string {
	small := strings.ToLower(s)
	// The same value is the same thing in whatever field it stands.
	if old, ok := r.known[small]; ok && !r.reader.kept(old) {
		c = old
	}
	r.count(c, small)
	if t, ok := r.tokens[small]; ok {
		return t
	}
	word := c.word()
	if c == Resource {
		word = resourceWord(small)
	}
	r.counts[word]++
	t := fmt.Sprintf("%s-%d", word, r.counts[word])
	r.tokens[small] = t
	return t
}

// resourceWord names the kind of a resource by its id.
func resourceWord(id string) string {
	for _, p := range [][2]string{
		{"i-", "instance"}, {"vpc-", "vpc"}, {"subnet-", "subnet"}, {"sg-", "security-group"}, {"sgr-", "rule"}, {"vpce-", "endpoint"}, {"eni-", "interface"},
		{"acl-", "network-acl"}, {"rtb-", "route-table"}, {"igw-", "internet-gateway"}, {"nat-", "nat-gateway"}, {"pcx-", "peering"}, {"tgw-", "transit-gateway"},
		{"ami-", "image"}, {"vol-", "volume"}, {"dopt-", "dhcp-options"}, {"d-", "directory"}, {"sd-", "directory"}, {"dc-", "controller"}, {"pl-", "prefix-list"},
		{"rslvr-rrassoc-", "resolver-association"}, {"rslvr-rr-", "resolver-rule"}, {"rslvr-", "resolver-endpoint"}, {"iip-assoc-", "profile-association"},
	} {
		if strings.HasPrefix(id, p[0]) {
			return p[1]
		}
	}
	return "resource"
}

func (r *Redactor) count(c Class, value string) {
	e := entry{r.place, c}
	if r.report[e] == nil {
		r.report[e] = &tally{values: map[string]bool{}}
	}
	r.report[e].times++
	r.report[e].values[value] = true
}

// Remove counts what was left out as a whole.
func (r *Redactor) Remove(n int) {
	for range n {
		r.count(Removed, fmt.Sprint(len(r.report)))
	}
}
