package lab

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

func endpointChanges() map[string]operation {
	return map[string]operation{
		"ec2:CreateVpcEndpoint":  change(createEndpoint),
		"ec2:DeleteVpcEndpoints": change(deleteEndpoints),
		"ec2:ModifyVpcEndpoint":  change(modifyEndpoint),
	}
}

// How long an endpoint takes to come and to go, about ([M]).
const (
	endpointTakes  = 90 * time.Second
	endpointLeaves = 2 * time.Minute
)

// offered are the services of AWS that have interface endpoints, as far as anybody
// asks for them here.
func offered() []string {
	return []string{"ssm", "ssmmessages", "ec2messages", "ec2", "kms", "logs", "monitoring", "s3", "sts", "secretsmanager", "license-manager", "license-manager-user-subscriptions"}
}

// privateName is the name that a service's endpoint takes over in its VPC.
func (w *World) privateName(service string) string {
	return strings.TrimPrefix(service, "com.amazonaws."+w.Region+".") + "." + w.Region + ".amazonaws.com"
}

func createEndpoint(w *World, r *request, in *ec2.CreateVpcEndpointInput) (*ec2.CreateVpcEndpointOutput, error) {
	if known, ok, mismatch := w.repeated(r, in.ClientToken); mismatch {
		return nil, fail("IdempotentParameterMismatch", "The client token was used with other parameters")
	} else if e := w.Endpoints[known]; ok && e != nil {
		row := w.showEndpoint(e)
		return &ec2.CreateVpcEndpointOutput{VpcEndpoint: &row, ClientToken: in.ClientToken}, nil
	}
	vpc, service := aws.ToString(in.VpcId), aws.ToString(in.ServiceName)
	kind := in.VpcEndpointType
	if kind == "" {
		kind = types.VpcEndpointTypeGateway
	}
	v := w.VPCs[vpc]
	switch {
	case v == nil || !w.mine(v.Owner):
		return nil, fail("InvalidVpcId.NotFound", "The Vpc Id %s does not exist", vpc)
	case !slices.Contains(offered(), strings.TrimPrefix(service, "com.amazonaws."+w.Region+".")):
		return nil, fail("InvalidServiceName", "The Vpc Endpoint Service '%s' does not exist", service)
	case kind != types.VpcEndpointTypeInterface:
		return nil, fail("InvalidParameter", "lab: only interface endpoints can be made here, not %s", kind)
	}
	if err := w.checkEndpointSubnets(vpc, in.SubnetIds); err != nil {
		return nil, err
	}
	groups := slices.Clone(in.SecurityGroupIds)
	if len(groups) == 0 {
		groups = []string{defaultGroup(v.Name)}
	}
	if err := w.checkGroups(groups, vpc); err != nil {
		return nil, err
	}
	if err := checkPolicy(in.PolicyDocument); err != nil {
		return nil, err
	}
	tags, err := specified(in.TagSpecifications, types.ResourceTypeVpcEndpoint)
	if err != nil {
		return nil, err
	}
	private := in.PrivateDnsEnabled == nil || *in.PrivateDnsEnabled
	if private {
		if err := w.checkPrivateDNS(v, service, ""); err != nil {
			return nil, err
		}
	}
	suffix := strings.TrimPrefix(service, "com.amazonaws."+w.Region+".")
	e := &Endpoint{ID: w.newID("vpce"), VPC: vpc, Service: service, Type: "Interface", State: "pending", Policy: aws.ToString(in.PolicyDocument), Groups: groups, Created: w.Now}
	e.DNSNames = []string{e.ID + "-" + digits(e.ID, 8) + "." + suffix + "." + w.Region + ".vpce.amazonaws.com"}
	w.Endpoints[e.ID] = e
	w.setPrivateDNS(e, private)
	for _, s := range in.SubnetIds {
		if err := w.addEndpointInterface(e, s); err != nil {
			w.removeEndpoint(e.ID)
			return nil, err
		}
	}
	w.tag(e.ID, tags[types.ResourceTypeVpcEndpoint])
	w.later(endpointTakes, taskEndpointReady, e.ID)
	w.remember(r, in.ClientToken, e.ID)
	row := w.showEndpoint(e)
	return &ec2.CreateVpcEndpointOutput{VpcEndpoint: &row, ClientToken: in.ClientToken}, nil
}

