package fixes

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/reach"
	"github.com/monshin/monshin/diagnose/remedy"
)

func endpointFixes() []remedy.Fix {
	return []remedy.Fix{
		{
			ID: "endpoint.create", Mode: remedy.Automatic, For: []finding.Code{finding.EndpointMissing},
			Title: lang.Both("Create the interface endpoint, with a security group of its own", "インターフェイスエンドポイントを専用のセキュリティグループとともに作成"),
			Actions: []string{"ec2:AuthorizeSecurityGroupIngress", "ec2:CreateSecurityGroup", "ec2:CreateTags", "ec2:CreateVpcEndpoint",
				"ec2:DeleteSecurityGroup", "ec2:DeleteVpcEndpoints", "ec2:ModifyVpcAttribute", "ec2:RevokeSecurityGroupIngress"},
			Make: createEndpoint,
		},
		{
			ID: "endpoint.enable-private-dns", Mode: remedy.Automatic, For: []finding.Code{finding.EndpointPrivateDNSOff},
			Title:   lang.Both("Turn private DNS of the endpoint on", "エンドポイントのプライベート DNS を有効化"),
			Actions: []string{"ec2:ModifyVpcAttribute", "ec2:ModifyVpcEndpoint"},
			Make:    enablePrivateDNS,
		},
		{
			ID: "endpoint.allow-ingress", Mode: remedy.Automatic, For: []finding.Code{finding.EndpointSGBlocks},
			Title:   lang.Both("Allow tcp/443 into the endpoint's security group", "エンドポイントのセキュリティグループで tcp/443 を許可"),
			Actions: []string{"ec2:AuthorizeSecurityGroupIngress", "ec2:CreateTags", "ec2:RevokeSecurityGroupIngress"},
			Make:    allowIngress,
		},
		{
			ID: "endpoint.repair-policy", Mode: remedy.Automatic, For: []finding.Code{finding.EndpointPolicyBlocks},
			Title:   lang.Both("Allow the agent's calls in the endpoint's policy", "エンドポイントポリシーで SSM Agent の通信を許可"),
			Actions: []string{"ec2:ModifyVpcEndpoint"},
			Make:    repairEndpointPolicy,
		},
	}
}

func allowIngress(b *remedy.Builder) {
	o, i, ok := serviceOpener(b)
	if !ok {
		return
	}
	o.ours = func(h reach.Hop) bool { return h.Kind == reach.SGIngress && h.Endpoint != "" }
	if !o.run() {
		return
	}
	for _, g := range o.groups {
		endpointsWithGroup(b, i.VPC, g)
		withGroup(b, i.VPC, g)
	}
	b.Why("the endpoint then accepts the subnet of the instance on tcp/443; everything else that is allowed stays", "エンドポイントがインスタンスのサブネットからの tcp/443 を受け付けるようになる（既存のルールは変更しない）")
	b.Risk(remedy.OpensPort)
	agentWaits(b, agentRetry)
	b.Takes(5 * time.Minute)
	b.Stop("stop if the group is managed by a template (CloudFormation, Terraform): change it there instead",
		"セキュリティグループがテンプレート（CloudFormation、Terraform など）で管理されている場合は中止し、テンプレート側で変更すること")
}

// serviceName is the form of the names of AWS's own endpoint services.
var serviceName = regexp.MustCompile(`^(cn\.)?com\.amazonaws\.[a-z0-9-]+(\.[a-z0-9-]+)+$`)

// agentShorts are the services that the agent talks to (domain.md §3.1).
func agentShorts() []string { return []string{"ssm", "ssmmessages", "ec2messages"} }

// endpointSubnets chooses where an endpoint gets its interfaces, one for each zone:
// beside the agent's other endpoints where there are some, else in the zones in
// which instances run, as each zone is billed.
func endpointSubnets(b *remedy.Builder, i estate.Instance, subnets []estate.Subnet, endpoints []estate.Endpoint) []estate.Subnet {
	var beside []string
	for _, e := range endpoints {
		if strings.EqualFold(e.Type, "Interface") && slices.Contains(agentShorts(), shortService(e.Service)) && serviceName.MatchString(e.Service) {
			beside = append(beside, e.Subnets...)
		}
	}
	mine := func(s estate.Subnet) bool {
		return s.OwnerID == "" || b.Target().Account == "" || s.OwnerID == b.Target().Account
	}
	if out := onePerZone(subnets, func(s estate.Subnet) bool { return mine(s) && slices.Contains(beside, s.ID) }); len(out) > 0 {
		return out
	}
	busy := []string{i.Subnet}
	for _, p := range estate.NeighboursPart.Of(b.View(), i.VPC).Value().Peers {
		busy = append(busy, p.Subnet)
	}
	return onePerZone(subnets, func(s estate.Subnet) bool { return mine(s) && slices.Contains(busy, s.ID) })
}

