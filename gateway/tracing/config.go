package tracing

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
)

// Config says where traces go, and how many.
type Config struct {
	// Endpoint is the receiver's OTLP/HTTP address, http or https; /v1/traces is added unless its path ends so. Empty: tracing is off.
	Endpoint string
	// SampleRatio is the share of what begins here that is traced, 0 to 1. What comes with a trace of its own is traced if that is.
	SampleRatio float64
	// MaxPerSecond bounds the traces that begin here in a second, or that clients bring.
	MaxPerSecond int
	// Gateway, Instance, Cluster and Version describe the gateway: its name, its present life, its cluster and its release.
	Gateway, Instance, Cluster, Version string
}

// tracesPath is where OTLP/HTTP receivers take traces.
const tracesPath = "/v1/traces"

// CheckEndpoint says what is wrong with an endpoint; nil: nothing is, or it is empty. The error does not repeat it, since a wrong one may
// hold a password.
func CheckEndpoint(endpoint string) error {
	if endpoint == "" {
		return nil
	}
	_, err := tracesURL(endpoint)
	return err
}

var errEndpoint = errors.New("is not right: want http:// or https://, a host, and if need be a port and a path, such as http://tempo:4318")

func tracesURL(endpoint string) (string, error) {
	u, err := url.Parse(endpoint)
	switch {
	case err != nil, u.Scheme != "http" && u.Scheme != "https", u.Hostname() == "", u.Opaque != "":
		return "", errEndpoint
	case u.User != nil:
		return "", errors.New("has a user name or a password, which the log would show: " +
			"give them in a header, by the environment variable OTEL_EXPORTER_OTLP_HEADERS")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return "", fmt.Errorf("has a query or a fragment, and %w", errEndpoint)
	}
	path := strings.TrimRight(u.Path, "/")
	if !strings.HasSuffix(path, tracesPath) {
		path += tracesPath
	}
	u.Path, u.RawPath = path, ""
	return u.String(), nil
}

// checkEnvironment checks the variables that hold secrets. OpenTelemetry would print what it cannot read of them.
func checkEnvironment() error {
	for _, name := range []string{"OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TRACES_HEADERS"} {
		if !areHeaders(os.Getenv(name)) {
			return fmt.Errorf("environment variable %s is not a list of headers, NAME=VALUE,NAME=VALUE, with special characters of a "+
				"value written as %%XX", name)
		}
	}
	return nil
}

func areHeaders(list string) bool {
	if strings.TrimSpace(list) == "" {
		return true
	}
	for pair := range strings.SplitSeq(list, ",") {
		name, value, found := strings.Cut(pair, "=")
		if _, err := url.PathUnescape(value); err != nil || !found || !isToken(strings.TrimSpace(name)) {
			return false
		}
	}
	return true
}

// isToken says whether text can be the name of a header.
func isToken(text string) bool {
	for i := range len(text) {
		c := text[i]
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		if !letter && (c < '0' || c > '9') && !strings.ContainsRune("!#$%&'*+-.^_`|~", rune(c)) {
			return false
		}
	}
	return text != ""
}
