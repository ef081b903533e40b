package localcluster

import (
	"strings"

	"github.com/starling-realtime/starling/api/v1alpha1"
	"github.com/starling-realtime/starling/internal/gatewayargs"
)

// GatewayArgs returns the flags of `starling gateway` that a cluster's fields become, whatever runs it. What is left out in the
// manifest is left to the gateway's own defaults. Where a gateway listens and finds the others is not among them.
func GatewayArgs(cluster *v1alpha1.RealtimeCluster) []string { return gatewayargs.Of(cluster) }

// localArgs returns the flags that only a gateway on this machine has.
func (c *cluster) localArgs(name string, at addresses) []string {
	window := c.opts.ShutdownTimeout * 2 / 3
	args := []string{
		"--node-name=" + name,
		"--listen=" + at.client,
		"--admin-listen=" + at.admin,
		"--mesh-listen=" + at.mesh,
		"--mesh-key-file=" + c.dir.keyFile(),
		// No load balancer has to let go of it: the front looks at it all the time.
		"--deregister=0s",
		"--drain-window=" + window.String(),
		"--drain-close=" + (c.opts.ShutdownTimeout - window).String(),
		"--supervisor-dir=" + c.dir.path,
	}
	if peers := c.meshAddresses(); len(peers) > 1 {
		// Alone, a gateway that looks for others would wait for them before it takes clients.
		args = append(args, "--join="+strings.Join(peers, ","))
	}
	if c.opts.Demo {
		args = append(args, "--demo")
	}
	for _, file := range c.opts.JWTKeyFiles {
		args = append(args, "--jwt-key-file="+file)
	}
	for _, file := range c.opts.APIKeysFiles {
		args = append(args, "--api-keys-file="+file)
	}
	return args
}
