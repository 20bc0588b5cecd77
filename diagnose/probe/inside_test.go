package probe

import (
	"slices"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
)

// inWindows adds what Windows itself and the witnesses beside it say of the
// instance in good order: Windows Server 2019 in Japanese with EC2Launch v1.
func inWindows(e *estate.Estate) {
	born := lmNow().Add(-72 * time.Hour)
	asked := fact.Origin{Source: fact.Guest, Call: "ssm:SendCommand", Time: lmNow()}
	yes := true
	seven, offset := 7, 0.4
	e.Put(estate.GuestIdentityPart.Part(lmInstance, fact.Known(estate.GuestIdentity{
		Host: "EC2AMAZ-7Q2K9D1", Domain: lmFQDN, Joined: true, Role: 3,
		MachineSID: "S-1-5-21-1111111111-2222222222-3333333333", Build: 17763, UBR: 6414, Language: 1041,
		Installed: born.Add(4 * time.Minute), Booted: born.Add(9 * time.Minute),
		ImageState: setupComplete, Generalization: &seven, SecureChannel: &yes,
	}, asked)))
	e.Put(estate.GuestActivationPart.Part(lmInstance, fact.Known(estate.GuestActivation{
		Products: []estate.GuestLicense{
			{Name: "Windows(R), ServerDatacenter edition", Description: "Windows(R) Operating System, VOLUME_KMSCLIENT channel",
				Application: windowsApplication, Status: 1, PartialKey: "X3D3F", KMSHost: "169.254.169.250", KMSPort: 1688},
			{Name: "Office 21, Office21ProPlus2021VL_KMS_Client_AE edition", Description: "Office 21, VOLUME_KMSCLIENT channel",
				Application: officeApplication, Status: 1, KMSHost: "license.example"},
		},
		Routes: routesTo("10.0.1.1", "10.0.1.1"), Ports: map[string]string{"169.254.169.250:1688": "ok", "169.254.169.251:1688": "ok", "169.254.169.254:80": "ok"},
		UTC: lmNow(), ClockOffset: &offset, TimeZone: "Tokyo Standard Time", V1: true,
	}, asked)))
	e.Put(estate.GuestLaunchPart.Part(lmInstance, fact.Known(estate.GuestLaunch{
		Agent: "v1", PasswordType: "DoNothing", LocalAdmins: []estate.GuestAccount{{Name: "Administrator", RID: 500}},
		SSMAgent: estate.GuestService{Status: "Running", StartType: "Automatic"},
	}, asked)))
	// Heartbeats are missing, so that the agent's service is asked for at all.
	lmPut(e, estate.ManagedNodePart, lmInstance, estate.ManagedNode{ID: lmInstance, PingStatus: "ConnectionLost", LastPing: lmNow().Add(-time.Hour), ComputerName: "EC2AMAZ-7Q2K9D1." + lmFQDN})
	lmPut(e, estate.ConsolePart, lmInstance, estate.Console{Time: born.Add(10 * time.Minute), LaunchAgent: "EC2Launch v1", AgentVersion: "3.3.131.0", Ready: true, Password: true})
	lmPut(e, estate.InventoryPart, lmInstance, estate.Inventory{
		Captured: lmNow().Add(-6 * time.Hour), Gateways: []string{"10.0.1.1"}, DNS: []string{"10.0.2.10"},
		Services: []estate.InventoryService{{Name: agentService, Status: "Running", StartType: "Automatic"}},
		Updates:  []estate.InventoryUpdate{{HotFix: "KB5000001", Installed: lmNow().Add(-30 * 24 * time.Hour)}},
	})
	lmAbsent(e, estate.PatchesPart, lmInstance)
	lmPut(e, estate.ScreenshotPart, lmInstance, estate.Screenshot{Taken: lmNow(), Width: 1024, Height: 768, Size: 3000, JPEG: []byte("picture")})
}

