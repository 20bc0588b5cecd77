package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"text/template"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
)

// wireEstate is what an endpoint has to tell: a document an operation.
type wireEstate struct {
	t         testing.TB
	documents map[string]string // by "service/Operation.xml"
}

// loadEstate reads testdata/wire/estate.txtar.
func loadEstate(t testing.TB) *wireEstate {
	t.Helper()
	e := &wireEstate{t: t, documents: map[string]string{}}
	e.load("estate.txtar")
	return e
}

// load reads documents; those of a name that is there take its place.
func (e *wireEstate) load(file string) {
	e.t.Helper()
	archive, err := txtar.ParseFile(filepath.Join("testdata", "wire", file))
	if err != nil {
		e.t.Fatal(err)
	}
	now := time.Now().UTC()
	before := func(d string) (time.Time, error) {
		ago, err := time.ParseDuration(d)
		return now.Add(-ago), err
	}
	functions := template.FuncMap{
		"ago": func(d string) (string, error) {
			at, err := before(d)
			return at.Format("2006-01-02T15:04:05.000Z"), err
		},
		"epoch": func(d string) (string, error) {
			at, err := before(d)
			return fmt.Sprintf("%d.%03d", at.Unix(), at.Nanosecond()/1e6), err
		},
		"millis": func(d string) (int64, error) {
			at, err := before(d)
			return at.UnixMilli(), err
		},
		"quote": func(s string) (string, error) {
			b, err := json.Marshal(s)
			return string(b), err
		},
		// RFC 3986, where a space is %20 and a plus sign is encoded
		// (https://docs.aws.amazon.com/IAM/latest/APIReference/API_PolicyVersion.html).
		"percent": func(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") },
		"list":    func(s ...string) []string { return s },
		"base64":  func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) },
	}
	for _, f := range archive.Files {
		parsed, err := template.New(f.Name).Funcs(functions).Parse(string(f.Data))
		if err != nil {
			e.t.Fatal(err)
		}
		var out bytes.Buffer
		if err := parsed.Execute(&out, nil); err != nil {
			e.t.Fatal(err)
		}
		e.documents[f.Name] = out.String()
	}
}

// replace changes a document. What is replaced has to be there.
func (e *wireEstate) replace(document, old, new string) {
	e.t.Helper()
	if !strings.Contains(e.documents[document], old) {
		e.t.Fatalf("%s has no %q", document, old)
	}
	e.documents[document] = strings.ReplaceAll(e.documents[document], old, new)
}

// cut takes everything from one text to the next after it out of a document.
func (e *wireEstate) cut(document, from, to string) {
	e.t.Helper()
	before, rest, found := strings.Cut(e.documents[document], from)
	_, after, closed := strings.Cut(rest, to)
	if !found || !closed {
		e.t.Fatalf("%s has no %q … %q", document, from, to)
	}
	e.documents[document] = before + after
}

// wirePage is how many rows a page has at most, whatever is asked for: few enough
// that lists of the estate take several.
const wirePage = 2

// answer serves a call from the documents, or says as a service does that it does
// not know the operation or the thing.
func (e *wireEstate) answer(w http.ResponseWriter, c *wireCall) {
	switch c.protocol {
	case ec2Query, awsQuery:
		e.answerXML(w, c)
	default:
		e.answerJSON(w, c)
	}
}

func (e *wireEstate) answerXML(w http.ResponseWriter, c *wireCall) {
	name := c.service + "/" + c.action
	document, ok := e.documents[name+".xml"]
	// Some documents are about one attribute or one role.
	about, special := e.documents[name+"."+c.form.Get("Attribute")+c.form.Get("RoleName")+".xml"]
	if special {
		document = about
	}
	if !ok && !special {
		c.fail(w, unknownOperation(c))
		return
	}
	root, err := parseXML(document)
	if err != nil {
		e.t.Errorf("%s: %v", name, err)
		return
	}
	var wrong *wireError
	switch {
	case c.protocol == ec2Query:
		wrong = ec2Lists[c.action].narrow(c, root)
	case !special:
		wrong = checkIAM(c, root)
	}
	if wrong != nil {
		c.fail(w, *wrong)
		return
	}
	w.Header().Set("Content-Type", "text/xml;charset=UTF-8")
	fmt.Fprint(w, xmlHeader, root)
}

// answerJSON serves the JSON protocols: the first list of the document is the list
// of rows, which filters narrow.
func (e *wireEstate) answerJSON(w http.ResponseWriter, c *wireCall) {
	document, ok := e.documents[c.service+"/"+c.action+".json"]
	// Inventory has a document for each type of what it holds.
	if about, special := e.documents[fmt.Sprintf("%s/%s.%v.json", c.service, c.action, c.body["TypeName"])]; special {
		document, ok = about, true
	}
	if !ok {
		c.fail(w, unknownOperation(c))
		return
	}
	answer := map[string]any{}
	decoder := json.NewDecoder(strings.NewReader(document))
	decoder.UseNumber()
	if err := decoder.Decode(&answer); err != nil {
		e.t.Errorf("%s: %v", c, err)
		return
	}
	if wrong := jsonLists[c.String()].narrow(c, answer); wrong != nil {
		c.fail(w, *wrong)
		return
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	if c.protocol == restJSON {
		w.Header().Set("Content-Type", "application/json")
	}
	writeJSON(w, answer)
}

// pageOf cuts a page out of n rows: from the token's place, as many as fit.
func pageOf(n int, token string) (from, to int, next string, ok bool) {
	if token != "" {
		place, found := strings.CutPrefix(token, "page+from/")
		i, err := strconv.Atoi(place)
		if !found || err != nil || i <= 0 || i >= n {
			return 0, 0, "", false
		}
		from = i
	}
	if to = from + wirePage; to >= n {
		return from, n, "", true
	}
	return from, to, "page+from/" + strconv.Itoa(to), true
}
