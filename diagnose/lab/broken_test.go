package lab

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What a scenario breaks is what the contract names, and nothing beside it: these
// are the calls whose answers differ from those of the healthy estate. Being seen
// by Systems Manager or not is the effect of the rest.
func TestOnlyTheNamedThingIsBroken(t *testing.T) {
	seen := []string{"ssm:DescribeInstanceInformation", "ssm:GetConnectionStatus", "ssm:ListInventoryEntries", "ssm:DescribeInstancePatches"}
	for name, want := range map[string][]string{
		"healthy-nat":           {"ec2:DescribeVpcEndpoints", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:DescribeRouteTables", "ec2:DescribeNatGateways", "ec2:DescribeInternetGateways", "ec2:DescribeNetworkAcls"},
		"healthy-custom-policy": {"iam:ListAttachedRolePolicies", "iam:ListRolePolicies", "iam:GetRolePolicy", "iam:GetPolicy", "iam:SimulatePrincipalPolicy"},
		"no-role":               append([]string{"ec2:DescribeInstances", "ec2:DescribeIamInstanceProfileAssociations", "cloudtrail:LookupEvents"}, seen...),
		"role-without-policy":   append([]string{"iam:ListAttachedRolePolicies", "iam:GetPolicy", "iam:SimulatePrincipalPolicy"}, seen...),
		"boundary":              append([]string{"iam:GetRole", "iam:GetInstanceProfile", "iam:SimulatePrincipalPolicy"}, seen...),
		"no-endpoint":           {"ec2:DescribeVpcEndpoints", "ec2:DescribeNetworkInterfaces", "ssm:GetConnectionStatus"},
		"endpoint-sg":           append([]string{"ec2:DescribeSecurityGroupRules"}, seen...),
		"sg-egress":             append([]string{"ec2:DescribeSecurityGroupRules"}, seen...),
		"nacl-return":           append([]string{"ec2:DescribeNetworkAcls"}, seen...),
		"private-dns-off":       append([]string{"ec2:DescribeVpcEndpoints"}, seen...),
		"dns-support-off":       append([]string{"ec2:DescribeVpcAttribute"}, seen...),
		"witness":               append([]string{"ec2:DescribeVpcEndpoints", "ec2:DescribeNetworkInterfaces", "ec2:DescribeRouteTables", "iam:ListAttachedRolePolicies", "iam:GetPolicy", "iam:SimulatePrincipalPolicy"}, seen...),
		"no-password":           {"ec2:DescribeInstances", "ec2:GetPasswordData", "ec2:GetConsoleOutput", "cloudtrail:LookupEvents"},
		// Its fifth cause, DNS host names, is another attribute than the one asked for here.
		"many-causes": append([]string{"ec2:DescribeVpcEndpoints", "ec2:DescribeNetworkInterfaces", "ec2:DescribeNetworkAcls", "iam:ListAttachedRolePolicies", "iam:GetPolicy", "iam:SimulatePrincipalPolicy"}, seen...),
	} {
		t.Run(name, func(t *testing.T) {
			sound, sick := open(t, "healthy", Options{}), open(t, name, Options{})
			before, after := everyOf(sound, sound.parameters()), everyOf(sick, sound.parameters())
			var got []string
			for action := range before {
				if action == "ssm:SendCommand" {
					continue // asks nothing, and changes what the others tell
				}
				if answer(t, before[action]) != answer(t, after[action]) {
					got = append(got, action)
				}
			}
			slices.Sort(got)
			slices.Sort(want)
			if d := cmp.Diff(want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

// The refused half is about half, and what is needed to see the target is not in it.
func TestDeniedHalf(t *testing.T) {
	c := open(t, "operator-denied", Options{})
	refused := 0
	for action, call := range every(c) {
		_, err := call(t.Context())
		if code := codeOf(err); strings.Contains(code, "Denied") || code == "UnauthorizedOperation" {
			refused++
		} else if slices.Contains([]string{"ec2:DescribeVpcEndpoints", "iam:GetRole"}, action) {
			t.Errorf("%s is answered", action)
		}
	}
	if all := len(every(c)); refused < all/2-3 || refused > all/2+5 {
		t.Errorf("%d of %d calls refused", refused, all)
	}
	if _, err := every(c)["ec2:DescribeInstances"](t.Context()); err != nil {
		t.Error(err)
	}
}

func TestSharedVPCShowsNoEndpoints(t *testing.T) {
	c := open(t, "shared-vpc", Options{})
	calls := every(c)
	for action, wants := range map[string]map[string]bool{
		"ec2:DescribeVpcEndpoints":      {`"VpcEndpoints":null`: true},
		"ec2:DescribeNetworkInterfaces": {`"NetworkInterfaces":null`: true},
		"ec2:DescribeSecurityGroups":    {`"SecurityGroups":null`: true}, // the default group is the owner's
		"ec2:DescribeSubnets":           {`"OwnerId":"` + otherAccount + `"`: true, `"CidrBlock":"10.60.10.0/24"`: false},
		"ec2:DescribeVpcs":              {`"OwnerId":"` + otherAccount + `"`: true},
		"ec2:DescribeRouteTables":       {`"GatewayId":"local"`: true},
		"ec2:DescribeDhcpOptions":       {"AmazonProvidedDNS": true},
	} {
		got := answer(t, calls[action])
		for want, there := range wants {
			if strings.Contains(got, want) != there {
				t.Errorf("%s: %s should be there: %v\n%s", action, want, there, got)
			}
		}
	}
}

func TestTerminatedRowHasLostItsNetwork(t *testing.T) {
	c := open(t, "office-1688", Options{})
	got := answer(t, every(c)["ec2:DescribeInstances"])
	for want, there := range map[string]bool{
		`"Name":"terminated"`: true, officeProductCode: true, "User initiated (2026-11-21 16:20:00 GMT)": true, "Client.UserInitiatedShutdown": true,
		`"VpcId":null`: true, `"SubnetId":null`: true, `"SecurityGroups":null`: true, `"NetworkInterfaces":null`: true, "sg-0": false,
	} {
		if strings.Contains(got, want) != there {
			t.Errorf("%s should be there: %v\n%s", want, there, got)
		}
	}
}

// answer is what a call comes to, as text that can be compared.
func answer(t *testing.T, call call) string {
	t.Helper()
	out, err := call(t.Context())
	if err != nil {
		return codeOf(err)
	}
	return string(mustJSON(clean(out)))
}
