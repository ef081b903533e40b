package manifest

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"sigs.k8s.io/json"

	"github.com/starling-realtime/starling/api/v1alpha1"
)

// MaxBytes bounds a manifest. The API server takes objects of up to about 1.5 MiB.
const MaxBytes = 1 << 20

// ReadFile reads the one RealtimeCluster in a file of YAML or JSON; "-" is stdin. See [Parse].
func ReadFile(path string, stdin io.Reader) (*v1alpha1.RealtimeCluster, error) {
	text, err := read(path, stdin)
	if err != nil {
		return nil, fmt.Errorf("reading the manifest: %w", err)
	}
	cluster, err := Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return cluster, nil
}

func read(path string, stdin io.Reader) ([]byte, error) {
	source := stdin
	if path != "-" {
		file, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		source = file
	}
	text, err := io.ReadAll(io.LimitReader(source, MaxBytes+1))
	if err != nil {
		return nil, err
	}
	if len(text) > MaxBytes {
		return nil, fmt.Errorf("%s has more than %d bytes", path, MaxBytes)
	}
	return text, nil
}

// Parse reads the one RealtimeCluster in text, which is YAML or JSON, sets its defaults and validates it. Text that holds
// none, several, or anything else is an error. An error of several lines lists one fault a line.
func Parse(text []byte) (*v1alpha1.RealtimeCluster, error) {
	documents, err := split(text)
	if err != nil {
		return nil, err
	}
	object, err := onlyCluster(documents)
	if err != nil {
		return nil, err
	}
	var cluster v1alpha1.RealtimeCluster
	unknown, err := json.UnmarshalStrict(object, &cluster)
	if err != nil {
		return nil, explainType(err)
	}
	faults := make([]error, 0, len(unknown))
	for _, err := range unknown {
		faults = append(faults, explainUnknown(err))
	}
	v1alpha1.SetDefaults(&cluster)
	for _, err := range v1alpha1.Validate(&cluster) {
		faults = append(faults, err)
	}
	if err := list(faults); err != nil {
		return nil, err
	}
	return &cluster, nil
}

// list makes one error of several: as it is, or a line each.
func list(faults []error) error {
	switch len(faults) {
	case 0:
		return nil
	case 1:
		return faults[0]
	}
	var text strings.Builder
	fmt.Fprintf(&text, "%d faults:", len(faults))
	for _, fault := range faults {
		fmt.Fprintf(&text, "\n  %s", fault)
	}
	return errors.New(text.String())
}
