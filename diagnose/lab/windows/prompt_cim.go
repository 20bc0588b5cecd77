package windows

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

func cimPrograms() map[string]program {
	return map[string]program{"Get-CimInstance": (*run).getCimInstance}
}

// query is the WQL that the simulation reads.
var query = regexp.MustCompile(`(?i)^\s*select\s+(\*|[a-z, ]+?)\s+from\s+([a-z0-9_]+)(?:\s+where\s+(.+?))?\s*$`)

// withKey is the only condition that makes no difference: products without a key are
// not in the guest's state.
var withKey = regexp.MustCompile(`(?i)^partialproductkey\s+(is\s+not|<>)\s+null$`)

func (r *run) getCimInstance(c command) (result, bool) {
	b, ok := r.bind(c, "ClassName 0", "Query", "Filter", "Property")
	if !ok {
		return result{}, false
	}
	class, condition, wanted := b.get("ClassName"), b.get("Filter"), b["Property"]
	if b.has("Query") {
		m := query.FindStringSubmatch(b.get("Query"))
		if m == nil || b.has("ClassName") || b.has("Filter") {
			return result{}, r.beyond(c[0].text, "-Query "+b.get("Query"))
		}
		class, condition = m[2], m[3]
		if m[1] != "*" {
			for _, name := range strings.Split(m[1], ",") {
				wanted = append(wanted, strings.TrimSpace(name))
			}
		}
	}
	v := result{list: true}
	switch strings.ToLower(class) {
	case "win32_computersystem":
		v.objects, v.list = []object{r.computerSystem()}, false
		v.columns = []string{"Name", "Domain", "PartOfDomain", "DomainRole"}
	case "win32_operatingsystem":
		v.objects, v.list = []object{r.operatingSystem()}, false
		v.columns = []string{"BuildNumber", "Version", "Caption"}
	case "softwarelicensingproduct":
		if condition != "" && !withKey.MatchString(condition) {
			return result{}, r.beyond(c[0].text, condition)
		}
		if condition == "" {
			r.out.WriteString(r.shell.note("only products with a key are simulated.", "模擬の対象は、プロダクトキーのある製品のみ。") + "\n")
		}
		condition = ""
		v.objects = r.products()
	default:
		return result{}, r.beyond(c[0].text, class)
	}
	if condition != "" {
		return result{}, r.beyond(c[0].text, condition)
	}
	for _, name := range wanted {
		if !slices.ContainsFunc(names(v.objects), func(have string) bool { return strings.EqualFold(have, name) }) {
			return result{}, r.beyond(c[0].text, name)
		}
	}
	if wanted != nil {
		for n := range v.objects {
			v.objects[n] = pick(v.objects[n], wanted)
		}
		v.columns, v.list = wanted, true
	}
	return v, true
}

func (r *run) computerSystem() object {
	id := r.h.Identity(r.o)
	return object{{"Name", id.Host}, {"Domain", id.Domain}, {"PartOfDomain", title(strconv.FormatBool(id.Joined))}, {"DomainRole", strconv.Itoa(id.Role)}}
}

func (r *run) operatingSystem() object {
	h := r.h
	return object{{"Caption", fmt.Sprintf("Microsoft Windows Server %d Datacenter", h.Year())}, {"Version", fmt.Sprintf("10.0.%d", h.Build)},
		{"BuildNumber", strconv.Itoa(h.Build)}, {"OSLanguage", strconv.Itoa(h.Language)}, {"InstallDate", r.shortTime(h.Installed.In(r.zone()))},
		{"LastBootUpTime", r.shortTime(h.Booted.In(r.zone()))}, {"LocalDateTime", r.shortTime(r.clock())}}
}

func (r *run) products() []object {
	var out []object
	for _, l := range r.h.Activation(r.o).Products {
		out = append(out, object{{"Name", l.Name}, {"Description", l.Description}, {"ApplicationID", l.Application}, {"PartialProductKey", l.PartialKey},
			{"LicenseStatus", strconv.Itoa(l.Status)}, {"LicenseStatusReason", reasonNumber(l.Reason)}, {"GracePeriodRemaining", strconv.FormatInt(l.GraceMinutes, 10)},
			{"KeyManagementServiceMachine", l.KMSHost}, {"KeyManagementServicePort", strconv.Itoa(l.KMSPort)}})
	}
	return out
}

// reasonNumber is a code as CIM shows it: a number, not in hexadecimal.
func reasonNumber(code string) string {
	n, err := strconv.ParseUint(strings.TrimPrefix(code, "0x"), 16, 32)
	if err != nil {
		return code
	}
	return strconv.FormatUint(n, 10)
}
