package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
)

// licensePaths are the paths of License Manager user-based subscriptions
// (https://docs.aws.amazon.com/license-manager-user-subscriptions/latest/APIReference/API_Operations.html).
var licensePaths = map[string]string{
	"ListIdentityProviders":      "/identity-provider/ListIdentityProviders",
	"ListInstances":              "/instance/ListInstances",
	"ListProductSubscriptions":   "/user/ListProductSubscriptions",
	"ListUserAssociations":       "/user/ListUserAssociations",
	"ListLicenseServerEndpoints": "/license-server/ListLicenseServerEndpoints",
}

// jsonList is how a service of the JSON protocols narrows a list. The zero value is
// an operation that is no list.
type jsonList struct {
	rows string
	// filters is the member of the request, key its member that names a filter; by
	// are the members of a row by the filter's name.
	filters, key string
	by           map[string]string
	// most is the largest page that may be asked for.
	most int64
	// must are members that the request has to have, with these values; "" is any.
	must map[string]string
	// wrong is the error for a request that lacks them.
	wrong string
}

// jsonLists are the operations by their IAM action.
var jsonLists = map[string]jsonList{
	"ssm:DescribeInstanceInformation": {
		rows: "InstanceInformationList", filters: "Filters", key: "Key", by: map[string]string{"InstanceIds": "InstanceId"}, most: 50,
	},
	"ssm:GetConnectionStatus": {must: map[string]string{"Target": wirePatient}, wrong: "TargetNotConnected"},
	"ssm:GetServiceSetting": {
		must:  map[string]string{"SettingId": "/ssm/managed-instance/default-ec2-instance-management-role"},
		wrong: "ServiceSettingNotFound",
	},
	"ssm:ListInventoryEntries": {
		rows: "Entries", most: 50, must: map[string]string{"InstanceId": wirePatient, "TypeName": ""}, wrong: "InvalidInstanceId",
	},
	"ssm:DescribeInstancePatches": {
		rows: "Patches", filters: "Filters", key: "Key", by: map[string]string{"State": "State"}, most: 100,
		must: map[string]string{"InstanceId": wirePatient}, wrong: "InvalidInstanceId",
	},
	"ssm:ListCommandInvocations": {rows: "CommandInvocations", most: 50, must: map[string]string{"InstanceId": ""}, wrong: "InvalidInstanceId"},
	"ssm:GetCommandInvocation": {
		must: map[string]string{"InstanceId": wirePatient, "CommandId": "00000000-0000-4000-8000-0000000000c1"}, wrong: "InvocationDoesNotExist",
	},
	"ds:DescribeDomainControllers": {rows: "DomainControllers", must: map[string]string{"DirectoryId": "d-0123456789"}, wrong: "EntityDoesNotExistException"},
	// Its filters look into the rows' resources: see fitsTrail.
	"cloudtrail:LookupEvents": {rows: "Events", most: 50, must: map[string]string{"EndTime": ""}, wrong: "InvalidTimeRangeException"},
	"ds:DescribeDirectories":  {rows: "DirectoryDescriptions"},
	"route53resolver:ListResolverRules": {
		rows: "ResolverRules", most: 100,
	},
	"route53resolver:ListResolverRuleAssociations": {
		rows: "ResolverRuleAssociations", filters: "Filters", key: "Name", by: map[string]string{"VPCId": "VPCId"}, most: 100,
	},
	"route53resolver:ListResolverEndpoints":                         {rows: "ResolverEndpoints", most: 100},
	"license-manager-user-subscriptions:ListIdentityProviders":      {rows: "IdentityProviderSummaries"},
	"license-manager-user-subscriptions:ListInstances":              {rows: "InstanceSummaries"},
	"license-manager-user-subscriptions:ListLicenseServerEndpoints": {rows: "LicenseServerEndpoints"},
}

// narrow leaves in an answer what the request asks for.
func (l jsonList) narrow(c *wireCall, answer map[string]any) *wireError {
	for name, value := range l.must {
		if got, there := c.body[name]; !there || value != "" && got != value {
			return &wireError{http.StatusBadRequest, l.wrong, fmt.Sprintf("%s is %v", name, got)}
		}
	}
	if l.rows == "" {
		return nil
	}
	rows, _ := answer[l.rows].([]any)
	filters, _ := c.body[l.filters].([]any)
	for _, f := range filters {
		filter, _ := f.(map[string]any)
		member, known := l.by[fmt.Sprint(filter[l.key])]
		if !known {
			return &wireError{http.StatusBadRequest, "InvalidFilterKey", fmt.Sprint("The filter is not known: ", filter[l.key])}
		}
		values, _ := filter["Values"].([]any)
		rows = slices.DeleteFunc(slices.Clone(rows), func(r any) bool {
			row, _ := r.(map[string]any)
			return !slices.Contains(values, row[member])
		})
	}
	if c.service == "cloudtrail" {
		rows = slices.DeleteFunc(slices.Clone(rows), func(r any) bool { return !fitsTrail(c, r) })
	}
	if size, asked := c.body["MaxResults"].(json.Number); asked {
		if n, err := size.Int64(); err != nil || n < 1 || n > l.most {
			return &wireError{http.StatusBadRequest, "ValidationException", fmt.Sprintf("1 validation error detected: Value '%s' at 'maxResults'", size)}
		}
	}
	token, _ := c.body["NextToken"].(string)
	from, to, next, ok := pageOf(len(rows), token)
	if !ok {
		return &wireError{http.StatusBadRequest, "InvalidNextToken", "The specified token is not valid."}
	}
	answer[l.rows] = append([]any{}, rows[from:to]...)
	if next != "" {
		answer["NextToken"] = next
	}
	return nil
}

// fitsTrail reports whether an event is one that LookupEvents is asked for.
func fitsTrail(c *wireCall, r any) bool {
	row, _ := r.(map[string]any)
	start, _ := c.body["StartTime"].(json.Number)
	at, _ := row["EventTime"].(json.Number)
	if from, err := start.Float64(); err == nil {
		if when, err := at.Float64(); err != nil || when < from {
			return false
		}
	}
	attributes, _ := c.body["LookupAttributes"].([]any)
	for _, a := range attributes {
		attribute, _ := a.(map[string]any)
		switch key, value := attribute["AttributeKey"], attribute["AttributeValue"]; key {
		case "ResourceName":
			resources, _ := row["Resources"].([]any)
			if !slices.ContainsFunc(resources, func(r any) bool {
				resource, _ := r.(map[string]any)
				return resource["ResourceName"] == value
			}) {
				return false
			}
		default:
			if row[fmt.Sprint(key)] != value {
				return false
			}
		}
	}
	return true
}
