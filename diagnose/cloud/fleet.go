package cloud

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/fleet"
)

// FleetConcurrency is how many requests may be under way for one service and region
// where a fleet is read: less than for one instance, as it goes on for longer and
// others use the same quotas (domain.md §12).
const FleetConcurrency = 4

// Fleet reads many instances of a Source's account and region by lists.
type Fleet struct {
	s    *Source
	used sheet
}

var _ fleet.Account = (*Fleet)(nil)

// Fleet makes a reader of lists. It counts its own calls.
func (s *Source) Fleet() *Fleet { return &Fleet{s: s} }

// Source is the Source that it reads by.
func (f *Fleet) Source() *Source { return f.s }

// Name is the Source's.
func (f *Fleet) Name() string { return f.s.Name() }

// Calls counts the operations sent so far, by IAM action.
func (f *Fleet) Calls() map[string]int {
	calls, _ := f.used.all()
	out := map[string]int{}
	for _, c := range calls {
		out[c.Operation]++
	}
	return out
}

// Place tells the account's number. A caller who may not know it goes without: its
// own images are then known by their alias only.
func (f *Fleet) Place(ctx context.Context) (fleet.Place, error) {
	p := fleet.Place{Region: f.s.o.Target.Region}
	own, ctx, cancel := f.request(ctx)
	defer cancel()
	defer f.used.add(own, 0)
	me, err := f.s.identity(ctx)
	if err == nil {
		p.Account = me.Account
		return p, nil
	}
	if err := f.problem(err, "sts:GetCallerIdentity", "", own); !isUnread(err) {
		return p, err
	}
	return p, nil
}

// request is the sheet and the deadline of one request.
func (f *Fleet) request(ctx context.Context) (*sheet, context.Context, context.CancelFunc) {
	own := &sheet{}
	ctx, cancel := context.WithTimeout(onSheet(ctx, own), f.s.o.Deadline)
	return own, ctx, cancel
}

func isUnread(err error) bool {
	_, ok := err.(*fleet.UnreadError)
	return ok
}

// problem is an error as fleet.Account tells it: what could not be read, or that the
// credentials ran out.
func (f *Fleet) problem(err error, action, resource string, own *sheet) error {
	why, expired := whyNot(err, action, resource, own)
	if expired {
		return expiredProblem(why, err)
	}
	return &fleet.UnreadError{Why: why}
}

// list reads a list page by page, each with a deadline of its own.
func (f *Fleet) list(ctx context.Context, action string, next func(ctx context.Context, token *string) (*string, error)) error {
	own := &sheet{}
	defer func() { f.used.add(own, 0) }()
	err := pages(ctx, func(ctx context.Context, token *string) (*string, error) {
		ctx, cancel := context.WithTimeout(onSheet(ctx, own), f.s.o.Deadline)
		defer cancel()
		return next(ctx, token)
	})
	if err != nil {
		return f.problem(err, action, "", own)
	}
	return nil
}

func (f *Fleet) origin(call string, source fact.Source, cli string) fact.Origin {
	return fact.Origin{Source: source, Call: call, Time: f.s.now(), CLI: cli}
}

const describeInstances = "ec2:DescribeInstances"

