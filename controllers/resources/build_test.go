package resources

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/starling-realtime/starling/api/v1alpha1"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestGolden compares all objects of a cluster with testdata/NAME.golden.yaml; the cluster's spec is testdata/NAME.yaml.
func TestGolden(t *testing.T) {
	specs, err := filepath.Glob("testdata/*.yaml")
	require.NoError(t, err)
	cases := 0
	for _, path := range specs {
		name, isSpec := strings.CutSuffix(filepath.Base(path), ".yaml")
		if !isSpec || strings.HasSuffix(name, ".golden") {
			continue
		}
		cases++
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			got := render(t, input(t, string(text)))
			golden := filepath.Join("testdata", name+".golden.yaml")
			if *update {
				require.NoError(t, os.WriteFile(golden, []byte(got), 0o600))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err)
			require.Empty(t, cmp.Diff(string(want), got), "run with -update if this is right")
		})
	}
	require.GreaterOrEqual(t, cases, 6)
}

func TestBuildIsPure(t *testing.T) {
	text, err := os.ReadFile("testdata/everything.yaml")
	require.NoError(t, err)
	in := input(t, string(text))
	before := in.Cluster.DeepCopy()
	first := render(t, in)
	for range 10 {
		require.Equal(t, first, render(t, in))
	}
	require.Empty(t, cmp.Diff(before, in.Cluster))
}

func TestBuildRefusesRulesThatNoGatewayCouldTake(t *testing.T) {
	in := input(t, `{auth: {type: Anonymous}}`)
	pattern := v1alpha1.ChannelPattern(strings.Repeat("é", 190))
	for range 32 {
		rule := v1alpha1.ChannelRule{Allow: []v1alpha1.ChannelAction{"join"}}
		for i := range 16 {
			rule.Channels = append(rule.Channels, pattern+v1alpha1.ChannelPattern(fmt.Sprint(i)))
		}
		in.Cluster.Spec.Auth.Rules = append(in.Cluster.Spec.Auth.Rules, rule)
	}
	require.Empty(t, v1alpha1.Validate(in.Cluster))
	_, err := Build(in)
	require.ErrorIs(t, err, ErrSpec)
	require.ErrorContains(t, err, "spec.auth.rules: the rules have")
}

func TestBuildRefusesNetworksThatNoGatewayCouldTake(t *testing.T) {
	in := input(t, `{auth: {type: Anonymous}}`)
	in.Cluster.Spec.Gateway.TrustedProxies = []v1alpha1.CIDR{"10.0.0.0/8", "10.0.0.0/99"}
	_, err := Build(in)
	require.ErrorIs(t, err, ErrSpec)
	require.ErrorContains(t, err, "spec.gateway.trustedProxies[1]")
}

// Kubernetes replaces $(NAME) in arguments by a variable, and $$ by $.
func TestArgumentsAreNotExpanded(t *testing.T) {
	in := input(t, `{auth: {type: JWT, jwt: {jwksURL: "https://id.example/keys?x=$(HOME)"}}}`)
	b := builder{in: in, cluster: in.Cluster, spec: &in.Cluster.Spec}
	args := b.args(TimesOf(b.spec))
	require.Contains(t, args, "--jwks-url=https://id.example/keys?x=$$(HOME)")
	require.NotContains(t, strings.Join(args, " "), "--jwt-key-file")
	require.Len(t, b.volumes(), 1)
}

func TestConfigHashFollowsFlagsOnly(t *testing.T) {
	base := configHash(t, `{auth: {type: Anonymous}}`)
	require.Equal(t, base, configHash(t, `{replicas: 7, image: other, service: {port: 81}, auth: {type: Anonymous}}`))
	require.NotEqual(t, base, configHash(t, `{typing: {ttlSeconds: 6}, auth: {type: Anonymous}}`))
}

func TestNamesStayDNSLabels(t *testing.T) {
	longest := strings.Repeat("a", v1alpha1.MaxNameLength)
	for _, name := range []string{GatewayName(longest), MeshServiceName(longest), MeshKeySecretName(longest)} {
		require.LessOrEqual(t, len(name), 63)
	}
}

func TestTimes(t *testing.T) {
	in := input(t, `{auth: {type: Anonymous}, drain: {deregisterSeconds: 7, windowSeconds: 100, closeSeconds: 3}, rollout: {startupSeconds: 60}}`)
	want := Times{Deregister: 7, Window: 100, Close: 3, TerminationGrace: 120, MinReady: 115, ProgressDeadline: 175}
	require.Equal(t, want, TimesOf(&in.Cluster.Spec))
}

func TestRebalanceIsAFlag(t *testing.T) {
	const even = `{auth: {type: Anonymous}, rebalance: {policy: Even}}`
	require.Contains(t, render(t, input(t, even)), "- --rebalance\n")
	for _, off := range []string{`{auth: {type: Anonymous}}`, `{auth: {type: Anonymous}, rebalance: {policy: "Off"}}`} {
		require.NotContains(t, render(t, input(t, off)), "rebalance")
	}
	cluster := input(t, even).Cluster
	cluster.Spec.Rebalance.Policy = "Always"
	require.ErrorContains(t, v1alpha1.Validate(cluster).ToAggregate(), `spec.rebalance.policy: Unsupported value: "Always"`)
}

func configHash(t *testing.T, spec string) string {
	t.Helper()
	in := input(t, spec)
	b := builder{in: in, cluster: in.Cluster, spec: &in.Cluster.Spec}
	template, err := b.podTemplate(TimesOf(b.spec))
	require.NoError(t, err)
	return template.Annotations[AnnotationConfigHash]
}

func input(t *testing.T, spec string) Input {
	t.Helper()
	cluster := &v1alpha1.RealtimeCluster{}
	cluster.Name, cluster.Namespace, cluster.UID = "chat", "web", "c0ffee"
	require.NoError(t, yaml.UnmarshalStrict([]byte(spec), &cluster.Spec))
	v1alpha1.SetDefaults(cluster)
	require.Empty(t, v1alpha1.Validate(cluster))
	return Input{
		Cluster: cluster, DefaultImage: "registry.example.com/starling:v0.1.0",
		OperatorNamespace: "starling-system", Replicas: *cluster.Spec.Replicas,
	}
}

func render(t *testing.T, in Input) string {
	t.Helper()
	objects, err := Build(in)
	require.NoError(t, err)
	var text strings.Builder
	for _, object := range objects {
		if object.Config == nil {
			fmt.Fprintf(&text, "---\n# no %s %s\n", object.Kind.Kind, object.Name)
			continue
		}
		one, err := yaml.Marshal(object.Config)
		require.NoError(t, err)
		fmt.Fprintf(&text, "---\n%s", one)
	}
	return text.String()
}
