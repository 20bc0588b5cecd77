package probe

// All collects every probe, in the order of the tree of domain.md §2: what AWS
// tells for nothing first.
func All() Set {
	return NewSet(
		instanceProbes(), ssmProbes(), iamProbes(), networkProbes(), dnsProbes(), adDNSProbes(), directoryProbes(),
		licenseProbes(), cloneProbes(), activationProbes(), passwordProbes(), rdpProbes(), guestProbes(),
	)
}
