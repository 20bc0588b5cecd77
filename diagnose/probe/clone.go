package probe

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
)

func cloneProbes() []Probe {
	return []Probe{
		{
			ID:    "clone.lineage",
			Title: lang.Both("Computer names of instances from the same image", "同一 AMI のインスタンスのコンピューター名"),
			Parts: []estate.AnyKind{estate.InstancePart, estate.TrailPart, estate.ImagePart, estate.SiblingsPart, estate.ManagedNodePart},
			Codes: []finding.Code{finding.CloneSuspected},
			Judge: judgeLineage,
		},
		sidProbe(),
		cloneAuthenticationProbe(),
	}
}

// ofAWS reports whether AWS or a Marketplace seller made the image: those are
// generalised, and give each instance a name and a SID of its own (domain.md §8.2).
func ofAWS(i estate.Image) bool {
	return i.OwnerAlias == "amazon" || i.OwnerAlias == "aws-marketplace" || strings.HasPrefix(i.OwnerAlias, "aws-")
}

func awsImage(i estate.Image, at string, o fact.Origin) Verdict {
	return notApplicable(lang.Both("an image of AWS or the Marketplace (%s): generalised", "AWS・Marketplace 提供の AMI（%s）").With(i.OwnerAlias),
		see(estate.ImagePart.Key(at), "owner_alias", i.OwnerAlias,
			lang.Both("such images are generalised by their maker", "提供元で一般化（Sysprep）済み"), o))
}

// machine is an instance with the computer name that Systems Manager reported.
type machine struct {
	id, name string
	at       estate.Key
	origin   fact.Origin
}

// hostName is the part of a computer name that clones share: Systems Manager
// reports "NAME" or "NAME.domain".
func hostName(s string) string {
	s, _, _ = strings.Cut(strings.TrimSpace(s), ".")
	return strings.ToUpper(s)
}

// judgeLineage looks for instances of one image that have the same computer name.
// Windows from a generalised image names itself anew, so that equal names point to
// an image without Sysprep; a person can have given them too, so it is likely at
// most (domain.md SID-0 [D]).
func judgeLineage(v *estate.View) Verdict {
	p, whys := thePatient(v)
	switch {
	case len(whys) > 0:
		return unread(whys...)
	case p.Platform != "windows":
		return notApplicable(lang.Both("not a Windows instance", "Windows インスタンスではない"))
	case p.ImageID == "":
		return unread(fact.Why{Reason: fact.NotRecorded, Action: "ec2:DescribeInstances", Resource: p.ID, Detail: "ImageId"})
	}
	image := estate.ImagePart.Of(v, p.ImageID)
	if image.IsUnknown() {
		return unread(image.Why())
	}
	i, seen := image.Get()
	if seen && ofAWS(i) {
		return awsImage(i, p.ImageID, image.Origin())
	}
	siblings := estate.SiblingsPart.Of(v, p.ImageID)
	var source fact.Of[estate.ManagedNode]
	if i.SourceInstance != "" {
		source = estate.ManagedNodePart.Of(v, i.SourceInstance)
	}
	if siblings.IsUnknown() {
		return unread(siblings.Why())
	}
	machines, unnamed := machinesOf(p, siblings)
	var open []fact.Why
	if i.SourceInstance != "" && !slices.ContainsFunc(siblings.Value().Peers, func(s estate.Peer) bool { return s.ID == i.SourceInstance }) {
		name, alive, whys := sourceOf(v, i.SourceInstance, source)
		open = append(open, whys...)
		switch {
		case name != "":
			machines = append(machines, machine{i.SourceInstance, name, estate.ManagedNodePart.Key(i.SourceInstance), source.Origin()})
		case alive:
			unnamed++
		}
	}
	if unnamed > 0 && unnamed+len(machines) > 1 {
		// A name that nobody reported can be anybody's.
		open = append(open, fact.Why{Reason: fact.NeedsGuest, Resource: p.ImageID, Detail: strconv.Itoa(unnamed)})
	}
	if !siblings.Value().Complete && siblings.IsKnown() {
		open = append(open, fact.Why{Reason: fact.NotRecorded, Action: "ssm:DescribeInstanceInformation", Resource: p.ImageID})
	}
	return judgeNames(p, i, seen, image.Origin(), machines, open)
}

