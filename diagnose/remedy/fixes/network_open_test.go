package fixes

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/policy"
)

func TestFreeNumber(t *testing.T) {
	entry := func(n int, allow bool, cidr string) estate.NetworkACLEntry {
		return estate.NetworkACLEntry{Number: n, Allow: allow, Protocol: "6", CIDR4: cidr, FromPort: 443, ToPort: 443}
	}
	want := entry(0, true, "10.0.1.0/24")
	for _, c := range []struct {
		name    string
		entries []estate.NetworkACLEntry
		number  int
		ok      bool
	}{
		{"none", nil, 100, true},
		{"the closing deny is no reason", []estate.NetworkACLEntry{entry(32767, false, "0.0.0.0/0")}, 100, true},
		{"after the last", []estate.NetworkACLEntry{entry(125, true, "10.9.0.0/16")}, 130, true},
		{"a deny of other addresses", []estate.NetworkACLEntry{entry(50, false, "192.0.2.0/24")}, 60, true},
		{"before the deny", []estate.NetworkACLEntry{entry(50, false, "10.0.0.0/8")}, 49, true},
		{"before the first of the denies, where free", []estate.NetworkACLEntry{entry(50, false, "10.0.0.0/8"), entry(49, true, "10.9.0.0/16"), entry(80, false, "0.0.0.0/0")}, 48, true},
		{"no room", []estate.NetworkACLEntry{entry(1, false, "0.0.0.0/0")}, 0, false},
		{"no room at the end", []estate.NetworkACLEntry{entry(32766, true, "192.0.2.0/24")}, 32765, true},
		{"the other direction has its own numbers", []estate.NetworkACLEntry{{Number: 100, Egress: true, Protocol: "-1", CIDR4: "0.0.0.0/0"}}, 100, true},
	} {
		if n, ok := freeNumber(estate.NetworkACL{Entries: c.entries}, want); n != c.number || ok != c.ok {
			t.Errorf("%s: %d %v, want %d %v", c.name, n, ok, c.number, c.ok)
		}
	}
}

// A statement that is added leaves every statement that was there, and is there.
func TestWithStatement(t *testing.T) {
	added := map[string]any{"Effect": "Allow", "Principal": "*", "Action": "ssm:*", "Resource": "*"}
	for _, document := range []string{
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}`,
		`{"Version":"2008-10-17","Id":"x","Statement":{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*"}}`,
		`{"Statement":[]}`,
	} {
		before, _ := policy.Parse(document)
		text, err := withStatement(document, added)
		if err != nil {
			t.Errorf("%s: %v", document, err)
			continue
		}
		after, err := policy.Parse(text)
		if err != nil || len(after.Statements) != len(before.Statements)+1 || after.Version != before.Version || after.ID != before.ID {
			t.Errorf("%s became %s (%v)", document, text, err)
		}
	}
	for _, document := range []string{``, `[]`, `{"Statement":[`, `{"Statement":[],"Other":1}`, `null`} {
		if text, err := withStatement(document, added); err == nil {
			t.Errorf("%q became %s", document, text)
		}
	}
}

func TestUserNames(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Draw(t, "name")
		if !accountName.MatchString(s) {
			return
		}
		for _, c := range `"/\[]:;|=,+*?<>@` + " \t\r\n" {
			for _, x := range s {
				if x == c {
					t.Fatalf("%q holds %q", s, c)
				}
			}
		}
	})
}
