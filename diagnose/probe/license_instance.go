package probe

import (
	"slices"
	"strings"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
)

// adoption is how long a running instance may be without License Manager's tag
// (domain.md LM-12).
const adoption = 10 * time.Minute

func judgeLicensedInstance(v *estate.View) Verdict {
	p, l, stop := licensedPatient(v)
	if stop != nil {
		return *stop
	}
	rows := estate.LicensedInstancesPart.Of(v, "")
	value, tagged := p.Tags[licenseTag]
	tag := see(p.at, "tags", orDash(value),
		lang.Both("License Manager's tag on the instance; it must be %s", "License Manager のタグ（本来の値は %s）").With(licenseTagValue), p.origin)
	if !p.dead && tagged && value != licenseTagValue {
		// The tag is a condition of the service's own role: changed, it may not act.
		return problem(lang.Both("License Manager's tag was changed: %s", "License Manager のタグが変更されている: %s").With(orDash(value)),
			[]finding.Finding{notAdopted(p, l, "", tag)}, pendingOf(whyOf(rows))...)
	}
	if pending := pendingOf(whyOf(rows)); len(pending) > 0 {
		return unread(pending...)
	}
	// Without its tag License Manager's role may do nothing with the instance, whatever
	// its list says (domain.md LM-12).
	var untagged []finding.Finding
	if !p.dead && !tagged && p.State == "running" && !p.LaunchTime.IsZero() && !v.AsOf().Before(p.LaunchTime.Add(adoption)) {
		f := notAdopted(p, l, "", tag)
		f.Certainty, f.Assumptions = finding.Likely, []finding.Assumption{secondSource("ec2:DescribeInstances")}
		untagged = append(untagged, f)
	}
	if rows.IsUnknown() {
		verdict := settle(untagged, whyOf(rows), lang.Text{})
		if !p.dead {
			verdict.Evidence = []finding.Evidence{tag}
		}
		return verdict.saying(lang.Both("without License Manager's tag (running since %s)", "License Manager のタグなし（%s から稼働）").With(stamp(p.LaunchTime)))
	}
	row, listed := licensedRow(rows, p.ID)
	if !listed {
		return judgeUnlisted(v, p, l, rows.Origin(), tag, tagged)
	}
	at := estate.LicensedInstancesPart.Key("")
	e := see(at, row.ID, join(row.Status, row.Message),
		lang.Both("License Manager's own words", "License Manager のステータス・メッセージ（原文）"), rows.Origin())
	switch strings.ToUpper(row.Status) {
	case "ACTIVATED", "ACTIVE":
		return settle(untagged, nil, lang.Both("%s, last checked %s", "%s（最終確認 %s）").With(row.Status, stamp(row.LastChecked)), e).
			saying(lang.Both("%s, but without License Manager's tag", "%s だが License Manager のタグなし").With(row.Status))
	case "FAILED", "TERMINATED":
		if p.dead && row.Message == "" && strings.EqualFold(row.Status, "TERMINATED") {
			return notApplicable(lang.Both("terminated, without a reason", "終了済み（terminated）。理由の記載なし"), e)
		}
		return problem(lang.Same(oneLine(join(row.Status, row.Message), 160)), append([]finding.Finding{{
			Code: finding.LicenseInstanceUnhealthy, Subject: p.ID, Certainty: finding.Proven,
			Params:   licenseParams(p, row.Directory, strings.Join(row.Products, ", "), "", join(row.Status, row.Message)),
			Evidence: []finding.Evidence{e},
		}}, untagged...))
	}
	verdict := settle(untagged, []fact.Why{{Reason: fact.NotModelled, Action: "license-manager-user-subscriptions:ListInstances",
		Resource: p.ID, Detail: join(row.Status, row.Message)}}, lang.Text{}, e)
	verdict.Say = lang.Both("License Manager says: %s", "License Manager のステータス: %s").With(oneLine(join(row.Status, row.Message), 160))
	return verdict
}

// judgeUnlisted judges an instance that License Manager does not list.
func judgeUnlisted(v *estate.View, p patient, l license, o fact.Origin, tag finding.Evidence, tagged bool) Verdict {
	switch {
	case p.dead:
		return notApplicable(lang.Both("terminated, and no longer listed by License Manager", "終了済みのため License Manager の一覧に存在せず"))
	case p.State != "running":
		return notApplicable(lang.Both("the instance is not running (%s)", "稼働中ではない（%s）").With(orDash(p.State)))
	case tagged:
		return unknown(lang.Both("tagged by License Manager, but not in its list", "タグはあるが License Manager の一覧に存在せず"),
			fact.Why{Reason: fact.NotModelled, Action: "license-manager-user-subscriptions:ListInstances", Resource: p.ID, Detail: licenseTag})
	case p.LaunchTime.IsZero():
		return unread(fact.Why{Reason: fact.NotRecorded, Action: "ec2:DescribeInstances", Resource: p.ID, Detail: "LaunchTime"})
	}
	until := p.LaunchTime.Add(adoption)
	if v.AsOf().Before(until) {
		return unknown(lang.Both("not adopted yet; look again after %s", "License Manager の認識待ち（%s 以降に再確認）").With(stamp(until)),
			fact.Why{Reason: fact.TooEarly, Action: "license-manager-user-subscriptions:ListInstances", Until: until})
	}
	none := see(estate.LicensedInstancesPart.Key(""), p.ID, "-",
		lang.Both("License Manager does not list the instance", "License Manager の一覧に存在しない"), o)
	return problem(lang.Both("License Manager never adopted the instance (running since %s)", "License Manager に認識されていない（%s から稼働）").With(stamp(p.LaunchTime)),
		[]finding.Finding{notAdopted(p, l, "", tag, none)})
}

