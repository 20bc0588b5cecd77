package cloud

import (
	"context"
	"errors"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/monshin/monshin/diagnose/estate"
)

const (
	// noNode is what Systems Manager answers for an id that it does not know, or that
	// is not this account's.
	noNode = "InvalidInstanceId"
	// hostManagementSetting names the role of Default Host Management Configuration
	// (domain.md §3.1).
	hostManagementSetting = "/ssm/managed-instance/default-ec2-instance-management-role"
)

// errTooMany ends a list that is longer than monshin reads.
var errTooMany = errors.New("the list has more pages than monshin reads")

func (s *Source) managedNode(ctx context.Context, id string) (estate.ManagedNode, error) {
	nodes, err := s.nodes(ctx, []string{id})
	if hasCode(err, noNode) {
		return estate.ManagedNode{}, errAbsent
	}
	if err != nil {
		return estate.ManagedNode{}, err
	}
	node, ok := nodes[id]
	if !ok {
		return estate.ManagedNode{}, errAbsent
	}
	return node, nil
}

func nodeOf(n types.InstanceInformation) estate.ManagedNode {
	return estate.ManagedNode{
		ID: aws.ToString(n.InstanceId), PingStatus: string(n.PingStatus), LastPing: utc(n.LastPingDateTime),
		AgentVersion: aws.ToString(n.AgentVersion), Platform: string(n.PlatformType), PlatformName: aws.ToString(n.PlatformName),
		PlatformVer: aws.ToString(n.PlatformVersion), ComputerName: aws.ToString(n.ComputerName),
		IPAddress: aws.ToString(n.IPAddress), SourceType: string(n.SourceType), IAMRole: aws.ToString(n.IamRole),
	}
}

func (s *Source) connection(ctx context.Context, id string) (estate.Connection, error) {
	out, err := s.ssm.GetConnectionStatus(ctx, &ssm.GetConnectionStatusInput{Target: aws.String(id)})
	if err != nil {
		return estate.Connection{}, err
	}
	return estate.Connection{Status: string(out.Status)}, nil
}

// hostManagement reads the setting by its value: its status is documented with
// other words than AWS's own samples show (domain.md §3.1).
func (s *Source) hostManagement(ctx context.Context, _ string) (estate.HostManagement, error) {
	out, err := s.ssm.GetServiceSetting(ctx, &ssm.GetServiceSettingInput{SettingId: aws.String(hostManagementSetting)})
	if hasCode(err, "ServiceSettingNotFound") {
		return estate.HostManagement{}, nil
	}
	if err != nil {
		return estate.HostManagement{}, err
	}
	var role string
	if out.ServiceSetting != nil {
		role = strings.TrimPrefix(strings.TrimSpace(aws.ToString(out.ServiceSetting.SettingValue)), "/")
	}
	if role == "$None" {
		role = ""
	}
	return estate.HostManagement{Role: role}, nil
}
