package crowd

import (
	"encoding/json"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/client"
)

func message(t *testing.T, number int, gateway string) client.Event {
	t.Helper()
	payload, err := json.Marshal(said{Number: number})
	require.NoError(t, err)
	return client.Message{Type: messageType, Payload: payload, MID: gateway + "-" + strconv.Itoa(number)}
}

func TestOrderAndDuplicatesAreNoticed(t *testing.T) {
	moving := false
	e := newEar(func() bool { return moving })
	for _, s := range []struct {
		number  int
		gateway string
	}{{0, "a"}, {2, "a"}, {1, "a"}, {3, "b"}, {3, "b"}, {5, "b"}, {4, "a"}} {
		e.hear(message(t, s.number, s.gateway))
	}
	require.Equal(t, 1, e.wrong, "1 came after 2 of the same gateway")
	require.Equal(t, 1, e.crossed, "4 came after 5 of another gateway")
	require.Equal(t, 2, e.heard[3])
	moving = true
	e.hear(message(t, 8, "b"))
	e.hear(message(t, 7, "b"))
	require.Equal(t, 1, e.wrong)
	require.Equal(t, 2, e.crossed, "7 came after 8 while the listener moved")
}

// reportOf accounts for one publisher and one listener.
func reportOf(t *testing.T, entries []entry, events ...client.Event) Report {
	t.Helper()
	b := &book{entries: entries}
	speaker, listener := newPerson("speaker", "room", b, true), newPerson("listener", "room", b, false)
	for _, event := range events {
		listener.ear.hear(event)
	}
	r := Report{Gaps: map[client.GapCause]int{}}
	r.addMessages(speaker, 0)
	r.addMessages(listener, 0)
	r.addPresence([]*person{speaker, listener}, time.Now())
	return r
}

func TestLossIsNoticed(t *testing.T) {
	now := time.Now()
	accepted, failed := entry{at: now, accepted: true}, entry{at: now, err: client.ErrClosed}
	r := reportOf(t, []entry{accepted, accepted, failed}, message(t, 1, "a"))
	require.Equal(t, 2, r.Published)
	require.Equal(t, 1, r.Unknown)
	require.Equal(t, 1, r.Delivered)
	require.Equal(t, 1, r.Lost)
	require.Zero(t, r.LostWithGap)
}

func TestLossThatAGapToldOfIsApart(t *testing.T) {
	r := reportOf(t, []entry{{at: time.Now(), accepted: true}}, client.Gap{Cause: client.GapReconnect})
	require.Zero(t, r.Lost)
	require.Equal(t, 1, r.LostWithGap)
	require.Equal(t, map[client.GapCause]int{client.GapReconnect: 1}, r.Gaps)

	later := entry{at: time.Now().Add(time.Minute), accepted: true}
	r = reportOf(t, []entry{later}, client.Gap{Cause: client.GapReconnect})
	require.Equal(t, 1, r.Lost, "a gap tells of what was published before it")
}

func TestFalseLeavesAreNoticed(t *testing.T) {
	r := reportOf(t, nil, client.Presence{Initial: true, Left: []string{"nobody"}}, client.Presence{Left: []string{"speaker"}},
		client.Presence{Joined: []string{"speaker"}})
	require.Equal(t, 1, r.FalseLeaves)
	require.Equal(t, 1, r.FalseJoins)
}

func TestDeparturesAreCounted(t *testing.T) {
	since := time.Now()
	var d Departures
	d.add(nil, since)
	d.add([]time.Time{since.Add(2 * time.Second)}, since)
	d.add([]time.Time{since.Add(time.Second), since.Add(3 * time.Second)}, since)
	require.Equal(t, Departures{Expected: 3, Once: 1, Missing: 1, Repeated: 1, First: time.Second, Last: 2 * time.Second}, d)
}

func TestPeak(t *testing.T) {
	start := time.Now()
	at := func(milliseconds ...int) []time.Time {
		var times []time.Time
		for _, ms := range milliseconds {
			times = append(times, start.Add(time.Duration(ms)*time.Millisecond))
		}
		return times
	}
	require.Zero(t, peak(nil))
	require.Equal(t, 3, peak(at(0, 900, 999, 1000, 2500)))
	require.Equal(t, 2, peak(at(0, 999)))
	require.Equal(t, 1, peak(at(0, 1000)))
}
