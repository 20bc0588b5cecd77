package cloud

import (
	"context"
	"fmt"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/directoryservice"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/route53resolver"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"

	"github.com/monshin/monshin/diagnose/cloud/usersubscriptions"
	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/walk"
)

// asOf is the clock of the tests.
var asOf = time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)

// account answers at the SDK's seam with the SDK's own types.
type account struct {
	t  *testing.T
	mu sync.Mutex
	// answers are by IAM action. An action without an answer gets an empty output.
	answers map[string]func(ctx context.Context, in any) (any, error)
	// sent are the inputs, by action, one for each attempt.
	sent map[string][]any
	// under and most count the requests under way by service and region.
	under, most map[string]int
}

func newAccount(t *testing.T) *account {
	return &account{
		t: t, answers: map[string]func(context.Context, any) (any, error){}, sent: map[string][]any{},
		under: map[string]int{}, most: map[string]int{},
	}
}

// answer gives one output to every request of an action.
func (a *account) answer(action string, out any) {
	a.answers[action] = func(context.Context, any) (any, error) { return out, nil }
}

// fail gives an error code to every request of an action.
func (a *account) fail(action, code string) {
	a.answers[action] = func(context.Context, any) (any, error) {
		return nil, &smithy.GenericAPIError{Code: code, Message: "no \x1b[31mway\x1b[0m for " + action}
	}
}

func (a *account) count(action string) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.sent[action])
}

