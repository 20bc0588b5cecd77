package cloud

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestMask(t *testing.T) {
	tests := []struct{ in, want string }{
		// What is a secret.
		{"<Password>\r\nabc==\r\n</Password>", "<Password>********</Password>"},
		{"x <AdministratorPassword>abc</AdministratorPassword> y", "x <AdministratorPassword>********</AdministratorPassword> y"},
		{"<Password>cut off", "<Password>********</Password>"},
		{"-Password hunter2 -Force", "-Password ******** -Force"},
		{`Add-X -AdminPassword "a b ""c"" d" -User u`, "Add-X -AdminPassword ******** -User u"},
		{"New-ADUser -AccountPassword 'it''s' -Name n", "New-ADUser -AccountPassword ******** -Name n"},
		{"setup.exe /password:hunter2", "setup.exe /password:********"},
		{`ConvertTo-SecureString "P@ss w0rd" -AsPlainText -Force`, "ConvertTo-SecureString ******** -AsPlainText -Force"},
		{`ConvertTo-SecureString -String hunter2 -AsPlainText`, "ConvertTo-SecureString -String ******** -AsPlainText"},
		{"net user admin hunter2 /add", "net user admin ******** /add"},
		{`net use Z: \\server\share hunter2 /user:x`, `net use Z: \\server\share ******** /user:x`},
		{`{"adminPassword":"hunter2","user":"u"}`, `{"adminPassword":********,"user":"u"}`},
		{`{"password" : "hun\"ter2", "b": 1}`, `{"password" : ********, "b": 1}`},
		{"DomainPassword=hunter2,x;y", "DomainPassword=********"},
		{"Password: hunter 2 with spaces\nnext", "Password: ********\nnext"},
		{"パスワード： ひみつ\n次", "パスワード： ********\n次"},
		{"aws_secret_access_key = wJalrXUtnFEMI/K7MDENG", "aws_secret_access_key = ********"},
		{"SecretAccessKey: wJalr", "SecretAccessKey: ********"},
		{"aws_session_token=FwoG//", "aws_session_token=********"},
		{"key AKIAIOSFODNN7EXAMPLE.", "key AKIA********MPLE."},
		{"Authorization: AWS4-HMAC-SHA256 Credential=x, Signature=y\nHost: z", "Authorization: ********\nHost: z"},
		{"curl -H 'x: Bearer abcdefgh.ijkl'", "curl -H 'x: Bearer ********'"},
		{"got eyJhbGciOi.eyJzdWIi.c2ln ok", "got ******** ok"},
		{"GET https://b.s3.amazonaws.com/k?X-Amz-Algorithm=A&X-Amz-Signature=abc 200", "GET https://b.s3.amazonaws.com/k?******** 200"},
		{"-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----\nz", "********\nz"},
		{"-----BEGIN PRIVATE KEY-----\nabc", "********"},
		{"key: VK7JG-NPHTM-C97JM-9MPGT-3V66T", "key: XXXXX-XXXXX-XXXXX-XXXXX-3V66T"},
		{"01000000d08c9ddf0115d1118c7a00c04fc297eb0100000abc", "********"},

		// What is evidence, and stays.
		{"Computer 'EC2AMAZ-1' failed to join domain 'corp.example.local': The specified domain either does not exist or could not be contacted.", ""},
		{"The user name or password is incorrect.", ""},
		{"Password expires             Never", ""},
		{"System.Management, Version=4.0.0.0, PublicKeyToken=31bf3856ad364e35", ""},
		{"PasswordNeverExpires : True", ""},
		{"https://example.com/a?b=c", ""},
		{"net user", ""}, {"net user admin /active:yes", ""},
		{"S-1-5-21-1004336348-1177238915-682003330-512", ""},
		{"i-0123456789abcdef0 vpc-0123456789abcdef0", ""},
		{"0d5a2b5e-55d5-4f3a-9c3b-2f6f7a1c9f10", ""},
	}
	for _, tt := range tests {
		want := tt.want
		if want == "" {
			want = tt.in
		}
		if got := Mask(tt.in); got != want {
			t.Errorf("Mask(%q)\n got %q\nwant %q", tt.in, got, want)
		}
	}
}

// Whatever the secret is, none of it is left where it stands in one of the forms.
func TestMaskedSecretsAreGone(t *testing.T) {
	forms := []string{
		"<Password>%</Password>", "-Password %", `-Password "%"`, "-Password '%'", "password=%", `"password": "%"`, "Password: %",
		`ConvertTo-SecureString "%" -AsPlainText`, "net user admin %", "Authorization: %",
	}
	rapid.Check(t, func(t *rapid.T) {
		secret := rapid.StringMatching(`[A-Za-z0-9!#$^&()+=,.;:]{6,20}`).Draw(t, "secret")
		form := rapid.SampledFrom(forms).Draw(t, "form")
		before := rapid.SampledFrom([]string{"", "text ", "line\n", "PS C:\\> "}).Draw(t, "before")
		after := rapid.SampledFrom([]string{"", "\nmore text", "\r\n"}).Draw(t, "after")
		got := Mask(before + strings.ReplaceAll(form, "%", secret) + after)
		if strings.Contains(got, secret) {
			t.Fatalf("%q is left in %q", secret, got)
		}
	})
}

func FuzzMask(f *testing.F) {
	for _, s := range []string{"-Password 'a", "<Password>", `"password":"`, "net user a b c", "https://x/?sig=a", "AKIAIOSFODNN7EXAMPLE", "パスワード：あ"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		once := Mask(s)
		if twice := Mask(once); twice != once {
			t.Errorf("masked again, %q becomes %q", once, twice)
		}
	})
}

// Ten thousand rules have ten thousand descriptions.
func BenchmarkMask(b *testing.B) {
	for b.Loop() {
		Mask("allow https from the office 10.0.0.0/8 (ticket OPS-1234)")
	}
}
