// Package gatewayargs turns a RealtimeCluster into flags of `starling gateway`, for the operator and for `starling up` alike.
//
// It promises that both run gateways with the same settings. Where a gateway listens, how it finds the others and where its keys
// are is not its business.
package gatewayargs

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/starling-realtime/starling/api/v1alpha1"
)

// Of returns the flags that a cluster's fields become, whatever runs it. The cluster has its defaults set; what is left out all
// the same is left to the gateway's own defaults.
func Of(cluster *v1alpha1.RealtimeCluster) []string {
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
	args = append(args, jwtArgs(spec.Auth.JWT)...)
	if rules := Rules(cluster); rules != "" {
		args = append(args, "--auth-rules="+rules)
	}
	if len(spec.Auth.AllowedOrigins) > 0 {
		origins := make([]string, len(spec.Auth.AllowedOrigins))
		for i, origin := range spec.Auth.AllowedOrigins {
			origins[i] = string(origin)
		}
		args = append(args, "--allowed-origins="+strings.Join(origins, ","))
	}
	if proxies := spec.Gateway.TrustedProxies; len(proxies) > 0 {
		networks := make([]string, len(proxies))
		for i, network := range proxies {
			networks[i] = string(network)
		}
		args = append(args, "--trusted-proxies="+strings.Join(networks, ","))
	}
	if spec.Gateway.UIActions {
		args = append(args, "--ui-actions")
	}
	if level := spec.Gateway.LogLevel; level != "" {
		args = append(args, "--log-level="+strings.ToLower(string(level)))
	}
	if spec.Rebalance.Policy == v1alpha1.RebalanceEven {
		args = append(args, "--rebalance")
	}
	args = append(args, observabilityArgs(&spec.Observability)...)
	args = append(args, capacityArgs(&spec.Gateway.Capacity)...)
	return append(args, rateArgs(&spec.Gateway.RateLimits)...)
}

// Rules returns a cluster's rules as the gateway reads them, whose fields have the same names; empty: there are none.
func Rules(cluster *v1alpha1.RealtimeCluster) string {
	rules := cluster.Spec.Auth.Rules
	if len(rules) == 0 {
		return ""
	}
	text, err := json.Marshal(rules)
	if err != nil {
		panic("encoding rules: " + err.Error()) // lists of strings always encode
	}
	return string(text)
}

// jwtArgs leaves out the keys, which are elsewhere for each who runs gateways.
func jwtArgs(jwt *v1alpha1.JWTSpec) []string {
	if jwt == nil {
		return nil
	}
	var args []string
	if jwt.JWKSURL != "" {
		args = append(args, "--jwks-url="+jwt.JWKSURL)
	}
	if jwt.Issuer != "" {
		args = append(args, "--jwt-issuer="+jwt.Issuer)
	}
	if len(jwt.Audiences) > 0 {
		audiences := make([]string, len(jwt.Audiences))
		for i, audience := range jwt.Audiences {
			audiences[i] = string(audience)
		}
		args = append(args, "--jwt-audience="+strings.Join(audiences, ","))
	}
	if jwt.LeewaySeconds != nil {
		args = append(args, "--jwt-leeway="+seconds(jwt.LeewaySeconds))
	}
	if jwt.TokenInQuery {
		args = append(args, "--token-in-query")
	}
	return args
}

// observabilityArgs leaves out the headers of traces, which are secret and therefore in the environment.
func observabilityArgs(o *v1alpha1.ObservabilitySpec) []string {
	args := boundArgs([]bound{{"log-lines-per-second", o.LogLinesPerSecond}})
	t := o.Tracing
	if t == nil {
		return args
	}
	args = append(args, "--tracing-endpoint="+t.Endpoint)
	if t.SampleRatio != "" {
		args = append(args, "--tracing-sample-ratio="+t.SampleRatio)
	}
	return append(args, boundArgs([]bound{{"tracing-max-per-second", t.MaxPerSecond}})...)
}

func capacityArgs(c *v1alpha1.CapacitySpec) []string {
	return boundArgs([]bound{
		{"max-connections", c.Connections},
		{"max-connections-per-address", c.ConnectionsPerAddress},
		{"max-channels", c.Channels},
		{"max-channels-per-connection", c.ChannelsPerConnection},
		{"max-presence-entries", c.PresenceEntries},
		{"max-snapshot-members", c.SnapshotMembers},
		{"joins-per-second", c.JoinsPerSecond},
		{"accept-per-second", c.AcceptPerSecond},
		{"max-message-bytes", c.MessageBytes},
		{"send-queue-bytes", c.SendQueueBytes},
		{"link-queue-bytes", c.LinkQueueBytes},
	})
}

func rateArgs(r *v1alpha1.RateLimitsSpec) []string {
	var bounds []bound
	if c := r.PerConnection; c != nil {
		bounds = append(bounds,
			bound{"messages-per-second-per-connection", c.MessagesPerSecond},
			bound{"message-burst-per-connection", c.MessageBurst},
			bound{"joins-per-second-per-connection", c.JoinsPerSecond})
	}
	if m := r.PerMember; m != nil {
		bounds = append(bounds,
			bound{"messages-per-second-per-member", m.MessagesPerSecond}, bound{"message-burst-per-member", m.MessageBurst})
	}
	if m := r.PerChannel; m != nil {
		bounds = append(bounds,
			bound{"messages-per-second-per-channel", m.MessagesPerSecond}, bound{"message-burst-per-channel", m.MessageBurst})
	}
	if a := r.PerAddress; a != nil {
		bounds = append(bounds,
			bound{"accept-per-second-per-address", a.ConnectionsPerSecond}, bound{"accept-burst-per-address", a.ConnectionBurst})
	}
	if k := r.PerAPIKey; k != nil {
		bounds = append(bounds, bound{"api-requests-per-second", k.RequestsPerSecond})
	}
	return boundArgs(bounds)
}

// A bound is a flag whose value is left to the gateway when it is nil.
type bound struct {
	flag  string
	value *int32
}

func boundArgs(bounds []bound) []string {
	var args []string
	for _, b := range bounds {
		if b.value != nil {
			args = append(args, "--"+b.flag+"="+strconv.Itoa(int(*b.value)))
		}
	}
	return args
}

func seconds(n *int32) string { return (time.Duration(*n) * time.Second).String() }