// checkEndpointSubnets refuses subnets that are not there or not of the VPC, and two
// of one zone.
func (w *World) checkEndpointSubnets(vpc string, subnets []string) error {
	zones := map[string]bool{}
	for _, id := range subnets {
		s := w.Subnets[id]
		switch {
		case s == nil || !w.mine(s.Owner):
			return fail("InvalidSubnetId.NotFound", "The subnet ID '%s' does not exist", id)
		case s.VPC != vpc:
			return fail("InvalidParameter", "The subnet %s does not belong to VPC %s", id, vpc)
		case zones[s.AZ]:
			return fail("DuplicateSubnetsInSameZone", "Found another VPC endpoint subnet in the availability zone of %s", id)
		}
		zones[s.AZ] = true
	}
	return nil
}

func checkPolicy(document *string) error {
	if document != nil && *document != "" && !json.Valid([]byte(*document)) {
		return fail("InvalidPolicyDocument", "The policy document is not valid JSON")
	}
	return nil
}

// checkPrivateDNS refuses private DNS where the VPC does not support it, or where
// another endpoint has the name.
func (w *World) checkPrivateDNS(v *VPC, service, except string) error {
	if !v.DNSSupport || !v.DNSHostnames {
		return fail("InvalidParameter", "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true for %s", v.ID)
	}
	for _, e := range sorted(w.Endpoints) {
		if e.ID != except && e.VPC == v.ID && e.PrivateDNS && e.Service == service && e.State != "deleted" {
			return fail("InvalidParameter", "private-dns-enabled cannot be set because there is already a conflicting DNS domain for %s in the VPC %s", w.privateName(service), v.ID)
		}
	}
	return nil
}

func (w *World) setPrivateDNS(e *Endpoint, on bool) {
	name := w.privateName(e.Service)
	e.DNSNames = slices.DeleteFunc(e.DNSNames, func(n string) bool { return n == name })
	if e.PrivateDNS = on; on {
		e.DNSNames = append(e.DNSNames, name)
	}
}

func (w *World) addEndpointInterface(e *Endpoint, subnet string) error {
	ip, err := w.freeAddress(subnet)
	if err != nil {
		return err
	}
	eni := w.newID("eni")
	w.Interfaces[eni] = &Interface{ID: eni, Subnet: subnet, IP: ip, Type: "vpc_endpoint", Description: "VPC Endpoint Interface " + e.ID,
		Requester: "727180483921", Status: "in-use", Groups: slices.Clone(e.Groups)}
	e.Subnets, e.Interfaces = append(e.Subnets, subnet), append(e.Interfaces, eni)
	return nil
}

func (w *World) dropEndpointInterface(e *Endpoint, subnet string) {
	e.Subnets = slices.DeleteFunc(e.Subnets, func(s string) bool { return s == subnet })
	e.Interfaces = slices.DeleteFunc(e.Interfaces, func(eni string) bool {
		gone := w.Interfaces[eni] == nil || w.Interfaces[eni].Subnet == subnet
		if gone {
			delete(w.Interfaces, eni)
		}
		return gone
	})
}

// removeEndpoint takes an endpoint away, with its interfaces and tags.
func (w *World) removeEndpoint(id string) {
	e := w.Endpoints[id]
	if e == nil {
		return
	}
	for _, eni := range e.Interfaces {
		delete(w.Interfaces, eni)
	}
	for _, t := range w.RouteTables { // of a gateway endpoint
		t.Routes = slices.DeleteFunc(t.Routes, func(r Route) bool { return r.Target == id })
	}
	delete(w.Endpoints, id)
	delete(w.Tags, id)
	w.never(taskEndpointReady, id)
}

