package lab

import (
	"maps"
	"slices"
	"time"

	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/runbook"
)

// Scenario is a simulated account with a story, and what a diagnosis of it must
// come to (DESIGN.md §6).
type Scenario struct {
	Name  string
	Title lang.Text
	// Lesson says in a sentence what there is to learn.
	Lesson  lang.Text
	Symptom runbook.Symptom
	// InstanceID, Region and Account are the target.
	InstanceID string
	Region     string
	Account    string
	// Now is the time of the investigation, in UTC.
	Now time.Time
	// Answers are what an operator would answer, by question name (estate.Answer…).
	Answers map[string]string
	// Expect are the root causes: all of these, and no others.
	Expect []Expected
	// Unknown are reasons that must be among the unknowns.
	Unknown []fact.Reason
	// Unexplained are observations that must stay unexplained.
	Unexplained []finding.Code
	// Exit is the exit code of `monshin check`.
	Exit int
	// Guest says that the expectations hold where scripts may run inside Windows: with
	// `--guest`.
	Guest bool

	build func() *World
	// operations are answered instead of the lab's own of the same name; nil is none.
	operations func() map[string]operation
}

// Expected is a root cause.
type Expected struct {
	Code finding.Code
	// Subject is how the finding's subject must end; "" is any.
	Subject string
	// Certainty, where it is given, is what the finding must be.
	Certainty finding.Certainty
	// Explains are observations that it must explain.
	Explains []finding.Code
	// Assumptions are assumptions that it must carry.
	Assumptions []string
}

// Find returns the scenario of a name.
func Find(name string) (Scenario, bool) {
	for _, s := range slices.Concat(Scenarios(), Fleets()) {
		if s.Name == name {
			return s, true
		}
	}
	return Scenario{}, false
}

// Scenarios lists every scenario, in the order of DESIGN.md §6.
func Scenarios() []Scenario {
	all := slices.Concat(healthyScenarios(), managementScenarios(), officeScenarios(), otherScenarios(), guestScenarios())
	for i := range all {
		s := &all[i]
		s.Region, s.Account, s.Now = region, account, now()
		s.Answers = maps.Clone(s.Answers)
		if s.InstanceID == "" {
			s.InstanceID = appID()
		}
	}
	return all
}

// cause is a root cause of which only the code is fixed.
func cause(code finding.Code) []Expected { return []Expected{{Code: code}} }

// explaining is a root cause that must explain something.
func explaining(code finding.Code, effects ...finding.Code) []Expected {
	return []Expected{{Code: code, Explains: effects}}
}

// broken is the common estate with something done to it.
func broken(breakIt func(*World)) func() *World {
	return func() *World {
		w := healthy()
		breakIt(w)
		return w
	}
}

func healthyScenarios() []Scenario {
	return []Scenario{{
		Name: "healthy", Symptom: runbook.Everything, build: healthy,
		Title: lang.Both("Everything in order, through interface endpoints", "問題のない構成（インターフェイス型エンドポイント経由）"),
		Lesson: lang.Both("What a private instance needs to be managed: a role, three endpoints, their groups, and DNS attributes.",
			"プライベートサブネットのインスタンスがマネージドノードになるための条件（ロール、3 つのエンドポイント、セキュリティグループ、VPC の DNS 属性）を確認できます。"),
	}, {
		Name: "healthy-nat", Symptom: runbook.Everything, build: withNAT,
		Title: lang.Both("Everything in order, through a NAT gateway", "問題のない構成（NAT ゲートウェイ経由）"),
		Lesson: lang.Both("No endpoint is missing where there is another way: the service has to be reached, not one mechanism to be there.",
			"エンドポイントがなくても、NAT ゲートウェイ経由で到達できれば問題ありません。仕組みの有無ではなく到達性で判断します。"),
	}, {
		Name: "healthy-custom-policy", Symptom: runbook.Everything, build: withCustomPolicy,
		Title: lang.Both("Everything in order, with a policy of the account's own", "問題のない構成（カスタムポリシー）"),
		Lesson: lang.Both("A custom policy that grants the minimum is as good as AmazonSSMManagedInstanceCore; a Deny with NotAction beside it does not matter.",
			"必要最小限の権限を持つカスタムポリシーでも問題ありません。併用されている NotAction の Deny は本件に影響しません。"),
	}, {
		Name: "healthy-resolver-rule", Symptom: runbook.Everything, build: officeRunning, InstanceID: officeID(living),
		Title: lang.Both("An Office instance in order, its domain resolved by a Resolver rule", "問題のない Office 付きインスタンス（Resolver ルールで AD ドメインを解決）"),
		Lesson: lang.Both("AmazonProvidedDNS is right where a Resolver rule forwards the domain to the directory.",
			"AmazonProvidedDNS のままでも、Resolver ルールで AD ドメインを転送していれば名前解決できます。"),
	}}
}
