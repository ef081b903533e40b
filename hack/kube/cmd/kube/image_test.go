package main

import (
	"archive/tar"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

func TestWriteImage(t *testing.T) {
	folder := t.TempDir()
	program, page := filepath.Join(folder, "starling"), filepath.Join(folder, "index.html")
	for path, mode := range map[string]os.FileMode{program: 0o755, page: 0o600} {
		if err := os.WriteFile(path, []byte("the text of "+filepath.Base(path)), mode); err != nil {
			t.Fatal(err)
		}
	}
	first, second := filepath.Join(folder, "1.tar"), filepath.Join(folder, "2.tar")
	for _, tarball := range []string{first, second} {
		if err := writeImage(tarball, "example.test/starling:1", []string{program, page + ":www/index.html"}); err != nil {
			t.Fatal(err)
		}
	}
	if string(read(t, first)) != string(read(t, second)) {
		t.Error("the same files gave two different images")
	}
	entries := untar(t, first)
	var config struct{ Config struct{ Entrypoint []string } }
	if err := json.Unmarshal(entries["config.json"], &config); err != nil {
		t.Fatal(err)
	}
	if got := config.Config.Entrypoint; len(got) != 1 || got[0] != "/starling" {
		t.Errorf("entry point is %q, want /starling", got)
	}
	layer := filepath.Join(folder, "layer.tar")
	if err := os.WriteFile(layer, entries["layer.tar"], 0o600); err != nil {
		t.Fatal(err)
	}
	files := untar(t, layer)
	if string(files["starling"]) != "the text of starling" || string(files["www/index.html"]) != "the text of index.html" {
		t.Errorf("the layer holds %q", files)
	}
}

func TestWriteImageLeavesNothingAfterAFailure(t *testing.T) {
	tarball := filepath.Join(t.TempDir(), "image.tar")
	err := writeImage(tarball, "example.test/starling:1", []string{"/does/not/exist"})
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error is %v, want that the file does not exist", err)
	}
	if _, err := os.Stat(tarball); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the half-made archive is still there (%v)", err)
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func untar(t *testing.T, path string) map[string][]byte {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	entries := map[string][]byte{}
	for archive := tar.NewReader(file); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return entries
		}
		if err != nil {
			t.Fatal(err)
		}
		if entries[header.Name], err = io.ReadAll(archive); err != nil {
			t.Fatal(err)
		}
	}
}
