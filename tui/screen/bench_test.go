package screen_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/charmbracelet/x/vt"

	"github.com/monshin/monshin/tui/screen"
)

// outputs are 20 MB (2 MB for what x/vt is to be compared with) of what shells print.
func outputs(size int) map[string][]byte {
	fill := func(line string) []byte {
		return bytes.Repeat([]byte(line), size/len(line)+1)[:size]
	}
	return map[string][]byte{
		"yes":      fill("y\r\n"),
		"columns":  fill(strings.Repeat("0123456789", 10) + "\r\n"),
		"japanese": fill("ライセンスの状態: ライセンスされています\r\n"),
		"colours":  fill("\x1b[32mok\x1b[m \x1b[38;2;1;2;3mname\x1b[m value\r\n"),
		// As the console of Windows draws: every row placed, its end erased.
		"placed": fill("\x1b[24;1H\x1b[93mName\x1b[m  Value\x1b[K\r\n"),
	}
}

// BenchmarkAtOnce is 20 MB that have piled up: what is passed over is.
func BenchmarkAtOnce(b *testing.B) {
	for name, out := range outputs(20 << 20) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(out)))
			for b.Loop() {
				s := screen.New(screen.Options{Width: 120, Height: 40})
				s.Write(out)
			}
		})
	}
}

// BenchmarkAsItComes is 20 MB in messages of 1 KB, as Session Manager sends them:
// every byte is drawn.
func BenchmarkAsItComes(b *testing.B) {
	for name, out := range outputs(20 << 20) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(out)))
			for b.Loop() {
				s := screen.New(screen.Options{Width: 120, Height: 40})
				for p := out; len(p) > 0; p = p[min(len(p), 1024):] {
					s.Write(p[:min(len(p), 1024)])
				}
			}
		})
	}
}

// BenchmarkPump is 20 MB through a Pump, from the first byte to the last on screen.
func BenchmarkPump(b *testing.B) {
	for name, out := range outputs(20 << 20) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(out)))
			for b.Loop() {
				p := screen.NewPump(screen.New(screen.Options{Width: 120, Height: 40}), nil)
				for q := out; len(q) > 0; q = q[min(len(q), 1024):] {
					p.Write(q[:min(len(q), 1024)])
				}
				p.Flush()
				p.Close()
			}
		})
	}
}

// BenchmarkXVT is the same through x/vt as it is, of which 256 KB are enough.
func BenchmarkXVT(b *testing.B) {
	for name, out := range outputs(256 << 10) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(out)))
			em := vt.NewEmulator(120, 40)
			defer em.Close()
			em.SetScrollbackSize(2000)
			for b.Loop() {
				em.Write(out)
			}
		})
	}
}

// BenchmarkPicture draws a full screen of Japanese and colours.
func BenchmarkPicture(b *testing.B) {
	for _, size := range [][2]int{{80, 24}, {200, 60}} {
		b.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(b *testing.B) {
			s := screen.New(screen.Options{Width: size[0], Height: size[1]})
			for range size[1] {
				s.Write([]byte("\r\n\x1b[32m" + strings.Repeat("状態ok ", size[0]/10) + "\x1b[m" + strings.Repeat("x", size[0]/3)))
			}
			for b.Loop() {
				s.Picture(screen.View{Width: size[0], Height: size[1]})
			}
		})
	}
}

// BenchmarkResize wraps two thousand rows anew.
func BenchmarkResize(b *testing.B) {
	s := screen.New(screen.Options{Width: 120, Height: 40})
	for range 3000 {
		s.Write([]byte(strings.Repeat("状態ok ", 15) + "\r\n"))
	}
	for n := 0; b.Loop(); n++ {
		s.Resize(100+n%2*20, 40)
	}
}
