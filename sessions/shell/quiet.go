package shell

import (
	"errors"

	pluginlog "github.com/aws/session-manager-plugin/src/log"
)

// quiet is the plugin's logger that writes nowhere: what it is given may hold what
// was typed. The plugin returns the results of Warn, Error and Critical as errors.
type quiet struct{}

var errLogged = errors.New("the data channel failed")

var _ pluginlog.T = quiet{}

func (quiet) Tracef(string, ...any)               {}
func (quiet) Debugf(string, ...any)               {}
func (quiet) Infof(string, ...any)                {}
func (quiet) Warnf(string, ...any) error          { return errLogged }
func (quiet) Errorf(string, ...any) error         { return errLogged }
func (quiet) Criticalf(string, ...any) error      { return errLogged }
func (quiet) Trace(...any)                        {}
func (quiet) Debug(...any)                        {}
func (quiet) Info(...any)                         {}
func (quiet) Warn(...any) error                   { return errLogged }
func (quiet) Error(...any) error                  { return errLogged }
func (quiet) Critical(...any) error               { return errLogged }
func (quiet) Flush()                              {}
func (quiet) Close()                              {}
func (q quiet) WithContext(...string) pluginlog.T { return q }
