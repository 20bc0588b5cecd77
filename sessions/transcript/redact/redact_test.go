package redact_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/sessions/transcript/redact"
)

func TestValues(t *testing.T) {
	for _, tt := range []struct {
		reader redact.Reader
		class  redact.Class
		in     string
		want   string
	}{
		{redact.Public, redact.Account, "123456789012", "account-1"},
		{redact.Public, redact.Resource, "i-0123456789abcdef0", "instance-1"},
		{redact.Public, redact.Resource, "local", "local"},
		{redact.Public, redact.Name, "sg-0123456789abcdef0", "security-group-1"},
		{redact.Public, redact.Address, "10.1.2.3", "address-1"},
		{redact.Public, redact.Address, "203.0.113.9/32", "public-address-1"},
		{redact.Public, redact.Address, "10.1.2.3:53", "address-1:53"},
		{redact.Public, redact.Address, "0.0.0.0/0", "0.0.0.0/0"},
		{redact.Public, redact.Address, "169.254.169.253", "169.254.169.253"},
		{redact.Public, redact.Address, "AmazonProvidedDNS", "AmazonProvidedDNS"},
		{redact.Public, redact.Address, "10.0.0.0/8", "10.0.0.0/8"},
		{redact.Public, redact.Domain, "Corp.Example.Local.", "domain-1"},
		{redact.Public, redact.ARN, "arn:aws:iam::123456789012:role/service/app", "arn:aws:iam::account-1:role/role-1/role-2"},
		{redact.Public, redact.ARN, "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore", "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"},
		{redact.Support, redact.ARN, "arn:aws:sts::123456789012:assumed-role/ReadOnly/taro", "arn:aws:sts::123456789012:assumed-role/ReadOnly/user-1"},
		{redact.Public, redact.ARN, "arn:aws:sts::123456789012:assumed-role/AWSServiceRoleForX/session", "arn:aws:sts::account-1:assumed-role/AWSServiceRoleForX/session"},
		{redact.Customer, redact.Own, "arn:aws:sts::123456789012:assumed-role/ReadOnly/taro", "arn:aws:sts::123456789012:assumed-role/ReadOnly/operator-1"},
		{redact.Customer, redact.ARN, "arn:aws:sts::123456789012:assumed-role/ReadOnly/taro", "arn:aws:sts::123456789012:assumed-role/ReadOnly/taro"},
		{redact.Support, redact.Address, "10.1.2.3", "10.1.2.3"},
		{redact.Support, redact.Address, "203.0.113.9", "public-address-1"},
		{redact.Support, redact.Tag, "keiri", "tag-1"},
		{redact.Internal, redact.User, "hanako", "hanako"},
		{redact.Internal, redact.Free, "password=abc", "password=********"},
		{redact.Public, redact.At, "password:i-0123456789abcdef0", "password:instance-1"},
		{redact.Internal, redact.At, "password:i-0123456789abcdef0", "password:i-0123456789abcdef0"},
		{redact.Public, redact.Free, "The domain corp.example.local failed: 0x54B, AccessDeniedException", "text-1 (0x54B, AccessDeniedException)"},
		{redact.Public, redact.Free, "AccessDeniedException", "AccessDeniedException"},
		{redact.Public, redact.Plain, "running", "running"},
	} {
		if got := redact.New(tt.reader).Value(tt.class, tt.in); got != tt.want {
			t.Errorf("%s %s %q: %q, not %q", tt.reader, tt.class, tt.in, got, tt.want)
		}
	}
}

func TestSweep(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"i-0123456789abcdef0 in vpc-0a1b2c3d", "instance-1 in vpc-1"},
		{"インスタンスi-0123456789abcdef0は10.1.2.3です", "インスタンスinstance-1はaddress-1です"},
		{`user CORP\hanako signed in`, "user user-1 signed in"},
		{"mail hanako@corp.example.co.jp now", "mail user-1 now"},
		{"OU=Keiri,DC=corp,DC=local", "OU=ou-1,DC=domain-1,DC=local"},
		{"S-1-5-21-1111111111-2222222222-3333333333-1001 and S-1-5-18", "machine-1 and S-1-5-18"},
		{"request 1b2c3d4e-0000-4000-8000-000000000001", "request request-1"},
		{"account 123456789012, port 443, code 1460", "account account-1, port 443, code 1460"},
		{`C:\Users\hanako\Documents`, "user-1"},
		{`at C:\ProgramData\Amazon\SSM\_script.ps1:41`, `at C:\ProgramData\Amazon\SSM\_script.ps1:41`},
		{`NT AUTHORITY\SYSTEM`, `NT AUTHORITY\SYSTEM`},
		{`\\fileserver\share failed`, "host-1 failed"},
		{"ssm.ap-northeast-1.amazonaws.com resolves", "ssm.ap-northeast-1.amazonaws.com resolves"},
		{"vpce-0123456789abcdef0-abcdefgh.ssm.ap-northeast-1.vpce.amazonaws.com", "host-1"},
		{"dns.ad-domain-unresolvable@corp.example.local", "dns.ad-domain-unresolvable@domain-1"},
		{"3.3.1234.0 is the version; amazon-ssm-agent.exe", "3.3.1234.0 is the version; amazon-ssm-agent.exe"},
		{"fd00:ec2::253 and 2001:db8::1", "fd00:ec2::253 and public-address-1"},
		{"at 2026-11-21T17:00:03Z and 12:34:56", "at 2026-11-21T17:00:03Z and 12:34:56"},
	} {
		if got := redact.New(redact.Public).Value(redact.Sweep, tt.in); got != tt.want {
			t.Errorf("%q: %q, not %q", tt.in, got, tt.want)
		}
	}
}

