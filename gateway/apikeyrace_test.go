package gateway_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/gateway"
)

// Of requests with one idempotency key and different bodies that come at the same time one is carried out, and the others are told.
func TestAPIKeysAreUsedOnceAtTheSameTime(t *testing.T) {
	const callers = 4
	cluster, use := newCluster()
	var looked sync.WaitGroup // at the keys
	looked.Add(callers)
	cluster.room = func(context.Context) { looked.Done(); looked.Wait() }
	s := serve(t, func(cfg *gateway.Config, o *gateway.Options) { withAPI(t)(cfg, o); use(cfg, o) }).ready()
	publish := func(n int) (int, error) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.client.URL+"/v1/channels/r/publish",
			strings.NewReader(fmt.Sprintf(`{"type":"x","payload":%d}`, n)))
		if err != nil {
			return 0, err
		}
		request.Header.Set("Authorization", "Bearer "+shopKey)
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Idempotency-Key", "k")
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return 0, err
		}
		return response.StatusCode, response.Body.Close()
	}
	var all sync.WaitGroup
	var statuses [callers]int
	var errs [callers]error
	for i := range callers {
		all.Go(func() { statuses[i], errs[i] = publish(i) })
	}
	all.Wait()
	count := map[int]int{}
	for i, status := range statuses {
		require.NoError(t, errs[i])
		count[status]++
	}
	require.Equal(t, map[int]int{http.StatusOK: 1, http.StatusUnprocessableEntity: callers - 1}, count)
}
