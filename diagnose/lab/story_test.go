package lab

import (
	"encoding/json"
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/directoryservice"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/route53resolver"
	resolvertypes "github.com/aws/aws-sdk-go-v2/service/route53resolver/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/google/go-cmp/cmp"

	lm "github.com/monshin/monshin/diagnose/cloud/usersubscriptions"
	"github.com/monshin/monshin/diagnose/guest"
	"github.com/monshin/monshin/diagnose/lab/windows"
)

// configuration is what fixes change: the account without its history and its clock.
func configuration(w *World) string {
	copied := new(World)
	if err := json.Unmarshal(mustJSON(w), copied); err != nil {
		return err.Error()
	}
	copied.Now, copied.Serial, copied.Tasks, copied.Tokens, copied.Nodes, copied.Commands, copied.Events = time.Time{}, 0, nil, nil, nil, nil, nil
	return string(mustJSON(copied))
}

func TestRoleAndProfileAndBack(t *testing.T) {
	c := open(t, "no-role", Options{})
	before := configuration(c.lab.world)
	ctx := t.Context()
	_, err := c.iam.CreateRole(ctx, &iam.CreateRoleInput{RoleName: name("monshin"), AssumeRolePolicyDocument: name(trust("ec2.amazonaws.com"))})
	must(t, err)
	_, err = c.iam.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: name("monshin"), PolicyArn: name(managed("AmazonSSMManagedInstanceCore"))})
	must(t, err)
	_, err = c.iam.CreateInstanceProfile(ctx, &iam.CreateInstanceProfileInput{InstanceProfileName: name("monshin")})
	must(t, err)
	_, err = c.iam.AddRoleToInstanceProfile(ctx, &iam.AddRoleToInstanceProfileInput{InstanceProfileName: name("monshin"), RoleName: name("monshin")})
	must(t, err)
	out, err := c.ec2.AssociateIamInstanceProfile(ctx, &ec2.AssociateIamInstanceProfileInput{InstanceId: name(appID()), IamInstanceProfile: profileNamed("monshin")})
	must(t, err)
	c.waits(t, appID(), "Online")
	if row := c.lab.world.showAssociation(c.lab.world.Instances[appID()]); row.State != "associated" {
		t.Errorf("the association is %s", row.State)
	}
	_, err = c.ec2.DisassociateIamInstanceProfile(ctx, &ec2.DisassociateIamInstanceProfileInput{AssociationId: out.IamInstanceProfileAssociation.AssociationId})
	must(t, err)
	_, err = c.iam.RemoveRoleFromInstanceProfile(ctx, &iam.RemoveRoleFromInstanceProfileInput{InstanceProfileName: name("monshin"), RoleName: name("monshin")})
	must(t, err)
	_, err = c.iam.DeleteInstanceProfile(ctx, &iam.DeleteInstanceProfileInput{InstanceProfileName: name("monshin")})
	must(t, err)
	_, err = c.iam.DetachRolePolicy(ctx, &iam.DetachRolePolicyInput{RoleName: name("monshin"), PolicyArn: name(managed("AmazonSSMManagedInstanceCore"))})
	must(t, err)
	_, err = c.iam.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: name("monshin")})
	must(t, err)
	if d := cmp.Diff(before, configuration(c.lab.world)); d != "" {
		t.Error(d)
	}
}

// resolves asks what an instance's Windows makes of a name.
func (c *clients) resolves(instance, name, kind string) (int, []string) {
	w := c.lab.world
	w.mu.Lock()
	defer w.mu.Unlock()
	i := w.Instances[instance]
	return i.Windows.Resolve(outside{w, i}, name, kind)
}

