package lab

import (
	"time"
)

// person is somebody of this account in a role.
func person(role, name string) Actor {
	return Actor{Role: role, Session: name, IP: "203.0.113.24", UserAgent: "AWS Internal"}
}

// licenseManagerRole is License Manager's service-linked role for user-based subscriptions.
const (
	licenseManagerRole    = "AWSServiceRoleForAWSLicenseManagerUserSubscriptionsService"
	licenseManagerService = "license-manager-user-subscriptions.amazonaws.com"
)

// licenseManager is License Manager, acting through its service-linked role
// (domain.md §5.4).
func licenseManager() Actor {
	return Actor{Role: licenseManagerRole, Session: "license-manager-user-subscriptions", Service: licenseManagerService}
}

// at makes an event of EC2.
func at(t time.Time, name string, actor Actor, request, response map[string]any, resources ...[2]string) *Event {
	e := &Event{Name: name, Source: "ec2.amazonaws.com", Time: t, Actor: actor, Request: request, Response: response, Resources: resources}
	key := name + t.Format(time.RFC3339Nano)
	for _, r := range resources {
		key += r[1]
	}
	e.ID = uuid("event/" + key)
	return e
}

func items(list ...any) map[string]any { return map[string]any{"items": list} }

func instanceResource(id string) [2]string { return [2]string{"AWS::EC2::Instance", id} }

// launchEvent is the RunInstances event of an instance, whose responseElements hold
// the instance as it was born.
func (w *World) launchEvent(i *Instance, actor Actor) *Event {
	subnet := w.subnet(i.Subnet)
	var groups, codes []any
	for _, g := range groupIDs(w, i.Groups) {
		groups = append(groups, map[string]any{"groupId": *g.GroupId, "groupName": *g.GroupName})
	}
	for _, c := range i.ProductCodes {
		codes = append(codes, map[string]any{"productCode": c, "type": "marketplace"})
	}
	tags := []any{map[string]any{"key": "Name", "value": i.Name}}
	for _, k := range sortedKeys(i.Tags) {
		tags = append(tags, map[string]any{"key": k, "value": i.Tags[k]})
	}
	address := map[string]any{"privateIpAddress": i.IP, "primary": true, "privateDnsName": w.hostName(i.IP)}
	born := map[string]any{
		"instanceId": i.ID, "imageId": i.Image, "instanceType": i.Type, "keyName": i.Key, "amiLaunchIndex": 0, "platform": "windows", "architecture": "x86_64",
		"instanceState": map[string]any{"code": 0, "name": "pending"}, "stateReason": map[string]any{"code": "pending", "message": "pending"},
		"launchTime": i.Launched.UnixMilli(), "placement": map[string]any{"availabilityZone": subnet.AZ, "tenancy": "default"},
		"subnetId": i.Subnet, "vpcId": subnet.VPC, "privateIpAddress": i.IP, "privateDnsName": w.hostName(i.IP), "sourceDestCheck": true,
		"productCodes": items(codes...), "groupSet": items(groups...), "tagSet": items(tags...), "hypervisor": "xen", "virtualizationType": "hvm",
		"rootDeviceType": "ebs", "rootDeviceName": "/dev/sda1", "blockDeviceMapping": map[string]any{}, "ebsOptimized": true, "enaSupport": true,
		"monitoring": map[string]any{"state": "disabled"},
		"metadataOptions": map[string]any{"state": "pending", "httpTokens": "required", "httpEndpoint": "enabled", "httpPutResponseHopLimit": 2,
			"httpProtocolIpv4": "enabled", "httpProtocolIpv6": "disabled", "instanceMetadataTags": "disabled"},
		"networkInterfaceSet": items(map[string]any{
			"networkInterfaceId": i.Interface, "subnetId": i.Subnet, "vpcId": subnet.VPC, "ownerId": w.Account, "status": "in-use", "interfaceType": "interface",
			"privateIpAddress": i.IP, "privateDnsName": w.hostName(i.IP), "sourceDestCheck": true, "groupSet": items(groups...),
			"attachment":            map[string]any{"attachmentId": id("eni-attach", i.ID), "deviceIndex": 0, "status": "attaching", "deleteOnTermination": true},
			"privateIpAddressesSet": map[string]any{"item": []any{address}}, "ipv6AddressesSet": map[string]any{}, "tagSet": map[string]any{},
		}),
	}
	request := map[string]any{
		"instancesSet": items(map[string]any{"imageId": i.Image, "keyName": i.Key, "minCount": 1, "maxCount": 1}),
		"instanceType": i.Type, "subnetId": i.Subnet, "groupSet": items(groups...), "disableApiTermination": false,
		"blockDeviceMapping": map[string]any{}, "monitoring": map[string]any{"enabled": false}, "clientToken": uuid("client-token/" + i.ID),
		"tagSpecificationSet": items(map[string]any{"resourceType": "instance", "tags": tags}), "userData": "<sensitiveDataRemoved>",
	}
	if i.Profile != "" {
		born["iamInstanceProfile"] = map[string]any{"arn": w.profileARN(i.Profile), "id": i.ProfileID}
		request["iamInstanceProfile"] = map[string]any{"name": i.Profile}
	}
	resources := [][2]string{instanceResource(i.ID), {"AWS::EC2::Ami", i.Image}, {"AWS::EC2::VPC", subnet.VPC}, {"AWS::EC2::Subnet", i.Subnet},
		{"AWS::EC2::NetworkInterface", i.Interface}, {"AWS::EC2::KeyPair", i.Key}}
	for _, g := range i.Groups {
		resources = append(resources, [2]string{"AWS::EC2::SecurityGroup", g})
	}
	e := at(i.Launched, "RunInstances", actor, request, nil, resources...)
	e.Response = map[string]any{"requestId": uuid("trail-request/" + e.ID), "reservationId": id("r", i.ID), "ownerId": w.Account,
		"groupSet": map[string]any{}, "instancesSet": items(born)}
	return e
}

// tagEvent is License Manager adopting an instance.
func tagEvent(t time.Time, instance string) *Event {
	return at(t, "CreateTags", licenseManager(), map[string]any{
		"resourcesSet": items(map[string]any{"resourceId": instance}),
		"tagSet":       items(map[string]any{"key": "AWSLicenseManager", "value": "UserSubscriptions"}),
	}, map[string]any{"_return": true}, instanceResource(instance))
}

// terminateEvent is the end of an instance.
func terminateEvent(t time.Time, instance string, actor Actor) *Event {
	return at(t, "TerminateInstances", actor, map[string]any{"instancesSet": items(map[string]any{"instanceId": instance})},
		map[string]any{"instancesSet": items(map[string]any{"instanceId": instance,
			"currentState":  map[string]any{"code": 32, "name": "shutting-down"},
			"previousState": map[string]any{"code": 16, "name": "running"}})}, instanceResource(instance))
}

// run adds an invocation of Run Command and the event of its SendCommand.
func (w *World) run(c Command, actor Actor) {
	c.ID = uuid("command/" + c.Instance + c.Requested.Format(time.RFC3339))
	w.Commands = append(w.Commands, &c)
	e := at(c.Requested, "SendCommand", actor, map[string]any{
		"documentName": c.Document, "instanceIds": []any{c.Instance}, "comment": c.Comment, "interactive": false,
		// CloudTrail hides what the command was.
		"parameters": "HIDDEN_DUE_TO_SECURITY_REASONS",
	}, map[string]any{"command": map[string]any{"commandId": c.ID, "documentName": c.Document, "status": "Pending"}}, instanceResource(c.Instance))
	e.Source = "ssm.amazonaws.com"
	w.Events = append(w.Events, e)
}
