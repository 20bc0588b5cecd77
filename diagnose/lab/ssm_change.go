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
	"github.com/monshin/monshin/diagnose/lab/windows"
)

// Documents of AWS that the lab runs beside PowerShell.
const (
	// rescueDocument is a document of Run Command, not of Automation (domain.md §9.1;
	// https://repost.aws/knowledge-center/reset-admin-password).
	rescueDocument   = "AWSSupport-RunEC2RescueForWindowsTool"
	updateDocument   = "AWS-UpdateSSMAgent"
	activateDocument = "AWSSupport-ActivateWindowsWithAmazonLicense"
)

func commandChanges() map[string]operation {
	return map[string]operation{
		"ssm:SendCommand":                  change(sendDocument),
		"ssm:StartAutomationExecution":     change(startAutomation),
		"ssm:GetAutomationExecution":       on(getAutomation),
		"ssm:DescribeAutomationExecutions": on(describeAutomations),
		"ssm:ListTagsForResource":          on(listSystemsManagerTags),
		"ssm:DescribeParameters":           on(describeParameters),
		"ssm:GetParameter":                 on(getParameter),
	}
}

var sentPaging = paging{min: 1, max: 50, normal: 50, badToken: "InvalidNextToken", badSize: "ValidationException"}

// listSent lists the commands of the last thirty days, which is how one finds out
// whether a command was sent whose answer never came: its comment tells.
func listSent(w *World, r *request, in *ssm.ListCommandsInput) (*ssm.ListCommandsOutput, error) {
	var all []types.Command
	at := map[string]int{}
	for _, c := range w.commands() {
		if in.InstanceId != nil && *in.InstanceId != c.Instance {
			continue
		}
		n, known := at[c.ID]
		if !known {
			n = len(all)
			at[c.ID] = n
			all = append(all, types.Command{CommandId: aws.String(c.ID), DocumentName: aws.String(c.Document), Comment: aws.String(c.Comment),
				RequestedDateTime: aws.Time(c.Requested), Status: types.CommandStatus(c.Status), StatusDetails: aws.String(c.details()), ServiceRole: aws.String(c.Role)})
		}
		row := &all[n]
		row.InstanceIds = append(row.InstanceIds, c.Instance)
		row.TargetCount++
		row.CompletedCount++
		if c.Status != "Success" {
			row.ErrorCount++
			row.Status, row.StatusDetails = types.CommandStatus(c.Status), aws.String(c.details())
		}
	}
	for _, f := range in.Filters {
		value := aws.ToString(f.Value)
		keep := map[types.CommandFilterKey]func(types.Command) bool{
			types.CommandFilterKeyStatus:       func(c types.Command) bool { return string(c.Status) == value },
			types.CommandFilterKeyDocumentName: func(c types.Command) bool { return aws.ToString(c.DocumentName) == value },
		}[f.Key]
		switch f.Key {
		case types.CommandFilterKeyInvokedAfter, types.CommandFilterKeyInvokedBefore:
			t, err := time.Parse(time.RFC3339, value)
			if err != nil {
				return nil, fail("InvalidFilterKey", "The time %s is not valid", value)
			}
			keep = func(c types.Command) bool {
				return c.RequestedDateTime.Before(t) == (f.Key == types.CommandFilterKeyInvokedBefore)
			}
		}
		if keep == nil {
			return nil, fail("InvalidFilterKey", "The filter key %s is not valid", f.Key)
		}
		all = slices.DeleteFunc(all, func(c types.Command) bool { return !keep(c) })
	}
	rows, next, err := page(r, sentPaging, all, in.NextToken, in.MaxResults)
	return &ssm.ListCommandsOutput{Commands: rows, NextToken: next}, err
}

// fixMark starts the first line of a script that changes something.
const fixMark = "# monshin-fix: "

// fixes reports whether a script is marked as one that changes something.
func fixes(script string) bool { return strings.HasPrefix(script, fixMark) }

// fix runs a fixing script on one instance. As with scripts that ask, the lab's Windows
// understand monshin's own, character for character, and no others.
func (w *World) fix(i *Instance, script string) *Command {
	o := outside{w, i}
	c := &Command{Status: "Success", Took: 6 * time.Second}
	id, args, err := guest.FixAsked(script)
	if err != nil {
		c.Status, c.ResponseCode, c.Stderr = "Failed", 1, "lab: "+err.Error()+"\r\n"
		return c
	}
	fixed, known, err := i.Windows.Fix(o, id, args)
	if !known {
		c.Status, c.ResponseCode, c.Stderr = "Failed", 1, "lab: Windows knows no fix "+strconv.Quote(id)+"\r\n"
		return c
	}
	said := map[string]any{"fix": id, "done": err == nil, "before": fixed.Before, "after": fixed.After}
	if err != nil {
		said["error"] = err.Error()
	}
	instance := ""
	if i.Windows.ReachesMetadata(o) {
		instance = i.ID
	}
	c.Stdout = guest.Line("fix", instance, w.Now.Add(i.Windows.Ahead), said) + "\r\n"
	if err == nil && id == guest.FixRestartAgent {
		w.restartAgent(i, restartTakes)
	}
	return c
}

