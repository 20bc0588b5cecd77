package lab

import (
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/monshin/monshin/diagnose/lab/windows"
)

func instanceChanges() map[string]operation {
	return map[string]operation{
		"ec2:AssociateIamInstanceProfile":          change(associateProfile, "iam:PassRole"),
		"ec2:ReplaceIamInstanceProfileAssociation": change(replaceProfile, "iam:PassRole"),
		"ec2:DisassociateIamInstanceProfile":       change(disassociateProfile),
		"ec2:ModifyInstanceMetadataOptions":        change(modifyMetadata),
		"ec2:ModifyInstanceAttribute":              change(modifyInstance),
		"ec2:DescribeInstanceAttribute":            on(describeInstanceAttribute),
		"ec2:RunInstances":                         change(runInstances),
		"ec2:TerminateInstances":                   change(terminateInstances),
		"ec2:RebootInstances":                      change(rebootInstances),
	}
}

// How long things of EC2 take, about.
const (
	associationTakes = 3 * time.Second
	launchTakes      = 20 * time.Second
	rebootTakes      = 3 * time.Minute
)

// living finds an instance that is not terminated.
func (w *World) living(id *string) (*Instance, error) {
	if err := w.checkInstanceIDs([]string{aws.ToString(id)}); err != nil {
		return nil, err
	}
	i := w.Instances[aws.ToString(id)]
	if !i.Terminated.IsZero() {
		return nil, fail("IncorrectInstanceState", "The instance '%s' is not in a state from which this can be done.", i.ID)
	}
	return i, nil
}

// specifiedProfile finds the profile that a call names by name or by ARN.
func (w *World) specifiedProfile(spec *types.IamInstanceProfileSpecification) (*Profile, error) {
	if spec == nil {
		return nil, fail("MissingParameter", "The request must contain the parameter iamInstanceProfile")
	}
	name, member := aws.ToString(spec.Name), "name"
	if spec.Arn != nil {
		name, member = strings.TrimPrefix(*spec.Arn, w.profileARN("")), "arn"
	}
	if spec.Name != nil && spec.Arn != nil {
		return nil, fail("InvalidParameterCombination", "The parameter 'iamInstanceProfile.name' may not be used in combination with 'iamInstanceProfile.arn'")
	}
	if p := w.Profiles[name]; p != nil {
		return p, nil
	}
	return nil, fail("InvalidParameterValue", "Value (%s) for parameter iamInstanceProfile.%s is invalid. Invalid IAM Instance Profile %s", name, member, member)
}

func (w *World) associate(i *Instance, p *Profile) {
	i.Profile, i.ProfileID, i.Association, i.Associating = p.Name, p.ID, w.newID("iip-assoc"), true
	w.later(associationTakes, taskProfileReady, i.ID)
}

func associateProfile(w *World, _ *request, in *ec2.AssociateIamInstanceProfileInput) (*ec2.AssociateIamInstanceProfileOutput, error) {
	i, err := w.living(in.InstanceId)
	if err != nil {
		return nil, err
	}
	p, err := w.specifiedProfile(in.IamInstanceProfile)
	if err != nil {
		return nil, err
	}
	if i.Profile != "" {
		return nil, fail("IncorrectState", "There is an existing association for instance %s", i.ID)
	}
	w.associate(i, p)
	return &ec2.AssociateIamInstanceProfileOutput{IamInstanceProfileAssociation: w.showAssociation(i)}, nil
}

// association finds the instance whose profile's association has an id.
func (w *World) association(id *string) (*Instance, error) {
	for _, i := range sorted(w.Instances) {
		if i.Association != "" && i.Association == aws.ToString(id) && i.Terminated.IsZero() && i.Profile != "" {
			return i, nil
		}
	}
	return nil, fail("InvalidAssociationID.NotFound", "An invalid association-id of '%s' was given", aws.ToString(id))
}

func replaceProfile(w *World, _ *request, in *ec2.ReplaceIamInstanceProfileAssociationInput) (*ec2.ReplaceIamInstanceProfileAssociationOutput, error) {
	i, err := w.association(in.AssociationId)
	if err != nil {
		return nil, err
	}
	p, err := w.specifiedProfile(in.IamInstanceProfile)
	if err != nil {
		return nil, err
	}
	w.associate(i, p)
	return &ec2.ReplaceIamInstanceProfileAssociationOutput{IamInstanceProfileAssociation: w.showAssociation(i)}, nil
}

