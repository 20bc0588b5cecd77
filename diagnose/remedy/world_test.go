package remedy_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/remedy"
)

// world is a small account: security groups and option sets that calls change.
type world struct {
	now     time.Time
	groups  map[string]estate.SecurityGroup
	dhcp    string
	made    int
	tokens  map[string]string // what a token made
	calls   []remedy.Call
	refuse  string // an operation that is refused
	late    string // an operation whose answer is lost after it took effect
	lost    string // an operation that is lost before it took effect
	unread  bool
	journal []remedy.Line
	// room is how many entries the ledger takes; -1 is all.
	room int
}

const patient, group, network = "i-0123456789abcdef0", "sg-1", "vpc-1"

func newWorld() *world {
	return &world{
		now:    time.Date(2026, 7, 14, 1, 0, 0, 0, time.UTC),
		groups: map[string]estate.SecurityGroup{group: {ID: group, VPC: network, Rules: []estate.SecurityGroupRule{{ID: "sgr-0", Egress: true, Protocol: "-1", CIDR4: "10.0.0.0/16"}}}},
		dhcp:   "dopt-old", tokens: map[string]string{}, room: -1,
	}
}

func (w *world) part(k estate.Key) fact.Fact {
	o := fact.Origin{Source: fact.API, Time: w.now}
	switch k.Kind {
	case estate.SecurityGroupPart.Name():
		if g, ok := w.groups[k.ID]; ok {
			return fact.Known(g, o)
		}
		return fact.Absent[estate.SecurityGroup](o)
	case estate.VPCPart.Name():
		return fact.Known(estate.VPC{ID: network, CIDR: "10.0.0.0/16", DHCP: w.dhcp}, o)
	}
	return nil
}

func (w *world) estate() *estate.Estate {
	e := estate.New(estate.Target{InstanceID: patient, Region: "ap-northeast-1"}, w.now)
	for _, k := range []estate.Key{estate.SecurityGroupPart.Key(group), estate.VPCPart.Key(network)} {
		e.Put(estate.Part{Key: k, Fact: w.part(k)})
	}
	e.Put(estate.CallerPart.Part("", fact.Known(estate.Caller{Account: "123456789012", Alias: "kakou"}, fact.Origin{})))
	e.Put(estate.ManagedNodePart.Part(patient, fact.Absent[estate.ManagedNode](fact.Origin{})))
	return e
}

func (w *world) Read(_ context.Context, keys []estate.Key) (map[estate.Key]fact.Fact, error) {
	out := map[estate.Key]fact.Fact{}
	for _, k := range keys {
		if w.unread {
			kind, _ := estate.Lookup(k.Kind)
			out[k] = kind.Unknown(k.ID, fact.Why{Reason: fact.Denied}).Fact
			continue
		}
		out[k] = w.part(k)
	}
	return out, nil
}

func (w *world) DryRun(context.Context, remedy.Call) remedy.DryRun {
	return remedy.DryRun{Verdict: remedy.NotAsked}
}

func (w *world) Do(_ context.Context, c remedy.Call, _ func(lang.Text)) (remedy.Reply, error) {
	if len(w.journal) == 0 || w.journal[len(w.journal)-1].Kind != remedy.KindIntent {
		panic("a call without an intent before it: " + c.Operation)
	}
	w.calls = append(w.calls, c)
	if c.Operation == w.refuse {
		return remedy.Reply{}, &remedy.Failure{Call: c, Why: fact.Why{Reason: fact.Denied, Action: c.Operation}, Err: errors.New("no")}
	}
	if c.Operation == w.lost {
		w.lost = ""
		return remedy.Reply{}, &remedy.Failure{Call: c, Why: fact.Why{Reason: fact.Timeout}, Unsure: true, Err: context.DeadlineExceeded}
	}
	reply, err := w.effect(c)
	if err == nil && c.Operation == w.late {
		w.late = ""
		return remedy.Reply{}, &remedy.Failure{Call: c, Why: fact.Why{Reason: fact.Timeout}, Unsure: true, Err: context.DeadlineExceeded}
	}
	return reply, err
}

func (w *world) effect(c remedy.Call) (remedy.Reply, error) {
	r := remedy.Reply{Time: w.now, RequestID: "r", Outputs: map[string]string{}}
	in := func(name string) string { s, _ := c.Input[name].(string); return s }
	switch c.Operation {
	case "ec2:CreateDhcpOptions":
		tags, _ := json.Marshal(c.Input["TagSpecifications"])
		token := string(tags)
		w.made++
		w.tokens[token] = fmt.Sprintf("dopt-%d", w.made)
		r.Outputs["DhcpOptions.DhcpOptionsId"] = w.tokens[token]
	case "ec2:AssociateDhcpOptions":
		w.dhcp = in("DhcpOptionsId")
	case "ec2:DeleteDhcpOptions":
		for k, v := range w.tokens {
			if v == in("DhcpOptionsId") {
				delete(w.tokens, k)
			}
		}
	case "ec2:AuthorizeSecurityGroupIngress":
		g := w.groups[in("GroupId")]
		w.made++
		id := fmt.Sprintf("sgr-%d", w.made)
		g.Rules = append(slices.Clone(g.Rules), estate.SecurityGroupRule{ID: id, Protocol: "tcp", FromPort: 443, ToPort: 443, CIDR4: "10.0.0.0/16"})
		w.groups[g.ID] = g
		r.Outputs["SecurityGroupRules.0.SecurityGroupRuleId"] = id
	case "ec2:RevokeSecurityGroupIngress":
		g := w.groups[in("GroupId")]
		ids, _ := json.Marshal(c.Input["SecurityGroupRuleIds"])
		g.Rules = slices.DeleteFunc(slices.Clone(g.Rules), func(x estate.SecurityGroupRule) bool { return strings.Contains(string(ids), `"`+x.ID+`"`) })
		w.groups[g.ID] = g
	default:
		panic(c.Operation)
	}
	return r, nil
}

