package lab

import (
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

var (
	inventoryPaging = paging{min: 1, max: 50, normal: 50, badToken: "InvalidNextToken", badSize: "ValidationException"}
	patchPaging     = paging{min: 10, max: 100, normal: 50, badToken: "InvalidNextToken", badSize: "ValidationException"}
)

// listInventoryEntries is what the agent gathered of the Windows inside. It outlives
// the agent's connection, not the instance.
func listInventoryEntries(w *World, r *request, in *ssm.ListInventoryEntriesInput) (*ssm.ListInventoryEntriesOutput, error) {
	instance, name := aws.ToString(in.InstanceId), aws.ToString(in.TypeName)
	i := w.Instances[instance]
	if i == nil || !w.visible(i) {
		return nil, fail("InvalidInstanceId", "Instances [%s] not in a valid state for account %s", instance, w.Account)
	}
	out := &ssm.ListInventoryEntriesOutput{InstanceId: aws.String(instance), TypeName: aws.String(name), SchemaVersion: aws.String("1.0"), Entries: []map[string]string{}}
	var rows []map[string]string
	switch name {
	case "AWS:Network":
		rows = append(rows, map[string]string{"Name": "Amazon Elastic Network Adapter", "IPV4": i.IP, "Gateway": w.router(i.Subnet),
			"DNSServer": strings.Join(outside{w, i}.Servers(i.Windows.Lease.DNS), ","), "DHCPServer": w.router(i.Subnet), "SubnetMask": "255.255.255.0"})
	case "AWS:Service":
		for _, s := range i.Windows.Services() {
			rows = append(rows, map[string]string{"Name": s[0], "DisplayName": s[0], "Status": s[1], "StartType": s[2], "ServiceType": "Win32OwnProcess"})
		}
	case "AWS:WindowsUpdate":
		for _, u := range i.Windows.Updates {
			rows = append(rows, map[string]string{"HotFixId": u.KB, "Description": "Security Update", "InstalledTime": u.Installed.UTC().Format("2006-01-02T15:04:05Z"), "InstalledBy": "NT AUTHORITY\\SYSTEM"})
		}
	default:
		return nil, fail("InvalidTypeNameException", "lab: inventory of the type %s is not gathered here", name)
	}
	n := w.Nodes[instance]
	if n == nil || n.Captured.IsZero() {
		return out, nil // nothing was ever gathered
	}
	out.CaptureTime = aws.String(n.Captured.UTC().Format(time.RFC3339))
	rows, next, err := page(r, inventoryPaging, rows, in.NextToken, in.MaxResults)
	if rows != nil {
		out.Entries = rows
	}
	out.NextToken = next
	return out, err
}

// describeInstancePatches is what Patch Manager saw of the Windows inside.
func describeInstancePatches(w *World, r *request, in *ssm.DescribeInstancePatchesInput) (*ssm.DescribeInstancePatchesOutput, error) {
	instance := aws.ToString(in.InstanceId)
	i := w.Instances[instance]
	if i == nil || !w.visible(i) {
		return nil, fail("InvalidInstanceId", "Instances [%s] not in a valid state for account %s", instance, w.Account)
	}
	var all []types.PatchComplianceData
	if w.Nodes[instance] != nil {
		for _, u := range i.Windows.Updates {
			all = append(all, types.PatchComplianceData{KBId: aws.String(u.KB), Title: aws.String(u.Title), State: "Installed", Classification: aws.String("SecurityUpdates"),
				Severity: aws.String("Critical"), InstalledTime: aws.Time(u.Installed)})
		}
	}
	for _, f := range in.Filters {
		get := map[string]func(types.PatchComplianceData) string{
			"State": func(p types.PatchComplianceData) string { return string(p.State) },
			"KBId":  func(p types.PatchComplianceData) string { return aws.ToString(p.KBId) },
		}[aws.ToString(f.Key)]
		if get == nil {
			return nil, fail("InvalidFilter", "The filter key %s is not valid", aws.ToString(f.Key))
		}
		all = slices.DeleteFunc(all, func(p types.PatchComplianceData) bool { return !slices.Contains(f.Values, get(p)) })
	}
	rows, next, err := page(r, patchPaging, all, in.NextToken, in.MaxResults)
	return &ssm.DescribeInstancePatchesOutput{Patches: rows, NextToken: next}, err
}
