package lab

import (
	"fmt"
	"time"
)

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
		i := w.addInstance(machine{name: cloneName(n), subnet: appSubnet(), host: fmt.Sprint(41 + n), group: commonGroup(), role: commonRole, image: image,
			launched: time.Date(2026, 11, 3, 4, 5+n, 12, 0, time.UTC)})
		w.Nodes[i.ID].Computer = "APP-TEMPLATE"
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
	w.relaunch(i)
	return w
}
