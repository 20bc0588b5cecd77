package lab

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	cttypes "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func codeOf(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

func TestPages(t *testing.T) {
	c := open(t, "office-terminates", Options{})
	in := &ec2.DescribeSecurityGroupRulesInput{MaxResults: aws.Int32(5)}
	var ids []string
	pages := 0
	for p := ec2.NewDescribeSecurityGroupRulesPaginator(c.ec2, in); p.HasMorePages(); pages++ {
		out, err := p.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(out.SecurityGroupRules) > 5 {
			t.Fatalf("a page of %d", len(out.SecurityGroupRules))
		}
		for _, r := range out.SecurityGroupRules {
			ids = append(ids, *r.SecurityGroupRuleId)
		}
	}
	whole, err := c.ec2.DescribeSecurityGroupRules(t.Context(), &ec2.DescribeSecurityGroupRulesInput{})
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, r := range whole.SecurityGroupRules {
		want = append(want, *r.SecurityGroupRuleId)
	}
	if d := cmp.Diff(want, ids); d != "" || pages < 4 {
		t.Errorf("%d pages: %s", pages, d)
	}
	slices.Sort(ids)
	if n := len(slices.Compact(ids)); n != len(want) {
		t.Errorf("%d different rules of %d", n, len(want))
	}
}

func TestTokensBelongToTheirRequest(t *testing.T) {
	c := open(t, "office-terminates", Options{})
	first, err := c.ec2.DescribeSecurityGroupRules(t.Context(), &ec2.DescribeSecurityGroupRulesInput{MaxResults: aws.Int32(5)})
	if err != nil || first.NextToken == nil {
		t.Fatal(first, err)
	}
	for name, in := range map[string]*ec2.DescribeSecurityGroupRulesInput{
		"other filters": {NextToken: first.NextToken, Filters: []types.Filter{{Name: aws.String("group-id"), Values: []string{"sg-*"}}}},
		"garbage":       {NextToken: aws.String("AAAA")},
		"not base64":    {NextToken: aws.String("%%%")},
	} {
		if _, err := c.ec2.DescribeSecurityGroupRules(t.Context(), in); codeOf(err) != "InvalidNextToken" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := c.ec2.DescribeSecurityGroupRules(t.Context(), &ec2.DescribeSecurityGroupRulesInput{NextToken: first.NextToken, MaxResults: aws.Int32(7)}); err != nil {
		t.Errorf("another page size: %v", err)
	}
}

// Cutting a list into pages loses nothing, doubles nothing and ends.
func TestPagesAreThePartsOfTheList(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		items := rapid.SliceOfN(rapid.Int(), 0, 60).Draw(t, "items")
		size := aws.Int32(rapid.Int32Range(1, 50).Draw(t, "size"))
		r := &request{scope: "scope"}
		var got []int
		var token *string
		for range len(items) + 1 {
			rows, next, err := page(r, trailPaging, items, token, size)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, rows...)
			if token = next; token == nil {
				break
			}
		}
		if token != nil || !slices.Equal(got, items) {
			t.Fatalf("got %v of %v, token %v", got, items, token)
		}
	})
}

