package lab

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
)

// The token of a session is in nobody's log.
func TestSessionsToken(t *testing.T) {
	c := open(t, "healthy", Options{})
	t.Cleanup(c.lab.Close)
	out, err := c.ssm.StartSession(t.Context(), &ssm.StartSessionInput{Target: aws.String(c.instanceID)})
	must(t, err)
	if !strings.HasPrefix(aws.ToString(out.StreamUrl), "ws://127.0.0.1:") || !strings.HasPrefix(aws.ToString(out.SessionId), "suzuki-") {
		t.Errorf("%s %s", aws.ToString(out.SessionId), aws.ToString(out.StreamUrl))
	}
	if held := string(mustJSON(c.lab.world)); strings.Contains(held, aws.ToString(out.TokenValue)) || !strings.Contains(held, aws.ToString(out.SessionId)) {
		t.Error("the account holds the token, or not the session")
	}
	_, err = c.ssm.TerminateSession(t.Context(), &ssm.TerminateSessionInput{SessionId: out.SessionId})
	must(t, err)
	// A session that has ended is resumed without a token.
	again, err := c.ssm.ResumeSession(t.Context(), &ssm.ResumeSessionInput{SessionId: out.SessionId})
	must(t, err)
	if again.TokenValue != nil {
		t.Error("a session that has ended was resumed")
	}
}

func TestNobodyWhoOnlyReadsOpensSessions(t *testing.T) {
	c := open(t, "healthy", Options{})
	c.lab.world.ReadOnly = true
	if _, err := c.ssm.StartSession(t.Context(), &ssm.StartSessionInput{Target: aws.String(c.instanceID)}); codeOf(err) != "AccessDeniedException" {
		t.Errorf("%v", err)
	}
}