func notAdopted(p patient, l license, message string, evidence ...finding.Evidence) finding.Finding {
	return finding.Finding{
		Code: finding.LicenseNotAdopted, Subject: p.ID, Certainty: finding.Proven,
		Params: licenseParams(p, "", first(l.Product, l.Name), "", message), Evidence: evidence,
	}
}

// judgeLicenseType: License Manager's products run on Nitro, and not on Graviton
// (domain.md §5.2.9 [V:lm-launch]). Neither changes after the launch.
func judgeLicenseType(v *estate.View) Verdict {
	p, l, stop := licensedPatient(v)
	if stop != nil {
		return *stop
	}
	if p.Type == "" {
		return unread(fact.Why{Reason: fact.NotRecorded, Action: "ec2:DescribeInstances", Resource: p.ID, Detail: "InstanceType"})
	}
	part := estate.InstanceTypePart.Of(v, p.Type)
	t, known := part.Get()
	if !known {
		return unread(orNotRecorded(part)...)
	}
	value := join(t.Name, t.Hypervisor, strings.Join(t.Architectures, ","))
	report := func(rule lang.Text) Verdict {
		return problem(lang.Both("unsupported instance type: %s", "非対応のインスタンスタイプ: %s").With(value), []finding.Finding{{
			Code: finding.LicenseUnsupportedInstanceType, Subject: p.Type, Certainty: finding.Proven, Scope: []string{"directory", "1688"},
			Params:   licenseParams(p, "", first(l.Product, l.Name), "", value),
			Evidence: []finding.Evidence{see(estate.InstanceTypePart.Key(p.Type), "", value, rule, part.Origin())},
		}})
	}
	switch {
	case len(t.Architectures) > 0 && !slices.Contains(t.Architectures, "x86_64"):
		return report(lang.Both("Graviton is not supported", "Graviton（ARM）は非対応"))
	case t.Hypervisor == "xen":
		return report(lang.Both("only Nitro-based types are supported", "対応するのは Nitro ベースのタイプのみ"))
	case t.Hypervisor == "" && !t.BareMetal, len(t.Architectures) == 0:
		return unread(fact.Why{Reason: fact.NotRecorded, Action: "ec2:DescribeInstanceTypes", Resource: p.Type})
	}
	return ok(lang.Both("supported: %s", "対応タイプ: %s").With(value),
		see(estate.InstanceTypePart.Key(p.Type), "", value, lang.Both("Nitro, and x86_64", "Nitro かつ x86_64"), part.Origin()))
}

// judgeLicenseImage asks whether the instance came from a backup: License Manager
// wants images without Sysprep to have no living original, and no second copy
// (domain.md LM-14). Whether Sysprep ran is known to Windows only, so that copies
// are never a finding here; equal computer names are clone.lineage's.
func judgeLicenseImage(v *estate.View) Verdict {
	p, _, stop := licensedPatient(v)
	if stop != nil {
		return *stop
	}
	if p.ImageID == "" {
		return unread(fact.Why{Reason: fact.NotRecorded, Action: "ec2:DescribeInstances", Resource: p.ID, Detail: "ImageId"})
	}
	image := estate.ImagePart.Of(v, p.ImageID)
	i, known := image.Get()
	if !known {
		if image.IsAbsent() {
			return unread(fact.Why{Reason: fact.NotVisible, Action: "ec2:DescribeImages", Resource: p.ImageID})
		}
		return unread(image.Why())
	}
	at := estate.ImagePart.Key(p.ImageID)
	owner := see(at, "owner", join(i.OwnerAlias, i.OwnerID, i.Name), lang.Both("who made the image", "AMI の提供元"), image.Origin())
	if ofAWS(i) {
		return ok(lang.Both("an image of AWS or the Marketplace (%s)", "AWS・Marketplace 提供の AMI（%s）").With(i.OwnerAlias), owner)
	}
	siblings := estate.SiblingsPart.Of(v, p.ImageID)
	var source fact.Of[estate.Instance]
	if i.SourceInstance != "" {
		source = estate.InstancePart.Of(v, i.SourceInstance)
	}
	open := whyOf(siblings)
	if i.SourceInstance != "" {
		open = append(open, whyOf(source)...)
	}
	if len(open) > 0 {
		return unread(open...)
	}
	evidence := []finding.Evidence{owner}
	if s := source.Value(); source.IsKnown() && s.State != "terminated" && s.State != "shutting-down" {
		evidence = append(evidence, see(estate.InstancePart.Key(i.SourceInstance), "state", join(i.SourceInstance, s.State),
			lang.Both("the instance that the image was made from still exists; AWS wants the original of a backup terminated",
				"AMI の作成元インスタンスが存在。バックアップからの復元では元インスタンスの終了が必要"), source.Origin()))
	}
	for _, s := range siblings.Value().Peers {
		if s.ID != p.ID && s.ID != i.SourceInstance && s.State != "terminated" && s.State != "shutting-down" {
			evidence = append(evidence, see(estate.SiblingsPart.Key(p.ImageID), s.ID, join(s.ID, s.State, s.ComputerName),
				lang.Both("another instance of the same image", "同一 AMI の他インスタンス"), siblings.Origin()))
		}
	}
	if len(evidence) == 1 && siblings.Value().Complete && i.SourceInstance != "" {
		return ok(lang.Both("own image, without a living original or copy", "AWS 提供以外の AMI（作成元・複製の稼働なし）"), owner)
	}
	verdict := unknown(
		lang.Both("an own image: whether Sysprep ran is known to Windows only", "AWS 提供以外の AMI: Sysprep 実施有無は OS 内の確認が必要"),
		fact.Why{Reason: fact.NeedsGuest, Resource: p.ImageID})
	verdict.Evidence = evidence
	return verdict
}
