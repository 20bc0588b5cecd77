package cloud

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/monshin/monshin/diagnose/remedy"
)

// errCannotTell says that the world does not show whether a call took effect.
var errCannotTell = errors.New("what AWS shows does not tell whether the call took effect")

// filtered makes the filters of one EC2 request.
func filtered(name string, values ...string) []types.Filter {
	return []types.Filter{{Name: aws.String(name), Values: values}}
}

// stepTag is monshin's tag in a call that makes something. Without it, what is there
// cannot be told from what somebody else made.
func stepTag(specs []types.TagSpecification) ([]types.Filter, error) {
	for _, s := range specs {
		for _, t := range s.Tags {
			if aws.ToString(t.Key) == remedy.StepTag && aws.ToString(t.Value) != "" {
				return filtered("tag:"+remedy.StepTag, aws.ToString(t.Value)), nil
			}
		}
	}
	return nil, errCannotTell
}

// sameJSON compares two documents by their meaning.
func sameJSON(a, b string) bool {
	var x, y any
	if json.Unmarshal([]byte(a), &x) != nil || json.Unmarshal([]byte(b), &y) != nil {
		return strings.TrimSpace(a) == strings.TrimSpace(b)
	}
	return reflect.DeepEqual(x, y)
}

// The instance.

func (e *errand) profileAssociations(ctx context.Context, filters []types.Filter) ([]types.IamInstanceProfileAssociation, error) {
	var all []types.IamInstanceProfileAssociation
	err := pages(ctx, func(ctx context.Context, token *string) (*string, error) {
		out, err := e.at.ec2.DescribeIamInstanceProfileAssociations(ctx, &ec2.DescribeIamInstanceProfileAssociationsInput{Filters: filters, NextToken: token})
		if err != nil {
			return nil, err
		}
		all = append(all, out.IamInstanceProfileAssociations...)
		return out.NextToken, nil
	})
	return all, err
}

// isProfile reports whether a profile is the one that a call names, by ARN or by name.
func isProfile(p *types.IamInstanceProfile, want *types.IamInstanceProfileSpecification) bool {
	if p == nil || want == nil {
		return false
	}
	arn := aws.ToString(p.Arn)
	if want.Arn != nil {
		return arn == *want.Arn
	}
	return want.Name != nil && strings.HasSuffix(arn, "/"+*want.Name)
}

func associated(a types.IamInstanceProfileAssociation) bool {
	return a.State == types.IamInstanceProfileAssociationStateAssociated || a.State == types.IamInstanceProfileAssociationStateAssociating || a.State == ""
}

func findProfileAssociation(ctx context.Context, e *errand, in *ec2.AssociateIamInstanceProfileInput) (*ec2.AssociateIamInstanceProfileOutput, error) {
	all, err := e.profileAssociations(ctx, filtered("instance-id", aws.ToString(in.InstanceId)))
	if err != nil {
		return nil, err
	}
	for _, a := range all {
		if associated(a) && isProfile(a.IamInstanceProfile, in.IamInstanceProfile) {
			return &ec2.AssociateIamInstanceProfileOutput{IamInstanceProfileAssociation: &a}, nil
		}
	}
	return nil, nil
}

// findProfileReplacement: the call names only the association that it replaces. While
// that stands, nothing was replaced; once EC2 has forgotten it, the instance is known
// only if one association in the region has the new profile.
func findProfileReplacement(ctx context.Context, e *errand, in *ec2.ReplaceIamInstanceProfileAssociationInput) (*ec2.ReplaceIamInstanceProfileAssociationOutput, error) {
	all, err := e.profileAssociations(ctx, nil)
	if err != nil {
		return nil, err
	}
	instance := ""
	var candidates []types.IamInstanceProfileAssociation
	for _, a := range all {
		switch {
		case aws.ToString(a.AssociationId) == aws.ToString(in.AssociationId) && associated(a):
			if isProfile(a.IamInstanceProfile, in.IamInstanceProfile) {
				return &ec2.ReplaceIamInstanceProfileAssociationOutput{IamInstanceProfileAssociation: &a}, nil
			}
			return nil, nil
		case aws.ToString(a.AssociationId) == aws.ToString(in.AssociationId):
			instance = aws.ToString(a.InstanceId)
		case associated(a) && isProfile(a.IamInstanceProfile, in.IamInstanceProfile):
			candidates = append(candidates, a)
		}
	}
	for _, a := range candidates {
		if aws.ToString(a.InstanceId) == instance || instance == "" && len(candidates) == 1 {
			return &ec2.ReplaceIamInstanceProfileAssociationOutput{IamInstanceProfileAssociation: &a}, nil
		}
	}
	if instance == "" && len(candidates) > 1 {
		return nil, errCannotTell
	}
	return nil, nil
}

