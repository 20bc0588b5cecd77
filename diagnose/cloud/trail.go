package cloud

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
)

const (
	trailPage = 50
	// maxTrailPages bounds a search: 2,000 events, which take 20 s at CloudTrail's rate.
	maxTrailPages = 40
)

// searchTrail reads what CloudTrail's event history holds for a query. A search that
// breaks off after its first page keeps what it found, which is the newest.
func (s *Source) searchTrail(ctx context.Context, id string) (estate.Trail, error) {
	q, err := estate.ParseTrailQuery(id)
	if err != nil {
		return estate.Trail{}, errUnsupported{err}
	}
	e := estate.Trail{Events: []estate.TrailEvent{}, From: q.Since.UTC(), To: s.now(), Complete: true}
	if q.Since.IsZero() {
		e.From = q.Since
	}
	instance := ""
	if q.Attribute == string(types.LookupAttributeKeyResourceName) && strings.HasPrefix(q.Value, "i-") {
		instance = q.Value
	}
	input := &cloudtrail.LookupEventsInput{
		LookupAttributes: []types.LookupAttribute{{AttributeKey: types.LookupAttributeKey(q.Attribute), AttributeValue: aws.String(q.Value)}},
		EndTime:          aws.Time(e.To),
	}
	if !q.Since.IsZero() {
		input.StartTime = aws.Time(e.From)
	}
	err = s.lookUp(ctx, input, maxTrailPages, func(page []types.Event, more bool) {
		for _, row := range page {
			e.Events = append(e.Events, eventOf(row, instance))
		}
		e.Complete = !more
	})
	if err != nil {
		reason, expired := classify(err)
		if ctx.Err() != nil || expired || e.Complete || reason != fact.Throttled && reason != fact.Timeout {
			return estate.Trail{}, err
		}
	}
	slices.SortStableFunc(e.Events, func(a, b estate.TrailEvent) int {
		return cmp.Or(a.Time.Compare(b.Time), strings.Compare(a.ID, b.ID))
	})
	return e, nil
}

// lookUp reads pages of events, newest first, and tells after each whether there are
// more. Each page has the whole deadline, because the wait for CloudTrail's rate
// belongs to no page in particular.
func (s *Source) lookUp(ctx context.Context, input *cloudtrail.LookupEventsInput, most int, take func(page []types.Event, more bool)) error {
	read := 0
	return pages(ctx, func(ctx context.Context, token *string) (*string, error) {
		ctx, cancel := context.WithTimeout(ctx, s.o.Deadline)
		defer cancel()
		in := *input
		in.MaxResults, in.NextToken = aws.Int32(trailPage), token
		out, err := s.trail.LookupEvents(ctx, &in)
		if err != nil {
			return nil, err
		}
		take(out.Events, aws.ToString(out.NextToken) != "")
		if read++; read >= most {
			return nil, nil
		}
		return out.NextToken, nil
	})
}
