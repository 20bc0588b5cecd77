package runbook

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/monshin/monshin/diagnose/finding"
)

func known(t testing.TB) Known {
	t.Helper()
	src, err := os.ReadFile("../finding/codes.go")
	if err != nil {
		t.Fatal(err)
	}
	k := Known{Probes: strings.Fields(strings.ReplaceAll(`instance.state, instance.ending, instance.health, ssm.registration, ssm.channel, ssm.agent, imds.endpoint, iam.profile, iam.trust, iam.permissions, iam.host-management, endpoint.presence, endpoint.state, endpoint.private-dns, endpoint.policy, endpoint.security-groups, network.security-groups, network.acls, network.routes, network.witness, dns.vpc-attributes, dns.options, dns.ad-domain, dns.ad-servers, dns.aws-names, ad.directory, ad.join, license.product, license.role, license.provider, license.directory, license.interfaces, license.port-1688, license.commands, license.instance, license.instance-type, license.image, license.directory-group, license.servers, license.user, clone.lineage, clone.sid, activation.billing, activation.status, password.key-pair, password.data, rdp.port, rdp.sign-in, agent.service`, ",", " "))}
	for _, m := range regexp.MustCompile(`Code = "([^"]+)"`).FindAllSubmatch(src, -1) {
		k.Codes = append(k.Codes, finding.Code(m[1]))
	}
	return k
}
