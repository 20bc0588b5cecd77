package cloud

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/route53resolver"
	r53types "github.com/aws/aws-sdk-go-v2/service/route53resolver/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/guest"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/remedy"
)

func endpointsIn(state ec2types.State) *ec2.DescribeVpcEndpointsOutput {
	return &ec2.DescribeVpcEndpointsOutput{VpcEndpoints: []ec2types.VpcEndpoint{endpointIn(state)}}
}

func instancesIn(state ec2types.InstanceStateName) *ec2.DescribeInstancesOutput {
	return &ec2.DescribeInstancesOutput{Reservations: []ec2types.Reservation{{Instances: []ec2types.Instance{{
		InstanceId: aws.String("i-1"), State: &ec2types.InstanceState{Name: state}, StateReason: &ec2types.StateReason{Message: aws.String("because")},
	}}}}}
}

func resolverIn(status r53types.ResolverEndpointStatus) *route53resolver.GetResolverEndpointOutput {
	return &route53resolver.GetResolverEndpointOutput{ResolverEndpoint: &r53types.ResolverEndpoint{Id: aws.String("rslvr-out-1"), Status: status}}
}

func associationIn(status r53types.ResolverRuleAssociationStatus) *route53resolver.ListResolverRuleAssociationsOutput {
	return &route53resolver.ListResolverRuleAssociationsOutput{ResolverRuleAssociations: []r53types.ResolverRuleAssociation{{
		Id: aws.String("rslvr-rrassoc-1"), ResolverRuleId: aws.String("rslvr-rr-1"), VPCId: aws.String("vpc-1"), Status: status,
	}}}
}

