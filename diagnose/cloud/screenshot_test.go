package cloud

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/color"
	"image/jpeg"
	"math/rand/v2"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/google/go-cmp/cmp"

	"github.com/monshin/monshin/diagnose/estate"
)

// picture is a JPEG of noise, which compresses badly.
func picture(t testing.TB, width, height int) []byte {
	t.Helper()
	p, r := image.NewGray(image.Rect(0, 0, width, height)), rand.New(rand.NewPCG(1, 2))
	for i := range p.Pix {
		p.Pix[i] = color.Gray{Y: uint8(r.UintN(256))}.Y
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, p, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestScreenshot(t *testing.T) {
	const id = "i-0123456789abcdef0"
	a := newAccount(t)
	small := picture(t, 64, 36)
	a.answer("ec2:GetConsoleScreenshot", &ec2.GetConsoleScreenshotOutput{ImageData: aws.String(base64.StdEncoding.EncodeToString(small) + "\n")})
	f, got := readOne(t, a.source(), estate.ScreenshotPart, id)
	want := estate.Screenshot{Taken: asOf, Width: 64, Height: 36, Size: len(small), JPEG: small}
	if diff := cmp.Diff(want, f.Value()); diff != "" || !f.IsKnown() {
		t.Errorf("%s: %s", f.State(), diff)
	}
	if in := a.sent["ec2:GetConsoleScreenshot"][0].(*ec2.GetConsoleScreenshotInput); in.WakeUp != nil {
		t.Error("the screen was woken, which presses a key")
	}
	// A record holds it and gives it back as it was.
	text, err := estate.Encode(got.Part)
	if err != nil {
		t.Fatal(err)
	}
	again, err := estate.Decode(got.Part.Key, text)
	if err != nil {
		t.Fatal(err)
	}
	e := estate.New(estate.Target{InstanceID: id}, asOf)
	e.Put(again)
	if diff := cmp.Diff(want, estate.ScreenshotPart.Of(estate.NewView(e), id).Value()); diff != "" {
		t.Errorf("what was recorded (-want +got):\n%s", diff)
	}

	large := picture(t, 800, 600)
	a = newAccount(t)
	a.answer("ec2:GetConsoleScreenshot", &ec2.GetConsoleScreenshotOutput{ImageData: aws.String(base64.StdEncoding.EncodeToString(large))})
	f, _ = readOne(t, a.source(), estate.ScreenshotPart, id)
	if s := f.Value(); !f.IsKnown() || len(s.JPEG) != 0 || s.Dropped == "" || s.Size != len(large) || s.Size <= maxScreenshot {
		t.Errorf("%s: %d bytes kept of %d, dropped %q", f.State(), len(s.JPEG), s.Size, s.Dropped)
	}

	a = newAccount(t)
	a.fail("ec2:GetConsoleScreenshot", noInstance)
	if f, _ = readOne(t, a.source(), estate.ScreenshotPart, id); !f.IsAbsent() {
		t.Errorf("of no instance: %s", f.State())
	}
}

// Whatever comes, it is a picture or unknown.
func FuzzScreenshot(f *testing.F) {
	f.Add("")
	f.Add("%%%")
	f.Add(base64.StdEncoding.EncodeToString([]byte("<html>")))
	f.Add(base64.StdEncoding.EncodeToString(picture(f, 8, 8)))
	f.Fuzz(func(t *testing.T, data string) {
		s, err := screenshotOf(data)
		if err == nil && (s.Width <= 0 || s.Height <= 0 || s.Size == 0 || (len(s.JPEG) == 0) != (s.Dropped != "")) {
			t.Errorf("%+v", s)
		}
		if err != nil && len(s.JPEG) > 0 {
			t.Error("kept all the same")
		}
	})
}
