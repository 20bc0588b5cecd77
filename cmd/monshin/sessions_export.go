package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/probe"
	"github.com/monshin/monshin/diagnose/walk"
	"github.com/monshin/monshin/sessions/journal"
	"github.com/monshin/monshin/sessions/session"
	"github.com/monshin/monshin/sessions/transcript"
)

// handOverFormat is -o of a hand-over file; all others are a transcript's.
const handOverFormat = "monshin"

// castFormat is -o of the masked recording of the last shell, asciicast v2.
const castFormat = "asciicast"

func newSessionsExport(a *app, f *flags) *cobra.Command {
	l := f.lang
	var format, reader, file string
	var summary bool
	c := &cobra.Command{
		Use:   "export SESSION",
		Short: lang.Both("Write an investigation down, for a reader", "調査レポートの出力").In(l),
		Long: lang.Both(`Writes a report of a recorded investigation, in the language of --lang, or with
-o monshin one file with which a colleague goes on (monshin sessions resume FILE --as NAME).
A hand-over file holds no raw recording of a shell, only masked copies.`,
			`記録済みの調査から調査レポートを --lang の言語で出力します。-o monshin では、他の担当者が
引き継げる 1 つのファイルを作成します（monshin sessions resume FILE --as 担当者名）。
引き継ぎファイルに含まれる操作ログはマスキング済みのもののみです。`).In(l),
		Example: "  monshin sessions export last -o html --for customer --lang ja --file report.html\n  monshin sessions export last -o monshin",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.export(cmd.Context(), f, args[0], exporting{format: format, reader: reader, file: file, summary: summary})
		},
	}
	c.Flags().StringVarP(&format, "output", "o", "markdown", lang.Both("one of %s", "%s のいずれか").With(strings.Join(exportFormats(), ", ")).In(l))
	c.Flags().StringVar(&reader, "for", "", lang.Both("for whom: %s (default: internal)", "提出先: %s（既定は internal）").With(strings.Join(readers(), ", ")).In(l))
	c.Flags().StringVar(&file, "file", "", lang.Both("write to FILE (default: standard output; -o monshin: ID.monshin here)", "出力先ファイル（既定は標準出力。-o monshin ではカレントフォルダーの ID.monshin）").In(l))
	c.Flags().BoolVar(&summary, "summary", false, lang.Both("short enough for a chat message (text, markdown)", "チャットに貼れる長さの要約（text、markdown）").In(l))
	return c
}

func exportFormats() []string {
	var out []string
	for _, f := range transcript.Formats() {
		out = append(out, string(f))
	}
	return append(out, castFormat, handOverFormat)
}

func readers() []string {
	var out []string
	for _, r := range transcript.Readers() {
		out = append(out, string(r))
	}
	return out
}

// exporting is what is exported how.
type exporting struct {
	format, reader, file string
	summary              bool
}

func (a *app) export(ctx context.Context, f *flags, name string, x exporting) error {
	if err := oneOf("-o", x.format, exportFormats()...); err != nil {
		return err
	}
	o := transcript.Options{Lang: f.lang, Zone: f.zone, Version: version(), Summary: x.summary}
	if x.reader != "" {
		r, ok := transcript.ParseReader(x.reader)
		if !ok {
			return oneOf("--for", x.reader, readers()...)
		}
		o.Reader = r
	}
	path, r, err := a.openSession(name)
	if err != nil {
		return err
	}
	if x.format == castFormat {
		if o.Reader != "" && o.Reader != transcript.Internal {
			return usage(lang.Both("a shell can show anything: -o asciicast is for colleagues only", "操作ログには任意の内容が含まれるため、-o asciicast は社内（internal）向けのみ"))
		}
		return a.exportCast(f, path, r, x.file)
	}
	if x.format == handOverFormat {
		if x.reader != "" {
			return usage(lang.Both("a hand-over file is for a colleague and holds everything: --for does not go with it", "引き継ぎファイルは社内の担当者向け（全内容を含む）のため --for と併用不可"))
		}
		return a.handOver(f, path, x.file)
	}
	k, err := learn()
	if err != nil {
		return failed(lang.Same("monshin"), err)
	}
	s, _, err := a.retold(ctx, f, k, recordedAccount(r), path, r)
	if err != nil {
		return err
	}
	b, err := transcript.Export(s, k.catalogue, transcript.Format(x.format), o)
	if err != nil {
		return failed(lang.Both("writing the report", "結果の出力"), err)
	}
	return a.deliver(f, b, x.file)
}