// What a call only starts is waited for.
func TestEndsOfCalls(t *testing.T) {
	pending := endpointIn(ec2types.StatePending)
	launch := remedy.Call{Operation: "ec2:RunInstances", Token: "ClientToken", Outputs: []string{"Instances.0.InstanceId"},
		Input: object("ImageId", "ami-1", "MinCount", 1, "MaxCount", 1, "ClientToken", "monshin-1")}
	resolver := remedy.Call{Operation: "route53resolver:CreateResolverEndpoint", Token: "CreatorRequestId", Outputs: []string{"ResolverEndpoint.Id"},
		Input: object("CreatorRequestId", "monshin-1", "Direction", "OUTBOUND", "SecurityGroupIds", []any{"sg-1"}, "IpAddresses", []any{object("SubnetId", "subnet-1")})}
	associate := remedy.Call{Operation: "route53resolver:AssociateResolverRule", Input: object("ResolverRuleId", "rslvr-rr-1", "VPCId", "vpc-1")}
	answers := map[string]any{
		"ec2:CreateVpcEndpoint": &ec2.CreateVpcEndpointOutput{VpcEndpoint: &pending},
		"ec2:RunInstances":      &ec2.RunInstancesOutput{Instances: []ec2types.Instance{{InstanceId: aws.String("i-1")}}},
		"route53resolver:CreateResolverEndpoint": &route53resolver.CreateResolverEndpointOutput{
			ResolverEndpoint: &r53types.ResolverEndpoint{Id: aws.String("rslvr-out-1"), Status: r53types.ResolverEndpointStatusCreating},
		},
		"route53resolver:AssociateResolverRule":    &route53resolver.AssociateResolverRuleOutput{},
		"route53resolver:DisassociateResolverRule": &route53resolver.DisassociateResolverRuleOutput{},
		"route53resolver:DeleteResolverEndpoint":   &route53resolver.DeleteResolverEndpointOutput{},
		"ec2:DeleteVpcEndpoints":                   &ec2.DeleteVpcEndpointsOutput{},
		"iam:DeleteServiceLinkedRole":              &iam.DeleteServiceLinkedRoleOutput{DeletionTaskId: aws.String("task/1")},
	}
	role := &iam.GetRoleOutput{Role: &iamtypes.Role{RoleName: aws.String("r")}}
	unrole := remedy.Call{Operation: "iam:DeleteServiceLinkedRole", Input: object("RoleName", "r")}
	const (
		good = iota
		bad  // a certain end, and a bad one
		open // nobody knows
	)
	gone := coded(404, "ResourceNotFoundException", "gone")
	tests := []struct {
		name  string
		call  remedy.Call
		looks string
		seen  []any
		want  int
	}{
		{"an endpoint comes", newEndpoint, "ec2:DescribeVpcEndpoints", []any{&ec2.DescribeVpcEndpointsOutput{}, endpointsIn("pending"), endpointsIn("available")}, good},
		{"an endpoint fails", newEndpoint, "ec2:DescribeVpcEndpoints", []any{endpointsIn("pending"), endpointsIn("failed")}, bad},
		{"an endpoint waits for somebody", newEndpoint, "ec2:DescribeVpcEndpoints", []any{endpointsIn("pendingAcceptance")}, bad},
		{"an endpoint never comes", newEndpoint, "ec2:DescribeVpcEndpoints", []any{endpointsIn("pending")}, open},
		{"an endpoint may not be looked at", newEndpoint, "ec2:DescribeVpcEndpoints", []any{coded(403, "UnauthorizedOperation", "no")}, open},
		{"a look is throttled", newEndpoint, "ec2:DescribeVpcEndpoints", []any{
			coded(503, "RequestLimitExceeded", "slow"), coded(503, "RequestLimitExceeded", "slow"), coded(503, "RequestLimitExceeded", "slow"), endpointsIn("available")}, good},
		{"an instance runs", launch, "ec2:DescribeInstances", []any{&ec2.DescribeInstancesOutput{}, instancesIn("pending"), instancesIn("running")}, good},
		{"an instance ends", launch, "ec2:DescribeInstances", []any{instancesIn("pending"), instancesIn("terminated")}, bad},
		{"a Resolver endpoint works", resolver, "route53resolver:GetResolverEndpoint", []any{gone, resolverIn("CREATING"), resolverIn("OPERATIONAL")}, good},
		{"a Resolver endpoint needs action", resolver, "route53resolver:GetResolverEndpoint", []any{resolverIn("ACTION_NEEDED")}, bad},
		{"a rule is associated", associate, "route53resolver:ListResolverRuleAssociations", []any{associationIn("CREATING"), associationIn("COMPLETE")}, good},
		{"a rule is not associated", associate, "route53resolver:ListResolverRuleAssociations", []any{associationIn("CREATING"), associationIn("FAILED")}, bad},
		{"a rule is disassociated", remedy.Call{Operation: "route53resolver:DisassociateResolverRule", Input: associate.Input},
			"route53resolver:ListResolverRuleAssociations", []any{associationIn("DELETING"), &route53resolver.ListResolverRuleAssociationsOutput{}}, good},
		{"a Resolver endpoint goes", remedy.Call{Operation: "route53resolver:DeleteResolverEndpoint", Input: object("ResolverEndpointId", "rslvr-out-1")},
			"route53resolver:GetResolverEndpoint", []any{resolverIn("DELETING"), gone}, good},
		{"an endpoint goes", remedy.Call{Operation: "ec2:DeleteVpcEndpoints", Input: object("VpcEndpointIds", []any{"vpce-1"})},
			"ec2:DescribeVpcEndpoints", []any{endpointsIn("deleting"), &ec2.DescribeVpcEndpointsOutput{}}, good},
		{"a service's role goes", unrole, "iam:GetRole", []any{role, coded(404, "NoSuchEntity", "gone")}, good},
		{"a service's role is in use", unrole, "iam:GetServiceLinkedRoleDeletionStatus", []any{&iam.GetServiceLinkedRoleDeletionStatusOutput{
			Status: "FAILED", Reason: &iamtypes.DeletionTaskFailureReasonType{Reason: aws.String("in use")}}}, bad},
		{"a service's role does not go", unrole, "iam:GetServiceLinkedRoleDeletionStatus", []any{coded(403, "AccessDenied", "no")}, open},
		{"an endpoint does not go", remedy.Call{Operation: "ec2:DeleteVpcEndpoints", Input: object("VpcEndpointIds", []any{"vpce-1"})},
			"ec2:DescribeVpcEndpoints", []any{endpointsIn("deleting")}, open},
	}
	for _, tt := range tests {
		a := newAccount(t)
		a.answer(tt.call.Operation, answers[tt.call.Operation])
		a.answer("iam:GetRole", role)
		a.answer("iam:GetServiceLinkedRoleDeletionStatus", &iam.GetServiceLinkedRoleDeletionStatusOutput{Status: "IN_PROGRESS"})
		a.sequence(tt.looks, tt.seen...)
		c, w := a.caller()
		said := 0
		reply, err := c.Do(t.Context(), tt.call, func(s lang.Text) {
			said++
			if s.En == "" || s.Ja == "" {
				t.Errorf("%s: said %+v", tt.name, s)
			}
		})
		if len(reply.Outputs) != len(tt.call.Outputs) {
			t.Errorf("%s: outputs %v", tt.name, reply.Outputs)
		}
		switch tt.want {
		case good:
			if err != nil {
				t.Errorf("%s: %v", tt.name, err)
			}
			if len(tt.seen) > 1 && said == 0 {
				t.Errorf("%s: nobody was told what was waited for", tt.name)
			}
		default:
			if f := failed(t, err); f.Unsure != (tt.want == open) || f.Harmless {
				t.Errorf("%s: %+v", tt.name, f)
			}
		}
		for action := range a.sent {
			if action != tt.call.Operation && !slices.Contains(Watching(tt.call.Operation), action) {
				t.Errorf("%s: %s is waited for with %s, which Watching does not tell", tt.name, tt.call.Operation, action)
			}
		}
		if w.total() > 12*time.Minute {
			t.Errorf("%s: waited %s", tt.name, w.total())
		}
		if n := a.count(tt.call.Operation); n != 1 {
			t.Errorf("%s: sent %d times", tt.name, n)
		}
	}
}

