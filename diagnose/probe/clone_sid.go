package probe

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
)

// installSlack is how much older than its instance a Windows must be before it
// counts as not set up anew: its install date is told by a clock that can be half a
// day off, and images are used on the day on which they are made.
const installSlack = 24 * time.Hour

// bakedSlack is the same for files of the launch agent. They are written within
// minutes of the first start, by a clock that can be off by a time zone.
const bakedSlack = 15 * time.Hour

func sidProbe() Probe {
	return Probe{
		ID:    "clone.sid",
		Title: lang.Both("Windows was set up anew (Sysprep), machine SID", "Sysprep（一般化）の状態とマシン SID"),
		Parts: []estate.AnyKind{estate.InstancePart, estate.TrailPart, estate.ImagePart, estate.SiblingsPart,
			estate.GuestIdentityPart, estate.GuestLaunchPart, estate.GuestActivationPart},
		Codes: []finding.Code{finding.CloneSysprepStuck, finding.CloneNotGeneralized, finding.CloneDuplicateSID},
		Judge: judgeSID,
	}
}

// judgeSID asks Windows whether it was set up anew for this instance (domain.md
// SID-3). A Windows whose installation is older than its instance came out of the
// image as it was: with its machine SID, its password, its routes. That rests on a
// derivation and is likely at most, however many signs there are.
func judgeSID(v *estate.View) Verdict {
	p, stop := runningWindows(v)
	if stop != nil {
		return *stop
	}
	if p.ImageID == "" {
		return unread(fact.Why{Reason: fact.NotRecorded, Action: "ec2:DescribeInstances", Resource: p.ID, Detail: "ImageId"})
	}
	part := estate.GuestIdentityPart.Of(v, p.ID)
	image := estate.ImagePart.Of(v, p.ImageID)
	made, seen := image.Get()
	own := !image.IsUnknown() && !(seen && ofAWS(made))
	var c copied
	if own {
		c = copiedParts(v, p, made)
	}
	i, known := part.Get()
	if !known {
		return unread(append(orNotRecorded(part), pendingOf(whyOf(image))...)...)
	}
	s := setupOf(v, p, i, part.Origin())
	var found []finding.Finding
	if s.stuck {
		found = append(found, finding.Finding{Code: finding.CloneSysprepStuck, Subject: p.ID, Certainty: s.certainty, Evidence: s.read})
	}
	open := slices.Concat(s.open, whyOf(image))
	switch {
	case s.stuck:
		// Half set up, its install date tells nothing.
	case s.busy:
		out := unread(open...)
		out.Evidence = s.read
		return out
	case i.Role >= domainController:
		if len(s.open) > 0 {
			return unread(s.open...)
		}
		return notApplicable(lang.Both("a domain controller has no machine SID of its own", "ドメインコントローラー（固有のマシン SID なし）"),
			see(estate.GuestIdentityPart.Key(p.ID), "role", i.Role, lang.Both("4 and 5 are domain controllers", "4・5 はドメインコントローラー"), part.Origin()))
	case own:
		c.identity, c.origin, c.image, c.seen, c.imageOrigin = i, part.Origin(), made, seen, image.Origin()
		return c.judge(v, p, s)
	case seen:
		s.read = append(s.read, see(estate.ImagePart.Key(p.ImageID), "owner_alias", made.OwnerAlias,
			lang.Both("such images are generalised by their maker", "提供元で一般化（Sysprep）済み"), image.Origin()))
	}
	if s.stuck {
		return problem(lang.Both("Sysprep or the setup after it did not finish (%s)", "Sysprep またはセットアップが途中で停止（%s）").With(orDash(i.ImageState)), found, open...)
	}
	return settle(nil, open, lang.Both("setup complete; an image of AWS or the Marketplace (%s)", "セットアップ完了、AWS・Marketplace 提供の AMI（%s）").With(made.OwnerAlias), s.read...)
}

// copied is what tells whether a Windows is a copy of another.
type copied struct {
	identity estate.GuestIdentity
	origin   fact.Origin
	image    estate.Image
	// seen is false where EC2 no longer knows the image.
	seen        bool
	imageOrigin fact.Origin
	siblings    fact.Of[estate.Peers]
	// source is what the image was made from; zero where EC2 does not tell.
	source     fact.Of[estate.Instance]
	launch     fact.Of[estate.GuestLaunch]
	activation fact.Of[estate.GuestActivation]
}

