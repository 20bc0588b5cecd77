package guest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/monshin/monshin/diagnose/estate"
)

// ManyScript is the same as Script for many instances whose answers are read by list
// calls, which show 2,500 characters of each (domain.md §11): it prints the line that
// ReadLine reads. The text names no instance; the keys may be of any number of them.
func ManyScript(keys []estate.Key) (string, error) {
	r, err := RequestOfMany(keys)
	if err != nil {
		return "", err
	}
	return r.many(), nil
}

// RequestOfMany works out what has to be asked to answer the keys of several
// instances with one script.
func RequestOfMany(keys []estate.Key) (Request, error) {
	var as []estate.Key
	for _, k := range keys {
		if k, ok := ofAnybody(k); !ok {
			return Request{}, fmt.Errorf("part %s is not read inside Windows", k)
		} else if !slices.Contains(as, k) {
			as = append(as, k)
		}
	}
	return RequestFor(as)
}

// anybody stands for the instance where a script is for many.
const anybody = "i-00000000000000000"

// ofAnybody is the same question to nobody in particular.
func ofAnybody(k estate.Key) (estate.Key, bool) {
	if instanceOf(k) == "" {
		return k, false
	}
	if k.Kind != estate.GuestDNSPart.Name() {
		return estate.Key{Kind: k.Kind, ID: anybody}, true
	}
	q, err := estate.ParseGuestDNSQuery(k.ID)
	q.Instance = anybody
	return estate.GuestDNSPart.Key(q.String()), err == nil
}

func (r Request) many() string {
	var s strings.Builder
	s.WriteString(Prelude())
	s.WriteByte('\n')
	s.WriteString(text("ask-begin"))
	r.blocks(&s)
	s.WriteByte('\n')
	s.WriteString(text("pack"))
	s.WriteString(text("many-end"))
	s.WriteString("exit 0\n")
	return s.String()
}

// AskedOfMany reads back what a ManyScript asks, as Asked does of a Script.
func AskedOfMany(script string) (Request, error) {
	script = strings.ReplaceAll(script, "\r\n", "\n")
	plain := strings.Replace(script, "\n"+text("ask-begin"), "", 1)
	plain = strings.Replace(plain, "\n"+text("pack")+text("many-end"), "", 1)
	r, err := Asked(plain)
	if err != nil {
		return Request{}, err
	}
	if strings.TrimSpace(r.many()) != strings.TrimSpace(script) {
		return Request{}, fmt.Errorf("the script is not one that monshin composes")
	}
	return r, nil
}