// Instances lists what a selection chooses; see fleet.Account. Ids are asked for by a
// filter: a list of ids is refused whole where one of them does not exist.
func (f *Fleet) Instances(ctx context.Context, sel fleet.Selection, emit func([]fleet.Member)) error {
	if len(sel.IDs) == 0 {
		var by []types.Filter
		for _, t := range sel.Tags {
			by = append(by, filters("tag:"+t.Key, t.Value)...)
		}
		return f.instances(ctx, by, emit)
	}
	for ids := range slices.Chunk(sel.IDs, filterValues) {
		seen := map[string]bool{}
		err := f.instances(ctx, []types.Filter{{Name: aws.String("instance-id"), Values: ids}}, func(rows []fleet.Member) {
			for _, m := range rows {
				seen[m.ID] = true
			}
			emit(rows)
		})
		var rest []fleet.Member
		for _, id := range ids {
			if seen[id] {
				continue
			}
			m := fleet.Member{ID: id, Instance: fact.Absent[estate.Instance](f.origin(describeInstances, fact.API, ""))}
			if u, ok := err.(*fleet.UnreadError); ok {
				m.Instance = fact.Unknown[estate.Instance](u.Why)
			} else if err != nil {
				return err
			}
			rest = append(rest, m)
		}
		if len(rest) > 0 {
			emit(rest)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (f *Fleet) instances(ctx context.Context, by []types.Filter, emit func([]fleet.Member)) error {
	return f.list(ctx, describeInstances, func(ctx context.Context, token *string) (*string, error) {
		out, err := f.s.ec2.DescribeInstances(ctx, &ec2.DescribeInstancesInput{Filters: by, MaxResults: aws.Int32(ec2Page), NextToken: token})
		if err != nil {
			return nil, err
		}
		o := f.origin(describeInstances, fact.API, "")
		var rows []fleet.Member
		for _, i := range instancesOf(out.Reservations) {
			rows = append(rows, fleet.Member{ID: i.ID, Instance: fact.Known(fleet.Slim(i), o)})
		}
		emit(rows)
		return out.NextToken, nil
	})
}

const describeNodes = "ssm:DescribeInstanceInformation"

// Nodes lists Windows nodes; see fleet.Account.
func (f *Fleet) Nodes(ctx context.Context, ids []string, emit func([]fact.Of[estate.ManagedNode])) error {
	windows := ssmtypes.InstanceInformationStringFilter{Key: aws.String("PlatformTypes"), Values: []string{"Windows"}}
	if len(ids) == 0 {
		return f.nodes(ctx, []ssmtypes.InstanceInformationStringFilter{windows}, emit)
	}
	for chunk := range slices.Chunk(ids, nodePage) {
		err := f.nodes(ctx, []ssmtypes.InstanceInformationStringFilter{{Key: aws.String("InstanceIds"), Values: chunk}}, emit)
		if u, ok := err.(*fleet.UnreadError); ok && u.Why.Reason == fact.NotSupported {
			// Systems Manager refuses the whole filter for one id that it does not take:
			// one that ended since, say. Everything then, of which the caller takes his own.
			return f.nodes(ctx, []ssmtypes.InstanceInformationStringFilter{windows}, emit)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (f *Fleet) nodes(ctx context.Context, by []ssmtypes.InstanceInformationStringFilter, emit func([]fact.Of[estate.ManagedNode])) error {
	return f.list(ctx, describeNodes, func(ctx context.Context, token *string) (*string, error) {
		out, err := f.s.ssm.DescribeInstanceInformation(ctx, &ssm.DescribeInstanceInformationInput{Filters: by, MaxResults: aws.Int32(nodePage), NextToken: token})
		if err != nil {
			return nil, err
		}
		o := f.origin(describeNodes, fact.API, "")
		emit(mapped(out.InstanceInformationList, func(n ssmtypes.InstanceInformation) fact.Of[estate.ManagedNode] {
			return fact.Known(nodeOf(n), o)
		}))
		return out.NextToken, nil
	})
}

const describeImages = "ec2:DescribeImages"

// Images reads images by id; one that EC2 does not show is absent.
func (f *Fleet) Images(ctx context.Context, ids []string) (map[string]fact.Of[estate.Image], error) {
	out := map[string]fact.Of[estate.Image]{}
	place, err := f.Place(ctx)
	if err != nil {
		return out, err
	}
	for chunk := range slices.Chunk(ids, filterValues) {
		by := []types.Filter{{Name: aws.String("image-id"), Values: chunk}}
		err := f.list(ctx, describeImages, func(ctx context.Context, token *string) (*string, error) {
			page, err := f.s.ec2.DescribeImages(ctx, &ec2.DescribeImagesInput{
				Filters: by, IncludeDeprecated: aws.Bool(true), MaxResults: aws.Int32(ec2Page), NextToken: token,
			})
			if err != nil {
				return nil, err
			}
			for _, row := range page.Images {
				i := imageOf(row)
				if i.OwnerID != "" && i.OwnerID == place.Account {
					i.OwnerAlias = "self"
				}
				out[i.ID] = fact.Known(i, f.origin(describeImages, fact.API, ""))
			}
			return page.NextToken, nil
		})
		for _, id := range chunk {
			if _, ok := out[id]; ok {
				continue
			}
			out[id] = fact.Absent[estate.Image](f.origin(describeImages, fact.API, ""))
			if u, ok := err.(*fleet.UnreadError); ok {
				out[id] = fact.Unknown[estate.Image](u.Why)
			}
		}
		if err != nil {
			return out, err
		}
	}
	return out, nil
}

const getConsole = "ec2:GetConsoleOutput"

// Console reads the markers of one console output.
func (f *Fleet) Console(ctx context.Context, id string) (fact.Of[estate.Console], error) {
	own, ctx, cancel := f.request(ctx)
	defer cancel()
	defer f.used.add(own, 0)
	c, err := f.s.console(ctx, id)
	switch {
	case err == errAbsent:
		return fact.Absent[estate.Console](f.origin(getConsole, fact.Console, "")), nil
	case err != nil:
		err := f.problem(err, getConsole, id, own)
		if u, ok := err.(*fleet.UnreadError); ok {
			return fact.Unknown[estate.Console](u.Why), nil
		}
		return fact.Of[estate.Console]{}, err
	}
	return fact.Known(c, f.origin(getConsole, fact.Console, "")), nil
}
