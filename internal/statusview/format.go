package statusview

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/starling-realtime/starling/gateway/overview"
)

// A Format is how a cluster is written.
type Format string

// The formats. FormatTable is for people, FormatWide has more columns.
const (
	FormatTable Format = "table"
	FormatWide  Format = "wide"
	FormatJSON  Format = "json"
	FormatYAML  Format = "yaml"
)

// ParseFormat reads a format; empty is a table. The error says what would be right.
func ParseFormat(text string) (Format, error) {
	switch f := Format(text); f {
	case "":
		return FormatTable, nil
	case FormatTable, FormatWide, FormatJSON, FormatYAML:
		return f, nil
	}
	return "", fmt.Errorf("--output is %q, must be table, wide, json or yaml", text)
}

// Write writes a cluster.
func Write(out io.Writer, format Format, o *overview.Overview) error {
	var text []byte
	var err error
	switch format {
	case FormatJSON:
		if text, err = json.MarshalIndent(o, "", "  "); err == nil {
			text = append(text, '\n')
		}
	case FormatYAML:
		text, err = yaml.Marshal(o)
	default:
		text = []byte(strings.Join(Lines(o, format == FormatWide), "\n") + "\n")
	}
	if err != nil {
		return fmt.Errorf("writing the status: %w", err)
	}
	_, err = out.Write(text)
	return err
}
