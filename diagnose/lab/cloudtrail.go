package lab

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
)

func trailOperations() map[string]operation {
	return map[string]operation{"cloudtrail:LookupEvents": on(lookupEvents)}
}

var trailPaging = paging{min: 1, max: 50, normal: 50, badToken: "InvalidNextTokenException", badSize: "InvalidMaxResultsException"}

// What event history holds (domain.md §5.4): ninety days, but not yet the last
// quarter of an hour.
const (
	trailLives = 90 * 24 * time.Hour
	trailLag   = 15 * time.Minute
)

func lookupEvents(w *World, r *request, in *cloudtrail.LookupEventsInput) (*cloudtrail.LookupEventsOutput, error) {
	if len(in.LookupAttributes) > 1 {
		return nil, fail("InvalidLookupAttributesException", "You can only specify one lookup attribute")
	}
	if in.StartTime != nil && in.EndTime != nil && in.StartTime.After(*in.EndTime) {
		return nil, fail("InvalidTimeRangeException", "The start time is after the end time")
	}
	var found []*Event
	for _, e := range w.Events {
		age := w.Now.Sub(e.Time)
		if age < trailLag || age > trailLives || (in.StartTime != nil && e.Time.Before(*in.StartTime)) || (in.EndTime != nil && e.Time.After(*in.EndTime)) {
			continue
		}
		fits, err := e.fits(in.LookupAttributes)
		if err != nil {
			return nil, err
		}
		if fits {
			found = append(found, e)
		}
	}
	slices.SortStableFunc(found, func(a, b *Event) int { return b.Time.Compare(a.Time) })
	events, next, err := page(r, trailPaging, found, in.NextToken, in.MaxResults)
	if err != nil {
		return nil, err
	}
	out := &cloudtrail.LookupEventsOutput{NextToken: next}
	for _, e := range events {
		out.Events = append(out.Events, w.showEvent(e))
	}
	return out, nil
}

func (e *Event) fits(attributes []types.LookupAttribute) (bool, error) {
	for _, a := range attributes {
		value := aws.ToString(a.AttributeValue)
		var ok bool
		switch a.AttributeKey {
		case types.LookupAttributeKeyEventId:
			ok = e.ID == value
		case types.LookupAttributeKeyEventName:
			ok = e.Name == value
		case types.LookupAttributeKeyEventSource:
			ok = e.Source == value
		case types.LookupAttributeKeyReadOnly:
			ok = strconv.FormatBool(e.ReadOnly) == value
		case types.LookupAttributeKeyUsername:
			ok = e.Actor.name() == value
		case types.LookupAttributeKeyResourceName:
			ok = slices.ContainsFunc(e.Resources, func(r [2]string) bool { return r[1] == value })
		case types.LookupAttributeKeyResourceType:
			ok = slices.ContainsFunc(e.Resources, func(r [2]string) bool { return r[0] == value })
		default:
			return false, fail("InvalidLookupAttributesException", "Invalid lookup attribute %s", a.AttributeKey)
		}
		if !ok {
			return false, nil
		}
	}
	return true, nil
}

func (a Actor) name() string {
	if a.User != "" {
		return a.User
	}
	return a.Session
}

func (w *World) showEvent(e *Event) types.Event {
	row := types.Event{
		EventId: aws.String(e.ID), EventName: aws.String(e.Name), EventSource: aws.String(e.Source), EventTime: aws.Time(e.Time),
		ReadOnly: aws.String(strconv.FormatBool(e.ReadOnly)), Username: aws.String(e.Actor.name()), CloudTrailEvent: aws.String(w.record(e)),
	}
	for _, r := range e.Resources {
		row.Resources = append(row.Resources, types.Resource{ResourceType: aws.String(r[0]), ResourceName: aws.String(r[1])})
	}
	return row
}

// record is the event as CloudTrail writes it
// (https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html).
func (w *World) record(e *Event) string {
	rec := map[string]any{
		"eventVersion": "1.11", "eventID": e.ID, "eventTime": e.Time.UTC().Format(time.RFC3339), "eventName": e.Name, "eventSource": e.Source,
		"awsRegion": w.Region, "eventType": "AwsApiCall", "eventCategory": "Management", "managementEvent": true, "readOnly": e.ReadOnly,
		"recipientAccountId": w.Account, "requestID": uuid("trail-request/" + e.ID), "userIdentity": w.userIdentity(e),
		"requestParameters": nullable(e.Request), "responseElements": nullable(e.Response),
		"sourceIPAddress": e.Actor.IP, "userAgent": e.Actor.UserAgent,
	}
	if e.Error != "" {
		rec["errorCode"], rec["errorMessage"] = e.Error, e.ErrorMessage
	}
	if e.Actor.Service != "" {
		rec["sourceIPAddress"], rec["userAgent"] = e.Actor.Service, e.Actor.Service
	}
	b, err := json.Marshal(rec)
	if err != nil {
		panic("lab: an event that is not JSON: " + err.Error())
	}
	return string(b)
}

// nullable turns nothing into JSON's null, as CloudTrail does.
func nullable(m map[string]any) any {
	if m == nil {
		return nil
	}
	return maps.Clone(m)
}

func (w *World) userIdentity(e *Event) map[string]any {
	a := e.Actor
	session := map[string]any{"creationDate": e.Time.Add(-7 * time.Minute).UTC().Format(time.RFC3339), "mfaAuthenticated": "false"}
	switch {
	case a.User != "":
		return map[string]any{"type": "IAMUser", "principalId": iamID("AIDA", a.User), "arn": "arn:aws:iam::" + w.Account + ":user/" + a.User,
			"accountId": w.Account, "accessKeyId": iamID("AKIA", a.User)[:20], "userName": a.User}
	case a.Role != "":
		role := w.Roles[a.Role]
		if role == nil {
			role = &Role{Name: a.Role, ID: iamID("AROA", a.Role)}
		}
		user := map[string]any{
			"type": "AssumedRole", "principalId": role.ID + ":" + a.Session, "accountId": w.Account, "accessKeyId": iamID("ASIA", a.Role)[:20],
			"arn": "arn:aws:sts::" + w.Account + ":assumed-role/" + role.Name + "/" + a.Session,
			"sessionContext": map[string]any{"attributes": session, "sessionIssuer": map[string]any{
				"type": "Role", "principalId": role.ID, "arn": w.roleARN(role), "accountId": w.Account, "userName": role.Name}},
		}
		if a.Service != "" {
			user["invokedBy"] = a.Service
		}
		return user
	}
	return map[string]any{"type": "AWSService", "invokedBy": a.Service}
}
