package cloud

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
)

const patientID = "i-0123456789abcdef0"

// runInstances is an event in CloudTrail's own shape.
const runInstances = `{"eventVersion":"1.10","eventID":"e-1","requestID":"r-1","eventTime":"2026-11-20T14:55:07Z","eventName":"RunInstances",
"eventSource":"ec2.amazonaws.com","readOnly":false,"recipientAccountId":"111122223333","sourceIPAddress":"203.0.113.24","userAgent":"aws-cli/2 \u001b[31m",
"userIdentity":{"type":"AssumedRole","principalId":"AROA:yamada","arn":"arn:aws:sts::111122223333:assumed-role/OpsAdmin/yamada","accountId":"111122223333",
 "sessionContext":{"sessionIssuer":{"type":"Role","userName":"OpsAdmin","accountId":"111122223333"}}},
"requestParameters":{"instancesSet":{"items":[{"imageId":"ami-1","keyName":"ops","minCount":1}]},"instanceType":"m6i.large","userData":"<sensitiveDataRemoved>",
 "subnetId":"subnet-1","iamInstanceProfile":{"name":"web"},"groupSet":{"items":[{"groupId":"sg-1"}]},
 "tagSpecificationSet":{"items":[{"resourceType":"volume","tags":[{"key":"Name","value":"no"}]},{"resourceType":"instance","tags":[{"key":"Name","value":"OFFICE-03"}]}]}},
"responseElements":{"ownerId":"111122223333","instancesSet":{"items":[{"instanceId":"i-other"},{"instanceId":"` + patientID + `","imageId":"ami-1",
 "instanceState":{"code":0,"name":"pending"},"keyName":"ops","productCodes":{"items":[{"productCode":"77yz","type":"marketplace"}]},"instanceType":"m6i.large",
 "launchTime":1795186507000,"placement":{"availabilityZone":"ap-northeast-1a"},"platform":"windows","subnetId":"subnet-1","vpcId":"vpc-1","privateIpAddress":"10.0.0.5",
 "groupSet":{"items":[{"groupId":"sg-1","groupName":"office"}]},"iamInstanceProfile":{"arn":"arn:aws:iam::111122223333:instance-profile/web","id":"AIPA"},
 "tagSet":{"items":[{"key":"Name","value":"OFFICE-03"}]},"metadataOptions":{"state":"pending","httpTokens":"required","httpPutResponseHopLimit":2,"httpEndpoint":"enabled"},
 "networkInterfaceSet":{"items":[{"networkInterfaceId":"eni-2","attachment":{"deviceIndex":1}},{"networkInterfaceId":"eni-1","subnetId":"subnet-1","vpcId":"vpc-1","privateIpAddress":"10.0.0.5",
  "groupSet":{"items":[{"groupId":"sg-1"}]},"attachment":{"deviceIndex":0},"privateIpAddressesSet":{"item":[{"privateIpAddress":"10.0.0.5","primary":true},{"privateIpAddress":"10.0.0.6"}]}}]}}]}}}`

func row(event string) types.Event {
	return types.Event{
		EventName: aws.String("RunInstances"), EventId: aws.String("e-1"), EventTime: aws.Time(asOf), CloudTrailEvent: aws.String(event),
		Resources: []types.Resource{{ResourceType: aws.String("AWS::EC2::Instance"), ResourceName: aws.String(patientID)}},
	}
}

