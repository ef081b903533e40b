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
		"burst without a rate": {
			func(c *RealtimeCluster) {
				c.Spec.Gateway.RateLimits.PerConnection = &ConnectionRates{MessageBurst: new(int32(5))}
			},
			"spec.gateway.rateLimits.perConnection.messageBurst: Forbidden: needs messagesPerSecond",
		},
		"rates of nothing": {
			func(c *RealtimeCluster) { c.Spec.Gateway.RateLimits.PerConnection = &ConnectionRates{} },
			"spec.gateway.rateLimits.perConnection: Required value: set messagesPerSecond or joinsPerSecond",
		},
		"actions without keys": {
			func(c *RealtimeCluster) { c.Spec.Gateway.UIActions = true },
			"spec.auth.apiKeysSecretRef: Required value: spec.gateway.uiActions needs it: what the dashboard changes is for who has a key",
		},
		"level of another spelling": {
			func(c *RealtimeCluster) { c.Spec.Gateway.LogLevel = "debug" },
			`spec.gateway.logLevel: Unsupported value: "debug": supported values: "Debug", "Info", "Warn", "Error"`,
		},
		"traces to nowhere": {
			func(c *RealtimeCluster) { c.Spec.Observability.Tracing = &TracingSpec{} },
			"spec.observability.tracing.endpoint: Required value: must be the receiver's address",
		},
		"traces by another protocol": {
			func(c *RealtimeCluster) { c.Spec.Observability.Tracing = &TracingSpec{Endpoint: "tempo:4317"} },
			`spec.observability.tracing.endpoint: Invalid value: "tempo:4317": must be http:// or https://`,
		},
		"traces with a password": {
			func(c *RealtimeCluster) {
				c.Spec.Observability.Tracing = &TracingSpec{Endpoint: "http://a:b@tempo:4318"}
			},
			`spec.observability.tracing.endpoint: Invalid value`,
		},
		"sample ratio as a percentage": {
			func(c *RealtimeCluster) {
				c.Spec.Observability.Tracing = &TracingSpec{Endpoint: "http://tempo:4318", SampleRatio: "5"}
			},
			`spec.observability.tracing.sampleRatio: Invalid value: "5": must be a decimal from "0" to "1"`,
		},
		"headers of traces in no Secret": {
			func(c *RealtimeCluster) {
				c.Spec.Observability.Tracing = &TracingSpec{Endpoint: "https://tempo", HeadersSecretRef: &SecretKeyReference{Name: "tempo"}}
			},
			"spec.observability.tracing.headersSecretRef.key: ",
		},
		"requests of no number": {
			func(c *RealtimeCluster) { c.Spec.Gateway.RateLimits.PerAPIKey = &RequestRate{} },
			"spec.gateway.rateLimits.perAPIKey.requestsPerSecond: Required value: must be 1 to 1000000",
		},
		"rate that is missing": {
			func(c *RealtimeCluster) { c.Spec.Gateway.RateLimits.PerMember = &MessageRate{} },
			"spec.gateway.rateLimits.perMember.messagesPerSecond: Required value: must be 1 to 1000000",
		},
		"proxies that are no network": {
			func(c *RealtimeCluster) { c.Spec.Gateway.TrustedProxies = []CIDR{"10.0.0.0/8", "10.0.0.1/33"} },
			`spec.gateway.trustedProxies[1]: Invalid value: "10.0.0.1/33": must be a network such as`,
		},
		"no auth": {
			func(c *RealtimeCluster) { c.Spec.Auth = AuthSpec{} },
			"spec.auth.type: Required value: must be Anonymous or JWT",
		},
		"API keys in no Secret": {
			func(c *RealtimeCluster) {
				c.Spec.Auth.APIKeysSecretRef = &SecretKeyReference{Name: "Chat", Key: "keys"}
			},
			"spec.auth.apiKeysSecretRef.name: Invalid value: \"Chat\"",
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
		"autoscaling without a limit": {
			func(c *RealtimeCluster) {
				c.Spec.Autoscaling = &AutoscalingSpec{TargetConnections: new(int32(100))}
			},
			"spec.autoscaling.maxReplicas: Required value: must be 1 to 100",
		},
		"autoscaling upside down": {
			func(c *RealtimeCluster) {
				c.Spec.Autoscaling = &AutoscalingSpec{
					MinReplicas: new(int32(5)), MaxReplicas: new(int32(4)), TargetConnections: new(int32(100)),
				}
			},
			"spec.autoscaling.minReplicas: Invalid value: 5: more than maxReplicas, which is 4: lower the one or raise the other",
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

func TestDrainFits(t *testing.T) {
	const tooMany = "spec.drain.windowSeconds: Invalid value: 30: the clients of a full gateway do not fit into a drain: " +
		"the others (1) accept 30000 connections in the window, and a gateway may have 30001: raise spec.drain.windowSeconds to 31 or " +
		"spec.gateway.capacity.acceptPerSecond to 1001, or lower spec.gateway.capacity.connections to 30000"
	tests := map[string]struct {
		connections, accept, window, replicas int32
		autoscaling                           *AutoscalingSpec
		want                                  string
	}{
		"at the bound":            {30000, 1000, 30, 2, nil, ""},
		"over it":                 {30001, 1000, 30, 2, nil, tooMany},
		"more gateways help":      {60000, 1000, 30, 3, nil, ""},
		"but not for ever":        {60001, 1000, 30, 3, nil, "raise spec.drain.windowSeconds to 31"},
		"one gateway":             {30001, 1000, 30, 1, nil, tooMany},
		"none":                    {30000, 1000, 30, 0, nil, ""},
		"autoscaling's least":     {30001, 1000, 30, 9, &AutoscalingSpec{MinReplicas: new(int32(2))}, tooMany},
		"autoscaling has more":    {60000, 1000, 30, 1, &AutoscalingSpec{MinReplicas: new(int32(3))}, ""},
		"no product is too large": {1000000, 1000000, 3600, 100, nil, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c := valid()
			c.Spec.Gateway.Capacity = CapacitySpec{Connections: &test.connections, AcceptPerSecond: &test.accept}
			c.Spec.Drain.WindowSeconds, c.Spec.Replicas = &test.window, &test.replicas
			if c.Spec.Autoscaling = test.autoscaling; test.autoscaling != nil {
				test.autoscaling.MaxReplicas, test.autoscaling.TargetConnections = new(int32(10)), new(int32(100))
			}
			errs := Validate(c)
			if test.want == "" {
				require.Empty(t, errs)
				return
			}
			require.Len(t, errs, 1)
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
