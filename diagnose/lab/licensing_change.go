package lab

import (
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	lm "github.com/monshin/monshin/diagnose/cloud/usersubscriptions"
	"github.com/monshin/monshin/diagnose/cloud/usersubscriptions/types"
	"github.com/monshin/monshin/diagnose/lab/windows"
)

func licenseChanges() map[string]operation {
	return map[string]operation{
		"license-manager-user-subscriptions:StartProductSubscription": change(startSubscription),
		"license-manager-user-subscriptions:StopProductSubscription":  change(stopSubscription),
		"license-manager-user-subscriptions:AssociateUser":            change(associateUser),
		"license-manager-user-subscriptions:DisassociateUser":         change(disassociateUser),
	}
}

// subscription finds a user's subscription to a product, also one that has ended.
func (w *World) subscription(directory, product, user string) *Subscription {
	for _, s := range w.Subscriptions {
		if s.Directory == directory && s.Product == product && strings.EqualFold(s.User, user) {
			return s
		}
	}
	return nil
}

func (w *World) showSubscription(s *Subscription) types.ProductUserSummary {
	return types.ProductUserSummary{
		Username: aws.String(s.User), Domain: aws.String(s.Domain), Product: aws.String(s.Product), Status: aws.String(s.Status),
		IdentityProvider: activeDirectory(s.Directory), SubscriptionStartDate: stamp(s.Started), SubscriptionEndDate: stamp(s.Ended),
		ProductUserArn: aws.String(w.arn("license-manager-user-subscriptions", "product-user/"+s.Directory+"/"+s.Product+"/"+s.User)),
	}
}

func (w *World) showUser(a *Association) types.InstanceUserSummary {
	return types.InstanceUserSummary{
		Username: aws.String(a.User), Domain: aws.String(a.Domain), InstanceId: aws.String(a.Instance), Status: aws.String(a.Status),
		IdentityProvider: activeDirectory(a.Directory), AssociationDate: stamp(a.Since),
		InstanceUserArn: aws.String(w.arn("license-manager-user-subscriptions", "instance-user/"+a.Directory+"/"+a.Instance+"/"+a.User)),
	}
}

// domainOf is the domain that a call names, or that of the directory.
func (w *World) domainOf(directory string, domain *string) string {
	if domain != nil && *domain != "" {
		return *domain
	}
	if d := w.Directories[directory]; d != nil {
		return d.Name
	}
	return ""
}

func startSubscription(w *World, _ *request, in *lm.StartProductSubscriptionInput) (*lm.StartProductSubscriptionOutput, error) {
	directory, err := w.directoryOf(in.IdentityProvider)
	if err != nil {
		return nil, err
	}
	product, user := aws.ToString(in.Product), aws.ToString(in.Username)
	if !slices.ContainsFunc(w.Providers, func(p *Provider) bool {
		return p.Directory == directory && p.Product == product && p.Status == "REGISTERED"
	}) {
		return nil, fail("ValidationException", "Identity provider %s is not registered for the product %s", directory, product)
	}
	s := w.subscription(directory, product, user)
	switch {
	case user == "":
		return nil, fail("ValidationException", "The username is not valid")
	case s != nil && s.Status == "SUBSCRIBED":
		return nil, fail("ConflictException", "User %s is subscribed to %s already", user, product)
	case s == nil:
		s = &Subscription{User: user, Domain: w.domainOf(directory, in.Domain), Directory: directory, Product: product}
		w.Subscriptions = append(w.Subscriptions, s)
	}
	s.Status, s.Started, s.Ended = "SUBSCRIBED", w.Now, time.Time{}
	row := w.showSubscription(s)
	return &lm.StartProductSubscriptionOutput{ProductUserSummary: &row}, nil
}

// stopSubscription ends a subscription, whose row stays as UNSUBSCRIBED (domain.md
// §5.3). A user who is on an instance has to be taken off it first.
func stopSubscription(w *World, _ *request, in *lm.StopProductSubscriptionInput) (*lm.StopProductSubscriptionOutput, error) {
	var found *Subscription
	for _, s := range w.Subscriptions {
		if in.ProductUserArn != nil && aws.ToString(w.showSubscription(s).ProductUserArn) == *in.ProductUserArn {
			found = s
		}
	}
	if in.ProductUserArn == nil {
		directory, err := w.directoryOf(in.IdentityProvider)
		if err != nil {
			return nil, err
		}
		found = w.subscription(directory, aws.ToString(in.Product), aws.ToString(in.Username))
	}
	if found == nil || found.Status != "SUBSCRIBED" {
		return nil, fail("ResourceNotFoundException", "User %s is not subscribed to %s", aws.ToString(in.Username), aws.ToString(in.Product))
	}
	for _, a := range w.Associations {
		if strings.EqualFold(a.User, found.User) && a.Directory == found.Directory && slices.Contains(w.productsOn(a.Instance), found.Product) {
			return nil, fail("ConflictException", "User %s is associated with instance %s", found.User, a.Instance)
		}
	}
	found.Status, found.Ended = "UNSUBSCRIBED", w.Now
	row := w.showSubscription(found)
	return &lm.StopProductSubscriptionOutput{ProductUserSummary: &row}, nil
}