func findProfileRemoval(ctx context.Context, e *errand, in *ec2.DisassociateIamInstanceProfileInput) (*ec2.DisassociateIamInstanceProfileOutput, error) {
	all, err := e.profileAssociations(ctx, nil)
	if err != nil {
		return nil, err
	}
	for _, a := range all {
		if aws.ToString(a.AssociationId) == aws.ToString(in.AssociationId) && associated(a) {
			return nil, nil
		}
	}
	return &ec2.DisassociateIamInstanceProfileOutput{}, nil
}

// instances reads instances by a filter.
func (e *errand) instances(ctx context.Context, filters []types.Filter) ([]types.Instance, error) {
	var all []types.Instance
	err := pages(ctx, func(ctx context.Context, token *string) (*string, error) {
		out, err := e.at.ec2.DescribeInstances(ctx, &ec2.DescribeInstancesInput{Filters: filters, NextToken: token})
		if err != nil {
			return nil, err
		}
		for _, r := range out.Reservations {
			all = append(all, r.Instances...)
		}
		return out.NextToken, nil
	})
	return all, err
}

func findMetadataOptions(ctx context.Context, e *errand, in *ec2.ModifyInstanceMetadataOptionsInput) (*ec2.ModifyInstanceMetadataOptionsOutput, error) {
	all, err := e.instances(ctx, filtered("instance-id", aws.ToString(in.InstanceId)))
	if err != nil {
		return nil, err
	}
	for _, i := range all {
		o := i.MetadataOptions
		if o != nil && (in.HttpEndpoint == "" || o.HttpEndpoint == in.HttpEndpoint) && (in.HttpTokens == "" || o.HttpTokens == in.HttpTokens) &&
			(in.HttpProtocolIpv6 == "" || o.HttpProtocolIpv6 == in.HttpProtocolIpv6) &&
			(in.InstanceMetadataTags == "" || o.InstanceMetadataTags == in.InstanceMetadataTags) &&
			(in.HttpPutResponseHopLimit == nil || aws.ToInt32(o.HttpPutResponseHopLimit) == *in.HttpPutResponseHopLimit) {
			return &ec2.ModifyInstanceMetadataOptionsOutput{InstanceId: in.InstanceId, InstanceMetadataOptions: o}, nil
		}
	}
	return nil, nil
}

// protectionOnly: of an instance's attributes, plans change the protection from
// termination and no other.
func protectionOnly(in *ec2.ModifyInstanceAttributeInput) error {
	rest := *in
	rest.InstanceId, rest.DisableApiTermination, rest.DryRun = nil, nil, nil
	if in.DisableApiTermination == nil || !reflect.DeepEqual(rest, ec2.ModifyInstanceAttributeInput{}) {
		return errors.New("only DisableApiTermination can be changed")
	}
	return nil
}

func findTerminationProtection(ctx context.Context, e *errand, in *ec2.ModifyInstanceAttributeInput) (*ec2.ModifyInstanceAttributeOutput, error) {
	out, err := e.at.ec2.DescribeInstanceAttribute(ctx, &ec2.DescribeInstanceAttributeInput{
		InstanceId: in.InstanceId, Attribute: types.InstanceAttributeNameDisableApiTermination,
	})
	if err != nil {
		return nil, err
	}
	if sameFlag(out.DisableApiTermination, in.DisableApiTermination) {
		return &ec2.ModifyInstanceAttributeOutput{}, nil
	}
	return nil, nil
}