// exportCast writes the masked copy of the last shell, if it is the one that was noted.
func (a *app) exportCast(f *flags, path string, r *journal.Record, file string) error {
	if len(r.Shells) == 0 {
		return usage(lang.Both("the investigation %s has no shell", "調査 %s にシェルの操作ログなし").With(session.IDOf(path)))
	}
	sh := r.Shells[len(r.Shells)-1].Body
	if sh.Masked == "" {
		return usage(lang.Both("the shell %s has no masked copy", "シェル %s にマスキング済みの写しなし").With(clean(sh.SessionID)))
	}
	root, err := os.OpenRoot(session.Attachments(path)) // the name comes from a file
	if err != nil {
		return badInput(lang.Same("SESSION"), err)
	}
	defer root.Close()
	b, err := root.ReadFile(sh.Masked)
	if err != nil {
		return badInput(lang.Same("SESSION"), err)
	}
	if sum := sha256.Sum256(b); hex.EncodeToString(sum[:]) != sh.MaskedSHA256 {
		return badInput(lang.Same(clean(sh.Masked)), &lang.Error{Say: lang.Both("the recording was changed since it was made", "作成後に内容が変更されている")})
	}
	return a.deliver(f, b, file)
}

// deliver writes to a new file, or to standard output.
func (a *app) deliver(f *flags, b []byte, file string) error {
	if file == "" {
		if _, err := a.out.Write(b); err != nil {
			return failed(lang.Both("writing the report", "結果の出力"), err)
		}
		return nil
	}
	return a.toNewFile(f, file, func(w io.Writer) error {
		_, err := w.Write(b)
		return err
	})
}

