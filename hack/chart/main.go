// Command chart generates the parts of the Helm charts that exist elsewhere already, so that they cannot differ: the operator's
// objects from kustomize's output, the schema of a cluster's values from its CustomResourceDefinition, and the READMEs' tables from
// the values files. hack/chart.sh runs it.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
)

func main() {
	if err := run(os.Args[1:], os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, "chart:", err)
		os.Exit(1)
	}
}

var errUsage = errors.New(`usage:
  chart objects FOLDER < rendered.yaml   split kustomize's output into a chart's files
  chart schema CRD.yaml OUT.json         make the schema of a chart's clusters
  chart readme CHART-FOLDER              write the table of a chart's values into its README.md`)

func run(args []string, in io.Reader) error {
	switch {
	case len(args) == 2 && args[0] == "objects":
		return writeObjects(in, args[1])
	case len(args) == 3 && args[0] == "schema":
		return writeSchema(args[1], args[2])
	case len(args) == 2 && args[0] == "readme":
		return writeReadme(args[1])
	}
	return errUsage
}
