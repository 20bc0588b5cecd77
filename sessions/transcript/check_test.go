package transcript_test

import (
	"encoding/xml"
	"io"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/net/html"

	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/sessions/transcript"
)

func compileFile(t testing.TB, path string) *jsonschema.Schema {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	doc, err := jsonschema.UnmarshalJSON(f)
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource(path, doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile(path)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// void are the elements of HTML that have no end; in SVG every element is closed.
var void = []string{"meta", "link", "img", "br", "hr", "input", "wbr"}

// allowed are the elements that a report uses. A script, a frame, a form or an
// event handler is not among them.
var allowed = []string{"html", "head", "meta", "title", "style", "body", "main", "header", "section", "div", "nav", "h1", "h2", "h3", "p", "ul", "ol", "li",
	"table", "thead", "tbody", "tr", "th", "td", "figure", "figcaption", "blockquote", "pre", "code", "strong", "span", "a", "img",
	"svg", "g", "path", "circle", "text", "rect", "line"}

var allowedAttributes = []string{"lang", "charset", "http-equiv", "content", "name", "class", "role", "aria-label", "id", "href", "rel", "scope", "src", "alt",
	"viewbox", "d", "transform", "cx", "cy", "r", "x", "y", "x1", "y1", "x2", "y2", "width", "height", "rx", "data-label"}

// checkHTML reads a page as strictly as a browser does not: every element is known,
// closed in order, and nothing in it runs or fetches.
func checkHTML(t testing.TB, name, text string) {
	t.Helper()
	z := html.NewTokenizer(strings.NewReader(text))
	var open []string
	ids := map[string]bool{}
	var links []string
	count := 0
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			if z.Err() != io.EOF {
				t.Errorf("%s: %v", name, z.Err())
			}
			break
		}
		token := z.Token()
		switch kind {
		case html.StartTagToken, html.SelfClosingTagToken:
			count++
			if !slices.Contains(allowed, token.Data) {
				t.Errorf("%s: an element <%s>", name, token.Data)
			}
			for _, a := range token.Attr {
				if !slices.Contains(allowedAttributes, a.Key) {
					t.Errorf("%s: an attribute %s of <%s>", name, a.Key, token.Data)
				}
				switch a.Key {
				case "id":
					if ids[a.Val] {
						t.Errorf("%s: the id %q stands twice", name, a.Val)
					}
					ids[a.Val] = true
				case "href":
					links = append(links, a.Val)
				case "src":
					if !strings.HasPrefix(a.Val, "data:image/") {
						t.Errorf("%s: a picture from %q", name, a.Val)
					}
				}
			}
			if kind == html.StartTagToken && !slices.Contains(void, token.Data) {
				open = append(open, token.Data)
			}
		case html.EndTagToken:
			if len(open) == 0 || open[len(open)-1] != token.Data {
				t.Fatalf("%s: </%s> closes %v", name, token.Data, open)
			}
			open = open[:len(open)-1]
		}
	}
	if len(open) > 0 {
		t.Errorf("%s: %v are never closed", name, open)
	}
	for _, l := range links {
		if own, ok := strings.CutPrefix(l, "#"); ok && !ids[own] {
			t.Errorf("%s: a link to %q, which is not there", name, l)
		} else if !ok && !strings.HasPrefix(l, "https://") {
			t.Errorf("%s: a link to %q", name, l)
		}
	}
	// A browser that parses it finds the same elements: nothing was moved or added.
	root, err := html.Parse(strings.NewReader(text))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	parsed := 0
	var walkNode func(*html.Node)
	walkNode = func(n *html.Node) {
		if n.Type == html.ElementNode {
			parsed++
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walkNode(c)
		}
	}
	walkNode(root)
	if parsed != count {
		t.Errorf("%s: %d elements were written and %d are read", name, count, parsed)
	}
	checkPictures(t, name, root)
}

// checkPictures makes sure that what is written in a picture ends inside it.
func checkPictures(t testing.TB, name string, root *html.Node) {
	t.Helper()
	attribute := func(n *html.Node, key string) string {
		for _, a := range n.Attr {
			if strings.EqualFold(a.Key, key) {
				return a.Val
			}
		}
		return ""
	}
	var in func(n *html.Node, width, height float64)
	in = func(n *html.Node, width, height float64) {
		if n.Type == html.ElementNode && n.Data == "svg" {
			box := strings.Fields(attribute(n, "viewBox"))
			width, _ = strconv.ParseFloat(box[2], 64)
			height, _ = strconv.ParseFloat(box[3], 64)
		}
		if n.Type == html.ElementNode && n.Data == "text" && n.FirstChild != nil {
			x, _ := strconv.ParseFloat(attribute(n, "x"), 64)
			y, _ := strconv.ParseFloat(attribute(n, "y"), 64)
			const cell = 7.3 // of the monospaced fonts at 12 units
			if end := x + cell*float64(lang.Width(n.FirstChild.Data)); end > width || y > height {
				t.Errorf("%s: %q leaves its picture (%v of %v, %v of %v)", name, n.FirstChild.Data, end, width, y, height)
			}
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			in(c, width, height)
		}
	}
	in(root, 0, 0)
}

