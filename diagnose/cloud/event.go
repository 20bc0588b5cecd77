package cloud

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"

	"github.com/monshin/monshin/diagnose/estate"
)

// maxParam is how many runes of one request parameter are kept. Ids and names are shorter.
const maxParam = 256

// record is CloudTrail's JSON of one event. Its shape is each service's own and
// changes with time, so what is not of the expected type counts as not there.
type record map[string]any

func recordOf(s *string) record {
	decoder := json.NewDecoder(bytes.NewReader([]byte(aws.ToString(s))))
	decoder.UseNumber()
	var r record
	if decoder.Decode(&r) != nil {
		return nil
	}
	return r
}

// at goes down the objects with these names.
func (r record) at(path ...string) record {
	for _, name := range path {
		next, _ := r[name].(map[string]any)
		r = next
	}
	return r
}

// text is a string, number or truth value at a path; "" where there is none.
func (r record) text(path ...string) string {
	last := len(path) - 1
	return scalar(r.at(path[:last]...)[path[last]])
}

func scalar(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}

// items is a list of objects: an array, or EC2's {"items":[…]} or {"item":[…]}.
func (r record) items(path ...string) []record {
	last := len(path) - 1
	v := r.at(path[:last]...)[path[last]]
	if set, ok := v.(map[string]any); ok {
		if v = set["items"]; v == nil {
			v = set["item"]
		}
	}
	array, _ := v.([]any)
	var out []record
	for _, e := range array {
		if object, ok := e.(map[string]any); ok {
			out = append(out, object)
		}
	}
	return out
}

// texts is a list of strings: an array of them, or one.
func (r record) texts(name string) []string {
	if s := scalar(r[name]); s != "" {
		return []string{s}
	}
	array, _ := r[name].([]any)
	var out []string
	for _, e := range array {
		if s := scalar(e); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// when reads a time: ISO 8601, or milliseconds since 1970 as EC2's responses have it.
func (r record) when(name string) time.Time {
	s := r.text(name)
	if ms, err := strconv.ParseInt(s, 10, 64); err == nil && ms > 0 {
		if ms < 1e11 { // seconds: the year 5138 in these
			return time.Unix(ms, 0).UTC()
		}
		return time.UnixMilli(ms).UTC()
	}
	return isoTime(&s)
}

// paramNames are the request parameters that are kept: ids and names that say what
// an event was about. Anything else may hold secrets.
var paramNames = []string{
	"dhcpOptionsId", "vpcId", "subnetId", "documentName", "resolverRuleId", "resolverEndpointId", "groupId",
	"networkAclId", "routeTableId", "vpcEndpointId", "policyArn", "policyName", "roleName", "instanceProfileName",
	"associationId", "directoryId", "imageId", "instanceId",
}

// licenseTag begins the keys of License Manager's tags (domain.md §5.1); no other
// tag is kept.
const licenseTag = "AWSLicenseManager"

// params flattens the request parameters that monshin reads. Lists are joined by
// commas; the instances of a request are "instanceIds", whatever the service calls
// them; a tag of License Manager is "tag:KEY".
func params(r record) map[string]string {
	request := r.at("requestParameters")
	out := map[string]string{}
	put := func(name string, values ...string) {
		if v := clean(strings.Join(values, ","), maxParam); v != "" {
			out[name] = v
		}
	}
	for _, name := range paramNames {
		put(name, request.texts(name)...)
	}
	ids := request.texts("instanceIds")
	for _, item := range request.items("instancesSet") {
		ids = append(ids, item.texts("instanceId")...)
	}
	put("instanceIds", ids...)
	var resources []string
	for _, item := range request.items("resourcesSet") {
		resources = append(resources, item.texts("resourceId")...)
	}
	put("resourceIds", resources...)
	for _, tag := range append(request.items("tagSet"), request.items("tags")...) {
		if key := first(ptr(tag.text("key")), ptr(tag.text("Key"))); strings.HasPrefix(key, licenseTag) {
			put("tag:"+clean(key, 128), Mask(first(ptr(tag.text("value")), ptr(tag.text("Value")))))
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

func ptr(s string) *string { return &s }

// eventOf turns a row of LookupEvents. instance is the id whose launch facts are
// wanted, or "".
func eventOf(row types.Event, instance string) estate.TrailEvent {
	r := recordOf(row.CloudTrailEvent)
	e := estate.TrailEvent{
		ID: first(row.EventId, ptr(r.text("eventID"))), Time: utc(row.EventTime),
		Name: first(row.EventName, ptr(r.text("eventName"))), Source: first(row.EventSource, ptr(r.text("eventSource"))),
		ReadOnly: first(row.ReadOnly, ptr(r.text("readOnly"))) == "true",
		Actor:    actorOf(r),
		Error:    clean(r.text("errorCode"), maxParam), ErrorMsg: clean(Mask(r.text("errorMessage")), 2*maxParam),
		RequestID: r.text("requestID"), Params: params(r),
	}
	if e.Time.IsZero() {
		e.Time = r.when("eventTime")
	}
	if e.Actor.Name == "" {
		e.Actor.Name = aws.ToString(row.Username)
	}
	for _, res := range row.Resources {
		e.Resources = append(e.Resources, estate.Named{Type: aws.ToString(res.ResourceType), Name: aws.ToString(res.ResourceName)})
	}
	if e.Name == "RunInstances" && instance != "" {
		e.Launch = launchOf(r, instance, e)
	}
	return e
}

// actorOf reads userIdentity
// (https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html).
func actorOf(r record) estate.Actor {
	who := r.at("userIdentity")
	a := estate.Actor{
		Type: who.text("type"), ARN: who.text("arn"), Account: who.text("accountId"), Name: who.text("userName"),
		Issuer: who.text("sessionContext", "sessionIssuer", "userName"), InvokedBy: who.text("invokedBy"),
		SourceIP: r.text("sourceIPAddress"), UserAgent: clean(Mask(r.text("userAgent")), maxParam),
	}
	if a.Account == "" {
		a.Account = who.text("sessionContext", "sessionIssuer", "accountId")
	}
	// A role's session has its name behind the colon of the principal id.
	if _, session, ok := strings.Cut(who.text("principalId"), ":"); ok && a.Name == "" {
		a.Name = session
	}
	return a
}
