package main

import (
	"testing"
	"time"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/api/v1alpha1"
	"github.com/starling-realtime/starling/gateway"
	"github.com/starling-realtime/starling/internal/localcluster"
)

func TestManifestBecomesFlags(t *testing.T) {
	number := func(n int32) *int32 { return &n }
	minimal := anonymousCluster()
	require.Equal(t, []string{
		"--cluster=chat", "--disconnect-grace=5s", "--node-grace=10s", "--typing-ttl=5s", "--anonymous",
	}, localcluster.GatewayArgs(minimal))

	full := anonymousCluster()
	full.Spec.Presence = v1alpha1.PresenceSpec{DisconnectGraceSeconds: number(0), NodeGraceSeconds: number(90)}
	full.Spec.Typing.TTLSeconds = number(3)
	full.Spec.Auth = v1alpha1.AuthSpec{Type: v1alpha1.AuthJWT, AllowedOrigins: []v1alpha1.Origin{"https://a.example", "https://*.b.example"}}
	full.Spec.Gateway.Capacity = v1alpha1.CapacitySpec{
		Connections: number(1), ConnectionsPerAddress: number(2), Channels: number(3), ChannelsPerConnection: number(4),
		PresenceEntries: number(5), JoinsPerSecond: number(6), MessageBytes: number(7000), SendQueueBytes: number(8000),
		LinkQueueBytes: number(90000),
	}
	full.Spec.Gateway.RateLimits = v1alpha1.RateLimitsSpec{
		PerConnection: &v1alpha1.ConnectionRates{MessagesPerSecond: number(11), MessageBurst: number(12), JoinsPerSecond: number(13)},
		PerMember:     &v1alpha1.MessageRate{MessagesPerSecond: number(14)},
		PerChannel:    &v1alpha1.MessageRate{MessagesPerSecond: number(15), MessageBurst: number(16)},
		PerAddress:    &v1alpha1.AddressRate{ConnectionsPerSecond: number(17), ConnectionBurst: number(18)},
	}
	full.Spec.Gateway.TrustedProxies = []v1alpha1.CIDR{"10.0.0.0/8", "fd00::/8"}
	args := localcluster.GatewayArgs(full)

	cfg := gateway.DefaultConfig()
	flags := pflag.NewFlagSet("gateway", pflag.ContinueOnError)
	cfg.BindFlags(flags)
	require.NoError(t, flags.Parse(args))
	cfg.JWTKeyFiles = []string{"jwt.key"}
	cfg.MeshListen = "127.0.0.1:7946"
	require.NoError(t, cfg.Validate())

	want := gateway.DefaultConfig()
	want.MeshListen, want.JWTKeyFiles = cfg.MeshListen, cfg.JWTKeyFiles
	want.Cluster = "chat"
	want.DisconnectGrace, want.NodeGrace, want.TypingTTL = 0, 90*time.Second, 3*time.Second
	want.AllowedOrigins = []string{"https://a.example", "https://*.b.example"}
	want.Limits.Connections, want.Limits.ConnectionsPerAddress = 1, 2
	want.Limits.Channels, want.Limits.ChannelsPerConnection = 3, 4
	want.Limits.PresenceEntries, want.Limits.JoinsPerSecond = 5, 6
	want.Limits.MessageBytes, want.Limits.SendQueueBytes, want.Limits.LinkQueueBytes = 7000, 8000, 90000
	want.Limits.MessagesPerConnection = gateway.Rate{PerSecond: 11, Burst: 12}
	want.Limits.JoinsPerSecondPerConnection = 13
	want.Limits.MessagesPerMember = gateway.Rate{PerSecond: 14}
	want.Limits.MessagesPerChannel = gateway.Rate{PerSecond: 15, Burst: 16}
	want.Limits.AcceptPerSecondPerAddress, want.Limits.AcceptBurstPerAddress = 17, 18
	want.TrustedProxies = []string{"10.0.0.0/8", "fd00::/8"}
	require.Equal(t, want, cfg)
}

func anonymousCluster() *v1alpha1.RealtimeCluster {
	c := &v1alpha1.RealtimeCluster{}
	c.Name = "chat"
	c.Spec.Auth.Type = v1alpha1.AuthAnonymous
	v1alpha1.SetDefaults(c)
	return c
}
