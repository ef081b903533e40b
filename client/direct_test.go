package client_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/client"
	"github.com/starling-realtime/starling/gateway"
)

const direct = `{"type":"notice","from":"shop","mid":%q,"payload":%s,"ts":1}`

func TestDirectMessagesComeOnce(t *testing.T) {
	play(t, func(t *testing.T, s *script) {
		r := &record{}
		c := s.client(client.Options{OnDirect: r.add})
		p := s.welcome("a")
		p.say(direct, "m1", `{"text":"before any channel"}`)
		synctest.Wait()
		require.Equal(t, []client.Event{client.Message{
			Type: "notice", From: "shop", MID: "m1", Payload: json.RawMessage(`{"text":"before any channel"}`), Time: time.UnixMilli(1),
		}}, r.all())

		_, inRoom := s.room(c, p)
		p.say(direct, "m2", `{"channel":"r","memberId":"eve"}`)
		p.say(direct, "m3", `null`)
		p.say(askToMove)
		next := s.welcome("b")
		join := next.expect("join")
		p.say(direct, "m4", `4`)
		next.say(direct, "m4", `4`)
		next.say(direct, "m5", `5`)
		p.say(direct, "m5", `5`)
		next.snapshot("r")
		next.reply(join, `{"channel":"r"}`)
		<-p.gone
		synctest.Wait()
		require.Len(t, r.all(), 5)
		require.Len(t, of[client.Message](r), 5, "and no gap: the client moved in good order")
		require.Empty(t, of[client.Message](inRoom))
		require.EqualValues(t, 2, c.Stats().Duplicates)
		require.Zero(t, c.Stats().BadFrames)
	})
}

func TestDirectMessagesThatMayBeMissingAreToldOf(t *testing.T) {
	play(t, func(t *testing.T, s *script) {
		r := &record{}
		s.client(client.Options{OnDirect: r.add})
		p := s.welcome("a")
		p.say(direct, "m1", `1`)
		synctest.Wait()
		p.cut()
		synctest.Wait()
		require.Empty(t, of[client.Gap](r), "it is told when the program can do something about it")
		p = s.welcome("b")
		p.say(direct, "m2", `2`)
		synctest.Wait()
		require.IsType(t, client.Message{}, r.all()[0])
		require.Equal(t, client.Gap{Cause: client.GapReconnect}, r.all()[1])
		require.IsType(t, client.Message{}, r.all()[2])

		p.say(askToMove)
		s.welcome("c")
		synctest.Wait()
		p.cut() // before the overlap is over
		synctest.Wait()
		require.Len(t, of[client.Gap](r), 2)
	})
}

func TestSlowProgramMissesDirectMessagesAndIsTold(t *testing.T) {
	play(t, func(t *testing.T, s *script) {
		events := make(chan client.Event, 1)
		s.client(client.Options{EventQueueBytes: 5_000, OnDirect: func(e client.Event) { events <- e }})
		p := s.welcome("a")
		const sent = 200
		for i := range sent {
			p.say(direct, strconv.Itoa(i), `"`+strings.Repeat("x", 100)+`"`)
		}
		synctest.Wait()
		got := 0
		e := <-events
		for ; ; e = <-events {
			if _, ok := e.(client.Message); !ok {
				break
			}
			got++
		}
		require.Less(t, got, 50)
		require.Equal(t, client.Gap{Cause: client.GapSlow, Lost: sent - got}, e)
	})
}

func TestBackendSendsToAllDevices(t *testing.T) {
	const key = "0123456789abcdef0123456789abcdef"
	file := filepath.Join(t.TempDir(), "api.keys")
	require.NoError(t, os.WriteFile(file, []byte("shop "+key+"\n"), 0o600))
	s := serve(t, func(c *gateway.Config, _ *gateway.Options) { c.APIKeysFiles = []string{file} })
	devices := []*record{{}, {}, {}}
	for i, member := range []string{"ann", "ann", "bob"} {
		connect(t, s.url(), client.Options{Member: member, OnDirect: devices[i].add})
	}
	send := func(member, body string) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+s.addr()+"/v1/members/"+member+"/send", strings.NewReader(body))
		require.NoError(t, err)
		req.Header.Set("Authorization", "Bearer "+key)
		req.Header.Set("Content-Type", "application/json")
		res, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		require.Equal(t, http.StatusOK, res.StatusCode)
	}
	send("ann", `{"type":"notice","payload":{"n": 1}}`)
	send("bob", `{"type":"notice","payload":{"n": 2},"from":"shop"}`)
	for i, want := range []string{`{"n": 1}`, `{"n": 1}`, `{"n": 2}`} {
		eventually(t, func() bool { return len(devices[i].all()) > 0 }, "device %d gets it", i)
		got := devices[i].all()
		require.Len(t, got, 1)
		m, ok := got[0].(client.Message)
		require.True(t, ok)
		require.Empty(t, m.Channel)
		require.Equal(t, "notice", m.Type)
		require.JSONEq(t, want, string(m.Payload))
	}
}
