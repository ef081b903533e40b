package imports

import (
	"fmt"
	"strings"
)

const module = "github.com/starling-realtime/starling"

// A rule forbids imports to a part of the repository.
type rule struct {
	// from is the folder that the rule is for.
	from string
	// never lists import paths that neither its packages nor anything they depend on may be or lie below.
	never []string
	// except lists import paths below a forbidden one that are allowed after all.
	except []string
	why    string
	// planned says that the folder may not exist yet.
	planned bool
}

func rules() []rule {
	client := []string{"k8s.io/client-go", "sigs.k8s.io/controller-runtime"}
	return []rule{
		{
			from: "hub", never: []string{module}, except: []string{module + "/hub"},
			why: "the hub imports nothing of ours",
		},
		{
			from: "client", never: []string{module, "k8s.io", "sigs.k8s.io", "github.com/prometheus"}, except: []string{module + "/client"},
			why: "the client knows the wire only, and programs that import it get little else",
		},
		{
			from: "gateway", never: []string{module, "k8s.io", "sigs.k8s.io"}, except: []string{module + "/gateway", module + "/hub"},
			why: "the gateway knows the hub, and neither the operator nor Kubernetes",
		},
		{
			from: "api", never: append([]string{module}, client...), except: []string{module + "/api"},
			why: "the API types import nothing of ours, and cmd/starling imports them",
		},
		{
			from: "controllers", never: []string{module + "/cmd", module + "/gateway", module + "/hub"},
			why: "the operator speaks HTTP to gateways", planned: true,
		},
		{
			from: "cmd/starling", never: append([]string{module + "/controllers"}, client...),
			why: "make run must not compile the operator",
		},
	}
}

// A pkg is what go list tells about a package: its import path and all that it depends on, directly or not.
type pkg struct {
	ImportPath string
	Deps       []string
}

// covers reports whether the rule is for the package.
func (r rule) covers(p pkg) bool { return within(p.ImportPath, module+"/"+r.from) }

// broken returns a line for each dependency of the packages that breaks the rule.
func (r rule) broken(pkgs []pkg) []string {
	var lines []string
	for _, p := range pkgs {
		if !r.covers(p) {
			continue
		}
		for _, dep := range p.Deps {
			if within(dep, r.never...) && !within(dep, r.except...) {
				lines = append(lines, fmt.Sprintf("%s depends on %s: %s", p.ImportPath, dep, r.why))
			}
		}
	}
	return lines
}

// within reports whether an import path is one of the roots or lies below one.
func within(path string, roots ...string) bool {
	for _, root := range roots {
		if path == root || strings.HasPrefix(path, root+"/") {
			return true
		}
	}
	return false
}
