package redact

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// codes are what of a sentence says what went wrong and nothing about where.
var codes = regexp.MustCompile(`\b0x[0-9A-Fa-f]{2,8}\b|\b[A-Z][A-Za-z]+(?:Exception|Error|Denied|NotFound|NotConnected)\b|\bHTTP \d{3}\b`)

// sentence stands for what somebody wrote, whom the public must not know: only its
// error codes stay.
func (r *Redactor) sentence(s string) string {
	var kept []string
	for _, c := range codes.FindAllString(s, -1) {
		if !slices.Contains(kept, c) {
			kept = append(kept, c)
		}
	}
	if len(kept) == 1 && strings.TrimSpace(s) == kept[0] {
		return s
	}
	t := r.token(Free, s)
	if len(kept) > 0 {
		t += " (" + strings.Join(kept, ", ") + ")"
	}
	return t
}

// piece is a part of a text; done says that nothing is looked for in it any more.
type piece struct {
	text string
	done bool
}

// sweep rewrites what is known, and what looks like a value, in a text.
func (r *Redactor) sweep(s string) string {
	if r.same[s] {
		return s
	}
	out := r.swept(s)
	if out == s {
		r.same[s] = true
	}
	return out
}

func (r *Redactor) swept(s string) string {
	if r.reader == Public {
		s = r.sentences(s)
	}
	pieces := r.sweepKnown(s)
	var b strings.Builder
	for _, p := range pieces {
		if p.done {
			b.WriteString(p.text)
			continue
		}
		b.WriteString(r.sweepShapes(p.text))
	}
	return b.String()
}

// sentences takes out of a text what services and people wrote.
func (r *Redactor) sentences(s string) string {
	cut := strings.TrimRight(strings.TrimSpace(s), ".…")
	for _, f := range r.free {
		if strings.Contains(s, f) {
			s = strings.ReplaceAll(s, f, r.sentence(f))
		} else if utf8.RuneCountInString(cut) >= 12 && strings.Contains(f, cut) {
			return r.sentence(s) // the beginning of one
		}
	}
	return s
}

func (r *Redactor) index() {
	r.starts = map[rune][]string{}
	for s, c := range r.known {
		if r.plain[s] {
			continue // a word of AWS's that somebody also uses as a name
		}
		if r.reader == Customer && c == Request {
			continue // a session id names its operator
		}
		first, _ := utf8.DecodeRuneInString(s)
		r.starts[first] = append(r.starts[first], s)
	}
	for _, list := range r.starts {
		slices.SortFunc(list, func(a, b string) int {
			if len(a) != len(b) {
				return len(b) - len(a)
			}
			return strings.Compare(a, b)
		})
	}
}

// sweepKnown finds the known values, in whatever case they are written, where they
// stand by themselves.
func (r *Redactor) sweepKnown(s string) []piece {
	if r.starts == nil {
		r.index()
	}
	var out []piece
	from, before := 0, rune(0)
	for i := 0; i < len(s); {
		c, n := utf8.DecodeRuneInString(s[i:])
		if !wordy(before) {
			if v, ok := r.knownAt(s[i:], unicode.ToLower(c)); ok {
				if i > from {
					out = append(out, piece{s[from:i], false})
				}
				out = append(out, piece{r.replaced(s[i : i+v]), true})
				before, _ = utf8.DecodeLastRuneInString(s[i : i+v])
				i += v
				from = i
				continue
			}
		}
		before = c
		i += n
	}
	return append(out, piece{s[from:], false})
}

func (r *Redactor) replaced(s string) string {
	return r.value(r.known[strings.ToLower(s)], s)
}

// knownAt returns the length of the longest known value at the beginning of s.
func (r *Redactor) knownAt(s string, first rune) (int, bool) {
	for _, v := range r.starts[first] {
		if len(v) > len(s) || !strings.EqualFold(s[:len(v)], v) {
			continue
		}
		after, _ := utf8.DecodeRuneInString(s[len(v):])
		last, _ := utf8.DecodeLastRuneInString(v)
		if !wordy(last) || !wordy(after) {
			return len(v), true
		}
	}
	return 0, false
}

// wordy says that two such characters beside each other are of one word. Japanese
// is written without spaces: a name ends where it ends.
func wordy(c rune) bool {
	return c < utf8.RuneSelf && (unicode.IsLetter(c) || unicode.IsDigit(c)) || c >= 0xc0 && c < 0x250
}

// sweepShapes finds what looks like a value.
func (r *Redactor) sweepShapes(s string) string {
	form := compiled().anywhere
	if r.reader == Customer {
		form = compiled().homes // everything else is the customer's own
	}
	if !strings.ContainsAny(s, marks) {
		return s
	}
	var b strings.Builder
	from := 0
	for _, m := range form.FindAllStringSubmatchIndex(s, -1) {
		if m[0] < from {
			continue
		}
		found := s[m[0]:m[1]]
		shape := shapeOf(form, m)
		c := classify(shape, found)
		if shape == "login" && (m[0] > 0 && s[m[0]-1] == '\\' || m[1] < len(s) && s[m[1]] == '\\') {
			c = "" // two steps of a path
		}
		b.WriteString(s[from:m[0]])
		from = m[1]
		switch c {
		case ARN:
			b.WriteString(r.arn(ARN, found))
		case Unit, Domain:
			if shape == "rdn" {
				name, value, _ := strings.Cut(found, "=")
				b.WriteString(name + "=" + r.value(c, value))
				continue
			}
			b.WriteString(r.value(c, found))
		case Path:
			b.WriteString(r.home(found))
		default:
			b.WriteString(r.value(c, found))
		}
	}
	b.WriteString(s[from:])
	return b.String()
}

// home rewrites a path below somebody's home folder. Unix ones are of the operator's
// machine, Windows ones of the instance.
func (r *Redactor) home(s string) string {
	if s[0] == '/' {
		return r.value(Path, s)
	}
	return r.value(User, s)
}
