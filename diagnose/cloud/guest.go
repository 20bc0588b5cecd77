package cloud

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/guest"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/walk"
)

// sendCommand is the action with which Windows is asked.
const sendCommand = "ssm:SendCommand"

// guestInstance is the instance inside which a part is read; touching is false for
// parts that are read from outside.
func guestInstance(k estate.Key) (instance string, touching bool) {
	kind, ok := estate.Lookup(k.Kind)
	if !ok || !kind.Touches() {
		return "", false
	}
	if q, err := estate.ParseGuestDNSQuery(k.ID); err == nil {
		return q.Instance, true
	}
	return k.ID, true
}

// inside makes the row of a kind that is read inside Windows: see readGuest.
func inside[T any](k estate.Kind[T]) reader {
	return reader{kind: k, unknown: func(w fact.Why, o fact.Origin) fact.Fact { return fact.UnknownFrom[T](w, o) }}
}

// told is what came of asking Windows: an answer, or the reason why there is none.
type told struct {
	answer guest.Answer
	script string
	run    run
	origin fact.Origin
	why    fact.Why
	// expired says that the credentials ran out; nothing is then to be used.
	expired error
}

// readGuest asks Windows for all these parts with one command. Its calls stand with
// the first part.
func (s *Source) readGuest(ctx context.Context, instance string, keys []estate.Key) []walk.Got {
	own := &sheet{}
	ctx, cancel := context.WithTimeout(onSheet(ctx, own), s.o.CommandDeadline)
	defer cancel()
	t := s.askWindows(ctx, instance, keys, own)

	calls, depth := own.all()
	gots := make([]walk.Got, len(keys))
	for i, k := range keys {
		gots[i] = walk.Got{Depth: depth, Expired: t.expired}
		if t.why.Reason != "" {
			gots[i].Part = estate.Part{Key: k, Fact: s.readers[k.Kind].unknown(t.why, t.origin)}
			continue
		}
		gots[i].Part = clocked(t.answer.Part(k, t.origin, t.run.sent), t.run)
	}
	gots[0].Calls, gots[0].Ran = calls, t.ran(gots)
	return gots
}

// maxKept is how much of an output is kept, in bytes. GetCommandInvocation gives the
// first 24,000 characters.
const maxKept = 64 << 10

// ran is the script as it ran, nil where it was not sent or its end was not seen.
func (t told) ran(gots []walk.Got) *walk.Script {
	if t.run.id == "" || t.run.state == "" {
		return nil
	}
	output := strings.ToValidUTF8(t.run.stdout, "\ufffd")
	if t.run.stderr != "" {
		output += "\n" + strings.ToValidUTF8(t.run.stderr, "\ufffd")
	}
	out := &walk.Script{CommandID: t.run.id, Sent: t.run.sent, SHA256: digest(t.script), OutputSHA256: digest(t.run.stdout + t.run.stderr)}
	// Masked before it is cut: half a secret does not look like one.
	out.Output = Mask(lang.CleanLines(output))
	if len(out.Output) > maxKept {
		out.Output = strings.ToValidUTF8(out.Output[:maxKept], "")
	}
	for _, g := range gots {
		if g.Part.Fact.State() != fact.StateUnknown {
			out.Parts = append(out.Parts, g.Part.Key)
		}
	}
	return out
}

func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

// askWindows sends one script that answers all keys, waits for it and reads it.
func (s *Source) askWindows(ctx context.Context, instance string, keys []estate.Key, own *sheet) (t told) {
	region, resource := s.o.Target.Region, clean(instance, maxDetail)
	cli := commandLine("ssm list-command-invocations", region, arg("--instance-id", instance), arg("--details"))
	defer func() {
		t.origin = fact.Origin{Source: fact.Guest, Call: sendCommand, Time: s.now(), CLI: cli, RequestID: own.requestID(sendCommand)}
		if t.why.Reason != "" {
			if t.why.Action == "" {
				t.why.Action, t.why.Resource = sendCommand, resource
			}
			t.why.Detail = clean(Mask(t.why.Detail), maxDetail)
		}
	}()

	script, err := guest.Script(keys)
	switch {
	case err != nil:
		t.why = fact.Why{Reason: fact.NotSupported, Detail: err.Error()}
		return t
	case s.noHeartbeat(instance):
		t.why = fact.Why{Reason: fact.BlockedBy, Blocker: registration}
		return t
	}
	t.script = script
	t.run, err = s.run(ctx, instance, script)
	if t.run.id != "" {
		cli = commandLine("ssm get-command-invocation", region, arg("--command-id", t.run.id), arg("--instance-id", instance))
	}
	switch {
	case hasCode(err, noNode):
		t.why = fact.Why{Reason: fact.BlockedBy, Blocker: registration, Detail: message(err)}
		return t
	case err != nil:
		var expired bool
		t.why, expired = whyNot(err, sendCommand, resource, own)
		if t.run.state != "" {
			t.why.Detail += " (" + t.run.state + ")"
		}
		if expired {
			// The part says which is meant, and is not to be used.
			t.expired = expiredProblem(t.why, err)
			t.why.Reason = fact.Pending
		}
		return t
	}
	if t.why = t.run.failure(); t.why.Reason != "" {
		return t
	}
	if t.answer, err = guest.Read([]byte(t.run.stdout)); err != nil {
		t.why = fact.Why{Reason: fact.NotSupported, Detail: t.run.detail(err)}
	}
	return t
}

// clocked tells how far the guest's clock is from the clock that asked. The guest
// answered at some time between the sending and the end; a clock inside that span
// is not known to be wrong, and one outside is wrong by what is beyond it.
func clocked(p estate.Part, r run) estate.Part {
	f, ok := p.Fact.(fact.Of[estate.GuestActivation])
	if !ok || !f.IsKnown() || f.Value().UTC.IsZero() {
		return p
	}
	return estate.Part{Key: p.Key, Fact: fact.Map(f, func(a estate.GuestActivation) estate.GuestActivation {
		offset := 0.0
		// Windows told its clock in whole seconds.
		from, to := r.sent.Truncate(time.Second), r.sent.Add(r.took)
		switch {
		case a.UTC.Before(from):
			offset = a.UTC.Sub(from).Seconds()
		case a.UTC.After(to):
			offset = a.UTC.Sub(to).Seconds()
		}
		a.ClockOffset = aws.Float64(offset)
		return a
	})}
}

// heartbeatHolds is how long a reading of a managed node's heartbeat is relied upon.
// It is as long as a command would wait for delivery: older, and the command itself
// is the better question.
const heartbeatHolds = deliveryTimeout * time.Second

// noHeartbeat reports whether Systems Manager said a moment ago that the node does
// not answer. A command would wait out its delivery for nothing.
func (s *Source) noHeartbeat(instance string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	seen, lost := s.lost[instance]
	return lost && s.now().Sub(seen) < heartbeatHolds
}

// heard notes what Systems Manager said of a node.
func (s *Source) heard(n estate.ManagedNode) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n.PingStatus == "Online" {
		delete(s.lost, n.ID)
		return
	}
	s.lost[n.ID] = s.now()
}
