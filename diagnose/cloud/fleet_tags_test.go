package cloud

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/smithy-go"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/fleet"
	"github.com/monshin/monshin/diagnose/guest"
)

// tagged is a command by tags to several servers, as Run Command shows it.
type tagged struct {
	// looks are the answers to ListCommands, the last one for ever: an error code, or
	// "status completed targets".
	looks []string
	// shown are the servers of which the list shows an end, by how often it was asked.
	shown []int
}

// servers are asked for by their tag; the last is nobody's that was meant.
func servers() []string {
	return []string{"i-0123456789abcdef0", "i-0123456789abcdef1", "i-0123456789abcdef2", "mi-0123456789abcdef3"}
}

func (a *account) tagged(c tagged) {
	a.answer("ssm:SendCommand", &ssm.SendCommandOutput{Command: &types.Command{CommandId: aws.String("c-1"), RequestedDateTime: aws.Time(asOf)}})
	next := func(n *int, length int) int {
		a.mu.Lock()
		defer a.mu.Unlock()
		*n++
		return min(*n, length) - 1
	}
	var looks, lists int
	a.answers["ssm:ListCommands"] = func(context.Context, any) (any, error) {
		look := c.looks[next(&looks, len(c.looks))]
		var status string
		var completed, targets int32
		if n, _ := fmt.Sscanf(look, "%s %d %d", &status, &completed, &targets); n != 3 {
			return nil, &smithy.GenericAPIError{Code: look}
		}
		return &ssm.ListCommandsOutput{Commands: []types.Command{{Status: types.CommandStatus(status), CompletedCount: completed, TargetCount: targets}}}, nil
	}
	a.answers["ssm:ListCommandInvocations"] = func(context.Context, any) (any, error) {
		n := c.shown[next(&lists, len(c.shown))]
		out := &ssm.ListCommandInvocationsOutput{}
		for k, id := range servers()[:n] {
			row := types.CommandInvocation{InstanceId: aws.String(id), Status: types.CommandInvocationStatusSuccess, StatusDetails: aws.String("a word that AWS added")}
			line := guest.Line(guest.Identity, id, asOf, estate.GuestIdentity{Host: "S", Role: 2, Build: 20348, UBR: 1 + k})
			row.CommandPlugins = []types.CommandPlugin{{Output: aws.String(line + "\r\n")}}
			out.CommandInvocations = append(out.CommandInvocations, row)
		}
		return out, nil
	}
}

// However Run Command tells how far it is, everybody that was asked for is told of once,
// and who was not reached is not taken for one that did not answer.
func TestCommandByTags(t *testing.T) {
	for name, c := range map[string]struct {
		tagged
		// want counts answered, unreached, extra and those that did not end.
		want  [4]int
		lists int
	}{
		"not there yet, then half, then done":   {tagged{[]string{noCommand, "Pending 0 0", "InProgress 2 4", "Success 4 4"}, []int{1, 4}}, [4]int{3, 0, 1, 0}, 2},
		"one server is not reached":             {tagged{[]string{"InProgress 1 2", "Success 2 2"}, []int{2}}, [4]int{2, 1, 0, 0}, 2},
		"nobody has the tag":                    {tagged{[]string{"Success 0 0"}, []int{0}}, [4]int{0, 3, 0, 0}, 3},
		"the list is behind the end":            {tagged{[]string{"Success 4 4"}, []int{1, 2, 4}}, [4]int{3, 0, 1, 0}, 3},
		"commands may not be listed":            {tagged{[]string{"AccessDeniedException"}, []int{0, 2, 4}}, [4]int{3, 0, 1, 0}, 3},
		"it never ends":                         {tagged{[]string{"InProgress 0 3"}, []int{1}}, [4]int{1, 0, 0, 2}, 1},
		"how far it is cannot be had":           {tagged{[]string{"InternalServerError"}, []int{0}}, [4]int{0, 0, 0, 3}, 0},
		"done although the count says less":     {tagged{[]string{"Failed 1 4"}, []int{4}}, [4]int{3, 0, 1, 0}, 1},
		"a command is cancelled by another one": {tagged{[]string{"InProgress 1 4", "Cancelled 1 4"}, []int{1}}, [4]int{1, 0, 0, 2}, 3},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newAccount(t)
				a.tagged(c.tagged)
				f := a.source(func(o *Options) { o.NoSlowdown = false }).Fleet()
				told := map[string]int{}
				var got [4]int
				start := time.Now()
				err := f.Inside(t.Context(), fleet.Question{
					Script: "exit 0\n", IDs: servers()[:3], Tags: []fleet.Tag{{Key: "env", Value: "prod"}}, Concurrency: 70,
					Keys: func(id string) []estate.Key { return []estate.Key{estate.GuestIdentityPart.Key(id)} },
				}, func(r fleet.Reply) {
					told[r.ID]++
					switch {
					case r.Extra:
						got[2]++
					case r.Unreached:
						got[1]++
					case r.Parts[0].Fact.State() == fact.StateKnown:
						got[0]++
					default:
						got[3]++
					}
				})
				if err != nil || got != c.want || a.count("ssm:ListCommandInvocations") != c.lists {
					t.Errorf("%v, want %v, listed %d times, want %d, %v", got, c.want, a.count("ssm:ListCommandInvocations"), c.lists, err)
				}
				for id, n := range told {
					if n != 1 {
						t.Errorf("%s was told of %d times", id, n)
					}
				}
				if took := time.Since(start); took > 10*time.Minute {
					t.Errorf("it took %s", took)
				}
				in := a.sent["ssm:SendCommand"][0].(*ssm.SendCommandInput)
				if len(a.sent["ssm:SendCommand"]) != 1 || len(in.InstanceIds) != 0 || *in.MaxErrors != "100%" || *in.MaxConcurrency != "70" ||
					*in.Targets[0].Key != "tag:env" || in.Targets[0].Values[0] != "prod" {
					t.Errorf("%+v", in)
				}
			})
		})
	}
}

func TestCommandByTagsIsRefused(t *testing.T) {
	a := newAccount(t)
	a.fail("ssm:SendCommand", "AccessDeniedException")
	n := 0
	err := a.source().Fleet().Inside(t.Context(), fleet.Question{
		Script: "exit 0\n", IDs: servers()[:3], Tags: []fleet.Tag{{Key: "env", Value: "prod"}}, Concurrency: 50,
		Keys: func(id string) []estate.Key { return []estate.Key{estate.GuestIdentityPart.Key(id)} },
	}, func(r fleet.Reply) {
		if why := r.Parts[0].Fact.Why(); !r.Unreached && why.Reason == fact.Denied && why.Action == sendCommand {
			n++
		}
	})
	if err != nil || n != 3 {
		t.Errorf("%d refused, %v", n, err)
	}
}
