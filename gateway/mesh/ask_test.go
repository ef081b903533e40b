package mesh

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/gateway/mesh/link"
	"github.com/starling-realtime/starling/hub"
)

// askable returns a cluster whose nodes answer questions: echo with their name and the question, fail with an error, and more that
// the test adds.
func askable(t *testing.T, answers map[string]AnswerFunc, names ...string) *cluster {
	c := newCluster(t, names...)
	c.edit = func(cfg *Config) {
		name := cfg.Node
		cfg.Answers = map[string]AnswerFunc{
			"echo": func(_ context.Context, from string, body []byte) ([]byte, error) {
				return fmt.Appendf(nil, "%s to %s: %s", name, from, body), nil
			},
			"fail": func(context.Context, string, []byte) ([]byte, error) {
				return nil, errors.New("the cellar is full" + strings.Repeat("ä", maxAnswerError))
			},
			"size": func(_ context.Context, _ string, body []byte) ([]byte, error) {
				var n int
				_, err := fmt.Sscan(string(body), &n)
				return bytes.Repeat([]byte{'x'}, n), err
			},
		}
		maps.Copy(cfg.Answers, answers)
	}
	return c
}

func (n *node) ask(t *testing.T, kind, body string, to ...hub.Boot) []Reply {
	t.Helper()
	replies, err := n.mesh.Ask(t.Context(), kind, []byte(body), to...)
	require.NoError(t, err)
	return replies
}

// askOne asks the only other node.
func (n *node) askOne(t *testing.T, kind, body string) Reply {
	t.Helper()
	replies := n.ask(t, kind, body)
	require.Len(t, replies, 1)
	return replies[0]
}

// askInto asks the only other node slowly, for other goroutines than the test's own.
func (n *node) askInto(ctx context.Context, replies chan<- Reply) {
	answers, err := n.mesh.Ask(ctx, "slow", nil)
	if err != nil {
		answers = []Reply{{Err: err}}
	}
	for _, r := range answers {
		replies <- r
	}
}

func TestAskEverybody(t *testing.T) {
	t.Parallel()
	c := askable(t, nil, "a", "b", "c")
	nodes := c.start("a", "b", "c")
	a, b, cc := nodes[0], nodes[1], nodes[2]
	require.Equal(t, []Reply{
		{Node: "b", Boot: b.boot, Body: []byte("b to a: hi")},
		{Node: "c", Boot: cc.boot, Body: []byte("c to a: hi")},
	}, a.ask(t, "echo", "hi"))
	require.Equal(t, []Reply{{Node: "c", Boot: cc.boot, Body: []byte("c to b: ")}}, b.ask(t, "echo", "", cc.boot))
	require.Equal(t, []Reply{{Boot: 1, Err: ErrUnreachable}}, b.ask(t, "echo", "", 1))
	require.Equal(t, 3, a.metric(t, "starling_mesh_questions_total")+b.metric(t, "starling_mesh_questions_total"))
}

func TestAskAlone(t *testing.T) {
	t.Parallel()
	c := askable(t, nil, "a")
	a := c.start("a")[0]
	require.Empty(t, a.ask(t, "echo", "hi"))
}

func TestAnswersThatAreErrors(t *testing.T) {
	t.Parallel()
	c := askable(t, nil, "a", "b")
	a := c.start("a", "b")[0]
	require.ErrorIs(t, a.askOne(t, "weather", "").Err, ErrUnknownKind)
	failed := a.askOne(t, "fail", "").Err
	require.ErrorAs(t, failed, new(AnswerError))
	require.ErrorContains(t, failed, "the cellar is full")
	require.LessOrEqual(t, len(failed.Error()), maxAnswerError)
	for reason, n := range map[string]int{"unknown_kind": 1, "failed": 1} {
		require.Equal(t, n, a.metric(t, "starling_mesh_questions_failed_total", "reason="+reason), reason)
	}
	require.NoError(t, a.askOne(t, "echo", "").Err)
}

func TestAskIsBoundedInSize(t *testing.T) {
	t.Parallel()
	c := askable(t, nil, "a", "b")
	a := c.start("a", "b")[0]
	for _, n := range []int{0, 1, MaxAskBytes} {
		reply := a.askOne(t, "size", fmt.Sprint(n))
		require.NoError(t, reply.Err)
		require.Len(t, reply.Body, n)
	}
	require.ErrorIs(t, a.askOne(t, "size", fmt.Sprint(MaxAskBytes+1)).Err, ErrAskTooLarge)

	most := strings.Repeat("q", MaxAskBytes-len("echo"))
	require.ErrorIs(t, a.askOne(t, "echo", most).Err, ErrAskTooLarge, "the answer is longer than the question")
	_, err := a.mesh.Ask(t.Context(), "echo", []byte(most+"q"))
	require.ErrorIs(t, err, ErrAskTooLarge)
	require.ErrorContains(t, err, fmt.Sprint(MaxAskBytes))
	require.NoError(t, a.askOne(t, "echo", "").Err)
}