func TestResolverRuleAndBack(t *testing.T) {
	c := open(t, "office-dc-elsewhere", Options{})
	before := configuration(c.lab.world)
	ctx := t.Context()
	if code, _ := c.resolves(appID(), adDomain, "A"); code != windows.NoSuchName {
		t.Fatalf("the domain is answered with %d", code)
	}
	endpoint, rule := forwardTheDomain(t, c)
	if code, ips := c.resolves(appID(), adDomain, "A"); code != windows.Answered || len(ips) != 2 {
		t.Errorf("the domain is answered with %d %v", code, ips)
	}
	if code, ips := c.resolves(appID(), "ssm."+region+".amazonaws.com", "A"); code != windows.Answered || !strings.HasPrefix(ips[0], "10.20.") {
		t.Errorf("ssm is answered with %d %v", code, ips)
	}
	_, err := c.resolver.DeleteResolverRule(ctx, &route53resolver.DeleteResolverRuleInput{ResolverRuleId: rule})
	if codeOf(err) != "ResourceInUseException" {
		t.Errorf("an associated rule: %v", err)
	}
	_, err = c.resolver.DisassociateResolverRule(ctx, &route53resolver.DisassociateResolverRuleInput{ResolverRuleId: rule, VPCId: name(vpcID())})
	must(t, err)
	must(t, c.lab.Advance(2*time.Minute))
	_, err = c.resolver.DeleteResolverRule(ctx, &route53resolver.DeleteResolverRuleInput{ResolverRuleId: rule})
	must(t, err)
	_, err = c.resolver.DeleteResolverEndpoint(ctx, &route53resolver.DeleteResolverEndpointInput{ResolverEndpointId: endpoint})
	must(t, err)
	must(t, c.lab.Advance(2*time.Minute))
	if d := cmp.Diff(before, configuration(c.lab.world)); d != "" {
		t.Error(d)
	}
}

// forwardTheDomain makes the outbound endpoint, the rule and its association.
func forwardTheDomain(t *testing.T, c *clients) (endpoint, rule *string) {
	t.Helper()
	ctx := t.Context()
	e, err := c.resolver.CreateResolverEndpoint(ctx, outbound("e1"))
	must(t, err)
	in := &route53resolver.CreateResolverRuleInput{CreatorRequestId: name("r1"), RuleType: "FORWARD", DomainName: name(adDomain), ResolverEndpointId: e.ResolverEndpoint.Id}
	for _, ip := range c.lab.world.Directories[directoryCorp()].DNS {
		in.TargetIps = append(in.TargetIps, resolvertypes.TargetAddress{Ip: name(ip), Port: aws.Int32(53)})
	}
	if _, err = c.resolver.CreateResolverRule(ctx, in); codeOf(err) != "ResourceUnavailableException" {
		t.Errorf("a rule of an endpoint that is not ready: %v", err)
	}
	must(t, c.lab.Advance(3*time.Minute))
	r, err := c.resolver.CreateResolverRule(ctx, in)
	must(t, err)
	again, err := c.resolver.CreateResolverRule(ctx, in)
	must(t, err)
	if *again.ResolverRule.Id != *r.ResolverRule.Id {
		t.Error("the same creator request made two rules")
	}
	a, err := c.resolver.AssociateResolverRule(ctx, &route53resolver.AssociateResolverRuleInput{ResolverRuleId: r.ResolverRule.Id, VPCId: name(vpcID())})
	must(t, err)
	if a.ResolverRuleAssociation.Status != "CREATING" {
		t.Errorf("the association is %s", a.ResolverRuleAssociation.Status)
	}
	must(t, c.lab.Advance(2*time.Minute))
	return e.ResolverEndpoint.Id, r.ResolverRule.Id
}

