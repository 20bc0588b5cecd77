package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/monshin/monshin/diagnose/cloud"
	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fleet"
	"github.com/monshin/monshin/diagnose/lab"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/sessions/resume"
	"github.com/monshin/monshin/sessions/transcript"
)

// fleetFlags are what the commands for many instances take beside the common flags.
type fleetFlags struct {
	format            string
	noBOM             bool
	tags              []string
	regions, profiles []string
	roles             []string
	concurrency       int
	resume            string
	bad, good         []string
	selection         fleet.Selection
	answered          map[string]string
	resumed           *resume.Log
	record            *resume.File
	simulated         bool
	now               func() time.Time
}

func newFleet(a *app, f *flags) *cobra.Command {
	l := f.lang
	c := &cobra.Command{
		Use:   "fleet",
		Short: lang.Both("The same judgement over many instances", "複数台のインスタンスの切り分け").In(l),
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	c.AddCommand(newFleetCheck(a, f), newFleetClones(a, f), newFleetCompare(a, f))
	return c
}

func (ff *fleetFlags) register(c *cobra.Command, l lang.Lang) {
	c.Flags().StringVarP(&ff.format, "output", "o", "text", lang.Both("text, json, markdown or csv", "text、json、markdown、csv のいずれか").In(l))
	c.Flags().BoolVar(&ff.noBOM, "no-bom", false, lang.Both("csv without a byte order mark (Excel in Japan needs it)", "CSV の先頭に BOM を付けない（Excel では BOM が必要）").In(l))
}

func (ff *fleetFlags) registerResume(c *cobra.Command, l lang.Lang) {
	c.Flags().StringVar(&ff.resume, "resume", "", lang.Both("go on with what FILE recorded of an earlier run", "中断した実行の記録 FILE から再開").In(l))
}

func newFleetCheck(a *app, f *flags) *cobra.Command {
	ff, l := &fleetFlags{}, f.lang
	c := &cobra.Command{
		Use:   "check [INSTANCE...]",
		Short: lang.Both("Walk one symptom for many instances, grouped by root cause", "複数台に同じ切り分けを実行し、根本原因ごとに集計").In(l),
		Long: lang.Both(`Walks the symptom's tree for each instance. What instances share is read once.
No password data is read. With --guest one script that only reads answers what the
walks want to know of Windows, on all servers that Systems Manager reaches. Exit code:
1 at least one root cause (or an instance that is not there), 3 undecided, 0 no problem
in what was checked.`,
			`各インスタンスについて事象の切り分けを行います。共有する構成の取得は 1 回のみです。
パスワードデータの取得は行いません。--guest を指定すると、Systems Manager から到達できる
Windows で、切り分けに必要な参照のみのスクリプトをまとめて実行します。終了コード: 1 根本原因
あり（または該当インスタンスなし）、3 切り分け未完了、0 確認した範囲では問題なし。`).In(l),
		Example: "  monshin fleet check --symptom not-in-systems-manager --tag env=prod\n  monshin fleet check --symptom not-activated --tag env=prod --guest --ticket CHG-1234\n  monshin fleet check --symptom cloned i-0123456789abcdef0 i-0123456789abcdef1",
		RunE:    func(cmd *cobra.Command, args []string) error { return a.fleetCheck(cmd.Context(), f, ff, args) },
	}
	ff.register(c, l)
	ff.registerResume(c, l)
	c.Flags().StringVar(&f.symptom, "symptom", "", lang.Both("the symptom (see: monshin runbook list)", "事象（一覧: monshin runbook list）").In(l))
	c.Flags().StringArrayVar(&f.answers, "answer", nil, lang.Both("answer a question: ad-domain=…, user=…, from=… (repeatable)", "質問への回答: ad-domain=…、user=…、from=…（複数指定可）").In(l))
	c.Flags().StringArrayVar(&ff.tags, "tag", nil, lang.Both("instances with the tag KEY=VALUE (repeatable: all of them)", "タグ KEY=VALUE を持つインスタンス（複数指定時はすべて一致）").In(l))
	ff.registerPlaces(c, l)
	ff.registerGuest(c, f)
	return c
}

// registerPlaces takes several regions, profiles and roles.
func (ff *fleetFlags) registerPlaces(c *cobra.Command, l lang.Lang) {
	c.Flags().StringArrayVar(&ff.regions, "region", nil, lang.Both("AWS region (repeatable)", "AWS リージョン（複数指定可）").In(l))
	c.Flags().StringArrayVar(&ff.profiles, "profile", nil, lang.Both("AWS profile (repeatable)", "AWS プロファイル（複数指定可）").In(l))
	c.Flags().StringArrayVar(&ff.roles, "role-arn", nil, lang.Both("role to assume from each profile (repeatable)", "各プロファイルから引き受けるロールの ARN（複数指定可）").In(l))
}

// registerGuest takes the consent to the script inside Windows.
func (ff *fleetFlags) registerGuest(c *cobra.Command, f *flags) {
	l := f.lang
	c.Flags().BoolVar(&f.guest, "guest", false, lang.Both("allow the read-only script inside Windows (Run Command)", "OS 内での参照用スクリプトの実行（Run Command）を許可").In(l))
	c.Flags().StringVar(&f.ticket, "ticket", "", lang.Both("ticket under which the script is allowed; recorded", "スクリプト実行の承認チケット番号（記録用）").In(l))
	c.Flags().StringVar(&f.approver, "approver", "", lang.Both("who allowed the script; recorded", "スクリプト実行の承認者（記録用）").In(l))
	c.Flags().IntVar(&ff.concurrency, "concurrency", fleet.DefaultConcurrency, lang.Both("servers that run the script at the same time", "スクリプトを同時に実行する台数").In(l))
}

func newFleetClones(a *app, f *flags) *cobra.Command {
	ff, l := &fleetFlags{}, f.lang
	c := &cobra.Command{
		Use:   "clones",
		Short: lang.Both("Which instances are copies of one Windows", "Sysprep 未実施で複製されたインスタンスの検出").In(l),
		Long: lang.Both(`Looks for equal computer names and images of the account's own, without touching any
server. With --guest a script that only reads is run on every Windows server that
Systems Manager reaches, and the machine SIDs decide. Exit code: 1 copies were found
or are suspected, 3 undecided, 0 no duplicate among those that were asked.`,
			`コンピューター名の重複と自己所有の AMI を、サーバーに触れずに確認します。--guest を指定すると
Systems Manager から到達できる Windows で参照のみのスクリプトを実行し、マシン SID で判定します。
終了コード: 1 重複または複製の疑いあり、3 切り分け未完了、0 確認した範囲では重複なし。`).In(l),
		Example: "  monshin fleet clones --region ap-northeast-1 --region ap-northeast-3\n  monshin fleet clones --guest --ticket CHG-1234 -o csv > clones.csv",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.fleetClones(cmd.Context(), f, ff) },
	}
	ff.register(c, l)
	ff.registerResume(c, l)
	ff.registerPlaces(c, l)
	c.Flags().StringArrayVar(&ff.tags, "tag", nil, lang.Both("only instances with the tag KEY=VALUE (repeatable: all of them)", "タグ KEY=VALUE を持つインスタンスのみ（複数指定時はすべて一致）").In(l))
	ff.registerGuest(c, f)
	return c
}

