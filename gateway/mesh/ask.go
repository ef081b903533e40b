package mesh

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/starling-realtime/starling/gateway/mesh/link"
	"github.com/starling-realtime/starling/hub"
)

// featureAsk is the bit of the links' features that says that a gateway answers questions. It is part of the wire format.
const featureAsk = 1 << 0

const (
	// MaxAskBytes bounds the body of a question and that of an answer: with what stands around it, it fits one frame of a link.
	MaxAskBytes = link.DefaultMaxFrame - 1<<10
	// MaxAskTime bounds the wait for answers, whatever the context says.
	MaxAskTime = 10 * time.Second
	// maxAsking bounds the questions to single peers that wait for their answer.
	maxAsking = 4096
)

// Errors of [Mesh.Ask] and of a [Reply], to be tested with errors.Is. What a peer's handler said of its own failure is an
// [AnswerError].
var (
	// ErrUnreachable is of a peer that is not linked, or whose link lost the question or the answer. The peer may have handled
	// the question.
	ErrUnreachable = errors.New("gateway cannot be reached")
	// ErrCannotAnswer is of a peer of a release that answers no questions.
	ErrCannotAnswer = errors.New("gateway's release answers no questions")
	// ErrUnknownKind is of a peer that does not know the kind of the question.
	ErrUnknownKind = errors.New("gateway does not know this kind of question")
	// ErrBusy is of a peer that has as many questions to answer as it takes, and of a link with no room for one more.
	ErrBusy = errors.New("gateway is busy with other questions")
	// ErrAskTooLarge refuses a question over [MaxAskBytes], and is of a peer whose answer was.
	ErrAskTooLarge = errors.New("question or answer is too large")
	// ErrTooManyQuestions refuses a question while too many wait for their answers.
	ErrTooManyQuestions = errors.New("too many questions wait for their answers")
)

// An AnswerError is what a peer's handler said of its failure.
type AnswerError string

// Error implements [error].
func (e AnswerError) Error() string { return string(e) }

// A Reply is what one peer answered.
type Reply struct {
	Node string
	Boot hub.Boot
	// Body is the answer, if Err is nil.
	Body []byte
	Err  error
}

// Ask puts a question to every gateway that is not known to be gone, or to those of the boots that are named, and returns a reply of
// each: an answer or an error, in the order of nodes and boots. A boot that nobody has here gets [ErrUnreachable]. The wait ends
// with ctx, with the last reply or after [MaxAskTime]; a peer that has not answered then has the context's error.
//
// A peer handles the question after everything that this gateway published to it before, and everything that it published to this
// gateway before it answered has come when Ask returns. Questions overtake each other. A question is handled once at most.
//
// The error is [ErrAskTooLarge] or [ErrTooManyQuestions], and then nobody was asked.
func (m *Mesh) Ask(ctx context.Context, kind string, body []byte, to ...hub.Boot) ([]Reply, error) {
	if size := len(kind) + len(body); size > MaxAskBytes {
		return nil, fmt.Errorf("asking the other gateways %q: %w: %d bytes, want at most %d", kind, ErrAskTooLarge, size, MaxAskBytes)
	}
	ctx, cancel := context.WithTimeout(ctx, MaxAskTime)
	defer cancel()
	peers, replies := m.whomToAsk(to)
	asked, err := m.questions.open(peers)
	if err != nil {
		return nil, fmt.Errorf("asking the other gateways %q: %w", kind, err)
	}
	deadline, _ := ctx.Deadline()
	for id, p := range asked.peers {
		m.metrics.questions.Inc()
		if err := p.ask(id, kind, time.Until(deadline), body); err != nil {
			m.questions.resolve(id, p.boot, nil, err)
		}
	}
	replies = append(replies, m.questions.collect(ctx, m.ctx, asked)...)
	for _, r := range replies {
		m.metrics.countReply(r.Err)
	}
	slices.SortFunc(replies, func(a, b Reply) int { return comparePeers(a.Node, b.Node, a.Boot, b.Boot) })
	return replies, nil
}

// whomToAsk returns the peers to ask, and the replies of those that are not there.
func (m *Mesh) whomToAsk(to []hub.Boot) (peers []*peer, missing []Reply) {
	all := m.allPeers()
	if len(to) == 0 {
		for _, p := range all {
			if !p.isGone() {
				peers = append(peers, p)
			}
		}
		return peers, nil
	}
	for _, boot := range to {
		if p := all[boot]; p != nil {
			peers = append(peers, p)
		} else {
			missing = append(missing, Reply{Boot: boot, Err: ErrUnreachable})
		}
	}
	return peers, missing
}