// copiedParts reads what stands beside the identity, all at once: what is inside
// Windows comes with the same command.
func copiedParts(v *estate.View, p patient, made estate.Image) copied {
	c := copied{
		siblings:   estate.SiblingsPart.Of(v, p.ImageID),
		launch:     estate.GuestLaunchPart.Of(v, p.ID),
		activation: estate.GuestActivationPart.Of(v, p.ID),
	}
	if made.SourceInstance != "" {
		c.source = estate.InstancePart.Of(v, made.SourceInstance)
	}
	return c
}

func (c copied) judge(v *estate.View, p patient, s setup) Verdict {
	at := estate.GuestIdentityPart.Key(p.ID)
	pending := slices.Concat(pendingOf(whyOf(c.siblings)), pendingOf(whyOf(c.source)), pendingOf(whyOf(c.launch)), pendingOf(whyOf(c.activation)))
	signs := c.signs(p)
	attached := born(p)
	certainty := finding.Likely
	switch {
	case c.identity.Installed.IsZero():
		// Without the install date only what the image brought along is left to tell.
		if len(signs) == 0 {
			out := unread(append(slices.Concat(s.open, pending, whyOf(c.launch), whyOf(c.activation)), unreadField(p.ID, "InstallDate"))...)
			out.Evidence = s.read
			return out
		}
		if len(signs) == 1 {
			certainty = finding.Possible
		}
	case attached.IsZero():
		return unread(append(pending, fact.Why{Reason: fact.NotRecorded, Action: "ec2:DescribeInstances", Resource: p.ID, Detail: "LaunchTime"})...)
	case !c.older(attached):
		if open := slices.Concat(s.open, pending); len(open) > 0 {
			out := unread(open...)
			out.Evidence = s.read
			return out
		}
		return ok(lang.Both("Windows was set up anew at %s", "%s に OS を新規セットアップ済み（一般化された AMI）").With(stamp(c.identity.Installed)),
			append(s.read, see(at, "installed", stamp(c.identity.Installed),
				lang.Both("not older than the instance (%s): Sysprep sets the install date anew", "インスタンスの作成（%s）より古くない（Sysprep 実施時に更新される日時）").With(stamp(attached)), c.origin))...)
	default:
		signs = append([]finding.Evidence{see(at, "installed", stamp(c.identity.Installed),
			lang.Both("Windows is older than the instance (%s): it was not set up anew", "OS のインストール日時がインスタンスの作成（%s）より前。新規セットアップなしで起動").With(stamp(attached)), c.origin)}, signs...)
	}
	if c.seen {
		signs = append(signs, see(estate.ImagePart.Key(p.ImageID), "created", join(stamp(c.image.Created), c.image.Name, c.image.OwnerAlias, c.image.OwnerID),
			lang.Both("not an image of AWS: whoever made it had to run Sysprep", "AWS 提供以外の AMI（作成時に Sysprep が必要）"), c.imageOrigin))
	}
	if l := c.launch.Value(); l.Agent == "v1" && strings.EqualFold(l.PasswordType, "DoNothing") {
		signs = append(signs, see(estate.GuestLaunchPart.Key(p.ID), "password_type", l.PasswordType,
			lang.Both("EC2Launch v1 had done its work in the image's source and makes no password here: the source's password is valid",
				"EC2Launch v1 は複製元で処理済みのため、この環境ではパスワードを生成しない（複製元のパスワードが有効）"), c.launch.Origin()))
	}
	signs = append(signs, s.read...)
	found := []finding.Finding{{
		Code: finding.CloneNotGeneralized, Subject: p.ImageID, Certainty: certainty,
		Params: map[string]string{"image": p.ImageID}, Evidence: signs,
	}}
	if f, shared := c.sharedSID(p, certainty); shared {
		found = append(found, f)
	}
	return problem(lang.Both("not set up anew: the image was made without Sysprep", "新規セットアップなし。Sysprep 未実施の AMI から起動"), found, slices.Concat(s.open, pending)...)
}

// older reports whether this Windows was there before its instance. A Windows that
// is younger than its image was set up from it, and only its volume was exchanged.
func (c copied) older(attached time.Time) bool {
	installed := c.identity.Installed
	if c.seen && !c.image.Created.IsZero() && installed.After(c.image.Created) {
		return false
	}
	return installed.Before(attached.Add(-installSlack))
}

