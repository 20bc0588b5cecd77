package main

import (
	"os"
	"strings"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/guest"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/walk"
	"github.com/monshin/monshin/tui/world"
)

const (
	// stale is how old a customer's answer may be before it speaks of another day.
	stale = 24 * time.Hour
	// ahead is how far a server's clock may run before the answer's time is doubted.
	ahead = 10 * time.Minute
)

// paste takes lines that somebody's run of the script printed, and puts what they
// hold into the walk. What they lack stays unknown, and is told, as is an answer of
// another day: each fact carries the answer's own time.
func (i *investigation) paste(text string, now time.Time) (world.Pasted, error) {
	answer, err := guest.ReadLine(text)
	switch {
	case err != nil && !strings.Contains(strings.ReplaceAll(text, "\x00", ""), world.AnswerMark): // PowerShell saves in UTF-16
		return world.Pasted{}, &lang.Error{Say: lang.Both("there is no line that begins with %s", "%s で始まる行が存在しない").With(world.AnswerMark), Err: err}
	case err != nil:
		return world.Pasted{}, &lang.Error{Say: lang.Both("the answer cannot be read: %s", "実行結果の読み取り不可: %s").With(lang.Clean(err.Error())), Err: err}
	}
	patient := i.Estate().Target.InstanceID
	if err := answer.From(patient); err != nil {
		return world.Pasted{}, &lang.Error{Err: err, Say: lang.Both(
			"the answer is from %[1]s, not from %[2]s: run the script on %[2]s",
			"実行結果は %[1]s のもので、対象（%[2]s）と不一致。%[2]s での実行が必要").With(lang.Clean(answer.Instance), lang.Clean(patient))}
	}
	var out world.Pasted
	var lacks []lang.Text
	var taken []estate.Key
	for _, k := range i.insideKeys() {
		// The clock of whoever asked is not known, so the guest's cannot be judged by it.
		p := answer.Part(k, fact.Origin{Source: fact.Customer, Time: answer.Time}, time.Time{})
		if p.Fact.State() == fact.StateUnknown {
			if b, ok := guest.BlockOf(k.Kind); ok {
				lacks = append(lacks, lang.Both("%[1]s (%[2]s)", "%[1]s（%[2]s）").With(blockTitle(b), lang.Clean(p.Fact.Why().Detail)))
			}
			continue // what was not answered can still be asked
		}
		i.Put(p)
		if i.journal != nil {
			i.journal.Record([]walk.Event{{Got: &walk.Got{Part: p}}})
		}
		taken = append(taken, k)
		out.Parts++
	}
	i.keepAnswer(text, answer.Time, taken)
	out.Notes = notesOn(answer, lacks, out.Parts, now)
	return out, nil
}

// notesOn are what is to be known about an answer that was taken.
func notesOn(answer guest.Answer, lacks []lang.Text, parts int, now time.Time) []lang.Text {
	var notes []lang.Text
	if parts == 0 && len(lacks) == 0 {
		notes = append(notes, lang.Both("the answer holds nothing that is still open", "実行結果に未確認項目の情報なし"))
	}
	if len(lacks) > 0 {
		notes = append(notes, lang.Both("the answer lacks what follows, which stays unknown: %s", "実行結果に含まれず、未確認のままの項目: %s").With(lang.Join(lacks, lang.Both(", ", "、"))))
	}
	when := answer.Time.UTC().Format(time.RFC3339)
	switch age := now.Sub(answer.Time); {
	case age > stale:
		notes = append(notes, lang.Both("the answer is of %[1]s, %[2]d days ago: what changed since is not in it", "実行結果は %[1]s（%[2]d 日前）時点のもので、以降の変更は反映されていない").With(when, int(age/stale)))
	case age < -ahead:
		notes = append(notes, lang.Both("by the server's clock the answer is of %s, which is in the future: look at that clock", "実行結果の時刻（%s）が現在より先。対象サーバーの時計の確認が必要").With(when))
	}
	if answer.Instance == "" {
		notes = append(notes, lang.Both("the answer does not say which instance it is from: the server could not read its metadata", "実行結果にインスタンス ID の記載なし（サーバーからインスタンスメタデータを取得できないため）"))
	}
	return notes
}

// readAnswerFile reads the file of --answer-file.
func readAnswerFile(name string) (string, error) {
	b, err := os.ReadFile(name)
	if err != nil {
		return "", badInput(lang.Same("--answer-file"), err)
	}
	return string(b), nil
}
