package finding

import (
	"fmt"
	"slices"
	"strings"

	"github.com/monshin/monshin/diagnose/lang"
)

// readPage builds the page of `monshin explain` out of the entry and its file
// pages/CODE.md. The file holds a part for each language and, once for all of
// them, the commands by which one sees the finding oneself:
//
//	<!-- en -->
//	…, with a line {see} where the commands stand
//	<!-- ja -->
//	…
//	<!-- see -->
//	aws …
func readPage(e *Entry) (lang.Text, error) {
	name := "pages/" + string(e.Code) + ".md"
	b, err := files.ReadFile(name)
	if err != nil {
		return lang.Text{}, err
	}
	parts := map[string]string{}
	rest := string(b)
	for _, mark := range []string{"see", "ja", "en"} {
		before, part, found := strings.Cut(rest, "<!-- "+mark+" -->\n")
		if !found || strings.TrimSpace(part) == "" {
			return lang.Text{}, fmt.Errorf("%s: the part <!-- %s --> is missing or empty", name, mark)
		}
		parts[mark], rest = strings.TrimSpace(part), before
	}
	commands := "```\n" + parts["see"] + "\n```"
	for _, l := range lang.All() {
		if strings.Count(parts[string(l)], "{see}") != 1 {
			return lang.Text{}, fmt.Errorf("%s: the part %s has no place {see} for the commands, or several", name, l)
		}
	}
	kind := e.Severity.Text()
	if e.Observation {
		kind = lang.Both("observation, never a cause by itself", "事象（それ自体は原因としない）")
	}
	var effects []string
	for _, x := range e.Explains {
		if s := "`" + string(x.Code) + "`"; !slices.Contains(effects, s) {
			effects = append(effects, s)
		}
	}
	relation := lang.Text{}
	if len(effects) > 0 {
		relation = lang.Both("\n\n## What it explains\n\n%s", "\n\n## これに起因する事象\n\n%s").With(strings.Join(effects, ", "))
	}
	return lang.Both("# %s\n\n`%s` (%s)\n\n%s%s\n\n## Sources\n\n%s\n", "# %s\n\n`%s`（%s）\n\n%s%s\n\n## 出典\n\n%s\n").With(
		e.Title, string(e.Code), kind,
		lang.Both(strings.Replace(parts["en"], "{see}", commands, 1), strings.Replace(parts["ja"], "{see}", commands, 1)),
		relation, "- "+strings.Join(e.Sources, "\n- "),
	), nil
}