// outputs are the types of the answers, by action. An operation that is not here is
// one that nobody said would be called.
var outputs = map[string]reflect.Type{
	"ec2:DescribeInstances":                                         reflect.TypeFor[ec2.DescribeInstancesOutput](),
	"ec2:DescribeInstanceStatus":                                    reflect.TypeFor[ec2.DescribeInstanceStatusOutput](),
	"ec2:DescribeRegions":                                           reflect.TypeFor[ec2.DescribeRegionsOutput](),
	"ec2:DescribeIamInstanceProfileAssociations":                    reflect.TypeFor[ec2.DescribeIamInstanceProfileAssociationsOutput](),
	"ec2:GetPasswordData":                                           reflect.TypeFor[ec2.GetPasswordDataOutput](),
	"ec2:DescribeInstanceTypes":                                     reflect.TypeFor[ec2.DescribeInstanceTypesOutput](),
	"ec2:DescribeImages":                                            reflect.TypeFor[ec2.DescribeImagesOutput](),
	"ec2:DescribeVpcs":                                              reflect.TypeFor[ec2.DescribeVpcsOutput](),
	"ec2:DescribeVpcAttribute":                                      reflect.TypeFor[ec2.DescribeVpcAttributeOutput](),
	"ec2:DescribeSubnets":                                           reflect.TypeFor[ec2.DescribeSubnetsOutput](),
	"ec2:DescribeNetworkAcls":                                       reflect.TypeFor[ec2.DescribeNetworkAclsOutput](),
	"ec2:DescribeRouteTables":                                       reflect.TypeFor[ec2.DescribeRouteTablesOutput](),
	"ec2:DescribeInternetGateways":                                  reflect.TypeFor[ec2.DescribeInternetGatewaysOutput](),
	"ec2:DescribeNatGateways":                                       reflect.TypeFor[ec2.DescribeNatGatewaysOutput](),
	"ec2:DescribeVpcEndpoints":                                      reflect.TypeFor[ec2.DescribeVpcEndpointsOutput](),
	"ec2:DescribeNetworkInterfaces":                                 reflect.TypeFor[ec2.DescribeNetworkInterfacesOutput](),
	"ec2:DescribeVpcPeeringConnections":                             reflect.TypeFor[ec2.DescribeVpcPeeringConnectionsOutput](),
	"ec2:DescribeSecurityGroups":                                    reflect.TypeFor[ec2.DescribeSecurityGroupsOutput](),
	"ec2:DescribeSecurityGroupRules":                                reflect.TypeFor[ec2.DescribeSecurityGroupRulesOutput](),
	"ec2:GetManagedPrefixListEntries":                               reflect.TypeFor[ec2.GetManagedPrefixListEntriesOutput](),
	"ec2:DescribeDhcpOptions":                                       reflect.TypeFor[ec2.DescribeDhcpOptionsOutput](),
	"iam:ListAccountAliases":                                        reflect.TypeFor[iam.ListAccountAliasesOutput](),
	"iam:GetInstanceProfile":                                        reflect.TypeFor[iam.GetInstanceProfileOutput](),
	"iam:ListInstanceProfilesForRole":                               reflect.TypeFor[iam.ListInstanceProfilesForRoleOutput](),
	"iam:GetRole":                                                   reflect.TypeFor[iam.GetRoleOutput](),
	"iam:ListAttachedRolePolicies":                                  reflect.TypeFor[iam.ListAttachedRolePoliciesOutput](),
	"iam:ListRolePolicies":                                          reflect.TypeFor[iam.ListRolePoliciesOutput](),
	"iam:GetRolePolicy":                                             reflect.TypeFor[iam.GetRolePolicyOutput](),
	"iam:GetPolicy":                                                 reflect.TypeFor[iam.GetPolicyOutput](),
	"iam:GetPolicyVersion":                                          reflect.TypeFor[iam.GetPolicyVersionOutput](),
	"iam:SimulatePrincipalPolicy":                                   reflect.TypeFor[iam.SimulatePrincipalPolicyOutput](),
	"ssm:DescribeInstanceInformation":                               reflect.TypeFor[ssm.DescribeInstanceInformationOutput](),
	"ssm:GetConnectionStatus":                                       reflect.TypeFor[ssm.GetConnectionStatusOutput](),
	"ssm:GetServiceSetting":                                         reflect.TypeFor[ssm.GetServiceSettingOutput](),
	"ssm:ListCommandInvocations":                                    reflect.TypeFor[ssm.ListCommandInvocationsOutput](),
	"ssm:ListCommands":                                              reflect.TypeFor[ssm.ListCommandsOutput](),
	"ssm:GetCommandInvocation":                                      reflect.TypeFor[ssm.GetCommandInvocationOutput](),
	"ssm:SendCommand":                                               reflect.TypeFor[ssm.SendCommandOutput](),
	"ssm:ListInventoryEntries":                                      reflect.TypeFor[ssm.ListInventoryEntriesOutput](),
	"ssm:DescribeInstancePatches":                                   reflect.TypeFor[ssm.DescribeInstancePatchesOutput](),
	"ec2:GetConsoleOutput":                                          reflect.TypeFor[ec2.GetConsoleOutputOutput](),
	"sts:GetCallerIdentity":                                         reflect.TypeFor[sts.GetCallerIdentityOutput](),
	"cloudtrail:LookupEvents":                                       reflect.TypeFor[cloudtrail.LookupEventsOutput](),
	"ec2:GetConsoleScreenshot":                                      reflect.TypeFor[ec2.GetConsoleScreenshotOutput](),
	"route53resolver:ListResolverRuleAssociations":                  reflect.TypeFor[route53resolver.ListResolverRuleAssociationsOutput](),
	"route53resolver:ListResolverRules":                             reflect.TypeFor[route53resolver.ListResolverRulesOutput](),
	"route53resolver:ListResolverEndpoints":                         reflect.TypeFor[route53resolver.ListResolverEndpointsOutput](),
	"ds:DescribeDirectories":                                        reflect.TypeFor[directoryservice.DescribeDirectoriesOutput](),
	"ds:DescribeDomainControllers":                                  reflect.TypeFor[directoryservice.DescribeDomainControllersOutput](),
	"license-manager-user-subscriptions:ListIdentityProviders":      reflect.TypeFor[usersubscriptions.ListIdentityProvidersOutput](),
	"license-manager-user-subscriptions:ListInstances":              reflect.TypeFor[usersubscriptions.ListInstancesOutput](),
	"license-manager-user-subscriptions:ListProductSubscriptions":   reflect.TypeFor[usersubscriptions.ListProductSubscriptionsOutput](),
	"license-manager-user-subscriptions:ListUserAssociations":       reflect.TypeFor[usersubscriptions.ListUserAssociationsOutput](),
	"license-manager-user-subscriptions:ListLicenseServerEndpoints": reflect.TypeFor[usersubscriptions.ListLicenseServerEndpointsOutput](),
}

