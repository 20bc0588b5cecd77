package policy

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestParse(t *testing.T) {
	got, err := Parse(`{
		"Version": "2012-10-17", "Id": "x",
		"Statement": [
			{"Sid": "a", "Effect": "Allow", "Action": "ssm:*", "Resource": ["*", "arn:aws:s3:::b"],
			 "Condition": {"Bool": {"aws:SecureTransport": true}, "NumericLessThan": {"k": [1, "2"]}}},
			{"Effect": "Deny", "NotAction": ["iam:*"], "NotResource": "*", "Principal": "*"},
			{"Effect": "Allow", "Action": "sts:AssumeRole", "NotPrincipal": {"Service": ["a", "b"], "AWS": "1"}}
		]}`)
	if err != nil {
		t.Fatal(err)
	}
	want := Document{Version: "2012-10-17", ID: "x", Statements: []Statement{
		{Sid: "a", Effect: Allow, Actions: []string{"ssm:*"}, Resources: []string{"*", "arn:aws:s3:::b"}, Conditions: []Condition{
			{Operator: "Bool", Key: "aws:SecureTransport", Values: []string{"true"}},
			{Operator: "NumericLessThan", Key: "k", Values: []string{"1", "2"}},
		}},
		{Effect: Deny, NotActions: []string{"iam:*"}, NotResources: []string{"*"}, Principals: []Principal{{"AWS", "*"}}},
		{Effect: Allow, Actions: []string{"sts:AssumeRole"}, NotPrincipals: []Principal{{"Service", "a"}, {"Service", "b"}, {"AWS", "1"}}},
	}}
	if d := cmp.Diff(want, got, cmpopts.IgnoreUnexported(Statement{})); d != "" {
		t.Error(d)
	}
}

