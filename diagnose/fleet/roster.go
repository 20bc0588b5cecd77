package fleet

import (
	"context"
	"errors"
	"sync"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
)

// roster lists the instances of one place with what Systems Manager says of them.
func roster(ctx context.Context, a Account, place Place, sel Selection, lacking func(Place, error) error) ([]*Member, error) {
	var members []*Member
	byID := map[string]*Member{}
	var mu sync.Mutex
	err := a.Instances(ctx, sel, func(rows []Member) {
		mu.Lock()
		defer mu.Unlock()
		for _, row := range rows {
			if byID[row.ID] != nil {
				continue
			}
			m := row
			m.Place = place
			m.Identity = fact.Unknown[estate.GuestIdentity](notAsked())
			members = append(members, &m)
			byID[m.ID] = &m
		}
	})
	if err := lacking(place, err); err != nil {
		return members, err
	}
	var running []string
	for _, m := range members {
		if i := m.Instance.Value(); m.lives() && i.State == "running" {
			running = append(running, m.ID)
		}
	}
	if len(running) == 0 {
		return members, nil
	}
	var ids []string
	if len(sel.IDs) > 0 || len(sel.Tags) > 0 {
		ids = running
	}
	nodes := map[string]fact.Of[estate.ManagedNode]{}
	err = a.Nodes(ctx, ids, func(page []fact.Of[estate.ManagedNode]) {
		mu.Lock()
		defer mu.Unlock()
		for _, n := range page {
			nodes[n.Value().ID] = n
		}
	})
	var unread *UnreadError
	for _, id := range running {
		switch n, ok := nodes[id]; {
		case ok:
			byID[id].Node = n
		case errors.As(err, &unread):
			byID[id].Node = fact.Unknown[estate.ManagedNode](unread.Why)
		case err == nil:
			byID[id].Node = fact.Absent[estate.ManagedNode](fact.Origin{Source: fact.API, Call: "ssm:DescribeInstanceInformation"})
		}
	}
	return members, lacking(place, err)
}