// The directory's controllers as the DNS servers of another VPC: with the next lease
// the agent loses its endpoints, and a conditional forwarder to an inbound endpoint
// gives them back (domain.md §1 B4).
func TestDirectoryElsewhereAsDNSServers(t *testing.T) {
	c := open(t, "office-dc-elsewhere", Options{})
	ctx := t.Context()
	old := c.lab.world.VPCs[vpcID()].DHCP
	out, err := c.ec2.CreateDhcpOptions(ctx, &ec2.CreateDhcpOptionsInput{DhcpConfigurations: []types.NewDhcpConfiguration{
		{Key: name("domain-name-servers"), Values: c.lab.world.Directories[directoryCorp()].DNS}, {Key: name("domain-name"), Values: []string{adDomain}}},
		TagSpecifications: []types.TagSpecification{{ResourceType: types.ResourceTypeDhcpOptions, Tags: []types.Tag{{Key: name("monshin:plan"), Value: name("7")}}}}})
	must(t, err)
	set := out.DhcpOptions.DhcpOptionsId
	listed, err := c.ec2.DescribeDhcpOptions(ctx, &ec2.DescribeDhcpOptionsInput{Filters: []types.Filter{{Name: name("tag:monshin:plan"), Values: []string{"7"}}}})
	must(t, err)
	if len(listed.DhcpOptions) != 1 || *listed.DhcpOptions[0].DhcpOptionsId != *set {
		t.Errorf("by its tag: %v", listed.DhcpOptions)
	}
	_, err = c.ec2.AssociateDhcpOptions(ctx, &ec2.AssociateDhcpOptionsInput{DhcpOptionsId: set, VpcId: name(vpcID())})
	must(t, err)
	if code, _ := c.resolves(appID(), adDomain, "A"); code == windows.Answered {
		t.Error("Windows knew of the option set before its lease was renewed")
	}
	must(t, c.lab.Advance(leaseHalf))
	if code, _ := c.resolves(appID(), adDomain, "A"); code != windows.Answered {
		t.Errorf("the domain is answered with %d", code)
	}
	if code, ips := c.resolves(appID(), "ssm."+region+".amazonaws.com", "A"); code != windows.Answered || strings.HasPrefix(ips[0], "10.") {
		t.Errorf("ssm is answered with %d %v", code, ips)
	}
	c.waits(t, appID(), "ConnectionLost")

	in := outbound("in")
	in.Direction = resolvertypes.ResolverEndpointDirectionInbound
	_, err = c.ec2.AuthorizeSecurityGroupIngress(ctx, &ec2.AuthorizeSecurityGroupIngressInput{GroupId: name(endpointGroup()), IpPermissions: []types.IpPermission{{IpProtocol: name("udp"),
		FromPort: aws.Int32(53), ToPort: aws.Int32(53), IpRanges: []types.IpRange{{CidrIp: name("10.40.0.0/16")}}}}})
	must(t, err)
	inbound, err := c.resolver.CreateResolverEndpoint(ctx, in)
	must(t, err)
	must(t, c.lab.Advance(resolverTakes))
	e := c.lab.world.ResolverEndpoints[*inbound.ResolverEndpoint.Id]
	_, err = c.directory.CreateConditionalForwarder(ctx, &directoryservice.CreateConditionalForwarderInput{DirectoryId: name(directoryCorp()), RemoteDomainName: name(region + ".amazonaws.com"),
		DnsIpAddrs: []string{c.lab.world.Interfaces[e.Interfaces[0]].IP}})
	must(t, err)
	c.waits(t, appID(), "Online")
	_, err = c.directory.UpdateConditionalForwarder(ctx, &directoryservice.UpdateConditionalForwarderInput{DirectoryId: name(directoryCorp()), RemoteDomainName: name(region + ".amazonaws.com"), DnsIpAddrs: []string{"10.20.99.99"}})
	must(t, err)
	c.waits(t, appID(), "ConnectionLost")
	_, err = c.directory.DeleteConditionalForwarder(ctx, &directoryservice.DeleteConditionalForwarderInput{DirectoryId: name(directoryCorp()), RemoteDomainName: name(region + ".amazonaws.com")})
	must(t, err)

	_, err = c.ec2.AssociateDhcpOptions(ctx, &ec2.AssociateDhcpOptionsInput{DhcpOptionsId: name(old), VpcId: name(vpcID())})
	must(t, err)
	_, err = c.ec2.DeleteDhcpOptions(ctx, &ec2.DeleteDhcpOptionsInput{DhcpOptionsId: set})
	must(t, err)
	c.waits(t, appID(), "Online")
}