// licensed is License Manager's row of an instance.
func (w *World) licensed(instance string) *Licensed {
	for _, l := range w.Licensed {
		if l.Instance == instance {
			return l
		}
	}
	return nil
}

func (w *World) productsOn(instance string) []string {
	if l := w.licensed(instance); l != nil {
		return l.Products
	}
	return nil
}

func associateUser(w *World, _ *request, in *lm.AssociateUserInput) (*lm.AssociateUserOutput, error) {
	directory, err := w.directoryOf(in.IdentityProvider)
	if err != nil {
		return nil, err
	}
	instance, user := aws.ToString(in.InstanceId), aws.ToString(in.Username)
	l := w.licensed(instance)
	switch {
	case l == nil:
		return nil, fail("ResourceNotFoundException", "Instance %s was not found", instance)
	case l.Status != "ACTIVATED" || l.Directory != directory:
		return nil, fail("ValidationException", "Instance %s is not ready for users of %s: %s", instance, directory, l.Status)
	}
	for _, product := range l.Products {
		if s := w.subscription(directory, product, user); s == nil || s.Status != "SUBSCRIBED" {
			return nil, fail("ValidationException", "User %s is not subscribed to %s", user, product)
		}
	}
	for _, a := range w.Associations {
		if a.Instance == instance && a.Directory == directory && strings.EqualFold(a.User, user) {
			return nil, fail("ConflictException", "User %s is associated with instance %s already", user, instance)
		}
	}
	a := &Association{User: user, Domain: w.domainOf(directory, in.Domain), Directory: directory, Instance: instance, Status: "ASSOCIATED", Since: w.Now}
	w.Associations = append(w.Associations, a)
	row := w.showUser(a)
	return &lm.AssociateUserOutput{InstanceUserSummary: &row}, nil
}

func disassociateUser(w *World, _ *request, in *lm.DisassociateUserInput) (*lm.DisassociateUserOutput, error) {
	if in.InstanceUserArn == nil {
		if _, err := w.directoryOf(in.IdentityProvider); err != nil {
			return nil, err
		}
	}
	for n, a := range w.Associations {
		row := w.showUser(a)
		byARN := in.InstanceUserArn != nil && *row.InstanceUserArn == *in.InstanceUserArn
		byName := in.InstanceUserArn == nil && a.Instance == aws.ToString(in.InstanceId) && strings.EqualFold(a.User, aws.ToString(in.Username))
		if byARN || byName {
			w.Associations = slices.Delete(w.Associations, n, n+1)
			row.DisassociationDate, row.Status = stamp(w.Now), aws.String("DISASSOCIATED")
			return &lm.DisassociateUserOutput{InstanceUserSummary: &row}, nil
		}
	}
	return nil, fail("ResourceNotFoundException", "User %s is not associated with instance %s", aws.ToString(in.Username), aws.ToString(in.InstanceId))
}

// What License Manager does with a new instance, step by step (domain.md §5.2).
const (
	stepAdopt = iota
	stepPrepare
	stepJoin
	stepJoinAgain
	stepGiveUp
)

// again is how often License Manager tries what it could not do: looking for the node,
// and ending an instance that is protected ([M]).
const (
	lookAgain = time.Minute
	endAgain  = 10 * time.Minute
)

// licenseStep is the next thing that License Manager does with a new instance. Each
// needs what it needs of the account as it is then.
func (w *World) licenseStep(instance string) {
	i := w.Instances[instance]
	if i == nil || !i.Terminated.IsZero() || w.Roles[licenseManagerRole] == nil || !slices.Contains(i.ProductCodes, officeProductCode) {
		return
	}
	if w.Steps == nil {
		w.Steps = map[string]int{}
	}
	then := func(step int, after time.Duration) {
		w.Steps[instance] = step
		w.later(max(i.Launched.Add(after).Sub(w.Now), 0), taskLicenseStep, instance)
	}
	directory, message := w.directoryFor(i)
	switch w.Steps[instance] {
	case stepAdopt:
		w.setTag(i.ID, "AWSLicenseManager", "UserSubscriptions")
		w.addEvent(tagEvent(w.Now, i.ID))
		if directory == nil {
			then(stepGiveUp, ended)
			return
		}
		then(stepPrepare, prepared)
	case stepPrepare:
		if n := w.node(i.ID); n == nil || n.Ping != "Online" {
			if after := w.Now.Add(lookAgain).Sub(i.Launched); after < ended {
				then(stepPrepare, after)
			} else {
				then(stepGiveUp, ended)
			}
			return
		}
		w.run(Command{Instance: i.ID, Document: powerShell, Requested: w.Now, Took: 48 * time.Second, Status: "Success",
			Stdout: "OS: Microsoft Windows Server 2022 Datacenter\r\nPartOfDomain: False\r\nPowerShell: 5.1.20348.2849\r\n"}, licenseManager())
		then(stepJoin, max(joined, w.Now.Add(3*time.Minute).Sub(i.Launched)))
	case stepJoin, stepJoinAgain:
		if directory != nil && w.licenseJoins(i, directory) {
			return
		}
		if w.Steps[instance] == stepJoin {
			then(stepJoinAgain, max(retried, w.Now.Add(5*time.Minute).Sub(i.Launched)))
		} else {
			then(stepGiveUp, max(ended, w.Now.Add(5*time.Minute).Sub(i.Launched)))
		}
	case stepGiveUp:
		row := w.licensed(i.ID)
		if row == nil {
			row = &Licensed{Instance: i.ID, Products: []string{officeProduct}}
			w.Licensed = append(w.Licensed, row)
		}
		row.Status, row.Message, row.Checked = "TERMINATED", message, w.Now
		if directory != nil {
			row.Directory = directory.ID
		}
		if !i.Protected {
			w.terminate(i, licenseManager())
			return
		}
		row.Status = "FAILED"
		refused := terminateEvent(w.Now, i.ID, licenseManager())
		refused.Response, refused.Error = nil, "Client.OperationNotPermitted"
		refused.ErrorMessage = "The instance '" + i.ID + "' may not be terminated. Modify its 'disableApiTermination' instance attribute and try again."
		w.addEvent(refused)
		then(stepGiveUp, w.Now.Add(endAgain).Sub(i.Launched))
	}
}