func newFleetCompare(a *app, f *flags) *cobra.Command {
	ff, l := &fleetFlags{}, f.lang
	c := &cobra.Command{
		Use:   "compare",
		Short: lang.Both("What the instances with a problem share and the others do not have", "問題のあるインスタンスのみに共通する項目の抽出").In(l),
		Long: lang.Both("Compares image, build, updates, network, role, agent, launch day and tags. Exit code: 0 something separates the two sets, 3 nothing does, or somebody could not be read.",
			"AMI・OS ビルド・更新プログラム・ネットワーク・ロール・エージェント・起動日・タグを比較します。終了コード: 0 両者を分ける項目あり、3 なし、または確認できないインスタンスあり。").In(l),
		Example: "  monshin fleet compare --bad i-0123456789abcdef0,i-0123456789abcdef1 --good i-0123456789abcdef2",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.fleetCompare(cmd.Context(), f, ff) },
	}
	ff.register(c, l)
	c.Flags().StringSliceVar(&ff.bad, "bad", nil, lang.Both("instances with the problem", "問題のあるインスタンス").In(l))
	c.Flags().StringSliceVar(&ff.good, "good", nil, lang.Both("instances without it", "問題のないインスタンス").In(l))
	return c
}

// checkFormat refuses what cannot be written, before anything is called.
func (ff *fleetFlags) checkFormat(f *flags) error {
	switch {
	case !slices.Contains([]string{"text", "json", "markdown", "csv"}, ff.format):
		return usage(lang.Both("-o %q: the formats are text, json, markdown and csv", "-o %q: 指定できる形式は text、json、markdown、csv").With(ff.format))
	case ff.noBOM && ff.format != "csv":
		return usage(lang.Both("--no-bom goes with -o csv", "--no-bom は -o csv と併用"))
	case f.recording != "":
		return usage(lang.Both("a recording holds one instance: use monshin check", "記録の対象は 1 台のため、monshin check を使用"))
	}
	return nil
}

