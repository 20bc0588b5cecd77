package windows

import (
	"fmt"
	"strings"
	"time"
)

// Services are the services that inventory lists: name, status and start type, in
// .NET's words. The agent gathers them itself, and therefore always sees itself run.
func (h *Host) Services() [][3]string {
	list := [][3]string{
		{"AmazonSSMAgent", "Running", h.SSMAgent.StartType},
		{"Dnscache", "Running", "Automatic"},
		{"LanmanServer", "Running", "Automatic"},
		{"Spooler", "Stopped", "Disabled"},
		{"TermService", h.TermService.Status, h.TermService.StartType},
		{"W32Time", "Running", "Automatic"},
	}
	if h.Agent == LaunchV2 {
		list = append(list, [3]string{"Amazon EC2Launch", "Stopped", "Automatic"})
	}
	netlogon := [3]string{"Netlogon", "Stopped", "Manual"}
	if h.Domain != "" {
		netlogon = [3]string{"Netlogon", "Running", "Automatic"}
	}
	return append(list, netlogon)
}

// first reports whether the last start was the first after Setup.
func (h *Host) first() bool { return !h.Installed.Before(h.Booted.Add(-10 * time.Minute)) }

// Console is what the launch agent wrote to the console at the last start (domain.md
// §9.2). Of the launch agents v1 writes at the first start only; a password is
// written where one was set.
func (h *Host) Console(o Outside, image, password string) string {
	if h.Agent == LaunchV1 && !h.first() {
		return ""
	}
	var b strings.Builder
	at := h.Booted
	line := func(format string, args ...any) {
		at = at.Add(2 * time.Second)
		fmt.Fprintf(&b, at.UTC().Format("2006/01/02 15:04:05Z: ")+format+"\r\n", args...)
	}
	switch {
	case h.ImageState != "IMAGE_STATE_COMPLETE":
		// The agent waits for the end of the setup before it does anything else.
		line("Windows is being configured. SysprepState=%s", h.ImageState)
		return b.String()
	case h.first():
		line("Windows is being configured. SysprepState=IMAGE_STATE_UNDEPLOYABLE")
		line("Windows sysprep configuration complete.")
	}
	line("Message: Waiting for meta-data accessibility...")
	if !h.metadata(o) {
		return b.String()
	}
	line("Message: Meta-data is now available.")
	line("AMI Origin Name: %s", image)
	line("OS: Microsoft Windows NT 10.0.%d", h.Build)
	line("OsProductName: Windows Server %d Datacenter", h.release())
	line("Language: %s", map[int]string{Japanese: "ja-JP", English: "en-US"}[h.Language])
	line("TimeZone: %s", h.TimeZone)
	line("Launch: EC2 Launch %s", map[string]string{LaunchV1: "v1.3.2005119", LaunchV2: "v2.3.76"}[h.Agent])
	line("SSM: Amazon SSM Agent v%s", o.AgentVersion())
	line("RDPCERTIFICATE-SUBJECTNAME: %s", h.Name)
	line("RDPCERTIFICATE-THUMBPRINT: %s", strings.ToUpper(strings.ReplaceAll(guid("certificate/"+h.MachineGUID), "-", "")+"1a2b3c4d"))
	if password != "" && h.first() {
		line("Username: Administrator")
		line("Password: <Password>")
		b.WriteString(password + "\r\n</Password>\r\n")
	}
	line("User data format: no_user_data")
	line("Message: Windows is Ready to use")
	return b.String()
}

func (h *Host) release() Release {
	for year, r := range releases {
		if r.build == h.Build {
			return year
		}
	}
	return 0
}
