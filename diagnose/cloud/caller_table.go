package cloud

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/service/directoryservice"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/route53resolver"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/monshin/monshin/diagnose/cloud/usersubscriptions"
	"github.com/monshin/monshin/diagnose/lang"
)

// What AWS has not heard of yet, right after it was made. A refusal is certain in each
// case: nothing was done, and asking again is safe.
var (
	// newProfile: an instance profile shows in EC2 some seconds after IAM made it
	// (https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_general.html#troubleshoot_general_eventual-consistency).
	newProfile = lag{
		codes: []string{"InvalidParameterValue"}, text: "iam instance profile", limit: 30 * time.Second,
		say: lang.Both("EC2 does not know the instance profile yet; trying again", "インスタンスプロファイルが EC2 に未反映のため再試行"),
	}
	// newGroup and newOptions: EC2's own eventual consistency.
	newGroup = lag{
		codes: []string{"InvalidGroup.NotFound", "InvalidSecurityGroupID.NotFound", "InvalidGroupId.NotFound"}, limit: 10 * time.Second,
		say: lang.Both("EC2 does not know the security group yet; trying again", "セキュリティグループが EC2 に未反映のため再試行"),
	}
	newOptions = lag{
		codes: []string{"InvalidDhcpOptionID.NotFound", "InvalidDhcpOptionsID.NotFound"}, limit: 10 * time.Second,
		say: lang.Both("EC2 does not know the DHCP option set yet; trying again", "DHCP オプションセットが EC2 に未反映のため再試行"),
	}
	// newRole: IAM, by the same page as newProfile.
	newRole = lag{
		codes: []string{"NoSuchEntity"}, limit: 10 * time.Second,
		say: lang.Both("IAM does not know the role or profile yet; trying again", "ロールまたはインスタンスプロファイルが IAM に未反映のため再試行"),
	}
	// inUse: the network interfaces of a deleted endpoint go some minutes after it.
	inUse = lag{
		codes: []string{"DependencyViolation"}, limit: 3 * time.Minute,
		say: lang.Both("the security group is still in use; trying again", "セキュリティグループが使用中のため再試行"),
	}
)

// The codes with which services say that something is there already, or gone.
const (
	duplicateRule = "InvalidPermission.Duplicate"
	iamExists     = "EntityAlreadyExists"
	iamMissing    = "NoSuchEntity"
	notThere      = "ResourceNotFoundException"
	thereAlready  = "ResourceExistsException"
)

