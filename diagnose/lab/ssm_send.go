package lab

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/monshin/monshin/diagnose/guest"
)

const powerShell = "AWS-RunPowerShellScript"

// maxTargets is how many instances one SendCommand takes by id (domain.md §12).
const maxTargets = 50

// sendCommand runs a script on Windows, at once: its end is there when somebody asks
// for it. The lab's Windows understand monshin's own scripts and no others.
func sendCommand(w *World, r *request, in *ssm.SendCommandInput) (*ssm.SendCommandOutput, error) {
	if len(in.Targets) > 0 {
		return sendToTags(w, r, in, sendCommand)
	}
	switch timeout := in.TimeoutSeconds; {
	case aws.ToString(in.DocumentName) != powerShell:
		return nil, fail("InvalidDocument", "Document with name %s does not exist.", aws.ToString(in.DocumentName))
	case len(in.InstanceIds) == 0 || len(in.InstanceIds) > maxTargets:
		return nil, fail("ValidationException", "lab: between 1 and %d instances have to be named by their ids", maxTargets)
	case timeout != nil && (*timeout < 30 || *timeout > 2592000):
		return nil, fail("ValidationException", "Value '%d' at 'timeoutSeconds' failed to satisfy constraint: Member must have value between 30 and 2592000", *timeout)
	case len(in.Parameters["commands"]) == 0:
		return nil, fail("InvalidParameters", "Parameter commands is required")
	}
	for name, values := range in.Parameters {
		known := slices.Contains([]string{"commands", "workingDirectory", "executionTimeout"}, name)
		if !known || slices.ContainsFunc(values, func(v string) bool { return strings.Contains(v, "{{") }) {
			return nil, fail("InvalidParameters", "Parameter %s is not as the document takes it", name)
		}
	}
	for _, instance := range in.InstanceIds {
		if w.node(instance) == nil {
			return nil, fail("InvalidInstanceId", "Instances [[%s]] not in a valid state for account %s", instance, w.Account)
		}
	}
	script := strings.Join(in.Parameters["commands"], "\n")
	id := uuid("sent/" + strings.Join(in.InstanceIds, ",") + strconv.Itoa(len(w.Commands)))
	for _, instance := range in.InstanceIds {
		c := w.execute(w.Instances[instance], script)
		c.ID, c.Instance, c.Document, c.Comment = id, instance, powerShell, aws.ToString(in.Comment)
		c.Requested, c.Unseen = w.Now, true
		w.Commands = append(w.Commands, c)
	}
	return &ssm.SendCommandOutput{Command: &types.Command{
		CommandId: aws.String(id), DocumentName: in.DocumentName, InstanceIds: slices.Clone(in.InstanceIds), Comment: aws.String(aws.ToString(in.Comment)),
		RequestedDateTime: aws.Time(w.Now), Status: types.CommandStatusPending, StatusDetails: aws.String("Pending"),
		TargetCount: int32(len(in.InstanceIds)), TimeoutSeconds: in.TimeoutSeconds,
	}}, nil
}

// execute is what becomes of a script on one instance.
func (w *World) execute(i *Instance, script string) *Command {
	if n := w.Nodes[i.ID]; n.Ping != "Online" {
		return &Command{Status: "TimedOut", Details: "Delivery Timed Out", ResponseCode: -1}
	}
	if fixes(script) {
		return w.fix(i, script)
	}
	c := &Command{Status: "Success", Took: 4 * time.Second}
	asked, many, err := w.asked(script)
	if err != nil {
		c.Status, c.ResponseCode, c.Stderr = "Failed", 1, "lab: "+err.Error()+"\r\n"
		return c
	}
	c.Stdout, c.Stderr = i.Windows.Run(outside{w, i}, asked)
	if many {
		c.Stdout = guest.AskLine(c.Stdout) + "\r\n"
	}
	return c
}

// asked is what a script asks, and whether it is one for many. Many servers are asked
// the same after each other, so that it is read once for them.
func (w *World) asked(script string) (r guest.Request, many bool, err error) {
	if script == w.script.text {
		return w.script.asks, w.script.many, nil
	}
	r, err = guest.Asked(script)
	if many = err != nil; many {
		r, err = guest.AskedOfMany(script)
	}
	if err == nil {
		w.script.text, w.script.asks, w.script.many = script, r, many
	}
	return r, many, err
}

// AskedLine is the line that somebody gets who runs the block of guest.AskScript for
// these questions on the server of an instance: no Systems Manager is needed for it.
func (l *Lab) AskedLine(instance string, asked guest.Request) (string, error) {
	l.world.mu.Lock()
	defer l.world.mu.Unlock()
	i := l.world.Instances[instance]
	if i == nil || !i.Terminated.IsZero() || i.State != "running" {
		return "", fail("InvalidInstanceID.NotFound", "no server %s runs in this lab", instance)
	}
	lines, _ := i.Windows.Run(outside{l.world, i}, asked)
	return guest.AskLine(lines), nil
}
