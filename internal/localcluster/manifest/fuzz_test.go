package manifest

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/starling-realtime/starling/api/v1alpha1"
)

// FuzzParse checks that no text makes the parser panic, and that what it accepts is valid, has its defaults, and survives being
// written and read again.
func FuzzParse(f *testing.F) {
	f.Add([]byte(head + "spec: {auth: {type: Anonymous}}\n"))
	f.Add([]byte(head + "spec: {auth: {type: JWT, jwt: {keys: [{name: a, secretRef: {name: s, key: k}}]}}}\n"))
	f.Add([]byte(head + "spec: {replicas: 3, gateway: {capacity: {connections: 7}}, auth: {type: Anonymous, allowedOrigins: [\"https://a\"]}}"))
	f.Add([]byte("a: &a [1, 2]\nb: *a\n---\n...\n? x\n: !!binary aGk=\n"))
	f.Add([]byte("{1: {true: ~, 2.5: 2001-01-01}}"))
	f.Fuzz(func(t *testing.T, text []byte) {
		cluster, err := Parse(text)
		if err != nil {
			require.NotEmpty(t, err.Error())
			return
		}
		require.Empty(t, v1alpha1.Validate(cluster))
		written, err := yaml.Marshal(cluster)
		require.NoError(t, err)
		again, err := Parse(written)
		require.NoError(t, err, "%s", written)
		require.Empty(t, cmp.Diff(cluster.Spec, again.Spec))
	})
}
