package lab

import (
	"errors"
	"fmt"
	"net"
	"net/netip"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/monshin/monshin/diagnose/lab/gateway"
	"github.com/monshin/monshin/diagnose/lab/windows"
)

// Documents of Session Manager that the lab opens. Without a name it is the first.
const (
	shellDocument          = "SSM-SessionManagerRunShell"
	interactiveDocument    = "AWS-StartInteractiveCommand"
	nonInteractiveDocument = "AWS-StartNonInteractiveCommand"
	portDocument           = "AWS-StartPortForwardingSession"
)

func sessionOperations() map[string]operation {
	return map[string]operation{
		"ssm:StartSession":     change(startSession),
		"ssm:ResumeSession":    on(resumeSession),
		"ssm:TerminateSession": change(terminateSession),
		"kms:GenerateDataKey":  on(generateDataKey),
	}
}

// sessions are Session Manager's sessions of one account, and the gateway on loopback
// over which they run. They end with the process, and are in no state file.
type sessions struct {
	lab     *Lab
	gateway *gateway.Gateway // guarded by world.mu; nil until the first session
}

// open opens the gateway where there is none yet.
func (s *sessions) open() (*gateway.Gateway, error) {
	if s.gateway != nil {
		return s.gateway, nil
	}
	g, err := gateway.Listen(gateway.Options{Region: s.lab.scenario.Region, Credentials: s.lab.Config().Credentials})
	if err == nil {
		s.gateway = g
	}
	return g, err
}

// Close ends the sessions that are open. A lab without any needs no Close.
func (l *Lab) Close() {
	l.world.mu.Lock()
	g := l.world.sessions.gateway
	l.world.sessions.gateway = nil
	l.world.mu.Unlock()
	if g != nil {
		g.Close() // what ends behind a session looks at the account
	}
}

// Sessions is the gateway of the sessions that were opened, so that a test can do to
// them what networks do; nil where there were none.
func (l *Lab) Sessions() *gateway.Gateway {
	l.world.mu.Lock()
	defer l.world.mu.Unlock()
	return l.world.sessions.gateway
}

func startSession(w *World, r *request, in *ssm.StartSessionInput) (*ssm.StartSessionOutput, error) {
	target := aws.ToString(in.Target)
	n := w.node(target)
	if n == nil || !n.Connected {
		return nil, fail("TargetNotConnected", "%s is not connected.", target)
	}
	spec := gateway.Spec{Target: target, Owner: w.caller().Session, Agent: n.Agent, KMSKey: w.SessionKey}
	if spec.Owner == "" {
		spec.Owner = w.caller().User
	}
	// The agent's console hands UTF-8 on, whatever code page Windows has.
	seat := windows.Seat{CodePage: 65001}
	command := in.Parameters["command"]
	switch aws.ToString(in.DocumentName) {
	case "", shellDocument:
	case interactiveDocument, nonInteractiveDocument:
		if len(command) != 1 || command[0] == "" {
			return nil, fail("ValidationException", "Parameter command is required")
		}
		seat.Command, spec.Type = command[0], gateway.NonInteractive
		if aws.ToString(in.DocumentName) == interactiveDocument {
			spec.Type = gateway.Interactive
		}
	case portDocument:
		port := in.Parameters["portNumber"]
		if len(port) != 1 || len(in.Parameters["localPortNumber"]) != 1 {
			return nil, fail("ValidationException", "Parameter portNumber is required")
		}
		spec.Type, spec.Properties = gateway.Port, gateway.PortProperties(port[0], in.Parameters["localPortNumber"][0])
		spec.Open = func() (gateway.Endpoint, error) { return gateway.NewPorts(nobody), nil }
	default:
		return nil, fail("InvalidDocument", "lab: Document with name %s is not among those of sessions here.", aws.ToString(in.DocumentName))
	}
	i := w.Instances[target]
	seat.Address = i.IP
	if p, err := netip.ParsePrefix(w.subnet(i.Subnet).CIDR); err == nil {
		seat.Mask = net.IP(net.CIDRMask(p.Bits(), 32)).String()
	}
	if spec.Type != gateway.Port {
		use := w.sessions.lab.seatAt(target)
		spec.Open = func() (gateway.Endpoint, error) { return windows.Sit(use, seat), nil }
	}
	g, err := w.sessions.open()
	if err != nil {
		return nil, err
	}
	t, err := g.Start(spec)
	if err != nil {
		return nil, err
	}
	// CloudTrail has the id and not the token.
	r.told = true
	asked := trailed(in)
	e := at(w.Now, "StartSession", w.caller(), asked, map[string]any{
		"sessionId": t.SessionID, "streamUrl": t.URL, "tokenValue": "Value hidden due to security reasons.",
	})
	e.Source, e.Resources = "ssm.amazonaws.com", resourcesIn(asked)
	w.addEvent(e)
	return &ssm.StartSessionOutput{SessionId: aws.String(t.SessionID), TokenValue: aws.String(t.Token), StreamUrl: aws.String(t.URL)}, nil
}

