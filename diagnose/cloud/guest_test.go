package cloud

import (
	"context"
	"errors"
	"maps"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/google/go-cmp/cmp"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/guest"
	"github.com/monshin/monshin/diagnose/walk"
)

const theServer = "i-0123456789abcdef0"

// guestKeys are parts that are read inside Windows, with two different questions to DNS.
func guestKeys() []estate.Key {
	return []estate.Key{
		estate.GuestIdentityPart.Key(theServer), estate.GuestLaunchPart.Key(theServer), estate.GuestActivationPart.Key(theServer),
		estate.GuestDNSPart.Key(estate.GuestDNSQuery{Instance: theServer, Domain: "corp.example.local"}.String()),
		estate.GuestDNSPart.Key(estate.GuestDNSQuery{Instance: theServer, Names: []string{"ssm.ap-northeast-1.amazonaws.com"}}.String()),
	}
}

// windows answers the scripts of guestKeys.
type windows struct {
	// clock is what Windows shows when it answers.
	clock time.Time
	// looks are the answers to GetCommandInvocation before the last: a code, or a
	// status.
	looks []string
	// status and code are of the last answer; stdout replaces the lines where it is set.
	status, details string
	code            int32
	stdout, stderr  string
}

func lines(clock time.Time) string {
	return strings.Join([]string{
		guest.Line(guest.Identity, theServer, clock, estate.GuestIdentity{Host: "APP-01", Role: 2, MachineSID: "S-1-5-21-1-2-3", Build: 20348, UBR: 1}),
		guest.Line(guest.Launch, theServer, clock, estate.GuestLaunch{Agent: "v2", SSMAgent: estate.GuestService{Status: "Running"}}),
		guest.Line(guest.Activation, theServer, clock, estate.GuestActivation{Products: []estate.GuestLicense{}, Routes: []estate.GuestRoute{}, UTC: clock}),
		guest.Line(guest.DNS, theServer, clock, estate.GuestDNS{Queries: []estate.GuestQuery{
			{Name: "_ldap._tcp.dc._msdcs.corp.example.local", Type: "SRV", Code: 9003},
			{Name: "ssm.ap-northeast-1.amazonaws.com", Type: "A", Answers: []string{"10.0.0.5"}},
		}}),
		guest.Line(guest.SignIn, theServer, clock, estate.GuestSignIn{FailuresRead: true, TermService: estate.GuestService{Status: "Running"}}),
		guest.Line(guest.Diagnostics, theServer, clock, estate.GuestDiagnostics{Checks: []estate.GuestCheck{{Check: "EC2 IMDS", Status: "Success"}}}),
	}, "\r\n") + "\r\n"
}

func (a *account) windows(w windows) {
	if w.clock.IsZero() {
		w.clock = asOf
	}
	if w.status == "" {
		w.status = "Success"
	}
	a.answer("ssm:SendCommand", &ssm.SendCommandOutput{Command: &types.Command{CommandId: aws.String("c-1"), RequestedDateTime: aws.Time(asOf)}})
	looks := slices.Clone(w.looks)
	a.answers["ssm:GetCommandInvocation"] = func(context.Context, any) (any, error) {
		a.mu.Lock()
		defer a.mu.Unlock()
		if len(looks) > 0 {
			look := looks[0]
			looks = looks[1:]
			if look == noInvocation {
				return nil, &smithy.GenericAPIError{Code: look}
			}
			return &ssm.GetCommandInvocationOutput{Status: types.CommandInvocationStatus(look), StatusDetails: aws.String(look)}, nil
		}
		out := &ssm.GetCommandInvocationOutput{
			Status: types.CommandInvocationStatus(w.status), StatusDetails: aws.String(w.details), ResponseCode: w.code,
			StandardOutputContent: aws.String(w.stdout), StandardErrorContent: aws.String(w.stderr),
		}
		if w.stdout == "" && w.status == "Success" {
			out.StandardOutputContent = aws.String(lines(w.clock))
		}
		return out, nil
	}
}

