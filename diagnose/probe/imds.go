package probe

import (
	"strings"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
)

func imdsProbe() Probe {
	return Probe{
		ID:    "imds.endpoint",
		Title: lang.Both("Instance metadata service", "インスタンスメタデータサービス（IMDS）"),
		Parts: []estate.AnyKind{estate.InstancePart, estate.TrailPart, estate.ManagedNodePart},
		Codes: []finding.Code{finding.IMDSDisabled},
		Judge: judgeMetadata,
	}
}

// judgeMetadata judges IMDS-1: the agent has its identity and its credentials from
// the metadata service. The hop limit does not matter to Windows itself.
func judgeMetadata(v *estate.View) Verdict {
	p, whys := thePatient(v)
	if len(whys) > 0 {
		return unread(whys...)
	}
	id := v.Target().InstanceID
	m := p.Metadata
	read := see(p.at, "metadata.endpoint", m.Endpoint,
		lang.Both("the agent reads its identity and its credentials from IMDS", "エージェントは IMDS から ID と認証情報を取得"), p.origin)
	var out Verdict
	switch {
	case strings.EqualFold(m.State, "pending"):
		out = unread(fact.Why{Reason: fact.TooEarly, Until: v.AsOf().Add(time.Minute), Resource: id, Detail: "MetadataOptions.State pending"})
	case strings.EqualFold(m.Endpoint, "enabled"):
		return ok(lang.Both("enabled (tokens %s)", "有効（トークン: %s）").With(orDash(m.Tokens)), read)
	case strings.EqualFold(m.Endpoint, "disabled"):
		certainty := finding.Proven
		if p.rebuilt {
			// The launch event says how it began, not how it ended.
			certainty = finding.Likely
		}
		return problem(lang.Both("disabled", "無効"), []finding.Finding{weighAlive(v, p, weighSent(v, p, finding.Finding{
			Code: finding.IMDSDisabled, Subject: id, Certainty: certainty,
			Scope: managed(), Evidence: []finding.Evidence{read},
		}))})
	default:
		out = unread(fact.Why{Reason: fact.NotRecorded, Resource: id, Detail: "MetadataOptions.HttpEndpoint"})
	}
	out.Evidence = []finding.Evidence{read}
	return out
}
