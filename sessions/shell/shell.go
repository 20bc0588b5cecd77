package shell

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/session-manager-plugin/src/datachannel"
	"github.com/aws/session-manager-plugin/src/message"
	"github.com/aws/smithy-go"

	"github.com/monshin/monshin/diagnose/lang"
)

// The limits of a session.
const (
	// chunk is how much the plugin sends in one message, in bytes.
	chunk = 1024
	// underway is how many messages of input may wait for their acknowledgement. The
	// plugin keeps 10,000, and forgets the oldest when there are more.
	underway = 512
	// giveUp is how long a lost connection is tried to be made again.
	giveUp = 3 * time.Minute
	// silence is how long nothing at all comes, while input waits to be acknowledged,
	// until the connection counts as dead.
	silence = 15 * time.Second
	// terminateTime is how long closing waits for ssm:TerminateSession.
	terminateTime = 5 * time.Second
	// startTime is how long the agent may take to be ready after the connection.
	startTime = 60 * time.Second
)

// Shell is one session: what is read from it is what Windows shows, what is written
// to it is typed. Read and Write may be used at the same time by one reader and one
// writer; the rest by anybody.
type Shell struct {
	options Options
	api     *ssm.Client
	id      string
	dc      *datachannel.DataChannel
	socket  *socket
	vault   *vault
	queue   *queue

	ctx    context.Context // of everything that runs beside; ends with the session
	stop   context.CancelFunc
	wait   sync.WaitGroup
	lost   chan error    // the connection was lost
	poke   chan struct{} // something waits for its acknowledgement
	ready  chan struct{} // the agent takes input
	greet  sync.Once
	room   chan struct{} // one for each message of input underway
	heard  atomic.Int64  // when something last came, in nanoseconds of the epoch
	paused atomic.Bool   // the agent is said to be away
	odd    int           // messages in a row that could not be understood; the reader's

	sending sync.Mutex // held around what the plugin sends and what it keeps for that
	moved   time.Time  // when an acknowledgement last came or was first awaited; guarded by sending
	size    message.SizeData

	recording sync.Mutex // guards unrecorded
	// unrecorded says that the recorder failed, and was told nothing since.
	unrecorded bool

	ending sync.Once
	done   chan struct{}
	end    End        // set before done is closed
	code   *int       // the reader's
	shut   sync.Mutex // guards shutting
	closed bool
}

// Open asks whether the instance can be connected to, starts a session and waits
// until it takes input. A *NotReadyError says why it cannot be; other errors are of
// the call or of the connection. ctx ends the opening, and not the session.
func Open(ctx context.Context, o Options) (*Shell, error) {
	api := ssm.NewFromConfig(o.Config)
	if err := Ready(ctx, o.Config, o.Instance); err != nil {
		return nil, err
	}
	return open(ctx, api, o)
}

func open(ctx context.Context, api *ssm.Client, o Options) (*Shell, error) {
	in := &ssm.StartSessionInput{Target: aws.String(o.Instance)}
	if o.Document.Name != "" {
		in.DocumentName, in.Parameters = aws.String(o.Document.Name), o.Document.Parameters
	}
	if o.Reason != "" {
		in.Reason = aws.String(o.Reason)
	}
	out, err := api.StartSession(ctx, in)
	if err != nil {
		return nil, startFailed(o.Instance, err)
	}
	s := newShell(o, api, aws.ToString(out.SessionId))
	if err = trusted(aws.ToString(out.StreamUrl)); err == nil {
		s.socket.Initialize(quiet{}, aws.ToString(out.StreamUrl), aws.ToString(out.TokenValue), "", nil, aws.Credentials{})
		err = s.connect(ctx)
	}
	if err != nil {
		s.finish(lostEnd(err))
		s.release(true)
		return nil, &lang.Error{Err: err, Say: lang.Both("the session's data channel on %s: %s", "%s のデータチャネルに接続できず: %s").With(o.Instance, cleaned(lang.Said(err)))}
	}
	s.wait.Go(s.keep)
	s.wait.Go(s.tend)
	slow := time.NewTimer(startTime)
	defer slow.Stop()
	select {
	case <-s.ready:
		if o.Cols > 0 && o.Rows > 0 {
			s.Resize(o.Cols, o.Rows)
		}
		return s, nil
	case <-s.done:
		err = &lang.Error{Say: s.end.Say}
	case <-ctx.Done():
		err = ctx.Err()
	case <-slow.C:
		err = &lang.Error{Say: lang.Both("the agent did not answer within %v after the session was opened", "セッション開始後 %v 以内に SSM Agent が応答せず").With(startTime)}
	}
	_ = s.Close() // why it did not open is what there is to say
	return nil, err
}

func newShell(o Options, api *ssm.Client, id string) *Shell {
	s := &Shell{
		options: o, api: api, id: id, dc: &datachannel.DataChannel{}, socket: newSocket(o.Config), queue: newQueue(),
		lost: make(chan error, 1), poke: make(chan struct{}, 1), ready: make(chan struct{}), room: make(chan struct{}, underway), done: make(chan struct{}),
	}
	s.ctx, s.stop = context.WithCancel(context.Background())
	s.vault = newVault(s.ctx, o.Config)
	vaults.put(id, s.vault)
	s.dc.Initialize(quiet{}, newClientID(), id, o.Instance, false)
	s.dc.SetWsChannel(s.socket) // Initialize has set the plugin's own
	s.dc.RegisterOutputStreamHandler(s.output, true)
	s.socket.onMessage, s.socket.onLost = s.message, s.cut
	return s
}