// What a field gave away is found in sentences, in whatever case, and only whole.
func TestKnownValues(t *testing.T) {
	r := redact.New(redact.Public)
	r.Learn(redact.Host, "OFFICE-03")
	r.Learn(redact.User, `CORP\hanako`)
	r.Learn(redact.Tag, "経理部")
	r.Learn(redact.Tag, "running") // also a word of EC2's
	r.Learn(redact.Plain, "running")
	r.Learn(redact.Free, "something that somebody wrote about Sato")
	for in, want := range map[string]string{
		"office-03 is running": "host-1 is running",
		"OFFICE-033":           "OFFICE-033",
		"corp\\Hanako":         "domain-1\\user-1",
		"担当は経理部です":             "担当はtag-1です",
		"x: something that somebody wrote about Sato": "x: text-1",
		"something that somebody wro..":               "text-2",
	} {
		fresh := redact.New(redact.Public)
		fresh.Learn(redact.Host, "OFFICE-03")
		fresh.Learn(redact.User, `CORP\hanako`)
		fresh.Learn(redact.Tag, "経理部")
		fresh.Learn(redact.Tag, "running")
		fresh.Learn(redact.Plain, "running")
		fresh.Learn(redact.Free, "something that somebody wrote about Sato")
		want = strings.ReplaceAll(want, "text-2", "text-1")
		if got := fresh.Value(redact.Sweep, in); got != want {
			t.Errorf("%q: %q, not %q", in, got, want)
		}
	}
}

// Every field that the table names exists: a renamed one would fall to the default
// unseen. And every string of the estate that is not said to be harmless is replaced
// for the public.
func TestEveryFieldOfTheEstateIsClassed(t *testing.T) {
	known := redact.FieldNames()
	seen := map[string]bool{}
	var look func(reflect.Type)
	look = func(ty reflect.Type) {
		switch ty.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Map:
			look(ty.Elem())
		case reflect.Struct:
			if ty == reflect.TypeFor[time.Time]() || seen[ty.String()] {
				return
			}
			seen[ty.String()] = true
			for i := range ty.NumField() {
				f := ty.Field(i)
				seen[ty.String()+"."+f.Name] = true
				look(f.Type)
			}
		}
	}
	for _, k := range estate.Kinds() {
		p := k.Unknown("", fact.Why{Reason: fact.Denied})
		m, _ := reflect.TypeOf(p.Fact).MethodByName("Value")
		look(m.Type.Out(0))
	}
	for _, ty := range []reflect.Type{reflect.TypeFor[estate.Target](), reflect.TypeFor[estate.Key](), reflect.TypeFor[estate.Listed]()} {
		look(ty)
	}
	for name := range known {
		if strings.HasPrefix(name, "estate.") && !seen[name] {
			t.Errorf("the table names %s, which does not exist", name)
		}
	}
}

// A field of the estate that nobody classed is a name: it is replaced.
func TestUnclassedFieldsIdentify(t *testing.T) {
	d := struct{ E finding.Evidence }{finding.Evidence{At: "instance:i-0123456789abcdef0", Value: "Tanaka", Rule: lang.Both("for Tanaka", "Tanaka 向け")}}
	r := redact.New(redact.Public)
	r.LearnAll(estate.SecurityGroup{Name: "Tanaka"})
	got := redact.Copy(r, d)
	want := finding.Evidence{At: "instance:instance-1", Value: "name-1", Rule: lang.Both("for name-1", "name-1 向け")}
	if diff := cmp.Diff(want, got.E); diff != "" {
		t.Error(diff)
	}
	if d.E.Value != "Tanaka" {
		t.Error("the original was changed")
	}
}

// Whatever the text: what was learnt is not left in it, and nothing panics.
func TestNothingKnownIsLeft(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringMatching(`[A-Za-z][A-Za-z0-9]{4,9}Q`).Draw(t, "name")
		before := rapid.StringMatching(`[ -~あ-ん]{0,12}[ /:,("]`).Draw(t, "before")
		after := rapid.StringMatching(`[ /:,)".][ -~ア-ン]{0,12}`).Draw(t, "after")
		r := redact.New(redact.Public)
		r.Learn(redact.Host, name)
		got := r.Value(redact.Sweep, before+name+after)
		if strings.Contains(strings.ToLower(got), strings.ToLower(name)) && !strings.Contains(strings.ToLower(before+after), strings.ToLower(name)) {
			t.Errorf("%q is left in %q", name, got)
		}
	})
}

func FuzzValue(f *testing.F) {
	f.Add("arn:aws:iam::123456789012:role/x", "i-0123456789abcdef0")
	f.Add("::::", "-----BEGIN PRIVATE KEY-----")
	f.Fuzz(func(t *testing.T, known, text string) {
		for _, reader := range redact.Readers() {
			r := redact.New(reader)
			for _, c := range append(redact.Classes(), redact.Plain, redact.ARN, redact.Own, redact.Sweep, redact.At) {
				r.Learn(c, known)
				r.Value(c, text)
			}
			r.Report()
		}
	})
}