// sameFlag compares a flag with the wanted one; none is wanted where that is nil.
func sameFlag(is, want *types.AttributeBooleanValue) bool {
	return want == nil || is != nil && is.Value != nil && *is.Value == aws.ToBool(want.Value)
}

func findLaunch(ctx context.Context, e *errand, in *ec2.RunInstancesInput) (*ec2.RunInstancesOutput, error) {
	by, err := stepTag(in.TagSpecifications)
	if err != nil && aws.ToString(in.ClientToken) != "" {
		by, err = filtered("client-token", *in.ClientToken), nil
	}
	if err != nil {
		return nil, err
	}
	all, err := e.instances(ctx, by)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return &ec2.RunInstancesOutput{Instances: all}, nil
}

func findTermination(ctx context.Context, e *errand, in *ec2.TerminateInstancesInput) (*ec2.TerminateInstancesOutput, error) {
	all, err := e.instances(ctx, filtered("instance-id", in.InstanceIds...))
	if err != nil {
		return nil, err
	}
	for _, i := range all {
		if i.State == nil || i.State.Name != types.InstanceStateNameShuttingDown && i.State.Name != types.InstanceStateNameTerminated {
			return nil, nil
		}
	}
	return &ec2.TerminateInstancesOutput{}, nil
}

// The network.

func (e *errand) vpcEndpoints(ctx context.Context, filters []types.Filter) ([]types.VpcEndpoint, error) {
	var all []types.VpcEndpoint
	err := pages(ctx, func(ctx context.Context, token *string) (*string, error) {
		out, err := e.at.ec2.DescribeVpcEndpoints(ctx, &ec2.DescribeVpcEndpointsInput{Filters: filters, NextToken: token})
		if err != nil {
			return nil, err
		}
		all = append(all, out.VpcEndpoints...)
		return out.NextToken, nil
	})
	return all, err
}

// inState compares states, whose case differs between EC2's API and its model.
func inState(is types.State, any ...types.State) bool {
	for _, s := range any {
		if strings.EqualFold(string(is), string(s)) {
			return true
		}
	}
	return false
}

func findEndpoint(ctx context.Context, e *errand, in *ec2.CreateVpcEndpointInput) (*ec2.CreateVpcEndpointOutput, error) {
	by, err := stepTag(in.TagSpecifications)
	if err != nil {
		return nil, err
	}
	all, err := e.vpcEndpoints(ctx, by)
	if err != nil {
		return nil, err
	}
	for _, v := range all {
		if !inState(v.State, types.StateDeleted, types.StateDeleting) {
			return &ec2.CreateVpcEndpointOutput{VpcEndpoint: &v}, nil
		}
	}
	return nil, nil
}

func findEndpointChange(ctx context.Context, e *errand, in *ec2.ModifyVpcEndpointInput) (*ec2.ModifyVpcEndpointOutput, error) {
	if aws.ToBool(in.ResetPolicy) || len(in.SubnetConfigurations) > 0 || in.DnsOptions != nil || in.IpAddressType != "" {
		return nil, errCannotTell
	}
	all, err := e.vpcEndpoints(ctx, filtered("vpc-endpoint-id", aws.ToString(in.VpcEndpointId)))
	if err != nil {
		return nil, err
	}
	for _, v := range all {
		groups := mapped(v.Groups, func(g types.SecurityGroupIdentifier) string { return aws.ToString(g.GroupId) })
		if (in.PrivateDnsEnabled == nil || aws.ToBool(v.PrivateDnsEnabled) == *in.PrivateDnsEnabled) &&
			(in.PolicyDocument == nil || sameJSON(aws.ToString(v.PolicyDocument), *in.PolicyDocument)) &&
			holds(groups, in.AddSecurityGroupIds, in.RemoveSecurityGroupIds) &&
			holds(v.SubnetIds, in.AddSubnetIds, in.RemoveSubnetIds) &&
			holds(v.RouteTableIds, in.AddRouteTableIds, in.RemoveRouteTableIds) {
			return &ec2.ModifyVpcEndpointOutput{Return: aws.Bool(true)}, nil
		}
	}
	return nil, nil
}

