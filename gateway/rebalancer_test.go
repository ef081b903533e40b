package gateway

import (
	"bytes"
	"context"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/gateway/rebalance"
)

// A fakeRoom is what a rebalancer works on: this gateway's clients, and those of another one.
type fakeRoom struct {
	mu     sync.Mutex
	view   rebalance.View
	sticky bool // clients come back
}

func newFakeRoom() *fakeRoom {
	return &fakeRoom{view: rebalance.View{
		Ready: true, Connections: 200, Movable: 200,
		Others: []rebalance.Gateway{{ID: "b", Serves: true, PerSecond: 1000, Room: 1000}},
	}}
}

func (f *fakeRoom) look() rebalance.View {
	f.mu.Lock()
	defer f.mu.Unlock()
	v := f.view
	v.Others = append([]rebalance.Gateway(nil), v.Others...)
	return v
}

func (f *fakeRoom) ask(count int) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.sticky {
		f.view.Connections -= count
		f.view.Others[0].Connections += count
	}
	return count
}

// rebalances runs a rebalancer until the test is done with it.
func rebalances(t *testing.T, f *fakeRoom, log *bytes.Buffer) *rebalancer {
	t.Helper()
	r := &rebalancer{
		every: time.Second, view: f.look, ask: f.ask, logger: slog.New(slog.NewTextHandler(log, nil)),
		asked:   prometheus.NewCounter(prometheus.CounterOpts{Name: "asked_total", Help: "Asked."}),
		stops:   prometheus.NewCounter(prometheus.CounterOpts{Name: "stops_total", Help: "Stops."}),
		planner: rebalance.NewPlanner(rebalance.Options{}), status: RebalanceStatus{Policy: "Even"},
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	return r
}

func counted(t *testing.T, c prometheus.Counter) float64 {
	t.Helper()
	reg := prometheus.NewRegistry()
	reg.MustRegister(c)
	all, err := reg.Gather()
	require.NoError(t, err)
	return all[0].GetMetric()[0].GetCounter().GetValue()
}

func TestRebalancerEvensOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		f := newFakeRoom()
		begin := time.Now()
		r := rebalances(t, f, &log)
		time.Sleep(time.Minute)
		synctest.Wait()
		require.Zero(t, r.read().Asked)
		require.Equal(t, "resting", r.read().State)
		time.Sleep(20 * time.Second)
		synctest.Wait()
		status := r.read()
		require.Equal(t, "shedding", status.State)
		require.Positive(t, status.Asked)
		require.Equal(t, 61*time.Second, status.Since.Sub(begin))
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		status = r.read()
		require.Equal(t, "even", status.State)
		require.Equal(t, []int{100, 0}, []int{status.Asked, status.Excess})
		require.InDelta(t, 100, counted(t, r.asked), 0)
		require.Equal(t, 1, bytes.Count(log.Bytes(), []byte("sending clients to gateways that have fewer")))
		require.Equal(t, 1, bytes.Count(log.Bytes(), []byte("has no more clients than")))
	})
}

func TestRebalancerSaysOnceThatItStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		f := newFakeRoom()
		f.sticky = true
		r := rebalances(t, f, &log)
		time.Sleep(time.Hour)
		synctest.Wait()
		status := r.read()
		require.Equal(t, "stopped", status.State)
		require.Contains(t, status.Reason, "clients come back")
		require.Equal(t, 100, status.Excess)
		require.InDelta(t, 1, counted(t, r.stops), 0)
		require.Equal(t, 1, bytes.Count(log.Bytes(), []byte("level=WARN")))
	})
}

func TestWithoutRebalancingThereIsOnlyThePolicy(t *testing.T) {
	require.Equal(t, RebalanceStatus{Policy: "Off"}, (*rebalancer)(nil).read())
}
