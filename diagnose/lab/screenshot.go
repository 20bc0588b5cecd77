package lab

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/color"
	"image/jpeg"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
)

// The size of the pictures: small, as nobody looks at them for their beauty.
const screenWidth, screenHeight = 128, 72

// getConsoleScreenshot draws what stands on the screen: the lock screen, or the blue
// of a Windows whose setup or start goes on. Of what does not run there is none.
func getConsoleScreenshot(w *World, _ *request, in *ec2.GetConsoleScreenshotInput) (*ec2.GetConsoleScreenshotOutput, error) {
	if err := w.checkInstanceIDs([]string{aws.ToString(in.InstanceId)}); err != nil {
		return nil, err
	}
	i := w.Instances[*in.InstanceId]
	if !i.Terminated.IsZero() {
		return &ec2.GetConsoleScreenshotOutput{InstanceId: aws.String(i.ID)}, nil
	}
	ready := i.Windows != nil && i.Windows.ImageState == "IMAGE_STATE_COMPLETE" && !i.MetadataOff
	picture := image.NewRGBA(image.Rect(0, 0, screenWidth, screenHeight))
	for y := range screenHeight {
		for x := range screenWidth {
			shade := color.RGBA{B: 0xaa, A: 0xff}
			// The lock screen: dark, with a clock in its lower left.
			if clock := x > 8 && x < 48 && y > 48 && y < 60; ready && clock {
				shade = color.RGBA{R: 0xee, G: 0xee, B: 0xee, A: 0xff}
			} else if ready {
				shade = color.RGBA{R: 0x20, G: uint8(0x28 + y/4), B: 0x40, A: 0xff}
			}
			picture.Set(x, y, shade)
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, picture, &jpeg.Options{Quality: 60}); err != nil {
		return nil, err
	}
	return &ec2.GetConsoleScreenshotOutput{InstanceId: aws.String(i.ID), ImageData: aws.String(base64.StdEncoding.EncodeToString(b.Bytes()))}, nil
}
