package manifest

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestIgnoredNamesWhatOnlyKubernetesKnows(t *testing.T) {
	tests := map[string]struct {
		spec string
		want []string
	}{
		"nothing": {`{replicas: 3, gateway: {capacity: {connections: 7}}, auth: {type: Anonymous}}`, nil},
		"default": {`{service: {port: 80}, drain: {windowSeconds: 30}, auth: {type: Anonymous}}`, nil},
		"some": {
			`{image: a, gateway: {resources: {limits: {memory: 1Gi}}, podLabels: {a: b}}, service: {port: 81}, ingress: {host: a.b}, auth: {type: Anonymous}}`,
			[]string{"spec.image", "spec.gateway.resources", "spec.gateway.podLabels", "spec.service", "spec.ingress"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			cluster, err := Parse([]byte(head + "spec: " + test.spec))
			require.NoError(t, err)
			require.Equal(t, test.want, Ignored(cluster))
		})
	}
}