// nobody answers at the ports of a simulated Windows: what speaks behind them is not
// modelled.
func nobody() (net.Conn, error) { return nil, errors.New("lab: no service is behind this port") }

// seatAt lets a session use the Windows of an instance, as a call of the account
// does: nobody else changes anything meanwhile, the servers follow, and the change is
// on disk before its answer is seen.
func (l *Lab) seatAt(instance string) windows.Use {
	return func(do func(*windows.Host, windows.Surroundings) bool) error {
		w := l.world
		w.mu.Lock()
		defer w.mu.Unlock()
		if l.file.broken != nil {
			return l.file.broken
		}
		i := w.Instances[instance]
		if i == nil || !i.Terminated.IsZero() || i.State != "running" {
			return fmt.Errorf("%s does not run", instance)
		}
		before := w.agents()
		if do(i.Windows, outside{w, i}) {
			w.restartAgent(i, restartTakes)
		}
		w.follow(before)
		return l.save()
	}
}

func resumeSession(w *World, _ *request, in *ssm.ResumeSessionInput) (*ssm.ResumeSessionOutput, error) {
	id := aws.ToString(in.SessionId)
	g := w.gateway()
	if g == nil || g.Session(id) == nil {
		return nil, fail("DoesNotExistException", "Session %s does not exist", id)
	}
	out := &ssm.ResumeSessionOutput{SessionId: aws.String(id)}
	if t, ok := g.Resume(id); ok {
		out.TokenValue, out.StreamUrl = aws.String(t.Token), aws.String(t.URL)
	}
	return out, nil
}

func terminateSession(w *World, _ *request, in *ssm.TerminateSessionInput) (*ssm.TerminateSessionOutput, error) {
	id := aws.ToString(in.SessionId)
	if g := w.gateway(); g == nil || !g.Terminate(id) {
		return nil, fail("DoesNotExistException", "Session %s does not exist", id)
	}
	return &ssm.TerminateSessionOutput{SessionId: aws.String(id)}, nil
}

// generateDataKey is KMS for sessions: of the one key that the account's preferences
// can name.
func generateDataKey(w *World, _ *request, in *kms.GenerateDataKeyInput) (*kms.GenerateDataKeyOutput, error) {
	g, key := w.gateway(), aws.ToString(in.KeyId)
	if g == nil || key != w.SessionKey {
		return nil, fail("NotFoundException", "Key '%s' does not exist", key)
	}
	plain, blob, err := g.DataKey(key, in.EncryptionContext, int(aws.ToInt32(in.NumberOfBytes)))
	if err != nil {
		return nil, fail("ValidationException", "%s", err)
	}
	return &kms.GenerateDataKeyOutput{KeyId: aws.String(key), Plaintext: plain, CiphertextBlob: blob}, nil
}

// gateway is that of the sessions, nil where none was opened.
func (w *World) gateway() *gateway.Gateway {
	if w.sessions == nil {
		return nil // another region
	}
	return w.sessions.gateway
}
