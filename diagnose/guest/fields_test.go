package guest

import (
	"reflect"
	"strings"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
)

// fieldNames are the JSON names of every field that a block's type holds, but for
// what the scripts leave to others: unread is the prelude's, the offset the reader's.
func fieldNames() map[Block][]string {
	types := map[Block]any{
		Identity: estate.GuestIdentity{}, DNS: estate.GuestDNS{}, Activation: estate.GuestActivation{},
		Launch: estate.GuestLaunch{}, SignIn: estate.GuestSignIn{}, Diagnostics: estate.GuestDiagnostics{},
	}
	out := map[Block][]string{}
	for b, v := range types {
		out[b] = names(reflect.TypeOf(v))
	}
	return out
}

func names(t reflect.Type) []string {
	for t.Kind() == reflect.Slice || t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	// A service's state is printed by the prelude.
	if t.Kind() != reflect.Struct || t == reflect.TypeFor[time.Time]() || t == reflect.TypeFor[estate.GuestService]() {
		return nil
	}
	var out []string
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if name == "unread" || name == "clock_offset" {
			continue
		}
		out = append(out, name)
		out = append(out, names(t.Field(i).Type)...)
	}
	return out
}
