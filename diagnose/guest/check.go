package guest

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"time"
	"unicode"
	"unicode/utf8"
)

// checker keeps the first thing that is not as a script prints it.
type checker struct{ err error }

func (c *checker) fail(field, format string, args ...any) {
	if c.err == nil {
		c.err = fmt.Errorf("%s: %s", field, fmt.Sprintf(format, args...))
	}
}

// text checks a string of at most limit characters, without control characters. It
// is still untrusted: it can hold what confuses a reader.
func (c *checker) text(field, s string, limit int) {
	switch {
	case utf8.RuneCountInString(s) > limit:
		c.fail(field, "longer than %d characters", limit)
	case slices.ContainsFunc([]rune(s), unicode.IsControl):
		c.fail(field, "%.40q holds a control character", s)
	}
}

// name is text that has to be there.
func (c *checker) name(field, s string, limit int) {
	if s == "" {
		c.fail(field, "empty")
	}
	c.text(field, s, limit)
}

// like checks a string that is there against a form.
func (c *checker) like(field, s string, form *regexp.Regexp) {
	if s != "" && !form.MatchString(s) {
		c.fail(field, "%.60q is not of the form %s", s, form)
	}
}

// one checks that s is one of the words.
func (c *checker) one(field, s string, words ...string) {
	if !slices.Contains(words, s) {
		c.fail(field, "%.40q is none of %q", s, words)
	}
}

func (c *checker) within(field string, n, low, high int64) {
	if n < low || n > high {
		c.fail(field, "%d is not within %d and %d", n, low, high)
	}
}

// maybe is within for a number that may not be there.
func (c *checker) maybe(field string, n *int, low, high int64) {
	if n != nil {
		c.within(field, int64(*n), low, high)
	}
}

func (c *checker) most(field string, n, limit int) {
	if n > limit {
		c.fail(field, "%d entries, more than the %d that its script prints", n, limit)
	}
}

// time checks a time that may not be there, and turns it into UTC.
func (c *checker) time(field string, t *time.Time) {
	if t.IsZero() {
		return
	}
	if err := checkTime(*t); err != nil {
		c.fail(field, "%v", err)
	}
	*t = t.UTC()
}

// address checks an IP address that may not be there.
func (c *checker) address(field, s string) {
	if s == "" {
		return
	}
	if _, err := netip.ParseAddr(s); err != nil {
		c.fail(field, "%.60q is not an IP address", s)
	}
}

// checkTime refuses times that no Windows on EC2 can mean. Far futures stay: a clock
// that is wrong is a thing to find.
func checkTime(t time.Time) error {
	if y := t.UTC().Year(); y < 1980 || y > 2200 {
		return fmt.Errorf("%d is not a year that a Windows can mean", y)
	}
	return nil
}

var (
	guidForm    = regexp.MustCompile(`^[0-9A-Fa-f]{8}-([0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}$`)
	sidForm     = regexp.MustCompile(`^S-1-[0-9]{1,15}(-[0-9]{1,10}){1,15}$`)
	machineForm = regexp.MustCompile(`^S-1-5-21(-[0-9]{1,10}){3}$`)
	accountForm = regexp.MustCompile(`^S-1-5-21(-[0-9]{1,10}){4}$`)
	hexForm     = regexp.MustCompile(`^0x[0-9A-F]{8}$`)
	wordForm    = regexp.MustCompile(`^[A-Za-z0-9_]{1,64}$`)
	keyForm     = regexp.MustCompile(`^[A-Z0-9]{5}$`)
	probeForm   = regexp.MustCompile(`^(ok|timeout|err[0-9]{0,6})$`)
)

// The words of .NET's ServiceControllerStatus and ServiceStartMode.
var (
	serviceStatus = []string{"Running", "Stopped", "Paused", "StartPending", "StopPending", "ContinuePending", "PausePending", "Missing"}
	serviceStart  = []string{"", "Automatic", "Manual", "Disabled", "Boot", "System"}
)