// ask sends a question on its way.
func (p *peer) ask(id uint64, kind string, timeout time.Duration, body []byte) error {
	switch features := p.features.Load(); {
	case !p.met.Load(), p.isGone(), p.isOrphan():
		return ErrUnreachable
	case features&featureAsk == 0:
		return ErrCannotAnswer
	}
	request := link.Request{ID: id, Method: methodNamed, Timeout: timeout, Body: appendNamed(kind, body)}
	return p.enqueueAsk(link.KindRequest, request.Append(nil))
}

// enqueueAsk queues a question or an answer, which may take half of what is there for state: a change of presence that finds no
// room costs more than a question that is not asked.
func (p *peer) enqueueAsk(kind link.Kind, body []byte) error {
	if p.sender.Pending(link.ClassState)+len(body) > p.mesh.cfg.StateBudget/2 {
		return ErrBusy
	}
	_, err := p.sender.Enqueue(link.ClassState, kind, body)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, link.ErrOverBudget):
		return ErrBusy
	case errors.Is(err, link.ErrTooLarge):
		return ErrAskTooLarge
	default:
		return ErrUnreachable
	}
}

// An asking is a question to several peers.
type asking struct {
	// peers are those whose reply has not been taken, by the id of the question to each.
	peers   map[uint64]*peer
	replies chan questionReply
}

type questionReply struct {
	id    uint64
	reply Reply
}

// questions are those that wait for their answers.
type questions struct {
	mu      sync.Mutex
	last    uint64
	waiting map[uint64]waitingQuestion
}

type waitingQuestion struct {
	peer   *peer
	asking *asking
}

func newQuestions() *questions { return &questions{waiting: make(map[uint64]waitingQuestion)} }

// open notes a question to each of the peers.
func (q *questions) open(peers []*peer) (*asking, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting)+len(peers) > maxAsking {
		return nil, ErrTooManyQuestions
	}
	a := &asking{peers: make(map[uint64]*peer, len(peers)), replies: make(chan questionReply, len(peers))}
	for _, p := range peers {
		q.last++
		a.peers[q.last] = p
		q.waiting[q.last] = waitingQuestion{peer: p, asking: a}
	}
	return a, nil
}

// resolve gives a question its answer, if it still waits for one from this boot. It never blocks.
func (q *questions) resolve(id uint64, from hub.Boot, body []byte, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if w, ok := q.waiting[id]; ok && w.peer.boot == from {
		q.settle(id, w, body, err)
	}
}

// settle is called with the lock held.
func (q *questions) settle(id uint64, w waitingQuestion, body []byte, err error) {
	delete(q.waiting, id)
	w.asking.replies <- questionReply{id, Reply{Node: w.peer.node, Boot: w.peer.boot, Body: body, Err: err}}
}

// lose ends the wait for a peer whose questions or answers are lost.
func (q *questions) lose(p *peer) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for id, w := range q.waiting {
		if w.peer == p {
			q.settle(id, w, nil, ErrUnreachable)
		}
	}
}

// collect waits for the replies until one of the contexts ends.
func (q *questions) collect(ctx, closing context.Context, a *asking) []Reply {
	replies := make([]Reply, 0, len(a.peers))
	for len(a.peers) > 0 {
		select {
		case r := <-a.replies:
			delete(a.peers, r.id)
			replies = append(replies, r.reply)
		case <-ctx.Done():
			return append(replies, q.giveUp(a, ctx.Err())...)
		case <-closing.Done():
			return append(replies, q.giveUp(a, ErrUnreachable)...)
		}
	}
	return replies
}

// giveUp ends the wait for the replies that have not come.
func (q *questions) giveUp(a *asking, err error) []Reply {
	q.mu.Lock()
	for id := range a.peers {
		if w, ok := q.waiting[id]; ok {
			q.settle(id, w, nil, err)
		}
	}
	q.mu.Unlock()
	replies := make([]Reply, 0, len(a.peers))
	for range a.peers {
		replies = append(replies, (<-a.replies).reply)
	}
	return replies
}
