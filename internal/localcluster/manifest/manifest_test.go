package manifest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/api/v1alpha1"
)

const head = "apiVersion: realtime.starling.dev/v1alpha1\nkind: RealtimeCluster\nmetadata: {name: chat}\n"

func TestParseAccepts(t *testing.T) {
	kyaml := `---
{
  apiVersion: "realtime.starling.dev/v1alpha1",
  kind: "RealtimeCluster",
  metadata: {
    name: "chat",
  },
  spec: {
    replicas: 3, # a comment
    auth: {
      type: "Anonymous",
    },
  },
}
`
	tests := map[string]string{
		"YAML":                  head + "spec: {replicas: 3, auth: {type: Anonymous}}",
		"KYAML":                 kyaml,
		"JSON":                  `{"apiVersion":"realtime.starling.dev/v1alpha1","kind":"RealtimeCluster","metadata":{"name":"chat"},"spec":{"replicas":3,"auth":{"type":"Anonymous"}}}`,
		"empty documents":       "---\n# nothing\n---\n" + head + "spec: {replicas: 3, auth: {type: Anonymous}}\n---\n",
		"document after ---":    "--- " + `{apiVersion: realtime.starling.dev/v1alpha1, kind: RealtimeCluster, metadata: {name: chat}, spec: {replicas: 3, auth: {type: Anonymous}}}`,
		"metadata and a status": head + "  \nspec: {replicas: 3, auth: {type: Anonymous}}\nstatus: {replicas: 7}",
	}
	for name, text := range tests {
		t.Run(name, func(t *testing.T) {
			cluster, err := Parse([]byte(text))
			require.NoError(t, err)
			require.Equal(t, "chat", cluster.Name)
			require.EqualValues(t, 3, *cluster.Spec.Replicas)
			require.Equal(t, v1alpha1.AuthAnonymous, cluster.Spec.Auth.Type)
			require.Equal(t, v1alpha1.DefaultNodeGraceSeconds, *cluster.Spec.Presence.NodeGraceSeconds)
		})
	}
}

func TestParseRefuses(t *testing.T) {
	good := head + "spec: {auth: {type: Anonymous}}\n"
	tests := map[string]struct{ text, want string }{
		"nothing":              {"", "there is no object in it, must be one RealtimeCluster (realtime.starling.dev/v1alpha1)"},
		"only comments":        {"# nothing\n---\n", "there is no object in it"},
		"a scalar":             {"hello", "document 1 is not an object with apiVersion and kind"},
		"a list":               {"- a\n- b", "document 1 is not an object with apiVersion and kind"},
		"no kind":              {"metadata: {name: chat}", "document 1 is an object without a kind, must be a RealtimeCluster"},
		"another kind":         {good + "---\napiVersion: v1\nkind: Secret\n", "document 2 is Secret (v1), must be a RealtimeCluster"},
		"another version":      {strings.Replace(good, "v1alpha1", "v1", 1), "document 1 is RealtimeCluster (realtime.starling.dev/v1), must be"},
		"kind without group":   {"kind: RealtimeCluster", "document 1 is RealtimeCluster, must be"},
		"two clusters":         {good + "---\n" + good, "there are 2 RealtimeClusters in it, must be one"},
		"after a document end": {good + "...\n---\n" + good, "there are 2 RealtimeClusters in it"},
		"hidden separator":     {good + "\u2028---\u2028" + good, "there are 2 RealtimeClusters in it"},
		"misspelt field":       {head + "spec: {presense: {}, auth: {type: Anonymous}}", `spec.presense: unknown field, did you mean "presence"?`},
		"wrong case":           {head + "spec: {Replicas: 3, auth: {type: Anonymous}}", `spec.Replicas: unknown field, did you mean "replicas"?`},
		"unlike any field":     {head + "spec: {typing: {xyzzy: 1}, auth: {type: Anonymous}}", "spec.typing.xyzzy: unknown field, must be one of ttlSeconds"},
		"unknown at the root":  {good + "extras: 1", "extras: unknown field, must be one of apiVersion, kind, metadata, spec, status"},
		"misspelt in a list": {
			head + "spec: {auth: {type: JWT, jwt: {keys: [{name: a, secretRef: {name: s, kye: k}}]}}}",
			`2 faults:
  spec.auth.jwt.keys[0].secretRef.kye: unknown field, did you mean "key"?
  spec.auth.jwt.keys[0].secretRef.key: Required value: must be a key of a Secret's data`,
		},
		"duplicate field":   {head + "spec:\n  replicas: 2\n  replicas: 3\n  auth: {type: Anonymous}", `line 6: key "replicas" already set in map`},
		"bad YAML":          {head + "spec: [", "yaml: line 4: did not find expected node content"},
		"string for number": {head + "spec: {replicas: three, auth: {type: Anonymous}}", "spec.replicas: is a string, must be a whole number of at most 32 bits"},
		"fraction":          {head + "spec: {replicas: 2.5, auth: {type: Anonymous}}", "spec.replicas: is the number 2.5, must be a whole number"},
		"too big a number":  {head + "spec: {replicas: 99999999999, auth: {type: Anonymous}}", "spec.replicas: is the number 99999999999, must be a whole number"},
		"list for map":      {head + "spec: {typing: [], auth: {type: Anonymous}}", "spec.typing: is a list, must be a map"},
		"map for list":      {head + "spec: {auth: {type: Anonymous, allowedOrigins: {}}}", "spec.auth.allowedOrigins: is a map, must be a list"},
		"map for string":    {head + "spec: {auth: {type: {}}}", "spec.auth.type: is a map, must be a string"},
		"spec is a list":    {head + "spec: []", "spec: is a list, must be a map"},
		"number as key":     {head + "spec: {1: 2, auth: {type: Anonymous}}", "spec.1: unknown field"},
		"no spec":           {head, "spec.auth.type: Required value: must be Anonymous or JWT"},
		"invalid value":     {head + "spec: {replicas: -1, auth: {type: Anonymous}}", "spec.replicas: Invalid value: -1: must be 0 to 100"},
		"unknown auth":      {head + "spec: {auth: {type: None}}", `spec.auth.type: Unsupported value: "None": supported values: "Anonymous", "JWT"`},
		"several faults": {
			head + "spec: {replicas: 101, presense: {}, auth: {type: JWT}}",
			"3 faults:\n  spec.presense: unknown field, did you mean \"presence\"?\n  spec.replicas: Invalid value: 101: must be 0 to 100\n" +
				"  spec.auth.jwt: Required value: must be set when type is JWT",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := Parse([]byte(test.text))
			require.ErrorContains(t, err, test.want)
		})
	}
}

func TestReadFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cluster.yaml")
	good := head + "spec: {auth: {type: Anonymous}}\n"

	_, err := ReadFile(path, nil)
	require.ErrorIs(t, err, os.ErrNotExist)

	require.NoError(t, os.WriteFile(path, []byte(good), 0o600))
	_, err = ReadFile(path, nil)
	require.NoError(t, err)

	_, err = ReadFile("-", strings.NewReader(good))
	require.NoError(t, err)

	require.NoError(t, os.WriteFile(path, []byte(head+"spec: {auth: {type: None}}"), 0o600))
	_, err = ReadFile(path, nil)
	require.ErrorContains(t, err, path+": spec.auth.type: ")

	_, err = ReadFile("-", strings.NewReader(strings.Repeat("#", MaxBytes+1)))
	require.ErrorContains(t, err, "more than 1048576 bytes")
}
