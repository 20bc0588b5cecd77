package lab

import (
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	lm "github.com/monshin/monshin/diagnose/cloud/usersubscriptions"
	"github.com/monshin/monshin/diagnose/cloud/usersubscriptions/types"
)

func licenseOperations() map[string]operation {
	return map[string]operation{
		"license-manager-user-subscriptions:ListIdentityProviders":      on(listIdentityProviders),
		"license-manager-user-subscriptions:ListInstances":              on(listLicensedInstances),
		"license-manager-user-subscriptions:ListProductSubscriptions":   on(listProductSubscriptions),
		"license-manager-user-subscriptions:ListUserAssociations":       on(listUserAssociations),
		"license-manager-user-subscriptions:ListLicenseServerEndpoints": on(listLicenseServerEndpoints),
	}
}

var licensePaging = paging{min: 1, max: 100, normal: 50, badToken: "ValidationException", badSize: "ValidationException"}

// noFilters refuses filters: what AWS takes there is documented in two
// contradicting ways (domain.md §5.3), so the lab takes none rather than guess.
func noFilters(filters []types.Filter) error {
	if len(filters) > 0 {
		return fail("ValidationException", "The filter operation is not valid")
	}
	return nil
}

func activeDirectory(id string) types.IdentityProvider {
	return &types.IdentityProviderMemberActiveDirectoryIdentityProvider{Value: types.ActiveDirectoryIdentityProvider{
		DirectoryId: aws.String(id), ActiveDirectoryType: types.ActiveDirectoryTypeAwsManaged, IsSharedActiveDirectory: aws.Bool(false)}}
}

// directoryOf reads the directory that a request names.
func (w *World) directoryOf(p types.IdentityProvider) (string, error) {
	ad, ok := p.(*types.IdentityProviderMemberActiveDirectoryIdentityProvider)
	if !ok {
		return "", fail("ValidationException", "The identity provider is not valid")
	}
	id := aws.ToString(ad.Value.DirectoryId)
	if !slices.ContainsFunc(w.Providers, func(p *Provider) bool { return p.Directory == id }) {
		return "", fail("ResourceNotFoundException", "Identity provider %s was not found", id)
	}
	return id, nil
}

func stamp(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	return aws.String(t.UTC().Format(time.RFC3339))
}

func (w *World) providerARN(directory, product string) *string {
	return aws.String(w.arn("license-manager-user-subscriptions", "identity-provider/"+directory+"/"+product))
}

func listIdentityProviders(w *World, r *request, in *lm.ListIdentityProvidersInput) (*lm.ListIdentityProvidersOutput, error) {
	if err := noFilters(in.Filters); err != nil {
		return nil, err
	}
	var all []types.IdentityProviderSummary
	for _, p := range w.Providers {
		row := types.IdentityProviderSummary{
			IdentityProvider: activeDirectory(p.Directory), Product: aws.String(p.Product), Status: aws.String(p.Status), OwnerAccountId: aws.String(w.Account),
			IdentityProviderArn: w.providerARN(p.Directory, p.Product),
			Settings:            &types.Settings{Subnets: append([]string(nil), p.Subnets...), SecurityGroupId: aws.String(p.Group)},
		}
		if p.Failure != "" {
			row.FailureMessage = aws.String(p.Failure)
		}
		all = append(all, row)
	}
	rows, next, err := page(r, licensePaging, all, in.NextToken, in.MaxResults)
	return &lm.ListIdentityProvidersOutput{IdentityProviderSummaries: rows, NextToken: next}, err
}