func disassociateProfile(w *World, _ *request, in *ec2.DisassociateIamInstanceProfileInput) (*ec2.DisassociateIamInstanceProfileOutput, error) {
	i, err := w.association(in.AssociationId)
	if err != nil {
		return nil, err
	}
	row := w.showAssociation(i)
	row.State = types.IamInstanceProfileAssociationStateDisassociating
	i.Profile, i.ProfileID, i.Association, i.Associating = "", "", "", false
	w.never(taskProfileReady, i.ID)
	return &ec2.DisassociateIamInstanceProfileOutput{IamInstanceProfileAssociation: row}, nil
}

func modifyMetadata(w *World, _ *request, in *ec2.ModifyInstanceMetadataOptionsInput) (*ec2.ModifyInstanceMetadataOptionsOutput, error) {
	i, err := w.living(in.InstanceId)
	if err != nil {
		return nil, err
	}
	if in.HttpEndpoint == "" && in.HttpTokens == "" && in.HttpPutResponseHopLimit == nil && in.HttpProtocolIpv6 == "" && in.InstanceMetadataTags == "" {
		return nil, fail("InvalidParameterCombination", "No attributes specified.")
	}
	if n := in.HttpPutResponseHopLimit; n != nil && (*n < 1 || *n > 64) {
		return nil, fail("InvalidParameterValue", "The value %d for HttpPutResponseHopLimit is not between 1 and 64", *n)
	}
	switch in.HttpEndpoint {
	case types.InstanceMetadataEndpointStateEnabled:
		i.MetadataOff = false
	case types.InstanceMetadataEndpointStateDisabled:
		i.MetadataOff = true
	case "":
	default:
		return nil, fail("InvalidParameterValue", "Value (%s) for parameter HttpEndpoint is invalid.", in.HttpEndpoint)
	}
	if in.HttpTokens != "" {
		i.MetadataTokens = string(in.HttpTokens)
	}
	if in.HttpPutResponseHopLimit != nil {
		i.MetadataHops = *in.HttpPutResponseHopLimit
	}
	options := w.showInstance(i).MetadataOptions
	options.State = types.InstanceMetadataOptionsStatePending
	return &ec2.ModifyInstanceMetadataOptionsOutput{InstanceId: aws.String(i.ID), InstanceMetadataOptions: options}, nil
}

// modifyInstance changes one attribute: termination protection or the groups.
func modifyInstance(w *World, _ *request, in *ec2.ModifyInstanceAttributeInput) (*ec2.ModifyInstanceAttributeOutput, error) {
	i, err := w.living(in.InstanceId)
	if err != nil {
		return nil, err
	}
	switch {
	case in.DisableApiTermination != nil && len(in.Groups) > 0:
		return nil, fail("InvalidParameterCombination", "Fields for multiple attribute types specified: disableApiTermination, groupSet")
	case in.DisableApiTermination != nil:
		i.Protected = aws.ToBool(in.DisableApiTermination.Value)
	case len(in.Groups) > 0:
		if err := w.checkGroups(in.Groups, w.subnet(i.Subnet).VPC); err != nil {
			return nil, err
		}
		i.Groups = slices.Clone(in.Groups)
	default:
		return nil, fail("InvalidParameterCombination", "No attributes specified.")
	}
	return &ec2.ModifyInstanceAttributeOutput{}, nil
}

