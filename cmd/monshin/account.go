package main

import (
	"context"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/monshin/monshin/diagnose/cloud"
	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/lab"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/runbook"
	"github.com/monshin/monshin/diagnose/walk"
	"github.com/monshin/monshin/sessions/journal"
)

// account is where facts come from: a live account, a lab, or a recording.
type account struct {
	source    walk.Source
	simulated bool
	region    string
	// instance, symptom and answers are what a lab or a recording suggests.
	instance string
	symptom  runbook.Symptom
	answers  map[string]string
	// now tells the time for which facts speak; a recording has one time only.
	now func() time.Time
	// sleep waits by that clock; nil where nothing is waited for.
	sleep func(context.Context, time.Duration) error
	// recorded says that nothing will be read anew; cut that the record ends before
	// its walk did.
	recorded, cut bool
	// consented says that a recording holds what Windows answered: reading that again
	// touches nothing.
	consented bool

	config aws.Config    // of live accounts and labs
	cloud  *cloud.Source // of live accounts and labs; nil for recordings
	lab    *lab.Lab      // nil for what is no lab
}

// openAccount opens what the flags name. It makes no call.
func (a *app) openAccount(ctx context.Context, f *flags) (*account, error) {
	switch {
	case f.recording != "":
		r, err := journal.Open(f.recording)
		if err != nil {
			return nil, badInput(lang.Same("--recording"), err)
		}
		return recordedAccount(r), nil
	case f.lab != "":
		l, err := lab.Open(f.lab, lab.Options{Latency: f.labLatency, Seed: f.labSeed, Faults: f.faults, State: f.labState, Before: a.meddle})
		if err != nil {
			return nil, badInput(lang.Same("--lab"), err)
		}
		s := l.Scenario()
		acc := &account{
			simulated: true, region: s.Region, instance: s.InstanceID, symptom: s.Symptom,
			answers: maps.Clone(s.Answers), now: l.Now, sleep: l.Sleep, config: l.Config(), lab: l,
		}
		acc.openCloud(l.Source(), true)
		return acc, nil
	}
	cfg, err := cloud.Config(ctx, cloud.Settings{
		Profile: f.profile, Region: f.region, Version: version(), Token: a.askMFA(ctx, f.lang),
	})
	if err != nil {
		return nil, badInput(lang.Both("the AWS configuration", "AWS の設定"), err)
	}
	acc := &account{region: cfg.Region, now: time.Now, sleep: cloud.Sleep, config: cfg}
	acc.openCloud("aws", false)
	return acc, nil
}

// recordedAccount gives the facts of a record, and none of any other time.
func recordedAccount(r *journal.Record) *account {
	return &account{
		source: r.Source(), simulated: r.Opening.Simulated, region: r.Opening.Target.Region,
		instance: r.Opening.Target.InstanceID, symptom: runbook.Symptom(r.Opening.Symptom),
		answers: r.Answers, now: func() time.Time { return r.AsOf }, recorded: true, cut: r.Cut(), consented: len(r.Consents) > 0,
	}
}

func (acc *account) openCloud(name string, unlimited bool) {
	acc.cloud = cloud.New(acc.config, cloud.Options{
		Target: estate.Target{Region: acc.region}, Name: name, Now: acc.now, NoSlowdown: unlimited,
	})
	acc.source = acc.cloud
}

// ready makes sure that there are credentials at all, before a walk turns their
// absence into fifty unknowns.
func (acc *account) ready(ctx context.Context, f *flags) error {
	if acc.cloud == nil || acc.simulated {
		return nil // a recording needs none, a lab has its own
	}
	if err := cloud.Usable(ctx, acc.config, f.profile); err != nil {
		return noAccess(err)
	}
	return nil
}

// noAccess ends with the code for missing or expired credentials.
func noAccess(err error) error {
	return failed(lang.Both("no access to AWS", "AWS に接続できず"), err)
}

// clock tells how old a fact is. What a lab read is as old as the lab's own clock
// says; a recording is as old as it is.
func (acc *account) clock() func() time.Time {
	if acc.simulated && !acc.recorded {
		return acc.now
	}
	return time.Now
}

// instanceID is the form of an EC2 instance id: eight or seventeen hex digits.
var instanceID = regexp.MustCompile(`^i-([0-9a-f]{8}|[0-9a-f]{17})$`)

// target is the instance that the command line names, or the lab's or recording's.
func (acc *account) target(args []string) (string, error) {
	if len(args) == 0 {
		if acc.instance == "" {
			return "", usage(lang.Both("which instance? give its id, or --lab SCENARIO", "インスタンス ID または --lab SCENARIO の指定が必要"))
		}
		return acc.instance, nil
	}
	id := strings.TrimSpace(args[0])
	if !instanceID.MatchString(id) {
		return "", usage(lang.Both("%q is not an instance id: i- and 8 or 17 hexadecimal digits", "%q はインスタンス ID の形式ではない（i- に続く 16 進数 8 桁または 17 桁）").With(id))
	}
	if acc.recorded && id != acc.instance {
		return "", usage(lang.Both("the recording is about %s, not %s", "記録の対象は %s であり、%s ではない").With(acc.instance, id))
	}
	return id, nil
}

// pick chooses the symptom: the flag's, else the lab's or recording's own, else everything.
func (acc *account) pick(flag string, known []runbook.Symptom) (runbook.Symptom, error) {
	s := runbook.Symptom(flag)
	if s == "" {
		s = acc.symptom
	}
	if s == "" {
		s = runbook.Everything
	}
	if !slices.Contains(known, s) {
		var names []string
		for _, k := range known {
			names = append(names, string(k))
		}
		return "", usage(lang.Both("there is no symptom %q; there are %s", "事象 %q は存在しない。指定できるのは %s").With(string(s), strings.Join(names, ", ")))
	}
	return s, nil
}
