package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/monshin/monshin/diagnose/cloud"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/permission"
	"github.com/monshin/monshin/diagnose/remedy/fixes"
	"github.com/monshin/monshin/diagnose/runbook"
	"github.com/monshin/monshin/diagnose/walk"
)

func newPermissions(a *app, f *flags) *cobra.Command {
	var session string
	var table, many, fix bool
	l := f.lang
	c := &cobra.Command{
		Use:   "permissions",
		Short: lang.Both("The IAM policy that a walk needs, or was refused", "切り分けに必要な、または拒否された IAM 権限").In(l),
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			k, err := learn()
			if err != nil {
				return failed(lang.Same("monshin"), err)
			}
			switch {
			case session != "":
				return a.requestFor(cmd, f, k, session)
			case table:
				t, err := permission.Table(k.library.Trees(), k.probes, f.lang)
				if err != nil {
					return failed(lang.Same("monshin"), err)
				}
				fmt.Fprint(a.out, t)
				return nil
			}
			needs, err := k.needs(f, many, fix)
			if err != nil {
				return err
			}
			for _, n := range needs {
				var titles []string
				for _, t := range n.Probes {
					titles = append(titles, t.In(f.lang))
				}
				fmt.Fprintf(a.err, "# %s: %s\n", n.Action, strings.Join(titles, lang.Both(", ", "、").In(f.lang)))
			}
			fmt.Fprintln(a.out, permission.Policy(needs))
			return nil
		},
	}
	c.Flags().StringVar(&f.symptom, "symptom", "", lang.Both("for this symptom only (default: everything)", "対象の事象（既定は everything）").In(l))
	c.Flags().StringVar(&session, "for-session", "", lang.Both("what the walk recorded in FILE was refused, as one request", "FILE の調査で拒否された権限の付与依頼文").In(l))
	c.Flags().BoolVar(&fix, "fixes", false, lang.Both("also for carrying out, checking and taking back every fix", "対処手順の実施・事後確認・切り戻しに必要な権限も含む").In(l))
	c.Flags().BoolVar(&many, "fleet", false, lang.Both("for monshin fleet; with --symptom also for fleet check of it", "monshin fleet に必要な権限（--symptom 指定時は fleet check も含む）").In(l))
	c.Flags().BoolVar(&table, "table", false, lang.Both("what the AWS managed read policies can decide, per symptom", "AWS 管理ポリシーで判定できる範囲の一覧（事象別）").In(l))
	return c
}

// needs are the actions for one walk, or for the commands about many instances.
func (k *knowledge) needs(f *flags, many, fix bool) ([]permission.Need, error) {
	if fix {
		walk, err := k.needs(f, many, false)
		return permission.Join(walk, permission.Fixes(fixes.Library().All(), cloud.Watching)), err
	}
	if many && f.symptom == "" {
		return permission.Fleet(nil, k.probes), nil
	}
	s, err := (&account{}).pick(f.symptom, k.library.Symptoms())
	if err != nil {
		return nil, err
	}
	tree, err := k.tree(s, "")
	switch {
	case err != nil:
		return nil, failed(lang.Same("monshin"), err)
	case many:
		return permission.Fleet(tree, k.probes), nil
	}
	return permission.Needed(tree, k.probes), nil
}

// requestFor judges a recording again and asks for what it lacked.
func (a *app) requestFor(cmd *cobra.Command, f *flags, k *knowledge, file string) error {
	g := *f
	g.recording, g.lab = file, ""
	acc, err := a.openAccount(cmd.Context(), &g)
	if err != nil {
		return err
	}
	symptom, err := acc.pick("", k.library.Symptoms())
	if err != nil {
		return err
	}
	tree, err := k.tree(symptom, "")
	if err != nil {
		return failed(lang.Same("monshin"), err)
	}
	inv, err := a.investigate(acc, k, &g, acc.instance, tree, nil)
	if err != nil {
		return failed(lang.Same("monshin"), err)
	}
	d := inv.Run(cmd.Context(), nil)
	fmt.Fprint(a.out, request(d, permission.Denied(inv.Estate(), tree, k.probes), f.lang))
	return nil
}

// request is the request as it is shown. A recording may name actions that AWS
// does not have, and its policy quotes them as they are.
func request(d *walk.Diagnosis, needs []permission.Need, l lang.Lang) string {
	return lang.CleanLines(permission.Request(d, needs, l))
}

func newExplain(a *app, f *flags) *cobra.Command {
	return &cobra.Command{
		Use:     "explain CODE",
		Short:   lang.Both("The page of a finding", "検出結果の説明").In(f.lang),
		Example: "  monshin explain dns.ad-domain-unresolvable",
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			k, err := learn()
			if err != nil {
				return failed(lang.Same("monshin"), err)
			}
			return a.explain(k, f, args[0])
		},
	}
}

func newLab(a *app, f *flags) *cobra.Command {
	c := &cobra.Command{
		Use:   "lab",
		Short: lang.Both("The simulated accounts", "模擬アカウント").In(f.lang),
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	c.AddCommand(
		&cobra.Command{
			Use: "list", Args: cobra.NoArgs,
			Short: lang.Both("Names and titles", "名称と題名の一覧").In(f.lang),
			RunE:  func(*cobra.Command, []string) error { return a.labList(f) },
		},
		&cobra.Command{
			Use: "show SCENARIO", Args: cobra.ExactArgs(1),
			Short: lang.Both("What a scenario is about", "模擬アカウントの内容").In(f.lang),
			RunE:  func(_ *cobra.Command, args []string) error { return a.labShow(f, args[0]) },
		})
	return c
}

func newRunbook(a *app, f *flags) *cobra.Command {
	c := &cobra.Command{
		Use:   "runbook",
		Short: lang.Both("The symptoms and their decision trees", "事象と切り分けフロー").In(f.lang),
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	var form string
	graph := &cobra.Command{
		Use: "graph SYMPTOM", Args: cobra.ExactArgs(1),
		Short: lang.Both("The tree as a graph", "フローのグラフ表示").In(f.lang),
		RunE:  func(_ *cobra.Command, args []string) error { return a.runbookGraph(f, runbook.Symptom(args[0]), form) },
	}
	graph.Flags().StringVarP(&form, "output", "o", "text", lang.Both("text, dot or mermaid", "text、dot、mermaid のいずれか").In(f.lang))
	c.AddCommand(
		&cobra.Command{
			Use: "list", Args: cobra.NoArgs,
			Short: lang.Both("The symptoms", "事象の一覧").In(f.lang),
			RunE:  func(*cobra.Command, []string) error { return a.runbookList(f) },
		},
		&cobra.Command{
			Use: "show SYMPTOM", Args: cobra.ExactArgs(1),
			Short: lang.Both("A tree, node by node", "フローの内容").In(f.lang),
			RunE:  func(_ *cobra.Command, args []string) error { return a.runbookShow(f, runbook.Symptom(args[0])) },
		},
		graph,
		&cobra.Command{
			Use: "check FILE", Args: cobra.ExactArgs(1),
			Short: lang.Both("Check a tree of your own", "独自フローの検査").In(f.lang),
			RunE:  func(_ *cobra.Command, args []string) error { return a.runbookCheck(f, args[0]) },
		})
	return c
}