// checkPlain: no line too wide, nothing drawn, no Markdown.
func checkPlain(t testing.TB, name, text string, r transcript.Reader) {
	t.Helper()
	for l := range strings.Lines(text) {
		l = strings.TrimSuffix(l, "\n")
		if w := lang.Width(l); w > 72 && r != transcript.Support {
			t.Errorf("%s: a line of %d cells: %q", name, w, l)
		}
		if strings.HasPrefix(l, "|") || strings.ContainsAny(l, "│─┌┐└┘├┤┬┴┼═║") || strings.Contains(l, "```") || strings.Contains(l, "**") {
			t.Errorf("%s: a drawn line: %q", name, l)
		}
	}
}

// The form of JUnit's XML as its readers know it: elements, attributes, order, counts.
type xmlNode struct {
	XMLName  xml.Name
	Attrs    []xml.Attr `xml:",any,attr"`
	Children []xmlNode  `xml:",any"`
	Text     string     `xml:",chardata"`
}

func (n xmlNode) attr(name string) string {
	for _, a := range n.Attrs {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

type junitRule struct {
	need, may []string
	children  []string
}

var junitRules = map[string]junitRule{
	"testsuites": {need: []string{"name", "tests", "failures", "errors", "skipped"}, children: []string{"testsuite"}},
	"testsuite":  {need: []string{"name", "tests", "failures", "errors", "skipped"}, may: []string{"timestamp"}, children: []string{"properties", "testcase"}},
	"properties": {children: []string{"property"}},
	"property":   {need: []string{"name", "value"}},
	"testcase":   {need: []string{"classname", "name"}, children: []string{"skipped", "failure", "system-out"}},
	"skipped":    {need: []string{"message"}},
	"failure":    {need: []string{"message", "type"}},
	"system-out": {},
}

func checkJUnit(t testing.TB, name, text string) {
	t.Helper()
	var root xmlNode
	if err := xml.Unmarshal([]byte(text), &root); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	var check func(n xmlNode)
	check = func(n xmlNode) {
		rule, ok := junitRules[n.XMLName.Local]
		if !ok {
			t.Fatalf("%s: an element <%s>", name, n.XMLName.Local)
		}
		for _, a := range rule.need {
			if n.attr(a) == "" {
				t.Errorf("%s: <%s> has no %s", name, n.XMLName.Local, a)
			}
		}
		for _, a := range n.Attrs {
			if !slices.Contains(rule.need, a.Name.Local) && !slices.Contains(rule.may, a.Name.Local) {
				t.Errorf("%s: <%s> has an attribute %s", name, n.XMLName.Local, a.Name.Local)
			}
		}
		last := 0
		for _, c := range n.Children {
			i := slices.Index(rule.children, c.XMLName.Local)
			if i < last {
				t.Errorf("%s: <%s> stands in <%s> at the wrong place", name, c.XMLName.Local, n.XMLName.Local)
			}
			last = max(i, last)
			check(c)
		}
	}
	check(root)
	for _, suite := range root.Children {
		counts := map[string]int{}
		if at := suite.attr("timestamp"); !regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$`).MatchString(at) {
			t.Errorf("%s: the timestamp is %q", name, at)
		}
		for _, c := range suite.Children {
			if c.XMLName.Local != "testcase" {
				continue
			}
			counts["tests"]++
			results := 0
			for _, r := range c.Children {
				switch r.XMLName.Local {
				case "skipped":
					counts["skipped"]++
					results++
				case "failure":
					counts["failures"]++
					results++
				}
			}
			if results > 1 {
				t.Errorf("%s: %s has several results", name, c.attr("name"))
			}
		}
		for _, what := range []string{"tests", "failures", "skipped"} {
			if suite.attr(what) != strconv.Itoa(counts[what]) || root.attr(what) != strconv.Itoa(counts[what]) {
				t.Errorf("%s: %s is said to be %s/%s and is %d", name, what, root.attr(what), suite.attr(what), counts[what])
			}
		}
	}
}