func listLicensedInstances(w *World, r *request, in *lm.ListInstancesInput) (*lm.ListInstancesOutput, error) {
	if err := noFilters(in.Filters); err != nil {
		return nil, err
	}
	var all []types.InstanceSummary
	for _, i := range w.Licensed {
		row := types.InstanceSummary{InstanceId: aws.String(i.Instance), Status: aws.String(i.Status), Products: append([]string(nil), i.Products...),
			LastStatusCheckDate: stamp(i.Checked), OwnerAccountId: aws.String(w.Account)}
		if i.Message != "" {
			row.StatusMessage = aws.String(i.Message)
		}
		if i.Directory != "" {
			row.IdentityProvider = activeDirectory(i.Directory)
		}
		all = append(all, row)
	}
	rows, next, err := page(r, licensePaging, all, in.NextToken, in.MaxResults)
	return &lm.ListInstancesOutput{InstanceSummaries: rows, NextToken: next}, err
}

func listProductSubscriptions(w *World, r *request, in *lm.ListProductSubscriptionsInput) (*lm.ListProductSubscriptionsOutput, error) {
	if err := noFilters(in.Filters); err != nil {
		return nil, err
	}
	directory, err := w.directoryOf(in.IdentityProvider)
	if err != nil {
		return nil, err
	}
	var all []types.ProductUserSummary
	for _, s := range w.Subscriptions {
		if s.Directory != directory || (in.Product != nil && *in.Product != s.Product) {
			continue
		}
		all = append(all, w.showSubscription(s))
	}
	rows, next, err := page(r, licensePaging, all, in.NextToken, in.MaxResults)
	return &lm.ListProductSubscriptionsOutput{ProductUserSummaries: rows, NextToken: next}, err
}

func listUserAssociations(w *World, r *request, in *lm.ListUserAssociationsInput) (*lm.ListUserAssociationsOutput, error) {
	if err := noFilters(in.Filters); err != nil {
		return nil, err
	}
	directory, err := w.directoryOf(in.IdentityProvider)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(w.Licensed, func(i *Licensed) bool { return i.Instance == aws.ToString(in.InstanceId) }) {
		return nil, fail("ResourceNotFoundException", "Instance %s was not found", aws.ToString(in.InstanceId))
	}
	var all []types.InstanceUserSummary
	for _, a := range w.Associations {
		if a.Instance == *in.InstanceId && a.Directory == directory {
			all = append(all, w.showUser(a))
		}
	}
	rows, next, err := page(r, licensePaging, all, in.NextToken, in.MaxResults)
	return &lm.ListUserAssociationsOutput{InstanceUserSummaries: rows, NextToken: next}, err
}

func listLicenseServerEndpoints(w *World, r *request, in *lm.ListLicenseServerEndpointsInput) (*lm.ListLicenseServerEndpointsOutput, error) {
	if err := noFilters(in.Filters); err != nil {
		return nil, err
	}
	var all []types.LicenseServerEndpoint
	for _, s := range w.LicenseServers {
		row := types.LicenseServerEndpoint{
			LicenseServerEndpointId: aws.String(s.ID), LicenseServerEndpointArn: aws.String(w.arn("license-manager-user-subscriptions", "license-server-endpoint/"+s.ID)),
			IdentityProviderArn: w.providerARN(s.Directory, "REMOTE_DESKTOP_SERVICES"), ServerType: types.ServerTypeRdsSal,
			LicenseServerEndpointProvisioningStatus: types.LicenseServerEndpointProvisioningStatus(s.Provisioning),
			ServerEndpoint:                          &types.ServerEndpoint{Endpoint: aws.String(s.Address)},
		}
		if s.Message != "" {
			row.StatusMessage = aws.String(s.Message)
		}
		for _, node := range s.Servers {
			row.LicenseServers = append(row.LicenseServers, types.LicenseServer{Ipv4Address: aws.String(node[0]),
				HealthStatus: types.LicenseServerHealthStatus(node[1]), ProvisioningStatus: types.LicenseServerEndpointProvisioningStatusProvisioned})
		}
		all = append(all, row)
	}
	rows, next, err := page(r, licensePaging, all, in.NextToken, in.MaxResults)
	return &lm.ListLicenseServerEndpointsOutput{LicenseServerEndpoints: rows, NextToken: next}, err
}
