//go:build unix

package shell

import (
	"strings"
	"testing"

	"github.com/monshin/monshin/diagnose/lab"
)

func labShell(t *testing.T, scenario string, o Options, prepare func(*lab.World)) (*lab.Lab, *Shell) {
	t.Helper()
	l, err := lab.Open(scenario, lab.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	if prepare != nil {
		if err := l.Meddle(prepare); err != nil {
			t.Fatal(err)
		}
	}
	o.Config, o.Instance = l.Config(), l.Scenario().InstanceID
	s, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return l, s
}

func TestLab(t *testing.T) {
	for _, key := range []string{"", "arn:aws:kms:ap-northeast-1:111122223333:key/sessions"} {
		l, s := labShell(t, "clone-not-activated", Options{Cols: 100, Rows: 30}, func(w *lab.World) { w.SessionKey = key })
		out := read(t, s)
		out.until(`PS C:\Windows\system32> `)
		typing(t, s, "hostname\r")
		out.until(`PS C:\Windows\system32> `)
		typing(t, s, "exit\r")
		if e := ended(t, s); e.Cause != Exited {
			t.Errorf("%+v", e)
		}
		var started int
		for _, m := range l.Mutations() {
			if m.Action == "ssm:StartSession" {
				started++
			}
		}
		if started != 1 {
			t.Errorf("%d sessions were started", started)
		}
	}
}

func TestLabRefusesKey(t *testing.T) {
	l, err := lab.Open("healthy", lab.Options{Faults: nil})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	if err := l.Meddle(func(w *lab.World) {
		w.SessionKey = "arn:aws:kms:ap-northeast-1:111122223333:key/sessions"
		w.Denied = append(w.Denied, "kms:*")
	}); err != nil {
		t.Fatal(err)
	}
	_, err = Open(t.Context(), Options{Config: l.Config(), Instance: l.Scenario().InstanceID})
	if err == nil || !strings.Contains(err.Error(), "KMS") || !strings.Contains(err.Error(), "kms:GenerateDataKey") {
		t.Errorf("%v", err)
	}
}
