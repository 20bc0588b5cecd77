package gateway

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
)

// call answers the calls that clients of the data channel make beside it, for
// clients that monshin did not write: AWS's JSON 1.1. Signatures are not checked here.
func (g *Gateway) call(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Target, DocumentName, SessionID, KeyID string
		Parameters                             map[string][]string
		NumberOfBytes                          int
		EncryptionContext                      map[string]string
	}
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err == nil {
		err = json.Unmarshal(b, &in)
	}
	if err != nil {
		refuse(w, "SerializationException", err.Error())
		return
	}
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	switch operation {
	case "StartSession":
		g.start(w, in.Target, in.DocumentName, in.Parameters)
	case "GetConnectionStatus":
		status := "notconnected"
		if g.options.Target != nil {
			if _, err := g.options.Target(in.Target, "", nil); err == nil {
				status = "connected"
			}
		}
		reply(w, map[string]any{"Target": in.Target, "Status": status})
	case "ResumeSession":
		t, ok := g.Resume(in.SessionID)
		if !ok {
			// That there is no token is how the service says that the session is gone.
			reply(w, map[string]any{"SessionId": in.SessionID})
			return
		}
		reply(w, ticketJSON(t))
	case "TerminateSession":
		if !g.Terminate(in.SessionID) {
			refuse(w, "DoesNotExistException", "Session "+in.SessionID+" does not exist")
			return
		}
		reply(w, map[string]any{"SessionId": in.SessionID})
	case "GenerateDataKey":
		plain, blob, err := g.DataKey(in.KeyID, in.EncryptionContext, in.NumberOfBytes)
		if err != nil {
			refuse(w, "ValidationException", err.Error())
			return
		}
		reply(w, map[string]any{"CiphertextBlob": blob, "Plaintext": plain, "KeyId": in.KeyID})
	default:
		refuse(w, "UnknownOperationException", r.Header.Get("X-Amz-Target"))
	}
}

func (g *Gateway) start(w http.ResponseWriter, target, document string, parameters map[string][]string) {
	if g.options.Target == nil {
		refuse(w, "TargetNotConnected", target+" is not connected.")
		return
	}
	spec, err := g.options.Target(target, document, parameters)
	if err != nil {
		refuse(w, "TargetNotConnected", err.Error())
		return
	}
	t, err := g.Start(spec)
	if err != nil {
		refuse(w, "InternalServerError", err.Error())
		return
	}
	reply(w, ticketJSON(t))
}

func ticketJSON(t Ticket) map[string]any {
	return map[string]any{"SessionId": t.SessionID, "TokenValue": t.Token, "StreamUrl": t.URL}
}

func reply(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	_, _ = w.Write(mustJSON(body)) // the client has gone otherwise
}

func refuse(w http.ResponseWriter, code, message string) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.Header().Set("X-Amzn-ErrorType", code)
	w.WriteHeader(http.StatusBadRequest)
	_, _ = w.Write(mustJSON(map[string]string{"__type": code, "message": message}))
}
