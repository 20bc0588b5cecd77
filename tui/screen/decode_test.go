package screen_test

import (
	"testing"

	"golang.org/x/text/encoding/japanese"
	"pgregory.net/rapid"

	"github.com/monshin/monshin/tui/screen"
)

func shiftJIS(t interface{ Fatal(...any) }, s string) []byte {
	b, err := japanese.ShiftJIS.NewEncoder().Bytes([]byte(s))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestCodePage932 writes Japanese of a console in code page 932, cut anywhere.
func TestCodePage932(t *testing.T) {
	// ソ and 表 end in the byte of a backslash, 〜 and ① are Microsoft's own.
	const text = "ソ表 能力 ｶﾞｷﾞ ①～ \\ end"
	b := append([]byte("\x1b[32m"), shiftJIS(t, text)...)
	for at := range b {
		s := screen.New(screen.Options{Width: 60, Height: 1, Charset: screen.CP932})
		s.Write(b[:at])
		s.Write(b[at:])
		if _, on := rows(s); on[0] != text {
			t.Fatalf("cut at %d: %q", at, on[0])
		}
		if s.Cells()[0][0].Style.Fg != screen.Index(2) {
			t.Fatalf("cut at %d: the colour is lost", at)
		}
	}
}

func TestCodePage932DoesNotSwallowWhatFollows(t *testing.T) {
	s := screen.New(screen.Options{Width: 60, Height: 2, Charset: screen.CP932})
	s.Write([]byte("a\x81\x1b[31mb\x82\r\nc"))
	if _, on := rows(s); len(on) != 2 || on[0] != "a\ufffdb\ufffd" || on[1] != "c" {
		t.Errorf("%q", on)
	}
}

func TestSuspect(t *testing.T) {
	sjis := string(shiftJIS(t, "コンピューター名"))
	tests := []struct {
		name string
		in   []string
		set  screen.Charset
		want bool
	}{
		{"nothing", nil, screen.UTF8, false},
		{"English", []string{"hello\r\n"}, screen.UTF8, false},
		{"Japanese in UTF-8", []string{"コンピューター名 ｶﾞ 漢字\r\n"}, screen.UTF8, false},
		{"UTF-8 cut in pieces", []string{"\xe3", "\x82\xb3\xe3\x83", "\xb3"}, screen.UTF8, false},
		{"code page 932", []string{sjis}, screen.UTF8, true},
		{"cut inside of a pair", []string{sjis[:1], sjis[1:3], sjis[3:]}, screen.UTF8, true},
		{"a stray byte", []string{"a\xffb\x80c"}, screen.UTF8, false},
		{"one pair is no proof", []string{sjis[:2]}, screen.UTF8, false},
		{"mostly UTF-8", []string{"これは日本語の文章です", sjis[:6]}, screen.UTF8, false},
		{"read as what it is", []string{sjis}, screen.CP932, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := screen.New(screen.Options{Width: 40, Height: 2, Charset: tt.set})
			for _, p := range tt.in {
				s.Write([]byte(p))
			}
			if got := s.Suspect(); got != tt.want {
				t.Errorf("suspect: %v", got)
			}
		})
	}
	s := screen.New(screen.Options{Width: 40, Height: 2})
	s.Write([]byte(sjis))
	s.SetCharset(screen.CP932)
	if s.Suspect() {
		t.Error("still suspect after the change")
	}
	s.Write([]byte("\r\n" + sjis))
	if _, on := rows(s); on[1] != "コンピューター名" {
		t.Errorf("%q", on)
	}
}

// TestAnyCutOfAnyText compares a stream in one write with the same cut anywhere.
func TestAnyCutOfAnyText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOfN(rapid.SampledFrom(hostile), 1, 12).Draw(t, "parts")
		o := screen.Options{Width: rapid.IntRange(2, 12).Draw(t, "w"), Height: rapid.IntRange(1, 5).Draw(t, "h"), Scrollback: 5,
			Charset: screen.Charset(rapid.IntRange(0, 1).Draw(t, "charset"))}
		once, cut := screen.New(o), screen.New(o)
		var all []byte
		for _, p := range parts {
			all = append(all, p...)
		}
		once.Write(all)
		for len(all) > 0 {
			n := rapid.IntRange(1, min(len(all), 20000)).Draw(t, "n")
			cut.Write(all[:n])
			all = all[n:]
		}
		same(t, once, cut)
	})
}
