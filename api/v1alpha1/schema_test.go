package v1alpha1

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

const crdPath = "../../config/crd/bases/realtime.starling.dev_realtimeclusters.yaml"

// structural is the part of a structural schema that these tests look at.
type structural struct {
	Type       string                `json:"type"`
	Properties map[string]structural `json:"properties"`
	Required   []string              `json:"required"`
	Items      *structural           `json:"items"`
	Default    any                   `json:"default"`
	Enum       []string              `json:"enum"`
	Minimum    *int64                `json:"minimum"`
	Maximum    *int64                `json:"maximum"`
	MaxLength  *int64                `json:"maxLength"`
	MaxItems   *int64                `json:"maxItems"`
	Pattern    string                `json:"pattern"`
	Format     string                `json:"format"`

	AdditionalProperties *structural `json:"additionalProperties"`
	MaxProperties        *int64      `json:"maxProperties"`
}

// kubernetesOwn are the paths of Kubernetes' own types, which are not ours to bound.
var kubernetesOwn = []string{
	"spec.gateway.resources", "spec.gateway.affinity", "spec.gateway.tolerations[0]", "spec.gateway.topologySpreadConstraints[0]",
}

func readSchema(t *testing.T) structural {
	t.Helper()
	text, err := os.ReadFile(crdPath)
	require.NoError(t, err)
	var crd struct {
		Spec struct {
			Versions []struct {
				Schema struct {
					OpenAPIV3Schema structural `json:"openAPIV3Schema"`
				} `json:"schema"`
			} `json:"versions"`
		} `json:"spec"`
	}
	require.NoError(t, yaml.Unmarshal(text, &crd))
	require.Len(t, crd.Spec.Versions, 1)
	return crd.Spec.Versions[0].Schema.OpenAPIV3Schema
}

// full has every field that can be set together, so that each can be changed on its own.
const full = `
apiVersion: realtime.starling.dev/v1alpha1
kind: RealtimeCluster
metadata: {name: chat}
spec:
  replicas: 3
  reconcilePolicy: Active
  image: registry.example.com/starling:v1
  imagePullPolicy: Always
  imagePullSecrets: [{name: registry}]
  gateway:
    capacity:
      connections: 1000
      connectionsPerAddress: 100
      channels: 1000
      channelsPerConnection: 10
      presenceEntries: 10000
      snapshotMembers: 1000
      joinsPerSecond: 100
      acceptPerSecond: 1000
      messageBytes: 65536
      sendQueueBytes: 65536
      linkQueueBytes: 1048576
    rateLimits:
      perConnection: {messagesPerSecond: 100, messageBurst: 200, joinsPerSecond: 20}
      perMember: {messagesPerSecond: 100, messageBurst: 200}
      perChannel: {messagesPerSecond: 1000, messageBurst: 2000}
      perAddress: {connectionsPerSecond: 10, connectionBurst: 100}
      perAPIKey: {requestsPerSecond: 1000}
    trustedProxies: [10.0.0.0/8]
    uiActions: true
    logLevel: Debug
    resources: {limits: {memory: 1Gi}}
    podLabels: {team: chat}
    podAnnotations: {example.com/a: b}
    nodeSelector: {disk: ssd}
    tolerations: [{key: a, operator: Exists}]
    affinity: {nodeAffinity: {}}
    topologySpreadConstraints: [{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: ScheduleAnyway}]
    priorityClassName: high
  presence: {disconnectGraceSeconds: 5, nodeGraceSeconds: 10}
  typing: {ttlSeconds: 5}
  auth:
    type: JWT
    allowedOrigins: ["https://app.example.com"]
    apiKeysSecretRef: {name: chat-api, key: keys}
    rules: [{channels: ["user:{sub}"], allow: [join], to: {type: Claim, claim: role, values: [admin]}}]
    jwt:
      keys: [{name: primary, algorithm: HS256, secretRef: {name: chat-jwt, key: key}}]
      jwksURL: https://id.example.com/keys
      issuer: https://id.example.com
      audiences: [chat]
      leewaySeconds: 5
      tokenInQuery: true
  observability:
    logLinesPerSecond: 10
    tracing:
      endpoint: http://tempo.observability:4318
      sampleRatio: "0.01"
      maxPerSecond: 100
      headersSecretRef: {name: tempo, key: headers}
  service:
    type: LoadBalancer
    port: 80
    nodePort: 30080
    annotations: {a: b}
    externalTrafficPolicy: Local
    loadBalancerClass: example.com/lb
    sessionAffinity: None
  ingress: {host: chat.example.com, ingressClassName: nginx, annotations: {a: b}, tls: {secretName: tls}}
  httpRoute:
    parentRefs: [{name: gateway, namespace: infra, sectionName: https}]
    hostnames: [chat.example.com]
  mesh: {keySecretRef: {name: mesh, key: keys}}
  networkPolicy:
    mode: Managed
    monitoringFrom: [{namespaceSelector: {matchLabels: {a: b}}, podSelector: {matchLabels: {a: b}}}]
  drain: {deregisterSeconds: 5, windowSeconds: 30, closeSeconds: 5}
  rollout: {policy: Active, guard: Mesh, startupSeconds: 300}
  rebalance: {policy: Even}
  autoscaling:
    minReplicas: 3
    maxReplicas: 10
    targetConnections: 800
    tolerancePercent: 10
    scaleUp: {step: 4, stabilizationSeconds: 0}
    scaleDown: {stabilizationSeconds: 300}
`

