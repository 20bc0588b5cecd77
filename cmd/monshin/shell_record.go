package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/sessions/journal"
	"github.com/monshin/monshin/sessions/session"
	"github.com/monshin/monshin/sessions/shell"
)

// openRecorded opens a shell that is recorded from its first byte, beside the journal
// of the investigation. A failed opening leaves a note and no file. The error of the
// opening itself comes back as shell.Open gave it.
func (a *app) openRecorded(ctx context.Context, f *flags, inv *investigation, acc *account, o shell.Options) (*shell.Shell, *shell.Recording, error) {
	name := "shell-" + time.Now().UTC().Format("20060102T150405.000Z") + ".cast"
	title := o.Instance
	if acc.simulated {
		title += " " + lang.Both("[SIMULATED]", "【模擬データ】").In(f.lang)
	}
	unrecorded := lang.Both("a shell is not opened without its recording", "操作ログを記録できないためシェルを開けない")
	rec, err := shell.Record(filepath.Join(session.Attachments(inv.journalPath()), name), title, o.Cols, o.Rows, time.Now)
	if err != nil {
		return nil, nil, failed(unrecorded, err)
	}
	// A crash must not leave a recording of which the journal knows nothing.
	if err := inv.remark(lang.Both("Session Manager shell, recorded in %s", "セッションマネージャーのシェルを開始。操作ログ: %s").With(name), f.lang); err != nil {
		_, closed := rec.Close()
		return nil, nil, failed(unrecorded, errors.Join(err, closed))
	}
	o.Config, o.Recorder = acc.config, rec
	s, err := shell.Open(ctx, o)
	if err == nil {
		return s, rec, nil
	}
	// Nothing was shown, and nothing is kept of it but that it was tried. What of that
	// fails must not hide why there is no shell.
	_, _ = rec.Close()
	_ = os.Remove(rec.Path())
	_ = inv.remark(lang.Both("no shell was opened: %s", "シェルを開けず: %s").With(sayError(err)), f.lang)
	return nil, nil, err
}

// remark notes what monshin itself did.
func (i *investigation) remark(t lang.Text, l lang.Lang) error {
	return i.journal.Append(string(journal.KindNote), journal.Note{Audience: journal.Internal, Text: t.In(l)})
}