// License Manager takes a new launch as it finds the account.
func TestLicenseManagerAndANewLaunch(t *testing.T) {
	run := func(t *testing.T, scenario string, before func(*clients), change func(*ec2.RunInstancesInput)) (*clients, string) {
		c := open(t, scenario, Options{})
		if before != nil {
			before(c)
		}
		in := launch()
		if change != nil {
			change(in)
		}
		out, err := c.ec2.RunInstances(t.Context(), in)
		must(t, err)
		again, err := c.ec2.RunInstances(t.Context(), in)
		must(t, err)
		i := *out.Instances[0].InstanceId
		if *again.Instances[0].InstanceId != i || out.Instances[0].State.Name != types.InstanceStateNamePending {
			t.Errorf("launched %s (%s), then %s", i, out.Instances[0].State.Name, *again.Instances[0].InstanceId)
		}
		if took := c.waits(t, i, "Online"); took < 5*time.Minute || took > 7*time.Minute {
			t.Errorf("it was Online after %v", took)
		}
		for range 80 {
			must(t, c.lab.Sleep(t.Context(), 30*time.Second))
		}
		return c, i
	}
	status := func(c *clients, i string) string {
		if l := c.lab.world.licensed(i); l != nil {
			return l.Status
		}
		return ""
	}
	t.Run("right", func(t *testing.T) {
		c, i := run(t, "office-terminates", func(c *clients) { forwardTheDomain(t, c) }, nil)
		inst := c.lab.world.Instances[i]
		if status(c, i) != "ACTIVATED" || !inst.Terminated.IsZero() || inst.Tags["AWSLicenseManager"] == "" || inst.Windows.Domain != adDomain || inst.Name != "OFFICE-04" {
			t.Errorf("%q, %+v", status(c, i), inst)
		}
		ad := activeDirectory(directoryCorp())
		for _, product := range []string{officeProduct, remoteProduct} {
			_, err := c.license.StartProductSubscription(t.Context(), &lm.StartProductSubscriptionInput{IdentityProvider: ad, Product: name(product), Username: name("abe")})
			must(t, err)
		}
		_, err := c.license.AssociateUser(t.Context(), &lm.AssociateUserInput{IdentityProvider: ad, Username: name("abe"), InstanceId: name(i)})
		must(t, err)
		_, err = c.license.AssociateUser(t.Context(), &lm.AssociateUserInput{IdentityProvider: ad, Username: name("abe"), InstanceId: name(i)})
		if codeOf(err) != "ConflictException" {
			t.Errorf("associated twice: %v", err)
		}
	})
	t.Run("unresolvable", func(t *testing.T) {
		c, i := run(t, "office-terminates", nil, nil)
		inst := c.lab.world.Instances[i]
		if after := inst.Terminated.Sub(inst.Launched); status(c, i) != "TERMINATED" || after < ended || after > ended+10*time.Minute {
			t.Errorf("%q after %v", status(c, i), after)
		}
		last := c.lab.world.Events[len(c.lab.world.Events)-1]
		if last.Name != "TerminateInstances" || last.Actor.Role != licenseManagerRole {
			t.Errorf("the last event is %+v", last)
		}
		failed := slices.ContainsFunc(c.lab.world.Commands, func(cmd *Command) bool {
			return cmd.Instance == i && cmd.Status == "Failed" && strings.Contains(cmd.Stderr, adDomain)
		})
		if !failed {
			t.Error("no command tells why")
		}
	})
	t.Run("port 1688", func(t *testing.T) {
		c, i := run(t, "office-1688", nil, nil)
		if inst := c.lab.world.Instances[i]; status(c, i) != "TERMINATED" || inst.Windows.Domain != adDomain {
			t.Errorf("%q, domain %q", status(c, i), inst.Windows.Domain)
		}
	})
	t.Run("two directories", func(t *testing.T) {
		c, i := run(t, "office-two-directories", nil, nil)
		if l := c.lab.world.licensed(i); l == nil || !strings.Contains(l.Message, "multiple VPCs") {
			t.Errorf("%+v", l)
		}
	})
	t.Run("protected", func(t *testing.T) {
		c, i := run(t, "office-terminates", nil, func(in *ec2.RunInstancesInput) { in.DisableApiTermination = aws.Bool(true) })
		if status(c, i) != "FAILED" || !c.lab.world.Instances[i].Terminated.IsZero() {
			t.Errorf("%q, terminated %v", status(c, i), c.lab.world.Instances[i].Terminated)
		}
		_, err := c.ec2.TerminateInstances(t.Context(), &ec2.TerminateInstancesInput{InstanceIds: []string{i}})
		if codeOf(err) != "OperationNotPermitted" {
			t.Errorf("a protected instance: %v", err)
		}
		_, err = c.ec2.ModifyInstanceAttribute(t.Context(), &ec2.ModifyInstanceAttributeInput{InstanceId: name(i), DisableApiTermination: &types.AttributeBooleanValue{Value: aws.Bool(false)}})
		must(t, err)
		must(t, c.lab.Advance(endAgain))
		if c.lab.world.Instances[i].Terminated.IsZero() {
			t.Error("it is still there")
		}
	})
}

