package usersubscriptions

import (
	"context"

	"github.com/aws/smithy-go/middleware"

	"github.com/monshin/monshin/diagnose/cloud/usersubscriptions/types"
)

// StartProductSubscriptionInput subscribes a user of a directory to a product.
type StartProductSubscriptionInput struct {
	// IdentityProvider, Product and Username are required.
	IdentityProvider types.IdentityProvider
	Product          *string
	Username         *string
	Domain           *string
	Tags             map[string]string
}

// StartProductSubscriptionOutput is the user's subscription.
type StartProductSubscriptionOutput struct {
	ProductUserSummary *types.ProductUserSummary
	ResultMetadata     middleware.Metadata
}

// StartProductSubscription subscribes a user to a product. It is billed by user and
// calendar month.
func (c *Client) StartProductSubscription(ctx context.Context, params *StartProductSubscriptionInput, optFns ...func(*Options)) (*StartProductSubscriptionOutput, error) {
	out, metadata, err := invoke[StartProductSubscriptionInput, StartProductSubscriptionOutput](ctx, c, operation{
		name: "StartProductSubscription", path: "/user/StartProductSubscription",
		validate: func(in any) error {
			p := in.(*StartProductSubscriptionInput)
			return required("StartProductSubscriptionInput",
				member{"IdentityProvider", p.IdentityProvider != nil}, member{"Product", p.Product != nil}, member{"Username", p.Username != nil})
		},
		encode: func(in any) (any, error) {
			p := in.(*StartProductSubscriptionInput)
			provider, err := optionalProvider(p.IdentityProvider)
			return userBody{IdentityProvider: provider, Product: p.Product, Username: p.Username, Domain: p.Domain, Tags: p.Tags}, err
		},
		decode: func(body []byte) (any, error) {
			summary, err := decodeProductUser(body)
			return &StartProductSubscriptionOutput{ProductUserSummary: summary}, err
		},
	}, params, optFns)
	if err != nil {
		return nil, err
	}
	out.ResultMetadata = metadata
	return out, nil
}

// StopProductSubscriptionInput ends a subscription, named by its ARN or by directory,
// product and user.
type StopProductSubscriptionInput struct {
	Domain           *string
	IdentityProvider types.IdentityProvider
	Product          *string
	ProductUserArn   *string
	Username         *string
}

// StopProductSubscriptionOutput is the subscription as it ends.
type StopProductSubscriptionOutput struct {
	ProductUserSummary *types.ProductUserSummary
	ResultMetadata     middleware.Metadata
}

// StopProductSubscription ends a user's subscription to a product.
func (c *Client) StopProductSubscription(ctx context.Context, params *StopProductSubscriptionInput, optFns ...func(*Options)) (*StopProductSubscriptionOutput, error) {
	out, metadata, err := invoke[StopProductSubscriptionInput, StopProductSubscriptionOutput](ctx, c, operation{
		name: "StopProductSubscription", path: "/user/StopProductSubscription",
		encode: func(in any) (any, error) {
			p := in.(*StopProductSubscriptionInput)
			provider, err := optionalProvider(p.IdentityProvider)
			return userBody{IdentityProvider: provider, Product: p.Product, ProductUserArn: p.ProductUserArn, Username: p.Username, Domain: p.Domain}, err
		},
		decode: func(body []byte) (any, error) {
			summary, err := decodeProductUser(body)
			return &StopProductSubscriptionOutput{ProductUserSummary: summary}, err
		},
	}, params, optFns)
	if err != nil {
		return nil, err
	}
	out.ResultMetadata = metadata
	return out, nil
}

// AssociateUserInput lets a subscribed user sign in to an instance.
type AssociateUserInput struct {
	// IdentityProvider, InstanceId and Username are required.
	IdentityProvider types.IdentityProvider
	InstanceId       *string
	Username         *string
	Domain           *string
	Tags             map[string]string
}

// AssociateUserOutput is the user's association.
type AssociateUserOutput struct {
	InstanceUserSummary *types.InstanceUserSummary
	ResultMetadata      middleware.Metadata
}