// routesTo is the table of EC2Launch v1: routes to the KMS hosts in both stores.
func routesTo(gateway, kept string) []estate.GuestRoute {
	var out []estate.GuestRoute
	out = append(out, estate.GuestRoute{Store: "ActiveStore", Destination: "0.0.0.0/0", NextHop: gateway})
	for _, host := range []string{"169.254.169.250/32", "169.254.169.251/32", "169.254.169.254/32"} {
		out = append(out, estate.GuestRoute{Store: "ActiveStore", Destination: host, NextHop: kept},
			estate.GuestRoute{Store: "PersistentStore", Destination: host, NextHop: kept})
	}
	return out
}

// notAsked is the estate without consent: nothing from inside Windows.
func notAsked(e *estate.Estate) {
	for _, k := range e.Keys() {
		if kind, _ := estate.Lookup(k.Kind); kind.Touches() {
			e.Put(kind.Unknown(k.ID, fact.Why{Reason: fact.NeedsGuest, Action: "ssm:SendCommand"}))
		}
	}
}

// inside edits what a part from inside Windows says, as a script's answer.
func inside[T any](k estate.Kind[T], change func(*T)) func(*estate.Estate) {
	return func(e *estate.Estate) {
		f, _ := e.Fact(k.Key(lmInstance))
		v := f.(fact.Of[T]).Value()
		change(&v)
		e.Put(k.Part(lmInstance, fact.Known(v, f.Origin())))
	}
}

// all makes several changes.
func all(changes ...func(*estate.Estate)) func(*estate.Estate) {
	return func(e *estate.Estate) {
		for _, c := range changes {
			c(e)
		}
	}
}

// ownImage gives the instance an image of the account's own, two days older than
// itself, and other instances of it.
func ownImage(peers ...estate.Peer) func(*estate.Estate) {
	return func(e *estate.Estate) {
		lmSelfImage(e, "", peers...)
		lmChange(e, estate.ImagePart, lmImage, func(i *estate.Image) { i.Created = lmNow().Add(-120 * time.Hour) })
	}
}

