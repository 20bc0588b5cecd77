package guest

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/monshin/monshin/diagnose/estate"
)

// Request is what a script asks: which blocks, and for DNS which names.
type Request struct {
	Blocks []Block
	// Domains are AD domains, Names further host names (GuestDNSQuery).
	Domains, Names []string
}

// maxNames bounds the host names of one script: each name that does not answer costs
// Windows some seconds, and the script has to end within its execution time-out.
const maxNames = 16

// Script is one script for Run Command: the prelude, the blocks that answer the keys,
// and one final exit 0. The keys are touching parts of one instance. It refuses
// other keys, and names to resolve that are not host names.
func Script(keys []estate.Key) (string, error) {
	r, err := RequestFor(keys)
	if err != nil {
		return "", err
	}
	return r.script(), nil
}

// RequestFor works out what has to be asked to answer the keys.
func RequestFor(keys []estate.Key) (Request, error) {
	var r Request
	if len(keys) == 0 {
		return r, fmt.Errorf("no part was named for the script to read")
	}
	instance := ""
	for _, k := range keys {
		b, ok := BlockOf(k.Kind)
		if !ok {
			return Request{}, fmt.Errorf("part %s is not read inside Windows", k)
		}
		if b == DNS {
			q, err := estate.ParseGuestDNSQuery(k.ID)
			if err != nil {
				return Request{}, fmt.Errorf("part %s: %w", k, err)
			}
			if err := r.ask(q); err != nil {
				return Request{}, fmt.Errorf("part %s: %w", k, err)
			}
		}
		switch of := instanceOf(k); {
		case of == "":
			return Request{}, fmt.Errorf("part %s names no instance", k)
		case instance != "" && instance != of:
			return Request{}, fmt.Errorf("one script asks one instance, not both %s and %s", instance, of)
		default:
			instance = of
		}
		if !slices.Contains(r.Blocks, b) {
			r.Blocks = append(r.Blocks, b)
		}
	}
	order := Blocks()
	slices.SortFunc(r.Blocks, func(a, b Block) int { return slices.Index(order, a) - slices.Index(order, b) })
	return r, nil
}

func (r *Request) ask(q estate.GuestDNSQuery) error {
	if q.Domain != "" && !slices.Contains(r.Domains, q.Domain) {
		r.Domains = append(r.Domains, q.Domain)
	}
	for _, n := range q.Names {
		if !slices.Contains(r.Names, n) {
			r.Names = append(r.Names, n)
		}
	}
	for _, n := range slices.Concat(r.Domains, r.Names) {
		if err := hostName(n); err != nil {
			return err
		}
	}
	if n := len(r.Domains) + len(r.Names); n > maxNames {
		return fmt.Errorf("one script resolves at most %d names, not %d", maxNames, n)
	}
	return nil
}

// script composes the text.
func (r Request) script() string {
	var s strings.Builder
	s.WriteString(Prelude())
	r.blocks(&s)
	s.WriteString("exit 0\n")
	return s.String()
}

func (r Request) blocks(s *strings.Builder) {
	for _, b := range r.Blocks {
		s.WriteByte('\n')
		if b == DNS {
			fmt.Fprintf(s, "$domains = @(%s)\n$names = @(%s)\n", literals(r.Domains), literals(r.Names))
		}
		s.WriteString(Source(b))
	}
}

// literals writes host names as PowerShell strings. hostName has let only letters,
// digits, dots, hyphens and underscores through, so nothing needs quoting.
func literals(names []string) string {
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = "'" + n + "'"
	}
	return strings.Join(quoted, ", ")
}

var (
	label  = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?$`)
	digits = regexp.MustCompile(`^[0-9]+$`)
)

// hostName checks a name before it becomes part of a script.
func hostName(n string) error {
	if n == "" || len(n) > 253 {
		return fmt.Errorf("a host name has 1 to 253 characters, not %d", len(n))
	}
	labels := strings.Split(n, ".")
	for _, l := range labels {
		if !label.MatchString(l) {
			return fmt.Errorf("%q is not a host name: %q may hold letters, digits, hyphens and underscores only", n, l)
		}
	}
	if digits.MatchString(labels[len(labels)-1]) {
		return fmt.Errorf("%q is an address, not a host name", n)
	}
	return nil
}

var dnsLine = regexp.MustCompile(`(?m)^\$(domains|names) = @\(([A-Za-z0-9._', -]*)\)$`)

// Asked reads back what a script asks. It accepts only what Script composes,
// character for character, however the lines were joined on the way.
func Asked(script string) (Request, error) {
	script = strings.ReplaceAll(script, "\r\n", "\n")
	var r Request
	for _, b := range Blocks() {
		if strings.Contains(script, "\n"+Source(b)) {
			r.Blocks = append(r.Blocks, b)
		}
	}
	if slices.Contains(r.Blocks, DNS) {
		for _, m := range dnsLine.FindAllStringSubmatch(script, -1) {
			var names []string
			for _, n := range strings.Split(m[2], ", ") {
				if n = strings.Trim(n, "'"); n != "" {
					names = append(names, n)
				}
			}
			if m[1] == "domains" {
				r.Domains = names
			} else {
				r.Names = names
			}
		}
	}
	if len(r.Blocks) == 0 || strings.TrimSpace(r.script()) != strings.TrimSpace(script) {
		return Request{}, fmt.Errorf("the script is not one that monshin composes")
	}
	return r, nil
}
