package cloud

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/monshin/monshin/diagnose/estate"
)

const (
	// inventoryPage and maxInventoryPages bound one inventory type: a Windows server
	// has some 250 services, and 500 leave room for what is installed on it.
	inventoryPage     = 50
	maxInventoryPages = 10
	// patchPage and maxPatchPages bound the patches; a server that is patched monthly
	// installs some dozens a year.
	patchPage     = 100
	maxPatchPages = 5
)

// inventoryServices are the services that monshin asks about, lower-case. Of a
// server's other services nothing is kept.
var inventoryServices = []string{
	"amazonssmagent", "termservice", "amazon ec2launch", "ec2launch", "ec2config", "netlogon", "w32time", "dnscache",
}

// patchStates are the states that say that a patch is on the server, or was tried;
// what is missing or does not apply is no witness of a change. Spelled as the filter
// wants them, which is not how the SDK's constants are spelled:
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DescribeInstancePatches.html
var patchStates = []string{"Installed", "InstalledOther", "InstalledPendingReboot", "Failed"}

// inventory reads what SSM Inventory holds of an instance: it was gathered by the
// agent some time ago, and also speaks for a server that is offline now. Captured
// is the oldest of the three types' times, so that nothing seems younger than it is.
func (s *Source) inventory(ctx context.Context, id string) (estate.Inventory, error) {
	var e estate.Inventory
	var at [3]time.Time
	err := parallel(
		func() (err error) {
			at[0], err = s.inventoryType(ctx, id, "AWS:Network", func(row map[string]string) {
				e.Gateways = addEach(e.Gateways, row["Gateway"])
				e.DNS = addEach(e.DNS, row["DNSServer"])
			})
			return err
		},
		func() (err error) {
			at[1], err = s.inventoryType(ctx, id, "AWS:Service", func(row map[string]string) {
				if name := clean(row["Name"], 64); slices.Contains(inventoryServices, strings.ToLower(name)) {
					e.Services = append(e.Services, estate.InventoryService{
						Name: name, Status: clean(row["Status"], 32), StartType: clean(row["StartType"], 32),
					})
				}
			})
			return err
		},
		func() (err error) {
			at[2], err = s.inventoryType(ctx, id, "AWS:WindowsUpdate", func(row map[string]string) {
				if fix := clean(row["HotFixId"], 32); fix != "" {
					e.Updates = append(e.Updates, estate.InventoryUpdate{HotFix: fix, Installed: isoTime(aws.String(row["InstalledTime"]))})
				}
			})
			return err
		},
	)
	if hasCode(err, noNode) {
		return estate.Inventory{}, errAbsent
	}
	if err != nil {
		return estate.Inventory{}, err
	}
	for _, t := range at {
		if !t.IsZero() && (e.Captured.IsZero() || t.Before(e.Captured)) {
			e.Captured = t
		}
	}
	if e.Captured.IsZero() && len(e.Gateways)+len(e.DNS)+len(e.Services)+len(e.Updates) == 0 {
		return estate.Inventory{}, errAbsent // inventory is not on for this server
	}
	return e, nil
}

// inventoryType reads the rows of one type, and returns when they were gathered.
func (s *Source) inventoryType(ctx context.Context, id, name string, row func(map[string]string)) (captured time.Time, err error) {
	read := 0
	err = pages(ctx, func(ctx context.Context, token *string) (*string, error) {
		out, err := s.ssm.ListInventoryEntries(ctx, &ssm.ListInventoryEntriesInput{
			InstanceId: aws.String(id), TypeName: aws.String(name), MaxResults: aws.Int32(inventoryPage), NextToken: token,
		})
		if err != nil {
			return nil, err
		}
		if t := isoTime(out.CaptureTime); !t.IsZero() {
			captured = t
		}
		for _, r := range out.Entries {
			row(r)
		}
		if read++; read >= maxInventoryPages {
			return nil, nil
		}
		return out.NextToken, nil
	})
	return captured, err
}

// addEach adds the addresses of a list as the inventory writes it, once each.
func addEach(list []string, text string) []string {
	for _, v := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ';' || r == ' ' }) {
		if v = clean(v, 64); v != "" && !slices.Contains(list, v) {
			list = append(list, v)
		}
	}
	return list
}

// patches reads what Patch Manager saw installed at its last scan, newest first. A
// server that was never scanned has none.
func (s *Source) patches(ctx context.Context, id string) ([]estate.Patch, error) {
	var e []estate.Patch
	read := 0
	err := pages(ctx, func(ctx context.Context, token *string) (*string, error) {
		out, err := s.ssm.DescribeInstancePatches(ctx, &ssm.DescribeInstancePatchesInput{
			InstanceId: aws.String(id), MaxResults: aws.Int32(patchPage), NextToken: token,
			Filters: []types.PatchOrchestratorFilter{{Key: aws.String("State"), Values: patchStates}},
		})
		if err != nil {
			return nil, err
		}
		for _, p := range out.Patches {
			e = append(e, estate.Patch{
				KB: clean(aws.ToString(p.KBId), 32), State: string(p.State), Title: clean(aws.ToString(p.Title), 200), Installed: utc(p.InstalledTime),
			})
		}
		if read++; read >= maxPatchPages {
			return nil, nil
		}
		return out.NextToken, nil
	})
	switch {
	case hasCode(err, noNode) || err == nil && len(e) == 0:
		return nil, errAbsent
	case err != nil:
		return nil, err
	}
	slices.SortStableFunc(e, func(a, b estate.Patch) int { return b.Installed.Compare(a.Installed) })
	return e, nil
}