func fullSpec(t *testing.T) map[string]any {
	t.Helper()
	var object map[string]any
	require.NoError(t, yaml.Unmarshal([]byte(full), &object))
	return object["spec"].(map[string]any)
}

func TestEverySpecListAndStringIsBounded(t *testing.T) {
	var walk func(path string, s structural)
	walk = func(path string, s structural) {
		if slices.Contains(kubernetesOwn, path) {
			return
		}
		if s.AdditionalProperties != nil {
			require.NotNil(t, s.MaxProperties, "%s has no maxProperties", path)
			walk(path+"{}", *s.AdditionalProperties)
		}
		switch s.Type {
		case "string":
			require.True(t, s.MaxLength != nil || s.Enum != nil || s.Format == "date-time", "%s has no maxLength", path)
		case "array":
			require.NotNil(t, s.MaxItems, "%s has no maxItems", path)
			walk(path+"[0]", *s.Items)
		case "integer":
			require.NotNil(t, s.Minimum, "%s has no minimum", path)
		}
		for name, property := range s.Properties {
			walk(path+"."+name, property)
		}
	}
	root := readSchema(t)
	walk("spec", root.Properties["spec"])
	for name, property := range root.Properties["status"].Properties {
		if name != "conditions" {
			walk("status."+name, property)
		}
	}
}

