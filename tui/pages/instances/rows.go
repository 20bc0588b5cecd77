package instances

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/lang"
)

// row is a listed instance with what the filter looks at.
type row struct {
	estate.Listed
	haystack string
}

// rows are the listed instances in the order of their names.
type rows struct {
	all   []row
	place map[string]int
}

// add takes a piece of the list. A row that was there already is completed.
func (r *rows) add(list []estate.Listed) {
	if r.place == nil {
		r.place = map[string]int{}
	}
	for _, n := range list {
		if i, twice := r.place[n.ID]; twice {
			n = complete(r.all[i].Listed, n)
			r.all[i] = row{n, fold(n.Name + " " + n.ID + " " + n.PrivateIP)}
			continue
		}
		r.place[n.ID] = len(r.all)
		r.all = append(r.all, row{n, fold(n.Name + " " + n.ID + " " + n.PrivateIP)})
	}
	slices.SortStableFunc(r.all, func(a, b row) int {
		return cmp.Or(cmp.Compare(late(a), late(b)), cmp.Compare(a.haystack, b.haystack))
	})
	for i, n := range r.all {
		r.place[n.ID] = i
	}
}

// late puts instances without a Name behind the others.
func late(r row) int {
	if r.Name == "" {
		return 1
	}
	return 0
}

func complete(old, n estate.Listed) estate.Listed {
	fill := func(dst *string, src string) {
		if *dst == "" {
			*dst = src
		}
	}
	fill(&n.Name, old.Name)
	fill(&n.State, old.State)
	fill(&n.Type, old.Type)
	fill(&n.Platform, old.Platform)
	fill(&n.PrivateIP, old.PrivateIP)
	if n.Launched.IsZero() {
		n.Launched = old.Launched
	}
	if n.Terminated.IsZero() {
		n.Terminated = old.Terminated
	}
	return n
}

// filter lists the places of the rows that hold every word of the query.
func (r *rows) filter(query string, into []int) []int {
	into = into[:0]
	words := strings.Fields(fold(query))
next:
	for i := range r.all {
		for _, w := range words {
			if !strings.Contains(r.all[i].haystack, w) {
				continue next
			}
		}
		into = append(into, i)
	}
	return into
}

// fold makes full-width and half-width, large and small letters equal.
func fold(s string) string { return strings.ToLower(norm.NFKC.String(s)) }

// instanceID is EC2's form: 17 hexadecimal digits, 8 for instances from before 2016.
func instanceID() *regexp.Regexp { return regexp.MustCompile(`^i-([0-9a-f]{8}|[0-9a-f]{17})$`) }

// ParseID reads what somebody typed or pasted as an instance id.
func ParseID(s string) (string, bool) {
	s = strings.TrimSpace(fold(s))
	return s, instanceID().MatchString(s)
}

// state names EC2's states as the console does; a word that is not known stays.
func state(s string) lang.Text {
	switch s {
	case "pending":
		return lang.Both("pending", "保留中")
	case "running":
		return lang.Both("running", "実行中")
	case "stopping":
		return lang.Both("stopping", "停止中")
	case "stopped":
		return lang.Both("stopped", "停止済み")
	case "shutting-down":
		return lang.Both("shutting-down", "終了処理中")
	case "terminated":
		return lang.Both("terminated", "終了 (terminated)")
	case "":
		return lang.Both("-", "-")
	}
	return lang.Same(s)
}
