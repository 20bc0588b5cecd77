package runbook

import (
	"fmt"

	"github.com/monshin/monshin/diagnose/lang"
)

// nearest finds the candidate that was probably meant: the one with the fewest
// edits, not more than a third of the word.
func nearest(word string, candidates []string) (string, bool) {
	// Nobody mistypes a word this long by a few letters; do not spend the time.
	const longest = 80
	best, found := 0, ""
	if len(word) > longest {
		return "", false
	}
	for _, c := range candidates {
		limit := max(1, min(len(word), len(c))/3)
		if len(c)-len(word) > limit || len(word)-len(c) > limit {
			continue
		}
		if d := edits(word, c); d <= limit && (found == "" || d < best) {
			best, found = d, c
		}
	}
	return found, found != ""
}

// edits is the Damerau-Levenshtein distance (adjacent letters may change places).
func edits(a, b string) int {
	x, y := []rune(a), []rune(b)
	d := make([][]int, len(x)+1)
	for i := range d {
		d[i] = make([]int, len(y)+1)
		d[i][0] = i
	}
	for j := range d[0] {
		d[0][j] = j
	}
	for i := 1; i <= len(x); i++ {
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			d[i][j] = min(d[i-1][j]+1, d[i][j-1]+1, d[i-1][j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				d[i][j] = min(d[i][j], d[i-2][j-2]+1)
			}
		}
	}
	return d[len(x)][len(y)]
}

// quote shows a word of the file: cut where it is long, and harmless.
func quote(word string) string { return fmt.Sprintf("%q", lang.Truncate(lang.Clean(word), 60)) }
