package main

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/starling-realtime/starling/api/v1alpha1"
	"github.com/starling-realtime/starling/gateway/auth"
)

// TestGatewaysTakeEveryOriginOfAValidManifest compares two judges of origins that must not import each other.
func TestGatewaysTakeEveryOriginOfAValidManifest(t *testing.T) {
	origins := rapid.StringMatching(`\*|https?://(\*\.)?([a-z0-9]([a-z0-9.-]{0,20}[a-z0-9])?|\[2001:db8::[0-9a-f]{1,4}\])(:[0-9]{1,5})?`)
	rapid.Check(t, func(t *rapid.T) {
		origin := origins.Draw(t, "origin")
		cluster := anonymousCluster()
		cluster.Spec.Auth.AllowedOrigins = []v1alpha1.Origin{v1alpha1.Origin(origin)}
		require.Empty(t, v1alpha1.Validate(cluster))
		_, err := auth.NewOriginPolicy([]string{origin})
		require.NoError(t, err)
	})
}
