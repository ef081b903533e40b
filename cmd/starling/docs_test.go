package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/starling-realtime/starling/gateway"
)

var update = flag.Bool("update", false, "write the flags into docs/configuration.md instead of comparing")

const configurationPage = "../../docs/configuration.md"

// TestConfigurationPage keeps the tables of flags in step with the commands.
func TestConfigurationPage(t *testing.T) {
	page, err := os.ReadFile(configurationPage)
	require.NoError(t, err)
	want := string(page)
	want = fill(t, want, "gateway flags", flagTable(newGateway(streams{}), gateway.EnvironmentName))
	want = fill(t, want, "up flags", flagTable(newUp(streams{}), nil))
	if *update {
		require.NoError(t, os.WriteFile(configurationPage, []byte(want), 0o600))
		return
	}
	require.Empty(t, cmp.Diff(string(page), want), "out of date: go test ./cmd/starling -run TestConfigurationPage -update")
}

// TestConfigurationPageNamesOnlyRealFlags checks the hand-written table of the manifest's fields.
func TestConfigurationPageNamesOnlyRealFlags(t *testing.T) {
	page, err := os.ReadFile(configurationPage)
	require.NoError(t, err)
	_, fields, found := strings.Cut(string(page), "## The manifest")
	require.True(t, found)
	known := newGateway(streams{}).Flags()
	for row := range strings.Lines(fields) {
		for i, code := range strings.Split(row, "`") {
			if name, isFlag := strings.CutPrefix(code, "--"); isFlag && i%2 == 1 {
				require.NotNil(t, known.Lookup(name), "--%s", name)
			}
		}
	}
}

// TestPagesUseOnlyRealFlags checks the commands of the documentation: each `starling` that a reader is told to run has the flags that
// it is given.
func TestPagesUseOnlyRealFlags(t *testing.T) {
	var pages []string
	for _, pattern := range []string{"../../*.md", "../../docs/*.md", "../../examples/*/*.md"} {
		found, err := filepath.Glob(pattern)
		require.NoError(t, err)
		pages = append(pages, found...)
	}
	root, checked := newRoot(streams{}), 0
	line := regexp.MustCompile(`(?m)(?:^|[ (])(kubectl )?(?:bin/)?starling ((?:gateway|up|status|bench|version)\b[^|&;#>\n]*)`)
	for _, page := range pages {
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		for _, block := range regexp.MustCompile("(?s)\n```sh[^\n]*\n(.*?)\n```").FindAllStringSubmatch(string(text), -1) {
			for _, m := range line.FindAllStringSubmatch(strings.ReplaceAll(block[1], "\\\n", " "), -1) {
				if m[1] != "" {
					continue // the plugin has flags of its own
				}
				words := strings.Fields(m[2])
				command, _, err := root.Find(words)
				require.NoError(t, err, "%s: %s", page, m[0])
				for _, word := range words {
					name, isFlag := strings.CutPrefix(word, "--")
					if name, _, _ = strings.Cut(name, "="); isFlag {
						checked++
						require.NotNil(t, command.Flag(name), "%s: starling %s has no --%s", page, command.Name(), name)
					}
				}
			}
		}
	}
	require.Greater(t, checked, 10)
}

// TestConfigurationPageNamesEveryField compares the tables of the manifest's fields, and of those that only the operator
// uses, with the schema.
func TestConfigurationPageNamesEveryField(t *testing.T) {
	page, err := os.ReadFile(configurationPage)
	require.NoError(t, err)
	crd, err := os.ReadFile("../../config/crd/bases/realtime.starling.dev_realtimeclusters.yaml")
	require.NoError(t, err)
	var definition struct {
		Spec struct {
			Versions []struct {
				Schema struct{ OpenAPIV3Schema field }
			}
		}
	}
	require.NoError(t, yaml.Unmarshal(crd, &definition))
	rows := map[string]string{}
	operator, err := os.ReadFile("../../docs/operator.md")
	require.NoError(t, err)
	for row := range strings.Lines(string(page) + string(operator)) {
		if cells := strings.Split(row, " | "); strings.HasPrefix(row, "| `spec.") {
			rows[strings.Trim(cells[0], "| `")] = cells[1] + " | " + cells[2]
		}
	}
	var walk func(path string, f field)
	walk = func(path string, f field) {
		if path == "spec.gateway.resources" || path == "spec.gateway.affinity" { // Kubernetes' own
			require.Contains(t, rows, path)
			return
		}
		switch f.Type {
		case "object":
			for name, inner := range f.Properties {
				walk(path+"."+name, inner)
			}
		case "integer":
			require.Contains(t, rows[path], fmt.Sprintf("%d to %d", f.Minimum, f.Maximum), path)
			if f.Default != nil {
				require.Contains(t, rows[path], fmt.Sprintf(" | %v", f.Default), path)
			}
		case "array":
			require.Contains(t, rows, path+"[]")
		default:
			require.Contains(t, rows, path)
		}
	}
	walk("spec", definition.Spec.Versions[0].Schema.OpenAPIV3Schema.Properties["spec"])
}

// field is what the page tells of a field in a schema.
type field struct {
	Type             string
	Properties       map[string]field
	Minimum, Maximum int
	Default          any
}

// fill replaces what is between a section's two comments.
func fill(t *testing.T, page, section, text string) string {
	t.Helper()
	head, rest, found := strings.Cut(page, "<!-- "+section+":")
	require.True(t, found, section)
	comment, rest, found := strings.Cut(rest, "-->\n")
	require.True(t, found, section)
	_, tail, found := strings.Cut(rest, "<!-- end of "+section+" -->")
	require.True(t, found, section)
	return head + "<!-- " + section + ":" + comment + "-->\n" + text + "<!-- end of " + section + " -->" + tail
}

// flagTable returns a row a flag, in the order of --help, with its environment variable unless environment is nil.
func flagTable(cmd *cobra.Command, environment func(string) string) string {
	var table strings.Builder
	if environment == nil {
		table.WriteString("| flag | default | |\n|---|---|---|\n")
	} else {
		table.WriteString("| flag | environment | default | |\n|---|---|---|---|\n")
	}
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Name == "help" {
			return
		}
		name := "`--" + f.Name + "`"
		if f.Shorthand != "" {
			name = "`-" + f.Shorthand + "`, " + name
		}
		cells := []string{name}
		if environment != nil {
			cells = append(cells, "`"+environment(f.Name)+"`")
		}
		cells = append(cells, defaultOf(f), strings.ReplaceAll(f.Usage, "|", `\|`))
		fmt.Fprintf(&table, "| %s |\n", strings.Join(cells, " | "))
	})
	return table.String()
}

func defaultOf(f *pflag.Flag) string {
	switch f.DefValue {
	case "", "[]":
		return ""
	case "0":
		if strings.Contains(f.Usage, "(default:") {
			return ""
		}
	}
	return "`" + f.DefValue + "`"
}