func TestRequestsThatAWSRefuses(t *testing.T) {
	c := open(t, "office-terminates", Options{})
	ctx := t.Context()
	filters := func(name string) []types.Filter {
		return []types.Filter{{Name: aws.String(name), Values: []string{"x"}}}
	}
	for name, tc := range map[string]struct {
		call func() error
		code string
	}{
		"unknown filter": {func() error {
			_, err := c.ec2.DescribeInstances(ctx, &ec2.DescribeInstancesInput{Filters: filters("vpcid")})
			return err
		}, "InvalidParameterValue"},
		"page size with ids": {func() error {
			_, err := c.ec2.DescribeInstances(ctx, &ec2.DescribeInstancesInput{InstanceIds: []string{appID()}, MaxResults: aws.Int32(5)})
			return err
		}, "InvalidParameterCombination"},
		"page too small": {func() error {
			_, err := c.ec2.DescribeVpcs(ctx, &ec2.DescribeVpcsInput{MaxResults: aws.Int32(4)})
			return err
		}, "InvalidParameterValue"},
		"page too big": {func() error {
			_, err := c.ec2.DescribeRouteTables(ctx, &ec2.DescribeRouteTablesInput{MaxResults: aws.Int32(101)})
			return err
		}, "InvalidParameterValue"},
		"no id": {func() error {
			_, err := c.ec2.DescribeInstances(ctx, &ec2.DescribeInstancesInput{InstanceIds: []string{"i-xyz"}})
			return err
		}, "InvalidInstanceID.Malformed"},
		"stranger": {func() error {
			_, err := c.ec2.DescribeInstances(ctx, &ec2.DescribeInstancesInput{InstanceIds: []string{"i-0123456789abcdef0"}})
			return err
		}, "InvalidInstanceID.NotFound"},
		"row aged out": {func() error {
			_, err := c.ec2.DescribeInstances(ctx, &ec2.DescribeInstancesInput{InstanceIds: []string{officeID(dead)}})
			return err
		}, "InvalidInstanceID.NotFound"},
		"no such VPC": {func() error {
			_, err := c.ec2.DescribeVpcs(ctx, &ec2.DescribeVpcsInput{VpcIds: []string{"vpc-00000000"}})
			return err
		}, "InvalidVpcID.NotFound"},
		"no such role": {func() error {
			_, err := c.iam.GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String("nobody")})
			return err
		}, "NoSuchEntity"},
		"old version": {func() error {
			_, err := c.iam.GetPolicyVersion(ctx, &iam.GetPolicyVersionInput{PolicyArn: aws.String(managed("AmazonSSMManagedInstanceCore")), VersionId: aws.String("v1")})
			return err
		}, "NoSuchEntity"},
		"node of nobody": {func() error {
			_, err := c.ssm.DescribeInstanceInformation(ctx, &ssm.DescribeInstanceInformationInput{
				Filters: []ssmtypes.InstanceInformationStringFilter{{Key: aws.String("InstanceIds"), Values: []string{"i-0123456789abcdef0"}}}})
			return err
		}, "InvalidInstanceId"},
		"unknown key": {func() error {
			_, err := c.ssm.DescribeInstanceInformation(ctx, &ssm.DescribeInstanceInformationInput{
				Filters: []ssmtypes.InstanceInformationStringFilter{{Key: aws.String("instanceIds"), Values: []string{appID()}}}})
			return err
		}, "InvalidFilterKey"},
		"unknown setting": {func() error {
			_, err := c.ssm.GetServiceSetting(ctx, &ssm.GetServiceSettingInput{SettingId: aws.String("/ssm/nothing")})
			return err
		}, "ServiceSettingNotFound"},
		"two attributes": {func() error {
			a := cttypes.LookupAttribute{AttributeKey: cttypes.LookupAttributeKeyEventName, AttributeValue: aws.String("RunInstances")}
			_, err := c.trail.LookupEvents(ctx, &cloudtrail.LookupEventsInput{LookupAttributes: []cttypes.LookupAttribute{a, a}})
			return err
		}, "InvalidLookupAttributesException"},
		"page of 51": {func() error {
			_, err := c.trail.LookupEvents(ctx, &cloudtrail.LookupEventsInput{MaxResults: aws.Int32(51)})
			return err
		}, "InvalidMaxResultsException"},
	} {
		t.Run(name, func(t *testing.T) {
			if err := tc.call(); codeOf(err) != tc.code {
				t.Errorf("want %s, got %v", tc.code, err)
			}
		})
	}
}

