package load

import (
	"encoding/json"
	"io"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/gateway"
	"github.com/starling-realtime/starling/internal/bench/dialect"
)

// startGateway returns the address of a gateway that ends with the test.
func startGateway(t *testing.T, edit func(*gateway.Config)) (address string, g *gateway.Gateway) {
	t.Helper()
	cfg := gateway.DefaultConfig()
	cfg.Anonymous = true
	if edit != nil {
		edit(&cfg)
	}
	g, err := gateway.New(cfg, gateway.Options{})
	require.NoError(t, err)
	server := httptest.NewServer(g.Handler())
	t.Cleanup(func() {
		server.Close()
		require.NoError(t, g.Close(t.Context()))
	})
	return "ws" + strings.TrimPrefix(server.URL, "http"), g
}

// A generator is [Serve] in this process.
type generator struct {
	t   *testing.T
	in  *json.Encoder
	out *json.Decoder
}

func newGenerator(t *testing.T, plan Plan) *generator {
	t.Helper()
	inR, inW := io.Pipe()
	outR, outW := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := Serve(inR, outW, map[string]dialect.Dialect{"starling": dialect.Starling{}})
		outW.Close()
		ended <- err
	}()
	t.Cleanup(func() {
		inW.Close()
		require.NoError(t, <-ended)
	})
	plan.Dialect, plan.Parts = "starling", 1
	g := &generator{t, json.NewEncoder(inW), json.NewDecoder(outR)}
	g.do(command{Plan: &plan})
	return g
}

func (g *generator) do(c command) answer {
	g.t.Helper()
	require.NoError(g.t, g.in.Encode(c))
	var a answer
	require.NoError(g.t, g.out.Decode(&a))
	require.Empty(g.t, a.Error)
	return a
}

func (g *generator) await(what string, done func(Counts) bool) {
	g.t.Helper()
	require.Eventually(g.t, func() bool { return done(*g.do(command{Count: true}).Counts) }, time.Minute, 5*time.Millisecond, what)
}

func (g *generator) open(o Opening) {
	g.t.Helper()
	o.Timeout = int64(time.Minute)
	g.do(command{Open: &o})
	g.await("opening", func(c Counts) bool { return !c.Opening })
}

// publish publishes a while and returns what came.
func (g *generator) publish(rate float64, deliveries uint64) Result {
	g.t.Helper()
	g.do(command{Pace: &Pacing{Start: newClock().now(), Duration: int64(300 * time.Millisecond), Rate: rate, Payload: 100}})
	g.await("publishing", func(c Counts) bool { return !c.Pacing && c.Delivered >= deliveries })
	return *g.do(command{Measure: true}).Result
}

func fanoutPlan(address string, stalled int) Plan {
	return Plan{Streams: 1, Channels: 1, Groups: []Group{
		{Name: "s", Count: 20, PerConnection: 1, Targets: []string{address}, Stalled: stalled},
		{Name: "p", Count: 1, PerConnection: 1, Targets: []string{address}, Publishes: true, Deaf: true},
	}}
}

func TestEveryDeliveryIsSeen(t *testing.T) {
	address, _ := startGateway(t, nil)
	plan := fanoutPlan(address, 2)
	g := newGenerator(t, plan)
	g.open(Opening{InFlight: 4})
	r := g.publish(200, 60*18)
	require.Equal(t, []uint32{60}, r.Streams)
	require.EqualValues(t, 60*18, r.Delivered)
	require.EqualValues(t, 60*18, plan.Expected(r.Streams))
	require.Equal(t, 21, r.Opened)
	require.EqualValues(t, 60*18, r.Latency.TotalCount())
	require.EqualValues(t, 60, r.Lateness.TotalCount())
	require.Zero(t, r.Reordered+r.Duplicates+r.Untracked+r.Errors)
	require.Empty(t, r.Ends)
}

func TestConnectionsComeBackAfterADrop(t *testing.T) {
	address, _ := startGateway(t, nil)
	g := newGenerator(t, fanoutPlan(address, 0))
	g.open(Opening{Rate: 1000})
	g.do(command{Drop: true})
	require.Zero(t, g.do(command{Count: true}).Counts.Open)
	g.open(Opening{Spread: int64(20 * time.Millisecond)})
	r := g.publish(100, 30*20)
	require.Equal(t, 21, r.Open)
	require.EqualValues(t, 30*20, r.Delivered)
	require.Empty(t, r.Ends, "cutting was the plan")
	require.Zero(t, r.Vanished)
}

func TestJoinsAreSeen(t *testing.T) {
	address, _ := startGateway(t, nil)
	g := newGenerator(t, Plan{Channels: 10, Groups: []Group{
		{Name: "o", Count: 2, PerConnection: 5, Targets: []string{address}},
		{Name: "j", Count: 10, Toggles: true, Targets: []string{address}},
	}})
	g.open(Opening{InFlight: 4})
	g.do(command{Pace: &Pacing{Start: newClock().now(), Duration: int64(300 * time.Millisecond), Rate: 100, Toggle: true}})
	g.await("joining", func(c Counts) bool { return !c.Pacing && c.Delivered >= c.Sent })
	r := g.do(command{Measure: true}).Result
	require.EqualValues(t, 30, r.Sent)
	require.EqualValues(t, 30, r.Delivered)
	require.Zero(t, r.Errors)
}

// What the server refuses is told, and tried again.
func TestRefusedConnectionsAreCounted(t *testing.T) {
	address, _ := startGateway(t, func(c *gateway.Config) { c.Limits.Connections = 5 })
	g := newGenerator(t, fanoutPlan(address, 0))
	g.do(command{Open: &Opening{Timeout: int64(5 * time.Second)}})
	g.await("giving up", func(c Counts) bool { return !c.Opening })
	r := g.do(command{Measure: true}).Result
	require.Equal(t, 5, r.Opened)
	require.Equal(t, 16, r.Failed)
	require.GreaterOrEqual(t, r.Failures["HTTP 503"], 16)
}

func TestServerThatEndsConnectionsIsFound(t *testing.T) {
	address, gw := startGateway(t, nil)
	g := newGenerator(t, fanoutPlan(address, 0))
	g.open(Opening{InFlight: 4})
	require.NoError(t, gw.Close(t.Context()))
	g.await("ending", func(c Counts) bool { return c.Open == 0 })
	r := g.do(command{Measure: true}).Result
	total := 0
	for _, n := range r.Ends {
		total += n
	}
	require.Equal(t, 21, total, r.Ends)
}

func TestServeExplains(t *testing.T) {
	for line, want := range map[string]string{
		``:                               "reading the plan",
		`{}`:                             "has no plan",
		`{"plan":{"dialect":"klingon"}}`: `unknown dialect "klingon"`,
		`{"plan":{"dialect":"starling","sources":["here"]}}`:                               "source address",
		`{"plan":{"dialect":"starling","parts":2,"groups":[{"name":"j","toggles":true}]}}`: "one process must make all the joins",
	} {
		err := Serve(strings.NewReader(line), io.Discard, map[string]dialect.Dialect{"starling": dialect.Starling{}})
		require.ErrorContains(t, err, want, line)
	}
}
