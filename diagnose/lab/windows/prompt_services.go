package windows

import (
	"slices"
	"strings"
)

func servicePrograms() map[string]program {
	return map[string]program{
		"Get-Service": (*run).getService, "Restart-Service": (*run).changeService, "Start-Service": (*run).changeService,
		"Stop-Service": (*run).changeService, "Set-Service": (*run).setService,
	}
}

const agentService = "AmazonSSMAgent"

// displayNames are what the list of services calls them; a Japanese Windows does not
// translate these.
var displayNames = map[string]string{
	agentService: "Amazon SSM Agent", "Dnscache": "DNS Client", "LanmanServer": "Server", "Spooler": "Print Spooler",
	"TermService": "Remote Desktop Services", "W32Time": "Windows Time", "Amazon EC2Launch": "Amazon EC2Launch", "Netlogon": "Netlogon",
}

// services are those of inventory, with the agent as it is.
func (r *run) services() [][3]string {
	all := slices.DeleteFunc(r.h.Services(), func(s [3]string) bool { return s[1] == "Missing" })
	for n := range all {
		if all[n][0] == agentService {
			all[n][1] = r.h.SSMAgent.Status
		}
	}
	slices.SortFunc(all, func(a, b [3]string) int { return strings.Compare(strings.ToLower(a[0]), strings.ToLower(b[0])) })
	return all
}

func (r *run) getService(c command) (result, bool) {
	b, ok := r.bind(c, "Name 0")
	if !ok {
		return result{}, false
	}
	v := result{columns: []string{"Status", "Name", "DisplayName"}}
	wanted := b["Name"]
	if wanted == nil {
		wanted = []string{"*"}
		r.out.WriteString(r.shell.note("only the services that matter here are simulated.", "模擬の対象は、この調査に関係するサービスのみ。") + "\n")
	}
	for _, name := range wanted {
		found := false
		for _, s := range r.services() {
			if wildcard(name, s[0]) {
				found = true
				v.objects = append(v.objects, object{{"Status", s[1]}, {"Name", s[0]}, {"DisplayName", displayNames[s[0]]}, {"StartType", s[2]}})
			}
		}
		if !found {
			r.noService(c[0].text, name)
			ok = false
		}
	}
	return v, ok || len(v.objects) > 0
}

func (r *run) noService(cmdlet, name string) bool {
	return r.fail(cmdlet, "Cannot find any service with service name '"+name+"'.", "サービス名 '"+name+"' のサービスが見つかりません。")
}

// changeService starts, stops or restarts the SSM Agent or Remote Desktop Services.
func (r *run) changeService(c command) (result, bool) {
	b, ok := r.bind(c, "Name 0", "Force ?")
	if !ok {
		return result{}, false
	}
	verb := strings.ToLower(c[0].text)
	for _, name := range b["Name"] {
		h := r.h
		n := slices.IndexFunc(r.services(), func(s [3]string) bool { return strings.EqualFold(s[0], name) })
		if n < 0 {
			return result{}, r.noService(c[0].text, name)
		}
		name = r.services()[n][0]
		start := h.TermService.StartType
		if name == agentService {
			start = h.SSMAgent.StartType
		}
		switch {
		case name != agentService && name != "TermService":
			return result{}, r.beyond(c[0].text, name)
		case verb != "stop-service" && start == "Disabled":
			full := displayNames[name] + " (" + name + ")"
			return result{}, r.fail(c[0].text, "Service '"+full+"' cannot be started due to the following error: Cannot start service "+name+" on computer '.'.",
				"次のエラーのため、サービス '"+full+"' を開始できません: コンピューター '.' でサービス "+name+" を開始できません。")
		case name == agentService && verb == "stop-service":
			h.SSMAgent.Status = "Stopped"
			r.ended = true // with the agent goes the session
			r.out.WriteString(r.shell.note("without the agent this session ends, and no other starts.", "SSM Agent の停止によりセッションは終了。新しいセッションも開始できない。") + "\n")
		case name == agentService:
			r.restarted = h.restartAgent()
		case verb == "stop-service":
			_ = h.putDesktop("", "", "Stopped") // the service is in the list
		default:
			_ = h.putDesktop("", "", "Running")
		}
	}
	return result{}, len(b["Name"]) > 0 || r.beyond(c[0].text, "")
}

// setService sets how a service starts.
func (r *run) setService(c command) (result, bool) {
	b, ok := r.bind(c, "Name 0", "StartupType")
	if !ok {
		return result{}, false
	}
	var start string
	for _, s := range []string{"Automatic", "Manual", "Disabled"} {
		if strings.EqualFold(s, b.get("StartupType")) {
			start = s
		}
	}
	switch name := b.get("Name"); {
	case start == "":
		return result{}, r.beyond(c[0].text, "-StartupType "+b.get("StartupType"))
	case strings.EqualFold(name, agentService):
		r.h.SSMAgent.StartType = start
	case strings.EqualFold(name, "TermService"):
		if r.h.putDesktop("", start, "") != nil {
			return result{}, r.noService(c[0].text, name)
		}
	default:
		return result{}, r.beyond(c[0].text, name)
	}
	return result{}, true
}
