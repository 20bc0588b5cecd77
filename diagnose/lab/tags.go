package lab

import (
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

func tagChanges() map[string]operation {
	return map[string]operation{
		"ec2:CreateTags": change(createTags),
		"ec2:DeleteTags": change(deleteTags),
	}
}

// maxTags is EC2's limit for one thing
// (https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html#tag-restrictions).
const maxTags = 50

// heldTags are the tags that a thing of EC2 holds itself: where its name is, and its
// other tags. known is false for what is not there.
func (w *World) held(id string) (name *string, tags *map[string]string, known bool) {
	kind, _, _ := strings.Cut(id, "-")
	switch kind {
	case "i":
		if i := w.Instances[id]; i != nil && w.visible(i) {
			return &i.Name, &i.Tags, true
		}
	case "vpc":
		if v := w.VPCs[id]; v != nil && w.mine(v.Owner) {
			return &v.Name, nil, true
		}
	case "subnet":
		if s := w.Subnets[id]; s != nil && w.mine(s.Owner) {
			return &s.Name, nil, true
		}
	case "dopt":
		if o := w.DHCPOptions[id]; o != nil && w.mine(o.Owner) {
			return &o.Name, nil, true
		}
	case "sg":
		g := w.Groups[id]
		return nil, nil, g != nil && w.mine(g.Owner)
	case "vpce":
		e := w.Endpoints[id]
		return nil, nil, e != nil && w.mine(e.Owner)
	case "acl":
		a := w.ACLs[id]
		return nil, nil, a != nil && w.ownVPC(a.VPC)
	case "sgr":
		for _, g := range w.Groups {
			if w.mine(g.Owner) && slices.ContainsFunc(g.Rules, func(r Rule) bool { return r.ID == id }) {
				return nil, nil, true
			}
		}
	}
	return nil, nil, false
}

// tagsOf are all tags of a thing of EC2, as its list shows them.
func (w *World) tagsOf(id string) []types.Tag {
	name, tags, known := w.held(id)
	if !known {
		return nil
	}
	all := maps.Clone(w.Tags[id])
	if all == nil {
		all = map[string]string{}
	}
	if tags != nil {
		maps.Copy(all, *tags)
	}
	first := ""
	if name != nil {
		first = *name
	}
	return named(first, all)
}

func (w *World) setTag(id, key, value string) {
	name, tags, _ := w.held(id)
	switch {
	case name != nil && key == "Name":
		*name = value
	case tags != nil:
		if *tags == nil {
			*tags = map[string]string{}
		}
		(*tags)[key] = value
	default:
		if w.Tags == nil {
			w.Tags = map[string]map[string]string{}
		}
		if w.Tags[id] == nil {
			w.Tags[id] = map[string]string{}
		}
		w.Tags[id][key] = value
	}
}

func (w *World) dropTag(id, key string) {
	name, tags, _ := w.held(id)
	switch {
	case name != nil && key == "Name":
		*name = ""
	case tags != nil:
		delete(*tags, key)
	default:
		delete(w.Tags[id], key)
		if len(w.Tags[id]) == 0 {
			delete(w.Tags, id)
		}
	}
}

// noSuch is how EC2 says that one thing is not there.
func noSuch(id string) error {
	kind, _, _ := strings.Cut(id, "-")
	code := map[string]string{"i": "InvalidInstanceID.NotFound", "vpc": "InvalidVpcID.NotFound", "subnet": "InvalidSubnetID.NotFound", "dopt": "InvalidDhcpOptionID.NotFound",
		"sg": "InvalidGroup.NotFound", "vpce": "InvalidVpcEndpointId.NotFound", "acl": "InvalidNetworkAclID.NotFound", "sgr": "InvalidSecurityGroupRuleId.NotFound"}[kind]
	if code == "" {
		return fail("InvalidID", "The ID '%s' is not valid", id)
	}
	return fail(code, "The ID '%s' does not exist", id)
}

func checkTags(tags []types.Tag) error {
	seen := map[string]bool{}
	for _, t := range tags {
		key, value := aws.ToString(t.Key), aws.ToString(t.Value)
		switch {
		case key == "" || len([]rune(key)) > 127 || len([]rune(value)) > 255:
			return fail("InvalidParameterValue", "Tag key exceeds the maximum length of 127 characters, or the value that of 255")
		case strings.HasPrefix(strings.ToLower(key), "aws:"):
			return fail("InvalidParameterValue", "Tag keys starting with 'aws:' are reserved for internal use")
		case seen[key]:
			return fail("InvalidParameterValue", "Duplicate tag key '%s' specified.", key)
		}
		seen[key] = true
	}
	if len(tags) > maxTags {
		return fail("TagLimitExceeded", "The maximum number of Tags for a resource has been reached.")
	}
	return nil
}

// specified are the tags for one kind of thing that a call makes. Others are refused.
func specified(specs []types.TagSpecification, also ...types.ResourceType) (map[types.ResourceType][]types.Tag, error) {
	out := map[types.ResourceType][]types.Tag{}
	for _, s := range specs {
		if !slices.Contains(also, s.ResourceType) {
			return nil, fail("InvalidParameterValue", "'%s' is not a valid taggable resource type for this operation.", s.ResourceType)
		}
		if err := checkTags(s.Tags); err != nil {
			return nil, err
		}
		out[s.ResourceType] = append(out[s.ResourceType], s.Tags...)
	}
	return out, nil
}

func (w *World) tag(id string, tags []types.Tag) {
	for _, t := range tags {
		w.setTag(id, aws.ToString(t.Key), aws.ToString(t.Value))
	}
}

func createTags(w *World, r *request, in *ec2.CreateTagsInput) (*ec2.CreateTagsOutput, error) {
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	for _, id := range in.Resources {
		if _, _, known := w.held(id); !known {
			return nil, noSuch(id)
		}
		have := map[string]bool{}
		for _, t := range append(w.tagsOf(id), in.Tags...) {
			have[aws.ToString(t.Key)] = true
		}
		if len(have) > maxTags {
			return nil, fail("TagLimitExceeded", "The maximum number of Tags for a resource has been reached.")
		}
	}
	for _, id := range in.Resources {
		w.tag(id, in.Tags)
	}
	return &ec2.CreateTagsOutput{}, nil
}

// deleteTags deletes the tags with these keys, or, where a value is given, with that
// value; without any tag it deletes all. What is not there is no error.
func deleteTags(w *World, _ *request, in *ec2.DeleteTagsInput) (*ec2.DeleteTagsOutput, error) {
	for _, id := range in.Resources {
		if _, _, known := w.held(id); !known {
			return nil, noSuch(id)
		}
	}
	for _, id := range in.Resources {
		for _, have := range w.tagsOf(id) {
			if len(in.Tags) == 0 || slices.ContainsFunc(in.Tags, func(t types.Tag) bool {
				return aws.ToString(t.Key) == *have.Key && (t.Value == nil || *t.Value == *have.Value)
			}) {
				w.dropTag(id, *have.Key)
			}
		}
	}
	return &ec2.DeleteTagsOutput{}, nil
}