func TestLaunchFromTheResponse(t *testing.T) {
	e := eventOf(row(runInstances), patientID)
	want := &estate.Instance{
		ID: patientID, OwnerID: "111122223333", Name: "OFFICE-03", State: "pending", Platform: "windows", Type: "m6i.large", ImageID: "ami-1", KeyName: "ops",
		LaunchTime: time.UnixMilli(1795186507000).UTC(), AZ: "ap-northeast-1a", VPC: "vpc-1", Subnet: "subnet-1", PrivateIP: "10.0.0.5", Groups: []string{"sg-1"},
		ProfileARN: "arn:aws:iam::111122223333:instance-profile/web", ProfileID: "AIPA", ProductCodes: []estate.ProductCode{{ID: "77yz", Type: "marketplace"}},
		Tags: map[string]string{"Name": "OFFICE-03"}, Metadata: estate.MetadataOptions{Endpoint: "enabled", Tokens: "required", HopLimit: 2},
		Interfaces: []estate.Interface{
			{ID: "eni-1", VPC: "vpc-1", Subnet: "subnet-1", AZ: "ap-northeast-1a", PrivateIPs: []string{"10.0.0.5", "10.0.0.6"}, Groups: []string{"sg-1"}},
			{ID: "eni-2", AZ: "ap-northeast-1a", DeviceIndex: 1},
		},
	}
	if diff := cmp.Diff(want, e.Launch); diff != "" {
		t.Error(diff)
	}
	wantActor := estate.Actor{
		Type: "AssumedRole", ARN: "arn:aws:sts::111122223333:assumed-role/OpsAdmin/yamada", Account: "111122223333", Name: "yamada", Issuer: "OpsAdmin",
		SourceIP: "203.0.113.24", UserAgent: "aws-cli/2 [31m",
	}
	if diff := cmp.Diff(wantActor, e.Actor); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]string{"subnetId": "subnet-1"}, e.Params); diff != "" {
		t.Errorf("only listed parameters are kept: %s", diff)
	}
	if other := eventOf(row(runInstances), "i-0000000000000000f"); other.Launch != nil {
		t.Errorf("the launch of another instance was taken: %+v", other.Launch)
	}
}

func TestLaunchFromTheRequest(t *testing.T) {
	var r map[string]any
	if err := json.Unmarshal([]byte(runInstances), &r); err != nil {
		t.Fatal(err)
	}
	r["responseElements"] = nil
	text, _ := json.Marshal(r)
	e := eventOf(row(string(text)), patientID)
	want := &estate.Instance{
		ID: patientID, OwnerID: "111122223333", Name: "OFFICE-03", Type: "m6i.large", ImageID: "ami-1", KeyName: "ops", Subnet: "subnet-1", LaunchTime: asOf,
		Groups: []string{"sg-1"}, ProfileARN: "arn:aws:iam::111122223333:instance-profile/web", Tags: map[string]string{"Name": "OFFICE-03"},
	}
	if diff := cmp.Diff(want, e.Launch); diff != "" {
		t.Error(diff)
	}
	r["errorCode"] = "Client.InsufficientInstanceCapacity"
	text, _ = json.Marshal(r)
	if e := eventOf(row(string(text)), patientID); e.Launch != nil || e.Error != "Client.InsufficientInstanceCapacity" {
		t.Errorf("a launch that failed: %+v", e)
	}
}

func TestEvents(t *testing.T) {
	tests := []struct {
		name, event string
		want        map[string]string
	}{
		{"TerminateInstances", `{"requestParameters":{"instancesSet":{"items":[{"instanceId":"i-1"},{"instanceId":"i-2"}]}}}`, map[string]string{"instanceIds": "i-1,i-2"}},
		{"SendCommand", `{"requestParameters":{"documentName":"AWS-RunPowerShellScript","instanceIds":["i-1"],"parameters":{"commands":["net user x P@ss"]}}}`, map[string]string{"documentName": "AWS-RunPowerShellScript", "instanceIds": "i-1"}},
		{"CreateTags", `{"requestParameters":{"resourcesSet":{"items":[{"resourceId":"i-1"}]},"tagSet":{"items":[{"key":"AWSLicenseManager","value":"UserSubscriptions"},{"key":"token","value":"x"}]}}}`, map[string]string{"resourceIds": "i-1", "tag:AWSLicenseManager": "UserSubscriptions"}},
		{"AssociateDhcpOptions", `{"requestParameters":{"dhcpOptionsId":"default","vpcId":"vpc-1"}}`, map[string]string{"dhcpOptionsId": "default", "vpcId": "vpc-1"}},
		{"PutParameter", `{"requestParameters":{"name":"x","value":"secret"}}`, nil},
		{"odd", `{"requestParameters":{"vpcId":{"a":1},"instanceIds":"i-1","groupId":["sg-1",{"x":1},7]}}`, map[string]string{"instanceIds": "i-1", "groupId": "sg-1,7"}},
		{"none", `[]`, nil},
		{"broken", `{"requestParameters":`, nil},
	}
	for _, tt := range tests {
		e := eventOf(types.Event{EventName: aws.String(tt.name), Username: aws.String("who"), ReadOnly: aws.String("true"), CloudTrailEvent: aws.String(tt.event)}, "")
		if diff := cmp.Diff(tt.want, e.Params); diff != "" {
			t.Errorf("%s: %s", tt.name, diff)
		}
		if e.Name != tt.name || e.Actor.Name != "who" || !e.ReadOnly {
			t.Errorf("%s: %+v", tt.name, e)
		}
	}
}

