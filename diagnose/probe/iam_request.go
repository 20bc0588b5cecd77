package probe

import (
	"fmt"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/policy"
)

// The least that an agent has to be allowed to register and to be reached
// (domain.md §3.1 [D from the agent's source]).
const actionRegister = "ssm:UpdateInstanceInformation"

func agentActions() []string {
	return []string{
		actionRegister,
		"ssmmessages:CreateControlChannel", "ssmmessages:OpenControlChannel",
		"ssmmessages:CreateDataChannel", "ssmmessages:OpenDataChannel",
	}
}

// accountOf is the account of the instance, "" where nobody said.
func accountOf(v *estate.View, p patient) string {
	if p.OwnerID != "" {
		return p.OwnerID
	}
	return v.Target().Account
}

// agentRequest is a call of the agent with the credentials of a role, as IAM sees
// it. What depends on the way it takes (aws:SourceVpce, aws:SourceIp) is left
// unknown; whoever judges an endpoint's policy adds it.
func agentRequest(v *estate.View, p patient, roleARN, action string) policy.Request {
	account := accountOf(v, p)
	q := policy.Request{
		Action: action,
		Who:    policy.Who{Role: roleARN, Session: v.Target().InstanceID, Account: account},
		// Keys of every request ("AWS global condition context keys", IAM User Guide).
		Context: policy.Context{}.
			With("aws:SecureTransport", "true").
			With("aws:ViaAWSService", "false").
			With("aws:PrincipalIsAWSService", "false").
			With("aws:PrincipalType", "AssumedRole").
			With("aws:CurrentTime", v.AsOf().UTC().Format(time.RFC3339)).
			With("aws:EpochTime", fmt.Sprint(v.AsOf().Unix())).
			With("aws:username").
			With("aws:CalledVia"),
	}
	add := func(key, value string) {
		if value != "" {
			q.Context = q.Context.With(key, value)
		}
	}
	add("aws:PrincipalArn", roleARN)
	add("aws:PrincipalAccount", account)
	add("aws:RequestedRegion", v.Target().Region)
	q.Resource, q.Unscoped = agentResource(v, p, action)
	return q
}

// agentResource is the ARN that the services name in their refusals: "…is not
// authorized to perform: ssm:UpdateInstanceInformation on resource:
// arn:aws:ec2:REGION:ACCOUNT:instance/ID" (aws/amazon-ssm-agent issues 374 and 543),
// arn:aws:ssmmessages:REGION:ACCOUNT:* (awslabs/landing-zone-accelerator-on-aws
// pull 330), and arn:aws:ssm:REGION:ACCOUNT:* for ec2messages
// (kubernetes-sigs/cluster-api-provider-aws issue 3361). The actions of the last
// two have no resource types in the Service Authorization Reference.
func agentResource(v *estate.View, p patient, action string) (arn string, unscoped bool) {
	t := v.Target()
	service := serviceOf(action)
	unscoped = service != "ssm"
	account := accountOf(v, p)
	if account == "" || t.Region == "" {
		return "", unscoped
	}
	partition := t.Partition
	if partition == "" {
		partition = "aws"
	}
	switch service {
	case "ssm":
		return fmt.Sprintf("arn:%s:ec2:%s:%s:instance/%s", partition, t.Region, account, t.InstanceID), unscoped
	case "ec2messages":
		service = "ssm"
	}
	return fmt.Sprintf("arn:%s:%s:%s:%s:*", partition, service, t.Region, account), unscoped
}

// profileRequest is agentRequest with the credentials of the instance profile, to
// which EC2 adds where it delivered them.
func profileRequest(v *estate.View, p patient, roleARN, action string) policy.Request {
	q := agentRequest(v, p, roleARN, action)
	if arn, _ := agentResource(v, p, actionRegister); arn != "" {
		q.Context = q.Context.With("ec2:SourceInstanceARN", arn)
	}
	if p.VPC != "" {
		q.Context = q.Context.With("aws:Ec2InstanceSourceVpc", p.VPC)
	}
	if p.PrivateIP != "" {
		q.Context = q.Context.With("aws:Ec2InstanceSourcePrivateIPv4", p.PrivateIP)
	}
	return q
}