// Everything that is asked of one Windows is one command, whose end is waited for.
func TestOneCommandAnswersAllParts(t *testing.T) {
	a := newAccount(t)
	a.windows(windows{looks: []string{noInvocation, noInvocation, "Pending", "InProgress", "Delayed"}, stderr: "\x8cx\x8d\x90: \x83e\x83X\x83g"})
	got := collect(t, t.Context(), a.source(), guestKeys()...)
	for _, k := range guestKeys() {
		o := got[k].Part.Fact.Origin()
		if got[k].Part.Fact.State() != fact.StateKnown || o.Source != fact.Guest || o.Call != sendCommand || o.RequestID != "SendCommand-1" ||
			o.CLI != "aws ssm get-command-invocation --command-id c-1 --instance-id "+theServer+" --region ap-northeast-1" {
			t.Errorf("%s: %s %v, %+v", k, got[k].Part.Fact.State(), got[k].Part.Fact.Why(), o)
		}
		if got[k].Depth != 2 {
			t.Errorf("%s: depth %d", k, got[k].Depth)
		}
	}
	if n := a.count("ssm:SendCommand"); n != 1 {
		t.Fatalf("%d commands", n)
	}
	in := a.sent["ssm:SendCommand"][0].(*ssm.SendCommandInput)
	script, err := guest.Script(guestKeys())
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(strings.TrimSuffix(script, "\n"), strings.Join(in.Parameters["commands"], "\n")); d != "" {
		t.Error(d)
	}
	if *in.DocumentName != powerShell || *in.TimeoutSeconds != 60 || !slices.Equal(in.Parameters["executionTimeout"], []string{"90"}) ||
		*in.Comment != commandComment || !slices.Equal(in.InstanceIds, []string{theServer}) || len(in.Parameters) != 2 {
		t.Errorf("%+v", in)
	}
	dns := got[guestKeys()[3]].Part.Fact.(fact.Of[estate.GuestDNS]).Value()
	if len(dns.Queries) != 1 || dns.Queries[0].Code != 9003 {
		t.Errorf("the first question's answer is %+v", dns)
	}
}

// Parts that were delivered before go into the same command as new ones.
func TestAskingAgainIsOneCommandToo(t *testing.T) {
	a := newAccount(t)
	a.windows(windows{})
	s := a.source()
	keys := guestKeys()
	collect(t, t.Context(), s, keys[0])
	got := collect(t, t.Context(), s, keys...)
	if n := a.count("ssm:SendCommand"); n != 2 || len(got) != len(keys) {
		t.Errorf("%d commands, %d parts", n, len(got))
	}
}

func TestTwoServersAreTwoCommands(t *testing.T) {
	a := newAccount(t)
	a.windows(windows{})
	other := estate.GuestIdentityPart.Key("i-0aaaaaaaaaaaaaaaa")
	got := collect(t, t.Context(), a.source(), estate.GuestIdentityPart.Key(theServer), other)
	if n := a.count("ssm:SendCommand"); n != 2 {
		t.Errorf("%d commands", n)
	}
	// This Windows calls itself the other, whoever was asked.
	why := got[other].Part.Fact.Why()
	if got[other].Part.Fact.State() != fact.StateUnknown || !strings.Contains(why.Detail, theServer) || !strings.Contains(why.Detail, "i-0aaaaaaaaaaaaaaaa") {
		t.Errorf("%s: %v", got[other].Part.Fact.State(), why)
	}
}

// How far a clock is off is told by AWS's time of the request, and not by less than
// can be known.
func TestClockOffset(t *testing.T) {
	for ahead, want := range map[time.Duration]float64{
		0: 0, 9 * time.Hour: 9 * 3600, -7 * time.Minute: -7 * 60, 9*time.Hour + time.Second/4: 9 * 3600,
	} {
		a := newAccount(t)
		a.windows(windows{clock: asOf.Add(ahead).Truncate(time.Second)})
		got := mustRead(t, a.source(func(o *Options) { o.Now = func() time.Time { return asOf.Add(-time.Hour) } }), estate.GuestActivationPart, theServer)
		if got.ClockOffset == nil || *got.ClockOffset < want-2 || *got.ClockOffset > want+2 {
			t.Errorf("%s ahead: offset %v, want %v", ahead, got.ClockOffset, want)
		}
	}
}