func deleteEndpoints(w *World, _ *request, in *ec2.DeleteVpcEndpointsInput) (*ec2.DeleteVpcEndpointsOutput, error) {
	out := &ec2.DeleteVpcEndpointsOutput{Unsuccessful: []types.UnsuccessfulItem{}}
	not := func(id, code, message string) {
		out.Unsuccessful = append(out.Unsuccessful, types.UnsuccessfulItem{ResourceId: aws.String(id),
			Error: &types.UnsuccessfulItemError{Code: aws.String(code), Message: aws.String(message)}})
	}
	for _, id := range in.VpcEndpointIds {
		e := w.Endpoints[id]
		switch {
		case e == nil || !w.mine(e.Owner):
			not(id, "InvalidVpcEndpoint.NotFound", "The Vpc Endpoint Id '"+id+"' does not exist")
		case e.Managed:
			not(id, "OperationNotPermitted", "Operation is not allowed for requester-managed VPC endpoint "+id)
		case e.State != "deleting":
			e.State = "deleting"
			w.never(taskEndpointReady, id)
			w.later(endpointLeaves, taskEndpointGone, id)
		}
	}
	return out, nil
}

func modifyEndpoint(w *World, _ *request, in *ec2.ModifyVpcEndpointInput) (*ec2.ModifyVpcEndpointOutput, error) {
	id := aws.ToString(in.VpcEndpointId)
	e := w.Endpoints[id]
	switch {
	case e == nil || !w.mine(e.Owner):
		return nil, fail("InvalidVpcEndpointId.NotFound", "The Vpc Endpoint Id '%s' does not exist", id)
	case e.State != "available" && e.State != "pending":
		return nil, fail("IncorrectState", "The VPC endpoint %s is in the state %s", id, e.State)
	case e.Managed:
		return nil, fail("OperationNotPermitted", "Operation is not allowed for requester-managed VPC endpoint %s", id)
	case e.Type != "Interface":
		return nil, fail("InvalidParameter", "lab: only interface endpoints can be changed here")
	}
	groups := slices.Clone(e.Groups)
	for _, g := range in.AddSecurityGroupIds {
		if !slices.Contains(groups, g) {
			groups = append(groups, g)
		}
	}
	for _, g := range in.RemoveSecurityGroupIds {
		if !slices.Contains(groups, g) {
			return nil, fail("InvalidParameter", "The security group %s is not associated with %s", g, id)
		}
		groups = slices.DeleteFunc(groups, func(x string) bool { return x == g })
	}
	if len(groups) == 0 {
		return nil, fail("InvalidParameter", "The VPC endpoint %s must have at least one security group", id)
	}
	if err := w.checkGroups(groups, e.VPC); err != nil {
		return nil, err
	}
	subnets := slices.Clone(e.Subnets)
	for _, s := range in.RemoveSubnetIds {
		if !slices.Contains(subnets, s) {
			return nil, fail("InvalidParameter", "The subnet %s is not associated with %s", s, id)
		}
		subnets = slices.DeleteFunc(subnets, func(x string) bool { return x == s })
	}
	if err := w.checkEndpointSubnets(e.VPC, append(subnets, in.AddSubnetIds...)); err != nil {
		return nil, err
	}
	if err := checkPolicy(in.PolicyDocument); err != nil {
		return nil, err
	}
	if aws.ToBool(in.ResetPolicy) && in.PolicyDocument != nil {
		return nil, fail("InvalidParameterCombination", "ResetPolicy and PolicyDocument cannot be used together")
	}
	if on := in.PrivateDnsEnabled; on != nil {
		if *on {
			if err := w.checkPrivateDNS(w.VPCs[e.VPC], e.Service, e.ID); err != nil {
				return nil, err
			}
		}
		w.setPrivateDNS(e, *on)
	}
	for _, s := range in.RemoveSubnetIds {
		w.dropEndpointInterface(e, s)
	}
	for _, s := range in.AddSubnetIds {
		if err := w.addEndpointInterface(e, s); err != nil {
			return nil, err
		}
	}
	e.Groups = groups
	for _, eni := range e.Interfaces {
		w.Interfaces[eni].Groups = slices.Clone(groups)
	}
	switch {
	case aws.ToBool(in.ResetPolicy):
		e.Policy = ""
	case in.PolicyDocument != nil:
		e.Policy = *in.PolicyDocument
	}
	return &ec2.ModifyVpcEndpointOutput{Return: aws.Bool(true)}, nil
}
