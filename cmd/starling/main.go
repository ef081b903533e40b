// Command starling is Starling's data plane and its tools: `starling gateway` serves clients, `starling up` runs a whole cluster on
// this machine. It contains no Kubernetes client; the operator is another program.
package main

import "os"

func main() {
	os.Exit(run(os.Args[1:], streams{in: os.Stdin, out: os.Stdout, err: os.Stderr}))
}
