package lab

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/runbook"
)

// The table of DESIGN.md §6, as far as it is words: scenario, symptom, root causes, exit.
const contract = `
healthy                | everything              |                                                              | 0
healthy-nat            | everything              |                                                              | 0
healthy-custom-policy  | everything              |                                                              | 0
healthy-resolver-rule  | everything              |                                                              | 0
no-role                | not-in-systems-manager  | iam.profile-missing                                          | 1
role-without-policy    | not-in-systems-manager  | iam.permission-missing                                       | 1
boundary               | not-in-systems-manager  | iam.boundary-blocks                                          | 1
no-endpoint            | no-session              | endpoint.missing@ssmmessages                                 | 1
endpoint-sg            | not-in-systems-manager  | endpoint.sg-blocks                                           | 1
sg-egress              | not-in-systems-manager  | network.sg-egress-blocks                                     | 1
nacl-return            | not-in-systems-manager  | network.nacl-blocks-return                                   | 1
private-dns-off        | not-in-systems-manager  | endpoint.private-dns-off                                     | 1
dns-support-off        | not-in-systems-manager  | dns.vpc-support-off                                          | 1
shared-vpc             | not-in-systems-manager  |                                                              | 3
witness                | not-in-systems-manager  | iam.permission-missing                                       | 1
office-terminates      | office-terminates       | dns.ad-domain-unresolvable                                   | 1
office-dc-elsewhere    | office-terminates       | dns.ad-domain-unresolvable                                   | 1
office-dead-long-ago   | office-terminates       | dns.ad-domain-unresolvable                                   | 1
office-1688            | office-terminates       | license.port-1688-blocked                                    | 1
office-two-directories | office-terminates       | license.directory-ambiguous                                  | 1
office-user-missing    | office-not-licensed     | license.user-not-subscribed, license.user-not-associated     | 1
cloned-fleet           | cloned                  | clone.suspected                                              | 1
no-password            | no-password             |                                                              | 3
operator-denied        | not-in-systems-manager  |                                                              | 3
many-causes            | not-in-systems-manager  | iam.permission-missing, endpoint.missing@.ssm, endpoint.sg-blocks@ssmmessages, network.nacl-blocks-return, dns.vpc-hostnames-off | 1
clone-not-activated    | cloned                  | clone.not-generalized                                        | 1
clone-server-2025      | rdp-refused             | clone.not-generalized                                        | 1
clone-not-the-cause    | rdp-refused             | account.locked                                               | 1
dns-forwarder-missing  | everything              | dns.aws-names-not-forwarded                                  | 1
lease-stale            | domain-join             | dns.lease-stale                                              | 1
kms-blocked            | not-activated           | activation.no-route                                          | 1
clock-skewed           | not-activated           | activation.clock-skewed                                      | 1
agent-stopped          | not-in-systems-manager  | ssm.agent-stopped                                            | 1
sysprep-stuck          | cloned                  | clone.sysprep-stuck                                          | 1
ssm-cli-false-alarms   | everything              |                                                              | 0
rds-grace-over         | rdp-refused             | rdp.license-expired                                          | 1`

