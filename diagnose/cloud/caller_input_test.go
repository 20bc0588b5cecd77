package cloud

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/monshin/monshin/diagnose/cloud/usersubscriptions"
	lmtypes "github.com/monshin/monshin/diagnose/cloud/usersubscriptions/types"
	"github.com/monshin/monshin/diagnose/remedy"
)

func TestParametersBecomeInputs(t *testing.T) {
	var launch ec2.RunInstancesInput
	err := decodeInput(object(
		"ImageId", "ami-1", "MinCount", 1, "MaxCount", 1, "InstanceType", "m6i.large", "DisableApiTermination", true,
		"NetworkInterfaces", []map[string]any{{"DeviceIndex": 0, "Groups": []string{"sg-1"}}}, "IamInstanceProfile", map[string]string{"Name": "p"},
		"UserData", "PHBvd2Vyc2hlbGw+", "KeyName", nil,
		"TagSpecifications", []any{object("ResourceType", "instance", "Tags", []any{object("Key", "Name", "Value", "診断")})},
		"InstanceMarketOptions", object("SpotOptions", object("ValidUntil", "2026-11-21T09:00:00Z")),
	), &launch)
	if err != nil {
		t.Fatal(err)
	}
	want := ec2.RunInstancesInput{
		ImageId: aws.String("ami-1"), MinCount: aws.Int32(1), MaxCount: aws.Int32(1), InstanceType: "m6i.large", DisableApiTermination: aws.Bool(true),
		NetworkInterfaces:  []ec2types.InstanceNetworkInterfaceSpecification{{DeviceIndex: aws.Int32(0), Groups: []string{"sg-1"}}},
		IamInstanceProfile: &ec2types.IamInstanceProfileSpecification{Name: aws.String("p")}, UserData: aws.String("PHBvd2Vyc2hlbGw+"),
		TagSpecifications:     []ec2types.TagSpecification{{ResourceType: "instance", Tags: []ec2types.Tag{{Key: aws.String("Name"), Value: aws.String("診断")}}}},
		InstanceMarketOptions: &ec2types.InstanceMarketOptionsRequest{SpotOptions: &ec2types.SpotMarketOptions{ValidUntil: &asOf}},
	}
	if d := cmp.Diff(want, launch, cmpopts.IgnoreUnexported(ec2.RunInstancesInput{}, ec2types.InstanceNetworkInterfaceSpecification{}, ec2types.IamInstanceProfileSpecification{},
		ec2types.TagSpecification{}, ec2types.Tag{}, ec2types.InstanceMarketOptionsRequest{}, ec2types.SpotMarketOptions{})); d != "" {
		t.Error(d)
	}

	var blob ec2.ModifyInstanceAttributeInput
	if err := decodeInput(object("UserData", object("Value", "aGVsbG8=")), &blob); err != nil || string(blob.UserData.Value) != "hello" {
		t.Errorf("%v, %+v", err, blob.UserData)
	}

	var user usersubscriptions.AssociateUserInput
	err = decodeInput(object("IdentityProvider", object("ActiveDirectoryIdentityProvider", object("DirectoryId", "d-1")), "Tags", object("a", "b")), &user)
	ad, ok := user.IdentityProvider.(*lmtypes.IdentityProviderMemberActiveDirectoryIdentityProvider)
	if err != nil || !ok || aws.ToString(ad.Value.DirectoryId) != "d-1" || user.Tags["a"] != "b" {
		t.Errorf("%v, %+v", err, user)
	}
}