func FuzzEvent(f *testing.F) {
	f.Add(runInstances)
	f.Add(`{"responseElements":{"instancesSet":{"items":[{"instanceId":"` + patientID + `","launchTime":"x","tagSet":[1,{"key":1}]}]}}}`)
	f.Add(`{"userIdentity":[],"requestParameters":{"iamInstanceProfile":{"name":"x"}}}`)
	f.Fuzz(func(t *testing.T, text string) {
		e := eventOf(row(text), patientID)
		if e.ID != "e-1" || e.Name != "RunInstances" || !e.Time.Equal(asOf) {
			t.Errorf("the row's own fields were lost: %+v", e)
		}
		if e.Launch != nil && e.Launch.ID != patientID {
			t.Errorf("the launch of %q", e.Launch.ID)
		}
		if _, err := json.Marshal(e); err != nil {
			t.Error(err)
		}
	})
}

func TestTrail(t *testing.T) {
	a := newAccount(t)
	a.answers["cloudtrail:LookupEvents"] = func(_ context.Context, in any) (any, error) {
		q := in.(*cloudtrail.LookupEventsInput)
		if q.StartTime == nil || !q.StartTime.Equal(asOf.Add(-time.Hour)) || !q.EndTime.Equal(asOf) || aws.ToString(q.LookupAttributes[0].AttributeValue) != "a=b@c" {
			t.Errorf("%+v", q)
		}
		if q.NextToken == nil {
			return &cloudtrail.LookupEventsOutput{NextToken: aws.String("2"), Events: []types.Event{{EventId: aws.String("new"), EventTime: aws.Time(asOf)}}}, nil
		}
		return &cloudtrail.LookupEventsOutput{Events: []types.Event{{EventId: aws.String("old"), EventTime: aws.Time(asOf.Add(-time.Minute))}}}, nil
	}
	id := estate.TrailQuery{Attribute: "ResourceName", Value: "a=b@c", Since: asOf.Add(-time.Hour)}.String()
	got := mustRead(t, a.source(), estate.TrailPart, id)
	if len(got.Events) != 2 || got.Events[0].ID != "old" || !got.Complete || !got.From.Equal(asOf.Add(-time.Hour)) || !got.To.Equal(asOf) {
		t.Errorf("%+v", got)
	}
	if f, g := readOne(t, a.source(), estate.TrailPart, "nonsense"); f.Why().Reason != fact.NotSupported || len(g.Calls) != 0 {
		t.Errorf("%+v", f.Why())
	}
}

func TestALongTrail(t *testing.T) {
	a := newAccount(t)
	a.answers["cloudtrail:LookupEvents"] = func(_ context.Context, in any) (any, error) {
		return &cloudtrail.LookupEventsOutput{NextToken: aws.String(aws.ToString(in.(*cloudtrail.LookupEventsInput).NextToken) + "x"), Events: []types.Event{{}}}, nil
	}
	if got := mustRead(t, a.source(), estate.TrailPart, "EventName=x"); len(got.Events) != 40 || got.Complete {
		t.Errorf("%d events, complete %v", len(got.Events), got.Complete)
	}
}