// fixes sends a fixing script and returns what it said.
func (c *clients) fixes(t *testing.T, instance, id string, args map[string]string) guest.FixAnswer {
	t.Helper()
	script, err := guest.FixScript(id, args)
	must(t, err)
	out, err := c.ssm.SendCommand(t.Context(), &ssm.SendCommandInput{DocumentName: name(powerShell), InstanceIds: []string{instance}, Comment: name("monshin fix 1"),
		Parameters: map[string][]string{"commands": strings.Split(script, "\n")}})
	must(t, err)
	listed, err := c.ssm.ListCommands(t.Context(), &ssm.ListCommandsInput{InstanceId: name(instance)})
	must(t, err)
	if n := slices.IndexFunc(listed.Commands, func(x ssmtypes.Command) bool { return *x.CommandId == *out.Command.CommandId }); n < 0 || aws.ToString(listed.Commands[n].Comment) != "monshin fix 1" {
		t.Errorf("ListCommands shows %v", listed.Commands)
	}
	last := c.lab.world.Commands[len(c.lab.world.Commands)-1]
	answer, err := guest.ReadFix([]byte(last.Stdout))
	if err != nil || answer.Instance != instance || answer.Fix != id {
		t.Fatalf("it printed %q, %q: %v", last.Stdout, last.Stderr, err)
	}
	return answer
}

func TestFixesInsideWindows(t *testing.T) {
	c := open(t, "kms-blocked", Options{})
	h := c.lab.world.Instances[appID()].Windows
	h.BlocksKMS = false
	done := c.fixes(t, appID(), guest.FixActivateV2, nil)
	if !done.Done || done.After["activation"] != "ok" || done.After["status"] != "1" || done.Before["status"] != "5" {
		t.Errorf("%+v", done)
	}
	back := c.fixes(t, appID(), guest.FixRestoreRoutes, map[string]string{"routes": done.Before["routes"]})
	if back.After["routes"] != done.Before["routes"] || back.After["routes"] == done.After["routes"] || back.After["status"] != "5" {
		t.Errorf("%+v", back)
	}
	if got := c.fixes(t, appID(), guest.FixActivateV1, nil); got.Done || got.Error != "System.InvalidOperationException: 0x80131509" {
		t.Errorf("v1 on v2: %+v", got)
	}
	in := &ssm.StartAutomationExecutionInput{DocumentName: name(activateDocument), ClientToken: name(uuid("t")), Parameters: map[string][]string{"InstanceId": {appID()}},
		Tags: []ssmtypes.Tag{{Key: name("monshin:step"), Value: name("7")}}}
	out, err := c.ssm.StartAutomationExecution(t.Context(), in)
	must(t, err)
	again, err := c.ssm.StartAutomationExecution(t.Context(), in)
	must(t, err)
	got, err := c.ssm.GetAutomationExecution(t.Context(), &ssm.GetAutomationExecutionInput{AutomationExecutionId: out.AutomationExecutionId})
	must(t, err)
	if got.AutomationExecution.AutomationExecutionStatus != "Success" || *again.AutomationExecutionId != *out.AutomationExecutionId {
		t.Errorf("%v, %s", got.AutomationExecution, *again.AutomationExecutionId)
	}
	listed, err := c.ssm.DescribeAutomationExecutions(t.Context(), &ssm.DescribeAutomationExecutionsInput{Filters: []ssmtypes.AutomationExecutionFilter{{Key: "TagKey", Values: []string{"monshin:step"}}}})
	must(t, err)
	tags, err := c.ssm.ListTagsForResource(t.Context(), &ssm.ListTagsForResourceInput{ResourceId: out.AutomationExecutionId, ResourceType: ssmtypes.ResourceTypeForTaggingAutomation})
	must(t, err)
	if len(listed.AutomationExecutionMetadataList) != 1 || len(tags.TagList) != 1 || *tags.TagList[0].Value != "7" {
		t.Errorf("%v, %v", listed.AutomationExecutionMetadataList, tags.TagList)
	}

	// A lease is renewed at once, and the agent that is restarted tries at once.
	c = open(t, "lease-stale", Options{})
	if got := c.fixes(t, appID(), guest.FixRenewLease, nil); !got.Done || got.Before["servers"] != "10.20.0.2" || got.After["servers"] != "10.20.20.10,10.20.21.10" {
		t.Errorf("%+v", got)
	}
	if got := c.fixes(t, appID(), guest.FixRestartAgent, nil); !got.Done || !c.lab.world.planned(taskAgentTries, appID()) {
		t.Errorf("%+v", got)
	}

	// Every script of monshin is known here.
	for _, id := range guest.Fixes() {
		if _, known, _ := c.lab.world.Instances[appID()].Windows.Fix(outside{c.lab.world, c.lab.world.Instances[appID()]}, id, map[string]string{}); !known {
			t.Errorf("Windows does not know the fix %s", id)
		}
	}

	// A script that is none of monshin's does nothing, and is in the log all the same.
	log := len(c.lab.Mutations())
	before := string(mustJSON(c.lab.world.Instances))
	for _, first := range []string{"# monshin-fix: format-disk {}", "# monshin-fix: clock {}"} {
		_, err := c.ssm.SendCommand(t.Context(), &ssm.SendCommandInput{DocumentName: name(powerShell), InstanceIds: []string{appID()}, Parameters: map[string][]string{"commands": {first, "exit 0"}}})
		must(t, err)
		if last := c.lab.world.Commands[len(c.lab.world.Commands)-1]; last.Status != "Failed" || last.Stdout != "" {
			t.Errorf("%s: %+v", first, last)
		}
	}
	if n := len(c.lab.Mutations()); n != log+2 || string(mustJSON(c.lab.world.Instances)) != before {
		t.Errorf("%d mutations, then %d", log, n)
	}
	// Asking is no change.
	_, err = every(c)["ssm:SendCommand"](t.Context())
	must(t, err)
	if n := len(c.lab.Mutations()); n != log+2 {
		t.Error("a script that asks is in the log of changes")
	}
}