// Whatever end a command comes to, every part says why there is no answer.
func TestEndsOfCommands(t *testing.T) {
	for name, c := range map[string]struct {
		windows
		want    fact.Reason
		blocker string
		detail  string
	}{
		"spelled with spaces":    {windows: windows{status: "TimedOut", details: "Delivery Timed Out"}, want: fact.Timeout, detail: "deliverytimedout"},
		"spelled without":        {windows: windows{status: "TimedOut", details: "DeliveryTimedOut"}, want: fact.Timeout, detail: "deliverytimedout"},
		"ran too long":           {windows: windows{status: "TimedOut", details: "Execution Timed Out"}, want: fact.Timeout, detail: "executiontimedout"},
		"no details":             {windows: windows{status: "TimedOut"}, want: fact.Timeout},
		"undeliverable":          {windows: windows{status: "Failed", details: "Undeliverable"}, want: fact.BlockedBy, blocker: registration},
		"refused to the command": {windows: windows{status: "Failed", details: "Access Denied"}, want: fact.Denied},
		"cancelled":              {windows: windows{status: "Cancelled", details: "Cancelled"}, want: fact.NotSupported, detail: "cancelled"},
		"not Windows":            {windows: windows{status: "Failed", details: "Invalid Platform"}, want: fact.NotSupported},
		"failed without a word":  {windows: windows{status: "Failed", details: "Failed", code: 1, stderr: "Add-Type : \x1b[31mx\x1b[0m -Password geheim"}, want: fact.NotSupported, detail: "failed (1)"},
		"some other output":      {windows: windows{stdout: "C:\\Windows>"}, want: fact.NotSupported, detail: "no answer"},
		"cut":                    {windows: windows{stdout: lines(asOf)[:80] + "--output truncated--"}, want: fact.NotRecorded, detail: "truncated"},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAccount(t)
			a.windows(c.windows)
			for k, g := range collect(t, t.Context(), a.source(), guestKeys()...) {
				why := g.Part.Fact.Why()
				if g.Part.Fact.State() != fact.StateUnknown || why.Reason != c.want || why.Blocker != c.blocker || !strings.Contains(why.Detail, c.detail) || why.Action != sendCommand {
					t.Errorf("%s: %s %+v", k, g.Part.Fact.State(), why)
				}
				if strings.Contains(why.Detail, "geheim") || strings.Contains(why.Detail, "\x1b") {
					t.Errorf("%q", why.Detail)
				}
			}
			if n := a.count("ssm:SendCommand"); n != 1 {
				t.Errorf("%d commands", n)
			}
		})
	}
}

// A script that failed on its way has still answered what stands in its output.
func TestFailedScriptKeepsItsAnswers(t *testing.T) {
	a := newAccount(t)
	a.windows(windows{status: "Failed", details: "Failed", code: 1, stdout: guest.Line(guest.Identity, theServer, asOf, estate.GuestIdentity{Host: "APP-01", Build: 20348}) + "\r\n"})
	got := collect(t, t.Context(), a.source(), guestKeys()...)
	if f := got[guestKeys()[0]].Part.Fact; f.State() != fact.StateKnown {
		t.Errorf("identity: %v", f.Why())
	}
	if f := got[guestKeys()[1]].Part.Fact; f.State() != fact.StateUnknown {
		t.Error("launch is known from nothing")
	}
}

func TestCommandsThatAreNotSent(t *testing.T) {
	for code, want := range map[string]fact.Why{
		"AccessDeniedException": {Reason: fact.Denied, Action: sendCommand, Resource: theServer},
		noNode:                  {Reason: fact.BlockedBy, Action: sendCommand, Resource: theServer, Blocker: registration},
		"InvalidDocument":       {Reason: fact.NotSupported, Action: sendCommand, Resource: theServer},
	} {
		a := newAccount(t)
		a.fail("ssm:SendCommand", code)
		for k, g := range collect(t, t.Context(), a.source(), guestKeys()...) {
			why := g.Part.Fact.Why()
			why.Detail = ""
			if d := cmp.Diff(want, why); d != "" {
				t.Errorf("%s, %s: %s", code, k, d)
			}
		}
		if a.count("ssm:GetCommandInvocation") != 0 {
			t.Errorf("%s: the command was looked at", code)
		}
	}
}

// What may have been accepted is not sent again; what was turned away is.
func TestCommandsAreSentOnce(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		want int
	}{
		"throttled":   {&smithy.GenericAPIError{Code: "ThrottlingException"}, 3},
		"no answer":   {&smithyhttp.RequestSendError{Err: &net.OpError{Op: "read", Net: "tcp", Err: errors.New("connection reset")}}, 1},
		"its failure": {&smithy.GenericAPIError{Code: "InternalServerError", Fault: smithy.FaultServer}, 1},
	} {
		synctest.Test(t, func(t *testing.T) { // for the pauses between attempts
			a := newAccount(t)
			a.answers["ssm:SendCommand"] = func(context.Context, any) (any, error) { return nil, c.err }
			got := collect(t, t.Context(), a.source(), guestKeys()[0])
			if n := a.count("ssm:SendCommand"); n != c.want {
				t.Errorf("%s: sent %d times, want %d", name, n, c.want)
			}
			if got[guestKeys()[0]].Part.Fact.State() != fact.StateUnknown {
				t.Errorf("%s: known", name)
			}
		})
	}
}