// checkGuest refuses what cannot be asked of Windows.
func (ff *fleetFlags) checkGuest(f *flags) error {
	switch {
	case ff.concurrency < 1:
		return usage(lang.Both("--concurrency %d: at least one server", "--concurrency %d: 1 以上を指定").With(ff.concurrency))
	case f.guest && f.readOnly:
		return usage(lang.Both("--read-only: scripts inside Windows are not run", "--read-only のため OS 内でのスクリプト実行は不可"))
	case !f.guest && f.ticket+f.approver != "":
		return usage(lang.Both("--ticket and --approver go with --guest", "--ticket と --approver は --guest と併用"))
	}
	return nil
}

// choose reads which instances are meant.
func (ff *fleetFlags) choose(ids []string) error {
	for _, id := range ids {
		if id = strings.TrimSpace(id); !instanceID.MatchString(id) {
			return usage(lang.Both("%q is not an instance id: i- and 8 or 17 hexadecimal digits", "%q はインスタンス ID の形式ではない（i- に続く 16 進数 8 桁または 17 桁）").With(id))
		}
		if !slices.Contains(ff.selection.IDs, id) {
			ff.selection.IDs = append(ff.selection.IDs, id)
		}
	}
	for _, t := range ff.tags {
		k, v, ok := strings.Cut(t, "=")
		if !ok || k == "" {
			return usage(lang.Both("--tag %q: use KEY=VALUE", "--tag %q: KEY=VALUE の形式で指定").With(t))
		}
		ff.selection.Tags = append(ff.selection.Tags, fleet.Tag{Key: k, Value: v})
	}
	if len(ff.selection.IDs) > 0 && len(ff.selection.Tags) > 0 {
		return usage(lang.Both("name instances by id or by --tag, not both", "インスタンス ID と --tag は同時に指定不可"))
	}
	return nil
}

// again takes over what an earlier run was started with.
func (ff *fleetFlags) again(f *flags, command string) error {
	if ff.resume == "" {
		return nil
	}
	named := len(ff.selection.IDs)+len(ff.tags)+len(ff.regions)+len(ff.profiles)+len(ff.roles)+len(f.answers) > 0
	if named || f.lab != "" || f.guest || f.symptom != "" {
		return usage(lang.Both("--resume goes on with what the earlier run was started with: give no instances, places or symptom", "--resume では前回の指定を引き継ぐため、対象・リージョン・事象などは指定不可"))
	}
	log, err := resume.Open(ff.resume)
	if err != nil {
		return badInput(lang.Same("--resume"), err)
	}
	if log.Opening.Command != command {
		return usage(lang.Both("%s is the record of monshin fleet %s", "%s は monshin fleet %s の記録").With(ff.resume, log.Opening.Command))
	}
	o := log.Opening
	ff.resumed, ff.selection, ff.regions, ff.profiles, ff.roles = log, o.Choose, o.Regions, o.Profiles, o.Roles
	f.lab, f.symptom, f.guest, f.ticket, f.approver = o.Lab, o.Symptom, o.Guest, o.Ticket, o.Approver
	if o.Concurrency > 0 {
		ff.concurrency = o.Concurrency
	}
	for _, k := range slices.Sorted(maps.Keys(o.Answers)) {
		f.answers = append(f.answers, k+"="+o.Answers[k])
	}
	return nil
}

// fleetMemory is what a run over many instances may take. Ten thousand of them are some
// 40 MiB; the rest is waste of lists that were read, which the collector otherwise
// lets grow to several times as much.
const fleetMemory = 144 << 20

// places opens every region of every profile and role. It makes no call.
func (a *app) places(ctx context.Context, f *flags, ff *fleetFlags) ([]fleet.Account, error) {
	debug.SetMemoryLimit(fleetMemory)
	ff.now = time.Now
	if f.lab != "" {
		l, err := lab.Open(f.lab, lab.Options{Latency: f.labLatency, Seed: f.labSeed, Faults: f.faults})
		if err != nil {
			return nil, badInput(lang.Same("--lab"), err)
		}
		ff.simulated, ff.now = true, l.Now
		if ff.regions == nil {
			ff.regions = []string{l.Scenario().Region}
		}
		var out []fleet.Account
		for _, r := range ff.regions {
			if !cloud.IsRegion(r) {
				return nil, usage(lang.Both("--region %q is not a region", "--region %q はリージョン名ではない").With(r))
			}
			out = append(out, cloud.New(l.Config(), cloud.Options{
				Target: estate.Target{Region: r}, Name: l.Source(), Now: l.Now, NoSlowdown: true, Concurrency: cloud.FleetConcurrency,
			}).Fleet())
		}
		return out, nil
	}
	logins := cloud.NewLogins(cloud.Settings{Region: f.region, Version: version(), Token: a.askMFA(ctx, f.lang)})
	if len(ff.profiles) == 0 {
		ff.profiles = []string{f.profile}
	}
	if len(ff.roles) == 0 {
		ff.roles = []string{""}
	}
	if len(ff.regions) == 0 {
		ff.regions = []string{f.region}
	}
	var out []fleet.Account
	for _, p := range ff.profiles {
		for _, role := range ff.roles {
			for _, r := range ff.regions {
				cfg, err := logins.Config(ctx, p, role, r)
				if err != nil {
					return nil, badInput(lang.Both("the AWS configuration", "AWS の設定"), err)
				}
				if err := cloud.Usable(ctx, cfg, p); err != nil {
					return nil, noAccess(err)
				}
				out = append(out, cloud.New(cfg, cloud.Options{Target: estate.Target{Region: cfg.Region}, Concurrency: cloud.FleetConcurrency}).Fleet())
			}
		}
	}
	return out, nil
}

