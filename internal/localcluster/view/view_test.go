package view

import (
	"bytes"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/internal/localcluster"
)

func noon() time.Time { return time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC) }

func size(width, height int) func() (int, int) {
	return func() (int, int) { return width, height }
}

func gateways() []localcluster.Gateway {
	return []localcluster.Gateway{
		{Name: "gateway-1", PID: 4242, Address: "127.0.0.1:20001", State: localcluster.StateReady, Connections: 12, Members: 7, Peers: 1},
		{Name: "gateway-2", Address: "127.0.0.1:20004", State: localcluster.StateRestarting},
	}
}

func TestTableShowsGatewaysAndRedrawsInPlace(t *testing.T) {
	var out bytes.Buffer
	table := NewTable(&out, TableOptions{Title: "chat", Size: size(120, 40)})
	table.now = noon
	table.Listening("127.0.0.1:8080")
	table.Update(gateways())
	require.Equal(t, "\x1b[J"+`chat  http://127.0.0.1:8080/

GATEWAY     PID  ADDRESS          CONNECTIONS  MEMBERS  PEERS  STATE
gateway-1  4242  127.0.0.1:20001           12        7      1  ready
gateway-2     -  127.0.0.1:20004            -        -      -  restarting

`, out.String())

	out.Reset()
	table.Event("gateway-2 started")
	text, found := strings.CutPrefix(out.String(), "\x1b[6A\r\x1b[J")
	require.True(t, found, "%q", out.String())
	require.Contains(t, text, "\n\n12:00:00  gateway-2 started\n")

	out.Reset()
	for range 20 {
		table.Event("again")
	}
	require.True(t, strings.HasSuffix(out.String(), strings.Repeat("12:00:00  again\n", recentEvents)))
	require.Equal(t, 6+recentEvents, table.drawn)
}

func TestTableIsNeverWiderThanTheTerminal(t *testing.T) {
	for width := range 100 {
		var out bytes.Buffer
		table := NewTable(&out, TableOptions{Title: strings.Repeat("é", 80), Size: size(width, 40)})
		table.Event(strings.Repeat("é", 80))
		out.Reset()
		table.drawn = 0
		table.Update(gateways())
		for line := range strings.Lines(strings.TrimPrefix(out.String(), eraseBelow)) {
			require.LessOrEqual(t, utf8.RuneCountInString(strings.TrimSuffix(line, "\n")), width)
		}
	}
}

func TestTableIsNeverHigherThanTheTerminal(t *testing.T) {
	for height := range 20 {
		var out bytes.Buffer
		table := NewTable(&out, TableOptions{Title: "chat", Size: size(80, height)})
		for range recentEvents {
			table.Event("again")
		}
		table.Event("the newest")
		out.Reset()
		table.Update(gateways())
		require.LessOrEqual(t, table.drawn, max(height-1, 0))
		require.Equal(t, table.drawn, strings.Count(out.String(), "\n"))
		require.Equal(t, height > 7, strings.Contains(out.String(), "the newest"), "height %d", height)
	}
}

func TestTableColors(t *testing.T) {
	var out bytes.Buffer
	table := NewTable(&out, TableOptions{Title: "chat", Color: true, Size: size(80, 40)})
	table.Update(gateways())
	require.Contains(t, out.String(), green+"gateway-1 ")
	require.Contains(t, out.String(), red+"gateway-2 ")
	require.Contains(t, out.String(), bold+"chat"+reset)
}

func TestControlCharactersStayOut(t *testing.T) {
	var lines, screen bytes.Buffer
	plain := NewLines(&lines)
	plain.now = noon
	plain.Log("gateway-1", "tab\tis fine, \x1b[2J and \u009b are not")
	plain.Event("one\ntwo")
	plain.Update(gateways())
	require.Equal(t, "gateway-1 | tab\tis fine, \uFFFD[2J and \uFFFD are not\n12:00:00 one\uFFFDtwo\n", lines.String())

	table := NewTable(&screen, TableOptions{Size: size(80, 40)})
	table.now = noon
	table.Log("gateway-1", "not shown")
	require.Empty(t, screen.String())
	table.Event("\x1b[2J")
	require.Contains(t, screen.String(), "12:00:00  \uFFFD[2J\n")
}