// signs are what an image that was not generalised brings along, beside its install
// date: each alone has another possible reason.
func (c copied) signs(p patient) []finding.Evidence {
	var out []finding.Evidence
	attached := born(p)
	l := c.launch.Value()
	at := estate.GuestLaunchPart.Key(p.ID)
	if baked(l.RunOnce, attached) {
		out = append(out, see(at, "run_once", stamp(l.RunOnce),
			lang.Both("EC2Launch did its first run before this instance existed (%s): its state came with the image", "EC2Launch の初回処理がインスタンスの作成（%s）より前。状態ファイルが AMI に残存").With(stamp(attached)), c.launch.Origin()))
	}
	if l.Skipped {
		out = append(out, see(at, "skipped", true,
			lang.Both("EC2Launch skipped setting the password: by its state it had done so already", "EC2Launch がパスワード設定を実施済みとみなしてスキップ"), c.launch.Origin()))
	}
	if stale, _ := staleRoutes(c.activation.Value()); len(stale) > 0 {
		out = append(out, see(estate.GuestActivationPart.Key(p.ID), "routes", routeText(stale[0]),
			lang.Both("a persistent route to the gateway of another subnet, as the image's source had it", "別サブネットのゲートウェイへの永続ルート（複製元の設定が残存）"), c.activation.Origin()))
	}
	for _, s := range c.siblings.Value().Peers {
		if s.ID != p.ID && c.identity.Host != "" && hostName(s.ComputerName) == hostName(c.identity.Host) {
			out = append(out, see(estate.SiblingsPart.Key(p.ImageID), s.ID, s.ComputerName,
				lang.Both("another instance of the image has the same computer name", "同一 AMI の他インスタンスとコンピューター名が重複"), c.siblings.Origin()))
			break // the others are the judgement of names' own evidence
		}
	}
	return out
}

// baked reports whether a file of the launch agent is older than the instance.
func baked(written, attached time.Time) bool {
	return !written.IsZero() && !attached.IsZero() && written.Before(attached.Add(-bakedSlack))
}

func isOver(state string) bool { return state == "terminated" || state == "shutting-down" }

// sharedSID follows from an image that was not generalised: whoever else runs from
// it has the same machine SID.
func (c copied) sharedSID(p patient, certainty finding.Certainty) (finding.Finding, bool) {
	at := estate.GuestIdentityPart.Key(p.ID)
	evidence := []finding.Evidence{see(at, "machine_sid", orDash(c.identity.MachineSID),
		lang.Both("this computer's machine SID; Windows keeps it where it is not set up anew", "対象のマシン SID。新規セットアップなしの場合は複製元と同一"), c.origin)}
	count := 1
	if s, known := c.source.Get(); known && !isOver(s.State) && s.ID != p.ID {
		count++
		evidence = append(evidence, see(estate.InstancePart.Key(s.ID), "state", join(s.ID, s.Name, s.State),
			lang.Both("the image was made from it, and it still exists", "AMI の作成元で、現在も存在"), c.source.Origin()))
	}
	for _, s := range c.siblings.Value().Peers {
		if s.ID == p.ID || s.ID == c.source.Value().ID || isOver(s.State) {
			continue
		}
		if count++; count <= 4 { // three others show enough
			evidence = append(evidence, see(estate.SiblingsPart.Key(p.ImageID), s.ID, join(s.ID, s.Name, s.ComputerName),
				lang.Both("runs from the same image", "同一 AMI から起動"), c.siblings.Origin()))
		}
	}
	if count < 2 {
		return finding.Finding{}, false
	}
	f := finding.Finding{
		Code: finding.CloneDuplicateSID, Subject: p.ImageID, Certainty: certainty,
		Params:   map[string]string{"name": orDash(c.identity.Host), "image": p.ImageID, "count": strconv.Itoa(count), "version": versionOf(c.identity)},
		Evidence: append(evidence, versionEvidence(p.ID, c.identity, c.origin)),
	}
	if blocksClones(c.identity) {
		f.Severity = finding.Error // these refuse each other; older versions only may, after an upgrade (domain.md SID-1)
	}
	return f, true
}
