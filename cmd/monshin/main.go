// Command monshin finds out why a Windows EC2 instance cannot be managed, reached,
// activated, licensed or signed in to, and proves it.
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	_ "time/tzdata" // Windows has no zone database of its own

	"github.com/charmbracelet/x/term"
)

func main() {
	// The start reads half a megabyte of YAML into small objects; collecting them
	// while it does costs more time than memory is worth here.
	debug.SetGCPercent(400)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// The first signal ends the walk and reports what is known; a second one ends
	// monshin, whatever it waits for.
	context.AfterFunc(ctx, stop)
	code := run(ctx, thisProcess())
	stop()
	os.Exit(code)
}

// thisProcess gives the process's own.
func thisProcess() *app {
	return &app{
		args:   os.Args[1:],
		in:     os.Stdin,
		out:    os.Stdout,
		err:    os.Stderr,
		getenv: os.Getenv,
		isTerminal: func() (in, out, err bool) {
			return term.IsTerminal(os.Stdin.Fd()), term.IsTerminal(os.Stdout.Fd()), term.IsTerminal(os.Stderr.Fd())
		},
	}
}
