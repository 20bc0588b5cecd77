package lab

import (
	"regexp"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

func describeImages(w *World, r *request, in *ec2.DescribeImagesInput) (*ec2.DescribeImagesOutput, error) {
	for _, want := range in.ImageIds {
		if !regexp.MustCompile(`^ami-([0-9a-f]{8}|[0-9a-f]{17})$`).MatchString(want) {
			return nil, fail("InvalidAMIID.Malformed", "Invalid id: %q", want)
		}
	}
	if err := noPagesWithIDs(in.ImageIds, in.MaxResults); err != nil {
		return nil, err
	}
	shown := func(i *Image) bool {
		// A deprecated image of somebody else is shown only when asked for.
		old := !i.Deprecated.IsZero() && !i.Deprecated.After(w.Now)
		return !old || w.mine(i.Owner) || aws.ToBool(in.IncludeDeprecated)
	}
	all, err := byID(pick(w.Images, shown, w.showImage), in.ImageIds, func(i types.Image) *string { return i.ImageId },
		"InvalidAMIID.NotFound", "The image id '[%s]' does not exist")
	if err != nil {
		return nil, err
	}
	if len(in.Owners) > 0 {
		all = slices.DeleteFunc(all, func(i types.Image) bool {
			return !slices.Contains(in.Owners, *i.OwnerId) && !slices.Contains(in.Owners, aws.ToString(i.ImageOwnerAlias)) &&
				!(slices.Contains(in.Owners, "self") && *i.OwnerId == w.Account)
		})
	}
	found, err := filter(all, in.Filters, fields[types.Image]{
		"image-id": func(i types.Image) []string { return one(i.ImageId) },
		"name":     func(i types.Image) []string { return one(i.Name) },
		"owner-id": func(i types.Image) []string { return one(i.OwnerId) },
		"platform": func(i types.Image) []string { return []string{string(i.Platform)} },
		"state":    func(i types.Image) []string { return []string{string(i.State)} },
	}, func(i types.Image) []types.Tag { return i.Tags })
	if err != nil {
		return nil, err
	}
	rows, next, err := page(r, ec2Paging, found, in.NextToken, in.MaxResults)
	return &ec2.DescribeImagesOutput{Images: rows, NextToken: next}, err
}

func (w *World) showImage(i *Image) types.Image {
	row := types.Image{
		ImageId: aws.String(i.ID), Name: aws.String(i.Name), OwnerId: aws.String(w.owner(i.Owner)), State: types.ImageStateAvailable,
		ImageLocation: aws.String(w.owner(i.Owner) + "/" + i.Name), CreationDate: aws.String(i.Created.UTC().Format("2006-01-02T15:04:05.000Z")),
		Architecture: types.ArchitectureValuesX8664, Platform: platform, PlatformDetails: aws.String("Windows"),
		UsageOperation: aws.String("RunInstances:0002"), Public: aws.Bool(!w.mine(i.Owner)), ImageType: types.ImageTypeValuesMachine,
		Hypervisor: types.HypervisorTypeXen, VirtualizationType: types.VirtualizationTypeHvm, RootDeviceType: types.DeviceTypeEbs,
		RootDeviceName: aws.String("/dev/sda1"), EnaSupport: aws.Bool(true),
	}
	if i.Alias != "" {
		row.ImageOwnerAlias = aws.String(i.Alias)
	}
	if !i.Deprecated.IsZero() {
		row.DeprecationTime = aws.String(i.Deprecated.UTC().Format(time.RFC3339))
	}
	if i.SourceInstance != "" {
		row.SourceInstanceId = aws.String(i.SourceInstance)
	}
	if i.SourceImage != "" {
		row.SourceImageId, row.SourceImageRegion = aws.String(i.SourceImage), aws.String(w.Region)
	}
	for _, code := range i.ProductCodes {
		row.ProductCodes = append(row.ProductCodes, types.ProductCode{ProductCodeId: aws.String(code), ProductCodeType: types.ProductCodeValuesMarketplace})
	}
	return row
}

func describeInstanceTypes(w *World, r *request, in *ec2.DescribeInstanceTypesInput) (*ec2.DescribeInstanceTypesOutput, error) {
	all := pick(w.InstanceTypes, func(*InstanceType) bool { return true }, func(t *InstanceType) types.InstanceTypeInfo {
		row := types.InstanceTypeInfo{
			InstanceType: types.InstanceType(t.Name), Hypervisor: types.InstanceTypeHypervisor(t.Hypervisor), BareMetal: aws.Bool(t.BareMetal),
			CurrentGeneration: aws.Bool(true), ProcessorInfo: &types.ProcessorInfo{},
		}
		for _, a := range t.Architectures {
			row.ProcessorInfo.SupportedArchitectures = append(row.ProcessorInfo.SupportedArchitectures, types.ArchitectureType(a))
		}
		return row
	})
	var ids []string
	for _, t := range in.InstanceTypes {
		ids = append(ids, string(t))
	}
	if err := noPagesWithIDs(ids, in.MaxResults); err != nil {
		return nil, err
	}
	all, err := byID(all, ids, func(t types.InstanceTypeInfo) *string { return aws.String(string(t.InstanceType)) },
		"InvalidInstanceType", "The following supplied instance types do not exist: [%s]")
	if err != nil {
		return nil, err
	}
	found, err := filter(all, in.Filters, fields[types.InstanceTypeInfo]{
		"instance-type": func(t types.InstanceTypeInfo) []string { return []string{string(t.InstanceType)} },
		"hypervisor":    func(t types.InstanceTypeInfo) []string { return []string{string(t.Hypervisor)} },
	}, nil)
	if err != nil {
		return nil, err
	}
	// This list takes at most a hundred a page.
	rows, next, err := page(r, routePaging, found, in.NextToken, in.MaxResults)
	return &ec2.DescribeInstanceTypesOutput{InstanceTypes: rows, NextToken: next}, err
}
