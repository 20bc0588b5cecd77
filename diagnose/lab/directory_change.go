package lab

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/directoryservice"
	dstypes "github.com/aws/aws-sdk-go-v2/service/directoryservice/types"

	"github.com/monshin/monshin/diagnose/lab/windows"
)

func directoryChanges() map[string]operation {
	return map[string]operation{
		"ds:CreateConditionalForwarder":    change(createForwarder),
		"ds:UpdateConditionalForwarder":    change(updateForwarder),
		"ds:DeleteConditionalForwarder":    change(deleteForwarder),
		"ds:DescribeConditionalForwarders": on(describeForwarders),
	}
}

// managedDirectory finds a directory whose DNS is AWS's to set.
func (w *World) managedDirectory(id *string) (*Directory, error) {
	d := w.Directories[aws.ToString(id)]
	switch {
	case d == nil:
		return nil, fail("EntityDoesNotExistException", "Directory %s does not exist", aws.ToString(id))
	case d.Type != "MicrosoftAD":
		return nil, fail("UnsupportedOperationException", "This operation is only supported for Microsoft AD directories")
	case d.Stage != "Active":
		return nil, fail("DirectoryUnavailableException", "Directory %s is not active", d.ID)
	}
	return d, nil
}

func checkForwarder(domain *string, servers []string) error {
	if d := aws.ToString(domain); d == "" || strings.ContainsAny(d, " /") {
		return fail("InvalidParameterException", "The remote domain name '%s' is not valid", d)
	}
	for _, s := range servers {
		if _, err := netip.ParseAddr(s); err != nil {
			return fail("InvalidParameterException", "The DNS address '%s' is not valid", s)
		}
	}
	if len(servers) == 0 {
		return fail("InvalidParameterException", "A conditional forwarder needs the address of a DNS server")
	}
	return nil
}

func createForwarder(w *World, _ *request, in *directoryservice.CreateConditionalForwarderInput) (*directoryservice.CreateConditionalForwarderOutput, error) {
	d, err := w.managedDirectory(in.DirectoryId)
	if err != nil {
		return nil, err
	}
	if err := checkForwarder(in.RemoteDomainName, in.DnsIpAddrs); err != nil {
		return nil, err
	}
	if d.Forwarders[*in.RemoteDomainName] != nil {
		return nil, fail("EntityAlreadyExistsException", "A conditional forwarder for %s exists in directory %s", *in.RemoteDomainName, d.ID)
	}
	if d.Forwarders == nil {
		d.Forwarders = map[string][]string{}
	}
	d.Forwarders[*in.RemoteDomainName] = slices.Clone(in.DnsIpAddrs)
	return &directoryservice.CreateConditionalForwarderOutput{}, nil
}

// setForwarder finds the conditional forwarder that a call is about.
func (w *World) setForwarder(directory, domain *string) (*Directory, error) {
	d, err := w.managedDirectory(directory)
	if err == nil && d.Forwarders[aws.ToString(domain)] == nil {
		return nil, fail("EntityDoesNotExistException", "No conditional forwarder for %s in directory %s", aws.ToString(domain), d.ID)
	}
	return d, err
}

func updateForwarder(w *World, _ *request, in *directoryservice.UpdateConditionalForwarderInput) (*directoryservice.UpdateConditionalForwarderOutput, error) {
	d, err := w.setForwarder(in.DirectoryId, in.RemoteDomainName)
	if err != nil {
		return nil, err
	}
	if err := checkForwarder(in.RemoteDomainName, in.DnsIpAddrs); err != nil {
		return nil, err
	}
	d.Forwarders[*in.RemoteDomainName] = slices.Clone(in.DnsIpAddrs)
	return &directoryservice.UpdateConditionalForwarderOutput{}, nil
}

func deleteForwarder(w *World, _ *request, in *directoryservice.DeleteConditionalForwarderInput) (*directoryservice.DeleteConditionalForwarderOutput, error) {
	d, err := w.setForwarder(in.DirectoryId, in.RemoteDomainName)
	if err != nil {
		return nil, err
	}
	delete(d.Forwarders, *in.RemoteDomainName)
	return &directoryservice.DeleteConditionalForwarderOutput{}, nil
}

func describeForwarders(w *World, _ *request, in *directoryservice.DescribeConditionalForwardersInput) (*directoryservice.DescribeConditionalForwardersOutput, error) {
	d, err := w.managedDirectory(in.DirectoryId)
	if err != nil {
		return nil, err
	}
	for _, want := range in.RemoteDomainNames {
		if d.Forwarders[want] == nil {
			return nil, fail("EntityDoesNotExistException", "No conditional forwarder for %s in directory %s", want, d.ID)
		}
	}
	out := &directoryservice.DescribeConditionalForwardersOutput{}
	for _, domain := range sortedKeys(d.Forwarders) {
		if len(in.RemoteDomainNames) == 0 || slices.Contains(in.RemoteDomainNames, domain) {
			out.ConditionalForwarders = append(out.ConditionalForwarders, dstypes.ConditionalForwarder{RemoteDomainName: aws.String(domain),
				DnsIpAddrs: slices.Clone(d.Forwarders[domain]), ReplicationScope: dstypes.ReplicationScopeDomain})
		}
	}
	return out, nil
}

// forwarder is the most specific conditional forwarder of a directory for a name.
func (d *Directory) forwarder(name string) (servers []string, ok bool) {
	best := ""
	for domain, to := range d.Forwarders {
		if under(name, domain) && len(domain) > len(best) {
			best, servers, ok = domain, to, true
		}
	}
	return servers, ok
}

// askServers asks the servers of a forwarder in their order: inbound endpoints of
// Resolver, the Resolver of the directory's own VPC, and other directories.
func (w *World) askServers(d *Directory, servers []string, name, kind string, depth int) (int, []string) {
	if depth > maxForwards {
		return windows.ServerFailure, nil
	}
	for _, server := range servers {
		if v := w.VPCs[d.VPC]; server == resolverAddress(v) || server == "169.254.169.253" {
			return w.resolve(v, name, kind, depth)
		}
		for _, e := range sorted(w.ResolverEndpoints) {
			inbound := e.Direction == "INBOUND" && e.Status == "OPERATIONAL" && w.joined(d.VPC, e.VPC)
			if !inbound || !slices.ContainsFunc(e.Interfaces, func(eni string) bool { return w.Interfaces[eni] != nil && w.Interfaces[eni].IP == server }) {
				continue
			}
			if from := d.DNS; len(from) > 0 && w.admits(e.Groups, false, "udp", 53, from[0], []string{d.Group}) {
				return w.resolve(w.VPCs[e.VPC], name, kind, depth)
			}
		}
		if other := w.controllerAt(server); other != nil && other != d && w.joined(d.VPC, other.VPC) {
			return w.askDirectory(other, name, kind, depth)
		}
	}
	return windows.ServerFailure, nil
}
