package cloud

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/monshin/monshin/diagnose/estate"
)

const (
	// maxPeers is how many instances a filter of DescribeInstanceInformation takes.
	maxPeers = 100
	// nodePage is the most rows of a page of DescribeInstanceInformation.
	nodePage = 50
	// maxNodePages bounds the reading of all managed nodes, which replaces the filter
	// where Systems Manager refuses one of its ids.
	maxNodePages = 40
)

// siblings lists the instances that run from an image.
func (s *Source) siblings(ctx context.Context, image string) (estate.Peers, error) {
	var found []estate.Instance
	err := pages(ctx, func(ctx context.Context, token *string) (*string, error) {
		out, err := s.ec2.DescribeInstances(ctx, &ec2.DescribeInstancesInput{
			Filters: filters("image-id", image), MaxResults: aws.Int32(ec2Page), NextToken: token,
		})
		if err != nil {
			return nil, err
		}
		found = append(found, instancesOf(out.Reservations)...)
		return out.NextToken, nil
	})
	if err != nil {
		return estate.Peers{}, err
	}
	found = slices.DeleteFunc(found, func(i estate.Instance) bool { return i.State == "terminated" || i.State == "shutting-down" })
	return s.peers(ctx, found, true)
}

// neighbours lists the running instances of a VPC.
func (s *Source) neighbours(ctx context.Context, vpc string) (estate.Peers, error) {
	out, err := s.ec2.DescribeInstances(ctx, &ec2.DescribeInstancesInput{
		Filters: filters("vpc-id", vpc, "instance-state-name", "running"), MaxResults: aws.Int32(ec2Page),
	})
	if err != nil {
		return estate.Peers{}, err
	}
	return s.peers(ctx, instancesOf(out.Reservations), aws.ToString(out.NextToken) == "")
}

func instancesOf(reservations []types.Reservation) []estate.Instance {
	var out []estate.Instance
	for _, r := range reservations {
		for _, i := range r.Instances {
			if aws.ToString(i.InstanceId) != "" {
				out = append(out, instanceOf(i, aws.ToString(r.OwnerId)))
			}
		}
	}
	return out
}

// peers adds what Systems Manager says. Who cannot be asked for in one filter is
// left out: a peer that was not looked up must not look unmanaged.
func (s *Source) peers(ctx context.Context, found []estate.Instance, complete bool) (estate.Peers, error) {
	slices.SortFunc(found, s.betterPeer)
	if len(found) > maxPeers {
		found, complete = found[:maxPeers], false
	}
	e := estate.Peers{Peers: []estate.Peer{}, Complete: complete}
	if len(found) == 0 {
		return e, nil
	}
	ids := mapped(found, func(i estate.Instance) string { return i.ID })
	ctx = deeper(ctx)
	nodes, err := s.nodes(ctx, ids)
	if hasCode(err, noNode) {
		nodes, err = s.nodes(deeper(ctx), nil)
	}
	if err != nil {
		return e, err
	}
	for _, i := range found {
		p := estate.Peer{
			ID: i.ID, Name: i.Name, State: i.State, Platform: i.Platform, VPC: i.VPC, Subnet: i.Subnet,
			Groups: i.Groups, ProfileARN: i.ProfileARN, ImageID: i.ImageID, Launched: i.LaunchTime,
		}
		if n, ok := nodes[i.ID]; ok {
			p.Managed = true
			p.PingStatus, p.LastPing, p.ComputerName, p.AgentVersion = n.PingStatus, n.LastPing, n.ComputerName, n.AgentVersion
		}
		e.Peers = append(e.Peers, p)
	}
	return e, nil
}

// betterPeer puts those first that can tell most: the instance in question, then
// running ones (Systems Manager lists no others), then Windows.
func (s *Source) betterPeer(a, b estate.Instance) int {
	rank := func(i estate.Instance) int {
		r := 0
		if i.ID != s.o.Target.InstanceID {
			r += 4
		}
		if i.State != "running" {
			r += 2
		}
		if i.Platform != "windows" {
			r++
		}
		return r
	}
	return cmp.Or(rank(a)-rank(b), strings.Compare(a.ID, b.ID))
}

// nodes lists managed nodes by id; all of them where no ids are given.
func (s *Source) nodes(ctx context.Context, ids []string) (map[string]estate.ManagedNode, error) {
	out := map[string]estate.ManagedNode{}
	var by []ssmtypes.InstanceInformationStringFilter
	if len(ids) > 0 {
		by = []ssmtypes.InstanceInformationStringFilter{{Key: aws.String("InstanceIds"), Values: ids}}
	}
	read := 0
	err := pages(ctx, func(ctx context.Context, token *string) (*string, error) {
		page, err := s.ssm.DescribeInstanceInformation(ctx, &ssm.DescribeInstanceInformationInput{
			Filters: by, MaxResults: aws.Int32(nodePage), NextToken: token,
		})
		if err != nil {
			return nil, err
		}
		for _, n := range page.InstanceInformationList {
			node := nodeOf(n)
			s.heard(node)
			out[node.ID] = node
		}
		if read++; read >= maxNodePages && aws.ToString(page.NextToken) != "" {
			return nil, errTooMany
		}
		return page.NextToken, nil
	})
	return out, err
}
