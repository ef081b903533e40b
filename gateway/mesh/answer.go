package mesh

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/starling-realtime/starling/gateway/mesh/link"
)

// An AnswerFunc answers one kind of question that another gateway, named from, asks. It may be called concurrently. ctx ends when the
// asker does not wait any more, or with the mesh. An error's text is told to the asker, cut to 1 KiB, so it must not hold secrets.
type AnswerFunc func(ctx context.Context, from string, body []byte) ([]byte, error)

// methodNamed is the method of a [link.Request] whose body begins with the kind of the question. It is part of the wire format.
const methodNamed = 1

// Codes of a [link.Answer] besides the link's own. They are part of the wire format: never renumber them.
const (
	codeBusy uint16 = 1000 + iota
	codeTooLarge
)

const (
	// maxAnswering bounds the questions of one peer that are being answered.
	maxAnswering = 32
	// maxAnswerError bounds the text of a failed answer, in bytes.
	maxAnswerError = 1 << 10
)

func appendNamed(kind string, body []byte) []byte {
	return append(appendString(make([]byte, 0, len(kind)+len(body)+maxAnswerError), kind), body...)
}

// parseNamed takes the body of a request of methodNamed apart; rest points into it.
func parseNamed(body []byte) (kind string, rest []byte, err error) {
	r := reader{b: body}
	kind = r.string()
	if r.err != nil {
		return "", nil, fmt.Errorf("reading a question: %w", r.err)
	}
	return kind, r.b, nil
}

// applyRequest begins to answer a question. A malformed one breaks the connection, as every malformed frame does; one that is not
// understood is answered with an error.
func (p *peer) applyRequest(body []byte) error {
	request, err := link.ParseRequest(body)
	if err != nil {
		return err
	}
	if request.Method != methodNamed {
		p.answer(link.Answer{ID: request.ID, Code: link.CodeUnknownMethod})
		return nil
	}
	kind, rest, err := parseNamed(request.Body)
	if err != nil {
		return err
	}
	handler := p.mesh.cfg.Answers[kind]
	if handler == nil {
		p.answer(link.Answer{ID: request.ID, Code: link.CodeUnknownMethod})
		return nil
	}
	if p.answering.Add(1) > maxAnswering {
		p.answering.Add(-1)
		p.mesh.metrics.answersRefused.Inc()
		p.answer(link.Answer{ID: request.ID, Code: codeBusy})
		return nil
	}
	timeout := MaxAskTime
	if request.Timeout > 0 {
		timeout = min(timeout, request.Timeout)
	}
	rest = append([]byte(nil), rest...) // the frame's bytes are the link's again when this returns
	p.mesh.tasks.Go(func() {
		defer p.answering.Add(-1)
		p.answer(p.callHandler(handler, request.ID, timeout, rest))
	})
	return nil
}

func (p *peer) callHandler(handler AnswerFunc, id uint64, timeout time.Duration, body []byte) link.Answer {
	ctx, cancel := context.WithTimeout(p.mesh.ctx, timeout)
	defer cancel()
	answer, err := handler(ctx, p.node, body)
	switch {
	case err != nil:
		text := err.Error()
		if len(text) > maxAnswerError {
			text = text[:maxAnswerError]
		}
		return link.Answer{ID: id, Code: link.CodeFailed, Body: []byte(strings.ToValidUTF8(text, ""))}
	case len(answer) > MaxAskBytes:
		return link.Answer{ID: id, Code: codeTooLarge}
	default:
		return link.Answer{ID: id, Code: link.CodeOK, Body: answer}
	}
}

// answer sends an answer on its way. One that finds no room is replaced by the news of that; who is not even told that waits until
// its time is up.
func (p *peer) answer(a link.Answer) {
	err := p.enqueueAsk(link.KindAnswer, a.Append(nil))
	if errors.Is(err, ErrBusy) {
		p.mesh.metrics.answersRefused.Inc()
		_, err = p.sender.Enqueue(link.ClassState, link.KindAnswer, link.Answer{ID: a.ID, Code: codeBusy}.Append(nil))
	}
	if err != nil {
		p.mesh.logger.Debug("answering a peer's question", "peer", p.node, "boot", p.boot, "error", err)
	}
}

// applyAnswer gives an answer to who waits for it.
func (p *peer) applyAnswer(body []byte) error {
	a, err := link.ParseAnswer(body)
	if err != nil {
		return err
	}
	answer, failed := answerOf(a)
	p.mesh.questions.resolve(a.ID, p.boot, answer, failed)
	return nil
}

// answerOf copies what it keeps.
func answerOf(a link.Answer) ([]byte, error) {
	switch a.Code {
	case link.CodeOK:
		return append([]byte{}, a.Body...), nil
	case link.CodeUnknownMethod:
		return nil, ErrUnknownKind
	case codeBusy:
		return nil, ErrBusy
	case codeTooLarge:
		return nil, ErrAskTooLarge
	default:
		text := string(a.Body[:min(len(a.Body), maxAnswerError)])
		return nil, AnswerError(strings.ToValidUTF8(text, ""))
	}
}