const target = "i-0123456789abcdef0"

func fixCommand(t *testing.T) remedy.Call {
	t.Helper()
	script, err := guest.FixScript(guest.FixRenewLease, nil)
	if err != nil {
		t.Fatal(err)
	}
	var lines []any
	for l := range strings.SplitSeq(script, "\n") {
		lines = append(lines, l)
	}
	return remedy.Call{Operation: "ssm:SendCommand", Outputs: []string{"Command.CommandId"}, Input: object(
		"DocumentName", powerShell, "InstanceIds", []any{target}, "Comment", "monshin fix renew-lease monshin-1", "TimeoutSeconds", 60,
		"Parameters", object("commands", lines, "executionTimeout", []any{"90"}))}
}

func invocation(status, output string) *ssm.GetCommandInvocationOutput {
	return &ssm.GetCommandInvocationOutput{Status: ssmtypes.CommandInvocationStatus(status), StatusDetails: aws.String(status), StandardOutputContent: aws.String(output)}
}

func TestFixesInsideWindows(t *testing.T) {
	line := func(fix, instance, wrong string) string {
		return "noise\r\n" + guest.FixLine(fix, instance, asOf, map[string]string{"servers": "10.0.0.2"}, map[string]string{"servers": "password=hunter2"}, wrong) + "\r\n"
	}
	const wrong = "System.ComponentModel.Win32Exception: 0x80070005"
	tests := []struct {
		name   string
		seen   []any
		ok     bool
		unsure bool
		detail string
	}{
		{"done", []any{coded(400, noInvocation, ""), invocation("InProgress", ""), invocation("Success", line(guest.FixRenewLease, target, ""))}, true, false, ""},
		{"done, and Windows does not know who it is", []any{invocation("Success", line(guest.FixRenewLease, "", ""))}, true, false, ""},
		{"not done", []any{invocation("Success", line(guest.FixRenewLease, target, wrong))}, false, false, wrong},
		{"another script's answer", []any{invocation("Success", line(guest.FixClock, target, ""))}, false, false, guest.FixClock},
		{"another instance's answer", []any{invocation("Success", line(guest.FixRenewLease, "i-0aaaaaaaaaaaaaaaa", ""))}, false, false, "i-0aaaaaaaaaaaaaaaa"},
		{"no answer", []any{invocation("Success", "done\r\n")}, false, false, "no answer"},
		{"two answers", []any{invocation("Success", line(guest.FixRenewLease, target, "")+line(guest.FixRenewLease, target, wrong))}, false, false, "contradict"},
		{"the script failed", []any{invocation("Failed", "")}, false, false, "failed"},
		{"the node is dead", []any{invocation("Delivery Timed Out", "")}, false, false, "deliverytimedout"},
		{"it never ends", []any{invocation("InProgress", "")}, false, true, ""},
		{"it may not be looked at", []any{coded(400, "AccessDeniedException", "no")}, false, true, ""},
	}
	for _, tt := range tests {
		a := newAccount(t)
		a.answer("ssm:SendCommand", &ssm.SendCommandOutput{Command: &ssmtypes.Command{CommandId: aws.String("c-1")}})
		a.sequence("ssm:GetCommandInvocation", tt.seen...)
		c, w := a.caller()
		reply, err := c.Do(t.Context(), fixCommand(t), nil)
		if (err == nil) != tt.ok {
			t.Errorf("%s: %v", tt.name, err)
		}
		if err != nil {
			if f := failed(t, err); f.Unsure != tt.unsure || !strings.Contains(f.Why.Detail, tt.detail) {
				t.Errorf("%s: %+v", tt.name, f)
			}
		}
		var said guest.FixAnswer
		if tt.ok && (json.Unmarshal(reply.Said, &said) != nil || !said.Done || said.Before["servers"] != "10.0.0.2") {
			t.Errorf("%s: said %s", tt.name, reply.Said)
		}
		if strings.Contains(string(reply.Said), "hunter2") {
			t.Errorf("%s: kept a secret: %s", tt.name, reply.Said)
		}
		// 60 seconds to arrive, 90 to run, and half a minute for AWS.
		if w.total() > 190*time.Second || a.count("ssm:SendCommand") != 1 || reply.Outputs["Command.CommandId"] != "c-1" {
			t.Errorf("%s: %s, %+v", tt.name, w.total(), reply)
		}
	}
}