// recordFleet opens the file that --resume reads.
func (a *app) recordFleet(f *flags, ff *fleetFlags, o resume.Opening) {
	var err error
	if ff.resume != "" {
		ff.record, err = resume.Append(ff.resume)
	} else {
		o.Version, o.AsOf, o.Choose, o.Lab = version(), ff.now().UTC(), ff.selection, f.lab
		o.Regions, o.Profiles, o.Roles = ff.regions, ff.profiles, ff.roles
		o.Guest, o.Ticket, o.Approver, o.Concurrency = f.guest, f.ticket, f.approver, ff.concurrency
		var dir string
		if dir, err = a.stateDir(); err == nil {
			dir = filepath.Join(filepath.Dir(dir), "fleets")
			ff.record, err = resume.Create(dir, journalName(time.Now(), "fleet", o.Command), o)
		}
	}
	if err != nil {
		ff.record = nil
		a.unrecorded(f, err)
	}
}

func (a *app) unrecorded(f *flags, err error) {
	fmt.Fprintf(a.err, "monshin: %s: %s\n", lang.Both("this run is not recorded and cannot be resumed", "この実行は記録されず、再開不可").In(f.lang), clean(err.Error()))
}

// note shows progress and records.
func (ff *fleetFlags) note(show func(fleet.Event)) func(fleet.Event) {
	return func(e fleet.Event) {
		if ff.record != nil {
			ff.record.Note(e)
		}
		show(e)
	}
}

// finish ends the record, and says how to go on where the run did not end.
func (a *app) finish(f *flags, ff *fleetFlags, complete bool) {
	if ff.record == nil {
		return
	}
	path := ff.record.Path()
	if err := ff.record.Close(); err != nil {
		a.unrecorded(f, err)
		return
	}
	if !complete {
		fmt.Fprintln(a.err, lang.Both("stopped before the end; go on with --resume %s", "途中で中断。再開: --resume %s").With(path).In(f.lang))
	}
}

// writeFleet writes a report, and ends with its exit code.
func (a *app) writeFleet(f *flags, ff *fleetFlags, r *transcript.Fleet, code int) error {
	var b []byte
	var err error
	switch ff.format {
	case "json":
		b, err = r.JSON()
	case "csv":
		b, err = r.CSV(!ff.noBOM)
	case "markdown":
		b = []byte(r.Markdown())
	default:
		b = []byte(r.Text())
	}
	if err == nil {
		_, err = a.out.Write(b)
	}
	if err != nil {
		return failed(lang.Both("writing the report", "結果の出力"), err)
	}
	if code != exitOK {
		return &exitError{code: code}
	}
	return nil
}

func (ff *fleetFlags) options(f *flags) transcript.Options {
	return transcript.Options{Lang: f.lang, Zone: f.zone, Version: version()}
}

// fleetProgress shows on a terminal how far a run is.
type fleetProgress struct {
	out  io.Writer
	lang lang.Lang

	mu    sync.Mutex
	last  time.Time
	drawn bool
}

func (a *app) fleetProgress(l lang.Lang) *fleetProgress {
	p := &fleetProgress{lang: l}
	if _, _, tty := a.isTerminal(); tty {
		p.out = a.err
	}
	return p
}

func (p *fleetProgress) show(e fleet.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.out == nil || time.Since(p.last) < slow {
		return
	}
	p.last, p.drawn = time.Now(), true
	what := map[fleet.Stage]lang.Text{
		fleet.Listing:   lang.Both("reading the list of instances", "インスタンス一覧を取得中"),
		fleet.Asking:    lang.Both("asking Windows", "OS 内を確認中"),
		fleet.Comparing: lang.Both("comparing", "比較中"),
		fleet.Walking:   lang.Both("walking", "切り分け中"),
	}[e.Stage]
	line := what.In(p.lang)
	if e.Total > 0 {
		line = fmt.Sprintf("%s  %d / %d", line, e.Done, e.Total)
	}
	fmt.Fprintf(p.out, "\r\x1b[K%s", lang.Truncate(clean(line+"  "+e.Place.String()), 78))
}

func (p *fleetProgress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.drawn {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
}
