package gateways

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// mesh returns gateways that all see each other.
func mesh(pods ...string) []Observation {
	var all []Observation
	for _, pod := range pods {
		r := &Reading{Node: pod, Boot: "boot-" + pod, Ready: true}
		for _, other := range pods {
			if other != pod {
				r.Peers = append(r.Peers, Peer{Node: other, Boot: "boot-" + other, State: "live", LinkedIn: true, LinkedOut: true})
			}
		}
		all = append(all, Observation{Target: Target{Pod: pod, Address: "10.0.0.1"}, Reading: r})
	}
	return all
}

func TestJudge(t *testing.T) {
	tests := map[string]struct {
		change func([]Observation) []Observation
		want   Verdict
	}{
		"whole": {
			func(all []Observation) []Observation { return all },
			Verdict{metav1.ConditionTrue, ReasonConverged, "each of 3 gateways sees every other"},
		},
		"none": {
			func([]Observation) []Observation { return nil },
			Verdict{metav1.ConditionUnknown, ReasonNoGateways, "no gateway runs"},
		},
		"alone": {
			func([]Observation) []Observation { return mesh("a") },
			Verdict{metav1.ConditionTrue, ReasonConverged, "the only gateway has nobody to see"},
		},
		"split": {
			func([]Observation) []Observation { return append(mesh("a", "b"), mesh("c")...) },
			Verdict{metav1.ConditionFalse, ReasonSplit, "a does not see c, b does not see c, c does not see a, c does not see b"},
		},
		"one direction": {
			func(all []Observation) []Observation { all[0].Reading.Peers[1].LinkedIn = false; return all },
			Verdict{metav1.ConditionFalse, ReasonSplit, "a does not see c"},
		},
		"silent": {
			func(all []Observation) []Observation { all[1].Reading = nil; return all },
			Verdict{metav1.ConditionUnknown, ReasonUnreachable, "no answer on the admin port from b"},
		},
		"terminating and silent": {
			func(all []Observation) []Observation { all[1].Terminating, all[1].Reading = true, nil; return all },
			Verdict{metav1.ConditionTrue, ReasonConverged, "each of 2 gateways sees every other"},
		},
		"ghost": {
			func(all []Observation) []Observation { return all[:2] },
			Verdict{metav1.ConditionFalse, ReasonGhost, "a still sees c (boot boot-c, live), which is no pod's, b still sees c (boot boot-c, live), which is no pod's"},
		},
		"memory of the dead": {
			func(all []Observation) []Observation {
				for _, o := range all[:2] {
					o.Reading.Peers[1].State = "dead"
				}
				return all[:2]
			},
			Verdict{metav1.ConditionTrue, ReasonConverged, "each of 2 gateways sees every other"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, test.want, Judge(test.change(mesh("a", "b", "c"))))
		})
	}
}

func TestJudgeNamesAtMostFive(t *testing.T) {
	v := Judge(append(mesh("a", "b", "c"), mesh("d", "e", "f")...))
	require.Equal(t, 5, strings.Count(v.Message, "does not see"))
	require.Contains(t, v.Message, " and 13 more")
}

func TestDebounce(t *testing.T) {
	var d debounce
	good := Verdict{metav1.ConditionTrue, ReasonConverged, "good"}
	bad := Verdict{metav1.ConditionFalse, ReasonSplit, "bad"}
	now := time.Unix(0, 0)
	after := func(s int) time.Time { return now.Add(time.Duration(s) * time.Second) }
	require.Equal(t, good, d.see(good, after(0)))
	require.Equal(t, good, d.see(bad, after(1)))
	require.Equal(t, good, d.see(bad, after(10)))
	require.Equal(t, good, d.see(good, after(11)), "a short fault never shows")
	require.Equal(t, good, d.see(bad, after(12)))
	require.Equal(t, bad, d.see(bad, after(22)))
	var fresh debounce
	require.Equal(t, ReasonSettling, fresh.see(bad, after(0)).Reason, "a cluster that starts is not split")
	require.Equal(t, good, fresh.see(good, after(1)))
	fresh = debounce{}
	fresh.see(bad, after(0))
	require.Equal(t, bad, fresh.see(bad, after(10)))
	worse := Verdict{metav1.ConditionFalse, ReasonSplit, "worse"}
	require.Equal(t, worse, d.see(worse, after(23)), "a new message of the same reason shows at once")
}

func TestPollPublishesCountsSeldomAndChangesAtOnce(t *testing.T) {
	now := time.Unix(0, 0)
	readings := map[string]*Reading{"1": {Node: "a", Boot: "1", Connections: 1}}
	p := NewPoller(func(_ context.Context, address string) (*Reading, error) {
		if r := readings[address]; r != nil {
			copied := *r
			return &copied, nil
		}
		return nil, errors.New("silent")
	}, func() time.Time { return now })
	key := types.NamespacedName{Name: "chat"}
	targets := []Target{{Pod: "a", Address: "1"}, {Pod: "b"}}
	poll := func() bool { return p.Poll(t.Context(), key, targets) }

	_, ok := p.Snapshot(key)
	require.False(t, ok)
	require.True(t, poll())
	require.False(t, poll(), "nothing is new")
	slices.Reverse(targets)
	require.False(t, poll(), "the order is not news")

	readings["1"].Connections = 2
	require.False(t, poll(), "counts wait")
	snapshot, ok := p.Snapshot(key)
	require.True(t, ok)
	require.Equal(t, 1, snapshot.Gateways[0].Reading.Connections)
	now = now.Add(PublishEvery)
	require.True(t, poll())

	readings["1"].Ready = true
	require.True(t, poll(), "readiness does not wait")
	targets = targets[1:]
	require.True(t, poll(), "nor does a gateway that is gone")

	p.Keep(map[types.NamespacedName]bool{})
	_, ok = p.Snapshot(key)
	require.False(t, ok)
}

func TestViewIsOfAGatewayThatIsReady(t *testing.T) {
	all := mesh("a", "b", "c")
	all[0].Reading.Ready = false
	all[1].Reading = nil
	require.Equal(t, "c", View(all).Node)
	require.Nil(t, View(nil))
}

func TestFetch(t *testing.T) {
	answer := `{"node":"a","boot":"1","connections":3,"peers":[{"node":"b","boot":"2","linkedIn":true}],"new":1}`
	code := http.StatusOK
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(code)
		_, _ = w.Write([]byte(answer))
	}))
	defer server.Close()
	host, text, err := net.SplitHostPort(server.Listener.Addr().String())
	require.NoError(t, err)
	port, err := strconv.Atoi(text)
	require.NoError(t, err)
	fetch := NewFetch(port)

	reading, err := fetch(t.Context(), host)
	require.NoError(t, err)
	require.Equal(t, 3, reading.Connections)
	require.True(t, reading.Peers[0].LinkedIn)

	code = http.StatusNotFound
	_, err = fetch(t.Context(), host)
	require.ErrorContains(t, err, "the answer is 404 Not Found, must be 200")
	code, answer = http.StatusOK, "{"
	_, err = fetch(t.Context(), host)
	require.ErrorContains(t, err, "reading the status")
}
