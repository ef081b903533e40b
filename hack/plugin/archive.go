package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"
)

// program is the plugin's file, which kubectl finds by its name.
const program = "kubectl-starling"

// An archive is one platform's.
type archive struct {
	os, arch string
	// file is its name, program that of the plugin in it, and sum its SHA-256.
	file, program, sum string
}

// A member is a file in an archive.
type member struct {
	name    string
	mode    fs.FileMode
	content []byte
}

// pack writes the archive of a program that is given as OS/ARCH=PATH.
func pack(arg string, license []byte, folder string) (archive, error) {
	platform, path, ok := strings.Cut(arg, "=")
	system, arch, named := strings.Cut(platform, "/")
	if !ok || !named || path == "" {
		return archive{}, fmt.Errorf("%q: want OS/ARCH=PATH, such as linux/amd64=bin/kubectl-starling", arg)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return archive{}, fmt.Errorf("reading the program for %s: %w", platform, err)
	}
	a := archive{os: system, arch: arch, program: program, file: program + "-" + system + "-" + arch + ".tar.gz"}
	compress, packed := tarball, new(bytes.Buffer)
	if system == "windows" {
		a.program, a.file = program+".exe", strings.TrimSuffix(a.file, ".tar.gz")+".zip"
		compress = zipped
	}
	if err := compress(packed, []member{{a.program, 0o755, content}, {"LICENSE", 0o644, license}}); err != nil {
		return archive{}, fmt.Errorf("packing %s: %w", a.file, err)
	}
	sum := sha256.Sum256(packed.Bytes())
	a.sum = hex.EncodeToString(sum[:])
	return a, write(folder, a.file, packed.Bytes())
}

func tarball(w io.Writer, members []member) error {
	compressed := gzip.NewWriter(w)
	t := tar.NewWriter(compressed)
	for _, m := range members {
		header := &tar.Header{Name: m.name, Mode: int64(m.mode), Size: int64(len(m.content)), Format: tar.FormatUSTAR, ModTime: time.Unix(0, 0)}
		if err := t.WriteHeader(header); err != nil {
			return err
		}
		if _, err := t.Write(m.content); err != nil {
			return err
		}
	}
	if err := t.Close(); err != nil {
		return err
	}
	return compressed.Close()
}

func zipped(w io.Writer, members []member) error {
	z := zip.NewWriter(w)
	for _, m := range members {
		header := &zip.FileHeader{Name: m.name, Method: zip.Deflate}
		header.SetMode(m.mode)
		file, err := z.CreateHeader(header)
		if err != nil {
			return err
		}
		if _, err := file.Write(m.content); err != nil {
			return err
		}
	}
	return z.Close()
}