func TestFilters(t *testing.T) {
	c := open(t, "healthy-resolver-rule", Options{})
	instances := func(f ...types.Filter) (names []string) {
		out, err := c.ec2.DescribeInstances(t.Context(), &ec2.DescribeInstancesInput{Filters: f})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range out.Reservations {
			for _, i := range r.Instances {
				for _, tag := range i.Tags {
					if *tag.Key == "Name" {
						names = append(names, *tag.Value)
					}
				}
			}
		}
		slices.Sort(names)
		return names
	}
	f := func(name string, values ...string) types.Filter {
		return types.Filter{Name: aws.String(name), Values: values}
	}
	for name, tc := range map[string]struct {
		got, want []string
	}{
		"all":            {instances(), []string{"APP-01", "APP-02", living}},
		"windows in VPC": {instances(f("platform", "windows"), f("vpc-id", vpcID())), []string{"APP-01", "APP-02", living}},
		"two values":     {instances(f("instance-id", appID(), neighbourID())), []string{"APP-01", "APP-02"}},
		"product code":   {instances(f("product-code", officeProductCode)), []string{living}},
		"tag":            {instances(f("tag:AWSLicenseManager", "UserSubscriptions")), []string{living}},
		"wildcard":       {instances(f("tag:Name", "APP-*")), []string{"APP-01", "APP-02"}},
		"both":           {instances(f("tag:Name", "APP-*"), f("subnet-id", appSubnetC())), []string{"APP-02"}},
		"none":           {instances(f("image-id", "ami-00000000")), nil},
	} {
		if d := cmp.Diff(tc.want, tc.got); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
	out, err := c.ec2.DescribeNetworkInterfaces(t.Context(), &ec2.DescribeNetworkInterfacesInput{
		Filters: []types.Filter{f("description", "AWS created network interface for LicenseManager*")}})
	if err != nil || len(out.NetworkInterfaces) != 2 {
		t.Errorf("License Manager's interfaces: %v, %v", out, err)
	}
}

func TestTrailForgetsAndLags(t *testing.T) {
	c := open(t, "office-dead-long-ago", Options{})
	lookup := func(in *cloudtrail.LookupEventsInput) (events []cttypes.Event, pages int) {
		for p := cloudtrail.NewLookupEventsPaginator(c.trail, in); p.HasMorePages(); pages++ {
			out, err := p.NextPage(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			events = append(events, out.Events...)
		}
		return events, pages
	}
	byResource := []cttypes.LookupAttribute{{AttributeKey: cttypes.LookupAttributeKeyResourceName, AttributeValue: aws.String(officeID(dead))}}
	events, pages := lookup(&cloudtrail.LookupEventsInput{LookupAttributes: byResource})
	if pages != 2 || *events[0].EventName != "TerminateInstances" || *events[len(events)-1].EventName != "RunInstances" {
		t.Errorf("%d events on %d pages, first %s, last %s", len(events), pages, *events[0].EventName, *events[len(events)-1].EventName)
	}
	all, _ := lookup(&cloudtrail.LookupEventsInput{})
	for _, e := range all {
		if age := c.lab.Now().Sub(*e.EventTime); age < 15*time.Minute || age > 90*24*time.Hour {
			t.Errorf("%s is %v old", *e.EventName, age)
		}
	}
	since := c.lab.Now().AddDate(0, 0, -30)
	recent, _ := lookup(&cloudtrail.LookupEventsInput{StartTime: &since,
		LookupAttributes: []cttypes.LookupAttribute{{AttributeKey: cttypes.LookupAttributeKeyResourceName, AttributeValue: aws.String(vpcID())}}})
	var names []string
	for _, e := range recent {
		names = append(names, *e.EventName)
	}
	if d := cmp.Diff([]string{"RunInstances", "RunInstances", "AssociateDhcpOptions", "AssociateDhcpOptions"}, names); d != "" {
		t.Error(d)
	}
	commands, err := c.ssm.ListCommandInvocations(t.Context(), &ssm.ListCommandInvocationsInput{InstanceId: aws.String(officeID(dead))})
	if err != nil || len(commands.CommandInvocations) != 0 {
		t.Errorf("Run Command still knows of an instance that died forty days ago: %v %v", commands, err)
	}
}