// directoryFor is the directory that License Manager takes for an instance: that of
// its VPC, or of exactly one peered VPC; or else what it says.
func (w *World) directoryFor(i *Instance) (*Directory, string) {
	vpc := w.subnet(i.Subnet).VPC
	var own, peered []*Directory
	for _, p := range w.Providers {
		d := w.Directories[p.Directory]
		switch {
		case p.Product != officeProduct || p.Status != "REGISTERED" || d == nil:
		case d.VPC == vpc:
			own = append(own, d)
		case w.joined(vpc, d.VPC):
			peered = append(peered, d)
		}
	}
	switch {
	case len(own) > 0:
		return own[0], ""
	case len(peered) == 1:
		return peered[0], ""
	case len(peered) > 1:
		return nil, "This instance's VPC is peered with multiple VPCs that each have a registered Active Directory."
	}
	return nil, "No registered Active Directory is reachable from this instance's VPC."
}

// licenseJoins lets the instance join the domain and activate Office, and reports
// whether both worked. Its output tells what did not.
func (w *World) licenseJoins(i *Instance, d *Directory) bool {
	o := outside{w, i}
	command := Command{Instance: i.ID, Document: powerShell, Requested: w.Now, Status: "Failed", ResponseCode: 1}
	computer := i.Windows.Name
	code, _ := i.Windows.Resolve(o, "_ldap._tcp.dc._msdcs."+d.Name, "SRV")
	if code != windows.Answered || !slices.ContainsFunc(d.DNS, func(ip string) bool { return o.Connects(ip, 389) }) {
		command.Took, command.Stdout, command.Stderr = 164*time.Second, joinOutput(computer), joinError(computer)
		if code == windows.NoSuchName {
			command.Stdout += "Resolve-DnsName _ldap._tcp.dc._msdcs." + d.Name + " SRV: DNS name does not exist (9003)\r\n"
		}
		w.run(command, licenseManager())
		return false
	}
	i.Windows.Join(d.Name, windows.SID("domain/"+d.Name))
	host := w.activationServer(o, d)
	if host == "" {
		command.Took = 300 * time.Second
		command.Stdout = "cscript //nologo OSPP.VBS /act\r\nERROR CODE: 0xC004F074\r\nERROR DESCRIPTION: The Software Licensing Service reported that the product could not be activated. No Key Management Service (KMS) could be contacted.\r\n"
		command.Stderr = "TcpTestSucceeded : False (port 1688)\r\n"
		w.run(command, licenseManager())
		return false
	}
	product := officeKMS(host)
	i.Windows.Products = append(slices.DeleteFunc(i.Windows.Products, func(p windows.Product) bool { return p.Application == product.Application }), product)
	command.Status, command.ResponseCode, command.Took, command.Stdout = "Success", 0, 190*time.Second, joinOutput(computer)+"HasSucceeded : True\r\n"
	w.run(command, licenseManager())
	row := w.licensed(i.ID)
	if row == nil {
		row = &Licensed{Instance: i.ID}
		w.Licensed = append(w.Licensed, row)
	}
	row.Status, row.Message, row.Products, row.Directory, row.Checked = "ACTIVATED", "", []string{officeProduct}, d.ID, w.Now
	return true
}

// activationServer is an address of License Manager's endpoint for the directory that
// the instance reaches on tcp/1688, "" for none.
func (w *World) activationServer(o outside, d *Directory) string {
	for _, p := range w.Providers {
		if p.Directory != d.ID || p.Product != officeProduct {
			continue
		}
		for _, e := range sorted(w.Endpoints) {
			if !e.Managed || e.State != "available" || e.VPC != d.VPC || !slices.Contains(e.Groups, p.Group) {
				continue
			}
			for _, eni := range e.Interfaces {
				if ip := w.Interfaces[eni].IP; o.Connects(ip, 1688) {
					return ip
				}
			}
		}
	}
	return ""
}
