package gateway_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/gateway"
)

// Clients that come, do anything and vanish, through drains that are begun and canceled, leave nothing behind.
func TestNothingIsLeftAfterAStorm(t *testing.T) {
	_, use := newCluster()
	s := serve(t, func(c *gateway.Config, o *gateway.Options) {
		use(c, o)
		c.Deregister, c.DrainWindow = 0, time.Hour
		o.Logger = nil
	}).ready()
	stop := make(chan struct{})
	var group sync.WaitGroup
	for i := range 10 {
		group.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
					oneLife(s, fmt.Sprintf("m%d", i%7), n)
				}
			}
		})
	}
	for range 10 {
		s.StartDrain(gateway.DrainRequest{Reason: "storm"})
		time.Sleep(20 * time.Millisecond)
		_ = s.CancelDrain() // too late, if all were gone at that moment
		time.Sleep(50 * time.Millisecond)
		s.get("/metrics")
		s.get("/status")
	}
	close(stop)
	group.Wait()
	eventually(t, func() bool {
		status := s.Status()
		return status.Connections == 0 && status.Channels == 0 && status.Members == 0 && status.PresenceEntries == 0
	}, "all is gone")
	require.NoError(t, s.CancelDrain())
	s.member("ann").join("r")
}

// oneLife is a client that does a few things and ends, politely or not.
func oneLife(s *server, member string, n int) {
	conn, response, err := websocket.DefaultDialer.Dial(s.url("member="+member), nil)
	if err != nil {
		if response == nil || response.StatusCode != http.StatusServiceUnavailable {
			s.t.Errorf("dialing: %v", err)
		}
		return
	}
	defer func() { _ = conn.Close() }()
	go func() {
		for {
			if _, _, err := conn.NextReader(); err != nil {
				return
			}
		}
	}()
	for step := range rand.IntN(20) {
		channel := fmt.Sprintf("r%d", rand.IntN(5))
		frame := []string{
			`{"type":"join","id":1,"payload":{"channel":"%s"}}`, `{"type":"join","payload":{"channel":"%s","presence":"count"}}`,
			`{"type":"leave","id":2,"payload":{"channel":"%s"}}`, `{"type":"typing","payload":{"channel":"%s","typing":true}}`,
			`{"type":"publish","id":3,"payload":{"channel":"%s","type":"m","payload":1}}`, `{"type":"presence","id":4,"payload":{"channel":"%s"}}`,
			`{"bad":"%s"`,
		}[(step+n+rand.IntN(3))%7]
		if conn.WriteMessage(websocket.TextMessage, []byte(fmt.Sprintf(frame, channel))) != nil {
			return
		}
	}
	if n%2 == 0 {
		_ = conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(1000, ""), time.Now().Add(patience))
	}
}
