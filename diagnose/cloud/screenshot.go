package cloud

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"image/jpeg"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/monshin/monshin/diagnose/estate"
)

// maxScreenshot is how large a picture is kept: EC2 scales them down to some tens of
// KiB, and a record with larger ones could no longer be sent by mail.
const maxScreenshot = 200 << 10

// errNoPicture says that what came is no picture of a screen.
var errNoPicture = errUnsupported{errors.New("the answer holds no JPEG picture")}

// screenshot takes a picture of the console, as it is: without WakeUp, which would
// press a key. It shows how far Windows came, or with what it stopped, without asking
// Windows. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_GetConsoleScreenshot.html
func (s *Source) screenshot(ctx context.Context, id string) (estate.Screenshot, error) {
	out, err := s.ec2.GetConsoleScreenshot(ctx, &ec2.GetConsoleScreenshotInput{InstanceId: aws.String(id)})
	if hasCode(err, noInstance) {
		return estate.Screenshot{}, errAbsent
	}
	if err != nil {
		return estate.Screenshot{}, err
	}
	if strings.TrimSpace(aws.ToString(out.ImageData)) == "" {
		return estate.Screenshot{}, errAbsent // of what has no screen now
	}
	e, err := screenshotOf(aws.ToString(out.ImageData))
	e.Taken = s.now().UTC()
	return e, err
}

// screenshotOf reads a picture in base64. Only its header is decoded: that it is one.
func screenshotOf(data string) (estate.Screenshot, error) {
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(data))
	if err != nil {
		return estate.Screenshot{}, errNoPicture
	}
	about, err := jpeg.DecodeConfig(bytes.NewReader(raw))
	if err != nil {
		return estate.Screenshot{}, errNoPicture
	}
	e := estate.Screenshot{Width: about.Width, Height: about.Height, Size: len(raw), JPEG: raw}
	if len(raw) > maxScreenshot {
		e.JPEG, e.Dropped = nil, fmt.Sprintf("larger than %d bytes", maxScreenshot)
	}
	return e, nil
}
