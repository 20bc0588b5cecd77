package usersubscriptions_test

import (
	"context"
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	lm "github.com/monshin/monshin/diagnose/cloud/usersubscriptions"
	"github.com/monshin/monshin/diagnose/cloud/usersubscriptions/types"
)

// The four operations on one user, to a server and back.
func TestChangesAndAnswers(t *testing.T) {
	const provider = `{"ActiveDirectoryIdentityProvider":{"DirectoryId":"d-1"}}`
	subscription := &types.ProductUserSummary{
		IdentityProvider: ad("d-1"), Product: aws.String("OFFICE_PROFESSIONAL_PLUS"), Username: aws.String("taro"), Status: aws.String("SUBSCRIBED"), ProductUserArn: aws.String("arn:u"),
	}
	const subscriptionJSON = `{"ProductUserSummary":{"IdentityProvider":` + provider + `,"Product":"OFFICE_PROFESSIONAL_PLUS","Username":"taro","Status":"SUBSCRIBED","ProductUserArn":"arn:u"}}`
	association := &types.InstanceUserSummary{
		IdentityProvider: ad("d-1"), InstanceId: aws.String("i-1"), Username: aws.String("taro"), Status: aws.String("ASSOCIATED"), InstanceUserArn: aws.String("arn:a"),
	}
	const associationJSON = `{"InstanceUserSummary":{"IdentityProvider":` + provider + `,"InstanceId":"i-1","Username":"taro","Status":"ASSOCIATED","InstanceUserArn":"arn:a"}}`
	tests := []struct {
		name, request, answer string
		call                  func(context.Context, *lm.Client) (any, string, error)
		want                  any
	}{
		{
			"StartProductSubscription", `{"IdentityProvider":` + provider + `,"Product":"OFFICE_PROFESSIONAL_PLUS","Username":"taro","Domain":"corp.example.local","Tags":{"monshin:step":"x"}}`, subscriptionJSON,
			func(ctx context.Context, c *lm.Client) (any, string, error) {
				out, err := c.StartProductSubscription(ctx, &lm.StartProductSubscriptionInput{
					IdentityProvider: ad("d-1"), Product: aws.String("OFFICE_PROFESSIONAL_PLUS"), Username: aws.String("taro"), Domain: aws.String("corp.example.local"), Tags: map[string]string{"monshin:step": "x"},
				})
				if err != nil {
					return nil, "", err
				}
				id, _ := awsmiddleware.GetRequestIDMetadata(out.ResultMetadata)
				return out.ProductUserSummary, id, nil
			}, subscription,
		},
		{
			"StopProductSubscription", `{"ProductUserArn":"arn:u"}`, subscriptionJSON,
			func(ctx context.Context, c *lm.Client) (any, string, error) {
				out, err := c.StopProductSubscription(ctx, &lm.StopProductSubscriptionInput{ProductUserArn: aws.String("arn:u")})
				if err != nil {
					return nil, "", err
				}
				id, _ := awsmiddleware.GetRequestIDMetadata(out.ResultMetadata)
				return out.ProductUserSummary, id, nil
			}, subscription,
		},
		{
			"AssociateUser", `{"IdentityProvider":` + provider + `,"InstanceId":"i-1","Username":"taro"}`, associationJSON,
			func(ctx context.Context, c *lm.Client) (any, string, error) {
				out, err := c.AssociateUser(ctx, &lm.AssociateUserInput{IdentityProvider: ad("d-1"), InstanceId: aws.String("i-1"), Username: aws.String("taro")})
				if err != nil {
					return nil, "", err
				}
				id, _ := awsmiddleware.GetRequestIDMetadata(out.ResultMetadata)
				return out.InstanceUserSummary, id, nil
			}, association,
		},
		{
			"DisassociateUser", `{"IdentityProvider":` + provider + `,"InstanceId":"i-1","Username":"taro","Domain":"corp.example.local"}`, associationJSON,
			func(ctx context.Context, c *lm.Client) (any, string, error) {
				out, err := c.DisassociateUser(ctx, &lm.DisassociateUserInput{
					IdentityProvider: ad("d-1"), InstanceId: aws.String("i-1"), Username: aws.String("taro"), Domain: aws.String("corp.example.local"),
				})
				if err != nil {
					return nil, "", err
				}
				id, _ := awsmiddleware.GetRequestIDMetadata(out.ResultMetadata)
				return out.InstanceUserSummary, id, nil
			}, association,
		},
	}
	for _, tt := range tests {
		s := serve(t, answer{200, map[string]string{"X-Amzn-Requestid": "req-1"}, tt.answer})
		got, id, err := tt.call(t.Context(), lm.NewFromConfig(s.config()))
		if err != nil || id != "req-1" {
			t.Errorf("%s: %q, %v", tt.name, id, err)
			continue
		}
		if d := cmp.Diff(tt.want, got); d != "" {
			t.Errorf("%s: %s", tt.name, d)
		}
		if r := s.requests[0]; r.Method != "POST" || r.Path != "/user/"+tt.name || r.Body != tt.request {
			t.Errorf("%s: %s %s\n%s\nwant\n%s", tt.name, r.Method, r.Path, r.Body, tt.request)
		}

		// A refusal has its code, and an answer that holds nobody is no panic.
		s = serve(t, answer{409, nil, `{"__type":"ConflictException","message":"already"}`}, answer{200, nil, `{}`}, answer{200, nil, `[]`})
		c := lm.NewFromConfig(s.config())
		var api smithy.APIError
		if _, _, err := tt.call(t.Context(), c); !errors.As(err, &api) || api.ErrorCode() != "ConflictException" {
			t.Errorf("%s: %v", tt.name, err)
		}
		if _, _, err := tt.call(t.Context(), c); err != nil {
			t.Errorf("%s: an empty answer: %v", tt.name, err)
		}
		if _, _, err := tt.call(t.Context(), c); err == nil {
			t.Errorf("%s took a list for an answer", tt.name)
		}
	}
}

// What the API requires is missed before anything is sent.
func TestChangesThatLackSomething(t *testing.T) {
	s := serve(t, answer{200, nil, `{}`})
	c := lm.NewFromConfig(s.config())
	_, start := c.StartProductSubscription(t.Context(), &lm.StartProductSubscriptionInput{IdentityProvider: ad("d-1"), Username: aws.String("taro")})
	_, associate := c.AssociateUser(t.Context(), &lm.AssociateUserInput{IdentityProvider: ad("d-1"), Username: aws.String("taro")})
	for name, err := range map[string]error{"Product": start, "InstanceId": associate} {
		var invalid smithy.InvalidParamsError
		if !errors.As(err, &invalid) || invalid.Len() != 1 {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(s.requests) != 0 {
		t.Errorf("sent: %+v", s.requests)
	}
}
