// Package tui is what the operator sees: symptom, instance, walk.
//
// The root model only routes. A key press goes, in this order, to
//
//  1. an open confirmation,
//  2. the text field that has the keys, if one has (only keys.Always comes before it),
//  3. the page on top, by the action that the key table gives it,
//  4. the root itself, for what the page has no use for.
//
// Pages answer with intents (page.Intent); only the root opens and closes pages.
// Nothing here knows the AWS SDK, files or the environment: package world says
// what has to be brought.
package tui

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/runbook"
	"github.com/monshin/monshin/tui/world"
)

// The world, by the names that callers use.
type (
	Backend   = world.Backend
	Walk      = world.Walk
	Fleet     = world.Fleet
	Library   = world.Library
	Catalogue = world.Catalogue
	Identity  = world.Identity
)

// Start is what was given on the command line.
type Start struct {
	// Instance is "" where it is to be picked.
	Instance string
	// Symptom is "" where it is to be picked.
	Symptom runbook.Symptom
	// Resume names a recorded investigation to go on with, for world.Sessions; "" for none.
	Resume string
}

// Options are what the interface needs.
type Options struct {
	Backend Backend
	// Fleet judges many instances; nil where that is not possible (a recording).
	Fleet     Fleet
	Library   Library
	Catalogue Catalogue

	Lang lang.Lang
	// Zone is the operator's; nil is UTC.
	Zone  *time.Location
	Start Start
	// ReadOnly is shown in the header.
	ReadOnly bool
	// ASCII draws borders of ASCII characters: for terminals and fonts in which
	// the others are two cells wide.
	ASCII bool
	// NoAnimation lets nothing move; seconds of waiting are still counted.
	NoAnimation bool
	NoColor     bool
	// FullRepaint draws every frame anew, for terminals that corrupt partial updates:
	// the browser terminal of AWS CloudShell does. Nothing moves then.
	FullRepaint bool

	// Copy puts text on the clipboard of the operator's own machine. Where it is nil
	// or fails, the terminal is asked (OSC 52).
	Copy func(string) error
	// Now is the clock; nil is time.Now.
	Now func() time.Time

	// Input and Output are the terminal; nil is the process's own.
	Input  io.Reader
	Output io.Writer
	// Environ is the terminal's environment; nil is the process's own.
	Environ []string
}

// grace is how long Run waits, after the screen is gone, for a walk that was cut
// short: it may be writing the last line of its journal.
const grace = 3 * time.Second

// Run shows the interface until the operator leaves or ctx ends.
func Run(ctx context.Context, o Options) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	m := New(ctx, o)
	_, err := tea.NewProgram(m, programOptions(ctx, o)...).Run()
	cancel()
	m.close()
	switch {
	case err == nil, errors.Is(err, tea.ErrInterrupted):
		return nil
	case ctx.Err() != nil && errors.Is(err, tea.ErrProgramKilled):
		return nil // cancelled from outside: the caller knows why
	}
	return fmt.Errorf("the terminal interface failed: %w", err)
}

func programOptions(ctx context.Context, o Options) []tea.ProgramOption {
	opts := []tea.ProgramOption{tea.WithContext(ctx)}
	if o.Input != nil {
		opts = append(opts, tea.WithInput(o.Input))
	}
	if o.Output != nil {
		opts = append(opts, tea.WithOutput(o.Output))
	}
	if o.Environ != nil {
		opts = append(opts, tea.WithEnvironment(o.Environ))
	}
	if o.NoColor {
		opts = append(opts, tea.WithColorProfile(colorprofile.ASCII))
	}
	return opts
}
