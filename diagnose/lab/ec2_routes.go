package lab

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

func describeRouteTables(w *World, r *request, in *ec2.DescribeRouteTablesInput) (*ec2.DescribeRouteTablesOutput, error) {
	if err := noPagesWithIDs(in.RouteTableIds, in.MaxResults); err != nil {
		return nil, err
	}
	all := pick(w.RouteTables, func(t *RouteTable) bool { return w.sees(t.VPC) }, w.showRouteTable)
	all, err := byID(all, in.RouteTableIds, func(t types.RouteTable) *string { return t.RouteTableId },
		"InvalidRouteTableID.NotFound", "The routeTable ID '%s' does not exist")
	if err != nil {
		return nil, err
	}
	found, err := filter(all, in.Filters, fields[types.RouteTable]{
		"route-table-id": func(t types.RouteTable) []string { return one(t.RouteTableId) },
		"vpc-id":         func(t types.RouteTable) []string { return one(t.VpcId) },
		"association.subnet-id": func(t types.RouteTable) []string {
			var out []string
			for _, a := range t.Associations {
				out = append(out, one(a.SubnetId)...)
			}
			return out
		},
		"association.main": func(t types.RouteTable) []string {
			if slices.ContainsFunc(t.Associations, func(a types.RouteTableAssociation) bool { return aws.ToBool(a.Main) }) {
				return []string{"true"}
			}
			return []string{"false"}
		},
	}, func(t types.RouteTable) []types.Tag { return t.Tags })
	if err != nil {
		return nil, err
	}
	rows, next, err := page(r, routePaging, found, in.NextToken, in.MaxResults)
	return &ec2.DescribeRouteTablesOutput{RouteTables: rows, NextToken: next}, err
}

func (w *World) showRouteTable(t *RouteTable) types.RouteTable {
	row := types.RouteTable{RouteTableId: aws.String(t.ID), VpcId: aws.String(t.VPC), OwnerId: aws.String(w.owner(w.VPCs[t.VPC].Owner))}
	associated := &types.RouteTableAssociationState{State: types.RouteTableAssociationStateCodeAssociated}
	if t.Main {
		row.Associations = append(row.Associations, types.RouteTableAssociation{RouteTableAssociationId: aws.String(id("rtbassoc", t.ID)),
			RouteTableId: row.RouteTableId, Main: aws.Bool(true), AssociationState: associated})
	}
	for _, s := range t.Subnets {
		row.Associations = append(row.Associations, types.RouteTableAssociation{RouteTableAssociationId: aws.String(id("rtbassoc", t.ID+s)),
			RouteTableId: row.RouteTableId, SubnetId: aws.String(s), Main: aws.Bool(false), AssociationState: associated})
	}
	row.Routes = append(row.Routes, types.Route{DestinationCidrBlock: aws.String(w.VPCs[t.VPC].CIDR), GatewayId: aws.String("local"),
		Origin: types.RouteOriginCreateRouteTable, State: types.RouteStateActive})
	for _, route := range t.Routes {
		row.Routes = append(row.Routes, showRoute(route))
	}
	return row
}

// showRoute puts destination and target into the members that their ids ask for.
func showRoute(r Route) types.Route {
	row := types.Route{Origin: types.RouteOriginCreateRoute, State: types.RouteStateActive}
	if r.Blackhole {
		row.State = types.RouteStateBlackhole
	}
	switch to := aws.String(r.To); {
	case strings.HasPrefix(r.To, "pl-"):
		row.DestinationPrefixListId = to
	case strings.Contains(r.To, ":"):
		row.DestinationIpv6CidrBlock = to
	default:
		row.DestinationCidrBlock = to
	}
	kind, _, _ := strings.Cut(r.Target, "-")
	switch target := aws.String(r.Target); kind {
	case "nat":
		row.NatGatewayId = target
	case "tgw":
		row.TransitGatewayId = target
	case "pcx":
		row.VpcPeeringConnectionId = target
	case "eni":
		row.NetworkInterfaceId = target
	case "eigw":
		row.EgressOnlyInternetGatewayId = target
	default: // igw, vgw, and vpce of a gateway endpoint
		row.GatewayId = target
	}
	return row
}

