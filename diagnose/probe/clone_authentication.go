package probe

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/reach"
)

// incident is how far back a failed sign-in is looked for. Nobody tells when it
// failed, and a day is what the failed logons are read for too.
const incident = 24 * time.Hour

func cloneAuthenticationProbe() Probe {
	return Probe{
		ID:    "clone.authentication",
		Title: lang.Both("Authentication between computers of one machine SID (event 6167)", "マシン SID の重複による認証拒否（イベント 6167）"),
		Parts: []estate.AnyKind{estate.InstancePart, estate.TrailPart, estate.ImagePart, estate.ManagedNodePart, estate.GuestIdentityPart},
		Asks:  []string{estate.AnswerFrom},
		Codes: []finding.Code{finding.CloneAuthenticationBlocked, finding.CloneNotGeneralized},
		Judge: judgeCloneAuthentication,
	}
}

// judgeCloneAuthentication reads the event by which Windows tells that it refused a
// computer with its own machine ID (domain.md SID-2 [V:ms-ex]). The event names no
// client, so that it is the cause of a failed sign-in only where the client is a
// copy of this machine itself and the event is as recent as the failure; else it
// stands as a risk beside whatever the cause is.
func judgeCloneAuthentication(v *estate.View) Verdict {
	p, stop := runningWindows(v)
	if stop != nil {
		return *stop
	}
	part := estate.GuestIdentityPart.Of(v, p.ID)
	i, known := part.Get()
	if !known {
		return unread(orNotRecorded(part)...)
	}
	at := estate.GuestIdentityPart.Key(p.ID)
	version := versionEvidence(p.ID, i, part.Origin())
	switch {
	case i.Unread.Has("mismatches"):
		return unread(unreadField(p.ID, "LsaSrv 6167"))
	case len(i.Mismatches) == 0:
		none := see(at, "mismatches", 0, lang.Both("Windows refused no computer with its own machine ID", "マシン ID の一致による認証拒否の記録なし"), part.Origin())
		return withoutMismatch(v, p, i, none, version)
	}
	recent := 0
	for _, t := range i.Mismatches {
		if v.AsOf().Sub(t) <= incident {
			recent++
		}
	}
	event := see(at, "mismatches", join(stamp(i.Mismatches[0]), "("+strconv.Itoa(len(i.Mismatches))+")"),
		lang.Both("LsaSrv 6167: Windows refused a computer with its own machine ID; the newest, and how many in seven days",
			"LsaSrv 6167: 同一マシン ID のコンピューターからの認証を拒否（最新の日時、過去 7 日間の件数）"), part.Origin())
	f := finding.Finding{
		Code: finding.CloneAuthenticationBlocked, Subject: p.ID, Severity: finding.Info, Certainty: finding.Likely,
		Params:   map[string]string{"name": orDash(i.Host), "count": strconv.Itoa(len(i.Mismatches))},
		Evidence: []finding.Evidence{event, version},
	}
	apart := lang.Both("event 6167 is recorded, but not tied to this sign-in: a risk apart", "イベント 6167 の記録あり（今回のサインインとの関連は確認されず、別のリスク）")
	if recent == 0 {
		f.Evidence = append(f.Evidence, see(at, "mismatches", stamp(i.Mismatches[0]),
			lang.Both("older than a day: not in the time of the incident", "24 時間以上前の記録のため、事象の発生時間帯ではない"), part.Origin()))
		return problem(apart, []finding.Finding{f})
	}
	client, whys := clientOf(v, p, i)
	f.Evidence = append(f.Evidence, client.evidence...)
	if len(whys) > 0 || !client.copy {
		return problem(apart, []finding.Finding{f}, whys...)
	}
	f.Severity = ""
	found := []finding.Finding{f}
	if client.image {
		// Two computers of one image with one machine ID: nobody set them up anew.
		found = append(found, finding.Finding{
			Code: finding.CloneNotGeneralized, Subject: p.ImageID, Certainty: finding.Likely,
			Params: map[string]string{"image": p.ImageID}, Evidence: f.Evidence,
		})
	}
	return problem(lang.Both("Windows refuses %s, a computer with its own machine SID", "同一マシン SID の %s からの認証を OS が拒否").With(client.id), found)
}

