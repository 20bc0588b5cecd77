package journal

import (
	"fmt"
	"io"
	"os"
	"time"
)

// Check is what checking a journal for changes (改ざんチェック) came to.
type Check struct {
	// Entries is how many stand in an unbroken chain from the first, Last the hash of
	// the last of them.
	Entries int
	Last    string
	// First and End are the times of the first and of the last of them, Backward how
	// many are earlier than the one before.
	First, End time.Time
	Backward   int
	// Torn is how many bytes at the end are of an entry that was never finished.
	Torn int64
	// Broken is where the chain breaks and why, nil where it does not.
	Broken *LineError
	// At is the number of the entry with the hash that was asked for, 0 where there is
	// none.
	At int
}

// Verify checks the chain of a journal from its first line to its last, without
// looking into what the entries hold. hash is one that an export printed; "" asks
// for none. Whoever can write the file can also make a new chain: it is the hash in
// an export that somebody else has which shows that the file is still the same.
func Verify(src io.Reader, hash string) Check {
	var c Check
	in, chain := &lines{src: src}, &chain{}
	for n := 1; ; n++ {
		line, whole, err := in.next()
		if err != nil {
			c.Broken = &LineError{n, err}
			return c
		}
		if len(line) == 0 && !whole {
			if n == 1 {
				c.Broken = &LineError{1, misfit("the file is empty: not a monshin journal", "ファイルが空（monshin の作業記録ではない）")}
			}
			return c
		}
		h, err := chain.add(line)
		switch {
		case err != nil && !whole && n > 1:
			c.Torn = int64(len(line))
			return c
		case err != nil:
			c.Broken = &LineError{n, err}
			return c
		}
		if c.Entries == 0 {
			c.First = h.Time
		}
		if h.Time.Before(c.End) {
			c.Backward++
		}
		c.Entries, c.Last, c.End = chain.seq, chain.last, h.Time
		if hash != "" && hash == c.Last {
			c.At = c.Entries
		}
		if !whole {
			return c
		}
	}
}

// VerifyFile is Verify of a file.
func VerifyFile(path, hash string) (Check, error) {
	f, err := os.Open(path)
	if err != nil {
		return Check{}, fmt.Errorf("opening the journal: %w", err)
	}
	defer f.Close()
	return Verify(f, hash), nil
}
