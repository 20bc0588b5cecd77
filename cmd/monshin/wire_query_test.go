package main

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
)

const xmlHeader = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"

// element is an XML element without its namespace.
type element struct {
	name, text string
	children   []*element
}

func parseXML(document string) (*element, error) {
	decoder := xml.NewDecoder(strings.NewReader(document))
	top := &element{}
	open := []*element{top}
	for {
		token, err := decoder.Token()
		if len(top.children) == 1 && len(open) == 1 {
			return top.children[0], nil
		}
		if err != nil {
			return nil, err
		}
		last := open[len(open)-1]
		switch token := token.(type) {
		case xml.StartElement:
			child := &element{name: token.Name.Local}
			last.children = append(last.children, child)
			open = append(open, child)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			last.text += string(token)
		}
	}
}

// String writes the element. White space between elements is left out.
func (e *element) String() string {
	if len(e.children) == 0 {
		return "<" + e.name + ">" + escapeXML(e.text) + "</" + e.name + ">"
	}
	var b strings.Builder
	for _, c := range e.children {
		b.WriteString(c.String())
	}
	return "<" + e.name + ">" + b.String() + "</" + e.name + ">"
}

// child is the first child of a name; nil where there is none.
func (e *element) child(name string) *element {
	if e == nil {
		return nil
	}
	for _, c := range e.children {
		if c.name == name {
			return c
		}
	}
	return nil
}

// values are the texts at a path, "instancesSet/item/vpcId".
func (e *element) values(at string) []string {
	name, rest, deeper := strings.Cut(at, "/")
	var out []string
	for _, c := range e.children {
		switch {
		case c.name != name:
		case deeper:
			out = append(out, c.values(rest)...)
		default:
			out = append(out, strings.TrimSpace(c.text))
		}
	}
	return out
}

// set writes a text at a path that is there.
func (e *element) set(at, text string) {
	for name := range strings.SplitSeq(at, "/") {
		e = e.child(name)
	}
	e.text = text
}

// ec2List is how EC2 narrows a list: by the ids that are asked for, by filters, to a
// page. The zero value is an operation that is no list.
type ec2List struct {
	set string
	// ids is the parameter of ids, id their path in a row, missing the error code for
	// one that does not exist.
	ids, id, missing string
	filters          map[string]string
	// most is the largest page that may be asked for; 0: there are no pages.
	most int
}

// ec2Lists are the lists of EC2's API reference, with the filters that are used.
var ec2Lists = map[string]ec2List{
	"DescribeInstances": {
		set: "reservationSet", ids: "InstanceId", id: "instancesSet/item/instanceId", missing: "InvalidInstanceID.NotFound", most: 1000,
		filters: map[string]string{
			"instance-id": "instancesSet/item/instanceId", "image-id": "instancesSet/item/imageId", "vpc-id": "instancesSet/item/vpcId",
			"instance-state-name": "instancesSet/item/instanceState/name", "platform": "instancesSet/item/platform",
		},
	},
	"DescribeInstanceStatus": {set: "instanceStatusSet", ids: "InstanceId", id: "instanceId", missing: "InvalidInstanceID.NotFound", most: 1000},
	"DescribeIamInstanceProfileAssociations": {set: "iamInstanceProfileAssociationSet", most: 1000, filters: map[string]string{
		"instance-id": "instanceId", "state": "state",
	}},
	"DescribeRegions":       {set: "regionInfo"},
	"DescribeImages":        {set: "imagesSet", ids: "ImageId", id: "imageId", missing: "InvalidAMIID.NotFound", most: 1000},
	"DescribeInstanceTypes": {set: "instanceTypeSet", ids: "InstanceType", id: "instanceType", missing: "InvalidInstanceType", most: 100},
	"DescribeVpcs":          {set: "vpcSet", ids: "VpcId", id: "vpcId", missing: "InvalidVpcID.NotFound", most: 1000},
	"DescribeSubnets":       {set: "subnetSet", most: 1000, filters: map[string]string{"vpc-id": "vpcId"}},
	"DescribeNetworkAcls":   {set: "networkAclSet", most: 1000, filters: map[string]string{"vpc-id": "vpcId"}},
	"DescribeRouteTables":   {set: "routeTableSet", most: 100, filters: map[string]string{"vpc-id": "vpcId"}},
	"DescribeInternetGateways": {set: "internetGatewaySet", most: 1000, filters: map[string]string{
		"attachment.vpc-id": "attachmentSet/item/vpcId",
	}},
	"DescribeNatGateways": {set: "natGatewaySet", most: 1000, filters: map[string]string{"vpc-id": "vpcId"}},
	"DescribeVpcPeeringConnections": {set: "vpcPeeringConnectionSet", most: 1000, filters: map[string]string{
		"requester-vpc-info.vpc-id": "requesterVpcInfo/vpcId", "accepter-vpc-info.vpc-id": "accepterVpcInfo/vpcId",
	}},
	"DescribeVpcEndpoints": {set: "vpcEndpointSet", most: 1000, filters: map[string]string{"vpc-id": "vpcId"}},
	"DescribeNetworkInterfaces": {set: "networkInterfaceSet", most: 1000, filters: map[string]string{
		"vpc-id": "vpcId", "interface-type": "interfaceType", "description": "description",
	}},
	"DescribeSecurityGroups": {set: "securityGroupInfo", most: 1000, filters: map[string]string{
		"group-id": "groupId", "group-name": "groupName", "vpc-id": "vpcId",
	}},
	"DescribeSecurityGroupRules": {set: "securityGroupRuleSet", most: 1000, filters: map[string]string{"group-id": "groupId"}},
	"DescribeDhcpOptions": {
		set: "dhcpOptionsSet", ids: "DhcpOptionsId", id: "dhcpOptionsId", missing: "InvalidDhcpOptionID.NotFound", most: 1000,
	},
}

