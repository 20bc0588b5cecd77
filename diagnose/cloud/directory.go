package cloud

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/directoryservice"
	"github.com/aws/aws-sdk-go-v2/service/directoryservice/types"

	"github.com/monshin/monshin/diagnose/estate"
)

func (s *Source) directories(ctx context.Context, _ string) ([]estate.Directory, error) {
	var rows []types.DirectoryDescription
	err := pages(ctx, func(ctx context.Context, token *string) (*string, error) {
		out, err := s.directory.DescribeDirectories(ctx, &directoryservice.DescribeDirectoriesInput{NextToken: token})
		if err != nil {
			return nil, err
		}
		rows = append(rows, out.DirectoryDescriptions...)
		return out.NextToken, nil
	})
	return list(mapped(rows, directoryOf)), err
}

func directoryOf(d types.DirectoryDescription) estate.Directory {
	e := estate.Directory{
		ID: aws.ToString(d.DirectoryId), Name: aws.ToString(d.Name), Short: aws.ToString(d.ShortName), Type: string(d.Type),
		Stage: string(d.Stage), DNS: d.DnsIpAddrs,
	}
	at := d.VpcSettings
	if o := d.OwnerDirectoryDescription; o != nil { // shared with this account
		e.OwnerID = aws.ToString(o.AccountId)
		if len(o.DnsIpAddrs) > 0 {
			e.DNS = o.DnsIpAddrs
		}
		if at == nil {
			at = o.VpcSettings
		}
	}
	switch c := d.ConnectSettings; {
	case at != nil:
		e.VPC, e.Subnets, e.Group = aws.ToString(at.VpcId), at.SubnetIds, aws.ToString(at.SecurityGroupId)
	case c != nil:
		e.VPC, e.Subnets, e.Group = aws.ToString(c.VpcId), c.SubnetIds, aws.ToString(c.SecurityGroupId)
	}
	return e
}

func (s *Source) domainControllers(ctx context.Context, directory string) ([]estate.DomainController, error) {
	var rows []types.DomainController
	err := pages(ctx, func(ctx context.Context, token *string) (*string, error) {
		out, err := s.directory.DescribeDomainControllers(ctx, &directoryservice.DescribeDomainControllersInput{DirectoryId: aws.String(directory), NextToken: token})
		if err != nil {
			return nil, err
		}
		rows = append(rows, out.DomainControllers...)
		return out.NextToken, nil
	})
	switch {
	case hasCode(err, "EntityDoesNotExistException"):
		return nil, errAbsent
	case hasCode(err, "UnsupportedOperationException", "ClientException"):
		// Shared directories, Simple AD and connectors have no controllers to show.
		return nil, errUnsupported{err}
	}
	return list(mapped(rows, func(c types.DomainController) estate.DomainController {
		return estate.DomainController{
			ID: aws.ToString(c.DomainControllerId), IP: aws.ToString(c.DnsIpAddr), Status: string(c.Status),
			AZ: aws.ToString(c.AvailabilityZone), Subnet: aws.ToString(c.SubnetId), VPC: aws.ToString(c.VpcId),
		}
	})), err
}
