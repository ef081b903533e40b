// Package buildinfo says which version this binary is. It promises an answer in every build: the version set by the linker,
// else what the go command recorded, else "devel".
package buildinfo

import (
	"runtime/debug"
	"strings"
)

// version is set by release builds: -ldflags "-X github.com/starling-realtime/starling/gateway/buildinfo.version=v1.2.3".
var version string

// Version returns the version, such as "v1.2.3", or "devel+1a2b3c4d5e6f" for a build from a checkout ("devel+…-dirty" with
// changes in it), or "devel".
func Version() string {
	if version != "" {
		return version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return devel
	}
	return fromBuildInfo(info)
}

const devel = "devel"

func fromBuildInfo(info *debug.BuildInfo) string {
	if v := info.Main.Version; v != "" && v != "(devel)" && !strings.HasPrefix(v, "v0.0.0-") {
		return v
	}
	var revision, dirty string
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			revision = "+" + s.Value[:min(len(s.Value), 12)]
		case s.Key == "vcs.modified" && s.Value == "true":
			dirty = "-dirty"
		}
	}
	if revision == "" {
		return devel
	}
	return devel + revision + dirty
}
