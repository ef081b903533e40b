package localcluster

import (
	"strconv"
	"strings"
	"time"

	"github.com/starling-realtime/starling/api/v1alpha1"
)

// GatewayArgs returns the flags of `starling gateway` that a cluster's fields become, whatever runs it. What is left out in the
// manifest is left to the gateway's own defaults. Where a gateway listens and finds the others is not among them.
func GatewayArgs(cluster *v1alpha1.RealtimeCluster) []string {
	spec := &cluster.Spec
	args := []string{
		"--cluster=" + cluster.Name,
		"--disconnect-grace=" + seconds(spec.Presence.DisconnectGraceSeconds),
		"--node-grace=" + seconds(spec.Presence.NodeGraceSeconds),
		"--typing-ttl=" + seconds(spec.Typing.TTLSeconds),
	}
	if spec.Auth.Type == v1alpha1.AuthAnonymous {
		args = append(args, "--anonymous")
	}
	if len(spec.Auth.AllowedOrigins) > 0 {
		origins := make([]string, len(spec.Auth.AllowedOrigins))
		for i, origin := range spec.Auth.AllowedOrigins {
			origins[i] = string(origin)
		}
		args = append(args, "--allowed-origins="+strings.Join(origins, ","))
	}
	return append(args, capacityArgs(&spec.Gateway.Capacity)...)
}

func capacityArgs(c *v1alpha1.CapacitySpec) []string {
	var args []string
	for _, bound := range []struct {
		flag  string
		value *int32
	}{
		{"max-connections", c.Connections},
		{"max-connections-per-address", c.ConnectionsPerAddress},
		{"max-channels", c.Channels},
		{"max-channels-per-connection", c.ChannelsPerConnection},
		{"max-presence-entries", c.PresenceEntries},
		{"joins-per-second", c.JoinsPerSecond},
		{"max-message-bytes", c.MessageBytes},
		{"send-queue-bytes", c.SendQueueBytes},
		{"link-queue-bytes", c.LinkQueueBytes},
	} {
		if bound.value != nil {
			args = append(args, "--"+bound.flag+"="+strconv.Itoa(int(*bound.value)))
		}
	}
	return args
}

func seconds(n *int32) string { return (time.Duration(*n) * time.Second).String() }

// localArgs returns the flags that only a gateway on this machine has.
func (c *cluster) localArgs(name string, at addresses) []string {
	args := []string{
		"--node-name=" + name,
		"--listen=" + at.client,
		"--admin-listen=" + at.admin,
		"--mesh-listen=" + at.mesh,
		"--mesh-key-file=" + c.dir.keyFile(),
		"--shutdown-timeout=" + c.opts.ShutdownTimeout.String(),
		"--supervisor-dir=" + c.dir.path,
	}
	if peers := c.meshAddresses(); len(peers) > 1 {
		// Alone, a gateway that looks for others would wait for them before it takes clients.
		args = append(args, "--join="+strings.Join(peers, ","))
	}
	if c.opts.Demo {
		args = append(args, "--demo")
	}
	if c.opts.JWTKeyFile != "" {
		args = append(args, "--jwt-key-file="+c.opts.JWTKeyFile)
	}
	return args
}
