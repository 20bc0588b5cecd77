package usersubscriptions

import (
	"encoding/json"
	"fmt"

	"github.com/monshin/monshin/diagnose/cloud/usersubscriptions/types"
)

// listBody is the JSON body of every list operation; the member names are the
// API's own.
type listBody struct {
	IdentityProvider map[string]any `json:",omitempty"`
	InstanceId       *string        `json:",omitempty"`
	Product          *string        `json:",omitempty"`
	Filters          []types.Filter `json:",omitempty"`
	MaxResults       *int32         `json:",omitempty"`
	NextToken        *string        `json:",omitempty"`
}

const activeDirectoryTag = "ActiveDirectoryIdentityProvider"

func encodeProvider(p types.IdentityProvider) (map[string]any, error) {
	ad, ok := p.(*types.IdentityProviderMemberActiveDirectoryIdentityProvider)
	if !ok || ad == nil {
		return nil, fmt.Errorf("an identity provider is an Active Directory, not %T", p)
	}
	body := map[string]any{}
	if ad.Value.DirectoryId != nil {
		body["DirectoryId"] = *ad.Value.DirectoryId
	}
	if ad.Value.ActiveDirectoryType != "" {
		body["ActiveDirectoryType"] = ad.Value.ActiveDirectoryType
	}
	if ad.Value.IsSharedActiveDirectory != nil {
		body["IsSharedActiveDirectory"] = *ad.Value.IsSharedActiveDirectory
	}
	return map[string]any{activeDirectoryTag: body}, nil
}

// union decodes an IdentityProvider: one member, named by its tag.
type union struct{ types.IdentityProvider }

// UnmarshalJSON accepts null, and the first non-null member.
func (u *union) UnmarshalJSON(b []byte) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(b, &members); err != nil {
		return fmt.Errorf("IdentityProvider: %w", err)
	}
	if v, ok := members[activeDirectoryTag]; ok && string(v) != "null" {
		ad := &types.IdentityProviderMemberActiveDirectoryIdentityProvider{}
		if err := json.Unmarshal(v, &ad.Value); err != nil {
			return fmt.Errorf("%s: %w", activeDirectoryTag, err)
		}
		u.IdentityProvider = ad
		return nil
	}
	for tag, v := range members {
		if tag != activeDirectoryTag && string(v) != "null" {
			u.IdentityProvider = &types.UnknownUnionMember{Tag: tag, Value: v}
			return nil
		}
	}
	return nil
}

// In the rows below the outer IdentityProvider hides the embedded one from the
// decoder, because a union cannot be decoded into an interface.
type (
	providerRow struct {
		types.IdentityProviderSummary
		IdentityProvider union
	}
	instanceRow struct {
		types.InstanceSummary
		IdentityProvider union
	}
	subscriptionRow struct {
		types.ProductUserSummary
		IdentityProvider union
	}
	associationRow struct {
		types.InstanceUserSummary
		IdentityProvider union
	}
)

func decodeIdentityProviders(body []byte) (any, error) {
	var page struct {
		IdentityProviderSummaries []providerRow
		NextToken                 *string
	}
	if err := unmarshal(body, &page); err != nil {
		return nil, err
	}
	out := &ListIdentityProvidersOutput{NextToken: page.NextToken}
	for _, r := range page.IdentityProviderSummaries {
		r.IdentityProviderSummary.IdentityProvider = r.IdentityProvider.IdentityProvider
		out.IdentityProviderSummaries = append(out.IdentityProviderSummaries, r.IdentityProviderSummary)
	}
	return out, nil
}

func decodeInstances(body []byte) (any, error) {
	var page struct {
		InstanceSummaries []instanceRow
		NextToken         *string
	}
	if err := unmarshal(body, &page); err != nil {
		return nil, err
	}
	out := &ListInstancesOutput{NextToken: page.NextToken}
	for _, r := range page.InstanceSummaries {
		r.InstanceSummary.IdentityProvider = r.IdentityProvider.IdentityProvider
		out.InstanceSummaries = append(out.InstanceSummaries, r.InstanceSummary)
	}
	return out, nil
}

func decodeSubscriptions(body []byte) (any, error) {
	var page struct {
		ProductUserSummaries []subscriptionRow
		NextToken            *string
	}
	if err := unmarshal(body, &page); err != nil {
		return nil, err
	}
	out := &ListProductSubscriptionsOutput{NextToken: page.NextToken}
	for _, r := range page.ProductUserSummaries {
		r.ProductUserSummary.IdentityProvider = r.IdentityProvider.IdentityProvider
		out.ProductUserSummaries = append(out.ProductUserSummaries, r.ProductUserSummary)
	}
	return out, nil
}

func decodeAssociations(body []byte) (any, error) {
	var page struct {
		InstanceUserSummaries []associationRow
		NextToken             *string
	}
	if err := unmarshal(body, &page); err != nil {
		return nil, err
	}
	out := &ListUserAssociationsOutput{NextToken: page.NextToken}
	for _, r := range page.InstanceUserSummaries {
		r.InstanceUserSummary.IdentityProvider = r.IdentityProvider.IdentityProvider
		out.InstanceUserSummaries = append(out.InstanceUserSummaries, r.InstanceUserSummary)
	}
	return out, nil
}

func decodeLicenseServers(body []byte) (any, error) {
	var page struct {
		LicenseServerEndpoints []types.LicenseServerEndpoint
		NextToken              *string
	}
	if err := unmarshal(body, &page); err != nil {
		return nil, err
	}
	return &ListLicenseServerEndpointsOutput{LicenseServerEndpoints: page.LicenseServerEndpoints, NextToken: page.NextToken}, nil
}

// unmarshal reads an answer; a successful answer without a body has no members.
func unmarshal(body []byte, v any) error {
	if len(body) == 0 {
		return nil
	}
	return json.Unmarshal(body, v)
}