// sourceOf reads the instance that the image was made from: its computer name, or,
// where Systems Manager has none, whether it still exists.
func sourceOf(v *estate.View, id string, node fact.Of[estate.ManagedNode]) (name string, alive bool, whys []fact.Why) {
	if node.IsUnknown() {
		return "", false, whyOf(node)
	}
	if n, known := node.Get(); known && n.ComputerName != "" {
		return n.ComputerName, true, nil
	}
	row := estate.InstancePart.Of(v, id)
	if row.IsUnknown() {
		return "", false, whyOf(row)
	}
	return "", row.IsKnown() && row.Value().State != "terminated" && row.Value().State != "shutting-down", nil
}

// machinesOf lists the instances of the image whose names are known, and counts
// those whose name is not.
func machinesOf(p patient, siblings fact.Of[estate.Peers]) (machines []machine, unnamed int) {
	for _, s := range siblings.Value().Peers {
		switch {
		case s.State == "terminated" || s.State == "shutting-down":
		case s.ComputerName == "":
			unnamed++
		default:
			machines = append(machines, machine{s.ID, s.ComputerName, estate.SiblingsPart.Key(p.ImageID), siblings.Origin()})
		}
	}
	return machines, unnamed
}

func judgeNames(p patient, i estate.Image, seen bool, o fact.Origin, machines []machine, open []fact.Why) Verdict {
	groups := map[string][]machine{}
	for _, m := range machines {
		groups[hostName(m.name)] = append(groups[hostName(m.name)], m)
	}
	var evidence []finding.Evidence
	var names []string
	count := 0
	for _, name := range slices.Sorted(maps.Keys(groups)) {
		group := groups[name]
		if len(group) < 2 {
			continue
		}
		names = append(names, name)
		count += len(group)
		for _, m := range group {
			evidence = append(evidence, see(m.at, m.id, m.name,
				lang.Both("the same computer name as another instance of this image", "同一 AMI の他インスタンスと重複するコンピューター名"), m.origin))
		}
	}
	if len(names) > 0 {
		certainty := finding.Likely
		if i := slices.IndexFunc(machines, func(m machine) bool { return m.id == p.ID }); i >= 0 && len(groups[hostName(machines[i].name)]) < 2 {
			certainty = finding.Possible // others of the image share a name, and this one has its own
		}
		if seen {
			evidence = append(evidence, see(estate.ImagePart.Key(p.ImageID), "source_instance", join(i.Name, i.OwnerAlias, i.OwnerID, i.SourceInstance),
				lang.Both("not an image of AWS: whoever made it had to run Sysprep", "AWS 提供以外の AMI（作成時に Sysprep が必要）"), o))
		}
		return problem(
			lang.Both("%[2]d instances share the name %[1]s", "コンピューター名 %[1]s が %[2]d 台で重複").With(strings.Join(names, ", "), count),
			[]finding.Finding{{
				Code: finding.CloneSuspected, Subject: p.ImageID, Certainty: certainty,
				Params:   map[string]string{"name": strings.Join(names, ", "), "image": p.ImageID, "count": strconv.Itoa(count)},
				Evidence: evidence,
			}}, pendingOf(open)...)
	}
	if len(open) > 0 {
		return unread(open...)
	}
	if len(machines) < 2 {
		return notApplicable(lang.Both("no other instance of this image or of its source", "同一 AMI・複製元の他インスタンスなし"))
	}
	for _, m := range machines {
		evidence = append(evidence, see(m.at, m.id, m.name, lang.Both("computer name", "コンピューター名"), m.origin))
	}
	return ok(lang.Both("%d instances, all with names of their own", "%d 台のコンピューター名に重複なし").With(len(machines)), evidence...)
}
