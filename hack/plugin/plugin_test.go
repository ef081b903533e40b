package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"flag"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write testdata/starling.yaml anew")

// packed packs three programs, and returns the folder.
func packed(t *testing.T) string {
	t.Helper()
	in, out := t.TempDir(), filepath.Join(t.TempDir(), "new")
	args := []string{"-version", "v1.2.3", "-out", out, "-license", filepath.Join(in, "terms")}
	require.NoError(t, os.WriteFile(filepath.Join(in, "terms"), []byte("terms"), 0o600))
	for _, platform := range []string{"windows/arm64", "linux/amd64", "darwin/arm64"} {
		path := filepath.Join(in, strings.ReplaceAll(platform, "/", "-"))
		require.NoError(t, os.WriteFile(path, []byte("program for "+platform), 0o600))
		args = append(args, platform+"="+path)
	}
	require.NoError(t, run(args, io.Discard))
	return out
}

func read(t *testing.T, elements ...string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(elements...))
	require.NoError(t, err)
	return content
}

func TestArchives(t *testing.T) {
	out := packed(t)
	unzipped, err := gzip.NewReader(bytes.NewReader(read(t, out, "kubectl-starling-linux-amd64.tar.gz")))
	require.NoError(t, err)
	got := map[string]string{}
	for r := tar.NewReader(unzipped); ; {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		content, err := io.ReadAll(r)
		require.NoError(t, err)
		got[header.FileInfo().Mode().String()+" "+header.Name] = string(content)
	}
	require.Equal(t, map[string]string{"-rwxr-xr-x kubectl-starling": "program for linux/amd64", "-rw-r--r-- LICENSE": "terms"}, got)

	z, err := zip.OpenReader(filepath.Join(out, "kubectl-starling-windows-arm64.zip"))
	require.NoError(t, err)
	defer func() { require.NoError(t, z.Close()) }()
	content, err := fs.ReadFile(z, "kubectl-starling.exe")
	require.NoError(t, err)
	require.Equal(t, "program for windows/arm64", string(content))
	require.Len(t, z.File, 2)
}

func TestChecksumsAndManifest(t *testing.T) {
	out := packed(t)
	lines := strings.Split(strings.TrimSpace(string(read(t, out, "checksums.txt"))), "\n")
	require.Len(t, lines, 3)
	manifest := string(read(t, out, "starling.yaml"))
	for _, line := range lines {
		sum, file, found := strings.Cut(line, "  ")
		require.True(t, found, line)
		want := sha256.Sum256(read(t, out, file))
		require.Equal(t, hex.EncodeToString(want[:]), sum)
		require.Contains(t, manifest, "sha256: "+sum+"\n")
		require.Contains(t, manifest, "/releases/download/v1.2.3/"+file+"\n")
		manifest = strings.ReplaceAll(manifest, sum, "SUM OF "+file)
	}
	const golden = "testdata/starling.yaml"
	if *update {
		require.NoError(t, os.WriteFile(golden, []byte(manifest), 0o600))
	}
	require.Equal(t, string(read(t, golden)), manifest, "run with -update if this is right")
	require.LessOrEqual(t, len(short), 50, "krew's index wants it short")
}

func TestPackingIsReproducible(t *testing.T) {
	require.Equal(t, string(read(t, packed(t), "checksums.txt")), string(read(t, packed(t), "checksums.txt")))
}

func TestWrongArguments(t *testing.T) {
	for want, args := range map[string][]string{
		`-version is "1.2", want one such as v1.2.3`: {"-version", "1.2", "-out", "x", "linux/amd64=x"},
		"-out is missing":                             {"-version", "v1.2.3", "linux/amd64=x"},
		"there is nothing to pack":                    {"-version", "v1.2.3", "-out", t.TempDir()},
		`"linux=x": want OS/ARCH=PATH`:                {"-version", "v1.2.3", "-out", t.TempDir(), "-license", "main.go", "linux=x"},
		"reading the program for linux/amd64: open x": {"-version", "v1.2.3", "-out", t.TempDir(), "-license", "main.go", "linux/amd64=x"},
		"reading the license: open none":              {"-version", "v1.2.3", "-out", t.TempDir(), "-license", "none", "linux/amd64=x"},
	} {
		require.ErrorContains(t, run(args, io.Discard), want)
	}
}
