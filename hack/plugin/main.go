// Command plugin packs the kubectl plugin for a release: an archive for each platform, their checksums, and the manifest by which krew
// finds them. hack/plugin.sh builds the programs and runs it.
//
//	go run ./hack/plugin -version v1.2.3 -out bin/plugin -license LICENSE linux/amd64=PATH windows/arm64=PATH ...
//
// The same programs make the same bytes, whoever packs them and when.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

func main() {
	if err := run(os.Args[1:], os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

// krew takes no other versions.
var versionPattern = regexp.MustCompile(`^v\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$`)

func run(args []string, usage io.Writer) error {
	flags := flag.NewFlagSet("plugin", flag.ContinueOnError)
	flags.SetOutput(usage)
	version := flags.String("version", "", "release, such as v1.2.3")
	out := flags.String("out", "", "folder for what is made")
	license := flags.String("license", "LICENSE", "license's file")
	if err := flags.Parse(args); err != nil {
		return err
	}
	switch {
	case !versionPattern.MatchString(*version):
		return fmt.Errorf("-version is %q, want one such as v1.2.3", *version)
	case *out == "":
		return errors.New("-out is missing: name a folder")
	case flags.NArg() == 0:
		return errors.New("there is nothing to pack: name programs as OS/ARCH=PATH")
	}
	terms, err := os.ReadFile(*license)
	if err != nil {
		return fmt.Errorf("reading the license: %w", err)
	}
	if err := os.MkdirAll(*out, 0o755); err != nil { //nolint:gosec // what is released is for everybody
		return fmt.Errorf("making the folder: %w", err)
	}
	var made []archive
	for _, arg := range flags.Args() {
		a, err := pack(arg, terms, *out)
		if err != nil {
			return err
		}
		made = append(made, a)
	}
	slices.SortFunc(made, func(a, b archive) int { return strings.Compare(a.file, b.file) })
	manifest, err := manifest(*version, made)
	if err != nil {
		return err
	}
	return errors.Join(write(*out, "checksums.txt", []byte(checksums(made))), write(*out, "starling.yaml", manifest))
}

// checksums is what `sha256sum --check` reads.
func checksums(made []archive) string {
	var text strings.Builder
	for _, a := range made {
		fmt.Fprintf(&text, "%s  %s\n", a.sum, a.file)
	}
	return text.String()
}

func write(folder, name string, content []byte) error {
	if err := os.WriteFile(filepath.Join(folder, name), content, 0o644); err != nil { //nolint:gosec // as above
		return fmt.Errorf("writing %s: %w", name, err)
	}
	return nil
}