// holds reports whether all that was to be added is in a list, and nothing that was to
// be removed.
func holds(list, added, removed []string) bool {
	in := map[string]bool{}
	for _, v := range list {
		in[v] = true
	}
	for _, v := range added {
		if !in[v] {
			return false
		}
	}
	for _, v := range removed {
		if in[v] {
			return false
		}
	}
	return true
}

func findEndpointRemoval(ctx context.Context, e *errand, in *ec2.DeleteVpcEndpointsInput) (*ec2.DeleteVpcEndpointsOutput, error) {
	all, err := e.vpcEndpoints(ctx, filtered("vpc-endpoint-id", in.VpcEndpointIds...))
	if err != nil {
		return nil, err
	}
	for _, v := range all {
		if !inState(v.State, types.StateDeleted, types.StateDeleting) {
			return nil, nil
		}
	}
	return &ec2.DeleteVpcEndpointsOutput{}, nil
}

func findVPCAttribute(ctx context.Context, e *errand, in *ec2.ModifyVpcAttributeInput) (*ec2.ModifyVpcAttributeOutput, error) {
	for name, want := range map[types.VpcAttributeName]*types.AttributeBooleanValue{
		types.VpcAttributeNameEnableDnsSupport: in.EnableDnsSupport, types.VpcAttributeNameEnableDnsHostnames: in.EnableDnsHostnames,
		types.VpcAttributeNameEnableNetworkAddressUsageMetrics: in.EnableNetworkAddressUsageMetrics,
	} {
		if want == nil {
			continue
		}
		out, err := e.at.ec2.DescribeVpcAttribute(ctx, &ec2.DescribeVpcAttributeInput{VpcId: in.VpcId, Attribute: name})
		if err != nil {
			return nil, err
		}
		is := out.EnableDnsSupport
		switch name {
		case types.VpcAttributeNameEnableDnsHostnames:
			is = out.EnableDnsHostnames
		case types.VpcAttributeNameEnableNetworkAddressUsageMetrics:
			is = out.EnableNetworkAddressUsageMetrics
		}
		if !sameFlag(is, want) {
			return nil, nil
		}
	}
	return &ec2.ModifyVpcAttributeOutput{}, nil
}

func (e *errand) dhcpOptions(ctx context.Context, filters []types.Filter) ([]types.DhcpOptions, error) {
	var all []types.DhcpOptions
	err := pages(ctx, func(ctx context.Context, token *string) (*string, error) {
		out, err := e.at.ec2.DescribeDhcpOptions(ctx, &ec2.DescribeDhcpOptionsInput{Filters: filters, NextToken: token})
		if err != nil {
			return nil, err
		}
		all = append(all, out.DhcpOptions...)
		return out.NextToken, nil
	})
	return all, err
}

func findOptions(ctx context.Context, e *errand, in *ec2.CreateDhcpOptionsInput) (*ec2.CreateDhcpOptionsOutput, error) {
	by, err := stepTag(in.TagSpecifications)
	if err != nil {
		return nil, err
	}
	all, err := e.dhcpOptions(ctx, by)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return &ec2.CreateDhcpOptionsOutput{DhcpOptions: &all[0]}, nil
}

func findOptionsAssociation(ctx context.Context, e *errand, in *ec2.AssociateDhcpOptionsInput) (*ec2.AssociateDhcpOptionsOutput, error) {
	out, err := e.at.ec2.DescribeVpcs(ctx, &ec2.DescribeVpcsInput{Filters: filtered("vpc-id", aws.ToString(in.VpcId))})
	if err != nil {
		return nil, err
	}
	for _, v := range out.Vpcs {
		if aws.ToString(v.DhcpOptionsId) == aws.ToString(in.DhcpOptionsId) {
			return &ec2.AssociateDhcpOptionsOutput{}, nil
		}
	}
	return nil, nil
}

func findOptionsRemoval(ctx context.Context, e *errand, in *ec2.DeleteDhcpOptionsInput) (*ec2.DeleteDhcpOptionsOutput, error) {
	all, err := e.dhcpOptions(ctx, filtered("dhcp-options-id", aws.ToString(in.DhcpOptionsId)))
	if err != nil || len(all) > 0 {
		return nil, err
	}
	return &ec2.DeleteDhcpOptionsOutput{}, nil
}