// sendDocument runs a document.
func sendDocument(w *World, r *request, in *ssm.SendCommandInput) (*ssm.SendCommandOutput, error) {
	document := aws.ToString(in.DocumentName)
	run := map[string]func(*Instance, map[string][]string) *Command{rescueDocument: w.rescue, updateDocument: w.updateAgent}[document]
	if run == nil {
		return sendCommand(w, r, in)
	}
	if len(in.Targets) > 0 || len(in.InstanceIds) == 0 || len(in.InstanceIds) > maxTargets {
		return nil, fail("ValidationException", "lab: between 1 and %d instances have to be named by their ids", maxTargets)
	}
	if document == rescueDocument && !slices.Equal(in.Parameters["Command"], []string{"ResetAccess"}) {
		return nil, fail("InvalidParameters", "lab: of EC2Rescue only ResetAccess is modelled")
	}
	for _, instance := range in.InstanceIds {
		if w.node(instance) == nil {
			return nil, fail("InvalidInstanceId", "Instances [[%s]] not in a valid state for account %s", instance, w.Account)
		}
	}
	w.Serial++
	command := uuid("sent/" + strconv.Itoa(w.Serial))
	for _, instance := range in.InstanceIds {
		c := &Command{Status: "TimedOut", Details: "Delivery Timed Out", ResponseCode: -1}
		if w.Nodes[instance].Ping == "Online" {
			c = run(w.Instances[instance], in.Parameters)
		}
		c.ID, c.Instance, c.Document, c.Comment, c.Requested, c.Unseen = command, instance, document, aws.ToString(in.Comment), w.Now, true
		w.Commands = append(w.Commands, c)
	}
	return &ssm.SendCommandOutput{Command: &types.Command{
		CommandId: aws.String(command), DocumentName: in.DocumentName, InstanceIds: slices.Clone(in.InstanceIds), Comment: aws.String(aws.ToString(in.Comment)),
		RequestedDateTime: aws.Time(w.Now), Status: types.CommandStatusPending, StatusDetails: aws.String("Pending"),
		TargetCount: int32(len(in.InstanceIds)), TimeoutSeconds: in.TimeoutSeconds,
	}}, nil
}

// rescue sets a new password, which the instance's own role writes to Parameter Store.
func (w *World) rescue(i *Instance, _ map[string][]string) *Command {
	name := "/EC2Rescue/Passwords/" + i.ID
	if !w.roleAllows(i, "ssm:PutParameter") {
		return &Command{Status: "Failed", ResponseCode: 1, Took: 21 * time.Second,
			Stderr: "Write-SSMParameter : User is not authorized to perform: ssm:PutParameter on resource: " + w.arn("ssm", "parameter"+name) + "\r\n"}
	}
	p := w.Parameters[name]
	if p == nil {
		p = &Parameter{Name: name, Type: "SecureString"}
		if w.Parameters == nil {
			w.Parameters = map[string]*Parameter{}
		}
		w.Parameters[name] = p
	}
	p.Version++
	p.Modified, p.By = w.Now, "arn:aws:sts::"+w.Account+":assumed-role/"+w.Profiles[i.Profile].Role+"/"+i.ID
	return &Command{Status: "Success", Took: 47 * time.Second, Stdout: "===== System Information =====\r\nOperating System: Windows Server\r\n===== Reset Access =====\r\n" +
		"Password reset is complete. The encrypted password is in the parameter " + name + "\r\n"}
}

// newestAgent is the SSM Agent that an update brings.
const newestAgent = "3.3.3270.0"

func (w *World) updateAgent(i *Instance, _ map[string][]string) *Command {
	w.Nodes[i.ID].Agent = newestAgent
	return &Command{Status: "Success", Took: 38 * time.Second, Stdout: "Successfully updated amazon-ssm-agent to " + newestAgent + "\r\n"}
}

