package lab

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
)

// What the network and the policies of every scenario come to is what the scenario
// says of its nodes, but for those whose story is another.
func TestAgentsAreAsTheScenariosSay(t *testing.T) {
	// The agent holds a connection that it opened before, or another account's part of a
	// shared VPC, which is not seen here, keeps it away.
	stories := map[string]bool{"dns-forwarder-missing": true, "shared-vpc": true}
	for _, s := range Scenarios() {
		if stories[s.Name] {
			continue
		}
		w := s.build()
		for _, i := range sorted(w.Instances) {
			n := w.node(i.ID)
			online := n != nil && n.Ping == "Online"
			got := w.agentOf(i)
			if got.online != online || online && got.channel != n.Connected {
				t.Errorf("%s: %s: the scenario says online %v, its network and policies say %+v", s.Name, i.Name, online, got)
			}
		}
	}
}

// ping is what Systems Manager says of an instance, "" for no row.
func (c *clients) ping(instance string) string {
	c.lab.world.mu.Lock()
	defer c.lab.world.mu.Unlock()
	if n := c.lab.world.node(instance); n != nil {
		return n.Ping
	}
	return ""
}

// waits advances the lab until an instance has a ping status, and says how long that took.
func (c *clients) waits(t *testing.T, instance, ping string) time.Duration {
	t.Helper()
	begin := c.lab.Now()
	for c.lab.Now().Sub(begin) < 2*time.Hour {
		if c.ping(instance) == ping {
			return c.lab.Now().Sub(begin)
		}
		if err := c.lab.Sleep(t.Context(), 30*time.Second); err != nil {
			t.Fatal(err)
		}
	}
	t.Fatalf("%s is %q after two hours, not %q", instance, c.ping(instance), ping)
	return 0
}

func TestAgentComesOnlineAfterItsSleep(t *testing.T) {
	for _, tt := range []struct {
		scenario string
		change   func(*testing.T, *clients)
		from, to time.Duration
	}{
		{"role-without-policy", attachCore, 25 * time.Minute, 30*time.Minute + time.Minute},
		{"no-role", func(t *testing.T, c *clients) {
			_, err := c.ec2.AssociateIamInstanceProfile(t.Context(), &ec2.AssociateIamInstanceProfileInput{InstanceId: aws.String(appID()),
				IamInstanceProfile: &types.IamInstanceProfileSpecification{Name: aws.String(appRole)}})
			must(t, err)
		}, 25 * time.Minute, 31 * time.Minute},
		{"endpoint-sg", func(t *testing.T, c *clients) {
			_, err := c.ec2.AuthorizeSecurityGroupIngress(t.Context(), &ec2.AuthorizeSecurityGroupIngressInput{GroupId: aws.String(endpointGroup()), IpPermissions: tcp(443, "10.20.0.0/16")})
			must(t, err)
		}, 15 * time.Minute, 21 * time.Minute},
		{"sg-egress", func(t *testing.T, c *clients) {
			_, err := c.ec2.AuthorizeSecurityGroupEgress(t.Context(), &ec2.AuthorizeSecurityGroupEgressInput{GroupId: aws.String(appGroup()), IpPermissions: tcp(443, "10.20.0.0/16")})
			must(t, err)
		}, 15 * time.Minute, 21 * time.Minute},
		{"nacl-return", func(t *testing.T, c *clients) {
			_, err := c.ec2.CreateNetworkAclEntry(t.Context(), &ec2.CreateNetworkAclEntryInput{NetworkAclId: aws.String(id("acl", "prod-app")), RuleNumber: aws.Int32(130), Egress: aws.Bool(false),
				Protocol: aws.String("6"), RuleAction: types.RuleActionAllow, CidrBlock: aws.String("10.20.0.0/16"), PortRange: &types.PortRange{From: aws.Int32(49152), To: aws.Int32(65535)}})
			must(t, err)
		}, 15 * time.Minute, 21 * time.Minute},
		{"private-dns-off", func(t *testing.T, c *clients) {
			_, err := c.ec2.ModifyVpcEndpoint(t.Context(), &ec2.ModifyVpcEndpointInput{VpcEndpointId: aws.String(id("vpce", vpcID()+"ssm")), PrivateDnsEnabled: aws.Bool(true)})
			must(t, err)
		}, 15 * time.Minute, 21 * time.Minute},
		{"dns-support-off", func(t *testing.T, c *clients) {
			_, err := c.ec2.ModifyVpcAttribute(t.Context(), &ec2.ModifyVpcAttributeInput{VpcId: aws.String(vpcID()), EnableDnsSupport: &types.AttributeBooleanValue{Value: aws.Bool(true)}})
			must(t, err)
		}, 15 * time.Minute, 21 * time.Minute},
		// A restart lets it try at once.
		{"role-without-policy", func(t *testing.T, c *clients) {
			attachCore(t, c)
			_, err := c.ec2.RebootInstances(t.Context(), &ec2.RebootInstancesInput{InstanceIds: []string{appID()}})
			must(t, err)
		}, rebootTakes, rebootTakes + time.Minute},
	} {
		t.Run(tt.scenario, func(t *testing.T) {
			c := open(t, tt.scenario, Options{})
			if got := c.ping(appID()); got != "" {
				t.Fatalf("before anything was changed it is %q", got)
			}
			must(t, c.lab.Advance(time.Hour))
			if got := c.ping(appID()); got != "" {
				t.Fatalf("time alone made it %q", got)
			}
			tt.change(t, c)
			if took := c.waits(t, appID(), "Online"); took < tt.from || took > tt.to {
				t.Errorf("it took %v, not between %v and %v", took, tt.from, tt.to)
			}
		})
	}
}