// A command is not sent twice: it is found by its comment, and its end is read.
func TestACommandIsFoundAgain(t *testing.T) {
	call := fixCommand(t)
	commands := func(comment string) *ssm.ListCommandsOutput {
		return &ssm.ListCommandsOutput{Commands: []ssmtypes.Command{
			{CommandId: aws.String("c-0"), Comment: aws.String("monshin read-only script"), DocumentName: aws.String(powerShell)},
			{CommandId: aws.String("c-1"), Comment: aws.String(comment), DocumentName: aws.String(powerShell)},
		}}
	}
	done := invocation("Success", guest.FixLine(guest.FixRenewLease, target, asOf, nil, nil, ""))
	undone := invocation("Success", guest.FixLine(guest.FixRenewLease, target, asOf, nil, nil, "System.Exception: 0x80131500"))
	tests := []struct {
		name    string
		comment string
		end     any
		found   bool
		fails   bool
	}{
		{"it ran", "monshin fix renew-lease monshin-1", done, true, false},
		{"it ran, and did nothing", "monshin fix renew-lease monshin-1", undone, false, false},
		{"another step's ran", "monshin fix renew-lease monshin-2", done, false, false},
		{"its end may not be read", "monshin fix renew-lease monshin-1", coded(400, "AccessDeniedException", "no"), true, true},
	}
	for _, tt := range tests {
		a := newAccount(t)
		a.answer("ssm:ListCommands", commands(tt.comment))
		a.sequence("ssm:GetCommandInvocation", tt.end)
		c, _ := a.caller()
		reply, found, err := c.Find(t.Context(), call)
		if found != tt.found || (err != nil) != tt.fails {
			t.Errorf("%s: %t, %v", tt.name, found, err)
		}
		if found && reply.Outputs["Command.CommandId"] != "c-1" {
			t.Errorf("%s: %+v", tt.name, reply)
		}
		if a.count("ssm:SendCommand") != 0 {
			t.Errorf("%s: sent again", tt.name)
		}
	}
}

// EC2Rescue's output is not kept; the name of the parameter that holds the password is.
func TestRescue(t *testing.T) {
	call := remedy.Call{Operation: "ssm:SendCommand", Input: object("DocumentName", "AWSSupport-RunEC2RescueForWindowsTool",
		"InstanceIds", []any{target}, "Comment", "monshin-1", "Parameters", object("Command", []any{"ResetAccess"}))}
	a := newAccount(t)
	a.answer("ssm:SendCommand", &ssm.SendCommandOutput{Command: &ssmtypes.Command{CommandId: aws.String("c-1")}})
	a.answer("ssm:GetCommandInvocation", invocation("Success", "The new pass is S3cret! and is kept in /EC2Rescue/Passwords/"+target+" now"))
	c, _ := a.caller()
	reply, err := c.Do(t.Context(), call, nil)
	if err != nil || !strings.Contains(string(reply.Said), `"/EC2Rescue/Passwords/`+target+`"`) || strings.Contains(string(reply.Said), "S3cret") {
		t.Errorf("%s, %v", reply.Said, err)
	}
	a.answer("ssm:GetCommandInvocation", invocation("Failed", "cannot"))
	if _, err := c.Do(t.Context(), call, nil); failed(t, err).Unsure {
		t.Errorf("%v", err)
	}
}