// narrow leaves in an answer what the request asks for.
func (l ec2List) narrow(c *wireCall, root *element) *wireError {
	if l.set == "" {
		return nil
	}
	set := root.child(l.set)
	wanted := numbered(c, l.ids)
	for _, id := range wanted {
		if !slices.ContainsFunc(set.children, func(row *element) bool { return slices.Contains(row.values(l.id), id) }) {
			return &wireError{http.StatusBadRequest, l.missing, fmt.Sprintf("The ID '%s' does not exist", id)}
		}
	}
	if len(wanted) > 0 {
		set.children = slices.DeleteFunc(set.children, func(row *element) bool {
			return !slices.ContainsFunc(row.values(l.id), func(id string) bool { return slices.Contains(wanted, id) })
		})
	}
	for i := 1; c.form.Has(fmt.Sprintf("Filter.%d.Name", i)); i++ {
		name := c.form.Get(fmt.Sprintf("Filter.%d.Name", i))
		at, known := l.filters[name]
		if !known {
			return &wireError{http.StatusBadRequest, "InvalidParameterValue", fmt.Sprintf("The filter '%s' is invalid", name)}
		}
		patterns := numbered(c, fmt.Sprintf("Filter.%d.Value", i))
		set.children = slices.DeleteFunc(set.children, func(row *element) bool {
			return !slices.ContainsFunc(row.values(at), func(v string) bool {
				return slices.ContainsFunc(patterns, func(p string) bool { fits, _ := path.Match(p, v); return fits })
			})
		})
	}
	return l.paginate(c, root, set, len(wanted) > 0)
}

// paginate leaves a page. EC2 gives no pages of what is asked for by id, and
// refuses who wants them.
func (l ec2List) paginate(c *wireCall, root, set *element, byID bool) *wireError {
	size := c.form.Get("MaxResults")
	switch n, err := strconv.Atoi(size); {
	case size == "":
		return nil // everything
	case byID:
		return &wireError{http.StatusBadRequest, "InvalidParameterCombination", "The parameter MaxResults may not be used with the parameter " + l.ids}
	case err != nil || n < 5 || n > l.most:
		return &wireError{http.StatusBadRequest, "InvalidParameterValue", fmt.Sprintf("Value ( %s ) for parameter maxResults is invalid. Expecting a value between 5 and %d.", size, l.most)}
	}
	from, to, next, ok := pageOf(len(set.children), c.form.Get("NextToken"))
	if !ok {
		return &wireError{http.StatusBadRequest, "InvalidNextToken", "The token is invalid"}
	}
	set.children = set.children[from:to]
	if next != "" {
		root.children = append(root.children, &element{name: "nextToken", text: next})
	}
	return nil
}

// numbered collects "InstanceId.1", "InstanceId.2", ….
func numbered(c *wireCall, name string) []string {
	var out []string
	for i := 1; c.form.Has(name + "." + strconv.Itoa(i)); i++ {
		out = append(out, c.form.Get(name+"."+strconv.Itoa(i)))
	}
	return out
}

// checkIAM looks whether a call of IAM or STS names what its document is about, and
// cuts IAM's lists into pages. Policies are all alike, so they take the asked name.
func checkIAM(c *wireCall, root *element) *wireError {
	const role, profile = "windows-servers", "windows-servers"
	result := root.child(c.action + "Result")
	missing := func(what, name string) *wireError {
		return &wireError{http.StatusNotFound, "NoSuchEntity", fmt.Sprintf("%s %s cannot be found.", what, name)}
	}
	if name := c.form.Get("RoleName"); c.form.Has("RoleName") && name != role {
		return missing("The role with name", name)
	}
	if name := c.form.Get("InstanceProfileName"); c.form.Has("InstanceProfileName") && name != profile {
		return missing("Instance Profile", name)
	}
	arn := c.form.Get("PolicyArn")
	switch c.action {
	case "GetPolicy":
		if !strings.HasPrefix(arn, "arn:aws:iam::"+wireAccount+":policy/") {
			return missing("Policy", arn)
		}
		result.set("Policy/Arn", arn)
		result.set("Policy/PolicyName", arn[strings.LastIndexByte(arn, '/')+1:])
	case "GetPolicyVersion":
		if v := c.form.Get("VersionId"); v != "v3" {
			return missing("Policy version", arn+" "+v)
		}
	case "GetRolePolicy":
		if name := c.form.Get("PolicyName"); name != "channels" {
			return missing("The role policy with name", name)
		}
	case "ListAttachedRolePolicies":
		rows := result.child("AttachedPolicies")
		from, to, next, ok := pageOf(len(rows.children), c.form.Get("Marker"))
		if !ok {
			return &wireError{http.StatusBadRequest, "ValidationError", "Invalid Marker"}
		}
		rows.children = rows.children[from:to]
		if next != "" {
			result.set("IsTruncated", "true")
			result.children = append(result.children, &element{name: "Marker", text: next})
		}
	}
	return nil
}
