package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"
)

const (
	tableBegin = "<!-- values: generated from values.yaml by make generate -->"
	tableEnd   = "<!-- end of values -->"
)

// writeReadme writes the table of a chart's values between two marks in its README.md.
func writeReadme(chart string) error {
	values, err := os.ReadFile(filepath.Join(chart, "values.yaml")) //nolint:gosec // hack/chart.sh names the chart
	if err != nil {
		return fmt.Errorf("reading the values: %w", err)
	}
	table, err := valuesTable(values)
	if err != nil {
		return fmt.Errorf("reading %s/values.yaml: %w", chart, err)
	}
	path := filepath.Join(chart, "README.md")
	readme, err := os.ReadFile(path) //nolint:gosec // as above
	if err != nil {
		return fmt.Errorf("reading the README: %w", err)
	}
	before, rest, ok := strings.Cut(string(readme), tableBegin)
	_, after, ended := strings.Cut(rest, tableEnd)
	if !ok || !ended {
		return fmt.Errorf("%s needs the lines %q and %q", path, tableBegin, tableEnd)
	}
	return writeFile(path, []byte(before+tableBegin+"\n"+table+tableEnd+after))
}

// valuesTable has a row for every value that has a comment of its own above it.
func valuesTable(values []byte) (string, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(values, &document); err != nil {
		return "", err
	}
	if len(document.Content) != 1 || document.Content[0].Kind != yaml.MappingNode {
		return "", errors.New("it is not a map")
	}
	var table strings.Builder
	table.WriteString("| value | default | |\n|---|---|---|\n")
	if err := addRows(&table, "", document.Content[0]); err != nil {
		return "", err
	}
	return table.String(), nil
}

func addRows(table *strings.Builder, path string, node *yaml.Node) error {
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		name := path + key.Value
		if value.Kind == yaml.MappingNode && len(value.Content) > 0 && key.HeadComment == "" {
			if err := addRows(table, name+".", value); err != nil {
				return err
			}
			continue
		}
		if key.HeadComment == "" {
			return fmt.Errorf("%s has no comment", name)
		}
		text, err := inline(value)
		if err != nil {
			return fmt.Errorf("writing the default of %s: %w", name, err)
		}
		fmt.Fprintf(table, "| `%s` | `%s` | %s |\n", name, text, comment(key.HeadComment))
	}
	return nil
}

// inline writes a value on one line.
func inline(node *yaml.Node) (string, error) {
	flow := *node
	flow.HeadComment, flow.FootComment, flow.LineComment = "", "", ""
	flow.Style = yaml.FlowStyle
	if node.Kind == yaml.ScalarNode {
		flow.Style = node.Style
	}
	text, err := yaml.Marshal(&flow)
	return strings.TrimSpace(string(text)), err
}

// comment joins the lines of a comment. Lines of an example, which are indented, are left out.
func comment(text string) string {
	var words []string
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(strings.TrimPrefix(line, "#"))
		if line != "" {
			words = append(words, line)
		}
	}
	return strings.ReplaceAll(strings.Join(words, " "), "|", `\|`)
}
