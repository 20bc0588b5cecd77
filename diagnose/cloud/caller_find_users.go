package cloud

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/monshin/monshin/diagnose/cloud/usersubscriptions"
	"github.com/monshin/monshin/diagnose/cloud/usersubscriptions/types"
)

// over are how the statuses begin of what has ended or never began. The API types
// statuses as free text (domain.md §5.3), so that every other one counts as there.
var over = []string{"UNSUBSCRIBE", "DISASSOCIAT", "FAIL", "DELET", "INACTIVE"}

func isOver(status *string) bool {
	s := strings.ToUpper(aws.ToString(status))
	return slices.ContainsFunc(over, func(p string) bool { return strings.HasPrefix(s, p) })
}

// sameUser compares users of a directory, whose names Windows compares without case. A
// domain that was not named is any.
func sameUser(name, domain, wantName, wantDomain *string) bool {
	return strings.EqualFold(aws.ToString(name), aws.ToString(wantName)) &&
		(aws.ToString(wantDomain) == "" || aws.ToString(domain) == "" || strings.EqualFold(*domain, *wantDomain))
}

// subscription finds a user's subscription that has not ended, by its ARN or by
// product and name; nil where there is none.
func (e *errand) subscription(ctx context.Context, provider types.IdentityProvider, product, user, domain, arn *string) (*types.ProductUserSummary, error) {
	if provider == nil {
		return nil, errCannotTell // the list needs a directory
	}
	var found *types.ProductUserSummary
	err := pages(ctx, func(ctx context.Context, token *string) (*string, error) {
		out, err := e.at.licenses.ListProductSubscriptions(ctx, &usersubscriptions.ListProductSubscriptionsInput{IdentityProvider: provider, NextToken: token})
		if err != nil {
			return nil, err
		}
		for _, u := range out.ProductUserSummaries {
			named := arn != nil && aws.ToString(u.ProductUserArn) == *arn
			if !isOver(u.Status) && (named || arn == nil && aws.ToString(u.Product) == aws.ToString(product) && sameUser(u.Username, u.Domain, user, domain)) {
				found = &u
			}
		}
		return out.NextToken, nil
	})
	return found, err
}

func findSubscription(ctx context.Context, e *errand, in *usersubscriptions.StartProductSubscriptionInput) (*usersubscriptions.StartProductSubscriptionOutput, error) {
	u, err := e.subscription(ctx, in.IdentityProvider, in.Product, in.Username, in.Domain, nil)
	if err != nil || u == nil {
		return nil, err
	}
	return &usersubscriptions.StartProductSubscriptionOutput{ProductUserSummary: u}, nil
}

func findSubscriptionEnd(ctx context.Context, e *errand, in *usersubscriptions.StopProductSubscriptionInput) (*usersubscriptions.StopProductSubscriptionOutput, error) {
	u, err := e.subscription(ctx, in.IdentityProvider, in.Product, in.Username, in.Domain, in.ProductUserArn)
	if err != nil || u != nil {
		return nil, err
	}
	return &usersubscriptions.StopProductSubscriptionOutput{}, nil
}

// userAssociation finds a user's association with an instance that has not ended; nil
// where there is none.
func (e *errand) userAssociation(ctx context.Context, provider types.IdentityProvider, instance, user, domain, arn *string) (*types.InstanceUserSummary, error) {
	if provider == nil || instance == nil {
		return nil, errCannotTell
	}
	var found *types.InstanceUserSummary
	err := pages(ctx, func(ctx context.Context, token *string) (*string, error) {
		out, err := e.at.licenses.ListUserAssociations(ctx, &usersubscriptions.ListUserAssociationsInput{IdentityProvider: provider, InstanceId: instance, NextToken: token})
		if err != nil {
			return nil, err
		}
		for _, u := range out.InstanceUserSummaries {
			named := arn != nil && aws.ToString(u.InstanceUserArn) == *arn
			if !isOver(u.Status) && (named || arn == nil && sameUser(u.Username, u.Domain, user, domain)) {
				found = &u
			}
		}
		return out.NextToken, nil
	})
	return found, err
}

func findUserAssociation(ctx context.Context, e *errand, in *usersubscriptions.AssociateUserInput) (*usersubscriptions.AssociateUserOutput, error) {
	u, err := e.userAssociation(ctx, in.IdentityProvider, in.InstanceId, in.Username, in.Domain, nil)
	if err != nil || u == nil {
		return nil, err
	}
	return &usersubscriptions.AssociateUserOutput{InstanceUserSummary: u}, nil
}

func findUserAssociationEnd(ctx context.Context, e *errand, in *usersubscriptions.DisassociateUserInput) (*usersubscriptions.DisassociateUserOutput, error) {
	u, err := e.userAssociation(ctx, in.IdentityProvider, in.InstanceId, in.Username, in.Domain, in.InstanceUserArn)
	if err != nil || u != nil {
		return nil, err
	}
	return &usersubscriptions.DisassociateUserOutput{}, nil
}
