package main

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"
)

// image writes an archive with one image of nothing but the files named: image TARBALL REF FILE[:PATH]...
func image(args []string) error {
	if len(args) < 3 {
		return errUsage
	}
	if err := writeImage(args[0], args[1], args[2:]); err != nil {
		return fmt.Errorf("making the image %s: %w", args[1], err)
	}
	return nil
}

// writeImage writes a docker archive. A file FILE gets the path /NAME, and FILE:PATH another; the first is the entry point.
// The same files always give the same image.
func writeImage(tarball, ref string, files []string) error {
	out, err := os.Create(tarball)
	if err != nil {
		return err
	}
	archive := tar.NewWriter(out)
	err = errors.Join(addImage(archive, ref, files), archive.Close(), out.Close())
	if err != nil {
		_ = os.Remove(tarball)
	}
	return err
}

func addImage(archive *tar.Writer, ref string, files []string) error {
	layer, entry, err := layerOf(files)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(layer)
	config, err := json.Marshal(map[string]any{
		"architecture": runtime.GOARCH, "os": "linux",
		"config": map[string]any{"Entrypoint": []string{entry}, "User": "65532:65532", "Env": []string{"PATH=/"}, "WorkingDir": "/"},
		"rootfs": map[string]any{"type": "layers", "diff_ids": []string{"sha256:" + hex.EncodeToString(sum[:])}},
	})
	if err != nil {
		return err
	}
	manifest, err := json.Marshal([]map[string]any{{"Config": "config.json", "RepoTags": []string{ref}, "Layers": []string{"layer.tar"}}})
	if err != nil {
		return err
	}
	return errors.Join(
		addFile(archive, "config.json", 0o644, int64(len(config)), bytes.NewReader(config)),
		addFile(archive, "layer.tar", 0o644, int64(len(layer)), bytes.NewReader(layer)),
		addFile(archive, "manifest.json", 0o644, int64(len(manifest)), bytes.NewReader(manifest)))
}

// layerOf returns the layer's bytes and the path of its first file.
func layerOf(files []string) ([]byte, string, error) {
	var buffer bytes.Buffer
	layer := tar.NewWriter(&buffer)
	var entry string
	for _, file := range files {
		source, target, found := strings.Cut(file, ":")
		if !found {
			target = filepath.Base(source)
		}
		target = path.Join("/", target)
		if entry == "" {
			entry = target
		}
		if err := copyFile(layer, source, strings.TrimPrefix(target, "/")); err != nil {
			return nil, "", err
		}
	}
	err := layer.Close()
	return buffer.Bytes(), entry, err
}

func copyFile(archive *tar.Writer, source, target string) error {
	file, err := os.Open(source)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	return addFile(archive, target, int64(info.Mode().Perm()|0o444), info.Size(), file)
}

func addFile(archive *tar.Writer, name string, mode, size int64, content io.Reader) error {
	if err := archive.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: mode, Size: size}); err != nil {
		return err
	}
	_, err := io.Copy(archive, content)
	return err
}