// A parameter that is not exactly one of the operation's is named, never left out.
func TestParametersThatAreNot(t *testing.T) {
	provider := func(v any) remedy.Call {
		return remedy.Call{Operation: "license-manager-user-subscriptions:AssociateUser", Input: object("IdentityProvider", v)}
	}
	allow := func(pairs ...any) remedy.Call {
		return remedy.Call{Operation: "ec2:AuthorizeSecurityGroupIngress", Input: object(pairs...)}
	}
	permission := func(pairs ...any) remedy.Call {
		return allow("IpPermissions", []any{object(), object(pairs...)})
	}
	tests := []struct {
		call remedy.Call
		want string
	}{
		{allow("GroupID", "sg-1"), "GroupID"},
		{allow("groupId", "sg-1"), "groupId"},
		{allow("GroupId", 1), "GroupId holds a number"},
		{allow("GroupId", []any{"sg-1"}), "GroupId holds a list"},
		{allow("DryRun", false), "DryRun"},
		{allow("IpPermissions", object()), "IpPermissions holds an object"},
		{allow("ResultMetadata", object()), "ResultMetadata"},
		{allow("noSmithyDocumentSerde", object()), "noSmithyDocumentSerde"},
		{permission("FromPort", "443"), "IpPermissions.1.FromPort holds a text"},
		{permission("FromPort", 443.5), "IpPermissions.1.FromPort"},
		{permission("FromPort", 1<<40), "IpPermissions.1.FromPort"},
		{permission("FromPort", true), "IpPermissions.1.FromPort holds true or false"},
		{permission("IpRanges", []any{object("Cidr", "x")}), "IpPermissions.1.IpRanges.0.Cidr"},
		{provider(object("DirectoryId", "d-1")), "ActiveDirectoryIdentityProvider"},
		{provider(object("ActiveDirectoryIdentityProvider", object("Id", "d-1"))), "IdentityProvider.ActiveDirectoryIdentityProvider.Id"},
		{provider("d-1"), "IdentityProvider"},
		{remedy.Call{Operation: "ec2:ModifyInstanceAttribute", Input: object("InstanceId", "i-1", "SourceDestCheck", object("Value", false))}, "DisableApiTermination"},
		{remedy.Call{Operation: "ec2:ModifyInstanceAttribute", Input: object("InstanceId", "i-1", "DisableApiTermination", object("Value", false), "UserData", object("Value", "eA=="))}, "DisableApiTermination"},
		{remedy.Call{Operation: "ssm:SendCommand", Input: object("DocumentName", powerShell, "InstanceIds", []any{"i-1", "i-2"}, "Comment", "c")}, "one instance"},
		{remedy.Call{Operation: "ssm:SendCommand", Input: object("DocumentName", powerShell, "Targets", []any{object()}, "InstanceIds", []any{"i-1"}, "Comment", "c")}, "one instance"},
		{remedy.Call{Operation: "ssm:SendCommand", Input: object("DocumentName", powerShell, "InstanceIds", []any{"i-1"})}, "Comment"},
		{remedy.Call{Operation: "ssm:SendCommand", Input: object("Parameters", object("commands", "x"))}, "Parameters.commands holds a text"},
		{remedy.Call{Operation: "ec2:CreateSecurityGroup", Token: "ClientToken"}, "ClientToken"},
		{remedy.Call{Operation: "ec2:DeleteVpc"}, "ec2:DeleteVpc"},
		{remedy.Call{Operation: "ec2:CreateSecurityGroup", Outputs: []string{"GroupID"}}, "GroupID"},
		{remedy.Call{Operation: "ec2:CreateSecurityGroup", Outputs: []string{"Tags.0"}}, "Tags.0"},
		{remedy.Call{Operation: "ec2:CreateSecurityGroup", Outputs: []string{"Tags.x.Key"}}, "x"},
		{remedy.Call{Operation: "ec2:CreateSecurityGroup", Outputs: []string{"GroupId.0"}}, "GroupId.0"},
		{remedy.Call{Operation: "ec2:CreateSecurityGroup", Outputs: []string{"ResultMetadata"}}, "ResultMetadata"},
		{remedy.Call{Operation: "ec2:CreateSecurityGroup", Input: object("GroupName", func() {})}, "json"},
	}
	for _, tt := range tests {
		err := CheckCall(tt.call)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%+v: %v, which does not name %q", tt.call, err, tt.want)
		}
	}
}

func TestOutputs(t *testing.T) {
	out := &ec2.RunInstancesOutput{Instances: []ec2types.Instance{{InstanceId: aws.String("i-1"), AmiLaunchIndex: aws.Int32(3), EbsOptimized: aws.Bool(true), InstanceType: "m6i.large", PrivateIpAddress: aws.String("")}}}
	got, err := outputsOf(out, []string{"Instances.0.InstanceId", "Instances.0.AmiLaunchIndex", "Instances.0.EbsOptimized", "Instances.0.InstanceType"})
	want := map[string]string{"Instances.0.InstanceId": "i-1", "Instances.0.AmiLaunchIndex": "3", "Instances.0.EbsOptimized": "true", "Instances.0.InstanceType": "m6i.large"}
	if d := cmp.Diff(want, got); d != "" || err != nil {
		t.Errorf("%v\n%s", err, d)
	}
	for _, path := range []string{"Instances.1.InstanceId", "Instances.0.PrivateIpAddress", "Instances.0.State.Name", "Instances.0.VpcId", "Nothing", "Instances"} {
		if got, err := outputsOf(out, []string{path}); err == nil {
			t.Errorf("%s: %v", path, got)
		}
	}
}

// No parameters whatever make it panic, and what is taken is taken whole: the input
// shows every value that was given.
func TestAnyParameters(t *testing.T) {
	value := rapid.Custom(func(t *rapid.T) any { return anyValue(t, 3) })
	operations := Operations()
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom(operations).Draw(t, "operation")
		in := deeds()[name].input()
		var fields []string
		for i := range reflect.TypeOf(in).Elem().NumField() {
			fields = append(fields, reflect.TypeOf(in).Elem().Field(i).Name)
		}
		parameters := map[string]any{}
		for _, f := range rapid.SliceOfNDistinct(rapid.SampledFrom(fields), 0, 3, rapid.ID[string]).Draw(t, "fields") {
			parameters[f] = value.Draw(t, f)
		}
		if decodeInput(parameters, in) != nil {
			return
		}
		v := reflect.ValueOf(in).Elem()
		for name, p := range parameters {
			if s, ok := p.(string); ok && reflect.Indirect(v.FieldByName(name)).Kind() == reflect.String && reflect.Indirect(v.FieldByName(name)).String() != s {
				t.Errorf("%s is %v, not %q", name, v.FieldByName(name), s)
			}
		}
		if b, err := json.Marshal(in); err != nil || !json.Valid(b) {
			t.Errorf("%v", err)
		}
	})
}

func anyValue(t *rapid.T, depth int) any {
	switch k := rapid.IntRange(0, 7).Draw(t, "kind"); {
	case k == 0:
		return nil
	case k == 1:
		return rapid.Bool().Draw(t, "bool")
	case k == 2:
		return rapid.Int().Draw(t, "int")
	case k == 3:
		return rapid.Float64Range(-1e9, 1e9).Draw(t, "float")
	case k == 4 && depth > 0:
		return []any{anyValue(t, depth-1)}
	case k == 5 && depth > 0:
		return map[string]any{rapid.SampledFrom([]string{"Value", "Key", "Name", "", "ActiveDirectoryIdentityProvider", "\x00"}).Draw(t, "name"): anyValue(t, depth-1)}
	}
	return rapid.StringMatching(`[a-z%\x00"-]{0,8}`).Draw(t, "text")
}