func createEndpoint(b *remedy.Builder) {
	i, ok := patient(b)
	if !ok {
		return
	}
	vpc, ok := own(b, i.VPC)
	subnets, ok2 := need(b, estate.SubnetsPart, i.VPC)
	endpoints, ok3 := need(b, estate.EndpointsPart, i.VPC)
	dns, ok4 := need(b, estate.VPCDNSPart, i.VPC)
	estate.NeighboursPart.Of(b.View(), i.VPC)
	if !ok || !ok2 || !ok3 || !ok4 || b.Waiting() {
		return
	}
	service := b.Finding().Params["service"]
	if service == "" {
		service = b.Finding().Subject
	}
	if !serviceName.MatchString(service) {
		b.Refuse("%q is no name of an endpoint service of AWS", "%q は AWS のエンドポイントサービス名ではない", service)
		return
	}
	if slices.ContainsFunc(endpoints, func(e estate.Endpoint) bool { return e.Service == service && !strings.EqualFold(e.State, "deleted") }) {
		b.Refuse("%s has an endpoint of %s by now", "%s には既に %s のエンドポイントあり", i.VPC, service)
		return
	}
	chosen := endpointSubnets(b, i, subnets, endpoints)
	if len(chosen) == 0 {
		b.Refuse("no subnet of %s is known in which this account may put an endpoint", "%s 内にエンドポイントを作成可能なサブネットが見当たらない", i.VPC)
		return
	}
	switchOnDNS(b, i.VPC, dns, "private DNS of an endpoint needs both attributes", "エンドポイントのプライベート DNS には両方の属性が必要")

	short := shortService(service)
	group := endpointGroup(b, vpc, short)
	out := "VpcEndpoint.VpcEndpointId"
	step := "endpoint-" + short
	id := remedy.Output(step, out)
	remedy.Edit(b, estate.EndpointsPart, i.VPC, func(list []estate.Endpoint) []estate.Endpoint {
		return append(slices.Clone(list), estate.Endpoint{ID: id, Service: service, Type: "Interface", State: "available", PrivateDNS: true,
			Groups: []string{group}, Subnets: ids(chosen), OwnerID: b.Target().Account})
	})
	b.Step(remedy.Step{
		ID: step, Title: lang.Both("Create the endpoint of %s in %d Availability Zones", "%s のエンドポイントを %d つの AZ に作成").With(service, len(chosen)),
		Actions: []string{"ec2:CreateVpcEndpoint", "ec2:CreateTags"},
		Call: &remedy.Call{Operation: "ec2:CreateVpcEndpoint", Token: "ClientToken", Tagged: true, Outputs: []string{out}, Input: map[string]any{
			"VpcEndpointType": "Interface", "ServiceName": service, "VpcId": i.VPC, "SubnetIds": anys(ids(chosen)), "SecurityGroupIds": []any{group},
			"PrivateDnsEnabled": true, "TagSpecifications": tagged("vpc-endpoint", "monshin-"+short),
		}},
		Undo: &remedy.Call{Operation: "ec2:DeleteVpcEndpoints", Input: map[string]any{"VpcEndpointIds": []any{id}}},
		Do: lang.Both("VPC console > Endpoints > Create endpoint: %s, %s, subnets %s, private DNS on, the security group above", "VPC コンソール > エンドポイント > エンドポイントを作成 > %s、%s、サブネット %s、プライベート DNS 名を有効化、上記のセキュリティグループ").
			With(service, i.VPC, strings.Join(ids(chosen), ", ")),
		Check: remedy.Check{
			Command: fmt.Sprintf("aws ec2 describe-vpc-endpoints --filters Name=vpc-id,Values=%s Name=service-name,Values=%s --query \"VpcEndpoints[].[VpcEndpointId,State,PrivateDnsEnabled]\"", i.VPC, service),
			Expect:  lang.Both("one endpoint, available, true", "available、true のエンドポイントが 1 つ"),
		},
	})
	inVPC(b, i.VPC)
	b.Why("the instance then reaches %s privately: its usual name resolves to the endpoint's addresses", "インスタンスから %s へプライベートに到達可能になる（通常のサービス名がエンドポイントの IP アドレスに解決される）", short)
	b.Warn("from then on the name of %s leads to the endpoint for every instance of %s", "以後、%[2]s 内の全インスタンスで %[1]s の名前がエンドポイントに解決される", short, i.VPC)
	b.Warn("where a private hosted zone for the same name is associated with the VPC, private DNS cannot be turned on; such zones are not read", "同名のプライベートホストゾーンが VPC に関連付けられている場合、プライベート DNS は有効化不可（プライベートホストゾーンは未確認）")
	b.Risk(remedy.WholeVPC)
	b.Cost("hourly for each of %d Availability Zones, and per GB (AWS PrivateLink pricing of %s)", "%d AZ 分の時間課金とデータ処理量の課金（%s の AWS PrivateLink 料金）", len(chosen), b.Target().Region)
	b.TypeAccount()
	agentWaits(b, agentRetry)
	b.Takes(15 * time.Minute)
	b.Stop("stop if the endpoint is not available after 10 minutes", "10 分経過しても available にならない場合は中止")
}