func TestPasswordIsResetAndNeverTold(t *testing.T) {
	c := open(t, "no-password", Options{})
	reset := func() *Command {
		_, err := c.ssm.SendCommand(t.Context(), &ssm.SendCommandInput{DocumentName: name(rescueDocument), InstanceIds: []string{appID()}, Parameters: map[string][]string{"Command": {"ResetAccess"}}})
		must(t, err)
		return c.lab.world.Commands[len(c.lab.world.Commands)-1]
	}
	if got := reset(); got.Status != "Failed" || !strings.Contains(got.Stderr, "ssm:PutParameter") {
		t.Errorf("without the permission: %+v", got)
	}
	_, err := c.iam.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: name(appRole), PolicyName: name("rescue"), PolicyDocument: name(`{"Statement":{"Effect":"Allow","Action":"ssm:PutParameter","Resource":"*"}}`)})
	must(t, err)
	if got := reset(); got.Status != "Success" {
		t.Errorf("%+v", got)
	}
	parameter := "/EC2Rescue/Passwords/" + appID()
	for _, f := range []ssmtypes.ParameterStringFilter{{Key: name("Name"), Option: name("BeginsWith"), Values: []string{"/EC2Rescue/"}}, {Key: name("Path"), Values: []string{"/EC2Rescue/Passwords"}}} {
		out, err := c.ssm.DescribeParameters(t.Context(), &ssm.DescribeParametersInput{ParameterFilters: []ssmtypes.ParameterStringFilter{f}})
		must(t, err)
		if len(out.Parameters) != 1 || *out.Parameters[0].Name != parameter || out.Parameters[0].Type != "SecureString" {
			t.Errorf("%v", out.Parameters)
		}
	}
	if _, err := c.ssm.GetParameter(t.Context(), &ssm.GetParameterInput{Name: &parameter, WithDecryption: aws.Bool(true)}); codeOf(err) != "AccessDeniedException" {
		t.Errorf("the value: %v", err)
	}
}

func TestTokens(t *testing.T) {
	c := open(t, "no-endpoint", Options{})
	first, err := c.ec2.CreateVpcEndpoint(t.Context(), newEndpoint("ssmmessages"))
	must(t, err)
	second, err := c.ec2.CreateVpcEndpoint(t.Context(), newEndpoint("ssmmessages"))
	must(t, err)
	if *first.VpcEndpoint.VpcEndpointId != *second.VpcEndpoint.VpcEndpointId {
		t.Error("one token made two endpoints")
	}
	other := newEndpoint("ssmmessages")
	other.SubnetIds = other.SubnetIds[:1]
	if _, err := c.ec2.CreateVpcEndpoint(t.Context(), other); codeOf(err) != "IdempotentParameterMismatch" {
		t.Errorf("the token with other parameters: %v", err)
	}
}

