package pacing_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/starling-realtime/starling/gateway/pacing"
)

func TestShare(t *testing.T) {
	takes := func(perSecond, room int) pacing.Peer {
		return pacing.Peer{Takes: true, PerSecond: perSecond, Room: room}
	}
	moves := pacing.Peer{Moves: true, PerSecond: 1000, Room: 1000}
	for name, tt := range map[string]struct {
		peers []pacing.Peer
		want  float64
	}{
		"nobody":                           {nil, 0},
		"one":                              {[]pacing.Peer{takes(100, 5000)}, 100},
		"two":                              {[]pacing.Peer{takes(100, 5000), takes(50, 5000)}, 150},
		"little room":                      {[]pacing.Peer{takes(100, 7), takes(50, 0)}, 7},
		"over its bound":                   {[]pacing.Peer{takes(100, -7), takes(50, 500)}, 50},
		"another one drains":               {[]pacing.Peer{takes(100, 5000), moves}, 50},
		"two others drain":                 {[]pacing.Peer{takes(90, 5000), moves, moves}, 30},
		"one that has drained, or is gone": {[]pacing.Peer{takes(100, 5000), {PerSecond: 1000, Room: 1000}}, 100},
		"all the others drain":             {[]pacing.Peer{moves, moves}, 0},
	} {
		require.InDelta(t, tt.want, pacing.Share(tt.peers), 1e-9, name)
	}
}

// Gateways that drain together never send more than the others take, as long as they see each other.
func TestSharesAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var takers []pacing.Peer
		can := 0
		for range rapid.IntRange(0, 5).Draw(t, "takers") {
			p := pacing.Peer{
				Takes: true, PerSecond: rapid.IntRange(0, 1000).Draw(t, "per second"), Room: rapid.IntRange(0, 1000).Draw(t, "room"),
			}
			can += min(p.PerSecond, p.Room)
			takers = append(takers, p)
		}
		senders := rapid.IntRange(1, 5).Draw(t, "senders")
		peers := takers
		for range senders - 1 {
			peers = append(peers, pacing.Peer{Moves: true})
		}
		require.InDelta(t, float64(can), pacing.Share(peers)*float64(senders), 1e-6)
	})
}
