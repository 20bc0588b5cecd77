package main

import (
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/sessions/session"
)

// stateDir is where journals go: the XDG state folder, %LOCALAPPDATA% on Windows.
func (a *app) stateDir() (string, error) {
	base := a.getenv("XDG_STATE_HOME")
	if runtime.GOOS == "windows" {
		base = a.getenv("LOCALAPPDATA")
	}
	if base == "" || !filepath.IsAbs(base) {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", &lang.Error{Err: err, Say: lang.Both(
				"there is no state folder: set XDG_STATE_HOME (%v)", "記録先フォルダーが不明: XDG_STATE_HOME を設定（%v）").With(err)}
		}
		base = filepath.Join(home, ".local", "state")
		if runtime.GOOS == "windows" {
			base = filepath.Join(home, "AppData", "Local")
		}
	}
	return filepath.Join(base, "monshin", "journals"), nil
}

// journalName is the name of a new journal.
func journalName(t time.Time, instance, symptom string) string {
	return session.Name(t, instance, symptom)
}

// store is where the journals are.
func (a *app) store() (*session.Store, error) {
	dir, err := a.stateDir()
	if err != nil {
		return nil, err
	}
	return session.At(dir), nil
}

// version is monshin's own, from the build.
func version() string {
	if i, ok := debug.ReadBuildInfo(); ok && i.Main.Version != "" && i.Main.Version != "(devel)" {
		return i.Main.Version
	}
	return "dev"
}
