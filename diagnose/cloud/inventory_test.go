package cloud

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/google/go-cmp/cmp"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
)

func TestInventory(t *testing.T) {
	a := newAccount(t)
	a.answers["ssm:ListInventoryEntries"] = func(_ context.Context, in any) (any, error) {
		i := in.(*ssm.ListInventoryEntriesInput)
		out := &ssm.ListInventoryEntriesOutput{CaptureTime: aws.String("2026-11-21T05:00:00Z")}
		switch *i.TypeName {
		case "AWS:Network":
			out.Entries = []map[string]string{
				{"Name": "Ethernet", "Gateway": "10.0.0.1", "DNSServer": "10.0.0.2, 10.0.0.3"}, {"Gateway": "10.0.0.1", "DNSServer": ""},
			}
		case "AWS:Service":
			out.CaptureTime = aws.String("2026-11-21T04:30:00Z")
			if i.NextToken == nil {
				out.Entries, out.NextToken = []map[string]string{{"Name": "Spooler", "Status": "Running"}}, aws.String("more")
			} else {
				out.Entries = []map[string]string{{"Name": "AmazonSSMAgent", "Status": "Running\x1b[2J", "StartType": "Disabled"}}
			}
		case "AWS:WindowsUpdate":
			out.Entries = []map[string]string{{"HotFixId": "KB1", "InstalledTime": "2026-11-20T18:12:00Z"}, {"HotFixId": "KB2", "InstalledTime": "gestern"}, {}}
		}
		return out, nil
	}
	want := estate.Inventory{
		Captured: time.Date(2026, 11, 21, 4, 30, 0, 0, time.UTC), Gateways: []string{"10.0.0.1"}, DNS: []string{"10.0.0.2", "10.0.0.3"},
		Services: []estate.InventoryService{{Name: "AmazonSSMAgent", Status: "Running [2J", StartType: "Disabled"}},
		Updates:  []estate.InventoryUpdate{{HotFix: "KB1", Installed: time.Date(2026, 11, 20, 18, 12, 0, 0, time.UTC)}, {HotFix: "KB2"}},
	}
	f, _ := readOne(t, a.source(), estate.InventoryPart, "i-0123456789abcdef0")
	if d := cmp.Diff(want, f.Value()); d != "" || f.Origin().Source != fact.Inventory {
		t.Errorf("source %s (-want +got):\n%s", f.Origin().Source, d)
	}
}

// A server without inventory, or one that Systems Manager does not know, has none;
// a refusal is no such word.
func TestNoInventoryAndNoPatches(t *testing.T) {
	for code, want := range map[string]fact.State{"": fact.StateAbsent, noNode: fact.StateAbsent, "AccessDeniedException": fact.StateUnknown} {
		a := newAccount(t)
		if code != "" {
			a.fail("ssm:ListInventoryEntries", code)
			a.fail("ssm:DescribeInstancePatches", code)
		}
		i, _ := readOne(t, a.source(), estate.InventoryPart, "i-0123456789abcdef0")
		p, _ := readOne(t, a.source(), estate.PatchesPart, "i-0123456789abcdef0")
		if i.State() != want || p.State() != want {
			t.Errorf("%q: inventory %s, patches %s, want %s", code, i.State(), p.State(), want)
		}
	}
}

func TestPatches(t *testing.T) {
	a := newAccount(t)
	day := func(n int) *time.Time { return aws.Time(time.Date(2026, 11, n, 3, 0, 0, 0, time.UTC)) }
	a.answers["ssm:DescribeInstancePatches"] = func(_ context.Context, in any) (any, error) {
		i := in.(*ssm.DescribeInstancePatchesInput)
		if len(i.Filters) != 1 || *i.Filters[0].Key != "State" {
			return nil, fmt.Errorf("filters %v", i.Filters)
		}
		return &ssm.DescribeInstancePatchesOutput{Patches: []types.PatchComplianceData{
			{KBId: aws.String("KB1"), State: "Installed", Title: aws.String("old"), InstalledTime: day(2)},
			{KBId: aws.String("KB2"), State: "InstalledPendingReboot", Title: aws.String("new"), InstalledTime: day(20)},
		}}, nil
	}
	got := mustRead(t, a.source(), estate.PatchesPart, "i-0123456789abcdef0")
	if len(got) != 2 || got[0].KB != "KB2" || !got[0].Installed.Equal(*day(20)) {
		t.Errorf("%+v", got)
	}
}
