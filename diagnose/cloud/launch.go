package cloud

import (
	"strconv"
	"strings"

	"github.com/monshin/monshin/diagnose/estate"
)

// launchOf rebuilds an instance from its RunInstances event: from the response, and
// where CloudTrail left that out, from the request. It is nil where the event is
// about other instances only, or failed.
func launchOf(r record, id string, e estate.TrailEvent) *estate.Instance {
	for _, item := range r.items("responseElements", "instancesSet") {
		if item.text("instanceId") == id {
			i := launched(item)
			i.OwnerID = r.text("responseElements", "ownerId")
			if i.OwnerID == "" {
				i.OwnerID = r.text("recipientAccountId")
			}
			return &i
		}
	}
	if e.Error != "" || len(r.items("responseElements", "instancesSet")) > 0 {
		return nil
	}
	for _, resource := range e.Resources {
		if resource.Name == id {
			i := requested(r)
			i.ID, i.LaunchTime = id, e.Time
			return &i
		}
	}
	return nil
}

// launched reads one row of the response.
func launched(item record) estate.Instance {
	i := estate.Instance{
		ID: item.text("instanceId"), State: item.text("instanceState", "name"),
		Platform: strings.ToLower(item.text("platform")), PlatformDetails: item.text("platformDetails"),
		UsageOperation: item.text("usageOperation"), Architecture: item.text("architecture"), Hypervisor: item.text("hypervisor"),
		Type: item.text("instanceType"), ImageID: item.text("imageId"), KeyName: item.text("keyName"),
		LaunchTime: item.when("launchTime"), AZ: item.text("placement", "availabilityZone"),
		VPC: item.text("vpcId"), Subnet: item.text("subnetId"), PrivateIP: item.text("privateIpAddress"), PublicIP: item.text("ipAddress"),
		ProfileARN: item.text("iamInstanceProfile", "arn"), ProfileID: item.text("iamInstanceProfile", "id"),
		Groups: groupIDs(item), Tags: tagMap(item.items("tagSet")),
		// The state of the options is left out: it is always "pending" at launch.
		Metadata: estate.MetadataOptions{
			Endpoint: item.text("metadataOptions", "httpEndpoint"), Tokens: item.text("metadataOptions", "httpTokens"),
			HopLimit: number(item.text("metadataOptions", "httpPutResponseHopLimit")),
		},
	}
	i.Name = i.Tags["Name"]
	for _, c := range item.items("productCodes") {
		if code := first(ptr(c.text("productCode")), ptr(c.text("productCodeId"))); code != "" {
			i.ProductCodes = append(i.ProductCodes, estate.ProductCode{ID: code, Type: first(ptr(c.text("type")), ptr(c.text("productCodeType")))})
		}
	}
	for _, n := range item.items("networkInterfaceSet") {
		i.Interfaces = append(i.Interfaces, launchedInterface(n, i.AZ))
	}
	primaryFirst(i.Interfaces)
	return i
}

func launchedInterface(n record, az string) estate.Interface {
	e := estate.Interface{
		ID: n.text("networkInterfaceId"), VPC: n.text("vpcId"), Subnet: n.text("subnetId"), AZ: az,
		Description: Mask(n.text("description")), Status: n.text("status"), Groups: groupIDs(n),
		PublicIP: n.text("association", "publicIp"), DeviceIndex: number(n.text("attachment", "deviceIndex")),
	}
	for _, a := range n.items("privateIpAddressesSet") {
		if ip := a.text("privateIpAddress"); ip != "" {
			e.PrivateIPs = append(e.PrivateIPs, ip)
		}
	}
	e.PrivateIPs = withPrimary(e.PrivateIPs, ptr(n.text("privateIpAddress")))
	for _, a := range n.items("ipv6AddressesSet") {
		if ip := a.text("ipv6Address"); ip != "" {
			e.IPv6s = append(e.IPv6s, ip)
		}
	}
	return e
}

// requested reads what the request asked for, which is less than what was made.
func requested(r record) estate.Instance {
	q := r.at("requestParameters")
	i := estate.Instance{
		OwnerID: r.text("recipientAccountId"), Type: q.text("instanceType"), ImageID: q.text("imageId"), KeyName: q.text("keyName"),
		AZ:     first(ptr(q.text("placement", "availabilityZone")), ptr(q.text("availabilityZone"))),
		Subnet: q.text("subnetId"), PrivateIP: q.text("privateIpAddress"), Groups: groupIDs(q), ProfileARN: profileARN(r),
		Metadata: estate.MetadataOptions{Endpoint: q.text("metadataOptions", "httpEndpoint"), Tokens: q.text("metadataOptions", "httpTokens")},
	}
	for _, item := range q.items("instancesSet") {
		i.ImageID = first(&i.ImageID, ptr(item.text("imageId")))
		i.KeyName = first(&i.KeyName, ptr(item.text("keyName")))
	}
	for _, n := range q.items("networkInterfaceSet") {
		i.Interfaces = append(i.Interfaces, launchedInterface(n, i.AZ))
		if number(n.text("deviceIndex")) == 0 {
			i.Subnet = first(&i.Subnet, ptr(n.text("subnetId")))
			if len(i.Groups) == 0 {
				i.Groups = groupIDs(n)
			}
		}
	}
	for _, spec := range q.items("tagSpecificationSet") {
		if spec.text("resourceType") == "instance" {
			i.Tags = tagMap(spec.items("tags"))
			i.Name = i.Tags["Name"]
		}
	}
	return i
}

// profileARN is the requested instance profile. Where the request names it without
// its ARN, the ARN is built of the name; only the path, which nothing is judged by,
// may then be missing. An empty one would say that there was no profile.
func profileARN(r record) string {
	profile := r.at("requestParameters", "iamInstanceProfile")
	name := profile.text("name")
	if arn := profile.text("arn"); arn != "" || name == "" {
		return arn
	}
	partition := "aws"
	if parts := strings.Split(r.text("userIdentity", "arn"), ":"); len(parts) > 1 && parts[0] == "arn" && parts[1] != "" {
		partition = parts[1]
	}
	return "arn:" + partition + ":iam::" + r.text("recipientAccountId") + ":instance-profile/" + name
}

func groupIDs(r record) []string {
	var out []string
	for _, g := range r.items("groupSet") {
		if id := g.text("groupId"); id != "" {
			out = append(out, id)
		}
	}
	return out
}

func tagMap(list []record) map[string]string {
	if len(list) == 0 {
		return nil
	}
	out := make(map[string]string, len(list))
	for _, t := range list {
		if key := t.text("key"); keptTag(key) {
			out[key] = Mask(t.text("value"))
		}
	}
	return out
}

func number(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0
	}
	return n
}