func TestCredentialsThatRunOutDuringACommand(t *testing.T) {
	a := newAccount(t)
	a.fail("ssm:SendCommand", "ExpiredTokenException")
	for k, g := range collect(t, t.Context(), a.source(), guestKeys()...) {
		if g.Expired == nil {
			t.Errorf("%s: %v", k, g.Part.Fact.Why())
		}
	}
}

// A look that is refused says which action was.
func TestCommandThatMayNotBeLookedAt(t *testing.T) {
	a := newAccount(t)
	a.windows(windows{})
	a.fail("ssm:GetCommandInvocation", "AccessDeniedException")
	f, _ := readOne(t, a.source(), estate.GuestIdentityPart, theServer)
	if f.Why().Reason != fact.Denied || f.Why().Action != "ssm:GetCommandInvocation" {
		t.Errorf("%+v", f.Why())
	}
}

// A node that Systems Manager has just called lost is not sent a command; one whose
// loss was seen a while ago is.
func TestNoCommandForALostNode(t *testing.T) {
	for ping, want := range map[string]int{"ConnectionLost": 0, "Inactive": 0, "Online": 1} {
		a := newAccount(t)
		a.windows(windows{})
		a.answer("ssm:DescribeInstanceInformation", &ssm.DescribeInstanceInformationOutput{InstanceInformationList: []types.InstanceInformation{
			{InstanceId: aws.String(theServer), PingStatus: types.PingStatus(ping)}}})
		now := asOf
		s := a.source(func(o *Options) { o.Now = func() time.Time { return now } })
		collect(t, t.Context(), s, estate.ManagedNodePart.Key(theServer))
		f, _ := readOne(t, s, estate.GuestIdentityPart, theServer)
		if n := a.count("ssm:SendCommand"); n != want || f.IsKnown() != (want == 1) || want == 0 && f.Why().Blocker != registration {
			t.Errorf("%s: %d commands, %v", ping, n, f.Why())
		}
		now = now.Add(2 * time.Minute)
		readOne(t, s, estate.GuestIdentityPart, theServer)
		if n := a.count("ssm:SendCommand"); n != want+1 {
			t.Errorf("%s, later: %d commands", ping, n)
		}
	}
}

// A command that never ends is waited for as long as it could be under way, and no longer.
func TestCommandWithoutAnEnd(t *testing.T) {
	for _, look := range []string{"InProgress", noInvocation} {
		synctest.Test(t, func(t *testing.T) {
			a := newAccount(t)
			a.windows(windows{looks: slices.Repeat([]string{look}, 1000)})
			start := time.Now()
			f, _ := readOne(t, a.source(func(o *Options) { o.NoSlowdown = false }), estate.GuestIdentityPart, theServer)
			if took := time.Since(start); took != DefaultCommandDeadline || f.Why().Reason != fact.Timeout {
				t.Errorf("%s: %s, %+v", look, took, f.Why())
			}
			if look == "InProgress" && !strings.Contains(f.Why().Detail, "inprogress") {
				t.Errorf("%+v", f.Why())
			}
			// Half a second, growing to five: some thirty looks in two and a half minutes.
			if n := a.count("ssm:GetCommandInvocation"); n < 25 || n > 45 {
				t.Errorf("%d looks", n)
			}
		})
	}
}

// Who goes away is not kept waiting, and gets nothing.
func TestCommandThatNobodyWaitsFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAccount(t)
		a.windows(windows{looks: slices.Repeat([]string{"InProgress"}, 1000)})
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		start := time.Now()
		got := map[estate.Key]walk.Got{}
		maps.Copy(got, collect(t, ctx, a.source(func(o *Options) { o.NoSlowdown = false }), guestKeys()...))
		if len(got) != 0 || time.Since(start) != 3*time.Second {
			t.Errorf("%d parts after %s", len(got), time.Since(start))
		}
	})
}

// Names that could be more than names are not put into a script.
func TestNamesThatAreNoNames(t *testing.T) {
	a := newAccount(t)
	q := estate.GuestDNSQuery{Instance: theServer, Domain: "corp'; Restart-Computer #"}
	f, _ := readOne(t, a.source(), estate.GuestDNSPart, q.String())
	if f.Why().Reason != fact.NotSupported || a.count("ssm:SendCommand") != 0 {
		t.Errorf("%+v", f.Why())
	}
}