// withoutMismatch is the judgement where Windows recorded no such refusal: whatever
// is wrong with the sign-in, it is not the shared SID. That the instance is a copy is
// told all the same, as a risk beside it.
func withoutMismatch(v *estate.View, p patient, i estate.GuestIdentity, none, version finding.Evidence) Verdict {
	good := ok(lang.Both("no event 6167 within seven days (%s)", "過去 7 日間にイベント 6167 の記録なし（%s）").With(buildOf(i)), none, version)
	c := copied{identity: i}
	if attached := born(p); i.Role >= domainController || p.ImageID == "" || attached.IsZero() || i.Installed.IsZero() || !c.older(attached) {
		return good
	}
	image := estate.ImagePart.Of(v, p.ImageID)
	if image.IsUnknown() {
		out := unread(image.Why())
		out.Evidence = good.Evidence
		return out
	}
	c.image, c.seen = image.Get()
	if c.seen && ofAWS(c.image) || !c.older(born(p)) {
		return good
	}
	return problem(lang.Both("no event 6167; that the instance is a copy without Sysprep is a risk apart (%s)", "イベント 6167 の記録なし。Sysprep なしの複製である点は別のリスク（%s）").With(buildOf(i)),
		[]finding.Finding{{
			Code: finding.CloneNotGeneralized, Subject: p.ImageID, Severity: finding.Info, Certainty: finding.Likely,
			Params: map[string]string{"image": p.ImageID},
			Evidence: []finding.Evidence{see(estate.GuestIdentityPart.Key(p.ID), "installed", stamp(i.Installed),
				lang.Both("Windows is older than the instance (%s): it was not set up anew", "OS のインストール日時がインスタンスの作成（%s）より前。新規セットアップなしで起動").With(stamp(born(p))), none.Origin), none, version},
		}})
}

// signInClient is the computer from which one signs in.
type signInClient struct {
	id string
	// copy says that it came from the same Windows as the patient.
	copy bool
	// image says that this is so by the image: they share it, or it was made of the client.
	image    bool
	evidence []finding.Evidence
}

// clientOf tells whether the computer that the operator named is a copy of the
// patient: of the same image, its source, or with the same computer name. Whys is
// not empty where that is not known.
func clientOf(v *estate.View, p patient, i estate.GuestIdentity) (signInClient, []fact.Why) {
	answer, _ := v.Answer(estate.AnswerFrom)
	answer = strings.TrimSpace(answer)
	c := signInClient{id: answer}
	who := func(detail string) []fact.Why {
		return []fact.Why{{Reason: fact.NeedsAnswer, Blocker: estate.AnswerFrom, Detail: detail}}
	}
	stated := func(rule lang.Text) finding.Evidence {
		return see(estate.Key{Kind: "answer", ID: estate.AnswerFrom}, "", answer, rule, fact.Origin{Source: fact.Stated})
	}
	switch {
	case answer == "" || answer == p.ID:
		return c, who(answer)
	case !isInstanceID(answer):
		block, err := netip.ParsePrefix(answer)
		if err != nil {
			a, err := netip.ParseAddr(answer)
			if err != nil {
				return c, who(answer)
			}
			block = netip.PrefixFrom(a, a.BitLen())
		}
		if reach.Private(block.Addr()) {
			// Which computer has this address nobody told: it can be a copy.
			return c, who(answer + ": which instance is it?")
		}
		c.evidence = []finding.Evidence{stated(lang.Both("where one connects from, as stated: no instance of this image", "接続元（申告）。この AMI のインスタンスではない"))}
		return c, nil
	}
	row, node := estate.InstancePart.Of(v, answer), estate.ManagedNodePart.Of(v, answer)
	image := estate.ImagePart.Of(v, p.ImageID)
	other, there := row.Get()
	made, seen := image.Get()
	at := estate.InstancePart.Key(answer)
	switch {
	case there && other.ImageID == p.ImageID && p.ImageID != "" && !image.IsUnknown() && !(seen && ofAWS(made)):
		c.copy, c.image = true, true
		c.evidence = []finding.Evidence{see(at, "image_id", other.ImageID, lang.Both("the client runs from the same image as this instance", "接続元は対象と同一の AMI から起動"), row.Origin())}
	case made.SourceInstance == answer:
		c.copy, c.image = true, true
		c.evidence = []finding.Evidence{see(estate.ImagePart.Key(p.ImageID), "source_instance", answer, lang.Both("the client is what the image was made from", "接続元は AMI の作成元インスタンス"), image.Origin())}
	case i.Host != "" && hostName(node.Value().ComputerName) == hostName(i.Host):
		c.copy = true
		c.evidence = []finding.Evidence{see(estate.ManagedNodePart.Key(answer), "computer_name", node.Value().ComputerName,
			lang.Both("the client has the same computer name as this instance", "接続元のコンピューター名が対象と同一"), node.Origin())}
	case row.IsUnknown() || node.IsUnknown() || image.IsUnknown():
		return c, slices.Concat(whyOf(row), whyOf(node), whyOf(image))
	case !there:
		return c, who(answer + ": no such instance in this region")
	default:
		c.evidence = []finding.Evidence{see(at, "image_id", join(other.ImageID, node.Value().ComputerName),
			lang.Both("the client has another image and another computer name", "接続元は AMI・コンピューター名とも対象と異なる"), row.Origin())}
	}
	return c, nil
}