// A question or an answer that would push out changes of presence is refused instead.
func TestAskLeavesRoomForState(t *testing.T) {
	t.Parallel()
	c := askable(t, nil, "a", "b")
	edit := c.edit
	c.edit = func(cfg *Config) {
		edit(cfg)
		cfg.StateBudget = 64 << 10
	}
	nodes := c.start("a", "b")
	a, b := nodes[0], nodes[1]
	require.ErrorIs(t, a.askOne(t, "echo", strings.Repeat("q", 40<<10)).Err, ErrBusy)
	require.ErrorIs(t, a.askOne(t, "size", "40000").Err, ErrBusy)
	require.Equal(t, 1, b.metric(t, "starling_mesh_answers_refused_total"))
	require.NoError(t, a.askOne(t, "size", "20000").Err)
}

// Links with a gateway of a release that knows no questions go on as if there were none.
func TestAskAnOlderRelease(t *testing.T) {
	t.Parallel()
	c := askable(t, nil, "a", "b", "c")
	c.versions, c.mute = link.SupportedVersions(), map[string]bool{"b": true}
	nodes := c.start("a", "b", "c")
	a, b := nodes[0], nodes[1]
	client := b.join(t, "room", "bob")
	await(t, func() string {
		if !a.hub.IsPresent("room", "bob") {
			return "a does not see bob"
		}
		return ""
	})
	for range 3 {
		replies := a.ask(t, "echo", "hi")
		require.Len(t, replies, 2)
		require.ErrorIs(t, replies[0].Err, ErrCannotAnswer)
		require.NoError(t, replies[1].Err)
	}
	a.publish(t, "room", "ann", "after")
	awaitLine(t, client, `chat room "after"`)
	require.Zero(t, a.metric(t, "starling_mesh_link_resets_total")+b.metric(t, "starling_mesh_link_resets_total"))
	require.Zero(t, b.metric(t, "starling_mesh_refused_total", "reason=bad_frame"))
}

// Publishes and questions between two gateways stay in order, and so do publishes and answers.
func TestAskIsOrderedWithPublishes(t *testing.T) {
	t.Parallel()
	var asked func(body string) string
	c := askable(t, map[string]AnswerFunc{"order": func(_ context.Context, _ string, body []byte) ([]byte, error) {
		return nil, errorOf(asked(string(body)))
	}}, "a", "b")
	nodes := c.start("a", "b")
	a, b := nodes[0], nodes[1]
	ann, bob := a.join(t, "room", "ann"), b.join(t, "room", "bob")
	c.awaitPresence(t, "room", "ann", "bob")
	asked = func(body string) string {
		if lines, _ := bob.seen(); !slices.Contains(lines, chatLine(body)) {
			return fmt.Sprintf("bob has not seen %s, only %v", body, lines)
		}
		b.publish(t, "room", "bob", "re "+body)
		return ""
	}
	for i := range 50 {
		body := fmt.Sprint("m", i)
		a.publish(t, "room", "ann", body)
		require.NoError(t, a.askOne(t, "order", body).Err)
		lines, _ := ann.seen()
		require.Contains(t, lines, chatLine("re "+body))
	}
}

func chatLine(text string) string { return fmt.Sprintf("chat room %q", text) }

func errorOf(text string) error {
	if text == "" {
		return nil
	}
	return errors.New(text)
}

// A question outlives a connection that breaks: the link resumes.
func TestAskWhileLinksBreak(t *testing.T) {
	t.Parallel()
	c := askable(t, nil, "a", "b", "c")
	nodes := c.start("a", "b", "c")
	calm := c.net.storm(20*time.Millisecond, 0.3)
	defer calm()
	answered := 0
	for range 60 {
		for _, r := range nodes[0].ask(t, "echo", "hi") {
			if r.Err == nil {
				answered++
				require.Equal(t, r.Node+" to a: hi", string(r.Body))
			}
		}
	}
	require.NotZero(t, answered)
}

// Who is cut off costs the asker its patience at most; who is known to be lost costs nothing.
func TestAskACutOffPeer(t *testing.T) {
	t.Parallel()
	c := askable(t, nil, "a", "b", "c")
	nodes := c.start("a", "b", "c")
	a, b := nodes[0], nodes[1]
	c.net.cut("a", "b", blackhole)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	replies, err := a.mesh.Ask(ctx, "echo", nil, b.boot)
	require.NoError(t, err)
	require.Len(t, replies, 1)
	require.True(t, errors.Is(replies[0].Err, context.DeadlineExceeded) || errors.Is(replies[0].Err, ErrUnreachable), "%v", replies[0].Err)
	await(t, func() string {
		if p, _ := a.peer(b.boot); p.State != "orphan" {
			return "b is " + p.State
		}
		return ""
	})
	replies = a.ask(t, "echo", "")
	require.Len(t, replies, 2)
	require.ErrorIs(t, replies[0].Err, ErrUnreachable)
	require.NoError(t, replies[1].Err)
	c.net.heal("a", "b")
	c.awaitInStep()
	require.NoError(t, a.ask(t, "echo", "", b.boot)[0].Err)
}

