package imports

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDependenciesPointOneWay(t *testing.T) {
	pkgs := listPackages(t)
	for _, r := range rules() {
		t.Run(r.from, func(t *testing.T) {
			if !r.planned {
				require.True(t, slices.ContainsFunc(pkgs, r.covers), "no package in %s: was it moved?", r.from)
			}
			require.Empty(t, r.broken(pkgs))
		})
	}
}

// A rule that no dependency could break would prove nothing.
func TestRulesFindWhatBreaksThem(t *testing.T) {
	tests := map[string]struct {
		from string
		pkg  pkg
		want []string
	}{
		"hub on its own module": {
			from: "hub",
			pkg:  pkg{ImportPath: module + "/hub", Deps: []string{"fmt", module + "/gateway/protocol"}},
			want: []string{module + "/hub depends on " + module + "/gateway/protocol: the hub imports nothing of ours"},
		},
		"hub on a package of its own": {
			from: "hub",
			pkg:  pkg{ImportPath: module + "/hub", Deps: []string{module + "/hub/internal/shard"}},
		},
		"client on the server": {
			from: "client",
			pkg:  pkg{ImportPath: module + "/client", Deps: []string{"fmt", module + "/hub"}},
			want: []string{module + "/client depends on " + module + "/hub: the client knows the wire only, and programs that import it get little else"},
		},
		"command on a Kubernetes client": {
			from: "cmd/starling",
			pkg:  pkg{ImportPath: module + "/cmd/starling", Deps: []string{"k8s.io/apimachinery/pkg/runtime", "k8s.io/client-go/rest"}},
			want: []string{module + "/cmd/starling depends on k8s.io/client-go/rest: make run must not compile the operator"},
		},
		"operator's command on a Kubernetes client": {
			from: "cmd/starling",
			pkg:  pkg{ImportPath: module + "/cmd/starling-operator", Deps: []string{"k8s.io/client-go/rest"}},
		},
		"controllers on the gateway": {
			from: "controllers",
			pkg:  pkg{ImportPath: module + "/controllers/scaling", Deps: []string{module + "/gateway"}},
			want: []string{module + "/controllers/scaling depends on " + module + "/gateway: the operator speaks HTTP to gateways"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, tt.want, ruleFor(t, tt.from).broken([]pkg{tt.pkg}))
		})
	}
}

func ruleFor(t *testing.T, from string) rule {
	t.Helper()
	for _, r := range rules() {
		if r.from == from {
			return r
		}
	}
	require.FailNow(t, "no rule", "for %s", from)
	return rule{}
}

// listPackages asks the go command for every package of the module.
func listPackages(t *testing.T) []pkg {
	t.Helper()
	root := filepath.Join("..", "..")
	readInputs(t, root)
	cmd := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Deps", "./...")
	cmd.Dir = root
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, stderr.String())

	var pkgs []pkg
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		err := dec.Decode(&p)
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		pkgs = append(pkgs, p)
	}
	require.NotEmpty(t, pkgs)
	return pkgs
}

// readInputs looks at every Go file of the module. go test caches a result for as long as the files that the test itself
// looked at stay the same, and does not know what the go command reads.
func readInputs(t *testing.T, root string) {
	t.Helper()
	_, err := os.Stat(filepath.Join(root, "go.mod"))
	require.NoError(t, err)
	require.NoError(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == ".git" || d.Name() == "node_modules" || d.Name() == "bin"):
			return filepath.SkipDir
		case filepath.Ext(path) == ".go":
			_, err = os.Stat(path)
		}
		return err
	}))
}
