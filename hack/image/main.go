// Command image writes a container image as an archive that `docker load`, `ctr images import`, `kind load image-archive` and
// `minikube image load` read. It needs no daemon, no registry and no base image: the programs in it are static.
//
// The archive depends on nothing but its inputs: the same programs make the same image, byte for byte.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	oci "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// folder is where the programs are in the image. The operator names it in the pods that it makes.
const folder = "/usr/local/bin"

// user is nonroot, by number: Kubernetes' runAsNonRoot cannot judge a name.
const user = "65532:65532"

type options struct {
	platform, tag, version, out string
	programs                    []string
}

func main() {
	var o options
	flag.StringVar(&o.platform, "platform", "linux/amd64", "what the programs were built for")
	flag.StringVar(&o.tag, "tag", "", "the image's name and tag")
	flag.StringVar(&o.version, "version", "devel", "the release in the programs")
	flag.StringVar(&o.out, "out", "image.tar", "the archive to write")
	flag.Parse()
	o.programs = flag.Args()
	if err := run(o); err != nil {
		fmt.Fprintln(os.Stderr, "image:", err)
		os.Exit(1)
	}
}

func run(o options) error {
	if len(o.programs) == 0 {
		return errors.New("which programs? give their files; the first one is the image's entry point")
	}
	tag, err := name.NewTag(o.tag)
	if err != nil {
		return fmt.Errorf("reading the tag: %w", err)
	}
	platform, err := oci.ParsePlatform(o.platform)
	if err != nil {
		return fmt.Errorf("reading the platform: %w", err)
	}
	image, err := build(o, platform)
	if err != nil {
		return err
	}
	if err := write(o.out, tag, image); err != nil {
		return fmt.Errorf("writing %s: %w", o.out, err)
	}
	return nil
}

// build puts each program into a layer of its own, so that one that did not change is not loaded again.
func build(o options, platform *oci.Platform) (oci.Image, error) {
	layers := [][]file{{
		{path: "/etc/passwd", mode: 0o644, content: []byte("root:x:0:0:root:/:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/:/sbin/nologin\n")},
		{path: "/etc/group", mode: 0o644, content: []byte("root:x:0:\nnonroot:x:65532:\n")},
	}}
	for _, program := range o.programs {
		content, err := os.ReadFile(program)
		if err != nil {
			return nil, fmt.Errorf("reading a program: %w", err)
		}
		layers = append(layers, []file{{path: path.Join(folder, filepath.Base(program)), mode: 0o755, content: content}})
	}
	image := empty.Image
	for _, files := range layers {
		layer, err := layerOf(files)
		if err != nil {
			return nil, err
		}
		if image, err = mutate.AppendLayers(image, layer); err != nil {
			return nil, fmt.Errorf("adding a layer: %w", err)
		}
	}
	return mutate.ConfigFile(image, config(o, platform, image))
}

// config keeps the layers that are listed in the image's own.
func config(o options, platform *oci.Platform, image oci.Image) *oci.ConfigFile {
	c, err := image.ConfigFile()
	if err != nil {
		panic(fmt.Sprintf("an image made in memory has a configuration: %v", err))
	}
	c = c.DeepCopy()
	c.OS, c.Architecture, c.Variant = platform.OS, platform.Architecture, platform.Variant
	c.Config = oci.Config{
		User:       user,
		Env:        []string{"PATH=" + folder},
		Entrypoint: []string{path.Join(folder, filepath.Base(o.programs[0]))},
		Labels: map[string]string{
			"org.opencontainers.image.title":    "Starling",
			"org.opencontainers.image.licenses": "Apache-2.0",
			"org.opencontainers.image.version":  strings.TrimPrefix(o.version, "v"),
		},
	}
	return c
}

// write makes the file whole under another name first: a reader never sees half an archive.
func write(out string, tag name.Tag, image oci.Image) error {
	partial := out + ".partial"
	if err := tarball.WriteToFile(partial, tag, image); err != nil {
		return err
	}
	return os.Rename(partial, out)
}
