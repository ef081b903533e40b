package main

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"path"
	"strings"

	oci "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// A file is one file of an image. It belongs to root, has no date, and its folders are made for it.
type file struct {
	path    string
	mode    int64
	content []byte
}

func layerOf(files []file) (oci.Layer, error) {
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	folders := map[string]bool{}
	for _, f := range files {
		if err := addFolders(w, path.Dir(f.path), folders); err != nil {
			return nil, fmt.Errorf("adding the folders of %s: %w", f.path, err)
		}
		header := &tar.Header{Typeflag: tar.TypeReg, Name: strings.TrimPrefix(f.path, "/"), Mode: f.mode, Size: int64(len(f.content))}
		if err := w.WriteHeader(header); err != nil {
			return nil, fmt.Errorf("adding %s: %w", f.path, err)
		}
		if _, err := w.Write(f.content); err != nil {
			return nil, fmt.Errorf("adding %s: %w", f.path, err)
		}
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("ending a layer: %w", err)
	}
	return tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(archive.Bytes())), nil
	})
}

// addFolders adds a folder after those that it is in, each once.
func addFolders(w *tar.Writer, folder string, done map[string]bool) error {
	if folder == "/" || done[folder] {
		return nil
	}
	if err := addFolders(w, path.Dir(folder), done); err != nil {
		return err
	}
	done[folder] = true
	return w.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: strings.TrimPrefix(folder, "/") + "/", Mode: 0o755})
}
