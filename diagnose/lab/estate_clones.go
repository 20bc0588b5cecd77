package lab

import (
	"fmt"
	"time"

	"github.com/monshin/monshin/diagnose/lab/windows"
)

// template is the Windows that the golden image holds as it was: the image was taken
// without Sysprep.
func (w *World) template() *windows.Host {
	return windows.Launched(2022, "APP-TEMPLATE", windows.Japanese, time.Date(2026, 9, 2, 5, 31, 0, 0, time.UTC), "10.20.2.1",
		[]string{"AmazonProvidedDNS"}, region+".compute.internal")
}

// golden makes an image of the account's own, taken from a server that is no more.
func (w *World) golden() string {
	image := id("ami", goldenAMI)
	w.Images[image] = &Image{ID: image, Name: goldenAMI, Created: time.Date(2026, 9, 30, 9, 12, 45, 0, time.UTC),
		SourceInstance: id("i", "APP-TEMPLATE"), SourceImage: id("ami", windowsAMI)}
	return image
}

// clonedFleet is five servers of one image, which was taken without Sysprep: they
// all call themselves by the template's name.
func clonedFleet() *World {
	w := healthy()
	image := w.golden()
	for n := range 5 {
		i := w.addInstance(machine{name: cloneName(n), computer: "APP-TEMPLATE", copied: w.template(), subnet: appSubnet(), host: fmt.Sprint(41 + n),
			group: commonGroup(), role: commonRole, image: image, launched: time.Date(2026, 11, 3, 4, 5+n, 12, 0, time.UTC)})
		i.PasswordData = ""
	}
	return w
}

func cloneName(n int) string { return fmt.Sprintf("WEB-%02d", n+1) }

// noPassword is a server of an image of the account's own, launched days ago with
// a key pair, for which EC2 holds no password.
func noPassword() *World {
	w := healthy()
	i := w.Instances[appID()]
	i.Image, i.PasswordData = w.golden(), ""
	i.Windows = w.template().Copied(i.Launched, w.router(i.Subnet), i.Windows.Lease.DNS, i.Windows.Lease.Suffix).Rename(i.Windows.Name)
	w.relaunch(i)
	return w
}
