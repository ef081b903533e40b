package main

import (
	"archive/tar"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

func TestTheSameProgramsMakeTheSameImage(t *testing.T) {
	dir := t.TempDir()
	o := options{platform: "linux/arm64", tag: "example.com/starling:devel", version: "v1.2.3"}
	for _, program := range []string{"starling", "starling-operator"} {
		file := filepath.Join(dir, program)
		if err := os.WriteFile(file, []byte("I am "+program), 0o600); err != nil {
			t.Fatal(err)
		}
		o.programs = append(o.programs, file)
	}
	var archives [2]string
	for i := range archives {
		o.out = filepath.Join(dir, "image"+string(rune('0'+i))+".tar")
		if err := run(o); err != nil {
			t.Fatal(err)
		}
		content, err := os.ReadFile(o.out)
		if err != nil {
			t.Fatal(err)
		}
		archives[i] = string(content)
	}
	if archives[0] != archives[1] {
		t.Fatal("the second archive differs from the first")
	}

	image, err := tarball.ImageFromPath(o.out, nil)
	if err != nil {
		t.Fatal(err)
	}
	config, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if config.OS != "linux" || config.Architecture != "arm64" || config.Config.User != "65532:65532" ||
		config.Config.Entrypoint[0] != "/usr/local/bin/starling" || config.Config.Labels["org.opencontainers.image.version"] != "1.2.3" {
		t.Fatalf("the configuration is %+v", config)
	}
	files := mutate.Extract(image)
	defer func() { _ = files.Close() }()
	modes := map[string]int64{}
	for r := tar.NewReader(files); ; {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		modes[filepath.Clean(header.Name)] = header.Mode
	}
	for file, mode := range map[string]int64{"etc/passwd": 0o644, "usr/local/bin/starling": 0o755, "usr/local/bin/starling-operator": 0o755} {
		if modes[file] != mode {
			t.Errorf("%s has mode %o, want %o", file, modes[file], mode)
		}
	}
}

func TestMistakesAreNamed(t *testing.T) {
	for name, o := range map[string]options{
		"no program":   {platform: "linux/amd64", tag: "example.com/starling:devel"},
		"no tag":       {platform: "linux/amd64", programs: []string{"x"}},
		"no such file": {platform: "linux/amd64", tag: "example.com/starling:devel", programs: []string{"no-such-file"}},
		"no platform":  {platform: "a/b/c/d/e", tag: "example.com/starling:devel", programs: []string{"x"}},
	} {
		t.Run(name, func(t *testing.T) {
			if err := run(o); err == nil {
				t.Fatal("no error")
			}
		})
	}
}