func TestScenariosAreTheContract(t *testing.T) {
	var want, got []string
	for line := range strings.Lines(strings.TrimSpace(contract)) {
		want = append(want, strings.Join(strings.Fields(line), " "))
	}
	for _, s := range Scenarios() {
		var causes []string
		for _, e := range s.Expect {
			causes = append(causes, strings.TrimSuffix(string(e.Code)+"@"+e.Subject, "@"))
		}
		got = append(got, strings.Join(strings.Fields(strings.Join([]string{s.Name, "|", string(s.Symptom), "|", strings.Join(causes, ", "), "|", string(rune('0' + s.Exit))}, " ")), " "))
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestScenariosAreComplete(t *testing.T) {
	// Words that the Japanese of monshin never uses.
	forbidden := []string{"証拠", "証明済み", "健全", "爆発半径", "トランスクリプト", "ゲスト", "足場", "ファインディング", "歩く"}
	seen := map[string]bool{}
	for _, s := range Scenarios() {
		if seen[s.Name] {
			t.Errorf("%s: twice", s.Name)
		}
		seen[s.Name] = true
		if !s.Title.Complete() || !s.Lesson.Complete() {
			t.Errorf("%s: a text is missing", s.Name)
		}
		for _, w := range forbidden {
			if strings.Contains(s.Title.Ja+s.Lesson.Ja, w) {
				t.Errorf("%s: says %s", s.Name, w)
			}
		}
		if s.Region == "" || len(s.Account) != 12 || s.Now.IsZero() || !instanceID().MatchString(s.InstanceID) {
			t.Errorf("%s: no target: %+v", s.Name, s)
		}
		if found, ok := Find(s.Name); !ok || found.InstanceID != s.InstanceID {
			t.Errorf("%s cannot be found", s.Name)
		}
		if (s.Exit == 1) != (len(s.Expect) > 0) || (s.Exit == 3) != (len(s.Expect) == 0 && len(s.Unknown)+len(s.Unexplained) > 0) {
			t.Errorf("%s: exit %d does not fit its expectations", s.Name, s.Exit)
		}
	}
	if _, ok := Find("nothing"); ok {
		t.Error("found what is not there")
	}
}

// Everything that a world names is in it.
func TestWorldsAreWhole(t *testing.T) {
	for _, s := range Scenarios() {
		t.Run(s.Name, func(t *testing.T) {
			w := s.build()
			need := func(ok bool, what, id string) {
				t.Helper()
				if !ok {
					t.Errorf("%s %q is not there", what, id)
				}
			}
			subnets := func(ids ...string) {
				for _, id := range ids {
					need(w.Subnets[id] != nil, "subnet", id)
				}
			}
			groups := func(ids ...string) {
				for _, id := range ids {
					need(w.Groups[id] != nil, "group", id)
				}
			}
			need(w.Instances[s.InstanceID] != nil, "target", s.InstanceID)
			addresses := map[string]bool{}
			for _, i := range w.Instances {
				subnets(i.Subnet)
				groups(i.Groups...)
				need(w.Images[i.Image] != nil, "image", i.Image)
				need(w.InstanceTypes[i.Type] != nil, "type", i.Type)
				need(i.Profile == "" || w.Profiles[i.Profile] != nil, "profile", i.Profile)
				need(!addresses[i.IP], "free address", i.IP)
				addresses[i.IP] = true
				need(i.Windows != nil, "Windows of", i.ID)
				if n := w.Nodes[i.ID]; n != nil {
					need(n.Computer == i.Windows.Name && n.PlatformVersion == fmt.Sprintf("10.0.%d", i.Windows.Build), "one name and build for", i.ID)
				}
				need(i.Windows.Booted.Before(w.Now) && !i.Windows.Booted.Before(i.Launched), "start of", i.ID)
			}
			for _, i := range w.Interfaces {
				subnets(i.Subnet)
				groups(i.Groups...)
				need(!addresses[i.IP], "free address", i.IP)
				addresses[i.IP] = true
			}
			for _, e := range w.Endpoints {
				subnets(e.Subnets...)
				groups(e.Groups...)
				need(len(e.Interfaces) == len(e.Subnets), "interface of", e.ID)
			}
			for _, g := range w.Groups {
				need(w.VPCs[g.VPC] != nil, "VPC", g.VPC)
				for _, r := range g.Rules {
					if strings.HasPrefix(r.Peer, "sg-") {
						groups(r.Peer)
					}
				}
			}
			for _, v := range w.VPCs {
				need(w.DHCPOptions[v.DHCP] != nil, "option set", v.DHCP)
				mains := 0
				for _, rt := range w.RouteTables {
					if rt.VPC == v.ID && rt.Main {
						mains++
					}
				}
				need(mains == 1, "one main route table in", v.ID)
			}
			for _, rt := range w.RouteTables {
				subnets(rt.Subnets...)
			}
			for _, r := range w.Roles {
				for _, arn := range append(slices.Clone(r.Attached), r.Boundary) {
					need(arn == "" || w.Policies[arn] != nil, "policy", arn)
				}
				need(json.Valid([]byte(r.Trust)), "trust of", r.Name)
			}
			for _, p := range w.Policies {
				need(len(statements(p.Name, p.Document)) > 0, "statement of", p.Name)
			}
			for _, d := range w.Directories {
				subnets(d.Subnets...)
				groups(d.Group)
			}
			for _, p := range w.Providers {
				subnets(p.Subnets...)
				groups(p.Group)
				need(w.Directories[p.Directory] != nil, "directory", p.Directory)
			}
			for _, n := range w.Nodes {
				need(w.Instances[n.Instance] != nil, "instance", n.Instance)
			}
			ids := map[string]bool{}
			for _, e := range w.Events {
				need(!ids[e.ID], "own id for", e.Name+" "+e.ID)
				ids[e.ID] = true
				need(e.Time.Before(w.Now), "past for", e.Name)
			}
		})
	}
}

// The world can be kept in a file: JSON holds all of it.
func TestWorldSurvivesJSON(t *testing.T) {
	for _, name := range []string{"office-two-directories", "many-causes", "clone-server-2025", "clock-skewed"} {
		s, _ := Find(name)
		before, after := s.build(), &World{}
		if err := json.Unmarshal(mustJSON(before), after); err != nil {
			t.Fatal(err)
		}
		// Numbers inside the events' free-form maps come back as float64.
		if d := cmp.Diff(before, after, cmpopts.IgnoreUnexported(World{}), cmpopts.IgnoreFields(Event{}, "Request", "Response"), cmpopts.EquateEmpty()); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

func TestSimulatorAgreesWithTheScenarios(t *testing.T) {
	for name, want := range map[string]string{
		"healthy": "allowed", "healthy-custom-policy": "allowed", "role-without-policy": "implicitDeny", "boundary": "implicitDeny", "witness": "implicitDeny",
	} {
		c := open(t, name, Options{})
		out, err := every(c)["iam:SimulatePrincipalPolicy"](t.Context())
		if err != nil {
			t.Fatal(name, err)
		}
		var got struct {
			EvaluationResults []struct {
				EvalActionName, EvalDecision      string
				PermissionsBoundaryDecisionDetail *struct{ AllowedByPermissionsBoundary bool }
			}
		}
		if err := json.Unmarshal(mustJSON(out), &got); err != nil {
			t.Fatal(err)
		}
		if len(got.EvaluationResults) != len(minimum()) {
			t.Errorf("%s: %d results", name, len(got.EvaluationResults))
		}
		for _, r := range got.EvaluationResults {
			if r.EvalDecision != want {
				t.Errorf("%s: %s is %s", name, r.EvalActionName, r.EvalDecision)
			}
			if bounded := r.PermissionsBoundaryDecisionDetail != nil; bounded != (name == "boundary") {
				t.Errorf("%s: boundary %v", name, bounded)
			}
		}
	}
}

// The record of the launch holds what the dead instance's row has lost; the record
// of its end tells who it was.
func TestTrailOfADeadInstance(t *testing.T) {
	for _, name := range []string{"office-terminates", "office-dead-long-ago", "office-1688", "office-two-directories"} {
		c := open(t, name, Options{})
		records := map[string]string{}
		for p := cloudtrail.NewLookupEventsPaginator(c.trail, &cloudtrail.LookupEventsInput{}); p.HasMorePages(); {
			out, err := p.NextPage(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range out.Events {
				for _, r := range e.Resources {
					if *r.ResourceName == c.instanceID {
						records[*e.EventName] = *e.CloudTrailEvent
					}
				}
			}
		}
		var launch struct {
			ResponseElements struct {
				InstancesSet struct {
					Items []struct {
						InstanceID, ImageID, SubnetID, VpcID, KeyName, PrivateIPAddress, Platform string
						ProductCodes                                                              struct {
							Items []struct{ ProductCode string }
						}
						GroupSet            struct{ Items []struct{ GroupID string } }
						IamInstanceProfile  struct{ Arn, ID string }
						NetworkInterfaceSet struct {
							Items []struct{ NetworkInterfaceID string }
						}
						TagSet struct{ Items []struct{ Key, Value string } }
					}
				}
			}
		}
		if err := json.Unmarshal([]byte(records["RunInstances"]), &launch); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		items := launch.ResponseElements.InstancesSet.Items
		if len(items) != 1 || items[0].InstanceID != c.instanceID || items[0].VpcID != vpcID() || items[0].SubnetID != appSubnet() ||
			items[0].GroupSet.Items[0].GroupID != officeGroup() || items[0].ProductCodes.Items[0].ProductCode != officeProductCode ||
			items[0].IamInstanceProfile.ID == "" || len(items[0].NetworkInterfaceSet.Items) != 1 || items[0].TagSet.Items[0].Value != dead {
			t.Errorf("%s: launch %+v", name, items)
		}
		var end struct {
			UserIdentity struct {
				Type, InvokedBy string
				SessionContext  struct{ SessionIssuer struct{ UserName string } }
			}
			SourceIPAddress string
		}
		if err := json.Unmarshal([]byte(records["TerminateInstances"]), &end); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if end.UserIdentity.Type != "AssumedRole" || end.UserIdentity.SessionContext.SessionIssuer.UserName != licenseManagerRole ||
			end.UserIdentity.InvokedBy != licenseManagerService || end.SourceIPAddress != licenseManagerService {
			t.Errorf("%s: end %+v", name, end)
		}
	}
}

// Run Command's history holds the error, and a secret that must go no further.
func TestJoinErrorIsInTheHistory(t *testing.T) {
	c := open(t, "office-terminates", Options{})
	list, err := c.ssm.ListCommandInvocations(t.Context(), &ssm.ListCommandInvocationsInput{InstanceId: &c.instanceID, Details: true})
	if err != nil || len(list.CommandInvocations) != 3 {
		t.Fatal(list, err)
	}
	last := list.CommandInvocations[0]
	if last.Status != "Failed" || !strings.Contains(*last.CommandPlugins[0].Output, "\n----------ERROR-------\nAdd-Computer") {
		t.Errorf("the newest is %s: %s", last.Status, *last.CommandPlugins[0].Output)
	}
	out, err := c.ssm.GetCommandInvocation(t.Context(), &ssm.GetCommandInvocationInput{CommandId: last.CommandId, InstanceId: last.InstanceId})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(*out.StandardErrorContent, "The specified domain either does not exist or could not be contacted") {
		t.Errorf("stderr: %s", *out.StandardErrorContent)
	}
	if !strings.Contains(*out.StandardOutputContent, PlantedSecret) {
		t.Error("the planted secret is not there, so that tests elsewhere prove nothing")
	}
}

func TestExpectationsNameSymptomsOfTheirOwn(t *testing.T) {
	for _, s := range Scenarios() {
		dies := s.Symptom == runbook.OfficeTerminates
		w := s.build()
		if gone := !w.Instances[s.InstanceID].Terminated.IsZero(); gone != dies {
			t.Errorf("%s: terminated %v", s.Name, gone)
		}
		for _, e := range s.Expect {
			if e.Code == finding.InstanceTerminatedByLicense {
				t.Errorf("%s: an observation is no root cause", s.Name)
			}
		}
	}
}
