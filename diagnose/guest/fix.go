package guest

import (
	"embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// The fixes that a script can carry out inside Windows, by their ids: the files
// fixes/<id>.ps1. Each looks, acts and looks again, and prints what stood there
// before and after.
const (
	FixRestartAgent    = "restart-agent"
	FixRenewLease      = "renew-lease"
	FixActivateV1      = "activate-v1"
	FixActivateV2      = "activate-v2"
	FixRemoveRoutes    = "remove-routes"
	FixRestoreRoutes   = "restore-routes"
	FixKMSHost         = "kms-host"
	FixClientKey       = "client-key"
	FixClock           = "clock"
	FixRDPService      = "rdp-service"
	FixUnlockAccount   = "unlock-account"
	FixAddForwarder    = "add-forwarder"
	FixRemoveForwarder = "remove-forwarder"
)

//go:embed fixes/*.ps1
var fixScripts embed.FS

// fixMarker starts a fixing script: its id and its arguments, for whoever reads the
// command's history.
const fixMarker = "# monshin-fix: "

// fixArgument checks one argument's value; an argument that is not named must be absent.
type fixArgument struct {
	name     string
	required bool
	check    func(string) error
}

// fixKind is what a fixing script takes, and what it is composed of besides.
type fixKind struct {
	arguments []fixArgument
	with      []string // files of functions
}

func fixKinds() map[string]fixKind {
	need := func(name string, check func(string) error) fixArgument { return fixArgument{name, true, check} }
	may := func(name string, check func(string) error) fixArgument { return fixArgument{name, false, check} }
	return map[string]fixKind{
		FixRestartAgent:    {},
		FixRenewLease:      {},
		FixActivateV1:      {with: []string{"licensing", "routes"}},
		FixActivateV2:      {with: []string{"licensing", "routes"}},
		FixRemoveRoutes:    {with: []string{"licensing", "routes"}},
		FixRestoreRoutes:   {with: []string{"licensing", "routes"}, arguments: []fixArgument{need("routes", fixRoutes)}},
		FixKMSHost:         {with: []string{"licensing"}, arguments: []fixArgument{may("host", fixHost), may("port", fixPort), may("clear", oneOf("1"))}},
		FixClientKey:       {with: []string{"licensing"}, arguments: []fixArgument{need("build", fixNumber), need("edition", like(wordForm))}},
		FixClock:           {arguments: []fixArgument{may("real_time_is_universal", oneOf("", "0", "1"))}},
		FixRDPService:      {arguments: []fixArgument{may("deny", oneOf("0", "1")), may("status", oneOf("Running", "Stopped")), may("start_type", oneOf("Automatic", "Manual", "Disabled"))}},
		FixUnlockAccount:   {arguments: []fixArgument{need("account", like(fixAccount)), need("scope", oneOf("local", "domain"))}},
		FixAddForwarder:    {with: []string{"forwarders"}, arguments: []fixArgument{need("server", fixAddress), may("zone", hostName)}},
		FixRemoveForwarder: {with: []string{"forwarders"}, arguments: []fixArgument{need("server", fixAddress), may("zone", hostName)}},
	}
}

// Fixes lists the ids of the fixing scripts, in order.
func Fixes() []string { return slices.Sorted(maps.Keys(fixKinds())) }

// FixScript composes the script of a fix: a first line that says which and with what,
// the prelude, the arguments, the fix, and one exit 0. Arguments are checked, and
// travel as JSON in base64, so that none of them is ever part of a command. Errors
// name the argument at fault.
func FixScript(id string, args map[string]string) (string, error) {
	kind, ok := fixKinds()[id]
	if !ok {
		return "", fmt.Errorf("there is no fix %q inside Windows", id)
	}
	if err := kind.accept(args); err != nil {
		return "", fmt.Errorf("fix %s: %w", id, err)
	}
	if args == nil {
		args = map[string]string{}
	}
	given := ascii(args)
	var s strings.Builder
	s.WriteString(fixMarker + id + " " + given + "\n")
	s.WriteString(fixText("prelude"))
	fmt.Fprintf(&s, "$given = ConvertFrom-Json ([System.Text.Encoding]::UTF8.GetString([System.Convert]::FromBase64String('%s')))\n",
		base64.StdEncoding.EncodeToString([]byte(given)))
	for _, name := range append(slices.Clone(kind.with), id) {
		s.WriteString(fixText(name))
	}
	s.WriteString("exit 0\n")
	return s.String(), nil
}

// FixAsked reads back which fix a script carries out. It accepts only what FixScript
// composes, character for character, however the lines were joined on the way.
func FixAsked(script string) (id string, args map[string]string, err error) {
	script = strings.ReplaceAll(script, "\r\n", "\n")
	first, _, _ := strings.Cut(script, "\n")
	rest, found := strings.CutPrefix(first, fixMarker)
	id, given, _ := strings.Cut(rest, " ")
	if !found || json.Unmarshal([]byte(given), &args) != nil {
		return "", nil, fmt.Errorf("the script is not a fix that monshin composes")
	}
	want, err := FixScript(id, args)
	if err != nil {
		return "", nil, err
	}
	if strings.TrimSpace(want) != strings.TrimSpace(script) {
		return "", nil, fmt.Errorf("the script is not the fix %s that monshin composes", id)
	}
	return id, args, nil
}

func (k fixKind) accept(args map[string]string) error {
	for _, name := range slices.Sorted(maps.Keys(args)) {
		i := slices.IndexFunc(k.arguments, func(a fixArgument) bool { return a.name == name })
		if i < 0 {
			return fmt.Errorf("it takes no argument %q", name)
		}
		if err := k.arguments[i].check(args[name]); err != nil {
			return fmt.Errorf("argument %s: %w", name, err)
		}
	}
	for _, a := range k.arguments {
		if _, there := args[a.name]; a.required && !there {
			return fmt.Errorf("the argument %s is missing", a.name)
		}
	}
	return nil
}

// fixText reads an embedded script; "" where there is none.
func fixText(name string) string {
	b, err := fixScripts.ReadFile("fixes/" + name + ".ps1")
	if err != nil {
		return ""
	}
	return string(b)
}

// fixAccount is a name of an account, as Windows allows it, without what a path or an
// LDAP filter would act on.
var fixAccount = regexp.MustCompile(`^[\p{L}\p{N}_][\p{L}\p{N} ._$-]{0,63}$`)

func like(form *regexp.Regexp) func(string) error {
	return func(s string) error {
		if !form.MatchString(s) {
			return fmt.Errorf("%.80q is not of the form %s", s, form)
		}
		return nil
	}
}

func oneOf(words ...string) func(string) error {
	return func(s string) error {
		if !slices.Contains(words, s) {
			return fmt.Errorf("%.80q is none of %q", s, words)
		}
		return nil
	}
}

func fixNumber(s string) error {
	if n, err := strconv.Atoi(s); err != nil || n < 1 || n > 1e6 || strconv.Itoa(n) != s {
		return fmt.Errorf("%.40q is not a number between 1 and 1000000", s)
	}
	return nil
}

func fixPort(s string) error {
	if n, err := strconv.Atoi(s); err != nil || n < 1 || n > 65535 || strconv.Itoa(n) != s {
		return fmt.Errorf("%.40q is not a port", s)
	}
	return nil
}

func fixAddress(s string) error {
	if a, err := netip.ParseAddr(s); err != nil || a.Zone() != "" || a.IsUnspecified() {
		return fmt.Errorf("%.60q is not an IP address", s)
	}
	return nil
}

// fixHost takes what a KMS can be set to: a host name or an address.
func fixHost(s string) error {
	if fixAddress(s) == nil {
		return nil
	}
	return hostName(s)
}

// fixRoutes takes link-local routes as the scripts list them: destination, gateway,
// metric and store with bars between, and commas between routes.
func fixRoutes(s string) error {
	if s == "" {
		return nil
	}
	items := strings.Split(s, ",")
	if len(items) > maxList {
		return fmt.Errorf("%d routes are more than %d", len(items), maxList)
	}
	for _, item := range items {
		f := strings.Split(item, "|")
		if len(f) != 4 {
			return fmt.Errorf("%.80q is not destination|gateway|metric|store", item)
		}
		to, err := netip.ParsePrefix(f[0])
		if err != nil || to.Bits() != 32 || !linkLocal.Contains(to.Addr()) {
			return fmt.Errorf("%.60q is not a link-local service of AWS", f[0])
		}
		if a, err := netip.ParseAddr(f[1]); err != nil || !a.Is4() {
			return fmt.Errorf("%.60q is not a gateway", f[1])
		}
		if n, err := strconv.Atoi(f[2]); err != nil || n < 0 || n > 9999 || strconv.Itoa(n) != f[2] {
			return fmt.Errorf("%.40q is not a metric", f[2])
		}
		if f[3] != "active" && f[3] != "persistent" {
			return fmt.Errorf("%.40q is no store of routes", f[3])
		}
	}
	return nil
}

// linkLocal is where AWS's link-local services are (domain.md §7.1).
var linkLocal = netip.MustParsePrefix("169.254.169.0/24")