// AssociateUser associates a user with an instance.
func (c *Client) AssociateUser(ctx context.Context, params *AssociateUserInput, optFns ...func(*Options)) (*AssociateUserOutput, error) {
	out, metadata, err := invoke[AssociateUserInput, AssociateUserOutput](ctx, c, operation{
		name: "AssociateUser", path: "/user/AssociateUser",
		validate: func(in any) error {
			p := in.(*AssociateUserInput)
			return required("AssociateUserInput",
				member{"IdentityProvider", p.IdentityProvider != nil}, member{"InstanceId", p.InstanceId != nil}, member{"Username", p.Username != nil})
		},
		encode: func(in any) (any, error) {
			p := in.(*AssociateUserInput)
			provider, err := optionalProvider(p.IdentityProvider)
			return userBody{IdentityProvider: provider, InstanceId: p.InstanceId, Username: p.Username, Domain: p.Domain, Tags: p.Tags}, err
		},
		decode: func(body []byte) (any, error) {
			summary, err := decodeInstanceUser(body)
			return &AssociateUserOutput{InstanceUserSummary: summary}, err
		},
	}, params, optFns)
	if err != nil {
		return nil, err
	}
	out.ResultMetadata = metadata
	return out, nil
}

// DisassociateUserInput ends an association, named by its ARN or by directory,
// instance and user.
type DisassociateUserInput struct {
	Domain           *string
	IdentityProvider types.IdentityProvider
	InstanceId       *string
	InstanceUserArn  *string
	Username         *string
}

// DisassociateUserOutput is the association as it ends.
type DisassociateUserOutput struct {
	InstanceUserSummary *types.InstanceUserSummary
	ResultMetadata      middleware.Metadata
}

// DisassociateUser ends a user's association with an instance.
func (c *Client) DisassociateUser(ctx context.Context, params *DisassociateUserInput, optFns ...func(*Options)) (*DisassociateUserOutput, error) {
	out, metadata, err := invoke[DisassociateUserInput, DisassociateUserOutput](ctx, c, operation{
		name: "DisassociateUser", path: "/user/DisassociateUser",
		encode: func(in any) (any, error) {
			p := in.(*DisassociateUserInput)
			provider, err := optionalProvider(p.IdentityProvider)
			return userBody{IdentityProvider: provider, InstanceId: p.InstanceId, InstanceUserArn: p.InstanceUserArn, Username: p.Username, Domain: p.Domain}, err
		},
		decode: func(body []byte) (any, error) {
			summary, err := decodeInstanceUser(body)
			return &DisassociateUserOutput{InstanceUserSummary: summary}, err
		},
	}, params, optFns)
	if err != nil {
		return nil, err
	}
	out.ResultMetadata = metadata
	return out, nil
}

// userBody is the JSON body of the operations on one user.
type userBody struct {
	IdentityProvider map[string]any    `json:",omitempty"`
	InstanceId       *string           `json:",omitempty"`
	Product          *string           `json:",omitempty"`
	Username         *string           `json:",omitempty"`
	Domain           *string           `json:",omitempty"`
	ProductUserArn   *string           `json:",omitempty"`
	InstanceUserArn  *string           `json:",omitempty"`
	Tags             map[string]string `json:",omitempty"`
}

// optionalProvider is encodeProvider where the directory may be left out.
func optionalProvider(p types.IdentityProvider) (map[string]any, error) {
	if p == nil {
		return nil, nil
	}
	return encodeProvider(p)
}

func decodeProductUser(body []byte) (*types.ProductUserSummary, error) {
	var answer struct{ ProductUserSummary *subscriptionRow }
	if err := unmarshal(body, &answer); err != nil || answer.ProductUserSummary == nil {
		return nil, err
	}
	row := answer.ProductUserSummary
	row.ProductUserSummary.IdentityProvider = row.IdentityProvider.IdentityProvider
	return &row.ProductUserSummary, nil
}

func decodeInstanceUser(body []byte) (*types.InstanceUserSummary, error) {
	var answer struct{ InstanceUserSummary *associationRow }
	if err := unmarshal(body, &answer); err != nil || answer.InstanceUserSummary == nil {
		return nil, err
	}
	row := answer.InstanceUserSummary
	row.InstanceUserSummary.IdentityProvider = row.IdentityProvider.IdentityProvider
	return &row.InstanceUserSummary, nil
}
