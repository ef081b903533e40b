package kubestatus

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/starling-realtime/starling/gateway/buildinfo"
	"github.com/starling-realtime/starling/internal/statusview"
)

// NewCommand returns `kubectl starling`. It finds the API server as kubectl does.
func NewCommand(out io.Writer) *cobra.Command {
	root := &cobra.Command{
		Use: "kubectl-starling", Short: "Look at the RealtimeClusters of a Kubernetes cluster", Version: buildinfo.Version(),
		SilenceUsage: true, SilenceErrors: true,
		Annotations: map[string]string{cobra.CommandDisplayNameAnnotation: "kubectl starling"},
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetOut(out)
	root.AddCommand(newStatus(out))
	return root
}

func newStatus(out io.Writer) *cobra.Command {
	rules, overrides := clientcmd.NewDefaultClientConfigLoadingRules(), &clientcmd.ConfigOverrides{}
	output := ""
	cmd := &cobra.Command{
		Use: "status [NAME]", Short: "Show the gateways of a RealtimeCluster, or of all in the namespace: their load, and who sees whom",
		Long: "Ask the gateways of a RealtimeCluster through the API server. This needs the rights of the ClusterRole\n" +
			"starling-realtimecluster-status-reader (to get and list realtimeclusters, list pods and get pods/proxy), and a\n" +
			"NetworkPolicy that lets the API server reach the gateways' admin port.",
		Example: "  kubectl starling status chat -n realtime\n  kubectl starling status -o wide",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			format, err := statusview.ParseFormat(output)
			if err != nil {
				return err
			}
			loader := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, overrides)
			namespace, _, err := loader.Namespace()
			if err != nil {
				return fmt.Errorf("reading the kubeconfig: %w", err)
			}
			config, err := loader.ClientConfig()
			if err != nil {
				return fmt.Errorf("reading the kubeconfig: %w", err)
			}
			config.UserAgent = "kubectl-starling/" + buildinfo.Version()
			k, err := kubernetes.NewForConfig(config)
			if err != nil {
				return fmt.Errorf("making a client: %w", err)
			}
			name := ""
			if len(args) > 0 {
				name = args[0]
			}
			found, err := Fetch(cmd.Context(), k, namespace, name)
			if err != nil {
				return err
			}
			if len(found) == 0 {
				return errors.New("there is no RealtimeCluster in namespace " + namespace)
			}
			return write(out, format, found)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVarP(&overrides.Context.Namespace, "namespace", "n", "", "namespace of the cluster (default: the context's)")
	flags.StringVar(&overrides.CurrentContext, "context", "", "context of the kubeconfig (default: its current one)")
	flags.StringVar(&rules.ExplicitPath, "kubeconfig", "", "path of a kubeconfig (default: as kubectl)")
	flags.StringVarP(&output, "output", "o", string(statusview.FormatTable), "table, wide, json or yaml")
	return cmd
}

// write shows clusters one after the other: as tables, or as documents.
func write(out io.Writer, format statusview.Format, found []Cluster) error {
	table := format == statusview.FormatTable || format == statusview.FormatWide
	for i, c := range found {
		between := ""
		switch {
		case i > 0 && table:
			between = "\n"
		case i > 0 && format == statusview.FormatYAML:
			between = "---\n"
		}
		if table {
			between += heading(c)
		}
		if _, err := io.WriteString(out, between); err != nil {
			return err
		}
		if err := statusview.Write(out, format, c.Gateways); err != nil {
			return err
		}
	}
	return nil
}

// heading is what the operator says of a cluster.
func heading(c Cluster) string {
	line := fmt.Sprintf("RealtimeCluster %s/%s: ", c.Namespace, c.Name)
	ready := meta.FindStatusCondition(c.Status.Conditions, "Ready")
	switch {
	case ready == nil:
		return line + "the operator has said nothing yet\n"
	case ready.Status == "True":
		return line + "ready\n"
	default:
		return line + fmt.Sprintf("not ready, %s: %s\n", ready.Reason, ready.Message)
	}
}
