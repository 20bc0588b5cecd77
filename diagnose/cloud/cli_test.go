package cloud

import (
	"os/exec"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/monshin/monshin/diagnose/estate"
)

func TestCommandLine(t *testing.T) {
	tests := []struct {
		arguments []argument
		want      string
	}{
		{nil, "aws ec2 x --region eu-west-1"},
		{[]argument{arg("--ids", "i-1", "i-2"), arg("--all")}, "aws ec2 x --ids i-1 i-2 --all --region eu-west-1"},
		{[]argument{arg("--filters", filter("vpc-id", "vpc-1"))}, "aws ec2 x --filters Name=vpc-id,Values=vpc-1 --region eu-west-1"},
		{[]argument{arg("--id", "a b'c; rm -rf $HOME")}, `aws ec2 x --id 'a b'\''c; rm -rf $HOME' --region eu-west-1`},
		{[]argument{arg("--id", "--endpoint-url")}, "aws ec2 x --id=--endpoint-url --region eu-west-1"},
		{[]argument{arg("--id", "a\x1b[31m\nb\x7f")}, "aws ec2 x --id 'a[31mb' --region eu-west-1"},
		{[]argument{arg("--id", "")}, "aws ec2 x --id '' --region eu-west-1"},
	}
	for _, tt := range tests {
		if got := commandLine("ec2 x", "eu-west-1", tt.arguments...); got != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
	}
}

// A shell takes the line apart into exactly the values that went in.
func TestCommandLineInAShell(t *testing.T) {
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("there is no POSIX shell here")
	}
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.StringOf(rapid.RuneFrom([]rune("ab-_ '\"\\$`!*?;&|<>(){}[]#~=%\x1b\n\t日"))).Draw(t, "value")
		line := commandLine("x", "r", arg("--id", value))
		out, err := exec.Command(shell, "-c", `aws() { printf '%s\n' "$@"; }; `+line).CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", line, err, out)
		}
		clean := printable(value)
		want := "x\n--id\n" + clean + "\n--region\nr\n"
		if strings.HasPrefix(clean, "-") {
			want = "x\n--id=" + clean + "\n--region\nr\n"
		}
		if string(out) != want {
			t.Fatalf("%s\ngave %q, want %q", line, out, want)
		}
	})
}

func TestCommandLinesOfParts(t *testing.T) {
	s := newAccount(t).source()
	for kind, want := range map[string]string{
		"instance":          "aws ec2 describe-instances --instance-ids i-0123456789abcdef0 --region ap-northeast-1",
		"trail":             "aws cloudtrail lookup-events --lookup-attributes AttributeKey=ResourceName,AttributeValue=i-0123456789abcdef0 --region ap-northeast-1",
		"nat-gateways":      "aws ec2 describe-nat-gateways --filter Name=vpc-id,Values=vpc-1 --region ap-northeast-1",
		"password":          "aws ec2 get-password-data --instance-id i-0123456789abcdef0 --query 'length(PasswordData)' --region ap-northeast-1",
		"neighbours":        "aws ec2 describe-instances --filters Name=vpc-id,Values=vpc-1 Name=instance-state-name,Values=running --region ap-northeast-1",
		"user-associations": "aws license-manager-user-subscriptions list-user-associations --instance-id i-0123456789abcdef0 --identity-provider 'ActiveDirectoryIdentityProvider={DirectoryId=d-9067f3da7a}' --region ap-northeast-1",
	} {
		if got := s.readers[kind].cli(ids[kind]); got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", kind, got, want)
		}
	}
	if q := (estate.TrailQuery{Attribute: "EventName", Value: "x", Since: asOf}); !strings.Contains(s.readers["trail"].cli(q.String()), "--start-time 2026-11-21T09:00:00Z") {
		t.Error(s.readers["trail"].cli(q.String()))
	}
}
