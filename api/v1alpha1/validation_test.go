package v1alpha1

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/runtime"
)

func valid() *RealtimeCluster {
	c := &RealtimeCluster{}
	c.Name = "chat"
	c.Spec.Auth.Type = AuthAnonymous
	SetDefaults(c)
	return c
}

func TestValidate(t *testing.T) {
	require.Empty(t, Validate(valid()))

	zero := int32(0)
	tests := map[string]struct {
		change func(*RealtimeCluster)
		want   string
	}{
		"no name": {
			func(c *RealtimeCluster) { c.Name = "" },
			"metadata.name: Required value: must be 1 to 45 characters",
		},
		"name with dots": {
			func(c *RealtimeCluster) { c.Name = "chat.example" },
			`metadata.name: Invalid value: "chat.example": must be 1 to 45 characters`,
		},
		"name that starts with a digit": {
			func(c *RealtimeCluster) { c.Name = "1chat" },
			`metadata.name: Invalid value: "1chat"`,
		},
		"name that is too long": {
			func(c *RealtimeCluster) { c.Name = strings.Repeat("a", MaxNameLength+1) },
			"metadata.name: Invalid value",
		},
		"zero where one is the least": {
			func(c *RealtimeCluster) { c.Spec.Gateway.Capacity.Connections = &zero },
			"spec.gateway.capacity.connections: Invalid value: 0: must be 1 to 1000000",
		},
		"no auth": {
			func(c *RealtimeCluster) { c.Spec.Auth = AuthSpec{} },
			"spec.auth.type: Required value: must be Anonymous or JWT",
		},
		"JWT without keys": {
			func(c *RealtimeCluster) { c.Spec.Auth.Type = AuthJWT },
			"spec.auth.jwt: Required value: must be set when type is JWT",
		},
		"keys without JWT": {
			func(c *RealtimeCluster) { c.Spec.Auth.JWT = withKeys("a").JWT },
			"spec.auth.jwt: Forbidden: may only be set when type is JWT",
		},
		"two keys of one name": {
			func(c *RealtimeCluster) { c.Spec.Auth = withKeys("a", "b", "a") },
			`spec.auth.jwt.keys[2].name: Duplicate value: "a"`,
		},
		"origin twice": {
			func(c *RealtimeCluster) {
				c.Spec.Auth.AllowedOrigins = []Origin{"https://a.example", "https://a.example"}
			},
			`spec.auth.allowedOrigins[1]: Duplicate value: "https://a.example"`,
		},
		"label of the operator's": {
			func(c *RealtimeCluster) {
				c.Spec.Gateway.PodLabels = map[string]LabelValue{"app.kubernetes.io/name": "x"}
			},
			"spec.gateway.podLabels[app.kubernetes.io/name]: Forbidden: app.kubernetes.io/ is the operator's",
		},
		"traffic policy of an internal Service": {
			func(c *RealtimeCluster) { c.Spec.Service.ExternalTrafficPolicy = TrafficLocal },
			"spec.service.externalTrafficPolicy: Forbidden: needs type NodePort or LoadBalancer",
		},
		"node port of an internal Service": {
			func(c *RealtimeCluster) { c.Spec.Service.NodePort = new(int32(30080)) },
			"spec.service.nodePort: Forbidden: needs type NodePort or LoadBalancer",
		},
		"load balancer class without one": {
			func(c *RealtimeCluster) { c.Spec.Service.LoadBalancerClass = "a" },
			"spec.service.loadBalancerClass: Forbidden: needs type LoadBalancer",
		},
		"monitoring from nobody": {
			func(c *RealtimeCluster) { c.Spec.NetworkPolicy.MonitoringFrom = []NetworkPeer{{}} },
			"spec.networkPolicy.monitoringFrom[0]: Required value: set namespaceSelector, podSelector or both",
		},
		"pull secret twice": {
			func(c *RealtimeCluster) { c.Spec.ImagePullSecrets = []SecretReference{{Name: "a"}, {Name: "a"}} },
			`spec.imagePullSecrets[1].name: Duplicate value: "a"`,
		},
		"hostname twice": {
			func(c *RealtimeCluster) {
				c.Spec.HTTPRoute = &HTTPRouteSpec{ParentRefs: []ParentReference{{Name: "g"}}, Hostnames: []Hostname{"a.b", "a.b"}}
			},
			`spec.httpRoute.hostnames[1]: Duplicate value: "a.b"`,
		},
		"origin with a path": {
			func(c *RealtimeCluster) { c.Spec.Auth.AllowedOrigins = []Origin{"https://a.example/"} },
			`spec.auth.allowedOrigins[0]: Invalid value: "https://a.example/": must be http:// or https:// and a host`,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c := valid()
			test.change(c)
			errs := Validate(c)
			require.Len(t, errs, 1, "%v", errs)
			require.Contains(t, errs[0].Error(), test.want)
		})
	}
}

func TestLongestNameIsValid(t *testing.T) {
	c := valid()
	c.Name = strings.Repeat("a", MaxNameLength)
	require.Empty(t, Validate(c))
}

func TestAddToScheme(t *testing.T) {
	scheme := runtime.NewScheme()
	require.NoError(t, AddToScheme(scheme))
	kinds, _, err := scheme.ObjectKinds(&RealtimeCluster{})
	require.NoError(t, err)
	require.Equal(t, GroupVersion.WithKind(Kind), kinds[0])
}

func withKeys(names ...string) AuthSpec {
	jwt := &JWTSpec{}
	for _, name := range names {
		jwt.Keys = append(jwt.Keys, JWTKey{Name: name, SecretRef: SecretKeyReference{Name: "chat-jwt", Key: "key"}})
	}
	return AuthSpec{Type: AuthJWT, JWT: jwt}
}
