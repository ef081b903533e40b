package pacing_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/starling-realtime/starling/gateway/pacing"
)

func TestDoorLetsInAtItsRate(t *testing.T) {
	d := pacing.NewDoor(pacing.DoorOptions{PerSecond: 10, Queue: 3, MostWait: time.Hour})
	require.Equal(t, pacing.Answer{}, d.Arrive(begin), "a tenth of a second's worth at once")
	for i := range 3 {
		answer := d.Arrive(begin)
		require.Equal(t, pacing.Open, answer.Bound)
		require.Equal(t, time.Duration(i+1)*100*time.Millisecond, answer.Wait.Round(time.Millisecond))
	}
	require.Equal(t, 3, d.Waiting())
	require.Equal(t, pacing.QueueFull, d.Arrive(begin).Bound)
	d.Leave()
	answer := d.Arrive(begin)
	require.Equal(t, pacing.Open, answer.Bound)
	require.Equal(t, 400*time.Millisecond, answer.Wait.Round(time.Millisecond), "who gives up does not bring others forward")
	for range 3 {
		d.Leave()
	}
	require.Equal(t, pacing.Answer{}, d.Arrive(begin.Add(time.Second)))
}

func TestDoorRefusesWhoWouldWaitTooLong(t *testing.T) {
	d := pacing.NewDoor(pacing.DoorOptions{PerSecond: 10, Queue: 1000, MostWait: 250 * time.Millisecond})
	for range 3 {
		require.Equal(t, pacing.Open, d.Arrive(begin).Bound)
	}
	require.Equal(t, pacing.WaitTooLong, d.Arrive(begin).Bound)
	require.Equal(t, 2, d.Waiting())
}

func TestDoorWithoutAQueue(t *testing.T) {
	d := pacing.NewDoor(pacing.DoorOptions{PerSecond: 10, MostWait: time.Hour})
	require.Equal(t, pacing.Open, d.Arrive(begin).Bound)
	require.Equal(t, pacing.QueueFull, d.Arrive(begin).Bound)
	require.Equal(t, pacing.Open, d.Arrive(begin.Add(101*time.Millisecond)).Bound)
}

func TestBacklogCountsThoseWhoWereRefused(t *testing.T) {
	d := pacing.NewDoor(pacing.DoorOptions{PerSecond: 10, Queue: 10, MostWait: time.Hour})
	refused := func(now time.Time) time.Duration {
		answer := d.Arrive(now)
		require.Equal(t, pacing.QueueFull, answer.Bound)
		return answer.Backlog.Round(time.Millisecond)
	}
	for range 11 {
		d.Arrive(begin)
	}
	require.Equal(t, 1100*time.Millisecond, refused(begin), "ten wait")
	require.Equal(t, 1200*time.Millisecond, refused(begin), "and one is away")
	for range 100 {
		refused(begin)
	}
	require.Equal(t, 11_300*time.Millisecond, refused(begin))
	for range 1000 {
		refused(begin)
	}
	require.Equal(t, 30*time.Second, refused(begin), "nobody is sent away for longer")
}

func TestSpare(t *testing.T) {
	d := pacing.NewDoor(pacing.DoorOptions{PerSecond: 100, Queue: 50, MostWait: time.Hour})
	require.Equal(t, 100, d.Spare(begin))
	for range 10 + 25 {
		d.Arrive(begin)
	}
	require.Equal(t, 50, d.Spare(begin), "half of the queue is taken")
	for range 200 {
		d.Arrive(begin)
	}
	require.Equal(t, 10, d.Spare(begin), "never nothing")
	for range 50 {
		d.Leave()
	}
	require.Equal(t, 100, d.Spare(begin.Add(time.Minute)))
}

func TestSpareOfASlowDoor(t *testing.T) {
	require.Equal(t, 1, pacing.NewDoor(pacing.DoorOptions{PerSecond: 1}).Spare(begin))
}