// trusted refuses addresses to which a token must not go in the clear.
func trusted(address string) error {
	u, err := url.Parse(address)
	if err != nil {
		return fmt.Errorf("the data channel's address: %w", err)
	}
	if u.Scheme == "wss" || u.Scheme == "ws" && u.Hostname() == "127.0.0.1" {
		return nil
	}
	return fmt.Errorf("the data channel's address is no wss address: %q", u.Scheme+"://"+u.Host)
}

// SessionID is AWS's id of the session.
func (s *Shell) SessionID() string { return s.id }

// Agent is the version of the agent, "" where it did not say.
func (s *Shell) Agent() string {
	s.sending.Lock()
	defer s.sending.Unlock()
	return s.dc.GetAgentVersion()
}

// Done is closed when the session has ended. Output may then still wait to be read.
func (s *Shell) Done() <-chan struct{} { return s.done }

// End says how the session ended; the zero End while it goes on.
func (s *Shell) End() End {
	select {
	case <-s.done:
		return s.end
	default:
		return End{}
	}
}

// Read reads what Windows shows; io.EOF comes behind the last of it.
func (s *Shell) Read(p []byte) (int, error) { return s.queue.Read(p) }

// ErrEnded is what typing comes to when the session has ended.
var ErrEnded = errors.New("the session has ended")

// Write types. It waits while too much is underway, which is also so while the
// connection is lost. Enter is "\r"; the plugin sends a single "\n" as "\r".
func (s *Shell) Write(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		part := p[n:min(n+chunk, len(p))]
		if len(p)-n == chunk+1 {
			// A rest of one byte could be a line feed, which the plugin would change.
			part = part[:chunk-1]
		}
		if err := s.send(message.Output, part); err != nil {
			return n, err
		}
		n += len(part)
	}
	return n, nil
}

// Resize tells Windows how large the terminal is. Sizes below 1 and the size that it
// has are passed over.
func (s *Shell) Resize(cols, rows int) {
	to := message.SizeData{Cols: uint32(max(cols, 0)), Rows: uint32(max(rows, 0))}
	s.sending.Lock()
	same := to == s.size || to.Cols == 0 || to.Rows == 0
	if !same {
		s.size = to
	}
	s.sending.Unlock()
	if same {
		return
	}
	s.record(func(r Recorder) error { return r.Resize(cols, rows) })
	b, err := json.Marshal(to)
	if err == nil {
		_ = s.send(message.Size, b) // an ended session has no size
	}
}

// send sends one message of input. It is kept, and sent again, until it is acknowledged.
func (s *Shell) send(kind message.PayloadType, p []byte) error {
	select {
	case <-s.done:
		return ErrEnded
	case s.room <- struct{}{}:
	}
	select {
	case <-s.done: // both were so: nothing is typed into an ended session
		return ErrEnded
	default:
	}
	s.sending.Lock()
	defer s.sending.Unlock()
	if s.dc.OutgoingMessageBuffer.Messages.Len() == 0 {
		s.moved = time.Now()
	}
	if err := s.dc.SendInputDataMessage(quiet{}, kind, p); err != nil {
		return &lang.Error{Err: err, Say: lang.Both("the input could not be encrypted", "入力を暗号化できず")}
	}
	select {
	case s.poke <- struct{}{}:
	default:
	}
	return nil
}

// Close ends the session in AWS (ssm:TerminateSession) and waits until nothing of it
// is left here. Its error says that the session may still be open in AWS.
func (s *Shell) Close() error {
	s.finish(closedEnd())
	return s.release(s.end.Cause == Closed || s.end.Cause == Lost || s.end.Cause == Broken)
}

// release lets go of everything.
func (s *Shell) release(terminate bool) error {
	s.shut.Lock()
	defer s.shut.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	var err error
	if terminate {
		err = s.terminate()
	}
	s.socket.hangUp()
	s.wait.Wait()
	vaults.drop(s.id)
	return err
}

func (s *Shell) terminate() error {
	// The operator's own context may be what has just ended.
	ctx, cancel := context.WithTimeout(context.Background(), terminateTime)
	defer cancel()
	_, err := s.api.TerminateSession(ctx, &ssm.TerminateSessionInput{SessionId: aws.String(s.id)})
	var gone smithy.APIError
	if err == nil || errors.As(err, &gone) && gone.ErrorCode() == "DoesNotExistException" {
		return nil
	}
	return &lang.Error{Err: err, Say: lang.Both(
		"ssm:TerminateSession of %s: %s; the session may be open until it times out",
		"ssm:TerminateSession（%s）に失敗: %s。セッションがタイムアウトまで残る可能性あり").With(s.id, lang.Clean(err.Error()))}
}

// finish notes how the session ended, once.
func (s *Shell) finish(e End) {
	s.ending.Do(func() {
		if s.vault.failure() != nil && e.Cause == Service {
			e.Say = lang.Both("the session is encrypted, and AWS KMS gave no data key: %s", "セッションは暗号化されているが、AWS KMS からデータキーを取得できず: %s").With(lang.Clean(s.vault.failure().Error()))
		}
		s.end = e
		close(s.done)
		s.queue.close()
		s.stop()
	})
}

func (s *Shell) record(f func(Recorder) error) {
	if s.options.Recorder == nil {
		return
	}
	s.recording.Lock()
	defer s.recording.Unlock()
	if s.unrecorded {
		return
	}
	if err := f(s.options.Recorder); err != nil {
		// A full disk must not take a server's shell away in the middle of a repair. What
		// was recorded is kept, and nothing is added behind the gap.
		s.unrecorded = true
		s.options.notice(Unrecorded, lang.Both("the recording failed and ends here: %s", "操作ログの記録に失敗。以降は記録されない: %s").With(cleaned(lang.Said(err))))
	}
}