func attachCore(t *testing.T, c *clients) {
	t.Helper()
	_, err := c.iam.AttachRolePolicy(t.Context(), &iam.AttachRolePolicyInput{RoleName: aws.String(appRole), PolicyArn: aws.String(managed("AmazonSSMManagedInstanceCore"))})
	must(t, err)
}

func tcp(port int32, cidr string) []types.IpPermission {
	return []types.IpPermission{{IpProtocol: aws.String("tcp"), FromPort: aws.Int32(port), ToPort: aws.Int32(port), IpRanges: []types.IpRange{{CidrIp: aws.String(cidr), Description: aws.String("test")}}}}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// What is taken back takes the node away again, and who is not touched stays Online
// and goes on reporting.
func TestAgentIsLost(t *testing.T) {
	c := open(t, "healthy", Options{})
	_, err := c.iam.DetachRolePolicy(t.Context(), &iam.DetachRolePolicyInput{RoleName: aws.String(appRole), PolicyArn: aws.String(managed("AmazonSSMManagedInstanceCore"))})
	must(t, err)
	if took := c.waits(t, appID(), "ConnectionLost"); took < 5*time.Minute || took > 20*time.Minute {
		t.Errorf("missed after %v", took)
	}
	must(t, c.lab.Advance(3*time.Hour))
	n := c.lab.world.Nodes[neighbourID()]
	if age := c.lab.Now().Sub(n.LastPing); n.Ping != "Online" || age > heartbeat {
		t.Errorf("the neighbour is %s, last heard %v ago", n.Ping, age)
	}
	if age := c.lab.Now().Sub(c.lab.world.Nodes[appID()].LastPing); age < 3*time.Hour {
		t.Errorf("a lost agent reported %v ago", age)
	}
}

// The channel of Session Manager follows its own endpoint.
func TestChannelOpens(t *testing.T) {
	c := open(t, "no-endpoint", Options{})
	made, err := c.ec2.CreateVpcEndpoint(t.Context(), newEndpoint("ssmmessages"))
	must(t, err)
	connected := func() bool { return c.lab.world.Nodes[appID()].Connected }
	must(t, c.lab.Advance(80*time.Second))
	if got := c.lab.world.Endpoints[*made.VpcEndpoint.VpcEndpointId].State; got != "pending" || connected() {
		t.Errorf("%s, connected %v", got, connected())
	}
	must(t, c.lab.Advance(4*time.Minute))
	if !connected() {
		t.Error("not connected")
	}
	_, err = c.ec2.DeleteVpcEndpoints(t.Context(), &ec2.DeleteVpcEndpointsInput{VpcEndpointIds: []string{*made.VpcEndpoint.VpcEndpointId}})
	must(t, err)
	if connected() {
		t.Error("still connected")
	}
}

func newEndpoint(service string) *ec2.CreateVpcEndpointInput {
	return &ec2.CreateVpcEndpointInput{VpcId: aws.String(vpcID()), ServiceName: aws.String("com.amazonaws." + region + "." + service), VpcEndpointType: types.VpcEndpointTypeInterface,
		SubnetIds: []string{endpointA(), endpointC()}, SecurityGroupIds: []string{endpointGroup()}, PrivateDnsEnabled: aws.Bool(true), ClientToken: aws.String("t-" + service)}
}