// TestValidateAgreesWithTheSchema changes each field of a full spec to something that the schema refuses, and to the limits
// that it allows.
func TestValidateAgreesWithTheSchema(t *testing.T) {
	checked := 0
	check := func(t *testing.T, path []string, value any, ok bool) {
		t.Helper()
		spec := fullSpec(t)
		set(spec, path, value)
		errs := validateMap(t, spec)
		if ok {
			errs = slices.DeleteFunc(errs, aboutSeveralFields)
			require.Empty(t, errs, "%v = %v", path, value)
		} else {
			require.NotEmpty(t, errs, "%v = %v", path, value)
			require.True(t, slices.ContainsFunc(errs, func(e string) bool { return strings.HasPrefix(e, dotted(path)) }),
				"no error begins with %s: %v", dotted(path), errs)
		}
		checked++
	}
	var walk func(t *testing.T, path []string, s structural, required bool)
	walk = func(t *testing.T, path []string, s structural, required bool) {
		if slices.Contains(kubernetesOwn, dotted(path)) {
			return
		}
		if required {
			check(t, path, nil, false)
		}
		switch s.Type {
		case "integer":
			check(t, path, *s.Minimum-1, false)
			check(t, path, *s.Minimum, true)
			check(t, path, *s.Maximum, true)
			check(t, path, *s.Maximum+1, false)
		case "string":
			if s.Enum != nil {
				check(t, path, "bogus", false)
				break
			}
			if required { // Go cannot tell an empty string from one that was left out
				check(t, path, "", false)
			}
			check(t, path, "!", s.Pattern != "" && regexp.MustCompile(s.Pattern).MatchString("!")) // channels may be named so
			check(t, path, strings.Repeat("a", int(*s.MaxLength)+1), false)
		case "array":
			check(t, path, repeat(fullSpec(t), path, int(*s.MaxItems)+1), false)
			walk(t, append(slices.Clone(path), "0"), *s.Items, true)
		case "object":
			if s.AdditionalProperties != nil {
				check(t, path, entries(int(*s.MaxProperties)), true)
				check(t, path, entries(int(*s.MaxProperties)+1), false)
				check(t, path, map[string]any{"a": strings.Repeat("a", int(*s.AdditionalProperties.MaxLength)+1)}, false)
			}
			for name, property := range s.Properties {
				walk(t, append(slices.Clone(path), name), property, slices.Contains(s.Required, name))
			}
		case "boolean": // Go's type leaves nothing to check
		default:
			t.Fatalf("%v has type %q, which this test does not know", path, s.Type)
		}
	}
	for name, property := range readSchema(t).Properties["spec"].Properties {
		if name != "auth" {
			walk(t, []string{name}, property, false)
			continue
		}
		for sub, p := range property.Properties {
			walk(t, []string{name, sub}, p, slices.Contains(property.Required, sub))
		}
	}
	require.Greater(t, checked, 150)
}

// aboutSeveralFields tells errors of rules over several fields, which have tests of their own.
func aboutSeveralFields(err string) bool {
	return strings.Contains(err, "do not fit into a drain") || strings.Contains(err, "lower the one or raise the other")
}

func TestDefaultsAgreeWithTheSchema(t *testing.T) {
	var apply func(s structural, value map[string]any)
	apply = func(s structural, value map[string]any) {
		for name, property := range s.Properties {
			if _, set := value[name]; !set && property.Default != nil {
				value[name] = clone(t, property.Default)
			}
			if sub, ok := value[name].(map[string]any); ok {
				apply(property, sub)
			}
		}
	}
	for _, text := range []string{
		`{"auth":{"type":"Anonymous"}}`,
		`{"auth":{"type":"Anonymous"},"presence":{"nodeGraceSeconds":0},"typing":{}}`,
		`{"auth":{"type":"Anonymous"},"autoscaling":{"maxReplicas":3,"targetConnections":9,"scaleUp":{"step":2}}}`,
	} {
		var want map[string]any
		require.NoError(t, json.Unmarshal([]byte(text), &want))
		apply(readSchema(t).Properties["spec"], want)

		var cluster RealtimeCluster
		require.NoError(t, json.Unmarshal([]byte(text), &cluster.Spec))
		SetDefaults(&cluster)
		got := clone(t, cluster.Spec)
		require.Empty(t, cmp.Diff(any(want), got))

		again := *cluster.DeepCopy()
		SetDefaults(&again)
		require.Empty(t, cmp.Diff(cluster, again))
	}
}

func validateMap(t *testing.T, spec map[string]any) []string {
	t.Helper()
	text, err := json.Marshal(spec)
	require.NoError(t, err)
	cluster := RealtimeCluster{}
	cluster.Name = "chat"
	require.NoError(t, json.Unmarshal(text, &cluster.Spec))
	SetDefaults(&cluster)
	var errs []string
	for _, err := range Validate(&cluster) {
		errs = append(errs, err.Error())
	}
	return errs
}

