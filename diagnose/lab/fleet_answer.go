package lab

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

// fleetOperations answer lists of many instances page by page, where the lab's own
// show everything and cut a page out; and they know servers without Windows.
func fleetOperations() map[string]operation {
	return map[string]operation{
		"ec2:DescribeInstances":           on(describeMany),
		"ec2:GetConsoleOutput":            on(consoleOfMany),
		"ssm:DescribeInstanceInformation": on(describeManyNodes),
		"ssm:SendCommand":                 on(sendToMany),
		"ssm:ListCommandInvocations":      on(listManyInvocations),
		"ssm:GetCommandInvocation":        on(getOneOfMany),
	}
}

func describeMany(w *World, r *request, in *ec2.DescribeInstancesInput) (*ec2.DescribeInstancesOutput, error) {
	ids, simple := w.fleet.ids, len(in.Filters) == 0
	if len(in.Filters) == 1 && aws.ToString(in.Filters[0].Name) == "instance-id" {
		simple, ids = true, slices.Sorted(slices.Values(in.Filters[0].Values))
		ids = slices.DeleteFunc(ids, func(i string) bool { return w.Instances[i] == nil })
	}
	if len(in.InstanceIds) > 0 && simple {
		if err := w.checkInstanceIDs(in.InstanceIds); err != nil {
			return nil, err
		}
		if err := noPagesWithIDs(in.InstanceIds, in.MaxResults); err != nil {
			return nil, err
		}
		ids = slices.Sorted(slices.Values(in.InstanceIds))
	}
	if !simple {
		out, err := describeInstances(w, r, in)
		if err == nil {
			for _, v := range out.Reservations {
				w.asItIs(v.Instances)
			}
		}
		return out, err
	}
	part, next, err := page(r, ec2Paging, ids, in.NextToken, in.MaxResults)
	if err != nil {
		return nil, err
	}
	out := &ec2.DescribeInstancesOutput{NextToken: next}
	for _, i := range part {
		row := []types.Instance{w.showInstance(w.Instances[i])}
		w.asItIs(row)
		out.Reservations = append(out.Reservations, types.Reservation{ReservationId: aws.String(id("r", i)), OwnerId: aws.String(w.Account), Instances: row})
	}
	return out, nil
}

// asItIs corrects the platform of servers that run no Windows.
func (w *World) asItIs(rows []types.Instance) {
	for k := range rows {
		if i := w.Instances[aws.ToString(rows[k].InstanceId)]; i != nil && i.Windows == nil {
			rows[k].Platform, rows[k].PlatformDetails, rows[k].UsageOperation = "", aws.String("Linux/UNIX"), aws.String("RunInstances")
		}
	}
}

func consoleOfMany(w *World, r *request, in *ec2.GetConsoleOutputInput) (*ec2.GetConsoleOutputOutput, error) {
	if i := w.Instances[aws.ToString(in.InstanceId)]; i != nil && i.Windows == nil {
		return &ec2.GetConsoleOutputOutput{InstanceId: in.InstanceId, Timestamp: aws.Time(w.Now)}, nil
	}
	return getConsoleOutput(w, r, in)
}

func describeManyNodes(w *World, r *request, in *ssm.DescribeInstanceInformationInput) (*ssm.DescribeInstanceInformationOutput, error) {
	all := len(in.Filters) == 1 && aws.ToString(in.Filters[0].Key) == "PlatformTypes" && slices.Equal(in.Filters[0].Values, []string{"Windows"})
	if !all {
		return describeInstanceInformation(w, r, in)
	}
	ids, next, err := page(r, nodePaging, w.fleet.nodes, in.NextToken, in.MaxResults)
	out := &ssm.DescribeInstanceInformationOutput{NextToken: next}
	for _, i := range ids {
		out.InstanceInformationList = append(out.InstanceInformationList, w.showNode(w.Nodes[i]))
	}
	return out, err
}

// sendToMany keeps the invocations by their command, so that a look at one command
// does not go through all.
func sendToMany(w *World, r *request, in *ssm.SendCommandInput) (*ssm.SendCommandOutput, error) {
	if len(in.Targets) > 0 {
		return sendToTags(w, r, in, sendToMany)
	}
	before := len(w.Commands)
	out, err := sendCommand(w, r, in)
	if err != nil {
		return out, err
	}
	sent := slices.Clone(w.Commands[before:])
	w.Commands = w.Commands[:before]
	failed := false
	for _, c := range sent {
		switch {
		case failed && aws.ToString(in.MaxErrors) != "100%":
			// The default of MaxErrors is 0: one failure ends it for the rest.
			c.Status, c.Details, c.Stdout, c.Stderr, c.ResponseCode = "Failed", "Terminated", "", "", -1
		case w.fleet.refuses[c.Instance]:
			c.Status, c.Details, c.Stdout, c.Stderr, c.ResponseCode = "Failed", "AccessDenied", "", "", -1
		}
		failed = failed || c.Status != "Success"
	}
	w.fleet.sent[aws.ToString(out.Command.CommandId)] = sent
	return out, nil
}

// among answers as if a command were the only one that ever ran; nil where it is none
// of the fleet's.
func (w *World) among(command *string, answer func()) bool {
	sent, ok := w.fleet.sent[aws.ToString(command)]
	if !ok {
		return false
	}
	before := w.Commands
	w.Commands = sent
	answer()
	w.Commands = before
	return true
}

// listManyInvocations shows every second server of a command as still at work when it
// is looked at for the first time.
func listManyInvocations(w *World, r *request, in *ssm.ListCommandInvocationsInput) (out *ssm.ListCommandInvocationsOutput, err error) {
	if !w.among(in.CommandId, func() { out, err = listCommandInvocations(w, r, in) }) {
		return listCommandInvocations(w, r, in)
	}
	if err != nil || aws.ToString(in.NextToken) != "" {
		return out, err
	}
	tagged := w.fleet.looks[*in.CommandId] > 1 // ListCommands was asked before
	w.fleet.looks[*in.CommandId]++
	if n := w.fleet.looks[*in.CommandId]; n == 1 || tagged && n == 3 {
		for k := range out.CommandInvocations {
			if row := &out.CommandInvocations[k]; k%2 == 1 {
				row.Status, row.StatusDetails, row.CommandPlugins = ssmtypes.CommandInvocationStatusInProgress, aws.String("InProgress"), nil
			}
		}
	}
	return out, err
}

func getOneOfMany(w *World, r *request, in *ssm.GetCommandInvocationInput) (out *ssm.GetCommandInvocationOutput, err error) {
	if !w.among(in.CommandId, func() { out, err = getCommandInvocation(w, r, in) }) {
		return getCommandInvocation(w, r, in)
	}
	return out, err
}
