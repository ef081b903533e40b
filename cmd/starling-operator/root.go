package main

import (
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/api/validate/content"

	"github.com/starling-realtime/starling/gateway/buildinfo"
)

// config is what the flags say.
type config struct {
	namespaces      []string
	defaultImage    string
	leaderElect     bool
	metricsAddress  string
	metricsInsecure bool
	metricsCertDir  string
	probeAddress    string
	logFormat       string
	logLevel        string
	concurrency     int
	// podName and podNamespace are of the operator's own pod.
	podName, podNamespace string
}

func defaultConfig() config {
	return config{
		leaderElect: true, metricsAddress: ":8443", probeAddress: ":8081", logFormat: logJSON, logLevel: "info", concurrency: 4,
	}
}

func (c *config) bind(fs *pflag.FlagSet) {
	fs.StringSliceVar(&c.namespaces, "namespaces", c.namespaces, "namespaces whose clusters are served, separated by commas (default: all)")
	fs.StringVar(&c.defaultImage, "default-image", c.defaultImage, "image of gateways whose cluster names none (default: the operator's own)")
	fs.BoolVar(&c.leaderElect, "leader-elect", c.leaderElect, "let only one of several operators act; they agree by a Lease")
	fs.StringVar(&c.metricsAddress, "metrics-listen", c.metricsAddress, "address of /metrics, host:port; 0 is none")
	fs.BoolVar(&c.metricsInsecure, "metrics-insecure", c.metricsInsecure, "serve metrics over plain HTTP, to everybody")
	fs.StringVar(&c.metricsCertDir, "metrics-cert-dir", c.metricsCertDir,
		"folder with tls.crt and tls.key for metrics (default: a certificate that the operator signs itself)")
	fs.StringVar(&c.probeAddress, "probe-listen", c.probeAddress, "address of /healthz and /readyz, host:port")
	fs.StringVar(&c.logFormat, "log-format", c.logFormat, "format of the log on standard error: json or console")
	fs.StringVar(&c.logLevel, "log-level", c.logLevel, "least level that is logged: debug, info, warn or error")
	fs.IntVar(&c.concurrency, "concurrency", c.concurrency, "how many clusters are worked on at a time")
	fs.StringVar(&c.podName, "pod-name", c.podName, "name of the operator's own pod (default: $POD_NAME)")
	fs.StringVar(&c.podNamespace, "pod-namespace", c.podNamespace, "namespace of the operator's own pod (default: $POD_NAMESPACE)")
}

func (c *config) validate() error {
	if !slices.Contains([]string{logJSON, logConsole}, c.logFormat) {
		return fmt.Errorf("--log-format is %q, must be json or console", c.logFormat)
	}
	if _, err := parseLevel(c.logLevel); err != nil {
		return err
	}
	if c.concurrency < 1 || c.concurrency > 100 {
		return fmt.Errorf("--concurrency is %d, must be 1 to 100", c.concurrency)
	}
	for _, namespace := range c.namespaces {
		if len(content.IsDNS1123Label(namespace)) > 0 {
			return fmt.Errorf("--namespaces has %q, which is no namespace's name: must be of a-z, 0-9 and '-', at most 63", namespace)
		}
	}
	if c.podNamespace == "" {
		return fmt.Errorf("--pod-namespace or $POD_NAMESPACE must be the operator's own namespace")
	}
	if c.defaultImage == "" && c.podName == "" {
		return fmt.Errorf("--default-image must be given where neither --pod-name nor $POD_NAME tells the operator's own pod")
	}
	return nil
}

func newRoot(stderr io.Writer) *cobra.Command {
	c := defaultConfig()
	cmd := &cobra.Command{
		Use:   "starling-operator",
		Short: "Make RealtimeClusters real",
		Long: "Make RealtimeClusters real in Kubernetes. It is run by config/default or by the Helm chart.\n" +
			"Outside of Kubernetes it uses $KUBECONFIG.",
		Version:       buildinfo.Version(),
		Args:          func(cmd *cobra.Command, args []string) error { return asUsage(cobra.NoArgs(cmd, args)) },
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := c.validate(); err != nil {
				return usageError{err}
			}
			return runManager(cmd.Context(), &c, newLogHandler(stderr, &c))
		},
	}
	c.podName, c.podNamespace = environment("POD_NAME"), environment("POD_NAMESPACE")
	cmd.Flags().SortFlags = false
	c.bind(cmd.Flags())
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	return cmd
}

func asUsage(err error) error {
	if err == nil {
		return nil
	}
	return usageError{err}
}