func TestAskAPeerThatIsKilledMeanwhile(t *testing.T) {
	t.Parallel()
	asked, release := make(chan struct{}), make(chan struct{})
	c := askable(t, map[string]AnswerFunc{"slow": func(ctx context.Context, _ string, _ []byte) ([]byte, error) {
		close(asked)
		<-ctx.Done()
		<-release
		return nil, nil
	}}, "a", "b")
	nodes := c.start("a", "b")
	a, b := nodes[0], nodes[1]
	replies := make(chan Reply, 1)
	go a.askInto(t.Context(), replies)
	<-asked
	killed := make(chan struct{})
	go func() { defer close(killed); b.kill() }()
	require.ErrorIs(t, (<-replies).Err, ErrUnreachable)
	close(release)
	<-killed
	await(t, func() string {
		if replies := a.ask(t, "echo", ""); len(replies) > 0 && !errors.Is(replies[0].Err, ErrUnreachable) {
			return fmt.Sprint(replies)
		}
		return ""
	})
}

func TestCloseEndsQuestions(t *testing.T) {
	t.Parallel()
	asked := make(chan struct{})
	c := askable(t, map[string]AnswerFunc{"slow": func(ctx context.Context, _ string, _ []byte) ([]byte, error) {
		close(asked)
		<-ctx.Done()
		return nil, ctx.Err()
	}}, "a", "b")
	a := c.start("a", "b")[0]
	replies := make(chan Reply, 1)
	go a.askInto(t.Context(), replies)
	<-asked
	a.kill()
	require.ErrorIs(t, (<-replies).Err, ErrUnreachable)
}

// The handler's context ends when the asker does not wait any more.
func TestAskersPatienceTravels(t *testing.T) {
	t.Parallel()
	ended, late := make(chan error, 1), make(chan struct{})
	c := askable(t, map[string]AnswerFunc{"slow": func(ctx context.Context, _ string, _ []byte) ([]byte, error) {
		<-ctx.Done()
		ended <- ctx.Err()
		<-late
		return nil, nil
	}}, "a", "b")
	a := c.start("a", "b")[0]
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	replies, err := a.mesh.Ask(ctx, "slow", nil)
	require.NoError(t, err)
	require.ErrorIs(t, replies[0].Err, context.DeadlineExceeded)
	require.ErrorIs(t, <-ended, context.DeadlineExceeded)
	close(late)
	require.NoError(t, a.askOne(t, "echo", "").Err, "an answer that came too late harms nobody")
}

func TestQuestionsBeingAnsweredAreBounded(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	c := askable(t, map[string]AnswerFunc{"slow": func(context.Context, string, []byte) ([]byte, error) {
		<-release
		return nil, nil
	}}, "a", "b")
	nodes := c.start("a", "b")
	a, b := nodes[0], nodes[1]
	replies := make(chan Reply, maxAnswering)
	for range maxAnswering {
		go a.askInto(t.Context(), replies)
	}
	await(t, func() string {
		if n := b.mesh.peer(a.boot).answering.Load(); n != maxAnswering {
			return fmt.Sprint("b answers ", n)
		}
		return ""
	})
	require.ErrorIs(t, a.askOne(t, "echo", "").Err, ErrBusy)
	close(release)
	for range maxAnswering {
		require.NoError(t, (<-replies).Err)
	}
	await(t, func() string {
		if err := a.askOne(t, "echo", "").Err; err != nil {
			return err.Error()
		}
		return ""
	})
}

func TestWaitingQuestionsAreBounded(t *testing.T) {
	q := newQuestions()
	p := &peer{boot: 7, node: "b"}
	a, err := q.open(slices.Repeat([]*peer{p}, maxAsking))
	require.NoError(t, err)
	_, err = q.open([]*peer{p})
	require.ErrorIs(t, err, ErrTooManyQuestions)
	q.resolve(1, 8, nil, nil) // another boot's answer is nobody's
	q.resolve(1, 7, []byte("x"), nil)
	q.resolve(1, 7, []byte("again"), nil)
	_, err = q.open([]*peer{p})
	require.NoError(t, err, "who was answered has left room")
	q.lose(p)
	replies := q.collect(t.Context(), t.Context(), a)
	require.Len(t, replies, maxAsking)
	require.Equal(t, "x", string(replies[0].Body))
	require.ErrorIs(t, replies[1].Err, ErrUnreachable)
	require.Empty(t, q.waiting)
}

func TestMalformedQuestionsAndUnknownCodes(t *testing.T) {
	_, _, err := parseNamed([]byte{9, 'x'})
	require.ErrorContains(t, err, "reading a question")
	_, err = answerOf(link.Answer{Code: 4711, Body: []byte("a later release's own code")})
	require.ErrorIs(t, err, AnswerError("a later release's own code"))
}
