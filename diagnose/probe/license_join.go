package probe

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
)

// licenseDocument is the only document that License Manager's role may run
// (domain.md §5.2, [V:slr6]).
const licenseDocument = "AWS-RunPowerShellScript"

// The kinds of errors that Windows gives when it joins a domain.
const (
	joinDNS         = "dns"         // the domain or its controllers were not found
	joinCredentials = "credentials" // found, but the account was refused
	joinOther       = "other"       // the join failed for another reason
)

// joinFailure is a domain join that failed, as the output of a command tells it.
type joinFailure struct {
	kind       string
	domain     string // the domain that was tried, "" where the text does not name it
	text       string // the error, on one line
	invocation estate.Invocation
}

// joinError looks in the Run Command output on the patient for a join of this
// domain that failed. kind is "dns", "credentials" or "other"; ok is false where
// the output is not known or holds no such error.
func joinError(v *estate.View, p patient, fqdn string) (kind string, evidence finding.Evidence, ok bool) {
	commands := estate.CommandsPart.Of(v, p.ID)
	f, found := failedJoin(commands.Value(), !p.dead)
	if !commands.IsKnown() || !found || f.domain != "" && domainName(f.domain) != fqdn || sentByOther(v, p, f) {
		return "", finding.Evidence{}, false
	}
	return f.kind, joinEvidence(p.ID, f, commands.Origin()), true
}

// sentByOther reports whether CloudTrail shows that the command behind a failed join
// on a dead instance was somebody else's: anybody may run the same document. Where
// CloudTrail names nobody it counts as License Manager's.
func sentByOther(v *estate.View, p patient, f joinFailure) bool {
	if !p.dead {
		return false // its trail is not read, and Windows said it, whoever asked
	}
	events := estate.TrailPart.Of(v, instanceQuery(p.ID).String()).Value().Events
	return sent(events, f.invocation.Requested, func(a estate.Actor) bool { return !ofLicenseManager(a) }) &&
		!sent(events, f.invocation.Requested, ofLicenseManager)
}

func joinEvidence(id string, f joinFailure, o fact.Origin) finding.Evidence {
	rules := map[string]lang.Text{
		joinDNS: lang.Both("Windows did not find the domain when it was told to join it",
			"ドメイン参加時に Windows がドメインを見つけられなかったことを示す出力"),
		joinCredentials: lang.Both("the domain was found, and refused the account that joins",
			"ドメインには到達し、参加用アカウントが拒否されたことを示す出力"),
		joinOther: lang.Both("the domain join failed", "ドメイン参加の失敗を示す出力"),
	}
	return see(estate.CommandsPart.Key(id), f.invocation.CommandID, f.text, rules[f.kind], o)
}

// overcome is how long after a failed join a successful run means that the join was
// made good, and is no clean-up after the failure: AWS names about twenty minutes for
// the whole configuration (domain.md §5.2), so that after an hour it is another's.
const overcome = time.Hour

// failedJoin finds the newest failed domain join. On a living instance a later
// successful run means that License Manager got over it; on a dead one only a run
// that is much later does, as the one right after may be License Manager's last.
func failedJoin(c estate.Commands, alive bool) (joinFailure, bool) {
	runs := slices.Clone(c.Invocations)
	slices.SortStableFunc(runs, func(a, b estate.Invocation) int { return b.Requested.Compare(a.Requested) })
	var good time.Time // of the latest run that succeeded
	for _, run := range runs {
		if run.Document != licenseDocument {
			continue
		}
		for _, text := range []string{run.Error, run.Output} {
			if f, found := readJoin(text); found {
				f.invocation = run
				return f, good.Sub(run.Requested) < overcome
			}
		}
		if run.Status == "Success" {
			if alive {
				return joinFailure{}, false
			}
			good = orTime(good, run.Requested)
		}
	}
	return joinFailure{}, false
}

