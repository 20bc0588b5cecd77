package cloud

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// errSamePage ends a list whose next page is the one that was just read.
var errSamePage = errors.New("the endpoint answered with the token of the same page again")

// pages calls next for every page of a list, first with no token, then with that of
// the page before.
func pages(ctx context.Context, next func(ctx context.Context, token *string) (*string, error)) error {
	var token *string
	for {
		following, err := next(ctx, token)
		if err != nil || aws.ToString(following) == "" {
			return err
		}
		if token != nil && *token == *following {
			return errSamePage
		}
		token = following
		ctx = laterPage(ctx)
	}
}

// laterPage is the context of a request for a further page.
func laterPage(ctx context.Context) context.Context { return context.WithValue(ctx, pageKey{}, true) }