// A call that is late took effect once, and its caller is told of a time-out.
func TestLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open(t, "endpoint-sg", faults(t, "late=ec2:AuthorizeSecurityGroup*"))
		in := &ec2.AuthorizeSecurityGroupIngressInput{GroupId: name(endpointGroup()), IpPermissions: tcp(443, "10.20.0.0/16")}
		_, err := c.ec2.AuthorizeSecurityGroupIngress(t.Context(), in)
		var timeout net.Error
		if !errors.As(err, &timeout) || !timeout.Timeout() {
			t.Fatalf("got %v", err)
		}
		if n := len(c.lab.world.Groups[endpointGroup()].Rules); n != 3 {
			t.Errorf("%d rules", n)
		}
		effects := 0
		for _, m := range c.lab.Mutations() {
			if m.Error != "timeout" {
				t.Errorf("%+v", m)
			}
			if m.Effect {
				effects++
			}
		}
		if effects != 1 {
			t.Errorf("it took effect %d times: %v", effects, c.lab.Mutations())
		}
		// A refusal is told at once, also where answers are late.
		start := time.Now()
		_, err = c.ec2.AuthorizeSecurityGroupIngress(t.Context(), in)
		if codeOf(err) != "InvalidPermission.Duplicate" || time.Since(start) != 0 {
			t.Errorf("after %v: %v", time.Since(start), err)
		}
	})
	if _, err := Open("healthy", faults(t, "late=ec2:DescribeVpcs")); err == nil || !strings.Contains(err.Error(), "changes something") {
		t.Errorf("a late call that only reads: %v", err)
	}
}

// What a call did whose answer was lost is in the file: the next process finds it, and
// finds it once.
func TestLateIsInTheState(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.json")
	synctest.Test(t, func(t *testing.T) {
		o := faults(t, "late=ec2:CreateVpcEndpoint")
		o.State = path
		c := open(t, "no-endpoint", o)
		if _, err := c.ec2.CreateVpcEndpoint(t.Context(), newEndpoint("ssmmessages")); err == nil {
			t.Fatal("it was answered")
		}
	})
	c := open(t, "no-endpoint", Options{State: path})
	made := 0
	for _, e := range c.lab.world.Endpoints {
		if e.Service == service("ssmmessages") {
			made++
		}
	}
	log := c.lab.Mutations()
	if made != 1 || len(log) != 1 || !log[0].Effect {
		t.Errorf("%d endpoints, log %+v", made, log)
	}
	again, err := c.ec2.CreateVpcEndpoint(t.Context(), newEndpoint("ssmmessages"))
	must(t, err)
	if len(c.lab.world.Endpoints) != 4 || again.VpcEndpoint.State != "pending" {
		t.Errorf("%d endpoints, the repeated call says %s", len(c.lab.world.Endpoints), again.VpcEndpoint.State)
	}
}

// Somebody else changes the same, before a call and beside it.
func TestMeddling(t *testing.T) {
	o := Options{Before: func(action string, w *World) {
		if action == "iam:AttachRolePolicy" {
			delete(w.Roles, appRole)
		}
	}}
	c := open(t, "role-without-policy", o)
	_, err := c.iam.AttachRolePolicy(t.Context(), &iam.AttachRolePolicyInput{RoleName: name(appRole), PolicyArn: name(managed("AmazonSSMManagedInstanceCore"))})
	if codeOf(err) != "NoSuchEntity" {
		t.Errorf("got %v", err)
	}
	c = open(t, "healthy", Options{})
	must(t, c.lab.Meddle(func(w *World) { w.VPCs[vpcID()].DNSSupport = false }))
	c.waits(t, appID(), "ConnectionLost")
	if len(c.lab.Mutations()) != 0 {
		t.Error("what somebody else did is in the log")
	}
}

func TestStateGoesFromProcessToProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.json")
	o := Options{State: path}
	c := open(t, "many-causes", o)
	attachCore(t, c)
	_, err := c.ec2.CreateVpcEndpoint(t.Context(), newEndpoint("kms"))
	if codeOf(err) != "InvalidParameter" { // the VPC's host names are off
		t.Fatal(err)
	}
	_, err = c.ec2.ModifyVpcAttribute(t.Context(), &ec2.ModifyVpcAttributeInput{VpcId: name(vpcID()), EnableDnsHostnames: yes()})
	must(t, err)
	made, err := c.ec2.CreateVpcEndpoint(t.Context(), newEndpoint("kms"))
	must(t, err)
	must(t, c.lab.Advance(30*time.Second))

	next := open(t, "many-causes", o)
	if d := cmp.Diff(string(mustJSON(c.lab.world)), string(mustJSON(next.lab.world))); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(c.lab.Mutations(), next.lab.Mutations()); d != "" || len(next.lab.Mutations()) != 4 {
		t.Errorf("%v: %s", next.lab.Mutations(), d)
	}
	if got := next.lab.Now(); !got.Equal(now().Add(30 * time.Second)) {
		t.Errorf("its clock is %v", got)
	}
	// Its answers are those of the account that it took over, token and task too.
	for action, call := range every(c) {
		if action == "ssm:SendCommand" { // is kept, so that the other process would be overtaken
			continue
		}
		if answer(t, call) != answer(t, every(next)[action]) {
			t.Errorf("%s is answered otherwise", action)
		}
	}
	again, err := next.ec2.CreateVpcEndpoint(t.Context(), newEndpoint("kms"))
	must(t, err)
	if *again.VpcEndpoint.VpcEndpointId != *made.VpcEndpoint.VpcEndpointId {
		t.Error("the token was forgotten")
	}
	must(t, next.lab.Advance(2*time.Minute))
	if got := next.lab.world.Endpoints[*made.VpcEndpoint.VpcEndpointId].State; got != "available" {
		t.Errorf("the endpoint is %s", got)
	}
	// The first process has been overtaken, and says so rather than undo the other's work.
	if _, err := c.iam.DetachRolePolicy(t.Context(), &iam.DetachRolePolicyInput{RoleName: name(appRole), PolicyArn: name(managed("AmazonSSMManagedInstanceCore"))}); err == nil || !strings.Contains(err.Error(), "another process") {
		t.Errorf("got %v", err)
	}
	if _, err := every(c)["ec2:DescribeVpcs"](t.Context()); err == nil {
		t.Error("a lab whose state is lost goes on answering")
	}
}

// Every world comes back from its file as it was.
func TestEveryScenarioSurvivesItsFile(t *testing.T) {
	for _, s := range Scenarios() {
		o := Options{State: filepath.Join(t.TempDir(), "state.json")}
		first, again := open(t, s.Name, o), open(t, s.Name, o)
		if d := cmp.Diff(string(mustJSON(first.lab.world)), string(mustJSON(again.lab.world))); d != "" {
			t.Errorf("%s: %s", s.Name, d)
		}
		for action := range every(first) {
			if action == "ssm:SendCommand" { // is kept, so that the other lab would be overtaken
				continue
			}
			if answer(t, every(first)[action]) != answer(t, every(again)[action]) {
				t.Errorf("%s: %s is answered otherwise", s.Name, action)
			}
		}
	}
}

func TestStateFilesThatAreRefused(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "state.json")
	o := Options{State: path}
	open(t, "healthy", o)
	whole, err := os.ReadFile(path)
	must(t, err)
	for what, tt := range map[string]struct {
		content, want string
	}{
		"cut":             {string(whole[:len(whole)/2]), "not a whole state file"},
		"empty":           {"", "not a whole state file"},
		"edited":          {strings.Replace(string(whole), "10.20.0.0/16", "10.21.0.0/16", 1), "digest"},
		"unknown member":  {strings.Replace(string(whole), `"schema"`, `"more":1,"schema"`, 1), "more"},
		"more behind it":  {string(whole) + "{}", "follows its end"},
		"another version": {strings.Replace(string(whole), stateSchema, "monshin.lab-state/v9", 1), "lab-state/v9"},
	} {
		must(t, os.WriteFile(path, []byte(tt.content), 0o600))
		if _, err := Open("healthy", o); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", what, err)
		}
	}
	must(t, os.WriteFile(path, whole, 0o600))
	if _, err := Open("no-role", o); err == nil || !strings.Contains(err.Error(), `"healthy"`) {
		t.Errorf("another scenario: %v", err)
	}
	if _, err := Open("healthy", Options{State: filepath.Join(dir, "none", "state.json")}); err == nil {
		t.Error("a folder that is not there")
	}
	if _, err := Open("fleet-1000", Options{State: filepath.Join(dir, "fleet.json")}); err == nil {
		t.Error("a fleet")
	}
	left, err := filepath.Glob(filepath.Join(dir, ".*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

// Time that passes makes nobody wait, but as long as somebody wants to see it.
func TestSleep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for speed, want := range map[float64]time.Duration{0: nap, 60: time.Second} {
			c := open(t, "healthy", Options{Speed: speed})
			start := time.Now()
			must(t, c.lab.Sleep(t.Context(), time.Minute))
			if took := time.Since(start); took != want || !c.lab.Now().Equal(now().Add(time.Minute)) {
				t.Errorf("at %v it took %v, and the lab's clock is %v", speed, took, c.lab.Now())
			}
		}
	})
}
