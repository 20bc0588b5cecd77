package cloud

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	lm "github.com/monshin/monshin/diagnose/cloud/usersubscriptions"
	"github.com/monshin/monshin/diagnose/cloud/usersubscriptions/types"
	"github.com/monshin/monshin/diagnose/estate"
)

func (s *Source) identityProviders(ctx context.Context, _ string) ([]estate.IdentityProvider, error) {
	var rows []types.IdentityProviderSummary
	err := pages(ctx, func(ctx context.Context, token *string) (*string, error) {
		out, err := s.licenses.ListIdentityProviders(ctx, &lm.ListIdentityProvidersInput{NextToken: token})
		if err != nil {
			return nil, err
		}
		rows = append(rows, out.IdentityProviderSummaries...)
		return out.NextToken, nil
	})
	return list(mapped(rows, func(p types.IdentityProviderSummary) estate.IdentityProvider {
		ad := activeDirectory(p.IdentityProvider)
		e := estate.IdentityProvider{
			Directory: aws.ToString(ad.DirectoryId), Type: string(ad.ActiveDirectoryType),
			Product: aws.ToString(p.Product), Status: aws.ToString(p.Status), Failure: freeText(p.FailureMessage),
			OwnerID: aws.ToString(p.OwnerAccountId), ARN: aws.ToString(p.IdentityProviderArn),
		}
		if d := ad.ActiveDirectorySettings; d != nil {
			e.Domain = aws.ToString(d.DomainName)
		}
		if p.Settings != nil {
			e.Subnets, e.SecurityGroup = p.Settings.Subnets, aws.ToString(p.Settings.SecurityGroupId)
		}
		return e
	})), err
}

func activeDirectory(p types.IdentityProvider) types.ActiveDirectoryIdentityProvider {
	if ad, ok := p.(*types.IdentityProviderMemberActiveDirectoryIdentityProvider); ok && ad != nil {
		return ad.Value
	}
	return types.ActiveDirectoryIdentityProvider{}
}

func inDirectory(id string) types.IdentityProvider {
	return &types.IdentityProviderMemberActiveDirectoryIdentityProvider{
		Value: types.ActiveDirectoryIdentityProvider{DirectoryId: aws.String(id)},
	}
}

func (s *Source) licensedInstances(ctx context.Context, _ string) ([]estate.LicensedInstance, error) {
	var rows []types.InstanceSummary
	err := pages(ctx, func(ctx context.Context, token *string) (*string, error) {
		out, err := s.licenses.ListInstances(ctx, &lm.ListInstancesInput{NextToken: token})
		if err != nil {
			return nil, err
		}
		rows = append(rows, out.InstanceSummaries...)
		return out.NextToken, nil
	})
	return list(mapped(rows, func(i types.InstanceSummary) estate.LicensedInstance {
		return estate.LicensedInstance{
			ID: aws.ToString(i.InstanceId), Status: aws.ToString(i.Status), Message: freeText(i.StatusMessage), Products: i.Products,
			LastChecked: isoTime(i.LastStatusCheckDate), Directory: aws.ToString(activeDirectory(i.IdentityProvider).DirectoryId),
		}
	})), err
}

func (s *Source) userSubscriptions(ctx context.Context, directory string) ([]estate.UserSubscription, error) {
	var rows []types.ProductUserSummary
	err := pages(ctx, func(ctx context.Context, token *string) (*string, error) {
		out, err := s.licenses.ListProductSubscriptions(ctx, &lm.ListProductSubscriptionsInput{IdentityProvider: inDirectory(directory), NextToken: token})
		if err != nil {
			return nil, err
		}
		rows = append(rows, out.ProductUserSummaries...)
		return out.NextToken, nil
	})
	return list(mapped(rows, func(u types.ProductUserSummary) estate.UserSubscription {
		return estate.UserSubscription{
			User: aws.ToString(u.Username), Domain: aws.ToString(u.Domain), Product: aws.ToString(u.Product), Status: aws.ToString(u.Status),
			Message: freeText(u.StatusMessage), Started: isoTime(u.SubscriptionStartDate), Ended: isoTime(u.SubscriptionEndDate),
		}
	})), err
}

// userAssociations reads the part "instance-id/directory-id".
func (s *Source) userAssociations(ctx context.Context, id string) ([]estate.UserAssociation, error) {
	instance, directory, ok := strings.Cut(id, "/")
	if !ok || instance == "" || directory == "" {
		return nil, errUnsupported{fmt.Errorf("%q is not an instance id and a directory id with a slash between them", id)}
	}
	var rows []types.InstanceUserSummary
	err := pages(ctx, func(ctx context.Context, token *string) (*string, error) {
		out, err := s.licenses.ListUserAssociations(ctx, &lm.ListUserAssociationsInput{
			InstanceId: aws.String(instance), IdentityProvider: inDirectory(directory), NextToken: token,
		})
		if err != nil {
			return nil, err
		}
		rows = append(rows, out.InstanceUserSummaries...)
		return out.NextToken, nil
	})
	return list(mapped(rows, func(u types.InstanceUserSummary) estate.UserAssociation {
		return estate.UserAssociation{
			User: aws.ToString(u.Username), Domain: aws.ToString(u.Domain), Instance: aws.ToString(u.InstanceId),
			Status: aws.ToString(u.Status), Message: freeText(u.StatusMessage),
		}
	})), err
}

// directoryID finds a directory's id in other text; its form is that of the API's
// own pattern (domain.md §5.3).
var directoryID = regexp.MustCompile(`\b(?:d|sd)-[0-9a-f]{10}\b`)

func (s *Source) licenseServers(ctx context.Context, _ string) ([]estate.LicenseServer, error) {
	var rows []types.LicenseServerEndpoint
	err := pages(ctx, func(ctx context.Context, token *string) (*string, error) {
		out, err := s.licenses.ListLicenseServerEndpoints(ctx, &lm.ListLicenseServerEndpointsInput{NextToken: token})
		if err != nil {
			return nil, err
		}
		rows = append(rows, out.LicenseServerEndpoints...)
		return out.NextToken, nil
	})
	return list(mapped(rows, func(p types.LicenseServerEndpoint) estate.LicenseServer {
		e := estate.LicenseServer{
			Directory: directoryID.FindString(aws.ToString(p.IdentityProviderArn)), Provider: aws.ToString(p.IdentityProviderArn),
			Provisioning: string(p.LicenseServerEndpointProvisioningStatus), Message: freeText(p.StatusMessage),
		}
		if p.ServerEndpoint != nil {
			e.Endpoint = aws.ToString(p.ServerEndpoint.Endpoint)
		}
		e.Servers = mapped(p.LicenseServers, func(n types.LicenseServer) estate.LicenseServerNode {
			return estate.LicenseServerNode{Address: first(n.Ipv4Address, n.Ipv6Address), Provisioning: string(n.ProvisioningStatus), Health: string(n.HealthStatus)}
		})
		return e
	})), err
}