// set replaces the value at the path; nil removes it.
func set(object any, path []string, value any) {
	for _, step := range path[:len(path)-1] {
		object = child(object, step)
	}
	last := path[len(path)-1]
	switch object := object.(type) {
	case map[string]any:
		object[last] = value
		if value == nil {
			delete(object, last)
		}
	case []any:
		index, _ := strconv.Atoi(last)
		object[index] = value
	}
}

func child(object any, step string) any {
	if list, ok := object.([]any); ok {
		index, _ := strconv.Atoi(step)
		return list[index]
	}
	return object.(map[string]any)[step]
}

func repeat(object any, path []string, n int) []any {
	for _, step := range path {
		object = child(object, step)
	}
	return slices.Repeat(object.([]any)[:1], n)
}

// entries returns a map of n entries.
func entries(n int) map[string]any {
	m := make(map[string]any, n)
	for i := range n {
		m[fmt.Sprint("a", i)] = "v"
	}
	return m
}

func dotted(path []string) string {
	text := "spec"
	for _, step := range path {
		if _, err := strconv.Atoi(step); err == nil {
			text += fmt.Sprintf("[%s]", step)
		} else {
			text += "." + step
		}
	}
	return text
}

func clone(t *testing.T, value any) any {
	t.Helper()
	text, err := json.Marshal(value)
	require.NoError(t, err)
	var out any
	require.NoError(t, json.Unmarshal(text, &out))
	return out
}

func TestPatternsAgreeWithTheSchema(t *testing.T) {
	auth := readSchema(t).Properties["spec"].Properties["auth"]
	key := auth.Properties["jwt"].Properties["keys"].Items
	require.Equal(t, auth.Properties["allowedOrigins"].Items.Pattern, originPattern.String())
	require.Equal(t, key.Properties["name"].Pattern, keyNamePattern.String())
	require.Equal(t, key.Properties["secretRef"].Properties["name"].Pattern, secretPattern.String())
	require.Equal(t, key.Properties["secretRef"].Properties["key"].Pattern, secretKeyPattern.String())

	spec := readSchema(t).Properties["spec"]
	require.Equal(t, spec.Properties["image"].Pattern, imagePattern.String())
	require.Equal(t, spec.Properties["imagePullSecrets"].Items.Properties["name"].Pattern, secretPattern.String())
	gateway := spec.Properties["gateway"]
	require.Equal(t, gateway.Properties["podLabels"].AdditionalProperties.Pattern, labelPattern.String())
	require.Equal(t, gateway.Properties["priorityClassName"].Pattern, secretPattern.String())
	require.Equal(t, spec.Properties["service"].Properties["loadBalancerClass"].Pattern, lbClassPattern.String())
	ingress := spec.Properties["ingress"]
	require.Equal(t, ingress.Properties["host"].Pattern, hostPattern.String())
	require.Equal(t, ingress.Properties["ingressClassName"].Pattern, secretPattern.String())
	require.Equal(t, ingress.Properties["tls"].Properties["secretName"].Pattern, secretPattern.String())
	parent := spec.Properties["httpRoute"].Properties["parentRefs"].Items
	require.Equal(t, parent.Properties["name"].Pattern, secretPattern.String())
	require.Equal(t, parent.Properties["namespace"].Pattern, keyNamePattern.String())
	require.Equal(t, parent.Properties["sectionName"].Pattern, secretPattern.String())

	crd, err := os.ReadFile(crdPath)
	require.NoError(t, err)
	// A CustomResourceDefinition that is applied client-side is also in an annotation, which takes 256 KiB.
	require.Less(t, len(crd), 256<<10)
	rule := "self.metadata.name.matches('" + clusterName.String() + "')"
	require.Equal(t, 1, strings.Count(string(crd), rule), "the schema must have the rule %s", rule)
}