// joinWords are what Windows says, English and Japanese, without the blanks:
// PowerShell breaks its errors at the width of a console that nobody sees.
func joinWords() []struct{ kind, words string } {
	return []struct{ kind, words string }{
		{joinDNS, "the specified domain either does not exist or could not be contacted"},
		{joinDNS, "domain controller (ad dc) for the domain"},
		{joinDNS, "an attempt to resolve the dns name of a domain controller in the domain being joined has failed"},
		{joinDNS, "an attempt to resolve the dns name of a dc in the domain being joined has failed"},
		{joinDNS, "dns name does not exist"},
		{joinDNS, "no such host is known"},
		{joinDNS, "指定されたドメインがないか、またはアクセスできません"},
		{joinDNS, "指定されたドメインがないか、アクセスできません"},
		{joinDNS, "指定されたドメインは存在しないか、アクセスできません"},
		{joinDNS, "dns 名を解決できませんでした"},
		{joinDNS, "dns 名がありません"},
		{joinDNS, "dns 名は存在しません"},
		{joinDNS, "そのようなホストは不明です"},
		{joinDNS, "ドメイン コントローラー (ad dc) に接続できませんでした"},
		{joinCredentials, "the user name or password is incorrect"},
		{joinCredentials, "unknown user name or bad password"},
		{joinCredentials, "the referenced account is currently locked out"},
		{joinCredentials, "access is denied"},
		{joinCredentials, "ユーザー名またはパスワードが正しくありません"},
		{joinCredentials, "ユーザー名を認識できないか、またはパスワードが間違っています"},
		{joinCredentials, "参照されたアカウントは現在ロックアウトされている"},
		{joinCredentials, "アクセスが拒否されました"},
		{joinOther, "failed to join domain"},
		{joinOther, "ドメインに参加できませんでした"},
		{joinOther, "に参加できませんでした"},
	}
}

// joinCodes are the same by number, as NetSetup.log and .NET write them:
// ERROR_NO_SUCH_DOMAIN 0x54b, DNS_ERROR_RCODE_NAME_ERROR 0x232b,
// DNS_INFO_NO_RECORDS 0x251d; ERROR_LOGON_FAILURE 0x52e.
func joinCodes() []struct {
	kind string
	code *regexp.Regexp
} {
	return []struct {
		kind string
		code *regexp.Regexp
	}{
		{joinDNS, regexp.MustCompile(`(?i)\b0x(8007|0000)?0*(54b|232b|251d)\b`)},
		{joinCredentials, regexp.MustCompile(`(?i)\b0x(8007|0000)?0*52e\b`)},
	}
}

// readJoin reads one text of a command. Only a text that speaks of a domain counts,
// and a refused account only beside a word for joining: "access is denied" alone
// can be anything.
func readJoin(text string) (joinFailure, bool) {
	tight := squeeze(text)
	if !containsAny(tight, "domain", "ドメイン") {
		return joinFailure{}, false
	}
	f := joinFailure{domain: joinedDomain(tight), text: oneLine(text, 400)}
	kinds := []string{joinDNS}
	if containsAny(tight, "join", "add-computer", "参加") {
		kinds = append(kinds, joinCredentials, joinOther)
	}
	for _, kind := range kinds {
		for _, w := range joinWords() {
			if w.kind == kind && strings.Contains(tight, squeeze(w.words)) {
				f.kind = kind
				return f, true
			}
		}
		for _, c := range joinCodes() {
			if c.kind == kind && c.code.MatchString(text) {
				f.kind = kind
				return f, true
			}
		}
	}
	return joinFailure{}, false
}

func containsAny(s string, parts ...string) bool {
	return slices.ContainsFunc(parts, func(p string) bool { return strings.Contains(s, p) })
}

// joinedDomain finds the name of the domain that a join error speaks of.
func joinedDomain(tight string) string {
	const name = `['"“「]([a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+)['"”」]`
	m := regexp.MustCompile(`(?:domain|ドメイン)` + name).FindStringSubmatch(tight)
	if m == nil {
		return ""
	}
	return m[1]
}

// squeeze takes every blank away and folds case.
func squeeze(s string) string {
	return strings.ToLower(strings.Join(strings.Fields(s), ""))
}

// plainError leaves out what PowerShell adds to an error: where in the script it was.
func plainError(s string) string {
	if i := regexp.MustCompile(`\s(?:At|発生場所)\s(?:line:|行:|[A-Za-z]:\\)`).FindStringIndex(s); i != nil {
		return s[:i[0]]
	}
	return s
}

// oneLine puts a text on one line of at most limit characters.
func oneLine(s string, limit int) string {
	r := []rune(strings.Join(strings.Fields(s), " "))
	if len(r) > limit {
		r = append(r[:limit-1], '…')
	}
	return string(r)
}

// commandsKept is how long Systems Manager keeps Run Command history (domain.md
// §5.4 [M]: about thirty days).
const commandsKept = 30 * 24 * time.Hour

