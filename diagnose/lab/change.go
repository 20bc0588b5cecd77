package lab

import (
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/smithy-go"
)

// Mutation is one attempt at a call that changes something, as it came to the seam of
// the SDK. Dry runs are none, and neither are scripts that only ask.
type Mutation struct {
	// Action is the IAM action: "ec2:CreateVpcEndpoint".
	Action    string    `json:"action"`
	Time      time.Time `json:"time"` // of the lab
	RequestID string    `json:"request_id"`
	// Effect says that the account was changed.
	Effect bool `json:"effect"`
	// Error is AWS's error code where it refused; "timeout" where no answer came.
	Error string `json:"error,omitempty"`
}

// Mutations lists what was tried, in its order, also by processes before this one
// that worked on the same state file; of theirs, what was refused after the last
// change is not in it.
func (l *Lab) Mutations() []Mutation {
	l.world.mu.Lock()
	defer l.world.mu.Unlock()
	return slices.Clone(l.log)
}

// Mutating lists the IAM actions of the calls that change something, in order.
func (l *Lab) Mutating() []string {
	var out []string
	for _, action := range sortedKeys(l.operations) {
		if l.operations[action].changes {
			out = append(out, action)
		}
	}
	return out
}

// Meddle lets somebody else change the account. The servers follow as after a call.
func (l *Lab) Meddle(f func(*World)) error {
	w := l.world
	w.mu.Lock()
	defer w.mu.Unlock()
	if l.file.broken != nil {
		return l.file.broken
	}
	before := w.agents()
	f(w)
	w.follow(before)
	return l.save()
}

// perform answers one request. A change is on disk before its answer is given.
func (l *Lab) perform(op operation, r *request) (any, error) {
	w := l.world
	w.mu.Lock()
	defer w.mu.Unlock()
	if l.file.broken != nil {
		return nil, l.file.broken
	}
	asks := !op.changes || r.dry()
	if asks && l.options.Before == nil {
		return w.answer(op, r)
	}
	var before map[string]agentState
	if !r.inquires() || l.options.Before != nil {
		before = w.agents()
	}
	if l.options.Before != nil {
		l.options.Before(r.action, w)
	}
	out, err := w.answer(op, r)
	if err == nil && !asks && !r.inquires() {
		if !r.told {
			w.tell(r, out)
		}
		l.log = append(l.log, Mutation{Action: r.action, Time: w.Now, RequestID: r.id, Effect: true})
	}
	if before != nil {
		w.follow(before)
	}
	if err == nil && !asks {
		if failed := l.save(); failed != nil {
			return nil, failed
		}
	}
	return out, err
}

// inquires reports whether a command only asks: a script without monshin's mark of a fix.
func (r *request) inquires() bool {
	in, ok := r.in.(*ssm.SendCommandInput)
	if !ok || aws.ToString(in.DocumentName) != powerShell {
		return false
	}
	return !fixes(strings.Join(in.Parameters["commands"], "\n"))
}

// note keeps an attempt at a change that did not come to a plain answer.
func (l *Lab) note(op operation, r *request, err error) {
	if !op.changes || err == nil || r.dry() || r.inquires() {
		return
	}
	l.world.mu.Lock()
	defer l.world.mu.Unlock()
	m := Mutation{Action: r.action, Time: l.world.Now, RequestID: r.id, Error: "timeout"}
	var api smithy.APIError
	if errors.As(err, &api) {
		m.Error = api.ErrorCode()
	}
	// One that took effect and whose answer was lost stands there already.
	for n := range l.log {
		if l.log[n].RequestID == r.id {
			l.log[n].Error = m.Error
			return
		}
	}
	l.log = append(l.log, m)
}

// newID makes an id for something that was not there before.
func (w *World) newID(prefix string) string {
	w.Serial++
	return id(prefix, "made/"+strconv.Itoa(w.Serial))
}

// Token is a call that was made with an idempotency token.
type Token struct{ Input, Result string }

