package localcluster

import (
	"errors"
	"fmt"
	"time"

	"github.com/starling-realtime/starling/api/v1alpha1"
)

// MaxReplicas bounds the gateways on one machine: each is a process, linked with every other.
const MaxReplicas = 20

// DefaultKillMargin exceeds what a gateway allows itself after its shutdown timeout.
const DefaultKillMargin = 12 * time.Second

// Options say what [Run] runs.
type Options struct {
	// Cluster is what to run, with its defaults set and valid.
	Cluster *v1alpha1.RealtimeCluster
	// Command is the program of a gateway and its first arguments; flags of `starling gateway` are added to it.
	Command []string
	// Listen is the address for clients, host:port; port 0 is any free one.
	Listen string
	// Demo serves the demo page.
	Demo bool
	// JWTKeyFiles hold the keys of tokens. They stand for the Secrets that the cluster names, which do not exist here.
	JWTKeyFiles []string
	// APIKeysFiles hold the keys of the HTTP API, in place of the Secret that the cluster names; none: it is off.
	APIKeysFiles []string
	// LogDir gets a log file a gateway, which stays. Empty: the files are in the private directory and vanish with it.
	LogDir string
	// ShutdownTimeout is how long a gateway may take to end its connections.
	ShutdownTimeout time.Duration
	// KillMargin is how much later than that a gateway is killed: leaving the others takes time too. Default:
	// [DefaultKillMargin].
	KillMargin time.Duration
	// View shows what happens.
	View View
}

// Validate reports why the cluster cannot run here, or nil.
func (o *Options) Validate() error {
	spec := &o.Cluster.Spec
	if n := *spec.Replicas; n < 1 || n > MaxReplicas {
		return fmt.Errorf("spec.replicas: is %d, must be 1 to %d on one machine (or give another number with --replicas)", n, MaxReplicas)
	}
	jwt := spec.Auth.JWT
	switch {
	case jwt != nil && len(jwt.Keys) > 0 && len(o.JWTKeyFiles) == 0:
		return errors.New("spec.auth.type: is JWT, so the key of the tokens is needed: name its file with --jwt-key-file " +
			"(the Secrets in spec.auth.jwt.keys exist in Kubernetes only)")
	case spec.Auth.Type != v1alpha1.AuthJWT && len(o.JWTKeyFiles) > 0:
		return fmt.Errorf("--jwt-key-file: has no meaning, because spec.auth.type is %s", spec.Auth.Type)
	}
	return nil
}

// A View shows what happens. Its methods are called from many goroutines.
type View interface {
	// Listening gives the address that clients connect to, host:port. It is called once, first.
	Listening(address string)
	// Event says in one line that something happened.
	Event(text string)
	// Log is one line of a gateway's log.
	Log(gateway, line string)
	// Update says how the gateways are now.
	Update(gateways []Gateway)
}

// State is what a gateway is doing.
type State string

// The states of a gateway.
const (
	StateStarting   State = "starting"
	StateReady      State = "ready"
	StateNotReady   State = "not ready"
	StateDraining   State = "draining"
	StateRestarting State = "restarting"
	StateStopping   State = "stopping"
	StateStopped    State = "stopped"
)

// A Gateway is how one gateway looks.
type Gateway struct {
	// Name is gateway-1 and so on.
	Name string
	// PID is the process; 0: there is none.
	PID int
	// Address is where it serves clients, behind the front.
	Address string
	State   State
	// Connections are this gateway's; Members are the distinct members that it sees in the whole cluster.
	Connections, Members int
	// Peers are the other gateways with working links both ways.
	Peers int
}
