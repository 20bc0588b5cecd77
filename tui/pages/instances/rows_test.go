package instances

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/monshin/monshin/diagnose/estate"
)

func TestParseID(t *testing.T) {
	tests := []struct {
		in, want string
		ok       bool
	}{
		{"i-0abc123def4567890", "i-0abc123def4567890", true},
		{" I-0ABC123DEF4567890\n", "i-0abc123def4567890", true},
		{"ｉ－０ａｂｃ１２３４", "i-0abc1234", true},
		{"i-1234567", "i-1234567", false},
		{"i-123456789", "i-123456789", false},
		{"i-0abc123def456789g", "i-0abc123def456789g", false},
		{"mi-0abc123def4567890", "mi-0abc123def4567890", false},
		{"", "", false},
		{"i-0abc1234 i-0abc1234", "i-0abc1234 i-0abc1234", false},
	}
	for _, tt := range tests {
		if got, ok := ParseID(tt.in); got != tt.want || ok != tt.ok {
			t.Errorf("%q is %q, %t", tt.in, got, ok)
		}
	}
}

func TestRows(t *testing.T) {
	died := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	var r rows
	r.add([]estate.Listed{{ID: "i-2", Name: "web", State: "running", PrivateIP: "10.0.0.2"}, {ID: "i-1", State: "running"}, {ID: "i-3", Name: "ＡＰ"}})
	r.add([]estate.Listed{{ID: "i-2", State: "terminated", Terminated: died}, {ID: "i-0", Name: "db"}})
	var got []string
	for _, row := range r.all {
		got = append(got, row.ID)
	}
	if d := cmp.Diff([]string{"i-3", "i-0", "i-2", "i-1"}, got); d != "" {
		t.Errorf("the order is wrong:\n%s", d)
	}
	want := estate.Listed{ID: "i-2", Name: "web", State: "terminated", PrivateIP: "10.0.0.2", Terminated: died}
	if d := cmp.Diff(want, r.all[2].Listed); d != "" {
		t.Errorf("the row was not completed:\n%s", d)
	}
	for q, want := range map[string][]string{
		"": {"i-3", "i-0", "i-2", "i-1"}, "WEB": {"i-2"}, "ap": {"i-3"}, "10.0 web": {"i-2"}, "i-": {"i-3", "i-0", "i-2", "i-1"}, "nothing": nil,
	} {
		var ids []string
		for _, i := range r.filter(q, nil) {
			ids = append(ids, r.all[i].ID)
		}
		if d := cmp.Diff(want, ids); d != "" {
			t.Errorf("filter %q:\n%s", q, d)
		}
	}
}
