package guest

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
)

func origin() fact.Origin { return fact.Origin{Source: fact.Guest, Call: action, Time: hour(10)} }

// back writes a value as its script would, reads it, and gives back the part.
func back[T any](t *testing.T, b Block, k estate.Kind[T], id string, v T) fact.Of[T] {
	t.Helper()
	a, err := Read([]byte("noise\n" + Line(b, patient, hour(9), v) + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	return a.Part(k.Key(id), origin(), time.Time{}).Fact.(fact.Of[T])
}

func same[T any](t *testing.T, f fact.Of[T], want T) {
	t.Helper()
	got, ok := f.Get()
	if !ok {
		t.Fatalf("not known: %s", f.Why())
	}
	if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
		t.Error(d)
	}
	if f.Origin() != origin() {
		t.Errorf("origin %+v", f.Origin())
	}
}

func TestEveryWindowsComesBackAsItIs(t *testing.T) {
	for name, v := range identities() {
		t.Run(name, func(t *testing.T) { same(t, back(t, Identity, estate.GuestIdentityPart, patient, v), v) })
	}
	same(t, back(t, DNS, estate.GuestDNSPart, dnsID, resolved()), resolved())
	same(t, back(t, Activation, estate.GuestActivationPart, patient, activated()), activated())
	same(t, back(t, Launch, estate.GuestLaunchPart, patient, launched()), launched())
	same(t, back(t, SignIn, estate.GuestSignInPart, patient, signedIn()), signedIn())
	same(t, back(t, Diagnostics, estate.GuestDiagnosticsPart, patient, diagnosed()), diagnosed())
	old := estate.GuestDiagnostics{Missing: true}
	same(t, back(t, Diagnostics, estate.GuestDiagnosticsPart, patient, old), old)
	bare := estate.GuestActivation{UTC: hour(9)}
	same(t, back(t, Activation, estate.GuestActivationPart, patient, bare), bare)
	unread := estate.GuestActivation{UTC: hour(9), Unread: estate.GuestUnread{"products", "routes"}}
	same(t, back(t, Activation, estate.GuestActivationPart, patient, unread), unread)
}

func TestClockOffset(t *testing.T) {
	v := activated()
	v.ClockOffset = ptr(1.0) // What the lab's own estate may hold is not printed.
	a, err := Read([]byte(Line(Activation, patient, hour(9), v)))
	if err != nil {
		t.Fatal(err)
	}
	// The guest's clock shows 09:30:15; the asker's was nine hours behind that.
	p := a.Part(estate.GuestActivationPart.Key(patient), origin(), hour(0))
	got := p.Fact.(fact.Of[estate.GuestActivation]).Value().ClockOffset
	if got == nil || *got != 9*3600 {
		t.Errorf("offset %v", got)
	}
}

func TestPartsOfOneAnswer(t *testing.T) {
	a, err := Read([]byte(output()))
	if err != nil {
		t.Fatal(err)
	}
	if a.Instance != patient || !a.Time.Equal(hour(9)) || a.Truncated || len(a.Failed) != 0 {
		t.Errorf("%+v", a)
	}
	for _, k := range keys() {
		p := a.Part(k, origin(), hour(9))
		if p.Key != k || p.Fact.State() != fact.StateKnown {
			t.Errorf("%s: %s", k, p.Fact.Why())
		}
		// What was put into an estate has to be of the kind's type.
		b, err := estate.Encode(p)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := estate.Decode(k, b); err != nil {
			t.Error(err)
		}
	}
}

func TestAnswerOfADNSQueryHoldsWhatItAsked(t *testing.T) {
	a, err := Read([]byte(output()))
	if err != nil {
		t.Fatal(err)
	}
	id := estate.GuestDNSQuery{Instance: patient, Names: []string{"ssm.ap-northeast-1.amazonaws.com"}}.String()
	f := a.Part(estate.GuestDNSPart.Key(id), origin(), time.Time{}).Fact.(fact.Of[estate.GuestDNS])
	if got := f.Value().Queries; len(got) != 2 || got[0].Server != "" || got[1].Server == "" {
		t.Errorf("queries %+v", got)
	}
	id = estate.GuestDNSQuery{Instance: patient, Domain: "other.example.local"}.String()
	f = a.Part(estate.GuestDNSPart.Key(id), origin(), time.Time{}).Fact.(fact.Of[estate.GuestDNS])
	if f.Why().Reason != fact.NotSupported || !strings.Contains(f.Why().Detail, "other.example.local") {
		t.Errorf("state %s, %s", f.State(), f.Why())
	}
}

func TestWhyAPartIsUnknown(t *testing.T) {
	failed := func(exception string, code uint32) string {
		return FailedLine(Identity, patient, hour(9), exception, code)
	}
	identity := answers()[Identity]
	for _, c := range []struct {
		name, output string
		reason       fact.Reason
		detail       string
	}{
		{"another block only", answers()[Launch], fact.NotRecorded, "no block identity"},
		{"cut in the middle", identity[:200] + "\n--output truncated--", fact.NotRecorded, "truncated"},
		{"cut before anything", "--output truncated--", fact.NotRecorded, "truncated"},
		{"cut by the list call", identity[:200] + "\n---Output truncated---\n----------ERROR-------\n\x83G\x83\x89\x81[", fact.NotRecorded, "truncated"},
		{"a missing cmdlet", failed("System.Management.Automation.CommandNotFoundException", 0x80131501), fact.NotSupported, "CommandNotFoundException"},
		{"a missing class", failed("Microsoft.Management.Infrastructure.CimException", 0x80041010), fact.NotSupported, "0x80041010"},
		{"no administrator", failed("System.UnauthorizedAccessException", 0x80070005), fact.Denied, "0x80070005"},
		{"WMI refuses", failed("Microsoft.Management.Infrastructure.CimException", 0x80041003), fact.Denied, "0x80041003"},
		{"out of time", failed("System.TimeoutException", 0x80131505), fact.Timeout, "TimeoutException"},
		{"of another instance", strings.ReplaceAll(identity, patient, "i-0fedcba9876543210"), fact.NotRecorded, "i-0fedcba9876543210, not from " + patient},
		{"another shape", strings.Replace(identity, `"role":3`, `"role":9`, 1), fact.NotSupported, "role"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, err := Read([]byte(c.output))
			if err != nil {
				t.Fatal(err)
			}
			why := a.Part(estate.GuestIdentityPart.Key(patient), origin(), time.Time{}).Fact.Why()
			if why.Reason != c.reason || !strings.Contains(why.Detail, c.detail) || why.Action != action || why.Resource != patient {
				t.Errorf("%+v", why)
			}
		})
	}
	if why := (Answer{}).Part(estate.VPCPart.Key("vpc-1"), origin(), time.Time{}).Fact.Why(); why.Reason != fact.NotSupported {
		t.Errorf("a part that no script reads: %s", why)
	}
}

