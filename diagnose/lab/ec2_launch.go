package lab

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/monshin/monshin/diagnose/lab/windows"
)

// freeAddress is the first free address of a subnet, from .100 on, of those that
// nobody has taken meanwhile.
func (w *World) freeAddress(subnet string, taken ...string) (string, error) {
	used := map[string]bool{}
	for _, ip := range taken {
		used[ip] = true
	}
	for _, n := range w.Interfaces {
		used[n.IP] = true
	}
	for _, i := range w.Instances {
		if i.Terminated.IsZero() {
			used[i.IP] = true
		}
	}
	block, err := netip.ParsePrefix(w.subnet(subnet).CIDR)
	if err != nil {
		return "", noSuch(subnet)
	}
	a := block.Addr()
	for range 100 {
		a = a.Next()
	}
	for ; block.Contains(a.Next()); a = a.Next() { // the last address is the broadcast's
		if !used[a.String()] {
			return a.String(), nil
		}
	}
	return "", fail("InsufficientFreeAddressesInSubnet", "Not enough free addresses in subnet '%s'", subnet)
}

// ordered is what RunInstances asks for, wherever in its input it stands.
type ordered struct {
	subnet, ip string
	groups     []string
}

func (w *World) order(in *ec2.RunInstancesInput) (ordered, error) {
	o := ordered{subnet: aws.ToString(in.SubnetId), ip: aws.ToString(in.PrivateIpAddress), groups: slices.Clone(in.SecurityGroupIds)}
	switch n := len(in.NetworkInterfaces); {
	case n > 1:
		return o, fail("InvalidParameterValue", "lab: one network interface at most")
	case n == 1 && (o.subnet != "" || len(o.groups) > 0):
		return o, fail("InvalidParameterCombination", "Network interfaces and an instance-level subnet ID may not be specified on the same request")
	case n == 1:
		e := in.NetworkInterfaces[0]
		o = ordered{subnet: aws.ToString(e.SubnetId), ip: aws.ToString(e.PrivateIpAddress), groups: slices.Clone(e.Groups)}
	}
	s := w.Subnets[o.subnet]
	if s == nil || !w.mine(s.Owner) && !s.Shared {
		return o, fail("InvalidSubnetID.NotFound", "The subnet ID '%s' does not exist", o.subnet)
	}
	if len(o.groups) == 0 {
		for _, g := range sorted(w.Groups) {
			if g.VPC == s.VPC && g.Name == "default" {
				o.groups = []string{g.ID}
			}
		}
	}
	if err := w.checkGroups(o.groups, s.VPC); err != nil {
		return o, err
	}
	if o.ip == "" {
		ip, err := w.freeAddress(s.ID)
		o.ip = ip
		return o, err
	}
	a, err := netip.ParseAddr(o.ip)
	if err != nil || !netip.MustParsePrefix(s.CIDR).Contains(a) {
		return o, fail("InvalidParameterValue", "Address %s does not fall within the subnet's address range", o.ip)
	}
	for _, i := range w.Instances {
		if i.Terminated.IsZero() && i.IP == o.ip {
			return o, fail("InvalidIPAddress.InUse", "Address %s is in use.", o.ip)
		}
	}
	return o, nil
}

