package runbook

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// Hit is a symptom that a query points to.
type Hit struct {
	Symptom Symptom
	// Score orders the hits; the higher the better. It means nothing else.
	Score float64
	// Matched is the label, search word or message that the query met best, as it
	// stands in the tree; "" for the empty query.
	Matched string
}

// longestQuery is how much of a pasted text is looked at, in bytes: an event log
// may hold megabytes, and the message is at its beginning.
const longestQuery = 16 << 10

// index is what searching needs, made once.
type index struct {
	trees []indexed
	// weight is how much a gram tells: the rarer among the phrases, the more.
	weight map[string]float64
}

type indexed struct {
	symptom Symptom
	phrases []phrase
}

// phrase is a label, a search word or a message, folded.
type phrase struct {
	shown string
	kind  phraseKind
	text  string
	grams []string
	total float64 // the weights of grams together
}

type phraseKind int

const (
	labelPhrase phraseKind = iota
	wordPhrase
	messagePhrase
)

func newIndex(trees []*Tree) *index {
	x := &index{weight: map[string]float64{}}
	seenIn := map[string]int{}
	n := 0
	for _, t := range trees {
		it := indexed{symptom: t.Symptom}
		add := func(kind phraseKind, shown string) {
			p := phrase{shown: shown, kind: kind, text: fold(shown)}
			if p.text == "" {
				return
			}
			p.grams = unique(grams(p.text))
			for _, g := range p.grams {
				seenIn[g]++
			}
			n++
			it.phrases = append(it.phrases, p)
		}
		add(labelPhrase, t.Title.Ja)
		add(labelPhrase, t.Title.En)
		add(labelPhrase, string(t.Symptom))
		for _, s := range t.Search {
			add(wordPhrase, s)
		}
		for _, s := range t.Messages {
			add(messagePhrase, s)
		}
		x.trees = append(x.trees, it)
	}
	for g, c := range seenIn {
		x.weight[g] = math.Log(1 + float64(n)/float64(c))
	}
	for i := range x.trees {
		for j := range x.trees[i].phrases {
			p := &x.trees[i].phrases[j]
			for _, g := range p.grams {
				p.total += x.weight[g]
			}
		}
	}
	return x
}

// Search finds the symptoms that a query points to, best first: letters as they
// are typed, a word, or a pasted message of any length, in either language. The
// empty query gives all symptoms in their order.
func (l *Library) Search(query string) []Hit {
	if len(query) > longestQuery {
		cut := longestQuery
		for !utf8.RuneStart(query[cut]) {
			cut--
		}
		query = query[:cut]
	}
	q := fold(query)
	if q == "" {
		if strings.TrimSpace(query) != "" {
			return nil // only signs that no phrase has
		}
		var all []Hit
		for _, t := range l.trees {
			all = append(all, Hit{Symptom: t.Symptom})
		}
		return all
	}
	have := map[string]bool{}
	for _, g := range grams(q) {
		have[g] = true
	}
	padded := " " + q + " "
	var hits []Hit
	x := l.index()
	for _, t := range x.trees {
		h := Hit{Symptom: t.symptom}
		rest := 0.0
		for i := range t.phrases {
			s := x.score(&t.phrases[i], q, padded, have)
			rest += s
			if s > h.Score {
				h.Score, h.Matched = s, t.phrases[i].shown
			}
		}
		if h.Score > 0 {
			// Several phrases that point the same way are worth a little more than one.
			h.Score += (rest - h.Score) / 50
			hits = append(hits, h)
		}
	}
	// The sort is stable: equal scores stay in the order of the list.
	slices.SortStableFunc(hits, func(a, b Hit) int { return cmp.Compare(b.Score, a.Score) })
	return hits
}

// score says how well a phrase and a query fit, 0 for not at all. Three ways: the
// query is a part of the phrase (somebody types), the phrase is a part of the
// query (somebody pasted), or they share most of what the phrase consists of (the
// paste has other ids, another Windows version's wording).
func (x *index) score(p *phrase, q, padded string, have map[string]bool) float64 {
	best := 0.0
	if typed(p.text, q) {
		best = 20 + 60*share(len(q), len(p.text)) + bonus(p.kind)
		if strings.HasPrefix(p.text, q) {
			best += 10
		}
	}
	if within(padded, p.text) {
		// A long phrase does not stand in a text by chance; a short one may.
		best = max(best, 20+10*math.Min(p.total, 20))
	}
	if len(p.grams) > 0 {
		met := 0.0
		for _, g := range p.grams {
			if have[g] {
				met += x.weight[g]
			}
		}
		// Under about two thirds, common words alone make the likeness.
		const enough = 0.65
		c := met / p.total
		if len(p.grams) < 3 && c < 1 {
			c = 0 // half of two words is one word
		}
		if c >= enough {
			best = max(best, c*(20+8*math.Min(p.total, 20)))
		}
	}
	return best
}

func bonus(k phraseKind) float64 {
	if k == messagePhrase {
		return 0
	}
	return 8 // who types means the label or a word rather than a message
}

func share(part, whole int) float64 { return float64(part) / float64(whole) }

// typed reports whether q is a part of the phrase as somebody types it: it begins
// at the beginning of a word, or stands anywhere in Japanese.
func typed(text, q string) bool {
	for at := 0; ; {
		i := strings.Index(text[at:], q)
		if i < 0 {
			return false
		}
		i += at
		before, _ := utf8.DecodeLastRuneInString(text[:i])
		first, _ := utf8.DecodeRuneInString(q)
		if i == 0 || before == ' ' || japanese(before) || japanese(first) {
			return true
		}
		_, n := utf8.DecodeRuneInString(text[i:])
		at = i + n
	}
}

// within reports whether the phrase stands in the padded query, in ASCII as whole words.
func within(padded, phrase string) bool {
	for at := 0; ; {
		i := strings.Index(padded[at:], phrase)
		if i < 0 {
			return false
		}
		i += at
		before, _ := utf8.DecodeLastRuneInString(padded[:i])
		after, _ := utf8.DecodeRuneInString(padded[i+len(phrase):])
		first, _ := utf8.DecodeRuneInString(phrase)
		last, _ := utf8.DecodeLastRuneInString(phrase)
		if wordEdge(before, first) && wordEdge(last, after) {
			return true
		}
		_, n := utf8.DecodeRuneInString(padded[i:])
		at = i + n
	}
}

// wordEdge reports whether a word may end between two neighbouring characters.
func wordEdge(a, b rune) bool { return a == ' ' || b == ' ' || japanese(a) || japanese(b) }

func unique(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}
