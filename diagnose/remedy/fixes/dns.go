package fixes

import (
	"fmt"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/remedy"
)

// dnsFixes are in the order of domain.md §6.3: the Resolver rule is AWS's own
// remedy and touches one name; a DHCP option set touches every name of every
// instance.
func dnsFixes() []remedy.Fix {
	attribute := []string{"ec2:ModifyVpcAttribute"}
	group := []string{"ec2:AuthorizeSecurityGroupEgress", "ec2:CreateSecurityGroup", "ec2:CreateTags", "ec2:DeleteSecurityGroup", "ec2:RevokeSecurityGroupEgress"}
	rule := append(group, "route53resolver:AssociateResolverRule", "route53resolver:CreateResolverEndpoint", "route53resolver:CreateResolverRule",
		"route53resolver:DeleteResolverEndpoint", "route53resolver:DeleteResolverRule", "route53resolver:DisassociateResolverRule", "route53resolver:TagResource")
	options := []string{"ec2:AssociateDhcpOptions", "ec2:CreateDhcpOptions", "ec2:CreateTags", "ec2:DeleteDhcpOptions"}
	return []remedy.Fix{
		{
			ID: "dns.enable-support", Mode: remedy.Automatic, For: []finding.Code{finding.DNSVPCSupportOff},
			Title: lang.Both("Turn DNS resolution of the VPC on", "VPC の DNS 解決を有効化"), Actions: attribute, Make: enableDNS,
		},
		{
			ID: "dns.enable-hostnames", Mode: remedy.Automatic, For: []finding.Code{finding.DNSVPCHostnamesOff},
			Title: lang.Both("Turn DNS hostnames of the VPC on", "VPC の DNS ホスト名を有効化"), Actions: attribute, Make: enableDNS,
		},
		{
			ID: "dns.resolver-rule", Mode: remedy.Automatic, For: []finding.Code{finding.DNSADDomainUnresolvable},
			Title:   lang.Both("Forward the AD domain to the directory by a Resolver rule", "Resolver ルールで AD ドメインをディレクトリへ転送"),
			Actions: rule, Make: forwardDomain,
		},
		{
			ID: "dns.update-rule", Mode: remedy.Automatic, For: []finding.Code{finding.DNSResolverRuleStale},
			Title:   lang.Both("Point the Resolver rule at the directory's servers of today", "Resolver ルールの転送先を現在の DNS サーバーに変更"),
			Actions: []string{"route53resolver:UpdateResolverRule"}, Make: updateRule,
		},
		{
			ID: "dns.amazon-dns", Mode: remedy.Automatic, For: []finding.Code{finding.DNSDHCPOptionsNone, finding.DNSMixedServers, finding.DNSAWSNamesNotForwarded},
			Title:   lang.Both("Hand out AmazonProvidedDNS, with a Resolver rule for the AD domain", "AmazonProvidedDNS を配布（AD ドメインは Resolver ルールで転送）"),
			Actions: append(append([]string{}, rule...), options...), Make: amazonDNS,
		},
		{
			ID: "dns.dhcp-options", Mode: remedy.Automatic, For: []finding.Code{finding.DNSADDomainUnresolvable, finding.DNSMixedServers, finding.DNSDHCPOptionsNone},
			Title:   lang.Both("Hand out the directory's DNS servers by a DHCP option set", "DHCP オプションセットでディレクトリの DNS サーバーを配布"),
			Actions: options, Make: directoryDNS,
		},
	}
}

// dnsGuides are carried out by a person.
func dnsGuides() []remedy.Fix {
	return []remedy.Fix{
		{
			ID: "dns.conditional-forwarder", Mode: remedy.Guided, For: []finding.Code{finding.DNSAWSNamesNotForwarded},
			Title: lang.Both("Let the Managed Microsoft AD forward AWS names to this VPC", "Managed Microsoft AD から AWS サービス名をこの VPC へ転送"),
			Make:  conditionalForwarder,
		},
	}
}

// attributeStep turns a DNS attribute of a VPC on: one attribute for a call.
func attributeStep(b *remedy.Builder, vpc, id, attribute string, why lang.Text, turn func(estate.VPCDNS) estate.VPCDNS) {
	set := func(on bool) *remedy.Call {
		return &remedy.Call{Operation: "ec2:ModifyVpcAttribute", Input: map[string]any{"VpcId": vpc, attribute: map[string]any{"Value": on}}}
	}
	remedy.Edit(b, estate.VPCDNSPart, vpc, turn)
	cli := map[string]string{"EnableDnsSupport": "enableDnsSupport", "EnableDnsHostnames": "enableDnsHostnames"}[attribute]
	b.Step(remedy.Step{
		ID: id, Title: lang.Both("Turn %s of %s on", "%[2]s の %[1]s を有効化").With(cli, vpc), Why: why, Call: set(true), Undo: set(false),
		Do:    lang.Both("VPC console > Your VPCs > %s > Actions > Edit VPC settings: %s", "VPC コンソール > お使いの VPC > %s > アクション > VPC の設定を編集 > %s").With(vpc, cli),
		Check: remedy.Check{Command: fmt.Sprintf("aws ec2 describe-vpc-attribute --vpc-id %s --attribute %s", vpc, cli), Expect: lang.Same(`"Value": true`)},
	})
}

// switchOnDNS writes the steps for those attributes that are off: DNS hostnames need
// DNS resolution, so that comes first. It reports whether there was any.
func switchOnDNS(b *remedy.Builder, vpc string, now estate.VPCDNS, en, ja string) bool {
	why := lang.Both(en, ja)
	if !now.Support {
		attributeStep(b, vpc, "dns-support", "EnableDnsSupport", why, func(d estate.VPCDNS) estate.VPCDNS { d.Support = true; return d })
	}
	if !now.Hostnames {
		attributeStep(b, vpc, "dns-hostnames", "EnableDnsHostnames", why, func(d estate.VPCDNS) estate.VPCDNS { d.Hostnames = true; return d })
	}
	return !now.Support || !now.Hostnames
}

func enableDNS(b *remedy.Builder) {
	i, ok := patient(b)
	if !ok {
		return
	}
	_, ok = own(b, i.VPC)
	dns, ok2 := need(b, estate.VPCDNSPart, i.VPC)
	if !ok || !ok2 {
		return
	}
	if !switchOnDNS(b, i.VPC, dns, "the private names of interface endpoints need both attributes", "インターフェイスエンドポイントのプライベート DNS 名には両方の属性が必要") {
		b.Refuse("both attributes are on by now", "両方の属性とも既に有効")
		return
	}
	inVPC(b, i.VPC)
	b.Why("the VPC's Resolver then answers, and the private names of endpoints lead to them", "VPC の Resolver が応答し、エンドポイントのプライベート DNS 名が解決されるようになる")
	b.Warn("names of services with endpoints then resolve to the endpoints for every instance of %s; instances with public addresses get public host names", "以後、%s 内の全インスタンスでサービス名がエンドポイントに解決され、パブリック IP アドレスを持つインスタンスにはパブリックホスト名が付与される", i.VPC)
	b.Risk(remedy.WholeVPC)
	b.Type(i.VPC)
	agentWaits(b, agentRetry)
	b.Takes(5 * time.Minute)
	b.Stop("stop if the attribute was turned off on purpose (own DNS servers everywhere)", "独自 DNS サーバーの利用など、意図的に無効化されている場合は中止")
}
