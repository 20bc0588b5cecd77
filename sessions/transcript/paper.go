package transcript

import (
	"fmt"
	"strings"

	"github.com/monshin/monshin/diagnose/lang"
)

// paper collects lines, wrapped to a width in cells, with hanging indents.
type paper struct {
	width int
	lines []string
}

func (p *paper) String() string { return strings.Join(p.lines, "\n") + "\n" }

func (p *paper) blank() { p.lines = append(p.lines, "") }

// line writes s, every line of it indented.
func (p *paper) line(indent int, s string) { p.hang(strings.Repeat(" ", indent), indent, s) }

// item writes s behind a mark; further lines stand under the text, not the mark.
func (p *paper) item(indent int, mark, s string) {
	head := strings.Repeat(" ", indent) + mark + " "
	p.hang(head, indent+lang.Width(mark)+1, s)
}

// field writes "label: value".
func (p *paper) field(label, value string) { p.hang(label+": ", 2, value) }

func (p *paper) heading(title string, n int) {
	p.blank()
	p.line(0, fmt.Sprintf("%s (%d)", title, n))
}

// verbatim writes a line that is meant to be copied: it is never broken.
func (p *paper) verbatim(indent int, s string) {
	p.lines = append(p.lines, strings.Repeat(" ", indent)+s)
}

// hang writes s behind head on the first line and behind indent spaces on the others.
func (p *paper) hang(head string, indent int, s string) {
	// Where the frame leaves next to nothing, the words are worth more than it.
	if p.width-indent < 16 {
		indent = 0
	}
	p.lines = append(p.lines, lang.WrapHanging(head+s, p.width, indent)...)
}