func TestAnswerWithoutAnInstanceIsAnybodys(t *testing.T) {
	a, err := Read([]byte(strings.ReplaceAll(output(), patient, "")))
	if err != nil || a.Instance != "" || a.From(patient) != nil {
		t.Errorf("%v %q", err, a.Instance)
	}
}

// What is in range for Go but not for the scripts is refused, by what is wrong with it.
func TestStrict(t *testing.T) {
	edit := func(b Block, old, new string) func(t *testing.T) string {
		return func(t *testing.T) string {
			v := value(t, b)
			if !strings.Contains(v, old) {
				t.Fatalf("%s holds no %s", v, old)
			}
			return strings.Replace(v, old, new, 1)
		}
	}
	for name, c := range map[string]struct {
		block Block
		value func(t *testing.T) string
		says  string
	}{
		"an unknown field":        {Identity, edit(Identity, `"build"`, `"bild":1,"build"`), "bild"},
		"other letters":           {Identity, edit(Identity, `"build"`, `"Build"`), "Build"},
		"a field twice":           {Identity, edit(Identity, `"build"`, `"ubr":1,"build"`), "twice"},
		"null":                    {Identity, edit(Identity, `"build":17763`, `"build":null`), "null"},
		"a missing field":         {Identity, edit(Identity, `"build":17763,`, ``), "build is missing"},
		"a text for a number":     {Identity, edit(Identity, `"build":17763`, `"build":"17763"`), "build"},
		"a build of nothing":      {Identity, edit(Identity, `"build":17763`, `"build":0`), "build"},
		"a SID with a RID":        {Identity, edit(Identity, machineID, machineID+"-500"), "machine_sid"},
		"a controller with a SID": {Identity, edit(Identity, `"role":3`, `"role":4`), "domain controller"},
		"a GUID cut short":        {Identity, edit(Identity, "7F0F2C41-3D6A", "7F0F2C41-3D6"), "sus_client_id"},
		"an empty name":           {Identity, edit(Identity, `"host":"\u6771`, `"host":"","domain":"\u6771`), "twice"},
		"a control character":     {Identity, edit(Identity, `"host":"`, `"host":"\u001b[2J`), "control"},
		"unread of another block": {Identity, edit(Identity, `"build"`, `"unread":["products"],"build"`), "products"},
		"a time without a zone":   {Launch, edit(Launch, `2026-11-20T03:30:15Z`, `2026-11-20 03:30`), "2026-11-20 03:30"},
		"a time of nobody":        {Launch, edit(Launch, `2026-11-20T03`, `1601-11-20T03`), "1601"},
		"a service in Japanese":   {Launch, edit(Launch, `"Running"`, `"\u5b9f\u884c\u4e2d"`), "ssm_agent"},
		"an agent of nobody":      {Launch, edit(Launch, `"agent":"v2"`, `"agent":"v3"`), "agent"},
		"answers with a failure":  {DNS, edit(DNS, `"code":9003`, `"code":9003,"answers":["10.0.0.1"]`), "code 9003"},
		"an answer without one":   {DNS, edit(DNS, `"code":9003`, `"code":0`), "0 answers"},
		"a name as an address":    {DNS, edit(DNS, `"52.119.221.5"`, `"dc01"`), "dc01"},
		"another record type":     {DNS, edit(DNS, `"SRV"`, `"TXT"`), "TXT"},
		"a whole product key":     {Activation, edit(Activation, `"VMK7H"`, `"VDYBN-27WPP-V4HQT-9VMD4-VMK7H"`), "products"},
		"a route's host bits":     {Activation, edit(Activation, `169.254.169.250/32`, `169.254.169.250/24`), "routes"},
		"a port's free text":      {Activation, edit(Activation, `"timeout"`, `"closed"`), "ports"},
		"an offset of its own":    {Activation, edit(Activation, `"utc"`, `"clock_offset":1.5,"utc"`), "clock_offset"},
		"no clock":                {Activation, edit(Activation, `"utc":"2026-11-20T09:30:15Z",`, ``), "utc is missing"},
		"failures of no log":      {SignIn, edit(SignIn, `"failures_read":true`, `"failures_read":false`), "not read"},
		"a status in words":       {SignIn, edit(SignIn, `"0xC0000234"`, `"locked"`), "failures"},
		"a count of nothing":      {SignIn, edit(SignIn, `"count":12`, `"count":0`), "failures"},
		"a right's name":          {SignIn, edit(SignIn, `"S-1-5-32-544"`, `"Administrators"`), "allowed"},
		"a check's own word":      {Diagnostics, edit(Diagnostics, `"Skipped"`, `"OK"`), "checks"},
		"checks of no agent":      {Diagnostics, edit(Diagnostics, `{"checks"`, `{"missing":true,"checks"`), "missing"},
		"no checks":               {Diagnostics, func(*testing.T) string { return `{"checks":[]}` }, "0 checks"},
		"a list":                  {Identity, func(*testing.T) string { return `[]` }, "not an object"},
		"a deep one":              {Identity, func(*testing.T) string { return `{"host":` + strings.Repeat(`[`, 50) + strings.Repeat(`]`, 50) + `}` }, "deep"},
	} {
		t.Run(name, func(t *testing.T) {
			v := c.value(t)
			a := Answer{Lines: map[Block]json.RawMessage{c.block: json.RawMessage(v)}}
			for _, k := range keys() {
				if b, _ := BlockOf(k.Kind); b != c.block {
					continue
				}
				f := a.Part(k, origin(), time.Time{}).Fact
				if f.State() == fact.StateKnown {
					t.Fatalf("believed: %s", v)
				}
				if why := f.Why(); why.Reason != fact.NotSupported || !strings.Contains(why.Detail, c.says) {
					t.Errorf("%s", why)
				}
			}
		})
	}
}

// value is a block's value as text.
func value(t *testing.T, b Block) string {
	t.Helper()
	a, err := Read([]byte(answers()[b]))
	if err != nil {
		t.Fatal(err)
	}
	return string(a.Lines[b])
}
