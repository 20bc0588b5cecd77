package windows

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// property is one value of an object.
type property struct{ name, value string }

// object is one object of a pipeline: its properties, in order.
type object []property

func (o object) get(name string) (string, bool) {
	for _, p := range o {
		if strings.EqualFold(p.name, name) {
			return p.value, true
		}
	}
	return "", false
}

// result is what a command gives: text, or objects with the view in which they are
// shown by themselves.
type result struct {
	text    string
	objects []object
	// columns are those of the view; list shows one property a line.
	columns []string
	list    bool
	shaped  bool // by a Format- cmdlet; no other may follow
}

// fit cuts a text to a number of cells and fills it up, on the left for numbers.
func fit(s string, to int, right bool) string {
	if textCells(s) > to {
		dots := "..."[:min(3, to)]
		var b strings.Builder
		n := 0
		for _, r := range s {
			if n+cells(r) > to-len(dots) {
				break
			}
			n += cells(r)
			b.WriteRune(r)
		}
		s = b.String() + dots
	}
	space := strings.Repeat(" ", max(0, to-textCells(s)))
	if right {
		return space + s
	}
	return s + space
}

// smallest is how narrow a column of a table gets before the last one is left out.
const smallest = 5

// table draws objects as Format-Table does: as wide as their values, narrower where the
// console is, without the last columns where that is not enough.
func table(objects []object, columns []string, cols int) string {
	if len(objects) == 0 {
		return ""
	}
	type column struct {
		name  string
		cells int
		right bool
	}
	var all []column
	for _, name := range columns {
		c := column{name: name, cells: textCells(name), right: true}
		for _, p := range objects[0] {
			if strings.EqualFold(p.name, name) {
				c.name = p.name
			}
		}
		for _, o := range objects {
			v, _ := o.get(name)
			c.cells = max(c.cells, textCells(v))
			if _, err := strconv.Atoi(v); err != nil {
				c.right = false
			}
		}
		all = append(all, c)
	}
	total := func() int {
		n := len(all) - 1
		for _, c := range all {
			n += c.cells
		}
		return n
	}
	for total() >= cols {
		widest := 0
		for n := range all {
			if all[n].cells > all[widest].cells {
				widest = n
			}
		}
		switch {
		case all[widest].cells > smallest:
			all[widest].cells--
			continue
		case len(all) > 1:
			all = all[:len(all)-1]
			continue
		}
		break
	}
	var b strings.Builder
	line := func(value func(column) string, right bool) {
		var cells []string
		for _, c := range all {
			cells = append(cells, fit(value(c), c.cells, right && c.right))
		}
		b.WriteString(strings.TrimRight(strings.Join(cells, " "), " ") + "\n")
	}
	b.WriteString("\n")
	line(func(c column) string { return c.name }, true)
	line(func(c column) string { return strings.Repeat("-", min(c.cells, textCells(c.name))) }, true)
	for _, o := range objects {
		line(func(c column) string { v, _ := o.get(c.name); return plainLine(v) }, true)
	}
	b.WriteString("\n\n")
	return b.String()
}

// list draws objects as Format-List does.
func list(objects []object, columns []string) string {
	var b strings.Builder
	for _, o := range objects {
		shown, longest := o, 0
		if columns != nil {
			shown = pick(o, columns)
		}
		for _, p := range shown {
			longest = max(longest, textCells(p.name))
		}
		b.WriteString("\n")
		for _, p := range shown {
			value := strings.ReplaceAll(plain(p.value), "\n", "\n"+strings.Repeat(" ", longest+3))
			b.WriteString(fit(p.name, longest, false) + " : " + value + "\n")
		}
	}
	if len(objects) > 0 {
		b.WriteString("\n\n")
	}
	return b.String()
}

func plainLine(s string) string { return strings.ReplaceAll(plain(s), "\n", " ") }

// pick takes some of an object's properties; one that it does not have is empty.
func pick(o object, columns []string) object {
	var out object
	for _, name := range columns {
		p := property{name: name}
		for _, have := range o {
			if strings.EqualFold(have.name, name) {
				p = have
			}
		}
		out = append(out, p)
	}
	return out
}

// draw shows a result as the console does at the end of a pipeline.
func (v result) draw(cols int) string {
	switch {
	case v.text != "" || len(v.objects) == 0:
		return v.text
	case v.list:
		return list(v.objects, v.columns)
	}
	return table(v.objects, v.columns, cols)
}

// selectionLimit is how many properties Select-Object shows as a table.
const selectionLimit = 4

