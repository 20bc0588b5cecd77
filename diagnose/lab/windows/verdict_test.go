package windows

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/guest"
	"github.com/monshin/monshin/diagnose/probe"
)

// judged are the judgements that rest on what Windows itself says.
var judged = []string{
	"clone.sid", "clone.authentication", "activation.status", "password.agent", "ad.join", "agent.service", "rdp.sign-in",
}

// account is what AWS tells of the instance: launched nine days ago from an image of
// the account's own, which another instance runs from too.
func account(joined bool) *estate.Estate {
	e := estate.New(estate.Target{InstanceID: server, Region: "ap-northeast-1"}, now())
	api := fact.Origin{Source: fact.API, Time: now()}
	born := now().AddDate(0, 0, -9)
	e.Put(estate.InstancePart.Part(server, fact.Known(estate.Instance{
		ID: server, State: "running", Platform: "windows", PlatformDetails: "Windows", UsageOperation: "RunInstances:0002",
		ImageID: "ami-0123456789abcdef0", KeyName: "key", VPC: "vpc-1", Subnet: "subnet-1", LaunchTime: born, RootAttached: born,
	}, api)))
	e.Put(estate.ImagePart.Part("ami-0123456789abcdef0", fact.Known(estate.Image{
		ID: "ami-0123456789abcdef0", OwnerID: "111122223333", OwnerAlias: "self", Created: born.AddDate(0, 0, -1),
	}, api)))
	e.Put(estate.SiblingsPart.Part("ami-0123456789abcdef0", fact.Known(estate.Peers{Complete: true, Peers: []estate.Peer{{ID: "i-0aaaaaaaaaaaaaaaa", State: "running"}}}, api)))
	e.Put(estate.DirectoriesPart.Part("", fact.Known([]estate.Directory{}, api)))
	// Heartbeats are missing, so that the service is asked for.
	e.Put(estate.ManagedNodePart.Part(server, fact.Known(estate.ManagedNode{ID: server, PingStatus: "ConnectionLost"}, api)))
	e.Answers[estate.AnswerFrom], e.Answers[estate.AnswerUser] = "203.0.113.10", "sato"
	if joined {
		e.Answers[estate.AnswerADDomain] = "corp.example.local"
	}
	return e
}

// Every Windows Server that is out there, in either language, with either launch
// agent, in a workgroup, a member, or a domain controller: what it prints is decoded
// and comes to the right verdicts, whether it was set up anew or copied into another
// subnet without Sysprep.
func TestEveryWindowsComesToItsVerdicts(t *testing.T) {
	for _, release := range []Release{2016, 2019, 2022, 2025} {
		for _, agent := range []string{LaunchV1, LaunchV2} {
			if agent == LaunchV1 && release >= 2022 {
				continue // there is none for them (domain.md A4)
			}
			for _, language := range []int{Japanese, English} {
				for _, role := range []string{"workgroup", "member", "controller"} {
					for _, copied := range []bool{false, true} {
						t.Run(fmt.Sprintf("%d/%s/%d/%s/copied %v", release, agent, language, role, copied), func(t *testing.T) {
							verdictsOf(t, release, agent, language, role, copied)
						})
					}
				}
			}
		}
	}
}

func verdictsOf(t *testing.T, release Release, agent string, language int, role string, copied bool) {
	made := now().AddDate(0, 0, -9)
	if copied {
		made = now().AddDate(0, -3, 0)
	}
	h := Launched(release, "APP-01", language, made, "10.0.0.1", []string{"AmazonProvidedDNS"}, "ap-northeast-1.compute.internal")
	if h.Agent != agent { // the older releases come with either
		state := made.AddDate(0, 0, 0)
		h.Agent, h.PasswordType, h.RunOnce, h.State = LaunchV2, "random", state, state
		h.Routes = nil
		h.addRoutes("10.0.0.1")
	}
	if role != "workgroup" {
		h.Join("corp.example.local", SID("corp"))
		h.Controller = role == "controller"
	}
	o := normal()
	if copied {
		o.gateway = "10.0.1.1"
		h = h.Copied(now().AddDate(0, 0, -9), o.gateway, []string{"AmazonProvidedDNS"}, "ap-northeast-1.compute.internal")
	}
	stdout, stderr := h.Run(o, everything())
	answer, err := guest.Read([]byte(stderr + stdout))
	if err != nil {
		t.Fatal(err)
	}
	e := account(role != "workgroup")
	for _, k := range keys() {
		e.Put(answer.Part(k, fact.Origin{Source: fact.Guest, Call: "ssm:SendCommand", Time: now()}, now()))
	}

	const fine, wrong, none = "ok", "problem", "not-applicable"
	want := map[string]string{
		"clone.sid": fine, "clone.authentication": fine, "activation.status": fine, "password.agent": fine,
		"ad.join": fine, "agent.service": fine, "rdp.sign-in": fine,
	}
	if agent == LaunchV1 {
		want["password.agent"] = none // it leaves no time of its first run
	}
	if role == "workgroup" {
		want["ad.join"] = none // nobody said that it should be a member
	}
	if copied {
		want["clone.sid"], want["clone.authentication"], want["password.agent"] = wrong, wrong, wrong
		if agent == LaunchV1 {
			want["activation.status"] = wrong // v2 adds its routes anew at each start
		}
	}
	if role == "controller" {
		want["clone.sid"], want["clone.authentication"], want["password.agent"] = none, fine, none // it has no local accounts
	}
	got, codes, whys := map[string]string{}, []string{}, []fact.Why{}
	for _, id := range judged {
		p, _ := probe.All().Get(id)
		v := p.Judge(estate.NewView(e))
		got[id] = string(v.Outcome)
		whys = append(whys, v.Whys...)
		for _, f := range v.Findings {
			c := string(f.Code)
			if f.Severity != "" {
				c += " " + string(f.Severity)
			}
			codes = append(codes, c)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("verdicts (-want +got):\n%s%v\n%v", diff, codes, whys)
	}
	// Only the newest refuses its own copies.
	if copied && role != "controller" {
		if refuses := slices.Contains(codes, "clone.duplicate-sid error"); refuses != (release == 2025) {
			t.Errorf("%v", codes)
		}
	}
}