// startAutomation runs a runbook, at once. Its clients make the tokens, and a repeated
// one is refused as the API says.
func startAutomation(w *World, r *request, in *ssm.StartAutomationExecutionInput) (*ssm.StartAutomationExecutionOutput, error) {
	if known, ok, mismatch := w.repeated(r, in.ClientToken); mismatch {
		return nil, fail("IdempotentParameterMismatch", "The token was used with other parameters")
	} else if ok {
		return &ssm.StartAutomationExecutionOutput{AutomationExecutionId: aws.String(known)}, nil
	}
	if aws.ToString(in.DocumentName) != activateDocument {
		return nil, fail("AutomationDefinitionNotFoundException", "Automation Definition %s not found.", aws.ToString(in.DocumentName))
	}
	for name := range in.Parameters {
		if !slices.Contains([]string{"InstanceId", "ForceActivation", "AllowOffline", "SubnetId", "AutomationAssumeRole"}, name) {
			return nil, fail("InvalidAutomationExecutionParametersException", "The supplied parameters for executing the automation are incorrect. Unknown: %s", name)
		}
	}
	if len(in.Parameters["InstanceId"]) != 1 {
		return nil, fail("InvalidAutomationExecutionParametersException", "The supplied parameters for executing the automation are incorrect. InstanceId is required")
	}
	instance := in.Parameters["InstanceId"][0]
	w.Serial++
	a := &Automation{ID: uuid("automation/" + strconv.Itoa(w.Serial)), Document: activateDocument, Status: "Success", Started: w.Now, Ended: w.Now, Parameters: cloneLists(in.Parameters), Tags: map[string]string{}}
	for _, t := range in.Tags {
		a.Tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	i, n := w.Instances[instance], w.node(instance)
	if i == nil || n == nil || n.Ping != "Online" {
		a.Status, a.Failure = "Failed", "Step fails when it is verifying that the instance is managed by Systems Manager: "+instance
	} else {
		script := "activate-v1"
		if i.Windows.Agent == windows.LaunchV2 {
			script = "activate-v2"
		}
		if f, _, err := i.Windows.Fix(outside{w, i}, script, nil); err != nil || f.After["activation"] != "ok" {
			a.Status, a.Failure = "Failed", "Step fails when it is activating Windows"
		}
	}
	if w.Automations == nil {
		w.Automations = map[string]*Automation{}
	}
	w.Automations[a.ID] = a
	w.remember(r, in.ClientToken, a.ID)
	return &ssm.StartAutomationExecutionOutput{AutomationExecutionId: aws.String(a.ID)}, nil
}

func cloneLists(m map[string][]string) map[string][]string {
	out := map[string][]string{}
	for k, v := range m {
		out[k] = slices.Clone(v)
	}
	return out
}

func getAutomation(w *World, _ *request, in *ssm.GetAutomationExecutionInput) (*ssm.GetAutomationExecutionOutput, error) {
	a := w.Automations[aws.ToString(in.AutomationExecutionId)]
	if a == nil {
		return nil, fail("AutomationExecutionNotFoundException", "Automation Execution with execution id %s not found.", aws.ToString(in.AutomationExecutionId))
	}
	row := &types.AutomationExecution{AutomationExecutionId: aws.String(a.ID), DocumentName: aws.String(a.Document), DocumentVersion: aws.String("1"),
		AutomationExecutionStatus: types.AutomationExecutionStatus(a.Status), ExecutionStartTime: aws.Time(a.Started), ExecutionEndTime: aws.Time(a.Ended),
		ExecutedBy: aws.String(w.CallerARN), Mode: types.ExecutionModeAuto, Parameters: cloneLists(a.Parameters)}
	if a.Failure != "" {
		row.FailureMessage = aws.String(a.Failure)
	}
	return &ssm.GetAutomationExecutionOutput{AutomationExecution: row}, nil
}

var automationPaging = paging{min: 1, max: 50, normal: 50, badToken: "InvalidNextToken", badSize: "ValidationException"}

// describeAutomations lists the executions, the newest first.
func describeAutomations(w *World, r *request, in *ssm.DescribeAutomationExecutionsInput) (*ssm.DescribeAutomationExecutionsOutput, error) {
	all := sorted(w.Automations)
	slices.SortStableFunc(all, func(a, b *Automation) int { return b.Started.Compare(a.Started) })
	for _, f := range in.Filters {
		fits := map[types.AutomationExecutionFilterKey]func(*Automation, string) bool{
			types.AutomationExecutionFilterKeyDocumentNamePrefix: func(a *Automation, v string) bool { return strings.HasPrefix(a.Document, v) },
			types.AutomationExecutionFilterKeyExecutionStatus:    func(a *Automation, v string) bool { return a.Status == v },
			types.AutomationExecutionFilterKeyTagKey:             func(a *Automation, v string) bool { _, ok := a.Tags[v]; return ok },
		}[f.Key]
		switch {
		case fits == nil:
			return nil, fail("InvalidFilterKey", "The filter key %s is not valid", f.Key)
		case len(f.Values) == 0:
			return nil, fail("InvalidFilterValue", "The filter %s has no values", f.Key)
		}
		all = slices.DeleteFunc(all, func(a *Automation) bool {
			return !slices.ContainsFunc(f.Values, func(v string) bool { return fits(a, v) })
		})
	}
	var list []types.AutomationExecutionMetadata
	for _, a := range all {
		list = append(list, types.AutomationExecutionMetadata{AutomationExecutionId: aws.String(a.ID), DocumentName: aws.String(a.Document), DocumentVersion: aws.String("1"),
			AutomationExecutionStatus: types.AutomationExecutionStatus(a.Status), ExecutionStartTime: aws.Time(a.Started), ExecutionEndTime: aws.Time(a.Ended),
			ExecutedBy: aws.String(w.CallerARN), Mode: types.ExecutionModeAuto})
	}
	rows, next, err := page(r, automationPaging, list, in.NextToken, in.MaxResults)
	return &ssm.DescribeAutomationExecutionsOutput{AutomationExecutionMetadataList: rows, NextToken: next}, err
}

// listSystemsManagerTags lists the tags of an execution.
func listSystemsManagerTags(w *World, _ *request, in *ssm.ListTagsForResourceInput) (*ssm.ListTagsForResourceOutput, error) {
	if in.ResourceType != types.ResourceTypeForTaggingAutomation {
		return nil, fail("InvalidResourceType", "lab: only tags of executions are listed here, not those of a %s", in.ResourceType)
	}
	a := w.Automations[aws.ToString(in.ResourceId)]
	if a == nil {
		return nil, fail("InvalidResourceId", "The resource ID %s is not valid", aws.ToString(in.ResourceId))
	}
	out := &ssm.ListTagsForResourceOutput{TagList: []types.Tag{}}
	for _, k := range sortedKeys(a.Tags) {
		out.TagList = append(out.TagList, types.Tag{Key: aws.String(k), Value: aws.String(a.Tags[k])})
	}
	return out, nil
}

var parameterPaging = paging{min: 1, max: 50, normal: 10, badToken: "InvalidNextToken", badSize: "ValidationException"}

func describeParameters(w *World, r *request, in *ssm.DescribeParametersInput) (*ssm.DescribeParametersOutput, error) {
	var all []types.ParameterMetadata
	for _, p := range sorted(w.Parameters) {
		all = append(all, types.ParameterMetadata{Name: aws.String(p.Name), ARN: aws.String(w.arn("ssm", "parameter"+p.Name)), Type: types.ParameterType(p.Type),
			KeyId: aws.String("alias/aws/ssm"), LastModifiedDate: aws.Time(p.Modified), LastModifiedUser: aws.String(p.By), Version: p.Version,
			Tier: types.ParameterTierStandard, DataType: aws.String("text")})
	}
	for _, f := range in.ParameterFilters {
		key, option := aws.ToString(f.Key), aws.ToString(f.Option)
		fits := func(name string) bool {
			return slices.ContainsFunc(f.Values, func(v string) bool {
				switch {
				case key == "Path" && (option == "" || option == "OneLevel"):
					return name[:max(strings.LastIndexByte(name, '/'), 0)] == strings.TrimSuffix(v, "/")
				case key == "Path" && option == "Recursive":
					return strings.HasPrefix(name, strings.TrimSuffix(v, "/")+"/")
				case option == "BeginsWith":
					return strings.HasPrefix(name, v)
				case option == "Contains":
					return strings.Contains(name, v)
				}
				return name == v
			})
		}
		known := key == "Name" && slices.Contains([]string{"", "Equals", "BeginsWith", "Contains"}, option) ||
			key == "Path" && slices.Contains([]string{"", "OneLevel", "Recursive"}, option)
		switch {
		case !known:
			return nil, fail("InvalidFilterKey", "lab: the filter %s %s is not modelled", key, option)
		case len(f.Values) == 0:
			return nil, fail("InvalidFilterValue", "The filter %s has no values", key)
		}
		all = slices.DeleteFunc(all, func(p types.ParameterMetadata) bool { return !fits(aws.ToString(p.Name)) })
	}
	rows, next, err := page(r, parameterPaging, all, in.NextToken, in.MaxResults)
	return &ssm.DescribeParametersOutput{Parameters: rows, NextToken: next}, err
}

// getParameter tells that a parameter is there, and never what is in it: the lab
// keeps no value, and nothing of monshin may ask for one.
func getParameter(w *World, _ *request, in *ssm.GetParameterInput) (*ssm.GetParameterOutput, error) {
	p := w.Parameters[aws.ToString(in.Name)]
	if p == nil {
		return nil, fail("ParameterNotFound", "")
	}
	return nil, fail("AccessDeniedException", "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.")
}