func describeInstanceAttribute(w *World, _ *request, in *ec2.DescribeInstanceAttributeInput) (*ec2.DescribeInstanceAttributeOutput, error) {
	if err := w.checkInstanceIDs([]string{aws.ToString(in.InstanceId)}); err != nil {
		return nil, err
	}
	i := w.Instances[*in.InstanceId]
	out := &ec2.DescribeInstanceAttributeOutput{InstanceId: aws.String(i.ID)}
	switch in.Attribute {
	case types.InstanceAttributeNameDisableApiTermination:
		out.DisableApiTermination = &types.AttributeBooleanValue{Value: aws.Bool(i.Protected)}
	case types.InstanceAttributeNameGroupSet:
		out.Groups = groupIDs(w, i.Groups)
	case types.InstanceAttributeNameInstanceType:
		out.InstanceType = &types.AttributeValue{Value: aws.String(i.Type)}
	case types.InstanceAttributeNameInstanceInitiatedShutdownBehavior:
		out.InstanceInitiatedShutdownBehavior = &types.AttributeValue{Value: aws.String("stop")}
	default:
		return nil, fail("InvalidParameterValue", "lab: the attribute %s is not modelled", in.Attribute)
	}
	return out, nil
}

// checkGroups refuses groups that are not there, or of another VPC.
func (w *World) checkGroups(groups []string, vpc string) error {
	for _, id := range groups {
		g := w.Groups[id]
		switch {
		case g == nil || !w.mine(g.Owner):
			return fail("InvalidGroup.NotFound", "The security group '%s' does not exist", id)
		case g.VPC != vpc:
			return fail("InvalidParameter", "Security group %s and VPC %s belong to different networks.", id, vpc)
		}
	}
	return nil
}

func terminateInstances(w *World, r *request, in *ec2.TerminateInstancesInput) (*ec2.TerminateInstancesOutput, error) {
	if err := w.checkInstanceIDs(in.InstanceIds); err != nil {
		return nil, err
	}
	for _, id := range in.InstanceIds {
		if i := w.Instances[id]; i.Protected && i.Terminated.IsZero() {
			return nil, protected(id)
		}
	}
	out := &ec2.TerminateInstancesOutput{}
	for _, id := range in.InstanceIds {
		i := w.Instances[id]
		previous := w.showInstance(i).State
		if i.Terminated.IsZero() {
			w.terminate(i, w.caller())
		}
		current := types.InstanceState{Code: aws.Int32(32), Name: types.InstanceStateNameShuttingDown}
		if previous.Name == types.InstanceStateNameTerminated {
			current = *previous
		}
		out.TerminatingInstances = append(out.TerminatingInstances, types.InstanceStateChange{InstanceId: aws.String(id), PreviousState: previous, CurrentState: &current})
	}
	r.told = true
	return out, nil
}

func protected(id string) error {
	return fail("OperationNotPermitted", "The instance '%s' may not be terminated. Modify its 'disableApiTermination' instance attribute and try again.", id)
}

// terminate ends an instance, and tells CloudTrail who did it.
func (w *World) terminate(i *Instance, by Actor) {
	i.Terminated = w.Now
	i.Protected = false
	w.Tasks = slices.DeleteFunc(w.Tasks, func(t Task) bool { return t.ID == i.ID })
	w.addEvent(terminateEvent(w.Now, i.ID, by))
}

// rebootInstances restarts Windows: its agents start anew, its lease is renewed, and
// the routes that v2 adds at each start are there again.
func rebootInstances(w *World, _ *request, in *ec2.RebootInstancesInput) (*ec2.RebootInstancesOutput, error) {
	if err := w.checkInstanceIDs(in.InstanceIds); err != nil {
		return nil, err
	}
	for _, id := range in.InstanceIds {
		if _, err := w.living(&id); err != nil {
			return nil, err
		}
	}
	for _, id := range in.InstanceIds {
		i := w.Instances[id]
		if i.Windows == nil {
			continue
		}
		i.Windows.Reboot(w.Now.Add(time.Minute), w.router(i.Subnet), w.lease(i.Subnet, w.Now))
		w.restartAgent(i, rebootTakes)
	}
	return &ec2.RebootInstancesOutput{}, nil
}

// leaseRenewed is what DHCP does by itself when half of a lease is over.
func (w *World) leaseRenewed(instance string) {
	if i := w.Instances[instance]; i != nil && i.Windows != nil && i.Terminated.IsZero() {
		w.renew(instance, w.Now)
	}
}

// Offer is the lease that DHCP would hand out now.
func (o outside) Offer() windows.Lease { return o.w.lease(o.i.Subnet, o.w.Now) }

var _ windows.Surroundings = outside{}
