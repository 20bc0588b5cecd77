package fixes_test

import (
	"testing"

	"github.com/monshin/monshin/diagnose/finding"
)

// Every simulated account whose root cause is on the side of AWS: the plan is made,
// and the tree judges that the cause is gone afterwards.
func TestFixesRepairTheScenarios(t *testing.T) {
	for _, c := range []struct {
		scenario string
		code     finding.Code
		fix      string
	}{
		{"no-role", finding.IAMProfileMissing, "iam.attach-profile"},
		{"no-role", finding.IAMProfileMissing, "iam.create-profile"},
		{"role-without-policy", finding.IAMPermissionMissing, "iam.attach-policy"},
		{"witness", finding.IAMPermissionMissing, "iam.attach-policy"},
		{"no-endpoint", finding.EndpointMissing, "endpoint.create"},
		{"endpoint-sg", finding.EndpointSGBlocks, "endpoint.allow-ingress"},
		{"sg-egress", finding.NetworkSGEgressBlocks, "network.allow-egress"},
		{"nacl-return", finding.NetworkNACLBlocksReturn, "network.open-acl"},
		{"private-dns-off", finding.EndpointPrivateDNSOff, "endpoint.enable-private-dns"},
		{"dns-support-off", finding.DNSVPCSupportOff, "dns.enable-support"},
		{"office-terminates", finding.DNSADDomainUnresolvable, "dns.resolver-rule"},
		{"office-terminates", finding.DNSADDomainUnresolvable, "dns.dhcp-options"},
		{"office-dead-long-ago", finding.DNSADDomainUnresolvable, "dns.resolver-rule"},
		{"office-dc-elsewhere", finding.DNSADDomainUnresolvable, "dns.resolver-rule"},
		{"office-1688", finding.LicensePort1688Blocked, "license.open-1688"},
		{"office-user-missing", finding.LicenseUserNotSubscribed, "license.subscribe-user"},
		{"dns-forwarder-missing", finding.DNSAWSNamesNotForwarded, "dns.amazon-dns"},
		{"many-causes", finding.IAMPermissionMissing, "iam.attach-policy"},
		{"many-causes", finding.EndpointMissing, "endpoint.create"},
		{"many-causes", finding.EndpointSGBlocks, "endpoint.allow-ingress"},
		{"many-causes", finding.NetworkNACLBlocksReturn, "network.open-acl"},
		{"many-causes", finding.DNSVPCHostnamesOff, "dns.enable-hostnames"},
	} {
		t.Run(c.scenario+"/"+c.fix, func(t *testing.T) {
			t.Parallel()
			walked(t, c.scenario).repairs(t, c.fix, c.code)
		})
	}
}
