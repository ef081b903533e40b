package gateway_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Every command of the page works as it stands, one after another, and is answered with the fields that the page shows.
func TestAPIPageCommands(t *testing.T) {
	curl, err := exec.LookPath("curl")
	require.NoError(t, err, "this test runs curl: install it")
	bash, err := exec.LookPath("sh")
	require.NoError(t, err)
	page, err := os.ReadFile("../docs/http-api.md")
	require.NoError(t, err)
	examples := regexp.MustCompile("(?s)```sh curl\n(.*?)```\n```json answer\n(.*?)```").FindAllStringSubmatch(string(page), -1)
	require.Len(t, examples, strings.Count(string(page), "```sh curl"), "each command has an answer")
	require.GreaterOrEqual(t, len(examples), 8)

	s := serve(t, withAPI(t))
	ann := s.member("ann")
	ann.join("orders:42")
	for _, example := range examples {
		cmd := exec.CommandContext(t.Context(), bash, "-c", example[1])
		cmd.Env = append(os.Environ(), "STARLING="+s.client.URL, "KEY="+shopKey)
		got, err := cmd.Output()
		require.NoError(t, err, "%s, with %s", example[1], curl)
		var want, have any
		require.NoError(t, json.Unmarshal([]byte(example[2]), &want), example[2])
		require.NoError(t, json.Unmarshal(got, &have), "%s", got)
		require.Equal(t, shape(want), shape(have), "%s\nanswered %s", example[1], got)
	}
	for _, typ := range []string{"order.paid", "order.sent", "notice"} {
		ann.expect(typ)
	}
	require.Equal(t, "disconnected by the application: signed out", ann.expectClose(1008))
}

// shape replaces what differs from run to run, ids and times, by what it is.
func shape(value any) any {
	switch v := value.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, field := range v {
			if slices.Contains([]string{"mid", "id", "connectedAt"}, name) {
				field = fmt.Sprintf("a %T", field)
			}
			out[name] = shape(field)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = shape(v[i])
		}
		return out
	default:
		return value
	}
}
