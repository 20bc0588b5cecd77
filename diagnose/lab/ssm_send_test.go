package lab

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/guest"
)

// dnsKey asks the target for a domain and for the agent's endpoint.
func dnsKey(c *clients) estate.Key {
	return estate.GuestDNSPart.Key(estate.GuestDNSQuery{Instance: c.instanceID, Domain: adDomain, Names: []string{"ssm." + region + ".amazonaws.com"}}.String())
}

// send sends a script and returns what came of it, after the answer that it does not
// exist yet.
func send(t *testing.T, c *clients, script string) *ssm.GetCommandInvocationOutput {
	t.Helper()
	out, err := c.ssm.SendCommand(t.Context(), &ssm.SendCommandInput{DocumentName: aws.String(powerShell), InstanceIds: []string{c.instanceID},
		Parameters: map[string][]string{"commands": strings.Split(script, "\n")}})
	if err != nil {
		t.Fatal(err)
	}
	in := &ssm.GetCommandInvocationInput{CommandId: out.Command.CommandId, InstanceId: &c.instanceID}
	if _, err := c.ssm.GetCommandInvocation(t.Context(), in); codeOf(err) != "InvocationDoesNotExist" {
		t.Errorf("the first look: %v", err)
	}
	got, err := c.ssm.GetCommandInvocation(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// ask reads one part inside the target's Windows.
func ask[T any](t *testing.T, c *clients, k estate.Key) T {
	t.Helper()
	script, err := guest.Script([]estate.Key{k})
	if err != nil {
		t.Fatal(err)
	}
	answer, err := guest.Read([]byte(*send(t, c, script).StandardOutputContent))
	if err != nil {
		t.Fatal(err)
	}
	v, known := answer.Part(k, fact.Origin{}, c.lab.Now()).Fact.(fact.Of[T]).Get()
	if !known {
		t.Fatalf("%s is not known", k)
	}
	return v
}

// answersTo finds the answers to the agent's name: of Windows's own servers, and of
// the VPC's Resolver.
func answersTo(d estate.GuestDNS, kind, server string) (code int, answers string) {
	for _, q := range d.Queries {
		if q.Type == kind && q.Server == server && (kind == "SRV" || strings.HasPrefix(q.Name, "ssm.")) {
			return q.Code, strings.Join(q.Answers, ",")
		}
	}
	return -2, ""
}

// What Windows resolves follows from its lease and from the account around it:
// change the option set and renew, and the answers change.
func TestNamesFollowTheAccount(t *testing.T) {
	const private = "10.20.10.11,10.20.11.11"
	for name, c := range map[string]struct {
		scenario string
		change   func(*World)
		// domain is the code for the domain's controllers; own and vpc are the answers
		// for the endpoint's name.
		domain   int
		own, vpc string
	}{
		"in order, no domain":       {"healthy", func(*World) {}, 9003, private, private},
		"a Resolver rule":           {"healthy-resolver-rule", func(*World) {}, 0, private, private},
		"its endpoint is not ready": {"healthy-resolver-rule", func(w *World) { w.ResolverEndpoints[resolverID("rslvr-out", mainVPC)].Status = "CREATING" }, 9002, private, private},
		"its association failed":    {"healthy-resolver-rule", func(w *World) { w.ResolverAssociations[resolverID("rslvr-rrassoc", adDomain)].Status = "FAILED" }, 9003, private, private},
		"its targets are stale":     {"healthy-resolver-rule", func(w *World) { w.ResolverRules[resolverID("rslvr-rr", adDomain)].Targets = []string{"10.20.20.99"} }, 9002, private, private},
		"private names are off": {"healthy", func(w *World) {
			e := w.Endpoints[id("vpce", vpcID()+"ssm")]
			e.PrivateDNS, e.DNSNames = false, e.DNSNames[:1]
		}, 9003, "52.119.", "52.119."},
		"host names are off":    {"healthy", func(w *World) { w.VPCs[vpcID()].DNSHostnames = false }, 9003, "52.119.", "52.119."},
		"the Resolver is off":   {"healthy", func(w *World) { w.VPCs[vpcID()].DNSSupport = false }, 1460, "", ""},
		"the old lease":         {"lease-stale", func(*World) {}, 9003, private, private},
		"the lease renewed":     {"lease-stale", func(w *World) { w.renew(appID(), w.Now) }, 0, private, private},
		"a directory elsewhere": {"dns-forwarder-missing", func(*World) {}, 0, "52.119.", private},
		"its peering gone":      {"dns-forwarder-missing", func(w *World) { clear(w.Peerings) }, 1460, "", private},
		"its group closed":      {"dns-forwarder-missing", func(w *World) { w.setRules(controllers(directoryID(adDomain))) }, 1460, "", private},
		"a controller down":     {"dns-forwarder-missing", func(w *World) { w.Directories[directoryID(adDomain)].Controllers[0].Status = "Impaired" }, 0, "52.119.", private},
	} {
		t.Run(name, func(t *testing.T) {
			cl := open(t, c.scenario, Options{})
			c.change(cl.lab.world)
			got := ask[estate.GuestDNS](t, cl, dnsKey(cl))
			code, _ := answersTo(got, "SRV", "")
			_, own := answersTo(got, "A", "")
			_, vpc := answersTo(got, "A", "169.254.169.253")
			if code != c.domain || !strings.HasPrefix(own, c.own) || (c.own == "") != (own == "") || !strings.HasPrefix(vpc, c.vpc) || (c.vpc == "") != (vpc == "") {
				t.Errorf("domain %d, own %q, VPC %q", code, own, vpc)
			}
		})
	}
}

// Every Windows of every scenario that can be asked answers every question as the
// decoders want it.
func TestEveryWindowsAnswers(t *testing.T) {
	for _, s := range Scenarios() {
		t.Run(s.Name, func(t *testing.T) {
			c := open(t, s.Name, Options{})
			w := c.lab.world
			for _, i := range sorted(w.Instances) {
				if n := w.node(i.ID); n == nil || n.Ping != "Online" {
					continue
				}
				c.instanceID = i.ID
				keys := []estate.Key{dnsKey(c)}
				for _, k := range estate.Kinds() {
					if k.Touches() && k.Name() != estate.GuestDNSPart.Name() {
						keys = append(keys, k.Key(i.ID))
					}
				}
				script, err := guest.Script(keys)
				if err != nil {
					t.Fatal(err)
				}
				command := w.execute(i, script)
				answer, err := guest.Read([]byte(command.Stdout))
				if err != nil {
					t.Fatalf("%s: %v\n%s", i.Name, err, command.Stderr)
				}
				for _, k := range keys {
					if f := answer.Part(k, fact.Origin{}, w.Now).Fact; f.State() != fact.StateKnown {
						t.Errorf("%s: %s: %v", i.Name, k, f.Why())
					}
				}
				if answer.Instance != i.ID {
					t.Errorf("%s calls itself %q", i.Name, answer.Instance)
				}
			}
		})
	}
}

func TestUnknownScriptFailsHonestly(t *testing.T) {
	c := open(t, "healthy", Options{})
	script, err := guest.Script([]estate.Key{estate.GuestIdentityPart.Key(c.instanceID)})
	if err != nil {
		t.Fatal(err)
	}
	for _, other := range []string{"Restart-Computer", script + "\nRestart-Computer\n", "Restart-Computer\n" + script} {
		got := send(t, c, other)
		if got.Status != "Failed" || got.ResponseCode != 1 || *got.StandardOutputContent != "" || !strings.HasPrefix(*got.StandardErrorContent, "lab: ") {
			t.Errorf("%s (%d): %s %s", got.Status, got.ResponseCode, *got.StandardOutputContent, *got.StandardErrorContent)
		}
	}
}

func TestDeadNodeGetsNoCommand(t *testing.T) {
	c := open(t, "agent-stopped", Options{})
	got := send(t, c, "anything")
	if got.Status != "TimedOut" || *got.StatusDetails != "Delivery Timed Out" || got.ResponseCode != -1 {
		t.Errorf("%s, %s (%d)", got.Status, *got.StatusDetails, got.ResponseCode)
	}
}

func TestCommandsThatAreRefused(t *testing.T) {
	c := open(t, "healthy", Options{})
	offline := open(t, "no-role", Options{})
	denied := open(t, "healthy", faults(t, "deny=ssm:SendCommand"))
	good := ssm.SendCommandInput{DocumentName: aws.String(powerShell), InstanceIds: []string{c.instanceID}, Parameters: map[string][]string{"commands": {"x"}}}
	for name, call := range map[string]struct {
		c      *clients
		change func(*ssm.SendCommandInput)
		want   string
	}{
		"not managed":      {offline, func(*ssm.SendCommandInput) {}, "InvalidInstanceId"},
		"denied":           {denied, func(*ssm.SendCommandInput) {}, "AccessDeniedException"},
		"another document": {c, func(in *ssm.SendCommandInput) { in.DocumentName = aws.String("AWS-RunShellScript") }, "InvalidDocument"},
		"no commands":      {c, func(in *ssm.SendCommandInput) { in.Parameters = nil }, "InvalidParameters"},
		"SSM parameters":   {c, func(in *ssm.SendCommandInput) { in.Parameters = map[string][]string{"commands": {"{{ssm:x}}"}} }, "InvalidParameters"},
		"unknown parameter": {c, func(in *ssm.SendCommandInput) {
			in.Parameters = map[string][]string{"commands": {"x"}, "timeout": {"1"}}
		}, "InvalidParameters"},
		"too short a timeout": {c, func(in *ssm.SendCommandInput) { in.TimeoutSeconds = aws.Int32(29) }, "ValidationException"},
		"nobody":              {c, func(in *ssm.SendCommandInput) { in.InstanceIds = nil }, "ValidationException"},
	} {
		in := good
		call.change(&in)
		if _, err := call.c.ssm.SendCommand(t.Context(), &in); codeOf(err) != call.want {
			t.Errorf("%s: %v, want %s", name, err, call.want)
		}
	}
}

// Somebody who runs the block on the server itself gets the same answer, also where
// Systems Manager cannot.
func TestAskedLine(t *testing.T) {
	l, err := Open("agent-stopped", Options{})
	if err != nil {
		t.Fatal(err)
	}
	key := estate.GuestLaunchPart.Key(appID())
	asked, err := guest.RequestFor([]estate.Key{key})
	if err != nil {
		t.Fatal(err)
	}
	line, err := l.AskedLine(appID(), asked)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := guest.ReadLine(line)
	if err != nil {
		t.Fatal(err)
	}
	launch := answer.Part(key, fact.Origin{Source: fact.Customer}, l.Now()).Fact.(fact.Of[estate.GuestLaunch])
	if launch.Value().SSMAgent != (estate.GuestService{Status: "Stopped", StartType: "Disabled"}) {
		t.Errorf("%s %+v", launch.State(), launch.Value())
	}
	if _, err := l.AskedLine("i-0123456789abcdef0", asked); err == nil {
		t.Error("a server that is not there answers")
	}
}

// The witnesses that need no look inside tell of the same Windows.
func TestWitnessesTellOfTheSameWindows(t *testing.T) {
	c := open(t, "lease-stale", Options{})
	inventory := func(name string) []map[string]string {
		out, err := c.ssm.ListInventoryEntries(t.Context(), &ssm.ListInventoryEntriesInput{InstanceId: &c.instanceID, TypeName: &name})
		if err != nil {
			t.Fatal(err)
		}
		return out.Entries
	}
	got := ask[estate.GuestDNS](t, c, dnsKey(c))
	if network := inventory("AWS:Network"); len(network) != 1 || network[0]["DNSServer"] != strings.Join(got.Servers[0], ",") || network[0]["Gateway"] != "10.20.1.1" {
		t.Errorf("%v, inside %v", network, got.Servers)
	}
	if len(inventory("AWS:Service")) < 5 || len(inventory("AWS:WindowsUpdate")) != 1 {
		t.Error("no services, or no updates")
	}
	if _, err := c.ssm.ListInventoryEntries(t.Context(), &ssm.ListInventoryEntriesInput{InstanceId: &c.instanceID, TypeName: aws.String("AWS:Nothing")}); codeOf(err) != "InvalidTypeNameException" {
		t.Errorf("%v", err)
	}
	never := open(t, "no-role", Options{})
	out, err := never.ssm.ListInventoryEntries(t.Context(), &ssm.ListInventoryEntriesInput{InstanceId: &never.instanceID, TypeName: aws.String("AWS:Service")})
	if err != nil || len(out.Entries) != 0 || out.CaptureTime != nil {
		t.Errorf("never managed, and yet %+v, %v", out, err)
	}
}