// runInstances launches one instance. Windows comes up in it by itself, and License
// Manager adopts it where it is one of its products.
func runInstances(w *World, r *request, in *ec2.RunInstancesInput) (*ec2.RunInstancesOutput, error) {
	if known, ok, mismatch := w.repeated(r, in.ClientToken); mismatch {
		return nil, fail("IdempotentParameterMismatch", "The request has the same client token as an earlier one, and other parameters")
	} else if ok {
		r.told = true
		return w.showLaunch(w.Instances[known]), nil
	}
	image := w.Images[aws.ToString(in.ImageId)]
	key := aws.ToString(in.KeyName)
	keyed := key == ""
	for _, i := range w.Instances {
		keyed = keyed || i.Key == key
	}
	switch {
	case aws.ToInt32(in.MinCount) != 1 || aws.ToInt32(in.MaxCount) != 1:
		return nil, fail("InvalidParameterValue", "lab: one instance a call")
	case image == nil:
		return nil, fail("InvalidAMIID.NotFound", "The image id '[%s]' does not exist", aws.ToString(in.ImageId))
	case w.InstanceTypes[string(in.InstanceType)] == nil:
		return nil, fail("InvalidParameterValue", "Invalid value '%s' for InstanceType.", in.InstanceType)
	case !keyed:
		return nil, fail("InvalidKeyPair.NotFound", "The key pair '%s' does not exist", key)
	}
	o, err := w.order(in)
	if err != nil {
		return nil, err
	}
	var profile *Profile
	if in.IamInstanceProfile != nil {
		if profile, err = w.specifiedProfile(in.IamInstanceProfile); err != nil {
			return nil, err
		}
	}
	tags, err := specified(in.TagSpecifications, types.ResourceTypeInstance, types.ResourceTypeVolume, types.ResourceTypeNetworkInterface)
	if err != nil {
		return nil, err
	}
	i := &Instance{
		ID: w.newID("i"), Type: string(in.InstanceType), Image: image.ID, Key: key, Tags: map[string]string{}, Subnet: o.subnet, Interface: w.newID("eni"),
		IP: o.ip, Groups: o.groups, Launched: w.Now, State: "pending", Volume: w.newID("vol"), ProductCodes: slices.Clone(image.ProductCodes),
		Protected: aws.ToBool(in.DisableApiTermination),
	}
	if m := in.MetadataOptions; m != nil {
		i.MetadataOff, i.MetadataTokens, i.MetadataHops = m.HttpEndpoint == types.InstanceMetadataEndpointStateDisabled, string(m.HttpTokens), aws.ToInt32(m.HttpPutResponseHopLimit)
	}
	w.Instances[i.ID] = i
	w.tag(i.ID, tags[types.ResourceTypeInstance])
	w.tag(i.Volume, tags[types.ResourceTypeVolume])
	if profile != nil {
		w.associate(i, profile)
		i.Associating = false
		w.never(taskProfileReady, i.ID)
	}
	w.boot(i, image)
	w.later(launchTakes, taskInstanceRunning, i.ID)
	if len(i.ProductCodes) > 0 {
		w.later(adopted, taskLicenseStep, i.ID)
	}
	w.remember(r, in.ClientToken, i.ID)
	r.told = true
	w.addEvent(w.launchEvent(i, w.caller()))
	return w.showLaunch(i), nil
}

func (w *World) showLaunch(i *Instance) *ec2.RunInstancesOutput {
	return &ec2.RunInstancesOutput{ReservationId: aws.String(id("r", i.ID)), OwnerId: aws.String(w.Account), Instances: []types.Instance{w.showInstance(i)}}
}

// boot gives an instance the Windows that its image holds: the copy of a server that
// still is there, or one of AWS's own images.
func (w *World) boot(i *Instance, image *Image) {
	lease := w.lease(i.Subnet, i.Launched)
	if source := w.Instances[image.SourceInstance]; source != nil && source.Windows != nil {
		i.Windows = source.Windows.Copied(i.Launched, w.router(i.Subnet), lease.DNS, lease.Suffix)
		return
	}
	if image.SourceInstance != "" {
		i.Windows = w.template().Copied(i.Launched, w.router(i.Subnet), lease.DNS, lease.Suffix)
		return
	}
	release := windows.Release(2022)
	for _, part := range strings.FieldsFunc(image.Name, func(r rune) bool { return r == '-' || r == '_' }) {
		if year, err := strconv.Atoi(part); err == nil && builds[windows.Release(year)] != "" {
			release = windows.Release(year)
			break
		}
	}
	i.Windows = windows.Launched(release, "EC2AMAZ-"+strings.ToUpper(digits("computer/"+i.ID, 7)), languageOf(image.ID, w), i.Launched, w.router(i.Subnet), lease.DNS, lease.Suffix)
	if i.Key != "" {
		i.PasswordData = "bGFi" + digits("password/"+i.ID, 60) // not a ciphertext, only as present as one
	}
}
