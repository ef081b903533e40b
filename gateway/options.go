package gateway

import (
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/starling-realtime/starling/gateway/auth"
	"github.com/starling-realtime/starling/gateway/mesh/keyring"
	"github.com/starling-realtime/starling/hub"
)

// Options are what a program gives to [New] besides settings. The zero value is a gateway on its own.
type Options struct {
	// Authenticator identifies clients. Default: what the config says.
	Authenticator auth.Authenticator
	// Logger gets what no client can be told. Default: nothing is logged.
	Logger *slog.Logger
	// Registry gets the metrics, among them those of the Go runtime. Default: a new one.
	Registry *prometheus.Registry
	// Boot is this life of the gateway. Default: a random one.
	Boot hub.Boot
	// Keys prove membership of the cluster, and the right to change something on the admin port. Without keys such
	// requests are refused.
	Keys *keyring.Keyring
	// NewCluster connects the gateway with others. Default, and when it returns nil: it stays alone.
	NewCluster func(ClusterHost) (Cluster, error)
	// Rebalance is for tests.
	Rebalance RebalanceTuning
}
