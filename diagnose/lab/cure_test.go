package lab

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/monshin/monshin/diagnose/guest"
)

// Cure is what somebody who knows the cause does about a scenario.
type Cure func(*testing.T, *clients)

// Cures are the scenarios that calls can put right, for the tests that judge the
// account afterwards.
func Cures() map[string]Cure {
	allow := func(group string, egress bool) Cure {
		return func(t *testing.T, c *clients) {
			var err error
			if egress {
				_, err = c.ec2.AuthorizeSecurityGroupEgress(t.Context(), &ec2.AuthorizeSecurityGroupEgressInput{GroupId: &group, IpPermissions: tcp(443, "10.20.0.0/16")})
			} else {
				_, err = c.ec2.AuthorizeSecurityGroupIngress(t.Context(), &ec2.AuthorizeSecurityGroupIngressInput{GroupId: &group, IpPermissions: tcp(443, "10.20.0.0/16")})
			}
			must(t, err)
		}
	}
	answers := func(t *testing.T, c *clients) {
		_, err := c.ec2.CreateNetworkAclEntry(t.Context(), aclEntry(130))
		must(t, err)
	}
	attribute := func(in *ec2.ModifyVpcAttributeInput) Cure {
		return func(t *testing.T, c *clients) {
			in.VpcId = name(vpcID())
			_, err := c.ec2.ModifyVpcAttribute(t.Context(), in)
			must(t, err)
		}
	}
	endpoint := func(service string) Cure {
		return func(t *testing.T, c *clients) {
			_, err := c.ec2.CreateVpcEndpoint(t.Context(), newEndpoint(service))
			must(t, err)
		}
	}
	inside := func(id string) Cure {
		return func(t *testing.T, c *clients) { c.fixes(t, appID(), id, nil) }
	}
	all := func(list ...Cure) Cure {
		return func(t *testing.T, c *clients) {
			for _, f := range list {
				f(t, c)
			}
		}
	}
	hostnames := attribute(&ec2.ModifyVpcAttributeInput{EnableDnsHostnames: yes()})
	return map[string]Cure{
		"no-role": func(t *testing.T, c *clients) {
			_, err := c.ec2.AssociateIamInstanceProfile(t.Context(), &ec2.AssociateIamInstanceProfileInput{InstanceId: name(appID()), IamInstanceProfile: profileNamed(appRole)})
			must(t, err)
		},
		"role-without-policy": func(t *testing.T, c *clients) { attachCore(t, c) },
		"no-endpoint":         endpoint("ssmmessages"),
		"endpoint-sg":         allow(endpointGroup(), false),
		"sg-egress":           allow(appGroup(), true),
		"nacl-return":         answers,
		"private-dns-off": func(t *testing.T, c *clients) {
			_, err := c.ec2.ModifyVpcEndpoint(t.Context(), &ec2.ModifyVpcEndpointInput{VpcEndpointId: name(id("vpce", vpcID()+"ssm")), PrivateDnsEnabled: aws.Bool(true)})
			must(t, err)
		},
		"dns-support-off": attribute(&ec2.ModifyVpcAttributeInput{EnableDnsSupport: yes()}),
		"many-causes": all(hostnames, endpoint("ssm"), answers, allow(id("sg", "ssmmessages-endpoint"), false), func(t *testing.T, c *clients) {
			_, err := c.iam.AttachRolePolicy(t.Context(), &iam.AttachRolePolicyInput{RoleName: name(appRole), PolicyArn: name(managed("AmazonSSMManagedInstanceCore"))})
			must(t, err)
		}),
		"dns-forwarder-missing": func(t *testing.T, c *clients) {
			_, err := c.ec2.AssociateDhcpOptions(t.Context(), &ec2.AssociateDhcpOptionsInput{DhcpOptionsId: name(id("dopt", "amazon/"+account)), VpcId: name(vpcID())})
			must(t, err)
			forwardTheDomain(t, c)
			c.fixes(t, appID(), guest.FixRenewLease, nil)
		},
		"clock-skewed": inside(guest.FixClock),
		"agent-stopped": func(t *testing.T, c *clients) {
			// Somebody signs in and starts it.
			must(t, c.lab.Meddle(func(w *World) {
				w.Instances[appID()].Windows.SSMAgent.Status, w.Instances[appID()].Windows.SSMAgent.StartType = "Running", "Automatic"
			}))
		},
	}
}

// Apply puts a scenario right.
func (f Cure) Apply(t *testing.T, l *Lab) { f(t, clientsOf(l)) }
