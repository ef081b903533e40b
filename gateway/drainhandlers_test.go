package gateway

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestParseDrain(t *testing.T) {
	const reason = "requested on the admin port"
	for body, want := range map[string]DrainRequest{
		"":                                     {Reason: reason, Lease: defaultLease},
		"{}":                                   {Reason: reason, Lease: defaultLease},
		`{"reason": "new kernel"}` + " ":       {Reason: "new kernel", Lease: defaultLease},
		`{"windowSeconds":1,"leaseSeconds":9}`: {Reason: reason, Window: time.Second, Lease: 9 * time.Second},
		`{"windowSeconds":3600,"leaseSeconds":86400,"reason":null}`: {Reason: reason, Window: time.Hour, Lease: 24 * time.Hour},
	} {
		got, err := parseDrain(strings.NewReader(body))
		require.NoError(t, err, body)
		require.Equal(t, want, got, body)
	}
	for body, want := range map[string]string{
		`{"window": 1}`:                           `unknown field "window"`,
		`{"windowSeconds": 0}`:                    "windowSeconds is 0, want 1 to 3600",
		`{"windowSeconds": 3601}`:                 "windowSeconds is 3601, want 1 to 3600",
		`{"leaseSeconds": -1}`:                    "leaseSeconds is -1, want 1 to 86400",
		`{"windowSeconds": 0, "leaseSeconds": 0}`: "leaseSeconds is 0",
		`{"leaseSeconds": "5m"}`:                  "leaseSeconds",
		`{"leaseSeconds": 1.5}`:                   "leaseSeconds",
		`{"reason": ""}`:                          "reason",
		`{"reason": "a\nb"}`:                      "reason",
		`{"reason": 7}`:                           "reason",
		`{} {}`:                                   "something follows",
		`[]`:                                      "array",
		`{"reason": "` + strings.Repeat("x", 201): "unexpected EOF",
	} {
		_, err := parseDrain(strings.NewReader(body))
		require.ErrorContains(t, err, want, body)
	}
}

func FuzzParseDrain(f *testing.F) {
	f.Add(`{"reason": "new kernel", "windowSeconds": 30, "leaseSeconds": 600}`)
	f.Add(`{"leaseSeconds": 1e3}`)
	f.Fuzz(func(t *testing.T, body string) {
		req, err := parseDrain(strings.NewReader(body))
		if err != nil {
			return
		}
		require.NotEmpty(t, req.Reason)
		require.Positive(t, req.Lease)
		require.LessOrEqual(t, req.Lease, mostLeaseSeconds*time.Second)
		require.LessOrEqual(t, req.Window, mostWindowSeconds*time.Second)
	})
}
