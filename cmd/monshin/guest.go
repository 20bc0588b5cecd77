package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/guest"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/walk"
	"github.com/monshin/monshin/sessions/journal"
)

// insideKeys lists the parts inside the guest that the walk wants and does not have.
func (i *investigation) insideKeys() []estate.Key {
	e := i.Estate()
	var keys []estate.Key
	for _, k := range e.Keys() {
		kind, ok := estate.Lookup(k.Kind)
		if f, _ := e.Fact(k); ok && kind.Touches() && f.State() == fact.StateUnknown {
			keys = append(keys, k)
		}
	}
	return keys
}

// script is what Run Command would run for what is still unknown, to the letter;
// "" where nothing inside the guest is wanted.
func (i *investigation) script() (string, error) {
	keys := i.insideKeys()
	if len(keys) == 0 {
		return "", nil
	}
	return guest.Script(keys)
}

// consent records who allowed the scripts, and lets the walk run them.
func (i *investigation) consent(ticket, approver string) error {
	text, err := i.script()
	if err != nil {
		return err
	}
	if i.journal != nil {
		// On disk before anything runs: what was allowed is told by the exact text.
		i.journal.Consent(journal.Consent{What: "guest-scripts", Ticket: ticket, Approver: approver, Text: text})
		if err := i.journal.Sync(); err != nil {
			return fmt.Errorf("the consent could not be recorded: %w", err)
		}
	}
	i.Consent()
	return nil
}

// request is one block for somebody who may run what the operator may not: the
// script for Windows, and the AWS CLI lines of what was refused.
func (i *investigation) request(d *walk.Diagnosis) (lang.Text, error) {
	keys := i.insideKeys()
	refused := refusedLines(i.Estate())
	if len(keys) == 0 && len(refused) == 0 {
		return lang.Both("Nothing is left that somebody else could look up.\n", "ほかの方に確認いただく項目はありません。\n"), nil
	}
	parts := []lang.Text{lang.Both(
		"Request to look something up: %[1]s (%[2]s)\n\nWe are examining \"%[3]s\". The following only reads and changes nothing.\n",
		"確認のお願い: %[1]s（%[2]s）\n\n「%[3]s」について調査しております。下記はいずれも参照のみで、設定の変更は行いません。\n",
	).With(lang.Clean(d.Target.InstanceID), lang.Clean(d.Target.Region), d.Title)}
	number := 0
	if len(keys) > 0 {
		text, err := guest.AskScript(keys)
		if err != nil {
			return lang.Text{}, err
		}
		number++
		parts = append(parts, lang.Both(
			"\n%[1]d. On the server, in Windows PowerShell run as administrator (for example over RDP), paste the whole block.\n   It shows: %[2]s.\n   It prints one line that begins with MONSHIN1A. Please send us that line.\n   If License Manager manages its licences (user-based subscriptions), do not connect by Session Manager: that makes a local administrator (ssm-user), for which such instances can be terminated.\n\n%[3]s\n",
			"\n%[1]d. 対象サーバー上で（RDP などで接続し）Windows PowerShell を「管理者として実行」し、下記のブロック全体を貼り付けてください。\n   確認する内容: %[2]s\n   MONSHIN1A で始まる 1 行が表示されますので、その行をお送りください。\n   ※ License Manager のユーザーベースのサブスクリプション対象インスタンスでは、セッションマネージャーで接続しないでください（ローカル管理者 ssm-user が作成され、終了（terminated）の要因となることがあります）。\n\n%[3]s\n",
		).With(number, blockTitles(keys), text))
	}
	if len(refused) > 0 {
		number++
		parts = append(parts, lang.Both(
			"\n%d. In AWS CloudShell of this account, or wherever the AWS CLI may read it. Please send us the output.\n\n",
			"\n%d. 当該アカウントの AWS CloudShell など、AWS CLI で参照できる環境で実行し、出力をお送りください。\n\n").With(number))
		for _, line := range refused {
			parts = append(parts, lang.Same(lang.Clean(line)+"\n"))
		}
	}
	return lang.Join(parts, lang.Text{}), nil
}

func blockTitles(keys []estate.Key) lang.Text {
	var out []lang.Text
	for _, k := range keys {
		if block, ok := guest.BlockOf(k.Kind); ok {
			out = append(out, blockTitle(block))
		}
	}
	return lang.Join(out, lang.Both(", ", "、"))
}

func blockTitle(b guest.Block) lang.Text {
	switch b {
	case "identity":
		return lang.Both("name, domain, machine SID and how the image was made", "コンピューター名・ドメイン・マシン SID・イメージの状態")
	case "dns":
		return lang.Both("what the server resolves", "名前解決の結果")
	case "activation":
		return lang.Both("licence status and routes", "ライセンス認証の状態とルート")
	case "launch":
		return lang.Both("launch agent and local administrators", "起動エージェントとローカル管理者")
	case "sign-in":
		return lang.Both("failed logons and Remote Desktop settings", "ログオン失敗の記録とリモートデスクトップの設定")
	case "diagnostics":
		return lang.Both("the SSM Agent's own diagnostics", "SSM Agent の診断結果")
	}
	return lang.Same(string(b))
}

// refusedLines are the AWS CLI lines of the parts that were refused to the operator.
func refusedLines(e *estate.Estate) []string {
	var out []string
	for _, k := range e.Keys() {
		f, _ := e.Fact(k)
		if f.State() == fact.StateUnknown && f.Why().Reason == fact.Denied && f.Origin().CLI != "" {
			out = append(out, f.Origin().CLI)
		}
	}
	return out
}

func newAsk(a *app, f *flags) *cobra.Command {
	l := f.lang
	c := &cobra.Command{
		Use:   "ask [INSTANCE]",
		Short: lang.Both("What to ask somebody else to look up", "ほかの方への確認依頼文の作成").In(l),
		Long: lang.Both(`Walks, and prints one block for somebody who may run what you may not: a script
that only reads, for Windows itself, and AWS CLI lines for what you were refused.
The script prints one line; monshin check --answer-file takes it.`,
			`切り分けを行い、権限をお持ちの方に実行いただく参照用スクリプト（Windows 上）と、
権限不足で確認できなかった項目の AWS CLI コマンドを 1 つの依頼文として出力します。
実行結果の 1 行は monshin check --answer-file で読み込めます。`).In(l),
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.ask(cmd.Context(), f, args) },
	}
	c.Flags().StringVar(&f.symptom, "symptom", "", lang.Both("the symptom (see: monshin runbook list)", "事象（一覧: monshin runbook list）").In(l))
	c.Flags().StringArrayVar(&f.answers, "answer", nil, lang.Both("answer a question: ad-domain=…, user=…, from=… (repeatable)", "質問への回答: ad-domain=…、user=…、from=…（複数指定可）").In(l))
	return c
}

func (a *app) ask(ctx context.Context, f *flags, args []string) error {
	return a.withInvestigation(ctx, f, args, func(inv *investigation, k *knowledge, acc *account, log *slog.Logger) error {
		progress := a.progress(f.lang)
		d := inv.run(ctx, log, progress.show)
		progress.end()
		text, err := inv.request(d)
		if err != nil {
			return failed(lang.Same("monshin ask"), err)
		}
		if _, err := io.WriteString(a.out, text.In(f.lang)); err != nil {
			return failed(lang.Same("monshin ask"), err)
		}
		if d.Paused != nil {
			return noAccess(d.Paused)
		}
		return nil
	})
}
