package usersubscriptions

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// The SDK's own resolution of endpoints is internal to it, and works through these
// interfaces of a config's sources (environment, shared config, options).
type (
	ignoresEndpoints interface {
		GetIgnoreConfiguredEndpoints(context.Context) (bool, bool, error)
	}
	namesEndpoint interface {
		GetServiceBaseEndpoint(ctx context.Context, sdkID string) (string, bool, error)
	}
	choosesDualStack interface {
		GetUseDualStackEndpoint(context.Context) (aws.DualStackEndpointState, bool, error)
	}
	choosesFIPS interface {
		GetUseFIPSEndpoint(context.Context) (aws.FIPSEndpointState, bool, error)
	}
)

// baseEndpoint finds the endpoint that was configured, in the SDK's order:
// AWS_ENDPOINT_URL_LICENSE_MANAGER_USER_SUBSCRIPTIONS, then the service's section of
// the shared config, then what holds for all services. A global environment
// variable beats the shared config's service section.
func baseEndpoint(cfg aws.Config) *string {
	base := cfg.BaseEndpoint
	_, global := os.LookupEnv("AWS_ENDPOINT_URL")
	_, own := os.LookupEnv("AWS_ENDPOINT_URL_LICENSE_MANAGER_USER_SUBSCRIPTIONS")
	if global && !own {
		return base
	}
	ctx := context.Background()
	if ignore, found := first(cfg, func(s ignoresEndpoints) (bool, bool, error) { return s.GetIgnoreConfiguredEndpoints(ctx) }); found && ignore {
		return base
	}
	if v, found := first(cfg, func(s namesEndpoint) (string, bool, error) { return s.GetServiceBaseEndpoint(ctx, ServiceID) }); found {
		return &v
	}
	return base
}

func usesDualStack(cfg aws.Config) bool {
	v, found := first(cfg, func(s choosesDualStack) (aws.DualStackEndpointState, bool, error) {
		return s.GetUseDualStackEndpoint(context.Background())
	})
	return found && v == aws.DualStackEndpointStateEnabled
}

func usesFIPS(cfg aws.Config) bool {
	v, found := first(cfg, func(s choosesFIPS) (aws.FIPSEndpointState, bool, error) {
		return s.GetUseFIPSEndpoint(context.Background())
	})
	return found && v == aws.FIPSEndpointStateEnabled
}

// first asks the sources of a config in their order until one has a value.
func first[S, V any](cfg aws.Config, ask func(S) (V, bool, error)) (V, bool) {
	for _, source := range cfg.ConfigSources {
		if s, ok := source.(S); ok {
			if v, found, err := ask(s); err == nil && found {
				return v, true
			}
		}
	}
	var none V
	return none, false
}

// suffixes are the DNS suffixes of the partitions, by the beginning of a region's
// name, longest first (partitions.json of the SDK).
var suffixes = []struct{ region, plain, dual string }{
	{"us-isob-", "sc2s.sgov.gov", "api.aws.scloud"},
	{"us-isof-", "csp.hci.ic.gov", "api.aws.hci.ic.gov"},
	{"eu-isoe-", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"},
	{"us-iso-", "c2s.ic.gov", "api.aws.ic.gov"},
	{"eusc-", "amazonaws.eu", "api.amazonwebservices.eu"},
	{"cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn"},
	{"", "amazonaws.com", "api.aws"},
}

var hostLabel = regexp.MustCompile(`^[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$`)

// endpoint says where requests go.
func (o Options) endpoint() (*url.URL, error) {
	if o.BaseEndpoint != nil {
		u, err := url.Parse(*o.BaseEndpoint)
		if err != nil {
			return nil, fmt.Errorf("the endpoint %q is not a URL: %w", *o.BaseEndpoint, err)
		}
		if u.Scheme == "" || u.Host == "" {
			return nil, fmt.Errorf("the endpoint %q is not a URL with a scheme and a host", *o.BaseEndpoint)
		}
		return u, nil
	}
	// A region becomes a part of the host name, so nothing else may pass for one.
	if !hostLabel.MatchString(o.Region) {
		return nil, fmt.Errorf("%q is not a region", o.Region)
	}
	host := signingName
	if o.UseFIPS {
		host += "-fips"
	}
	suffix := ""
	for _, s := range suffixes {
		if strings.HasPrefix(o.Region, s.region) {
			suffix = s.plain
			if o.UseDualStack {
				suffix = s.dual
			}
			break
		}
	}
	return &url.URL{Scheme: "https", Host: host + "." + o.Region + "." + suffix, Path: "/"}, nil
}