// endpointGroup writes the steps that make a group which lets the VPC in on tcp/443.
// It returns the group's id.
func endpointGroup(b *remedy.Builder, vpc estate.VPC, short string) string {
	step := "group-" + short
	id := remedy.Output(step, "GroupId")
	name := "monshin-vpce-" + short
	g := newGroup(b, step, name, vpc.ID, "tcp 443 from the VPC to the "+short+" endpoint (made by monshin)")
	for n, cidr := range blocks(vpc) {
		allow := fmt.Sprintf("ingress-%s-%d", short, n+1)
		out := "SecurityGroupRules.0.SecurityGroupRuleId"
		rule := remedy.Output(allow, out)
		g.Rules = append(slices.Clone(g.Rules), estate.SecurityGroupRule{ID: rule, Protocol: "tcp", FromPort: https, ToPort: https, CIDR4: cidr, Description: "monshin"})
		remedy.Creates(b, estate.SecurityGroupPart, id, g)
		b.Step(remedy.Step{
			ID: allow, Title: lang.Both("Allow tcp/443 from %s into it", "%s からの tcp/443 を許可").With(cidr),
			Actions: []string{"ec2:AuthorizeSecurityGroupIngress", "ec2:CreateTags"},
			Call: &remedy.Call{Operation: "ec2:AuthorizeSecurityGroupIngress", Tagged: true, Outputs: []string{out}, Input: map[string]any{
				"GroupId": id, "IpPermissions": []any{map[string]any{"IpProtocol": "tcp", "FromPort": https, "ToPort": https,
					"IpRanges": []any{map[string]any{"CidrIp": cidr, "Description": "monshin"}}}},
				"TagSpecifications": tagged("security-group-rule", "monshin"),
			}},
			Undo:  &remedy.Call{Operation: "ec2:RevokeSecurityGroupIngress", Input: map[string]any{"GroupId": id, "SecurityGroupRuleIds": []any{rule}}},
			Do:    lang.Both("VPC console > Security Groups > %s > Inbound rules > Edit: HTTPS, %s", "VPC コンソール > セキュリティグループ > %s > インバウンドルール > 編集 > HTTPS、%s").With(name, cidr),
			Check: remedy.Check{Command: groupCheck(vpc.ID, name), Expect: lang.Both("tcp 443 from %s", "%s からの tcp 443").With(cidr)},
		})
	}
	return id
}

// newGroup writes the step that makes a security group, as EC2 makes it: with a rule
// that lets everything out.
func newGroup(b *remedy.Builder, step, name, vpc, description string) estate.SecurityGroup {
	id := remedy.Output(step, "GroupId")
	g := estate.SecurityGroup{ID: id, Name: name, VPC: vpc, Rules: []estate.SecurityGroupRule{{Egress: true, Protocol: "-1", FromPort: -1, ToPort: -1, CIDR4: "0.0.0.0/0"}}}
	remedy.Creates(b, estate.SecurityGroupPart, id, g)
	b.Step(remedy.Step{
		ID: step, Title: lang.Both("Make the security group %s", "セキュリティグループ %s を作成").With(name),
		Actions: []string{"ec2:CreateSecurityGroup", "ec2:CreateTags"},
		Call: &remedy.Call{Operation: "ec2:CreateSecurityGroup", Tagged: true, Outputs: []string{"GroupId"}, Input: map[string]any{
			"GroupName": name, "Description": description, "VpcId": vpc, "TagSpecifications": tagged("security-group", name),
		}},
		Undo:  &remedy.Call{Operation: "ec2:DeleteSecurityGroup", Input: map[string]any{"GroupId": id}},
		Do:    lang.Both("VPC console > Security Groups > Create security group: %s, %s", "VPC コンソール > セキュリティグループ > セキュリティグループを作成 > %s、%s").With(name, vpc),
		Check: remedy.Check{Command: groupCheck(vpc, name), Expect: lang.Both("one group", "セキュリティグループが 1 つ")},
	})
	return g
}