// repeated looks a token up: the result of the call that had it, or mismatch where
// that asked for something else.
func (w *World) repeated(r *request, token *string) (result string, known, mismatch bool) {
	if token == nil || *token == "" {
		return "", false, false
	}
	t, ok := w.Tokens[r.action+"/"+*token]
	return t.Result, ok, ok && t.Input != r.content()
}

func (w *World) remember(r *request, token *string, result string) {
	if token == nil || *token == "" {
		return
	}
	if w.Tokens == nil {
		w.Tokens = map[string]Token{}
	}
	w.Tokens[r.action+"/"+*token] = Token{Input: r.content(), Result: result}
}

// content is what a request asks for, as text.
func (r *request) content() string { return digits(string(mustJSON(r.in)), 32) }

// caller is who makes the lab's calls, as CloudTrail names them.
func (w *World) caller() Actor {
	_, rest, _ := strings.Cut(w.CallerARN, ":assumed-role/")
	role, session, ok := strings.Cut(rest, "/")
	if !ok {
		return Actor{User: w.CallerARN[strings.LastIndexByte(w.CallerARN, '/')+1:], IP: callerIP, UserAgent: callerAgent}
	}
	return Actor{Role: role, Session: session, IP: callerIP, UserAgent: callerAgent}
}

const (
	callerIP    = "203.0.113.24"
	callerAgent = "monshin"
)

// tell writes the event of a change, as CloudTrail has it of most operations: the
// members in small letters, and nothing of what is secret.
func (w *World) tell(r *request, out any) {
	service, name, _ := strings.Cut(r.action, ":")
	e := at(w.Now, name, w.caller(), trailed(r.in), trailed(out))
	e.Source = service + ".amazonaws.com"
	for _, part := range []map[string]any{e.Request, e.Response} {
		e.Resources = append(e.Resources, resourcesIn(part)...)
	}
	slices.SortFunc(e.Resources, func(a, b [2]string) int { return strings.Compare(a[0]+a[1], b[0]+b[1]) })
	e.Resources = slices.Compact(e.Resources)
	w.addEvent(e)
}

// addEvent adds an event that happens now.
func (w *World) addEvent(e *Event) {
	w.Serial++
	e.ID = uuid("event/made/" + strconv.Itoa(w.Serial))
	w.Events = append(w.Events, e)
}

// trailed is an input or an output as CloudTrail writes it.
func trailed(v any) map[string]any {
	if rv := reflect.ValueOf(v); rv.Kind() != reflect.Pointer || rv.IsNil() {
		return nil
	}
	var m map[string]any
	if json.Unmarshal(mustJSON(v), &m) != nil {
		return nil
	}
	delete(m, "ResultMetadata")
	small, _ := decapitalised(m).(map[string]any)
	return small
}

// decapitalised drops what is empty.
func decapitalised(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, x := range v {
			if x = decapitalised(x); x != nil && x != "" {
				letters := []rune(k)
				letters[0] = unicode.ToLower(letters[0])
				out[string(letters)] = x
			}
		}
		return out
	case []any:
		out := make([]any, 0, len(v))
		for _, x := range v {
			out = append(out, decapitalised(x))
		}
		return out
	}
	return v
}

// resourcesIn finds the things that an event is about by their ids.
func resourcesIn(v any) [][2]string {
	var out [][2]string
	switch v := v.(type) {
	case map[string]any:
		for _, k := range sortedKeys(v) {
			out = append(out, resourcesIn(v[k])...)
		}
	case []any:
		for _, x := range v {
			out = append(out, resourcesIn(x)...)
		}
	case string:
		prefix, rest, _ := strings.Cut(v, "-")
		kind := map[string]string{"i": "AWS::EC2::Instance", "vpc": "AWS::EC2::VPC", "subnet": "AWS::EC2::Subnet", "sg": "AWS::EC2::SecurityGroup",
			"acl": "AWS::EC2::NetworkAcl", "dopt": "AWS::EC2::DHCPOptions", "vpce": "AWS::EC2::VPCEndpoint"}[prefix]
		if kind != "" && len(rest) >= 8 && strings.Trim(rest, "0123456789abcdef") == "" {
			out = append(out, [2]string{kind, v})
		}
	}
	return out
}