// stage is one of the cmdlets that take objects from a pipeline.
func (r *run) stage(c command, in result) (out result, ok bool) {
	name := strings.ToLower(c[0].text)
	if name == "out-null" {
		return result{}, true
	}
	if name == "findstr" {
		return r.findstr(c, in)
	}
	if in.text != "" {
		return in, r.unknown(c[0].text)
	}
	if in.shaped {
		return in, r.unknown(c[0].text)
	}
	switch name {
	case "where-object", "where", "?":
		return r.where(c, in)
	case "select-object", "select":
		b, ok := r.bind(c, "Property 0", "First", "ExpandProperty")
		if !ok {
			return in, false
		}
		if n, err := strconv.Atoi(b.get("First")); b.has("First") {
			if err != nil || n < 0 {
				return in, r.beyond(c[0].text, "-First "+b.get("First"))
			}
			in.objects = in.objects[:min(n, len(in.objects))]
		}
		if b.has("ExpandProperty") {
			return result{text: values(in.objects, b.get("ExpandProperty"))}, true
		}
		if columns := b["Property"]; columns != nil {
			for n := range in.objects {
				in.objects[n] = pick(in.objects[n], columns)
			}
			in.columns, in.list = columns, len(columns) > selectionLimit
		}
		return in, true
	case "format-table", "ft":
		b, ok := r.bind(c, "Property 0", "AutoSize ?", "Wrap ?")
		if !ok {
			return in, false
		}
		if b["Property"] != nil && b.get("Property") != "*" {
			in.columns = b["Property"]
		}
		if in.columns == nil || b.get("Property") == "*" {
			in.columns = names(in.objects)
		}
		in.list, in.shaped = false, true
		return in, true
	case "format-list", "fl":
		b, ok := r.bind(c, "Property 0")
		if !ok {
			return in, false
		}
		switch {
		case b.get("Property") == "*":
			in.columns = nil
		case b["Property"] != nil:
			in.columns = b["Property"]
		}
		in.list, in.shaped = true, true
		return in, true
	}
	return in, r.unknown(c[0].text)
}

func names(objects []object) []string {
	var out []string
	if len(objects) > 0 {
		for _, p := range objects[0] {
			out = append(out, p.name)
		}
	}
	return out
}

// values are the values of one property, one a line.
func values(objects []object, name string) string {
	var b strings.Builder
	for _, o := range objects {
		if v, ok := o.get(name); ok {
			b.WriteString(plainLine(v) + "\n")
		}
	}
	return b.String()
}

// condition is one comparison of Where-Object.
var condition = regexp.MustCompile(`(?i)^\s*\$_\.([a-z]+)\s+-([a-z]+)\s+(?:'([^']*)'|"([^"$]*)"|(\$true|\$false|[0-9]+))\s*$`)

var conjunction = regexp.MustCompile(`(?i)\s-and\s`)

// where keeps the objects that fit: the short form with one comparison, or a block of
// comparisons that are joined with -and.
func (r *run) where(c command, in result) (result, bool) {
	var all [][3]string
	switch {
	case len(c) == 2 && c[1].raw == block:
		for _, part := range conjunction.Split(c[1].text, -1) {
			m := condition.FindStringSubmatch(part)
			if m == nil {
				return in, r.beyond(c[0].text, strings.TrimSpace(part))
			}
			all = append(all, [3]string{m[1], strings.ToLower(m[2]), m[3] + m[4] + m[5]})
		}
	case len(c) == 4 && strings.HasPrefix(c[2].text, "-") && c[1].raw == noBracket && c[3].raw == noBracket:
		all = [][3]string{{c[1].text, strings.ToLower(c[2].text[1:]), c[3].text}}
	default:
		return in, r.beyond(c[0].text, "")
	}
	for _, one := range all {
		fits, ok := comparison(one[1], one[2])
		if !ok {
			return in, r.beyond(c[0].text, "-"+one[1]+" "+one[2])
		}
		in.objects = slices.DeleteFunc(slices.Clone(in.objects), func(o object) bool {
			v, _ := o.get(one[0])
			return !fits(v)
		})
	}
	return in, true
}

// comparison is one of PowerShell's operators, which take no notice of case.
func comparison(operator, to string) (fits func(string) bool, ok bool) {
	if value, is := strings.CutPrefix(to, "$"); is {
		to = value // $true is "True"
	}
	not := func(f func(string) bool) func(string) bool { return func(s string) bool { return !f(s) } }
	equal := func(s string) bool { return strings.EqualFold(s, to) }
	like := func(s string) bool { return wildcard(to, s) }
	switch operator {
	case "eq":
		return equal, true
	case "ne":
		return not(equal), true
	case "like":
		return like, true
	case "notlike":
		return not(like), true
	case "match", "notmatch":
		e, err := regexp.Compile("(?i)" + to)
		if err != nil {
			return nil, false
		}
		if operator == "notmatch" {
			return not(e.MatchString), true
		}
		return e.MatchString, true
	}
	return nil, false
}

// wildcard reports whether a text fits a pattern of PowerShell: * and ?.
func wildcard(pattern, s string) bool {
	quoted := regexp.QuoteMeta(pattern)
	quoted = strings.NewReplacer(`\*`, `.*`, `\?`, `.`).Replace(quoted)
	e, err := regexp.Compile("(?is)^" + quoted + "$")
	return err == nil && e.MatchString(s)
}

// findstr keeps the lines that hold a text.
func (r *run) findstr(c command, in result) (result, bool) {
	anyCase, text := false, ""
	for _, w := range c[1:] {
		switch {
		case strings.EqualFold(w.text, "/i"):
			anyCase = true
		case strings.HasPrefix(w.text, "/") || w.raw != noBracket || text != "":
			return in, r.beyond(c[0].text, w.text)
		default:
			text = w.text
		}
	}
	if text == "" {
		return in, r.beyond(c[0].text, "")
	}
	wanted := strings.Fields(text) // findstr takes words, any of them
	var b strings.Builder
	for _, l := range strings.SplitAfter(in.draw(r.cols), "\n") {
		in := l
		if anyCase {
			in = strings.ToLower(l)
		}
		if slices.ContainsFunc(wanted, func(w string) bool {
			if anyCase {
				w = strings.ToLower(w)
			}
			return strings.Contains(in, w)
		}) {
			b.WriteString(l)
		}
	}
	return result{text: b.String()}, true
}
