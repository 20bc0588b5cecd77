package screen_test

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/monshin/monshin/tui/screen"
)

func TestPumpDrawsEverythingInOrder(t *testing.T) {
	defer goleak.VerifyNone(t)
	s := screen.New(screen.Options{Width: 20, Height: 5, Scrollback: 3000})
	p := screen.NewPump(s, nil)
	for i := range 2000 {
		fmt.Fprintf(p, "line %d\r\n", i)
	}
	p.Flush()
	above, on := rows(s)
	for i, l := range append(above, on...) {
		if l != fmt.Sprintf("line %d", i) {
			t.Fatalf("row %d is %q", i, l)
		}
	}
	p.Write([]byte("end"))
	p.Close()
	if _, on := rows(s); on[4] != "end" {
		t.Errorf("what was handed over before the close is not drawn: %q", on)
	}
	if n, err := p.Write([]byte("late")); n != 4 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	p.Flush()
	for range p.Changed() {
	}
}

// TestPumpAnswers: the replies go out in order, also while nobody fetches frames
// and the one who answers is slow.
func TestPumpAnswers(t *testing.T) {
	defer goleak.VerifyNone(t)
	s := screen.New(screen.Options{Width: 20, Height: 5})
	var mu sync.Mutex
	var got []byte
	p := screen.NewPump(s, func(b []byte) {
		time.Sleep(time.Millisecond)
		mu.Lock()
		defer mu.Unlock()
		got = append(got, b...)
	})
	var want strings.Builder
	for i := range 20 {
		fmt.Fprintf(p, "\r%s\x1b[6n", strings.Repeat("x", i))
		fmt.Fprintf(&want, "\x1b[1;%dR", min(i, 19)+1)
		s.Picture(screen.View{Width: 20, Height: 5}) // nobody is locked out meanwhile
	}
	p.Close()
	if string(got) != want.String() {
		t.Errorf("%q", got)
	}
}

// TestFramesAreCoalesced: an echo is signalled at once, a flood once a frame.
func TestFramesAreCoalesced(t *testing.T) {
	defer goleak.VerifyNone(t)
	s := screen.New(screen.Options{Width: 20, Height: 5})
	p := screen.NewPump(s, nil)
	start := time.Now()
	p.Write([]byte("x"))
	select {
	case <-p.Changed():
	case <-time.After(5 * time.Second):
		t.Fatal("no signal")
	}
	frames := 0
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range p.Changed() {
			frames++
		}
	}()
	for i := range 300 {
		fmt.Fprintf(p, "%d\r\n", i)
		time.Sleep(200 * time.Microsecond)
	}
	p.Close()
	<-done
	// One more for the beginning and one for the end.
	if most := int(time.Since(start)/(16*time.Millisecond)) + 2; frames < 1 || frames > most {
		t.Errorf("%d frames, at most %d expected", frames, most)
	}
	if _, on := rows(s); on[3] != "299" {
		t.Errorf("%q", on)
	}
}

// TestNobodyWaitsForAnother reads, resizes and writes from several goroutines.
func TestNobodyWaitsForAnother(t *testing.T) {
	defer goleak.VerifyNone(t)
	s := screen.New(screen.Options{Width: 40, Height: 10})
	p := screen.NewPump(s, func([]byte) {})
	var g sync.WaitGroup
	for i := range 3 {
		g.Go(func() {
			for j := range 200 {
				switch i {
				case 0:
					p.Write(bytes.Repeat([]byte("日本語\x1b[31m \x1b[6n\r\n"), 20))
				case 1:
					s.Picture(screen.View{Width: 40, Height: 10, Back: j})
					s.Modes()
					s.Cursor()
					s.Suspect()
				case 2:
					s.Resize(20+j%30, 5+j%9)
				}
			}
		})
	}
	g.Wait()
	p.Close()
	sound(t, s)
}