// deeds is the table of everything that a plan may call, and take back with.
func deeds() map[string]deed {
	return map[string]deed{
		// The instance.
		"ec2:AssociateIamInstanceProfile": onEC2((*ec2.Client).AssociateIamInstanceProfile, findProfileAssociation, reads("ec2:DescribeIamInstanceProfileAssociations"),
			harmless("IncorrectState"), lags(newProfile)),
		"ec2:ReplaceIamInstanceProfileAssociation": onEC2((*ec2.Client).ReplaceIamInstanceProfileAssociation, findProfileReplacement, reads("ec2:DescribeIamInstanceProfileAssociations"), lags(newProfile)),
		"ec2:DisassociateIamInstanceProfile": onEC2((*ec2.Client).DisassociateIamInstanceProfile, findProfileRemoval, reads("ec2:DescribeIamInstanceProfileAssociations"),
			harmless("InvalidAssociationID.NotFound")),
		"ec2:ModifyInstanceMetadataOptions": onEC2((*ec2.Client).ModifyInstanceMetadataOptions, findMetadataOptions, reads("ec2:DescribeInstances")),
		"ec2:ModifyInstanceAttribute":       onEC2((*ec2.Client).ModifyInstanceAttribute, findTerminationProtection, reads("ec2:DescribeInstanceAttribute"), only(protectionOnly)),
		"ec2:RunInstances":                  onEC2((*ec2.Client).RunInstances, findLaunch, reads("ec2:DescribeInstances"), token("ClientToken"), late, lags(newProfile, newGroup), until(untilRunning)),
		"ec2:TerminateInstances": onEC2((*ec2.Client).TerminateInstances, findTermination, reads("ec2:DescribeInstances"),
			harmless("InvalidInstanceID.NotFound")),

		// Endpoints and the network.
		"ec2:CreateVpcEndpoint": onEC2((*ec2.Client).CreateVpcEndpoint, findEndpoint, reads("ec2:DescribeVpcEndpoints"), token("ClientToken"), late, lags(newGroup), until(untilAvailable)),
		"ec2:ModifyVpcEndpoint": onEC2((*ec2.Client).ModifyVpcEndpoint, findEndpointChange, reads("ec2:DescribeVpcEndpoints"), lags(newGroup)),
		"ec2:DeleteVpcEndpoints": onEC2((*ec2.Client).DeleteVpcEndpoints, findEndpointRemoval, reads("ec2:DescribeVpcEndpoints"),
			harmless("InvalidVpcEndpointId.NotFound", "InvalidVpcEndpoint.NotFound"), until(untilEndpointGone)),
		"ec2:CreateSecurityGroup": onEC2((*ec2.Client).CreateSecurityGroup, findGroup, reads("ec2:DescribeSecurityGroups"), late,
			harmless("InvalidGroup.Duplicate")),
		"ec2:DeleteSecurityGroup": onEC2((*ec2.Client).DeleteSecurityGroup, findGroupRemoval, reads("ec2:DescribeSecurityGroups"),
			harmless("InvalidGroup.NotFound", "InvalidGroupId.NotFound"), lags(inUse)),
		"ec2:AuthorizeSecurityGroupIngress": onEC2((*ec2.Client).AuthorizeSecurityGroupIngress, findIngress, reads("ec2:DescribeSecurityGroupRules"), harmless(duplicateRule), lags(newGroup)),
		"ec2:AuthorizeSecurityGroupEgress":  onEC2((*ec2.Client).AuthorizeSecurityGroupEgress, findEgress, reads("ec2:DescribeSecurityGroupRules"), harmless(duplicateRule), lags(newGroup)),
		"ec2:RevokeSecurityGroupIngress": onEC2((*ec2.Client).RevokeSecurityGroupIngress, findIngressRemoval, reads("ec2:DescribeSecurityGroupRules"),
			harmless(noPermission, "InvalidSecurityGroupRuleId.NotFound")),
		"ec2:RevokeSecurityGroupEgress": onEC2((*ec2.Client).RevokeSecurityGroupEgress, findEgressRemoval, reads("ec2:DescribeSecurityGroupRules"),
			harmless(noPermission, "InvalidSecurityGroupRuleId.NotFound")),
		"ec2:CreateNetworkAclEntry": onEC2((*ec2.Client).CreateNetworkAclEntry, findACLEntry, reads("ec2:DescribeNetworkAcls"),
			harmless("NetworkAclEntryAlreadyExists")),
		"ec2:ReplaceNetworkAclEntry": onEC2((*ec2.Client).ReplaceNetworkAclEntry, findACLReplacement, reads("ec2:DescribeNetworkAcls")),
		"ec2:DeleteNetworkAclEntry": onEC2((*ec2.Client).DeleteNetworkAclEntry, findACLRemoval, reads("ec2:DescribeNetworkAcls"),
			harmless("InvalidNetworkAclEntry.NotFound")),
		"ec2:ModifyVpcAttribute":   onEC2((*ec2.Client).ModifyVpcAttribute, findVPCAttribute, reads("ec2:DescribeVpcAttribute")),
		"ec2:CreateDhcpOptions":    onEC2((*ec2.Client).CreateDhcpOptions, findOptions, reads("ec2:DescribeDhcpOptions"), late),
		"ec2:AssociateDhcpOptions": onEC2((*ec2.Client).AssociateDhcpOptions, findOptionsAssociation, reads("ec2:DescribeVpcs"), lags(newOptions)),
		"ec2:DeleteDhcpOptions": onEC2((*ec2.Client).DeleteDhcpOptions, findOptionsRemoval, reads("ec2:DescribeDhcpOptions"),
			harmless("InvalidDhcpOptionID.NotFound", "InvalidDhcpOptionsID.NotFound")),

		// IAM.
		"iam:CreateInstanceProfile": onIAM((*iam.Client).CreateInstanceProfile, findNewProfile, reads("iam:GetInstanceProfile"), late, harmless(iamExists)),
		"iam:DeleteInstanceProfile": onIAM((*iam.Client).DeleteInstanceProfile, findProfileDeletion, reads("iam:GetInstanceProfile"), harmless(iamMissing)),
		"iam:AddRoleToInstanceProfile": onIAM((*iam.Client).AddRoleToInstanceProfile, findRoleInProfile, reads("iam:GetInstanceProfile"),
			harmless(iamExists, "LimitExceeded"), lags(newRole)),
		"iam:RemoveRoleFromInstanceProfile": onIAM((*iam.Client).RemoveRoleFromInstanceProfile, findRoleOutOfProfile, reads("iam:GetInstanceProfile"), harmless(iamMissing)),
		"iam:CreateRole":                    onIAM((*iam.Client).CreateRole, findNewRole, reads("iam:GetRole"), late, harmless(iamExists)),
		"iam:DeleteRole":                    onIAM((*iam.Client).DeleteRole, findRoleDeletion, reads("iam:GetRole"), harmless(iamMissing)),
		"iam:AttachRolePolicy":              onIAM((*iam.Client).AttachRolePolicy, findPolicyOnRole, reads("iam:ListAttachedRolePolicies"), lags(newRole)),
		"iam:DetachRolePolicy":              onIAM((*iam.Client).DetachRolePolicy, findPolicyOffRole, reads("iam:ListAttachedRolePolicies"), harmless(iamMissing)),
		"iam:UpdateAssumeRolePolicy":        onIAM((*iam.Client).UpdateAssumeRolePolicy, findTrust, reads("iam:GetRole")),
		"iam:CreateServiceLinkedRole":       onIAM((*iam.Client).CreateServiceLinkedRole, findServiceRole, reads("iam:GetRole"), late, harmless("InvalidInput", "InvalidInputException")),
		"iam:DeleteServiceLinkedRole":       onIAM((*iam.Client).DeleteServiceLinkedRole, findServiceRoleDeletion, reads("iam:GetRole", "iam:GetServiceLinkedRoleDeletionStatus"), harmless(iamMissing), until(untilRoleGone)),

		// DNS.
		"route53resolver:CreateResolverEndpoint": onResolver((*route53resolver.Client).CreateResolverEndpoint, findResolverEndpoint, reads("route53resolver:GetResolverEndpoint", "route53resolver:ListResolverEndpoints"),
			token("CreatorRequestId"), late, until(untilOperational)),
		"route53resolver:DeleteResolverEndpoint": onResolver((*route53resolver.Client).DeleteResolverEndpoint, findResolverEndpointRemoval, reads("route53resolver:GetResolverEndpoint"),
			harmless(notThere), until(untilResolverEndpointGone)),
		"route53resolver:CreateResolverRule": onResolver((*route53resolver.Client).CreateResolverRule, findResolverRule, reads("route53resolver:ListResolverRules"),
			token("CreatorRequestId"), late),
		"route53resolver:UpdateResolverRule": onResolver((*route53resolver.Client).UpdateResolverRule, findResolverRuleChange, reads("route53resolver:GetResolverRule")),
		"route53resolver:DeleteResolverRule": onResolver((*route53resolver.Client).DeleteResolverRule, findResolverRuleRemoval, reads("route53resolver:GetResolverRule"), harmless(notThere)),
		"route53resolver:AssociateResolverRule": onResolver((*route53resolver.Client).AssociateResolverRule, findResolverAssociation, reads("route53resolver:ListResolverRuleAssociations"), late,
			harmless(thereAlready), until(untilComplete)),
		"route53resolver:DisassociateResolverRule": onResolver((*route53resolver.Client).DisassociateResolverRule, findResolverAssociationRemoval, reads("route53resolver:ListResolverRuleAssociations"),
			harmless(notThere), until(untilDissociated)),
		"ds:CreateConditionalForwarder": onDirectory((*directoryservice.Client).CreateConditionalForwarder, findForwarder, reads("ds:DescribeConditionalForwarders"),
			harmless("EntityAlreadyExistsException")),
		"ds:UpdateConditionalForwarder": onDirectory((*directoryservice.Client).UpdateConditionalForwarder, findForwarderChange, reads("ds:DescribeConditionalForwarders")),
		"ds:DeleteConditionalForwarder": onDirectory((*directoryservice.Client).DeleteConditionalForwarder, findForwarderRemoval, reads("ds:DescribeConditionalForwarders"),
			harmless("EntityDoesNotExistException")),

		// License Manager.
		"license-manager-user-subscriptions:StartProductSubscription": onLicenses((*usersubscriptions.Client).StartProductSubscription, findSubscription, reads("license-manager-user-subscriptions:ListProductSubscriptions"),
			harmless("ConflictException")),
		"license-manager-user-subscriptions:StopProductSubscription": onLicenses((*usersubscriptions.Client).StopProductSubscription, findSubscriptionEnd, reads("license-manager-user-subscriptions:ListProductSubscriptions"),
			harmless(notThere, "ConflictException")),
		"license-manager-user-subscriptions:AssociateUser": onLicenses((*usersubscriptions.Client).AssociateUser, findUserAssociation, reads("license-manager-user-subscriptions:ListUserAssociations"),
			harmless("ConflictException")),
		"license-manager-user-subscriptions:DisassociateUser": onLicenses((*usersubscriptions.Client).DisassociateUser, findUserAssociationEnd, reads("license-manager-user-subscriptions:ListUserAssociations"),
			harmless(notThere, "ConflictException")),

		// Windows.
		"ssm:SendCommand": onSSM((*ssm.Client).SendCommand, findCommand, reads("ssm:GetCommandInvocation", "ssm:ListCommands"), late, only(oneNode), answers(untilCommandEnds)),
		"ssm:StartAutomationExecution": onSSM((*ssm.Client).StartAutomationExecution, findAutomation, reads("ssm:DescribeAutomationExecutions", "ssm:GetAutomationExecution", "ssm:ListTagsForResource"), token("ClientToken"), late,
			only(automationToken), answers(untilAutomationEnds)),
	}
}
