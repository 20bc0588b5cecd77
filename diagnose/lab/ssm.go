package lab

import (
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

func managementOperations() map[string]operation {
	return map[string]operation{
		"ssm:DescribeInstanceInformation": on(describeInstanceInformation),
		"ssm:GetConnectionStatus":         on(getConnectionStatus),
		"ssm:GetServiceSetting":           on(getServiceSetting),
		"ssm:ListCommandInvocations":      on(listCommandInvocations),
		"ssm:GetCommandInvocation":        on(getCommandInvocation),
		"ssm:ListCommands":                on(listCommands),
		"ssm:SendCommand":                 on(sendCommand),
		"ssm:ListInventoryEntries":        on(listInventoryEntries),
		"ssm:DescribeInstancePatches":     on(describeInstancePatches),
	}
}

var (
	nodePaging    = paging{min: 5, max: 50, normal: 10, badToken: "InvalidNextToken", badSize: "ValidationException"}
	commandPaging = paging{min: 1, max: 50, normal: 50, badToken: "InvalidNextToken", badSize: "ValidationException"}
)

// node is the row of an instance that lives; Systems Manager shows no stopped or
// terminated ones (domain.md §3.1).
func (w *World) node(instance string) *Node {
	i := w.Instances[instance]
	if i == nil || !i.Terminated.IsZero() || i.State != "running" || !w.mine(i.Owner) {
		return nil
	}
	return w.Nodes[instance]
}

func describeInstanceInformation(w *World, r *request, in *ssm.DescribeInstanceInformationInput) (*ssm.DescribeInstanceInformationOutput, error) {
	if len(in.Filters) > 0 && len(in.InstanceInformationFilterList) > 0 {
		return nil, fail("InvalidInstanceInformationFilterValue", "Filters and InstanceInformationFilterList cannot be used together")
	}
	var all []types.InstanceInformation
	for _, n := range sorted(w.Nodes) {
		if w.node(n.Instance) != nil {
			all = append(all, w.showNode(n))
		}
	}
	by := map[string]func(types.InstanceInformation) string{
		"InstanceIds":   func(i types.InstanceInformation) string { return aws.ToString(i.InstanceId) },
		"PingStatus":    func(i types.InstanceInformation) string { return string(i.PingStatus) },
		"PlatformTypes": func(i types.InstanceInformation) string { return string(i.PlatformType) },
		"AgentVersion":  func(i types.InstanceInformation) string { return aws.ToString(i.AgentVersion) },
		"ResourceType":  func(i types.InstanceInformation) string { return string(i.ResourceType) },
	}
	for _, f := range in.Filters {
		key := aws.ToString(f.Key)
		get := by[key]
		switch {
		case get == nil:
			return nil, fail("InvalidFilterKey", "Invalid filter key: %s", key)
		case len(f.Values) == 0 || len(f.Values) > 100:
			return nil, fail("InvalidInstanceInformationFilterValue", "Between 1 and 100 values are allowed for %s", key)
		case key == "InstanceIds":
			if err := w.checkNodes(f.Values); err != nil {
				return nil, err
			}
		}
		all = slices.DeleteFunc(all, func(i types.InstanceInformation) bool { return !slices.Contains(f.Values, get(i)) })
	}
	rows, next, err := page(r, nodePaging, all, in.NextToken, in.MaxResults)
	return &ssm.DescribeInstanceInformationOutput{InstanceInformationList: rows, NextToken: next}, err
}

// checkNodes refuses ids that are none of this account's instances.
func (w *World) checkNodes(ids []string) error {
	for _, want := range ids {
		if i := w.Instances[want]; i == nil || !w.visible(i) {
			return fail("InvalidInstanceId", "Instances [%s] not in a valid state for account %s", want, w.Account)
		}
	}
	return nil
}

func (w *World) showNode(n *Node) types.InstanceInformation {
	row := types.InstanceInformation{
		InstanceId: aws.String(n.Instance), PingStatus: types.PingStatus(n.Ping), LastPingDateTime: aws.Time(n.LastPing), AgentVersion: aws.String(n.Agent),
		IsLatestVersion: aws.Bool(true), PlatformType: types.PlatformTypeWindows, PlatformName: aws.String(n.Platform), PlatformVersion: aws.String(n.PlatformVersion),
		ComputerName: aws.String(n.Computer), IPAddress: aws.String(n.IP), ResourceType: types.ResourceTypeEc2Instance, SourceId: aws.String(n.Instance),
		SourceType: types.SourceTypeAwsEc2Instance,
	}
	if !n.Registered.IsZero() {
		row.RegistrationDate = aws.Time(n.Registered)
	}
	return row
}

func getConnectionStatus(w *World, _ *request, in *ssm.GetConnectionStatusInput) (*ssm.GetConnectionStatusOutput, error) {
	out := &ssm.GetConnectionStatusOutput{Target: aws.String(aws.ToString(in.Target)), Status: types.ConnectionStatusNotConnected}
	if n := w.node(aws.ToString(in.Target)); n != nil && n.Connected {
		out.Status = types.ConnectionStatusConnected
	}
	return out, nil
}

// hostManagementSetting is Default Host Management's setting.
const hostManagementSetting = "/ssm/managed-instance/default-ec2-instance-management-role"

func getServiceSetting(w *World, _ *request, in *ssm.GetServiceSettingInput) (*ssm.GetServiceSettingOutput, error) {
	name := aws.ToString(in.SettingId)
	if i := strings.Index(name, ":servicesetting"); i >= 0 {
		name = name[i+len(":servicesetting"):]
	}
	value, set := w.Settings[name]
	if !set && name != hostManagementSetting {
		return nil, fail("ServiceSettingNotFound", "Setting %s is not found", name)
	}
	setting := &types.ServiceSetting{SettingId: aws.String(name), SettingValue: aws.String("$None"), Status: aws.String("Default"),
		ARN: aws.String(w.arn("ssm", "servicesetting"+name)), LastModifiedUser: aws.String("System")}
	if set {
		// AWS's own sample says Custom where its reference says Customized (domain.md §3.1).
		setting.SettingValue, setting.Status = aws.String(value), aws.String("Custom")
	}
	return &ssm.GetServiceSettingOutput{ServiceSetting: setting}, nil
}

// commandsLive is how long Run Command keeps its history (domain.md §5.4, [M]).
const commandsLive = 30 * 24 * time.Hour

func (w *World) commands() []*Command {
	var out []*Command
	for _, c := range w.Commands {
		if w.Now.Sub(c.Requested) < commandsLive {
			out = append(out, c)
		}
	}
	slices.SortStableFunc(out, func(a, b *Command) int { return b.Requested.Compare(a.Requested) })
	return out
}

func listCommandInvocations(w *World, r *request, in *ssm.ListCommandInvocationsInput) (*ssm.ListCommandInvocationsOutput, error) {
	if len(in.Filters) > 0 {
		return nil, fail("InvalidFilterKey", "lab: ListCommandInvocations takes no filters here")
	}
	var all []types.CommandInvocation
	for _, c := range w.commands() {
		if (in.InstanceId == nil || *in.InstanceId == c.Instance) && (in.CommandId == nil || *in.CommandId == c.ID) {
			all = append(all, w.showInvocation(c, in.Details))
		}
	}
	rows, next, err := page(r, commandPaging, all, in.NextToken, in.MaxResults)
	return &ssm.ListCommandInvocationsOutput{CommandInvocations: rows, NextToken: next}, err
}

func (w *World) showInvocation(c *Command, details bool) types.CommandInvocation {
	row := types.CommandInvocation{
		CommandId: aws.String(c.ID), InstanceId: aws.String(c.Instance), DocumentName: aws.String(c.Document), DocumentVersion: aws.String("$DEFAULT"),
		Comment: aws.String(c.Comment), RequestedDateTime: aws.Time(c.Requested), Status: types.CommandInvocationStatus(c.Status), StatusDetails: aws.String(c.details()),
		ServiceRole: aws.String(c.Role), StandardOutputUrl: aws.String(""), StandardErrorUrl: aws.String(""), InstanceName: aws.String(""),
		NotificationConfig: &types.NotificationConfig{}, CloudWatchOutputConfig: &types.CloudWatchOutputConfig{},
	}
	if i := w.Instances[c.Instance]; i != nil {
		row.InstanceName = aws.String(i.Name)
	}
	if details {
		output := c.Stdout
		if c.Stderr != "" {
			output += "\n----------ERROR-------\n" + c.Stderr
		}
		row.CommandPlugins = []types.CommandPlugin{{
			Name: aws.String("aws:runPowerShellScript"), Output: aws.String(cut(output, 2500, "\n---Output truncated---")), ResponseCode: c.ResponseCode,
			Status: types.CommandPluginStatus(c.Status), StatusDetails: aws.String(c.details()),
			ResponseStartDateTime: aws.Time(c.Requested.Add(time.Second)), ResponseFinishDateTime: aws.Time(c.Requested.Add(time.Second + c.Took)),
		}}
	}
	return row
}

func (c *Command) details() string {
	if c.Details != "" {
		return c.Details
	}
	return c.Status
}

// cut shortens output to the limit of an API, with its mark (domain.md §11).
func cut(s string, limit int, mark string) string {
	if len(s) <= limit {
		return s
	}
	return s[:limit-len(mark)] + mark
}

func getCommandInvocation(w *World, _ *request, in *ssm.GetCommandInvocationInput) (*ssm.GetCommandInvocationOutput, error) {
	for _, c := range w.commands() {
		if c.ID != aws.ToString(in.CommandId) || c.Instance != aws.ToString(in.InstanceId) {
			continue
		}
		if c.Unseen {
			// Run Command is eventually consistent.
			c.Unseen = false
			break
		}
		stamp := func(t time.Time) *string { return aws.String(t.UTC().Format("2006-01-02T15:04:05.000Z")) }
		return &ssm.GetCommandInvocationOutput{
			CommandId: aws.String(c.ID), InstanceId: aws.String(c.Instance), DocumentName: aws.String(c.Document), DocumentVersion: aws.String("$DEFAULT"),
			Comment: aws.String(c.Comment), PluginName: aws.String("aws:runPowerShellScript"), ResponseCode: c.ResponseCode,
			Status: types.CommandInvocationStatus(c.Status), StatusDetails: aws.String(c.details()),
			ExecutionStartDateTime: stamp(c.Requested.Add(time.Second)), ExecutionEndDateTime: stamp(c.Requested.Add(time.Second + c.Took)),
			StandardOutputContent: aws.String(cut(c.Stdout, 24000, "--output truncated--")), StandardErrorContent: aws.String(cut(c.Stderr, 8000, "--output truncated--")),
			StandardOutputUrl: aws.String(""), StandardErrorUrl: aws.String(""), CloudWatchOutputConfig: &types.CloudWatchOutputConfig{},
		}, nil
	}
	return nil, fail("InvocationDoesNotExist", "")
}
