package policy

// truth is Kleene's third value beside yes and no: what a statement says of a
// request when something it asks about is not known.
type truth uint8

// The order matters: and is the minimum, or the maximum.
const (
	no truth = iota
	maybe
	yes
)

func (t truth) not() truth { return yes - t }

func (t truth) and(o truth) truth { return min(t, o) }

func (t truth) or(o truth) truth { return max(t, o) }

func truthOf(b bool) truth {
	if b {
		return yes
	}
	return no
}