func groupCheck(vpc, name string) string {
	return fmt.Sprintf("aws ec2 describe-security-groups --filters Name=vpc-id,Values=%s Name=group-name,Values=%s", vpc, name)
}

func enablePrivateDNS(b *remedy.Builder) {
	i, ok := patient(b)
	if !ok {
		return
	}
	_, ok = own(b, i.VPC)
	endpoints, ok2 := need(b, estate.EndpointsPart, i.VPC)
	dns, ok3 := need(b, estate.VPCDNSPart, i.VPC)
	if !ok || !ok2 || !ok3 {
		return
	}
	id := b.Finding().Params["endpoint"]
	at := slices.IndexFunc(endpoints, func(e estate.Endpoint) bool { return e.ID == id && id != "" })
	if at < 0 {
		b.Refuse("the endpoint %s is not listed", "エンドポイント %s が一覧に存在しない", orDash(id))
		return
	}
	mine := endpoints[at]
	switch {
	case mine.PrivateDNS:
		b.Refuse("private DNS of %s is on by now", "%s のプライベート DNS は既に有効", id)
		return
	case mine.Managed:
		b.Refuse("%s was made by another AWS service, which looks after it", "%s は他の AWS サービスが作成・管理するエンドポイントのため変更対象外", id)
		return
	case slices.ContainsFunc(endpoints, func(e estate.Endpoint) bool { return e.ID != id && e.Service == mine.Service && e.PrivateDNS }):
		b.Refuse("another endpoint of %s has the private name already", "%s の別のエンドポイントでプライベート DNS が既に有効", mine.Service)
		return
	}
	switchOnDNS(b, i.VPC, dns, "private DNS of an endpoint needs both attributes", "エンドポイントのプライベート DNS には両方の属性が必要")
	remedy.Edit(b, estate.EndpointsPart, i.VPC, func(list []estate.Endpoint) []estate.Endpoint {
		return changed(list, id, func(e estate.Endpoint) estate.Endpoint { e.PrivateDNS = true; return e })
	})
	turn := func(on bool) *remedy.Call {
		return &remedy.Call{Operation: "ec2:ModifyVpcEndpoint", Input: map[string]any{"VpcEndpointId": id, "PrivateDnsEnabled": on}}
	}
	b.Step(remedy.Step{
		ID: "private-dns", Title: lang.Both("Turn private DNS of %s on", "%s のプライベート DNS を有効化").With(id), Call: turn(true), Undo: turn(false),
		Do: lang.Both("VPC console > Endpoints > %s > Actions > Modify private DNS name: enable", "VPC コンソール > エンドポイント > %s > アクション > プライベート DNS 名を変更 > 有効化").With(id),
		Check: remedy.Check{
			Command: fmt.Sprintf("aws ec2 describe-vpc-endpoints --vpc-endpoint-ids %s --query \"VpcEndpoints[].[State,PrivateDnsEnabled]\"", id),
			Expect:  lang.Both("available, true", "available、true"),
		},
	})
	inVPC(b, i.VPC)
	b.Why("the service's usual name then resolves to the endpoint inside the VPC", "通常のサービス名が VPC 内でエンドポイントの IP アドレスに解決されるようになる")
	b.Warn("from then on the name of %s leads to the endpoint for every instance of %s; its security group has to let them in", "以後、%[2]s 内の全インスタンスで %[1]s の名前がエンドポイントに解決される。エンドポイントのセキュリティグループでの許可が必要", shortService(mine.Service), i.VPC)
	b.Warn("it fails where a private hosted zone of one's own holds the name; such zones are not read", "同名のプライベートホストゾーンがある場合は失敗する（プライベートホストゾーンは未確認）")
	b.Risk(remedy.WholeVPC)
	b.Type(i.VPC)
	agentWaits(b, agentRetry)
	b.Takes(5 * time.Minute)
	b.Stop("stop if the name is served by a private hosted zone on purpose (central endpoints)", "集約エンドポイントなどで意図的にプライベートホストゾーンを使用している場合は中止")
}

// changed replaces the endpoint with an id.
func changed(list []estate.Endpoint, id string, turn func(estate.Endpoint) estate.Endpoint) []estate.Endpoint {
	out := slices.Clone(list)
	for i := range out {
		if out[i].ID == id {
			out[i] = turn(out[i])
		}
	}
	return out
}
