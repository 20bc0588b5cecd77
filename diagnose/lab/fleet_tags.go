package lab

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

// sendToTags sends a command to the managed nodes that carry all tags. It answers
// before it has found them: the count of targets is 0 at first.
func sendToTags(w *World, r *request, in *ssm.SendCommandInput, send func(*World, *request, *ssm.SendCommandInput) (*ssm.SendCommandOutput, error)) (*ssm.SendCommandOutput, error) {
	if len(in.InstanceIds) > 0 || len(in.Targets) > 5 {
		return nil, fail("ValidationException", "Between 1 and 5 targets, or instance ids, and not both")
	}
	want := map[string][]string{}
	for _, t := range in.Targets {
		key, ok := strings.CutPrefix(aws.ToString(t.Key), "tag:")
		if !ok || len(t.Values) == 0 || len(t.Values) > maxTargets {
			return nil, fail("InvalidTarget", "lab: targets are tags with 1 to %d values", maxTargets)
		}
		want[key] = t.Values
	}
	var ids []string
	for _, i := range w.nodeIDs() {
		if carries(w.Instances[i].Tags, want) && !w.fleet.untagged[i] {
			ids = append(ids, i)
		}
	}
	command := &types.Command{CommandId: aws.String(uuid("sent/nobody")), RequestedDateTime: aws.Time(w.Now), Status: types.CommandStatusPending, StatusDetails: aws.String("Pending")}
	var all []*Command
	for part := range slices.Chunk(ids, maxTargets) {
		some := *in
		some.Targets, some.InstanceIds = nil, part
		out, err := send(w, r, &some)
		if err != nil {
			return nil, err
		}
		if len(all) == 0 {
			command = out.Command
		}
		all = append(all, w.invocations(*out.Command.CommandId)...)
	}
	if carries(w.fleet.tags, want) {
		all = append(all, &Command{Instance: w.fleet.hybrid, Document: powerShell, Requested: w.Now, Status: "Failed", Details: "InvalidPlatform", ResponseCode: -1})
	}
	for _, c := range all {
		c.ID = *command.CommandId
	}
	if w.fleet.sent != nil {
		w.fleet.sent[*command.CommandId] = all
	}
	command.InstanceIds, command.TargetCount, command.Targets = nil, 0, in.Targets
	return &ssm.SendCommandOutput{Command: command}, nil
}

// nodeIDs are the instances with a managed node, in order.
func (w *World) nodeIDs() []string {
	if w.fleet.nodes != nil {
		return w.fleet.nodes
	}
	return slices.DeleteFunc(sortedKeys(w.Nodes), func(i string) bool { return w.node(i) == nil })
}

// carries reports whether all wanted tags are there, each with one of its values.
func carries(tags map[string]string, want map[string][]string) bool {
	for k, values := range want {
		if v, ok := tags[k]; !ok || !slices.Contains(values, v) {
			return false
		}
	}
	return true
}

// invocations are those of one command.
func (w *World) invocations(command string) []*Command {
	if sent, ok := w.fleet.sent[command]; ok {
		return sent
	}
	return slices.DeleteFunc(w.commands(), func(c *Command) bool { return c.ID != command })
}

// listCommands shows how far a command is. It is not there yet when a fleet's command is
// looked at for the first time, and half done the second time.
func listCommands(w *World, r *request, in *ssm.ListCommandsInput) (*ssm.ListCommandsOutput, error) {
	if in.CommandId == nil {
		return listSent(w, r, in)
	}
	if len(in.Filters) > 0 {
		return nil, fail("InvalidFilterKey", "lab: ListCommands is asked for one command by its id")
	}
	sent := w.invocations(*in.CommandId)
	look := 3
	if w.fleet.looks != nil {
		w.fleet.looks[*in.CommandId]++
		look = w.fleet.looks[*in.CommandId]
	}
	c := types.Command{CommandId: in.CommandId, Status: types.CommandStatusInProgress, StatusDetails: aws.String("InProgress"), TargetCount: int32(len(sent))}
	switch {
	case look == 1:
		return &ssm.ListCommandsOutput{}, nil
	case look == 2:
		c.CompletedCount = int32(len(sent) / 2)
	case len(sent) == 0:
		c.Status, c.StatusDetails = types.CommandStatusSuccess, aws.String("NoInstancesInTag")
	default:
		c.CompletedCount, c.Status, c.StatusDetails = c.TargetCount, types.CommandStatusSuccess, aws.String("Success")
		if slices.ContainsFunc(sent, func(c *Command) bool { return c.Status != "Success" }) {
			c.Status, c.StatusDetails = types.CommandStatusFailed, aws.String("Failed")
		}
	}
	return &ssm.ListCommandsOutput{Commands: []types.Command{c}}, nil
}
