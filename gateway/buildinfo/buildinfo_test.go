package buildinfo

import (
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestVersion(t *testing.T) {
	require.NotEmpty(t, Version())
	defer func(v string) { version = v }(version)
	version = "v1.2.3"
	require.Equal(t, "v1.2.3", Version())
}

func TestFromBuildInfo(t *testing.T) {
	revision := debug.BuildSetting{Key: "vcs.revision", Value: "1a2b3c4d5e6f70819203"}
	for want, info := range map[string]debug.BuildInfo{
		"devel":                    {Main: debug.Module{Version: "(devel)"}},
		"v1.4.0":                   {Main: debug.Module{Version: "v1.4.0"}, Settings: []debug.BuildSetting{revision}},
		"devel+1a2b3c4d5e6f":       {Main: debug.Module{Version: "v0.0.0-20260101000000-1a2b3c4d5e6f"}, Settings: []debug.BuildSetting{revision}},
		"devel+1a2b3c4d5e6f-dirty": {Settings: []debug.BuildSetting{revision, {Key: "vcs.modified", Value: "true"}}},
	} {
		require.Equal(t, want, fromBuildInfo(&info))
	}
}
