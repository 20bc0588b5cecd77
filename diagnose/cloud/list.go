package cloud

import (
	"context"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	cloudtrailtypes "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/lang"
)

// maxListPages bounds each of the two searches for recently terminated instances, so
// that the list is whole within seconds at CloudTrail's rate.
const maxListPages = 3

// List finds the instances to choose from: the region's Windows instances as their
// pages arrive, then those that CloudTrail saw terminated lately, by the names they
// were launched with. emit is called by one goroutine at a time; a row replaces an
// earlier one of the same id. An error (a *Problem) says what the list lacks; what
// was emitted stands.
func (s *Source) List(ctx context.Context, emit func([]estate.Listed)) error {
	ctx = onSheet(ctx, &sheet{})
	var mu sync.Mutex
	there := map[string]estate.Listed{}
	ended, launches := map[string]time.Time{}, map[string]estate.Instance{}
	var wg sync.WaitGroup
	var noInstances, noEnds, noLaunches error
	wg.Go(func() {
		noInstances = pages(ctx, func(ctx context.Context, token *string) (*string, error) {
			ctx, cancel := context.WithTimeout(ctx, s.o.Deadline)
			defer cancel()
			out, err := s.ec2.DescribeInstances(ctx, &ec2.DescribeInstancesInput{
				Filters: filters("platform", "windows"), MaxResults: aws.Int32(ec2Page), NextToken: token,
			})
			if err != nil {
				return nil, err
			}
			var rows []estate.Listed
			mu.Lock()
			defer mu.Unlock()
			for _, i := range instancesOf(out.Reservations) {
				row := listed(i)
				there[i.ID] = row
				rows = append(rows, row)
			}
			if len(rows) > 0 {
				emit(rows)
			}
			return out.NextToken, nil
		})
	})
	wg.Go(func() {
		noEnds = s.recent(ctx, "TerminateInstances", func(e estate.TrailEvent, r record) {
			if e.Error != "" {
				return
			}
			for _, item := range r.items("requestParameters", "instancesSet") {
				if id := item.text("instanceId"); id != "" && e.Time.After(ended[id]) {
					ended[id] = e.Time
				}
			}
		})
	})
	wg.Go(func() {
		noLaunches = s.recent(ctx, "RunInstances", func(_ estate.TrailEvent, r record) {
			for _, item := range r.items("responseElements", "instancesSet") {
				if i := launched(item); i.ID != "" {
					launches[i.ID] = i
				}
			}
		})
	})
	wg.Wait()

	var rows []estate.Listed
	for id, at := range ended {
		row, ok := there[id]
		if !ok {
			launch, known := launches[id]
			if known && launch.Platform != "windows" {
				continue
			}
			row = listed(launch)
			row.ID = id
		}
		row.State, row.Terminated = "terminated", at
		rows = append(rows, row)
	}
	if len(rows) > 0 && ctx.Err() == nil {
		emit(rows)
	}
	return listProblem(noInstances, noEnds, noLaunches)
}

func listed(i estate.Instance) estate.Listed {
	return estate.Listed{
		ID: i.ID, Name: i.Name, State: i.State, Type: i.Type, Platform: i.Platform, PrivateIP: i.PrivateIP, Launched: i.LaunchTime,
	}
}

func (s *Source) recent(ctx context.Context, event string, take func(estate.TrailEvent, record)) error {
	input := &cloudtrail.LookupEventsInput{
		LookupAttributes: []cloudtrailtypes.LookupAttribute{{
			AttributeKey: cloudtrailtypes.LookupAttributeKeyEventName, AttributeValue: aws.String(event),
		}},
		EndTime: aws.Time(s.now()),
	}
	return s.lookUp(ctx, input, maxListPages, func(page []cloudtrailtypes.Event, _ bool) {
		for _, row := range page {
			take(eventOf(row, ""), recordOf(row.CloudTrailEvent))
		}
	})
}

func listProblem(noInstances error, noHistory ...error) error {
	explain := func(err error, action string, say lang.Text) error {
		why, expired := whyNot(err, action, "", &sheet{})
		if expired {
			return expiredProblem(why, err)
		}
		word := lang.Both("no usable answer", "応答が不正")
		switch why.Reason {
		case fact.Denied:
			word = lang.Both("denied", "権限不足")
		case fact.Throttled:
			word = lang.Both("throttled", "API 制限")
		case fact.Timeout:
			word = lang.Both("no answer", "応答なし")
		}
		return &Problem{Say: say.With(why.Action, word, why.Detail), Err: err}
	}
	if noInstances != nil {
		return explain(noInstances, "ec2:DescribeInstances", lang.Both(
			"The instances could not be listed: %s: %s (%s). An instance can still be named by its id.",
			"インスタンス一覧を取得できず: %s: %s（%s）。インスタンス ID の直接入力は可能。",
		))
	}
	for _, err := range noHistory {
		if err != nil {
			return explain(err, "cloudtrail:LookupEvents", lang.Both(
				"Recently terminated instances may be missing from the list: %s: %s (%s).",
				"最近終了したインスタンスが一覧に出ない可能性あり: %s: %s（%s）。",
			))
		}
	}
	return nil
}
