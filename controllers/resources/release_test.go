package resources

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/util/version"
	"sigs.k8s.io/yaml"
)

var release = flag.String("release", "", "write what this release, such as v0.2.0, rolls to testdata/releases, for the next one to be compared with")

// TestAnUpgradeRollsNothing compares what decides whether gateways roll, for clusters with an image of their own, with what the newest
// release in testdata/releases made of the same specs. An upgrade of the operator must not roll such clusters by accident. If a change
// is worth it, say so in docs/install.md, and write the files of the release that it will be part of with -release.
func TestAnUpgradeRollsNothing(t *testing.T) {
	if *release != "" {
		_, err := version.ParseSemantic(*release)
		require.NoError(t, err, "-release must be like v0.2.0")
		require.NoError(t, os.MkdirAll(filepath.Join("testdata", "releases", *release), 0o750))
	}
	newest := newestRelease(t)
	for _, name := range []string{"everything", "exposed", "held", "jwt", "minimal", "unguarded"} {
		t.Run(name, func(t *testing.T) {
			got := rolls(t, name)
			path := filepath.Join(newest, name+".yaml")
			if *release != "" {
				require.NoError(t, os.WriteFile(path, []byte(got), 0o600))
			}
			want, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Empty(t, cmp.Diff(string(want), got), "an upgrade from %[1]s would roll every cluster; while %[1]s is not out, run with -release=%[1]s", filepath.Base(newest))
		})
	}
}

func newestRelease(t *testing.T) string {
	t.Helper()
	folders, err := filepath.Glob("testdata/releases/v*")
	require.NoError(t, err)
	require.NotEmpty(t, folders)
	return slices.MaxFunc(folders, func(a, b string) int {
		order, err := version.MustParseSemantic(filepath.Base(a)).Compare(filepath.Base(b))
		require.NoError(t, err)
		return order
	})
}

// rolls is what a Deployment's controller and its ReplicaSets look at: the selector, which can never change, and the pods' template.
func rolls(t *testing.T, name string) string {
	t.Helper()
	spec, err := os.ReadFile(filepath.Join("testdata", name+".yaml"))
	require.NoError(t, err)
	in := input(t, string(spec))
	in.Cluster.Spec.Image, in.DefaultImage = "registry.example.com/gateway:v1", "registry.example.com/starling:next"
	b := builder{in: in, cluster: in.Cluster, spec: &in.Cluster.Spec}
	d, err := b.deployment()
	require.NoError(t, err)
	text, err := yaml.Marshal(map[string]any{"selector": d.Spec.Selector, "template": d.Spec.Template})
	require.NoError(t, err)
	require.NotContains(t, string(text), in.DefaultImage)
	return string(text)
}