// A search that breaks off keeps the newest events, and says that it broke off; one
// that never began, or is refused, is unknown.
func TestATrailThatBreaksOff(t *testing.T) {
	for code, want := range map[string]fact.State{"ThrottlingException": fact.StateKnown, "AccessDeniedException": fact.StateUnknown} {
		a := newAccount(t)
		a.answers["cloudtrail:LookupEvents"] = func(_ context.Context, in any) (any, error) {
			if in.(*cloudtrail.LookupEventsInput).NextToken != nil {
				return nil, &smithy.GenericAPIError{Code: code}
			}
			return &cloudtrail.LookupEventsOutput{NextToken: aws.String("2"), Events: []types.Event{{EventId: aws.String("new")}}}, nil
		}
		cfg := a.config()
		cfg.RetryMaxAttempts = 1
		s := New(cfg, Options{Now: func() time.Time { return asOf }, NoSlowdown: true})
		f, _ := readOne(t, s, estate.TrailPart, "EventName=x")
		if f.State() != want || f.Value().Complete || want == fact.StateKnown && len(f.Value().Events) != 1 {
			t.Errorf("%s: %s %+v", code, f.State(), f.Value())
		}
	}
	a := newAccount(t)
	a.fail("cloudtrail:LookupEvents", "ThrottlingException")
	if f, _ := readOne(t, a.source(func(o *Options) { o.Deadline = 250 * time.Millisecond }), estate.TrailPart, "EventName=x"); f.Why().Reason != fact.Throttled {
		t.Errorf("%s %+v", f.State(), f.Why())
	}
}

func TestTrailRate(t *testing.T) {
	a := newAccount(t)
	s := a.source(func(o *Options) { o.NoSlowdown, o.TrailRate = false, 50 })
	start := time.Now()
	collect(t, t.Context(), s, estate.TrailPart.Key("EventName=a"), estate.TrailPart.Key("EventName=b"), estate.TrailPart.Key("EventName=c"), estate.TrailPart.Key("EventName=d"))
	if took := time.Since(start); took < 35*time.Millisecond { // two at once, then one every 20 ms
		t.Errorf("four requests took %s", took)
	}
}

func TestCommands(t *testing.T) {
	a := newAccount(t)
	var rows []ssmtypes.CommandInvocation
	for i := range 14 {
		rows = append(rows, ssmtypes.CommandInvocation{
			CommandId: aws.String(fmt.Sprint("c-", i)), DocumentName: aws.String(powerShell), Status: "Failed", RequestedDateTime: aws.Time(asOf.Add(time.Duration(i) * time.Minute)),
			CommandPlugins: []ssmtypes.CommandPlugin{{ResponseCode: 1, Output: aws.String("out" + errorMark + "-Password hunter2 failed\n---Output truncated---")}},
		})
	}
	rows = append(rows, ssmtypes.CommandInvocation{CommandId: aws.String("quiet"), DocumentName: aws.String("AWS-UpdateSSMAgent"), Status: "Success", RequestedDateTime: aws.Time(asOf.Add(time.Hour))})
	a.answer("ssm:ListCommandInvocations", &ssm.ListCommandInvocationsOutput{CommandInvocations: rows})
	a.answers["ssm:GetCommandInvocation"] = func(_ context.Context, in any) (any, error) {
		id := aws.ToString(in.(*ssm.GetCommandInvocationInput).CommandId)
		if id == "c-13" {
			return nil, &smithy.GenericAPIError{Code: "AccessDeniedException"}
		}
		return &ssm.GetCommandInvocationOutput{ResponseCode: 5, StandardOutputContent: aws.String("whole of " + id), StandardErrorContent: aws.String(`"password": "hunter2"`)}, nil
	}
	got := mustRead(t, a.source(), estate.CommandsPart, patientID)
	if len(got.Invocations) != 15 || got.Invocations[0].CommandID != "quiet" || !got.Complete {
		t.Fatalf("%+v", got)
	}
	if n := a.count("ssm:GetCommandInvocation"); n != 10 {
		t.Errorf("%d outputs were read", n)
	}
	if v := got.Invocations[1]; v.CommandID != "c-13" || v.Output != "out" || !v.Truncated || v.ResponseCode != 1 {
		t.Errorf("an output that may not be read: %+v", v)
	}
	if v := got.Invocations[2]; v.Output != "whole of c-12" || v.ResponseCode != 5 || v.Truncated {
		t.Errorf("%+v", v)
	}
	for _, v := range got.Invocations {
		if strings.Contains(v.Output+v.Error, "hunter2") {
			t.Errorf("a password is in %+v", v)
		}
	}
	a.fail("ssm:ListCommandInvocations", "InvalidInstanceId")
	if got := mustRead(t, a.source(), estate.CommandsPart, patientID); len(got.Invocations) != 0 || !got.Complete {
		t.Errorf("%+v", got)
	}
}