// toNewFile makes a file that was not there. One that could not be written whole is
// taken away again.
func (a *app) toNewFile(f *flags, name string, write func(io.Writer) error) error {
	out, err := os.OpenFile(filepath.Clean(name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		if os.IsExist(err) {
			return usage(lang.Both("%s is there already and is not overwritten", "%s は既に存在するため上書きしない").With(clean(name)))
		}
		return badInput(lang.Same("--file"), err)
	}
	err = write(out)
	if err == nil {
		err = out.Sync()
	}
	if e := out.Close(); err == nil {
		err = e
	}
	if err != nil {
		_ = os.Remove(name)
		return failed(lang.Same(clean(name)), err)
	}
	fmt.Fprintln(a.err, clean(lang.Both("written to %s", "出力先: %s").With(name).In(f.lang)))
	return nil
}

// handOver writes the file with which somebody else goes on.
func (a *app) handOver(f *flags, path, file string) error {
	if file == "" {
		file = session.IDOf(path) + session.HandOver
	}
	if !strings.HasSuffix(file, session.HandOver) {
		return usage(lang.Both("--file %s: a hand-over file ends in %s", "--file %s: 引き継ぎファイルの拡張子は %s").With(clean(file), session.HandOver))
	}
	var m session.Manifest
	err := a.toNewFile(f, file, func(w io.Writer) (err error) {
		m, err = session.Pack(w, path, version())
		return err
	})
	if err != nil {
		return err
	}
	fmt.Fprintln(a.out, lang.Both("entries: %d, last hash: %s", "項目 %d 件、最終ハッシュ値: %s").With(m.Entries, m.Last).In(f.lang))
	for _, left := range m.Left {
		why := map[string]lang.Text{
			"no-masked-copy": lang.Both("there is no masked copy", "マスキング済みの写しなし"),
			"missing":        lang.Both("its masked copy is missing or too large", "マスキング済みの写しが存在しないか大きすぎる"),
			"changed":        lang.Both("its masked copy was changed", "マスキング済みの写しが変更されている"),
		}[left.Why]
		fmt.Fprintln(a.err, clean(lang.Both("not in it: the shell %s (%s)", "含まれない操作ログ: %s（%s）").With(left.SessionID, why).In(f.lang)))
	}
	return nil
}

// retold judges a record again and tells it with all that was written down.
func (a *app) retold(ctx context.Context, f *flags, k *knowledge, acc *account, path string, r *journal.Record) (transcript.Session, *walk.Diagnosis, error) {
	symptom, err := acc.pick(f.symptom, k.library.Symptoms())
	if err != nil {
		return transcript.Session{}, nil, err
	}
	tree, err := k.tree(symptom, f.runbook)
	if err != nil {
		return transcript.Session{}, nil, err
	}
	inv, err := a.investigate(acc, k, f, acc.instance, tree, nil)
	if err != nil {
		return transcript.Session{}, nil, failed(lang.Same("monshin"), err)
	}
	d := inv.run(ctx, slog.New(slog.DiscardHandler), nil)
	// The record was not sent anywhere; what was sent when it was made is in it.
	d.Calls = callsOf(r)
	s, err := session.Tell(path, r, d, inv.Estate(), tree)
	if err != nil {
		return transcript.Session{}, nil, badInput(lang.Same("SESSION"), err)
	}
	return s, d, nil
}

// callsOf counts what a record says was sent.
func callsOf(r *journal.Record) walk.Calls {
	c := walk.Calls{ByOperation: map[string]int{}}
	for _, x := range r.Calls {
		c.Total++
		c.ByOperation[x.Operation]++
		if x.Error != "" {
			c.Failed++
		}
	}
	for _, x := range r.Closings {
		c.Waves = max(c.Waves, x.Waves)
	}
	return c
}

// judgeAgain reports what today's rules say of a record, and where they say
// something else than was said then.
func (a *app) judgeAgain(ctx context.Context, f *flags, k *knowledge, acc *account, path string, r *journal.Record, form transcript.Format) error {
	if acc.cut {
		fmt.Fprintln(a.err, lang.Both("monshin: the recording ends before its walk did; what is missing counts as not recorded",
			"monshin: 記録は調査の途中で途切れており、以降の項目は「記録なし」として扱う").In(f.lang))
	}
	s, d, err := a.retold(ctx, f, k, acc, path, r)
	if err != nil {
		return err
	}
	for _, c := range ruleChanges(r, d) {
		fmt.Fprintln(a.err, clean(lang.Both("judged otherwise than in the record: %s", "当時の判定と異なる項目: %s").With(c).In(f.lang)))
	}
	b, err := transcript.Export(s, k.catalogue, form, transcript.Options{Lang: f.lang, Zone: f.zone, Version: version()})
	if err != nil {
		return failed(lang.Both("writing the report", "結果の出力"), err)
	}
	if _, err := a.out.Write(b); err != nil {
		return failed(lang.Both("writing the report", "結果の出力"), err)
	}
	if code := d.Exit(); code != exitOK {
		return &exitError{code: code}
	}
	return nil
}

// ruleChanges are the judgements that differ from those of the record. Only those
// are compared that the record made and that had all they needed.
func ruleChanges(r *journal.Record, d *walk.Diagnosis) []lang.Text {
	then, now := map[string]journal.Verdict{}, map[string]journal.Verdict{}
	for _, j := range d.Probes {
		if was, ok := r.Verdicts[j.Probe]; ok && was.Verdict.Outcome != probe.Unknown {
			then[j.Probe], now[j.Probe] = was, journal.Verdict{Probe: j.Probe, Verdict: j.Verdict}
		}
	}
	var out []lang.Text
	for _, c := range session.Diff(session.State{Verdicts: then}, session.State{Verdicts: now}) {
		out = append(out, c.Say)
	}
	return out
}