// insideCases are what the guest's facts decide beside the activation.
func insideCases() []lmCase {
	ok, na := []string{"ok"}, []string{"not-applicable"}
	identity := func(change func(*estate.GuestIdentity)) func(*estate.Estate) {
		return inside(estate.GuestIdentityPart, change)
	}
	launch := func(change func(*estate.GuestLaunch)) func(*estate.Estate) {
		return inside(estate.GuestLaunchPart, change)
	}
	long := func(i *estate.GuestIdentity) { i.Installed = lmNow().Add(-400 * 24 * time.Hour) }
	unread := func(i *estate.GuestIdentity) { i.Installed = time.Time{} }
	three := 3
	v2 := func(build, ubr int) func(*estate.Estate) {
		return all(identity(func(i *estate.GuestIdentity) { long(i); i.Build, i.UBR, i.Language = build, ubr, 1033 }),
			launch(func(l *estate.GuestLaunch) {
				l.Agent, l.PasswordType, l.Skipped, l.RunOnce = "v2", "random", true, lmNow().Add(-390*24*time.Hour)
			}))
	}
	copied := func(more ...string) []string {
		return append([]string{"problem", "clone.not-generalized@" + lmImage + " likely"}, more...)
	}
	shared := "clone.duplicate-sid@" + lmImage + " likely"
	stuck := func(c string) []string { return []string{"problem", "clone.sysprep-stuck@" + lmInstance + " " + c} }
	events := func(age time.Duration) func(*estate.Estate) {
		return identity(func(i *estate.GuestIdentity) { i.Mismatches = []time.Time{lmNow().Add(-age)} })
	}
	from := func(answer string) func(*estate.Estate) {
		return func(e *estate.Estate) { e.Answers[estate.AnswerFrom] = answer }
	}
	client := func(image, name string) func(*estate.Estate) {
		return func(e *estate.Estate) {
			lmPut(e, estate.InstancePart, lmClient, estate.Instance{ID: lmClient, State: "running", ImageID: image, Platform: "windows"})
			lmPut(e, estate.ManagedNodePart, lmClient, estate.ManagedNode{ID: lmClient, ComputerName: name})
		}
	}
	named := []string{"problem", "clone.authentication-blocked@" + lmInstance + " likely"}
	blocked := append(slices.Clone(named), "clone.not-generalized@"+lmImage+" likely")
	risk := func(more ...string) []string {
		return append([]string{"problem", "clone.authentication-blocked@" + lmInstance + " likely info"}, more...)
	}
	is := func(p patientEdit) func(*estate.Estate) {
		return func(e *estate.Estate) { lmChange(e, estate.InstancePart, lmInstance, p) }
	}
	plain := is(func(i *estate.Instance) { i.ProductCodes, i.Tags = nil, nil })
	workgroup := identity(func(i *estate.GuestIdentity) {
		i.Joined, i.Domain, i.Role, i.SecureChannel = false, "WORKGROUP", 2, nil
	})
	online := func(e *estate.Estate) {
		lmChange(e, estate.ManagedNodePart, lmInstance, func(n *estate.ManagedNode) {
			n.PingStatus, n.LastPing = "Online", lmNow().Add(-time.Minute)
		})
	}
	healthy := func(e *estate.Estate) {
		lmPut(e, estate.StatusPart, lmInstance, estate.InstanceStatus{System: "ok", Instance: "ok"})
	}
	inventory := func(status, start string) func(*estate.Estate) {
		return func(e *estate.Estate) {
			lmChange(e, estate.InventoryPart, lmInstance, func(i *estate.Inventory) {
				i.Services = []estate.InventoryService{{Name: "amazonssmagent", Status: status, StartType: start}}
			})
		}
	}
	service := func(status, start string) func(*estate.Estate) {
		return launch(func(l *estate.GuestLaunch) { l.SSMAgent = estate.GuestService{Status: status, StartType: start} })
	}
	agentStopped := func(c string) []string { return []string{"problem", "ssm.agent-stopped@" + lmInstance + " " + c} }
	admins := func(accounts ...estate.GuestAccount) func(*estate.Estate) {
		return launch(func(l *estate.GuestLaunch) { l.LocalAdmins = accounts })
	}
	console := func(c estate.Console) func(*estate.Estate) {
		return func(e *estate.Estate) { lmPut(e, estate.ConsolePart, lmInstance, c) }
	}
	noPassword := func(e *estate.Estate) { lmPut(e, estate.PasswordPart, lmInstance, estate.Password{}) }
	never := []string{"problem", "password.not-generated@" + lmInstance + " proven"}
	notSet := []string{"problem", "password.not-generated@" + lmInstance + " likely"}

	return []lmCase{
		{"set up anew", "clone.sid", ownImage(), ok},
		{"2016, v1, copied, alone", "clone.sid", all(ownImage(), identity(func(i *estate.GuestIdentity) { long(i); i.Build = 14393 })), copied()},
		{"2019, v1, copied, stale routes", "clone.sid", all(ownImage(lmPeer("i-2", "EC2AMAZ-7Q2K9D1")), identity(long),
			inside(estate.GuestActivationPart, func(a *estate.GuestActivation) { a.Routes = routesTo("10.0.1.1", "10.0.9.1") })), copied(shared)},
		{"2022, v2, English, copied", "clone.sid", all(ownImage(lmPeer(lmInstance, "A"), lmPeer("i-2", "B")), v2(20348, 2402)), copied(shared)},
		{"2025 as released, v2, copied", "clone.sid", all(ownImage(lmPeer("i-2", "B")), v2(26100, 1742)), copied(shared)},
		{"2025, v2, copied", "clone.sid", all(ownImage(lmPeer("i-2", "B")), v2(26100, 6584)), copied(shared + " error")},
		{"the other is gone", "clone.sid", all(ownImage(estate.Peer{ID: "i-2", State: "terminated"}), identity(long)), copied()},
		{"the source lives", "clone.sid", all(ownImage(), identity(long), func(e *estate.Estate) {
			lmChange(e, estate.ImagePart, lmImage, func(i *estate.Image) { i.SourceInstance = "i-source" })
			lmPut(e, estate.InstancePart, "i-source", estate.Instance{ID: "i-source", State: "stopped"})
		}), copied(shared)},
		{"siblings denied", "clone.sid", all(ownImage(), identity(long), func(e *estate.Estate) { lmDeny(e, estate.SiblingsPart.Key(lmImage)) }), copied()},
		{"only its volume was exchanged", "clone.sid", all(ownImage(), func(e *estate.Estate) {
			lmChange(e, estate.ImagePart, lmImage, func(i *estate.Image) { i.Created = lmNow().Add(-500 * 24 * time.Hour) })
		}, identity(long)), ok},
		{"the image is gone", "clone.sid", all(identity(long), func(e *estate.Estate) {
			lmAbsent(e, estate.ImagePart, lmImage)
			lmPut(e, estate.SiblingsPart, lmImage, estate.Peers{Complete: true})
		}), copied()},
		{"a launch agent that was not reset, in a Windows that was", "clone.sid", all(ownImage(), v2(20348, 2402), identity(func(i *estate.GuestIdentity) {
			i.Installed = lmNow().Add(-71 * time.Hour)
		})), ok},
		{"no install date, and nothing else", "clone.sid", all(ownImage(), identity(unread)), []string{"unknown", "not-recorded"}},
		{"no install date, one sign", "clone.sid", all(ownImage(), identity(unread), launch(func(l *estate.GuestLaunch) { l.Skipped = true })),
			[]string{"problem", "clone.not-generalized@" + lmImage + " possible"}},
		{"no install date, three signs", "clone.sid", all(ownImage(lmPeer("i-2", "ec2amaz-7q2k9d1")), v2(20348, 2402), identity(unread)), copied(shared)},
		{"nobody knows when it was made", "clone.sid", all(ownImage(), is(func(i *estate.Instance) { i.LaunchTime, i.RootAttached = time.Time{}, time.Time{} })), []string{"unknown", "not-recorded"}},
		{"no image id", "clone.sid", is(func(i *estate.Instance) { i.ImageID = "" }), []string{"unknown", "not-recorded"}},
		{"a domain controller", "clone.sid", all(ownImage(), identity(func(i *estate.GuestIdentity) { i.Role, i.MachineSID, i.SecureChannel = 5, "", nil })), na},
		{"stuck in Sysprep", "clone.sid", identity(func(i *estate.GuestIdentity) { i.ImageState = "IMAGE_STATE_UNDEPLOYABLE" }), stuck("proven")},
		{"stuck, image denied", "clone.sid", all(identity(func(i *estate.GuestIdentity) { i.ImageState = "IMAGE_STATE_UNDEPLOYABLE" }),
			func(e *estate.Estate) { lmDeny(e, estate.ImagePart.Key(lmImage)) }), append(stuck("proven"), "denied")},
		{"generalization stuck", "clone.sid", all(ownImage(), identity(func(i *estate.GuestIdentity) { i.Generalization = &three })), stuck("likely")},
		{"in its setup", "clone.sid", identity(func(i *estate.GuestIdentity) {
			i.ImageState, i.Booted = "IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE", lmNow().Add(-2*time.Minute)
		}), []string{"unknown", "too-early"}},
		{"in its setup, with the install date of the image", "clone.sid", all(ownImage(), identity(func(i *estate.GuestIdentity) {
			long(i)
			i.ImageState, i.Booted = "IMAGE_STATE_UNDEPLOYABLE", lmNow().Add(-2*time.Minute)
		})), []string{"unknown", "too-early"}},
		{"no image state", "clone.sid", identity(func(i *estate.GuestIdentity) { i.ImageState = "" }), []string{"unknown", "not-recorded"}},
		{"refused by Windows", "clone.sid", all(ownImage(), func(e *estate.Estate) { lmDeny(e, estate.GuestIdentityPart.Key(lmInstance)) }), []string{"unknown", "denied"}},

		{"no 6167", "clone.authentication", nil, ok},
		{"no 6167, set up anew", "clone.authentication", ownImage(), ok},
		{"no 6167, a copy all the same", "clone.authentication", all(ownImage(), identity(long)), []string{"problem", "clone.not-generalized@" + lmImage + " likely info"}},
		{"no 6167, an old AWS image", "clone.authentication", identity(long), ok},
		{"no 6167, old, the image denied", "clone.authentication", all(identity(long), func(e *estate.Estate) { lmDeny(e, estate.ImagePart.Key(lmImage)) }), []string{"unknown", "denied"}},
		{"no 6167, the image denied", "clone.authentication", func(e *estate.Estate) { lmDeny(e, estate.ImagePart.Key(lmImage)) }, ok},
		{"6167 not to be read", "clone.authentication", identity(func(i *estate.GuestIdentity) { i.Unread = estate.GuestUnread{"mismatches"} }), []string{"unknown", "not-recorded"}},
		{"6167, a copy signs in", "clone.authentication", all(ownImage(), events(time.Hour), from(lmClient), client(lmImage, "BASTION")), blocked},
		{"6167, the source signs in", "clone.authentication", all(ownImage(), events(time.Hour), from(lmClient), client("ami-other", "BASTION"), func(e *estate.Estate) {
			lmChange(e, estate.ImagePart, lmImage, func(i *estate.Image) { i.SourceInstance = lmClient })
		}), blocked},
		{"6167, one of the same name signs in", "clone.authentication", all(events(time.Hour), from(lmClient), client("ami-other", "ec2amaz-7q2k9d1")), named},
		{"6167, another of the Marketplace image", "clone.authentication", all(events(time.Hour), from(lmClient), client(lmImage, "BASTION")), risk()},
		{"6167, another server signs in", "clone.authentication", all(ownImage(), events(time.Hour), from(lmClient), client("ami-other", "BASTION")), risk()},
		{"6167, an office PC", "clone.authentication", all(ownImage(), events(time.Hour), from("203.0.113.10")), risk()},
		{"6167, a private address", "clone.authentication", all(ownImage(), events(time.Hour), from("10.0.0.0/8")), risk("needs-answer")},
		{"6167, nobody said from where", "clone.authentication", all(ownImage(), events(time.Hour)), risk("needs-answer")},
		{"6167, no address", "clone.authentication", all(ownImage(), events(time.Hour), from("the office")), risk("needs-answer")},
		{"6167, from nowhere", "clone.authentication", all(ownImage(), events(time.Hour), from(lmClient), func(e *estate.Estate) {
			lmAbsent(e, estate.InstancePart, lmClient)
			lmAbsent(e, estate.ManagedNodePart, lmClient)
		}), risk("needs-answer")},
		{"6167 three days ago, a copy", "clone.authentication", all(ownImage(), events(72*time.Hour), from(lmClient), client(lmImage, "BASTION")), risk()},

		{"a member", "ad.join", nil, ok},
		{"in a workgroup, License Manager's", "ad.join", workgroup, []string{"problem", "ad.not-joined@" + lmInstance + " proven"}},
		{"License Manager is still at it", "ad.join", all(workgroup, is(func(i *estate.Instance) { i.LaunchTime = lmNow().Add(-5 * time.Minute) })), []string{"unknown", "too-early"}},
		{"in a workgroup, and needs none", "ad.join", all(plain, workgroup), na},
		{"in a workgroup, nobody knows the domain", "ad.join", all(plain, workgroup, func(e *estate.Estate) { e.Answers[estate.AnswerADDomain] = "" }), []string{"unknown", "needs-answer"}},
		{"in a workgroup, a domain was named", "ad.join", all(plain, workgroup, func(e *estate.Estate) { e.Answers[estate.AnswerADDomain] = "other.example" }),
			[]string{"problem", "ad.not-joined@" + lmInstance + " proven"}},
		{"a member of another domain", "ad.join", identity(func(i *estate.GuestIdentity) { i.Domain = "old.example" }), []string{"problem", "ad.not-joined@" + lmInstance + " likely"}},
		{"a member of another domain, by a second source", "ad.join", all(identity(func(i *estate.GuestIdentity) { i.Domain = "old.example" }), func(e *estate.Estate) {
			lmDeny(e, estate.IdentityProvidersPart.Key(""), estate.LicensedInstancesPart.Key(""))
		}), []string{"unknown", "blocked-by"}},
		{"a member by its short name", "ad.join", identity(func(i *estate.GuestIdentity) { i.Domain = "CORP" }), ok},
		{"the channel is broken", "ad.join", identity(func(i *estate.GuestIdentity) { f := false; i.SecureChannel = &f }),
			[]string{"problem", "ad.secure-channel-broken@" + lmInstance + " proven"}},
		{"the channel cannot be tested", "ad.join", identity(func(i *estate.GuestIdentity) { i.SecureChannel = nil }), []string{"unknown", "not-recorded"}},
		{"a controller has no channel", "ad.join", all(plain, identity(func(i *estate.GuestIdentity) { i.Role, i.SecureChannel = 5, nil })), ok},

		{"its heartbeat", "agent.service", online, ok},
		{"runs, without a heartbeat", "agent.service", nil, ok},
		{"stopped", "agent.service", service("Stopped", "Disabled"), agentStopped("proven")},
		{"not there", "agent.service", service("Missing", ""), agentStopped("proven")},
		{"starting", "agent.service", service("StartPending", "Automatic"), []string{"unknown", "not-modelled"}},
		{"nobody said", "agent.service", service("", ""), []string{"unknown", "not-recorded"}},
		{"disabled by the inventory", "agent.service", all(notAsked, inventory("Running", "Disabled")), agentStopped("likely")},
		{"stopped by the inventory", "agent.service", all(notAsked, inventory("Stopped", "Automatic")), agentStopped("likely")},
		{"never registered", "agent.service", all(notAsked, func(e *estate.Estate) { lmAbsent(e, estate.ManagedNodePart, lmInstance) }), []string{"unknown", "needs-guest"}},

		{"nobody extra", "license.local-administrators", nil, ok},
		{"a domain's only", "license.local-administrators", admins(), ok},
		{"one extra", "license.local-administrators", admins(estate.GuestAccount{Name: "Administrator", RID: 500}, estate.GuestAccount{Name: "保守", RID: 1003, Disabled: true}),
			[]string{"problem", "license.local-administrators@" + lmInstance + " proven"}},
		{"a session's", "license.local-administrators", admins(estate.GuestAccount{Name: "ssm-user", RID: 1001}), []string{"problem", "license.local-administrators@" + lmInstance + " possible info"}},
		{"not to be read", "license.local-administrators", launch(func(l *estate.GuestLaunch) { l.LocalAdmins, l.Unread = nil, estate.GuestUnread{"local_admins"} }), []string{"unknown", "not-recorded"}},
		{"of the dead", "license.local-administrators", lmDead, na},
		{"of others", "license.local-administrators", plain, na},

		{"ready", "instance.console", nil, ok},
		{"waits for metadata", "instance.console", console(estate.Console{Waiting: true}), na},
		{"in its setup", "instance.console", console(estate.Console{Sysprep: "IMAGE_STATE_UNDEPLOYABLE"}), na},
		{"says nothing", "instance.console", console(estate.Console{Empty: true}), na},
		{"console denied", "instance.console", func(e *estate.Estate) { lmDeny(e, estate.ConsolePart.Key(lmInstance)) }, []string{"unknown", "denied"}},

		{"a picture of what is silent", "instance.screen", healthy, na},
		{"no picture of what answers", "instance.screen", all(online, healthy, func(e *estate.Estate) { e.Remove(estate.ScreenshotPart.Key(lmInstance)) }), na},
		{"a picture where a check failed", "instance.screen", all(online, func(e *estate.Estate) {
			lmPut(e, estate.StatusPart, lmInstance, estate.InstanceStatus{System: "ok", Instance: "impaired"})
			lmDeny(e, estate.ScreenshotPart.Key(lmInstance))
		}), []string{"unknown", "denied"}},
		{"a picture for RDP", "rdp.screen", all(online, healthy), na},
		{"EC2 has no picture", "rdp.screen", func(e *estate.Estate) { lmAbsent(e, estate.ScreenshotPart, lmInstance) }, na},
		{"a picture refused", "rdp.screen", func(e *estate.Estate) { lmDeny(e, estate.ScreenshotPart.Key(lmInstance)) }, []string{"unknown", "denied"}},
		{"no picture of the dead", "rdp.screen", lmDead, na},

		{"nothing new", "instance.records", nil, ok},
		{"patched last night", "instance.records", func(e *estate.Estate) {
			lmPut(e, estate.PatchesPart, lmInstance, []estate.Patch{
				{KB: "KB5064081", State: "Installed", Installed: lmNow().Add(-9 * time.Hour)}, {KB: "KB2", State: "Failed", Installed: lmNow().Add(-9 * time.Hour)},
			})
		}, ok},
		{"no inventory", "instance.records", func(e *estate.Estate) { lmAbsent(e, estate.InventoryPart, lmInstance) }, na},
		{"inventory denied", "instance.records", func(e *estate.Estate) { lmDeny(e, estate.InventoryPart.Key(lmInstance)) }, []string{"unknown", "denied"}},
		{"not registered", "instance.records", func(e *estate.Estate) { lmAbsent(e, estate.ManagedNodePart, lmInstance) }, na},

		{"of an AWS image", "password.agent", nil, na},
		{"set up anew, v1", "password.agent", ownImage(), na},
		{"2016, v1, copied", "password.agent", all(ownImage(), identity(long)), notSet},
		{"2022, v2, copied", "password.agent", all(ownImage(), v2(20348, 2402)), notSet},
		{"2025, v2, copied, no log", "password.agent", all(ownImage(), v2(26100, 6584), launch(func(l *estate.GuestLaunch) { l.Skipped = false })), notSet},
		{"2019, v2, set up anew, restarted", "password.agent", all(ownImage(), launch(func(l *estate.GuestLaunch) {
			l.Agent, l.PasswordType, l.Skipped, l.RunOnce = "v2", "random", true, lmNow().Add(-71*time.Hour)
		})), ok},
		{"agent, the setup is stuck", "password.agent", all(ownImage(), identity(func(i *estate.GuestIdentity) { i.ImageState = "IMAGE_STATE_UNDEPLOYABLE" })), notSet},
		{"agent, in the setup", "password.agent", all(ownImage(), identity(func(i *estate.GuestIdentity) {
			i.ImageState, i.Booted = "IMAGE_STATE_UNDEPLOYABLE", lmNow().Add(-2*time.Minute)
		})), []string{"unknown", "too-early"}},
		{"agent, v2 that never ran", "password.agent", all(ownImage(), launch(func(l *estate.GuestLaunch) { l.Agent, l.PasswordType = "v2", "random" })), []string{"unknown", "not-recorded"}},
		{"a copied domain controller", "password.agent", all(ownImage(), identity(func(i *estate.GuestIdentity) { long(i); i.Role, i.MachineSID, i.SecureChannel = 5, "", nil })), na},
		{"EC2Config, copied", "password.agent", all(ownImage(), identity(long), launch(func(l *estate.GuestLaunch) { l.Agent, l.PasswordType = "ec2config", "" })),
			[]string{"unknown", "not-modelled"}},
		{"agent of a copy without a key pair", "password.agent", all(ownImage(), identity(long), is(func(i *estate.Instance) { i.KeyName = "" })), na},
		{"agent, no install date", "password.agent", all(ownImage(), identity(unread)), []string{"unknown", "not-recorded"}},
		{"agent, image denied", "password.agent", func(e *estate.Estate) { lmDeny(e, estate.ImagePart.Key(lmImage)) }, []string{"unknown", "denied"}},
		{"agent, nobody asked", "password.agent", all(ownImage(), notAsked), []string{"unknown", "needs-guest"}},
		{"agent, the dead", "password.agent", lmDead, na},
		{"never, skipped by v2", "password.data", all(noPassword, v2(20348, 2402), ownImage()), never},
		{"never, by a static password", "password.data", all(noPassword, launch(func(l *estate.GuestLaunch) { l.Agent, l.PasswordType = "v2", "static" })), never},
		{"never, without an agent", "password.data", all(noPassword, launch(func(l *estate.GuestLaunch) { l.Agent = "" })), never},
		{"never, and a silent console", "password.data", all(noPassword, console(estate.Console{Empty: true})), never},
		{"never, waiting for metadata", "password.data", all(noPassword, notAsked, console(estate.Console{Waiting: true})), never},
	}
}

// lmClient is the instance from which one signs in.
const lmClient = "i-0aaaaaaaaaaaaaaaa"
