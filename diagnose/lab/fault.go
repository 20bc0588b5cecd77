package lab

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

type faultKind string

const (
	throttleFault faultKind = "throttle"
	denyFault     faultKind = "deny"
	timeoutFault  faultKind = "timeout"
	emptyFault    faultKind = "empty"
	// lateFault lets a change take effect and loses the answer.
	lateFault faultKind = "late"
)

// Fault is something that goes wrong on top of a scenario.
type Fault struct {
	kind faultKind
	// rate is the share of attempts that a throttle hits, above 0 up to 1.
	rate float64
	// action is an IAM action, with * and ? as in a policy.
	action string
}

// String writes the fault as ParseFault reads it.
func (f Fault) String() string {
	if f.kind == throttleFault {
		return string(f.kind) + "=" + strconv.FormatFloat(f.rate, 'g', -1, 64)
	}
	return string(f.kind) + "=" + f.action
}

// ParseFault reads throttle=RATE, deny=ACTION, timeout=ACTION, late=ACTION or
// empty=ACTION. A change that is late takes effect, and its caller is told nothing.
// RATE is a share of the attempts (0.3); ACTION is spelled as in IAM
// (ec2:DescribeVpcs) and may hold * and ?.
func ParseFault(s string) (Fault, error) {
	kind, value, ok := strings.Cut(s, "=")
	f := Fault{kind: faultKind(kind)}
	if ok {
		switch f.kind {
		case throttleFault:
			rate, err := strconv.ParseFloat(value, 64)
			if err != nil || math.IsNaN(rate) || rate <= 0 || rate > 1 {
				return Fault{}, mistake("lab fault %q: the rate must be a number above 0, up to 1, such as throttle=0.3", "障害の指定 %q: 割合は 0 より大きく 1 以下の数（例: throttle=0.3）", s)
			}
			f.rate = rate
			return f, nil
		case denyFault, timeoutFault, emptyFault, lateFault:
			service, name, colon := strings.Cut(value, ":")
			if value != "*" && (!colon || service == "" || name == "") {
				return Fault{}, mistake("lab fault %q: the action must look like ec2:DescribeVpcs, iam:* or *", "障害の指定 %q: アクションは ec2:DescribeVpcs、iam:*、* などの形式", s)
			}
			f.action = value
			return f, nil
		}
	}
	return Fault{}, mistake("lab fault %q: use throttle=0.3, deny=ACTION, timeout=ACTION, late=ACTION or empty=ACTION", "障害の指定 %q: throttle=0.3、deny=ACTION、timeout=ACTION、late=ACTION、empty=ACTION のいずれか", s)
}

// check refuses a fault that could never happen, which is a typing mistake.
func (f Fault) check(known map[string]operation) error {
	switch f.kind {
	case throttleFault:
		return nil
	case denyFault, timeoutFault, emptyFault, lateFault:
	default:
		return fmt.Errorf("lab: a fault that ParseFault did not make: %q", f.kind)
	}
	for action, op := range known {
		if f.kind == lateFault && !op.changes {
			continue
		}
		if f.hits(action) || f.kind == denyFault && slices.ContainsFunc(op.also, f.hits) {
			return nil
		}
	}
	if f.kind == lateFault {
		return mistake("lab fault %q: no call that changes something matches %q", "障害の指定 %q: %q に一致する変更系の API なし", f, f.action)
	}
	return mistake("lab fault %q: no call of the lab matches %q (monshin permissions lists the actions)", "障害の指定 %q: %q に一致するラボの API なし（アクション一覧: monshin permissions）", f, f.action)
}

func (f Fault) hits(action string) bool {
	return f.kind != throttleFault && glob(strings.ToLower(f.action), strings.ToLower(action))
}

// glob matches * and ? as IAM policies and EC2 filters do: * is any text, also
// none, ? is one character.
func glob(pattern, s string) bool {
	p, t := []rune(pattern), []rune(s)
	star, mark := -1, 0
	i, j := 0, 0
	for j < len(t) {
		switch {
		case i < len(p) && p[i] == '*':
			star, mark = i, j
			i++
		case i < len(p) && (p[i] == '?' || p[i] == t[j]):
			i++
			j++
		case star >= 0:
			mark++
			i, j = star+1, mark
		default:
			return false
		}
	}
	for i < len(p) && p[i] == '*' {
		i++
	}
	return i == len(p)
}
