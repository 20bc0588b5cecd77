package cloud

import (
	"context"
	"encoding/base64"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/japanese"

	"github.com/monshin/monshin/diagnose/estate"
)

// started is what EC2Launch v2 writes at a first start.
const started = "2026/11/12 02:12:03Z: Windows is being configured. SysprepState=IMAGE_STATE_UNDEPLOYABLE\r\n" +
	"2026/11/12 02:13:00Z: Windows sysprep configuration complete.\r\n" +
	"2026/11/12 02:13:05Z: Message: Waiting for meta-data accessibility...\r\n" +
	"2026/11/12 02:13:06Z: Message: Meta-data is now available.\r\n" +
	"2026/11/12 02:13:07Z: AMI Origin Name: Windows_Server-2022-Japanese-Full-Base\r\n" +
	"2026/11/12 02:13:07Z: OsProductName: Windows Server 2022 Datacenter\r\n" +
	"2026/11/12 02:13:07Z: Language: ja-JP\r\n" +
	"2026/11/12 02:13:07Z: TimeZone: 東京 (標準時)\r\n" +
	"2026/11/12 02:13:08Z: Launch: EC2 Launch v2.3.76\r\n" +
	"2026/11/12 02:13:08Z: SSM: Amazon SSM Agent v3.3.3050.0\r\n" +
	"2026/11/12 02:13:10Z: RDPCERTIFICATE-THUMBPRINT: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b\r\n" +
	"2026/11/12 02:13:12Z: Username: Administrator\r\n" +
	"2026/11/12 02:13:12Z: Password: <Password>\r\nc2VjcmV0LWNpcGhlcnRleHQ=\r\n</Password>\r\n" +
	"2026/11/12 02:13:20Z: Message: Windows is Ready to use\r\n"

func TestConsoleMarkers(t *testing.T) {
	whole := estate.Console{
		LaunchAgent: "EC2 Launch v2.3.76", AgentVersion: "3.3.3050.0", Thumbprint: "9F86D081884C7D659A2FEAA0C55AD015A3BF4F1B",
		Ready: true, Password: true, OSName: "Windows Server 2022 Datacenter", Language: "ja-JP", TimeZone: "東京 (標準時)",
	}
	shifted, err := japanese.ShiftJIS.NewEncoder().String(started)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		raw  string
		want estate.Console
	}{
		"UTF-8":                       {started, whole},
		"UTF-8 with its mark":         {"\ufeff" + started, whole},
		"UTF-16, little end first":    {"\xff\xfe" + utf16Text(started, 0), whole},
		"UTF-16, big end first":       {"\xfe\xff" + utf16Text(started, 1), whole},
		"UTF-16 without its mark":     {utf16Text(started, 0), whole},
		"UTF-16 big, without a mark":  {utf16Text(started, 1), whole},
		"code page 932":               {shifted, whole},
		"nothing":                     {"", estate.Console{Empty: true}},
		"white space":                 {"\r\n \r\n", estate.Console{Empty: true}},
		"stopped in setup":            {"2026/11/12 02:12:03Z: Windows is being configured. SysprepState=IMAGE_STATE_UNDEPLOYABLE\n", estate.Console{Sysprep: "IMAGE_STATE_UNDEPLOYABLE"}},
		"waiting for metadata":        {"2026/11/12 02:13:05Z: Message: Waiting for meta-data accessibility...\n", estate.Console{Waiting: true}},
		"a terminal escape in a name": {"OsProductName: \x1b]0;x\x07Windows\n", estate.Console{OSName: "]0;x Windows"}},
		"a version that is none":      {"SSM: Amazon SSM Agent vX\nRDPCERTIFICATE-THUMBPRINT: none\n", estate.Console{}},
		"an older name of the line":   {"Launch agent: EC2Launch v1.3.2005119\n", estate.Console{LaunchAgent: "EC2Launch v1.3.2005119"}},
	} {
		if d := cmp.Diff(c.want, consoleOf([]byte(c.raw))); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}

func utf16Text(s string, low int) string {
	var b strings.Builder
	for _, u := range utf16.Encode([]rune(s)) {
		pair := [2]byte{}
		pair[low], pair[1-low] = byte(u), byte(u>>8)
		b.Write(pair[:])
	}
	return b.String()
}

func FuzzConsole(f *testing.F) {
	f.Add([]byte(started))
	f.Add([]byte("\xff\xfe" + utf16Text(started, 0)))
	f.Add([]byte("\x83e\x83X\x83g"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		c := consoleOf(raw)
		for _, s := range []string{c.LaunchAgent, c.AgentVersion, c.Thumbprint, c.Sysprep, c.OSName, c.Language, c.TimeZone} {
			if s != clean(s, 200) {
				t.Errorf("%q would reach a terminal", s)
			}
		}
	})
}

// The text is not kept, and where the output as it is now cannot be had, the one
// that was posted is.
func TestConsoleOfTypesWithoutTheLatest(t *testing.T) {
	a := newAccount(t)
	a.answers["ec2:GetConsoleOutput"] = func(_ context.Context, in any) (any, error) {
		if aws.ToBool(in.(*ec2.GetConsoleOutputInput).Latest) {
			return nil, &smithy.GenericAPIError{Code: noLatest}
		}
		return &ec2.GetConsoleOutputOutput{Output: aws.String(base64.StdEncoding.EncodeToString([]byte(started))), Timestamp: aws.Time(asOf)}, nil
	}
	f, got := readOne(t, a.source(), estate.ConsolePart, "i-0123456789abcdef0")
	c, known := f.Get()
	if !known || !c.Ready || !c.Time.Equal(asOf) || got.Depth != 2 || a.count("ec2:GetConsoleOutput") != 2 {
		t.Errorf("%+v, depth %d, %d calls", c, got.Depth, a.count("ec2:GetConsoleOutput"))
	}
	text, err := estate.Encode(got.Part)
	if err != nil || strings.Contains(string(text), "c2VjcmV0") || strings.Contains(string(text), "Administrator") {
		t.Errorf("%s, %v", text, err)
	}
}

func TestConsoleOfNoInstance(t *testing.T) {
	a := newAccount(t)
	a.fail("ec2:GetConsoleOutput", noInstance)
	if f, _ := readOne(t, a.source(), estate.ConsolePart, "i-0123456789abcdef0"); !f.IsAbsent() {
		t.Errorf("%s", f.State())
	}
	a.answer("ec2:GetConsoleOutput", &ec2.GetConsoleOutputOutput{Output: aws.String("%%%")})
	if f, _ := readOne(t, a.source(), estate.ConsolePart, "i-0123456789abcdef0"); !f.IsUnknown() {
		t.Errorf("what is no base64 is %s", f.State())
	}
}
