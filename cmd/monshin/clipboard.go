package main

import (
	"errors"
	"os/exec"
	"runtime"
	"strings"
	"unicode/utf16"
)

// nativeCopy finds the clipboard program of this desktop, nil where there is none.
// Over SSH the program's clipboard is the server's, which nobody pastes from.
func nativeCopy(getenv func(string) string) func(string) error {
	if getenv("SSH_TTY") != "" || getenv("SSH_CONNECTION") != "" {
		return nil
	}
	var options [][]string
	switch runtime.GOOS {
	case "darwin":
		options = [][]string{{"pbcopy"}}
	case "windows":
		options = [][]string{{"clip.exe"}}
	default:
		if getenv("WAYLAND_DISPLAY") != "" {
			options = append(options, []string{"wl-copy"})
		}
		if getenv("DISPLAY") != "" {
			options = append(options, []string{"xclip", "-selection", "clipboard"}, []string{"xsel", "-ib"})
		}
		if getenv("WSL_DISTRO_NAME") != "" {
			options = append(options, []string{"clip.exe"})
		}
	}
	for _, o := range options {
		path, err := exec.LookPath(o[0])
		if err != nil {
			continue
		}
		return func(text string) error {
			c := exec.Command(path, o[1:]...)
			c.Stdin = strings.NewReader(encodeFor(o[0], text))
			// pbcopy reads its input in the locale's encoding; without one, as ASCII.
			c.Env = append(c.Environ(), "LANG=en_US.UTF-8", "LC_CTYPE=UTF-8")
			if err := c.Run(); err != nil {
				return errors.New(o[0] + ": " + err.Error())
			}
			return nil
		}
	}
	return nil
}

// encodeFor gives clip.exe UTF-16 with a byte order mark, which is the only
// encoding it takes Japanese in whatever the console's code page is.
func encodeFor(program, text string) string {
	if program != "clip.exe" {
		return text
	}
	var b strings.Builder
	b.WriteString("\xff\xfe")
	for _, r := range text {
		for _, u := range utf16Of(r) {
			b.WriteByte(byte(u))
			b.WriteByte(byte(u >> 8))
		}
	}
	return b.String()
}

func utf16Of(r rune) []uint16 { return utf16.AppendRune(nil, r) }