func (w *world) Find(_ context.Context, c remedy.Call) (remedy.Reply, bool, error) {
	r := remedy.Reply{Time: w.now, Outputs: map[string]string{}}
	switch c.Operation {
	case "ec2:CreateDhcpOptions":
		tags, _ := json.Marshal(c.Input["TagSpecifications"])
		id, ok := w.tokens[string(tags)]
		r.Outputs["DhcpOptions.DhcpOptionsId"] = id
		return r, ok, nil
	case "ec2:AuthorizeSecurityGroupIngress":
		for _, x := range w.groups[group].Rules {
			if x.FromPort == 443 {
				r.Outputs["SecurityGroupRules.0.SecurityGroupRuleId"] = x.ID
				return r, true, nil
			}
		}
	}
	return r, false, nil
}

var errFull = errors.New("no space left on device")

func (w *world) Append(kind string, body any) error {
	if w.room == 0 {
		return errFull
	}
	if w.room > 0 {
		w.room--
	}
	b, err := json.Marshal(body)
	if err != nil {
		return err
	}
	w.journal = append(w.journal, remedy.Line{Kind: kind, Body: b})
	return nil
}

func (w *world) runner() *remedy.Runner {
	return &remedy.Runner{Caller: w, Reader: w, Ledger: w, Now: func() time.Time { return w.now }, Sleep: func(_ context.Context, d time.Duration) error {
		w.now = w.now.Add(d)
		return nil
	}}
}

// dhcpFix has three steps of three sorts: one that makes something with a name that
// AWS gives, one that sets a value, and one that adds to a list.
func dhcpFix() remedy.Fix {
	return remedy.Fix{
		ID: "test.dhcp", Mode: remedy.Automatic, For: []finding.Code{finding.DNSADDomainUnresolvable}, Title: lang.Both("switch", "切替"),
		Make: func(b *remedy.Builder) {
			vpc := estate.VPCPart.Of(b.View(), network)
			if vpc.IsUnknown() {
				b.Unread(estate.VPCPart.Key(network), vpc.Why())
				return
			}
			made := remedy.Output("create", "DhcpOptions.DhcpOptionsId")
			b.Step(remedy.Step{ID: "create", Title: lang.Both("create", "作成"), Call: &remedy.Call{
				Operation: "ec2:CreateDhcpOptions", Tagged: true, Outputs: []string{"DhcpOptions.DhcpOptionsId"},
				Input: map[string]any{"DhcpConfigurations": []any{map[string]any{"Key": "domain-name-servers", "Values": []any{"10.0.0.10", "10.0.0.11"}}}, "TagSpecifications": []any{map[string]any{"ResourceType": "dhcp-options"}}},
			}, Undo: &remedy.Call{Operation: "ec2:DeleteDhcpOptions", Input: map[string]any{"DhcpOptionsId": made}}})
			old := vpc.Value().DHCP
			remedy.Edit(b, estate.VPCPart, network, func(v estate.VPC) estate.VPC { v.DHCP = made; return v })
			b.Step(remedy.Step{ID: "associate", Title: lang.Both("associate", "関連付け"), Call: &remedy.Call{
				Operation: "ec2:AssociateDhcpOptions", Input: map[string]any{"DhcpOptionsId": made, "VpcId": network},
			}, Undo: &remedy.Call{Operation: "ec2:AssociateDhcpOptions", Input: map[string]any{"DhcpOptionsId": old, "VpcId": network}}})
			rule := remedy.Output("allow", "SecurityGroupRules.0.SecurityGroupRuleId")
			remedy.Edit(b, estate.SecurityGroupPart, group, func(g estate.SecurityGroup) estate.SecurityGroup {
				g.Rules = append(slices.Clone(g.Rules), estate.SecurityGroupRule{ID: rule, Protocol: "tcp", FromPort: 443, ToPort: 443, CIDR4: "10.0.0.0/16"})
				return g
			})
			b.Step(remedy.Step{ID: "allow", Title: lang.Both("allow", "許可"), Call: &remedy.Call{
				Operation: "ec2:AuthorizeSecurityGroupIngress", Outputs: []string{"SecurityGroupRules.0.SecurityGroupRuleId"},
				Input: map[string]any{"GroupId": group, "IpPermissions": []any{map[string]any{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": []any{map[string]any{"CidrIp": "10.0.0.0/16"}}}}},
			}, Undo: &remedy.Call{Operation: "ec2:RevokeSecurityGroupIngress", Input: map[string]any{"GroupId": group, "SecurityGroupRuleIds": []any{rule}}}})
			b.Why("because", "理由")
			b.Type(network)
			b.Settles(30*time.Minute, "the agent retries", "SSM Agent の再試行待ち")
		},
	}
}