func (a *account) config() aws.Config {
	type key struct{}
	take := middleware.InitializeMiddlewareFunc("take", func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
		return next.HandleInitialize(context.WithValue(ctx, key{}, in.Parameters), in)
	})
	give := middleware.DeserializeMiddlewareFunc("give", func(ctx context.Context, _ middleware.DeserializeInput, _ middleware.DeserializeHandler) (out middleware.DeserializeOutput, metadata middleware.Metadata, err error) {
		service, operation := awsmiddleware.GetServiceID(ctx), awsmiddleware.GetOperationName(ctx)
		action, place := actionOf(service, operation), service+"/"+awsmiddleware.GetRegion(ctx)
		a.mu.Lock()
		a.sent[action] = append(a.sent[action], ctx.Value(key{}))
		awsmiddleware.SetRequestIDMetadata(&metadata, fmt.Sprintf("%s-%d", operation, len(a.sent[action])))
		a.under[place]++
		a.most[place] = max(a.most[place], a.under[place])
		answer := a.answers[action]
		a.mu.Unlock()
		defer func() {
			a.mu.Lock()
			a.under[place]--
			a.mu.Unlock()
		}()
		if answer != nil {
			result, err := answer(ctx, ctx.Value(key{}))
			if err == nil { // each request its own, for the client writes into it
				own := reflect.New(reflect.TypeOf(result).Elem())
				own.Elem().Set(reflect.ValueOf(result).Elem())
				out.Result = own.Interface()
			}
			return out, metadata, err
		}
		kind, ok := outputs[action]
		if !ok {
			a.t.Errorf("%s was called", action)
			return out, metadata, fmt.Errorf("no operation %s", action)
		}
		out.Result = reflect.New(kind).Interface()
		return out, metadata, nil
	})
	return aws.Config{
		Region: "ap-northeast-1", RetryMode: aws.RetryModeAdaptive, RetryMaxAttempts: 3,
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""),
		APIOptions: []func(*middleware.Stack) error{func(stack *middleware.Stack) error {
			if err := stack.Initialize.Add(take, middleware.After); err != nil {
				return err
			}
			return stack.Deserialize.Add(give, middleware.Before)
		}},
	}
}

func (a *account) source(change ...func(*Options)) *Source {
	o := Options{
		Target: estate.Target{InstanceID: "i-0123456789abcdef0", Region: "ap-northeast-1"},
		Now:    func() time.Time { return asOf }, NoSlowdown: true,
	}
	for _, f := range change {
		f(&o)
	}
	return New(a.config(), o)
}

// collect reads parts and fails where one is delivered twice.
func collect(t *testing.T, ctx context.Context, s *Source, keys ...estate.Key) map[estate.Key]walk.Got {
	t.Helper()
	var mu sync.Mutex
	got := map[estate.Key]walk.Got{}
	s.Collect(ctx, keys, func(g walk.Got) {
		mu.Lock()
		defer mu.Unlock()
		if _, twice := got[g.Part.Key]; twice && g.Expired == nil {
			t.Errorf("%s was delivered twice", g.Part.Key)
		}
		got[g.Part.Key] = g
	})
	return got
}

// readOne reads one part.
func readOne[T any](t *testing.T, s *Source, k estate.Kind[T], id string) (fact.Of[T], walk.Got) {
	t.Helper()
	got, ok := collect(t, t.Context(), s, k.Key(id))[k.Key(id)]
	if !ok {
		t.Fatalf("%s was not delivered", k.Key(id))
	}
	f, ok := got.Part.Fact.(fact.Of[T])
	if !ok {
		t.Fatalf("%s is a %T", k.Key(id), got.Part.Fact)
	}
	return f, got
}

// mustRead reads one part that has to be known.
func mustRead[T any](t *testing.T, s *Source, k estate.Kind[T], id string) T {
	t.Helper()
	f, _ := readOne(t, s, k, id)
	v, known := f.Get()
	if !known {
		t.Fatalf("%s is %s: %v", k.Key(id), f.State(), f.Why())
	}
	return v
}
