package main

import (
	"os"
	"strings"
	"testing"
)

// A picture of the console is in the record, and nowhere else: reports say that it was
// taken and when. Where Windows answers none is taken.
func TestThePictureIsKeptInTheRecordOnly(t *testing.T) {
	const jpeg = "/9j/" // how a JPEG begins in base64
	_, file := recordWalk(t, t.TempDir(), "agent-stopped")
	kept, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(kept), `"jpeg":"`+jpeg); n != 1 {
		t.Errorf("the record holds %d pictures", n)
	}
	for _, from := range [][]string{{"--lab", "agent-stopped"}, {"--recording", file}} {
		for _, format := range []string{"text", "markdown", "json"} {
			_, out, errs := invoke(t, append([]string{"check", "-o", format, "--lang", "en"}, from...)...)
			if !strings.Contains(out, "instance.screen") && format == "json" || !strings.Contains(strings.Join(strings.Fields(out), " "), "taken at 2026-11-21") {
				t.Errorf("%v as %s does not say that there is a picture", from, format)
			}
			if strings.Contains(out+errs, jpeg) {
				t.Errorf("%v as %s shows the picture", from, format)
			}
		}
	}
	_, out, _ := invoke(t, "check", "--lab", "no-endpoint", "--symptom", "not-in-systems-manager", "-o", "json")
	if strings.Contains(out, "ec2:GetConsoleScreenshot\":") {
		t.Error("a picture was taken of a Windows that answers")
	}
	_, out, _ = invoke(t, "check", "--lab", "clone-not-the-cause", "--symptom", "rdp-no-screen", "-o", "json")
	if !strings.Contains(out, "ec2:GetConsoleScreenshot\": 1") {
		t.Error("no picture was taken where RDP does not connect")
	}
}
