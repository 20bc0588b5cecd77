package guest

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"time"
	"unicode/utf16"
)

const (
	// marker starts each line of an answer. What stands around such lines is noise:
	// messages of Windows in its own language and code page.
	marker = "MONSHIN1 "
	// maxOutput bounds what Read looks at. Run Command keeps at most 24,000
	// characters; a file that somebody saved holds no more than a few answers.
	maxOutput = 1 << 20
	// maxValue bounds one block's value. The longest that the scripts can print is
	// some 16 kB: forty groups of failed logons and twenty accounts.
	maxValue = 64 << 10
	// maxPieces bounds into how many lines one value is split.
	maxPieces = 64
)

// cuts are what the agent and the list call put where they cut an output (the
// agent's iohandler and pluginutil).
var cuts = [][]byte{[]byte("--output truncated--"), []byte("---Output truncated---")}

// envelope is one line: the block, the instance, the guest's clock, and the value,
// or one of n pieces of its text, or why there is none.
type envelope struct {
	Block    Block           `json:"b"`
	Instance string          `json:"i"`
	Time     time.Time       `json:"t"`
	Value    json.RawMessage `json:"d,omitempty"`
	Error    string          `json:"e,omitempty"`
	Piece    int             `json:"p,omitempty"`
	Pieces   int             `json:"n,omitempty"`
}

var (
	// start is how a line starts. The script itself, which somebody may send along,
	// holds no such text.
	start      = regexp.MustCompile(marker + `\{"b":"[a-z]`)
	instanceID = regexp.MustCompile(`^i-([0-9a-f]{8}|[0-9a-f]{17})$`)
	// exception is a .NET type and an HRESULT: all that a failed block may print,
	// since messages are in the language of Windows.
	exception = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.+` + "`" + `]{0,199}: 0x[0-9A-F]{8}$`)
)

// Read finds an answer's lines in the output of a run. Everything around them is
// ignored, and so are lines that come twice. An output that was cut is no error: the
// answer says so, and holds what arrived whole. It is an error when nothing in the
// output is an answer, and when two lines contradict each other.
func Read(output []byte) (Answer, error) {
	if len(output) > maxOutput {
		return Answer{}, fmt.Errorf("the output has %d bytes: more than %d cannot be an answer", len(output), maxOutput)
	}
	r := reading{
		Answer: Answer{Lines: map[Block]json.RawMessage{}, Failed: map[Block]string{}},
		pieces: map[Block][]string{},
	}
	output = narrow(output)
	for line := range bytes.Lines(output) {
		// A message without a line end may stand before the marker.
		at := start.FindIndex(line)
		if at == nil {
			continue
		}
		r.found = true
		var e envelope
		d := json.NewDecoder(bytes.NewReader(line[at[0]+len(marker):]))
		d.DisallowUnknownFields()
		if d.Decode(&e) != nil {
			r.Truncated = true
			continue
		}
		if err := r.take(e); err != nil {
			return Answer{}, err
		}
	}
	for _, c := range cuts {
		r.Truncated = r.Truncated || bytes.Contains(output, c)
	}
	if !r.found && !r.Truncated {
		return Answer{}, fmt.Errorf("the output holds no answer: no line starts with %q", marker)
	}
	return r.Answer, r.join()
}

type reading struct {
	Answer
	found  bool
	pieces map[Block][]string
}

