package transcript

import (
	"fmt"
	"slices"

	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
)

// Format is a form in which Export writes.
type Format string

// The formats.
const (
	AsText     Format = "text"     // for a terminal
	AsPlain    Format = "plain"    // for a ticket system without Markdown
	AsMarkdown Format = "markdown" // for a ticket
	AsHTML     Format = "html"     // one file to be read, kept and printed
	AsJSON     Format = "json"     // monshin.diagnosis/v1
	AsJUnit    Format = "junit"    // for a pipeline's test report
	AsSARIF    Format = "sarif"    // for a pipeline's code scanning
)

// Formats lists the formats.
func Formats() []Format {
	return []Format{AsText, AsPlain, AsMarkdown, AsHTML, AsJSON, AsJUnit, AsSARIF}
}

// ParseFormat reads a flag's value.
func ParseFormat(s string) (Format, bool) {
	f := Format(s)
	return f, slices.Contains(Formats(), f)
}

// Export writes a session in a format, for o.Reader. The same session gives the same
// bytes. For AWS Support the formats that are text hold the body of a case (at most
// SupportLimit characters), the others everything that Support may see.
func Export(s Session, cat *finding.Catalogue, f Format, o Options) ([]byte, error) {
	if s.Diagnosis == nil {
		return nil, fmt.Errorf("write a report as %s: the session has no diagnosis", f)
	}
	m := prepare(s, cat, o)
	text := func(s string) ([]byte, error) { return []byte(s), nil }
	if m.reader == Support && !m.o.Summary {
		switch f {
		case AsText, AsPlain, AsMarkdown:
			return text(m.supportCase())
		}
	}
	switch f {
	case AsText:
		return text(m.text())
	case AsPlain:
		return text(m.plainText())
	case AsMarkdown:
		return text(m.markdown())
	case AsHTML:
		return m.html()
	case AsJSON:
		return m.json()
	case AsJUnit:
		return m.junit()
	case AsSARIF:
		return m.sarif()
	}
	return nil, &lang.Error{Say: lang.Both("%q is no format", "%q という形式はありません").With(string(f))}
}
