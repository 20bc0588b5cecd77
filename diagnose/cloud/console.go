package cloud

import (
	"bytes"
	"context"
	"encoding/base64"
	"regexp"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"golang.org/x/text/encoding/japanese"

	"github.com/monshin/monshin/diagnose/estate"
)

// noLatest is what EC2 answers where the output cannot be had as it is now, which
// takes an instance on Nitro. What was posted after the last start is then there.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/troubleshoot-unreachable-instance.html
const noLatest = "UnsupportedOperation"

// console reads the markers that the launch agents write to the console (domain.md
// §9.2 [V:v2ts][V:msgs]). The text itself is dropped: it can hold a password.
func (s *Source) console(ctx context.Context, id string) (estate.Console, error) {
	out, err := s.ec2.GetConsoleOutput(ctx, &ec2.GetConsoleOutputInput{InstanceId: aws.String(id), Latest: aws.Bool(true)})
	if hasCode(err, noLatest) {
		out, err = s.ec2.GetConsoleOutput(deeper(ctx), &ec2.GetConsoleOutputInput{InstanceId: aws.String(id)})
	}
	if hasCode(err, noInstance) {
		return estate.Console{}, errAbsent
	}
	if err != nil {
		return estate.Console{}, err
	}
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(aws.ToString(out.Output)))
	if err != nil {
		return estate.Console{}, err
	}
	e := consoleOf(raw)
	e.Time = utc(out.Timestamp)
	return e, nil
}

var (
	sysprepState = regexp.MustCompile(`SysprepState=(IMAGE_STATE_[A-Z_]{1,64})`)
	agentVersion = regexp.MustCompile(`^Amazon SSM Agent v?([0-9][0-9.]{0,31})`)
	thumbprint   = regexp.MustCompile(`^[0-9A-Fa-f]{16,128}`)
	// stamped is how each line begins: "2026/11/12 02:12:07Z: ".
	stamped = regexp.MustCompile(`^\s*\d{4}/\d{2}/\d{2} \d{2}:\d{2}:\d{2}Z?:\s*`)
)

// consoleOf keeps what the markers in a console output say. Of several starts the
// last word counts.
func consoleOf(raw []byte) estate.Console {
	text := consoleText(raw)
	e := estate.Console{Empty: strings.TrimSpace(text) == ""}
	for line := range strings.Lines(text) {
		line = stamped.ReplaceAllString(strings.TrimRight(line, "\r\n"), "")
		if m := sysprepState.FindStringSubmatch(line); m != nil {
			e.Sysprep = m[1]
		}
		e.Password = e.Password || strings.Contains(strings.ToLower(line), "<password>")
		switch {
		case strings.HasPrefix(line, "Windows sysprep configuration complete"):
			e.Sysprep = ""
		case strings.Contains(line, "Waiting for meta-data accessibility"):
			e.Waiting = true
		case strings.Contains(line, "Meta-data is now available"):
			e.Waiting = false
		case strings.Contains(line, "Windows is Ready to use"):
			e.Ready, e.Waiting = true, false
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			continue
		}
		value = strings.TrimSpace(value)
		switch name {
		case "Launch", "Launch agent":
			e.LaunchAgent = clean(value, 64)
		case "SSM":
			if m := agentVersion.FindStringSubmatch(value); m != nil {
				e.AgentVersion = strings.TrimRight(m[1], ".")
			}
		case "RDPCERTIFICATE-THUMBPRINT":
			if m := thumbprint.FindString(value); m != "" {
				e.Thumbprint = strings.ToUpper(m)
			}
		case "OsProductName":
			e.OSName = clean(value, 96)
		case "Language":
			e.Language = clean(value, 32)
		case "TimeZone":
			e.TimeZone = clean(value, 96)
		}
	}
	return e
}

// consoleText reads an output in whatever encoding Windows wrote it: UTF-16 with or
// without its mark, UTF-8, or the Japanese code page 932. Bytes that fit none become
// U+FFFD; the markers are ASCII in all of them.
func consoleText(raw []byte) string {
	switch {
	case bytes.HasPrefix(raw, []byte{0xff, 0xfe}):
		return wide(raw[2:], 0)
	case bytes.HasPrefix(raw, []byte{0xfe, 0xff}):
		return wide(raw[2:], 1)
	case mostlyZero(raw, 1):
		return wide(raw, 0)
	case mostlyZero(raw, 0):
		return wide(raw, 1)
	case utf8.Valid(raw):
		return strings.TrimPrefix(string(raw), "\ufeff")
	}
	if text, err := japanese.ShiftJIS.NewDecoder().Bytes(raw); err == nil {
		return string(text)
	}
	return strings.ToValidUTF8(string(raw), "\ufffd")
}

// mostlyZero reports whether the even (0) or odd (1) bytes are zero as in the
// UTF-16 of a text that is mostly ASCII.
func mostlyZero(raw []byte, from int) bool {
	zero, other := 0, 0
	for i := range min(len(raw), 512) {
		switch {
		case raw[i] != 0:
			if i%2 == from {
				other++
			}
		case i%2 == from:
			zero++
		default:
			return false
		}
	}
	return zero > 8 && zero > other*4
}

// wide reads UTF-16; low is where the low byte of a pair stands.
func wide(raw []byte, low int) string {
	units := make([]uint16, 0, len(raw)/2)
	for i := 0; i+1 < len(raw); i += 2 {
		units = append(units, uint16(raw[i+low])|uint16(raw[i+1-low])<<8)
	}
	return string(utf16.Decode(units))
}