func judgeLicenseCommands(v *estate.View) Verdict {
	p, _, stop := licensedPatient(v)
	if stop != nil {
		return *stop
	}
	commands := estate.CommandsPart.Of(v, p.ID)
	if commands.IsUnknown() {
		return unread(commands.Why())
	}
	c := commands.Value()
	at := estate.CommandsPart.Key(p.ID)
	if f, found := failedJoin(c, !p.dead); found && !sentByOther(v, p, f) {
		e := joinEvidence(p.ID, f, commands.Origin())
		return problem(
			lang.Both("the domain join failed: %s", "ドメイン参加に失敗: %s").With(oneLine(plainError(f.text), 240)),
			[]finding.Finding{{
				Code: finding.LicenseInstanceUnhealthy, Subject: p.ID, Certainty: finding.Proven,
				Params:   licenseParams(p, f.domain, "", "", licenseDocument+": "+plainError(f.text)),
				Evidence: []finding.Evidence{e},
			}})
	}
	var runs []estate.Invocation
	var read []finding.Evidence
	for _, run := range c.Invocations {
		if run.Document != licenseDocument {
			continue
		}
		runs = append(runs, run)
		read = append(read, see(at, run.CommandID, join(run.Status, run.Details, stamp(run.Requested)),
			lang.Both("status of a command of the only document that License Manager runs", "License Manager が使用する唯一のドキュメントの実行状態"), commands.Origin()))
	}
	if len(runs) == 0 {
		if !c.Complete {
			return unread(fact.Why{Reason: fact.NotRecorded, Action: "ssm:ListCommandInvocations", Resource: p.ID})
		}
		say := lang.Both("no command of License Manager in the history", "License Manager のコマンド実行履歴なし")
		if end := orTime(p.died, v.AsOf()); v.AsOf().Sub(end) > commandsKept {
			say = lang.Both("the history is gone (it is kept for about 30 days)", "実行履歴の保持期間（約 30 日）を経過")
		}
		return notApplicable(say)
	}
	return judgeRuns(v, p, runs, c.Complete, commands.Origin(), read)
}

// judgeRuns judges commands that hold no join error. A failure is License
// Manager's only where CloudTrail shows that License Manager sent it: anybody may
// run the same document.
func judgeRuns(v *estate.View, p patient, runs []estate.Invocation, complete bool, o fact.Origin, read []finding.Evidence) Verdict {
	last := slices.MaxFunc(runs, func(a, b estate.Invocation) int { return a.Requested.Compare(b.Requested) })
	switch last.Status {
	case "Success":
	case "Pending", "InProgress", "Delayed", "Cancelling":
		verdict := unknown(
			lang.Both("a command is still running: %s", "コマンド実行中: %s").With(last.Status),
			fact.Why{Reason: fact.TooEarly, Action: "ssm:ListCommandInvocations", Detail: last.Status, Until: v.AsOf().Add(commandRuns)})
		verdict.Evidence = read
		return verdict
	default:
		if !p.dead {
			break
		}
		trail := estate.TrailPart.Of(v, instanceQuery(p.ID).String())
		events, known := trail.Get()
		if !known {
			return unread(orNotRecorded(trail)...)
		}
		if sent(events.Events, last.Requested, ofLicenseManager) {
			text := oneLine(first(last.Error, last.Output, last.Details), 400)
			return problem(
				lang.Both("License Manager's last command: %s", "License Manager の最終コマンド: %s").With(join(last.Status, oneLine(text, 80))),
				[]finding.Finding{{
					Code: finding.LicenseInstanceUnhealthy, Subject: p.ID, Certainty: finding.Likely,
					Params: licenseParams(p, "", "", "", join(last.Status, text)),
					Evidence: []finding.Evidence{see(estate.CommandsPart.Key(p.ID), last.CommandID, join(last.Status, text),
						lang.Both("License Manager sent this command (CloudTrail), and it did not succeed", "License Manager が送信したコマンド（CloudTrail で確認）が成功せず"), o)},
				}})
		}
	}
	if !complete {
		return unread(fact.Why{Reason: fact.NotRecorded, Action: "ssm:ListCommandInvocations", Resource: p.ID})
	}
	return ok(lang.Both("no domain-join error in %d commands (the last: %s)", "%d 件のコマンドにドメイン参加エラーなし（最終: %s）").With(len(runs), last.Status), read...)
}

// commandRuns is when to look at a running command again: AWS names twenty minutes
// for License Manager's configuration (domain.md §5.2).
const commandRuns = 20 * time.Minute

// sent reports whether one of these actors sent a command at about that time;
// CloudTrail's and Systems Manager's clocks differ by seconds.
func sent(events []estate.TrailEvent, requested time.Time, by func(estate.Actor) bool) bool {
	const about = 2 * time.Minute
	return slices.ContainsFunc(events, func(e estate.TrailEvent) bool {
		return e.Name == "SendCommand" && e.Error == "" && by(e.Actor) && e.Time.Sub(requested).Abs() <= about
	})
}

func orTime(t, otherwise time.Time) time.Time {
	if t.IsZero() {
		return otherwise
	}
	return t
}