func TestParseSaysWhatIsWrongAndWhere(t *testing.T) {
	tests := []struct {
		name, text string
		line, col  int
		says       string
	}{
		{"empty", "", 1, 1, "ends too early"},
		{"html", "<html>Internal error</html>", 1, 1, "not JSON"},
		{"list", "[]", 1, 1, "an object belongs here"},
		{"null", "null", 1, 1, "an object belongs here"},
		{"cut", `{"Statement": [`, 1, 16, "ends too early"},
		{"no statement", `{"Version": "2012-10-17"}`, 1, 1, "no Statement"},
		{"no statements", `{"Statement": []}`, 1, 15, "the list is empty"},
		{"version", `{"Version": "2020-01-01"}`, 1, 13, `"2020-01-01" is neither`},
		{"version type", `{"Version": 2012}`, 1, 13, "a string belongs here"},
		{"unknown element", `{"Statment": []}`, 1, 2, `called "Statment"`},
		{"trailing", `{"Statement": {"Effect":"Allow","Action":"*"}} x`, 1, 48, ""},
		{"second document", `{"Statement": {"Effect":"Allow","Action":"*"}} {}`, 1, 48, "follows the end"},
		{"statement type", `{"Statement": "Allow"}`, 1, 15, "a statement is an object"},
		{"effect", "{\"Statement\": [\n  {\"Effect\": \"Permit\"}]}", 2, 14, `Statement.0.Effect: "Permit" is neither Allow nor Deny`},
		{"no effect", `{"Statement": {"Action": "*"}}`, 1, 15, "has no Effect"},
		{"no action", `{"Statement": {"Effect": "Allow"}}`, 1, 15, "neither Action nor NotAction"},
		{"both actions", `{"Statement": {"Effect": "Deny", "Action": "*", "NotAction": "*"}}`, 1, 15, "both Action and NotAction"},
		{"both resources", `{"Statement": {"Effect": "Deny", "Action": "*", "Resource": "*", "NotResource": "*"}}`, 1, 15, "both Resource and NotResource"},
		{"twice", `{"Statement": {"Effect": "Deny", "Effect": "Allow"}}`, 1, 34, `has "Effect" twice`},
		{"lower case", `{"Statement": {"effect": "Deny"}}`, 1, 16, `called "effect"`},
		{"empty list", `{"Statement": {"Effect": "Deny", "Action": []}}`, 1, 44, "the list is empty"},
		{"number", `{"Statement": {"Effect": "Deny", "Action": ["a", 3]}}`, 1, 50, "Statement.Action.1: a string belongs here"},
		{"principal", `{"Statement": {"Effect": "Deny", "Action": "*", "Principal": "me"}}`, 1, 62, `"me" is no principal`},
		{"principal kind", `{"Statement": {"Effect": "Deny", "Action": "*", "Principal": {"Aws": "*"}}}`, 1, 63, `called "Aws"`},
		{"no principal", `{"Statement": {"Effect": "Deny", "Action": "*", "Principal": {}}}`, 1, 62, "names nobody"},
		{"condition", `{"Statement": {"Effect": "Deny", "Action": "*", "Condition": {"Bool": "x"}}}`, 1, 71, "an object belongs here"},
		{"condition value", `{"Statement": {"Effect": "Deny", "Action": "*", "Condition": {"Bool": {"k": null}}}}`, 1, 77, "belongs here"},
		{"utf-8", "{\"Id\": \"\xff\"}", 1, 9, "UTF-8"},
		{"japanese before", `{"Id": "方針", "X": 1}`, 1, 14, `called "X"`},
		{"bad escape", `{"Id": "\x"}`, 1, 8, "not JSON"},
		{"line break in a string", "{\"Id\": \"a\nb\"}", 1, 10, "control character"},
		{"no colon", `{"Id" "x"}`, 1, 7, "a colon belongs here"},
		{"no comma", `{"Id": "x" "Version": "y"}`, 1, 12, "a comma or }"},
		{"no name", `{"Id": "x", 1: 2}`, 1, 13, "a name belongs here"},
		{"open string", `{"Id": "x`, 1, 10, "ends too early"},
		{"not a number", `{"Id": 01}`, 1, 8, "not JSON"},
		{"huge", strings.Repeat(" ", MaxSize+1), 1, 1, "bytes"},
		{"deep", `{"Statement": ` + strings.Repeat("[", 100000), 1, 16, "a statement is an object"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse(tt.text)
			var e *SyntaxError
			if !errors.As(err, &e) {
				t.Fatalf("err = %v", err)
			}
			if e.Line != tt.line || e.Column != tt.col || !strings.Contains(e.Error(), tt.says) {
				t.Errorf("got %q, want line %d, column %d, %q", e, tt.line, tt.col, tt.says)
			}
		})
	}
}

// FuzzParse: no text makes Parse or an evaluation panic, and every error says where.
func FuzzParse(f *testing.F) {
	f.Add(managedCore)
	f.Add(`{"Version":"2012-10-17","Statement":{"Effect":"Deny","NotAction":"a?*","NotResource":["arn:aws:${aws:x, 'y'}*"],"NotPrincipal":{"AWS":"arn:aws:iam::1:root"},"Condition":{"ForAllValues:DateLessThanIfExists":{"aws:CurrentTime":["2026-01-01",1]},"Null":{"a":"true"}}}}`)
	f.Add(`{"Statement": [`)
	f.Fuzz(func(t *testing.T, text string) {
		d, err := Parse(text)
		if err != nil {
			var e *SyntaxError
			if !errors.As(err, &e) || e.Line < 1 || e.Column < 1 || e.What == "" {
				t.Fatalf("error without a place: %#v", err)
			}
			return
		}
		if !json.Valid([]byte(text)) {
			t.Fatal("took what is not JSON")
		}
		p := Policy{Document: d}
		q := Request{Action: "ssm:UpdateInstanceInformation", Resource: instanceARN,
			Who: Who{Role: roleARN, Session: "i-1", Account: "111122223333"}, Context: Context{"aws:x": {"v"}, "a": nil}}
		Identity(q, Set{Policies: []Policy{p}}, &Set{Policies: []Policy{p}})
		Trust(p, "ec2.amazonaws.com", "sts:AssumeRole", nil)
		Resource(p, q)
	})
}