func describeNetworkAcls(w *World, r *request, in *ec2.DescribeNetworkAclsInput) (*ec2.DescribeNetworkAclsOutput, error) {
	if err := noPagesWithIDs(in.NetworkAclIds, in.MaxResults); err != nil {
		return nil, err
	}
	all := pick(w.ACLs, func(a *ACL) bool { return w.sees(a.VPC) }, w.showACL)
	all, err := byID(all, in.NetworkAclIds, func(a types.NetworkAcl) *string { return a.NetworkAclId },
		"InvalidNetworkAclID.NotFound", "The networkAcl ID '%s' does not exist")
	if err != nil {
		return nil, err
	}
	found, err := filter(all, in.Filters, fields[types.NetworkAcl]{
		"network-acl-id": func(a types.NetworkAcl) []string { return one(a.NetworkAclId) },
		"vpc-id":         func(a types.NetworkAcl) []string { return one(a.VpcId) },
		"default": func(a types.NetworkAcl) []string {
			if aws.ToBool(a.IsDefault) {
				return []string{"true"}
			}
			return []string{"false"}
		},
		"association.subnet-id": func(a types.NetworkAcl) []string {
			var out []string
			for _, s := range a.Associations {
				out = append(out, one(s.SubnetId)...)
			}
			return out
		},
	}, func(a types.NetworkAcl) []types.Tag { return a.Tags })
	if err != nil {
		return nil, err
	}
	rows, next, err := page(r, ec2Paging, found, in.NextToken, in.MaxResults)
	return &ec2.DescribeNetworkAclsOutput{NetworkAcls: rows, NextToken: next}, err
}

func (w *World) showACL(a *ACL) types.NetworkAcl {
	row := types.NetworkAcl{NetworkAclId: aws.String(a.ID), VpcId: aws.String(a.VPC), IsDefault: aws.Bool(a.Default), OwnerId: aws.String(w.owner(w.VPCs[a.VPC].Owner)), Tags: named("", w.Tags[a.ID])}
	for _, s := range w.aclSubnets(a) {
		row.Associations = append(row.Associations, types.NetworkAclAssociation{NetworkAclAssociationId: aws.String(id("aclassoc", s)),
			NetworkAclId: row.NetworkAclId, SubnetId: aws.String(s)})
	}
	for _, e := range a.Entries {
		row.Entries = append(row.Entries, showACLEntry(e))
	}
	for _, egress := range []bool{false, true} {
		row.Entries = append(row.Entries, showACLEntry(ACLEntry{Number: 32767, Egress: egress, Protocol: "-1", CIDR: "0.0.0.0/0"}))
	}
	return row
}

// aclSubnets lists the subnets of an ACL; the default one has what no other has.
func (w *World) aclSubnets(a *ACL) []string {
	if !a.Default {
		return a.Subnets
	}
	taken := map[string]bool{}
	for _, other := range w.ACLs {
		for _, s := range other.Subnets {
			taken[s] = true
		}
	}
	var out []string
	for _, s := range sorted(w.Subnets) {
		if s.VPC == a.VPC && !taken[s.ID] {
			out = append(out, s.ID)
		}
	}
	return out
}

func showACLEntry(e ACLEntry) types.NetworkAclEntry {
	row := types.NetworkAclEntry{RuleNumber: aws.Int32(e.Number), Egress: aws.Bool(e.Egress), Protocol: aws.String(e.Protocol), RuleAction: types.RuleActionDeny}
	if e.Allow {
		row.RuleAction = types.RuleActionAllow
	}
	if strings.Contains(e.CIDR, ":") {
		row.Ipv6CidrBlock = aws.String(e.CIDR)
	} else {
		row.CidrBlock = aws.String(e.CIDR)
	}
	if e.From != 0 || e.To != 0 {
		row.PortRange = &types.PortRange{From: aws.Int32(e.From), To: aws.Int32(e.To)}
	}
	return row
}