func (r *reading) take(e envelope) error {
	if !slices.Contains(Blocks(), e.Block) {
		return fmt.Errorf("the answer holds a block %.40q, which this version does not know", string(e.Block))
	}
	if e.Time.IsZero() || checkTime(e.Time) != nil {
		return fmt.Errorf("block %s: the answer's time is missing or impossible", e.Block)
	}
	if e.Instance != "" {
		if !instanceID.MatchString(e.Instance) {
			return fmt.Errorf("block %s: %.40q is not an instance id", e.Block, e.Instance)
		}
		if r.Instance != "" && r.Instance != e.Instance {
			return fmt.Errorf("the answer holds lines of two instances, %s and %s", r.Instance, e.Instance)
		}
		r.Instance = e.Instance
	}
	if r.Time.IsZero() {
		r.Time = e.Time.UTC()
	}
	switch whole := e.Piece == 0 && e.Pieces == 0; {
	case e.Error != "" && (e.Value != nil || !whole || !exception.MatchString(e.Error)):
		return fmt.Errorf("block %s: its failure is not spelled as one", e.Block)
	case e.Error != "":
		return r.fail(e)
	case len(e.Value) == 0 || len(e.Value) > maxValue:
		return fmt.Errorf("block %s: its value has %d bytes, not 1 to %d", e.Block, len(e.Value), maxValue)
	case whole:
		return r.keep(e.Block, e.Value)
	}
	return r.piece(e)
}

func (r *reading) fail(e envelope) error {
	if _, ok := r.Lines[e.Block]; ok || r.pieces[e.Block] != nil {
		return fmt.Errorf("block %s both answered and failed", e.Block)
	}
	if was, ok := r.Failed[e.Block]; ok && was != e.Error {
		return fmt.Errorf("block %s failed in two ways: %s; %s", e.Block, was, e.Error)
	}
	r.Failed[e.Block] = e.Error
	return nil
}

func (r *reading) keep(b Block, v json.RawMessage) error {
	if _, ok := r.Failed[b]; ok {
		return fmt.Errorf("block %s both answered and failed", b)
	}
	if was, ok := r.Lines[b]; ok && !bytes.Equal(was, v) {
		return fmt.Errorf("block %s answered twice, and differently: run the script again and use one answer", b)
	}
	r.Lines[b] = bytes.Clone(v)
	return nil
}

// piece keeps one piece of a split value.
func (r *reading) piece(e envelope) error {
	var s string
	if json.Unmarshal(e.Value, &s) != nil || s == "" || e.Pieces < 2 || e.Pieces > maxPieces || e.Piece < 1 || e.Piece > e.Pieces {
		return fmt.Errorf("block %s: piece %d of %d is not a piece of a value", e.Block, e.Piece, e.Pieces)
	}
	if _, ok := r.Failed[e.Block]; ok {
		return fmt.Errorf("block %s both answered and failed", e.Block)
	}
	got := r.pieces[e.Block]
	if got == nil {
		got = make([]string, e.Pieces)
		r.pieces[e.Block] = got
	}
	if len(got) != e.Pieces || got[e.Piece-1] != "" && got[e.Piece-1] != s {
		return fmt.Errorf("block %s answered twice, and differently: run the script again and use one answer", e.Block)
	}
	got[e.Piece-1] = s
	return nil
}

// join puts split values together. One with a piece missing was cut.
func (r *reading) join() error {
	for b, pieces := range r.pieces {
		if slices.Contains(pieces, "") {
			r.Truncated = true
			continue
		}
		var v bytes.Buffer
		for _, p := range pieces {
			v.WriteString(p)
		}
		if v.Len() > maxValue || !json.Valid(v.Bytes()) {
			return fmt.Errorf("block %s: its %d pieces do not make a value", b, len(pieces))
		}
		if err := r.keep(b, v.Bytes()); err != nil {
			return err
		}
	}
	return nil
}

// narrow turns UTF-16 with a byte order mark, which PowerShell's ">" writes, into
// UTF-8. Other bytes stay: the lines that matter are ASCII.
func narrow(b []byte) []byte {
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(b, []byte{0xff, 0xfe}):
		order = binary.LittleEndian
	case bytes.HasPrefix(b, []byte{0xfe, 0xff}):
		order = binary.BigEndian
	default:
		return b
	}
	b = b[2:]
	units := make([]uint16, 0, len(b)/2)
	for ; len(b) >= 2; b = b[2:] {
		units = append(units, order.Uint16(b))
	}
	return []byte(string(utf16.Decode(units)))
}