func TestList(t *testing.T) {
	a := newAccount(t)
	a.answers["ec2:DescribeInstances"] = func(_ context.Context, in any) (any, error) {
		if in.(*ec2.DescribeInstancesInput).NextToken == nil {
			return &ec2.DescribeInstancesOutput{NextToken: aws.String("2"), Reservations: []ec2types.Reservation{{Instances: []ec2types.Instance{{InstanceId: aws.String("i-a"), Platform: "windows", State: &ec2types.InstanceState{Name: "running"}}}}}}, nil
		}
		return &ec2.DescribeInstancesOutput{Reservations: []ec2types.Reservation{{Instances: []ec2types.Instance{{InstanceId: aws.String("i-b"), Platform: "windows", State: &ec2types.InstanceState{Name: "terminated"}, Tags: []ec2types.Tag{{Key: aws.String("Name"), Value: aws.String("B")}}}}}}}, nil
	}
	end := func(id, code string) types.Event {
		return types.Event{EventName: aws.String("TerminateInstances"), EventTime: aws.Time(asOf), CloudTrailEvent: aws.String(`{"errorCode":"` + code + `","requestParameters":{"instancesSet":{"items":[{"instanceId":"` + id + `"}]}}}`)}
	}
	a.answers["cloudtrail:LookupEvents"] = func(_ context.Context, in any) (any, error) {
		if aws.ToString(in.(*cloudtrail.LookupEventsInput).LookupAttributes[0].AttributeValue) == "RunInstances" {
			linux := strings.NewReplacer(patientID, "i-linux", `"platform":"windows",`, "").Replace(runInstances)
			return &cloudtrail.LookupEventsOutput{Events: []types.Event{row(runInstances), row(linux)}}, nil
		}
		return &cloudtrail.LookupEventsOutput{Events: []types.Event{end(patientID, ""), end("i-b", ""), end("i-linux", ""), end("i-a", "Client.OperationNotPermitted"), end("i-unknown", "")}}, nil
	}
	got := map[string]estate.Listed{}
	var mu sync.Mutex
	err := a.source().List(t.Context(), func(rows []estate.Listed) {
		if !mu.TryLock() {
			t.Error("emit is called twice at once")
			return
		}
		defer mu.Unlock()
		for _, r := range rows {
			got[r.ID] = r
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]estate.Listed{
		"i-a": {ID: "i-a", State: "running", Platform: "windows"},
		"i-b": {ID: "i-b", Name: "B", State: "terminated", Platform: "windows", Terminated: asOf},
		patientID: {
			ID: patientID, Name: "OFFICE-03", State: "terminated", Type: "m6i.large", Platform: "windows", PrivateIP: "10.0.0.5",
			Launched: time.UnixMilli(1795186507000).UTC(), Terminated: asOf,
		},
		"i-unknown": {ID: "i-unknown", State: "terminated", Terminated: asOf},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}

	a.fail("cloudtrail:LookupEvents", "AccessDeniedException")
	n := 0
	err = a.source().List(t.Context(), func(rows []estate.Listed) { n += len(rows) })
	if p, ok := err.(*Problem); !ok || n != 2 || !strings.Contains(p.Say.Ja, "cloudtrail:LookupEvents") || !p.Say.Complete() {
		t.Errorf("%d rows, %v", n, err)
	}
	a.fail("ec2:DescribeInstances", "UnauthorizedOperation")
	if err = a.source().List(t.Context(), func([]estate.Listed) {}); err == nil || !strings.Contains(err.Error(), "ec2:DescribeInstances") {
		t.Errorf("%v", err)
	}
}