func TestAutomation(t *testing.T) {
	call := remedy.Call{Operation: "ssm:StartAutomationExecution", Token: "ClientToken", Tagged: true, Outputs: []string{"AutomationExecutionId"},
		Input: object("DocumentName", "AWSSupport-ResetAccess", "ClientToken", "monshin-0011", "Parameters", object("InstanceId", []any{target}),
			"Tags", []any{object("Key", remedy.StepTag, "Value", "monshin-0011")})}
	state := func(s ssmtypes.AutomationExecutionStatus) *ssm.GetAutomationExecutionOutput {
		return &ssm.GetAutomationExecutionOutput{AutomationExecution: &ssmtypes.AutomationExecution{AutomationExecutionStatus: s, FailureMessage: aws.String("why")}}
	}
	a := newAccount(t)
	a.answer(call.Operation, &ssm.StartAutomationExecutionOutput{AutomationExecutionId: aws.String("a-1")})
	a.sequence("ssm:GetAutomationExecution", coded(400, "AutomationExecutionNotFoundException", ""), state("InProgress"), state("Success"))
	c, _ := a.caller()
	reply, err := c.Do(t.Context(), call, nil)
	if err != nil || reply.Outputs["AutomationExecutionId"] != "a-1" || !strings.Contains(string(reply.Said), "Success") {
		t.Errorf("%+v, %v", reply, err)
	}
	if in := a.sent[call.Operation][0].(*ssm.StartAutomationExecutionInput); !automationForm.MatchString(aws.ToString(in.ClientToken)) {
		t.Errorf("token %q", aws.ToString(in.ClientToken))
	}
	a.sequence("ssm:GetAutomationExecution", state("Failed"))
	_, err = c.Do(t.Context(), call, nil)
	if f := failed(t, err); f.Unsure || !strings.Contains(f.Why.Detail, "why") {
		t.Errorf("%+v", f)
	}

	// It is found by its tag.
	for value, want := range map[string]bool{"monshin-0011": true, "monshin-0022": false} {
		a.sequence("ssm:GetAutomationExecution", state("Success"))
		a.answer("ssm:DescribeAutomationExecutions", &ssm.DescribeAutomationExecutionsOutput{AutomationExecutionMetadataList: []ssmtypes.AutomationExecutionMetadata{{AutomationExecutionId: aws.String("a-1")}}})
		a.answer("ssm:ListTagsForResource", &ssm.ListTagsForResourceOutput{TagList: []ssmtypes.Tag{{Key: aws.String(remedy.StepTag), Value: aws.String(value)}}})
		if reply, found, err := c.Find(t.Context(), call); err != nil || found != want || want && reply.Outputs["AutomationExecutionId"] != "a-1" {
			t.Errorf("%s: %+v, %t, %v", value, reply, found, err)
		}
	}
}

// A wait ends with the operator's patience, and what was begun stays open.
func TestCancelledWhileWaiting(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	pending := endpointIn("pending")
	a := newAccount(t)
	a.answer("ec2:CreateVpcEndpoint", &ec2.CreateVpcEndpointOutput{VpcEndpoint: &pending})
	a.answer("ec2:DescribeVpcEndpoints", endpointsIn("pending"))
	c, _ := a.caller(func(o *CallerOptions) {
		o.Sleep = func(ctx context.Context, _ time.Duration) error { cancel(); return ctx.Err() }
	})
	reply, err := c.Do(ctx, newEndpoint, nil)
	if f := failed(t, err); !f.Unsure || f.Why.Reason != fact.Timeout || reply.Outputs["VpcEndpoint.VpcEndpointId"] != "vpce-1" {
		t.Errorf("%+v, %+v", f, reply)
	}
}