// Whoever comes whenever: in no time do more come in than the rate allows, in the order of arrival, and nobody waits longer than may
// be; no more wait than may.
func TestDoorKeepsItsBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		opts := pacing.DoorOptions{
			PerSecond: rapid.IntRange(1, 2000).Draw(t, "per second"), Queue: rapid.IntRange(0, 50).Draw(t, "queue"),
			MostWait: time.Duration(rapid.IntRange(0, 5000).Draw(t, "most wait")) * time.Millisecond,
		}
		d := pacing.NewDoor(opts)
		var in []time.Time // when each one comes in
		now, waiting := begin, []time.Time{}
		for range rapid.IntRange(1, 150).Draw(t, "arrivals") {
			now = now.Add(time.Duration(rapid.IntRange(0, 20_000).Draw(t, "pause")) * time.Microsecond)
			for len(waiting) > 0 && !waiting[0].After(now) {
				waiting = waiting[1:]
				d.Leave()
			}
			require.Equal(t, len(waiting), d.Waiting())
			spare := d.Spare(now)
			require.Positive(t, spare)
			require.LessOrEqual(t, spare, opts.PerSecond)
			answer := d.Arrive(now)
			if answer.Bound != pacing.Open {
				require.Positive(t, answer.Backlog)
				continue
			}
			require.LessOrEqual(t, answer.Wait, opts.MostWait+time.Millisecond)
			at := now.Add(answer.Wait)
			if answer.Wait > 0 {
				waiting = append(waiting, at)
				require.LessOrEqual(t, len(waiting), opts.Queue)
			}
			if len(in) > 0 {
				require.False(t, at.Before(in[len(in)-1].Add(-time.Microsecond)))
			}
			in = append(in, at)
		}
		burst := max(1, opts.PerSecond/10)
		for i := range in {
			for j := i; j < len(in); j++ {
				allowed := float64(burst) + in[j].Sub(in[i]).Seconds()*float64(opts.PerSecond)
				if float64(j-i+1) > allowed+0.01 {
					t.Fatalf("%d come in from %v to %v", j-i+1, in[i], in[j])
				}
			}
		}
	})
}

// A storm that is refused and comes back when it was told is let in, with ever fewer refusals and no second storm.
func TestStormComesBackSpreadOut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		opts := pacing.DoorOptions{PerSecond: 30, Queue: 30, MostWait: 2500 * time.Millisecond}
		d := pacing.NewDoor(opts)
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		const clients = 300
		due := map[int]int{0: clients} // by tenths of a second
		in, refusals := 0, 0
		leaves := map[int]int{}
		tenth := 0
		for ; in < clients; tenth++ {
			now := begin.Add(time.Duration(tenth) * 100 * time.Millisecond)
			for range leaves[tenth] {
				d.Leave()
			}
			for range due[tenth] {
				answer := d.Arrive(now)
				switch {
				case answer.Bound != pacing.Open:
					refusals++
					wait := pacing.Retry(answer.Backlog, random.Float64())
					due[tenth+int(wait/(100*time.Millisecond))+1]++
				default:
					in++
					if answer.Wait > 0 {
						leaves[tenth+int(answer.Wait/(100*time.Millisecond))+1]++
					}
				}
			}
			require.Less(t, tenth, 10*60, "still %d outside", clients-in)
		}
		require.Less(t, refusals, 3*clients)
	})
}

func TestRetry(t *testing.T) {
	for _, tt := range []struct {
		backlog time.Duration
		random  float64
		want    time.Duration
	}{
		{0, 0, time.Second},
		{0, 1, 3 * time.Second},
		{10 * time.Second, 0, time.Second},
		{10 * time.Second, 0.5, 12 * time.Second},
		{10 * time.Second, 1, 23 * time.Second},
		{time.Hour, 1, 63 * time.Second},
		{-time.Hour, 0.5, 2 * time.Second},
	} {
		require.Equal(t, tt.want, pacing.Retry(tt.backlog, tt.random))
	}
}
