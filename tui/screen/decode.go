package screen

import (
	"unicode/utf8"

	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/transform"
)

// Charset is how the bytes of the output are read.
type Charset uint8

// The character sets. Session Manager sends UTF-8, except where a program on a
// Japanese Windows writes past the console: then it is the console's code page.
const (
	UTF8 Charset = iota
	// CP932 is Microsoft's Shift_JIS (code page 932, WHATWG's "Shift_JIS").
	CP932
)

// decoder makes valid UTF-8 of what was sent, whatever it was.
type decoder struct {
	charset Charset
	held    []byte // the beginning of a character that goes on in the next write
	shift   transform.Transformer
	// in and out are memory that is used again and again.
	in, out []byte
	// japanese and valid count, while reading UTF-8, the pairs that are no UTF-8 but
	// code page 932, and the multi-byte characters that are UTF-8.
	japanese, valid int
}

func (d *decoder) set(c Charset) {
	d.charset, d.held, d.japanese, d.valid = c, d.held[:0], 0, 0
}

// suspect needs three pairs, since a single stray byte proves nothing, and more of
// them than of UTF-8.
func (d *decoder) suspect() bool {
	return d.charset == UTF8 && d.japanese >= 3 && d.japanese > d.valid
}

// decode returns text that is valid until the next call.
func (d *decoder) decode(p []byte) []byte {
	if len(d.held) == 0 && ascii(p) {
		return p
	}
	if len(d.held) > 0 {
		d.in = append(append(d.in[:0], d.held...), p...)
		p, d.held = d.in, d.held[:0]
	}
	d.out = d.out[:0]
	if d.charset == CP932 {
		return d.cp932(p)
	}
	for len(p) > 0 {
		if p[0] < utf8.RuneSelf {
			d.out = append(d.out, p[0])
			p = p[1:]
			continue
		}
		r, n := utf8.DecodeRune(p)
		if r == utf8.RuneError && n <= 1 {
			if !utf8.FullRune(p) {
				d.held = append(d.held, p...)
				break
			}
			if n = d.foreign(p); n == 1 && len(p) == 1 && lead(p[0]) {
				// It may be the first half of a pair: it is shown as unreadable
				// now or then, so it can wait for the count to be right.
				d.held = append(d.held, p...)
				break
			}
			for _, b := range p[:n] {
				if b < utf8.RuneSelf {
					d.out = append(d.out, b)
				} else {
					d.out = utf8.AppendRune(d.out, utf8.RuneError)
				}
			}
			p = p[n:]
			continue
		}
		d.valid++
		d.out = append(d.out, p[:n]...)
		p = p[n:]
	}
	return d.out
}

// foreign looks at bytes that are no UTF-8 and returns how many belong together.
func (d *decoder) foreign(p []byte) int {
	if len(p) < 2 || !lead(p[0]) || p[1] < 0x40 || p[1] == 0x7f || p[1] > 0xfc {
		return 1
	}
	var dst [8]byte
	n, _, err := japanese.ShiftJIS.NewDecoder().Transform(dst[:], p[:2], true)
	if err != nil || n == 0 {
		return 1
	}
	if r, size := utf8.DecodeRune(dst[:n]); r == utf8.RuneError || size != n {
		return 1
	}
	d.japanese++
	return 2
}

// lead says whether a byte begins a pair of code page 932.
func lead(b byte) bool { return b >= 0x81 && b <= 0x9f || b >= 0xe0 && b <= 0xfc }

func (d *decoder) cp932(p []byte) []byte {
	if d.shift == nil {
		d.shift = japanese.ShiftJIS.NewDecoder()
	}
	for len(p) > 0 {
		var buf [4096]byte
		n, m, err := d.shift.Transform(buf[:], p, false)
		d.out = append(d.out, buf[:n]...)
		p = p[m:]
		if err == transform.ErrShortSrc || m == 0 && n == 0 {
			d.held = append(d.held, p...)
			break
		}
	}
	return d.out
}

func ascii(p []byte) bool {
	for _, b := range p {
		if b >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
