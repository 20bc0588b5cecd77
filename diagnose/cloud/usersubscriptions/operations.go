package usersubscriptions

import (
	"context"

	"github.com/aws/smithy-go/middleware"

	"github.com/monshin/monshin/diagnose/cloud/usersubscriptions/types"
)

// ListIdentityProvidersInput asks for the registered directories.
type ListIdentityProvidersInput struct {
	Filters    []types.Filter
	MaxResults *int32
	NextToken  *string
}

// ListIdentityProvidersOutput is one page of registered directories.
type ListIdentityProvidersOutput struct {
	IdentityProviderSummaries []types.IdentityProviderSummary
	NextToken                 *string
	ResultMetadata            middleware.Metadata
}

// ListIdentityProviders lists the directories registered for products, one page.
func (c *Client) ListIdentityProviders(ctx context.Context, params *ListIdentityProvidersInput, optFns ...func(*Options)) (*ListIdentityProvidersOutput, error) {
	out, metadata, err := invoke[ListIdentityProvidersInput, ListIdentityProvidersOutput](ctx, c, operation{
		name: "ListIdentityProviders", path: "/identity-provider/ListIdentityProviders",
		encode: func(in any) (any, error) {
			p := in.(*ListIdentityProvidersInput)
			return listBody{Filters: p.Filters, MaxResults: p.MaxResults, NextToken: p.NextToken}, nil
		},
		decode: decodeIdentityProviders,
	}, params, optFns)
	if err != nil {
		return nil, err
	}
	out.ResultMetadata = metadata
	return out, nil
}

// ListInstancesInput asks for the instances that provide user-based subscriptions.
type ListInstancesInput struct {
	Filters    []types.Filter
	MaxResults *int32
	NextToken  *string
}

// ListInstancesOutput is one page of instances.
type ListInstancesOutput struct {
	InstanceSummaries []types.InstanceSummary
	NextToken         *string
	ResultMetadata    middleware.Metadata
}

// ListInstances lists the instances that provide user-based subscriptions, one page.
func (c *Client) ListInstances(ctx context.Context, params *ListInstancesInput, optFns ...func(*Options)) (*ListInstancesOutput, error) {
	out, metadata, err := invoke[ListInstancesInput, ListInstancesOutput](ctx, c, operation{
		name: "ListInstances", path: "/instance/ListInstances",
		encode: func(in any) (any, error) {
			p := in.(*ListInstancesInput)
			return listBody{Filters: p.Filters, MaxResults: p.MaxResults, NextToken: p.NextToken}, nil
		},
		decode: decodeInstances,
	}, params, optFns)
	if err != nil {
		return nil, err
	}
	out.ResultMetadata = metadata
	return out, nil
}

// ListProductSubscriptionsInput asks for the users subscribed to products.
type ListProductSubscriptionsInput struct {
	// IdentityProvider is required.
	IdentityProvider types.IdentityProvider
	Filters          []types.Filter
	MaxResults       *int32
	NextToken        *string
	// Product limits the list to one product; nil lists all.
	Product *string
}

// ListProductSubscriptionsOutput is one page of subscriptions.
type ListProductSubscriptionsOutput struct {
	NextToken            *string
	ProductUserSummaries []types.ProductUserSummary
	ResultMetadata       middleware.Metadata
}

// ListProductSubscriptions lists the users subscribed to products, one page.
func (c *Client) ListProductSubscriptions(ctx context.Context, params *ListProductSubscriptionsInput, optFns ...func(*Options)) (*ListProductSubscriptionsOutput, error) {
	out, metadata, err := invoke[ListProductSubscriptionsInput, ListProductSubscriptionsOutput](ctx, c, operation{
		name: "ListProductSubscriptions", path: "/user/ListProductSubscriptions",
		validate: func(in any) error {
			return required("ListProductSubscriptionsInput", member{"IdentityProvider", in.(*ListProductSubscriptionsInput).IdentityProvider != nil})
		},
		encode: func(in any) (any, error) {
			p := in.(*ListProductSubscriptionsInput)
			provider, err := encodeProvider(p.IdentityProvider)
			return listBody{
				IdentityProvider: provider, Filters: p.Filters, MaxResults: p.MaxResults, NextToken: p.NextToken, Product: p.Product,
			}, err
		},
		decode: decodeSubscriptions,
	}, params, optFns)
	if err != nil {
		return nil, err
	}
	out.ResultMetadata = metadata
	return out, nil
}

// ListUserAssociationsInput asks for the users associated with an instance.
type ListUserAssociationsInput struct {
	// IdentityProvider and InstanceId are required.
	IdentityProvider types.IdentityProvider
	InstanceId       *string
	Filters          []types.Filter
	MaxResults       *int32
	NextToken        *string
}

// ListUserAssociationsOutput is one page of associations.
type ListUserAssociationsOutput struct {
	InstanceUserSummaries []types.InstanceUserSummary
	NextToken             *string
	ResultMetadata        middleware.Metadata
}

// ListUserAssociations lists the users associated with an instance, one page.
func (c *Client) ListUserAssociations(ctx context.Context, params *ListUserAssociationsInput, optFns ...func(*Options)) (*ListUserAssociationsOutput, error) {
	out, metadata, err := invoke[ListUserAssociationsInput, ListUserAssociationsOutput](ctx, c, operation{
		name: "ListUserAssociations", path: "/user/ListUserAssociations",
		validate: func(in any) error {
			p := in.(*ListUserAssociationsInput)
			return required("ListUserAssociationsInput",
				member{"IdentityProvider", p.IdentityProvider != nil}, member{"InstanceId", p.InstanceId != nil})
		},
		encode: func(in any) (any, error) {
			p := in.(*ListUserAssociationsInput)
			provider, err := encodeProvider(p.IdentityProvider)
			return listBody{
				IdentityProvider: provider, InstanceId: p.InstanceId, Filters: p.Filters, MaxResults: p.MaxResults, NextToken: p.NextToken,
			}, err
		},
		decode: decodeAssociations,
	}, params, optFns)
	if err != nil {
		return nil, err
	}
	out.ResultMetadata = metadata
	return out, nil
}

// ListLicenseServerEndpointsInput asks for the licence server endpoints.
type ListLicenseServerEndpointsInput struct {
	Filters []types.Filter
	// MaxResults is 1 to 100.
	MaxResults *int32
	NextToken  *string
}

// ListLicenseServerEndpointsOutput is one page of licence server endpoints.
type ListLicenseServerEndpointsOutput struct {
	LicenseServerEndpoints []types.LicenseServerEndpoint
	NextToken              *string
	ResultMetadata         middleware.Metadata
}

// ListLicenseServerEndpoints lists the Remote Desktop Services licence server
// endpoints, one page.
func (c *Client) ListLicenseServerEndpoints(ctx context.Context, params *ListLicenseServerEndpointsInput, optFns ...func(*Options)) (*ListLicenseServerEndpointsOutput, error) {
	out, metadata, err := invoke[ListLicenseServerEndpointsInput, ListLicenseServerEndpointsOutput](ctx, c, operation{
		name: "ListLicenseServerEndpoints", path: "/license-server/ListLicenseServerEndpoints",
		encode: func(in any) (any, error) {
			p := in.(*ListLicenseServerEndpointsInput)
			return listBody{Filters: p.Filters, MaxResults: p.MaxResults, NextToken: p.NextToken}, nil
		},
		decode: decodeLicenseServers,
	}, params, optFns)
	if err != nil {
		return nil, err
	}
	out.ResultMetadata = metadata
	return out, nil
}
