package finding

import "strings"

// Names lists the codes of the embedded catalogue without reading anything else of
// it, so that what only needs to know which codes there are does not wait for Load.
func Names() []Code {
	var out []Code
	for _, family := range families() {
		b, err := files.ReadFile("catalogue/" + family + ".yaml")
		if err != nil {
			continue // Load reports it
		}
		for line := range strings.Lines(string(b)) {
			if code, ok := strings.CutPrefix(line, "- code: "); ok {
				out = append(out, Code(strings.TrimSpace(code)))
			}
		}
	}
	return out
}
