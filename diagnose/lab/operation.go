package lab

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
)

// operation answers one API operation.
type operation struct {
	// empty makes an output with nothing in it.
	empty  func() any
	answer func(*World, *request) (any, error)
	// changes says that the operation changes the account.
	changes bool
	// also are further actions that the caller needs for it, which are no calls
	// (iam:PassRole).
	also []string
}

// change makes an operation that changes the account.
func change[I, O any](f func(*World, *request, *I) (*O, error), also ...string) operation {
	op := on(f)
	op.changes, op.also = true, also
	return op
}

// on makes an operation of a function with the SDK's own types.
func on[I, O any](f func(*World, *request, *I) (*O, error)) operation {
	return operation{
		empty: func() any { return new(O) },
		answer: func(w *World, r *request) (any, error) {
			in, ok := r.in.(*I)
			if !ok {
				return nil, fmt.Errorf("lab: %s was asked with a %T", r.action, r.in)
			}
			out, err := f(w, r, in)
			if err != nil {
				return nil, err
			}
			return out, nil
		},
	}
}

// operations lists what the lab answers, by IAM action.
func operations() map[string]operation {
	all := map[string]operation{}
	for _, group := range []map[string]operation{
		instanceOperations(), networkOperations(), groupOperations(), endpointOperations(), resolverOperations(),
		directoryOperations(), identityOperations(), managementOperations(), trailOperations(), licenseOperations(),
		instanceChanges(), endpointChanges(), groupChanges(), aclChanges(), vpcChanges(), tagChanges(), identityChanges(),
		resolverChanges(), directoryChanges(), licenseChanges(), commandChanges(), sessionOperations(),
	} {
		maps.Copy(all, group)
	}
	return all
}

// global are the services whose answers are the same from every region.
var global = []string{"iam:", "sts:", "ec2:DescribeRegions"}

// answer answers one request, or says as AWS does why not. The caller holds mu.
func (w *World) answer(op operation, r *request) (any, error) {
	if op.changes && w.ReadOnly {
		return nil, w.deny(r.action)
	}
	for _, action := range append([]string{r.action}, op.also...) {
		if slices.ContainsFunc(w.Denied, func(p string) bool { return glob(strings.ToLower(p), strings.ToLower(action)) }) {
			return nil, w.refuse(r.action, action)
		}
	}
	if r.dry() {
		return nil, fail("DryRunOperation", "Request would have succeeded, but DryRun flag is set.")
	}
	isGlobal := slices.ContainsFunc(global, func(p string) bool { return strings.HasPrefix(r.action, p) })
	if r.region != w.Region && !isGlobal {
		if op.changes {
			return nil, fmt.Errorf("lab: %s in %s: only %s can be changed here", r.action, r.region, w.Region)
		}
		return op.answer(w.elsewhere(r.region), r)
	}
	return op.answer(w, r)
}

// elsewhere is the account in a region in which it has nothing.
func (w *World) elsewhere(region string) *World {
	return &World{Account: w.Account, Region: region, CallerARN: w.CallerARN, Now: w.Now, Regions: w.Regions}
}

// deny refuses an action in the words of its service.
func (w *World) deny(action string) error { return w.refuse(action, action) }

// refuse refuses a call for want of an action, which need not be its own.
func (w *World) refuse(call, action string) error {
	code, _ := codesOf(call)
	message := fmt.Sprintf("User: %s is not authorized to perform: %s because no identity-based policy allows the %s action",
		w.CallerARN, action, action)
	if code == "UnauthorizedOperation" {
		message = "You are not authorized to perform this operation. " + message
	}
	return fail(code, "%s", message)
}

// arn names something of this account in this region.
func (w *World) arn(service, resource string) string {
	return arn.ARN{Partition: "aws", Service: service, Region: w.Region, AccountID: w.Account, Resource: resource}.String()
}

// mine reports whether this account owns a thing; "" is this account.
func (w *World) mine(owner string) bool { return owner == "" || owner == w.Account }

func (w *World) owner(owner string) string {
	if owner == "" {
		return w.Account
	}
	return owner
}

// sees reports whether this account sees a VPC and what it consists of: its own,
// or one of which a subnet is shared with it.
func (w *World) sees(vpc string) bool {
	v := w.VPCs[vpc]
	if v == nil {
		return false
	}
	if w.mine(v.Owner) {
		return true
	}
	for _, s := range w.Subnets {
		if s.VPC == vpc && s.Shared {
			return true
		}
	}
	return false
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// sorted lists the values of m by id.
func sorted[V any](m map[string]V) []V {
	out := make([]V, 0, len(m))
	for _, k := range sortedKeys(m) {
		out = append(out, m[k])
	}
	return out
}

// pick turns the values of m that keep accepts into what an API shows.
func pick[V, T any](m map[string]V, keep func(V) bool, show func(V) T) []T {
	var out []T
	for _, v := range sorted(m) {
		if keep(v) {
			out = append(out, show(v))
		}
	}
	return out
}
