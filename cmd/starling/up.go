package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"github.com/starling-realtime/starling/api/v1alpha1"
	"github.com/starling-realtime/starling/gateway"
	"github.com/starling-realtime/starling/gateway/apikey"
	"github.com/starling-realtime/starling/gateway/auth"
	"github.com/starling-realtime/starling/internal/localcluster"
	"github.com/starling-realtime/starling/internal/localcluster/manifest"
	"github.com/starling-realtime/starling/internal/localcluster/view"
)

// upFlags are the flags of `starling up`.
type upFlags struct {
	file            string
	listen          string
	replicas        int32
	demo            bool
	allowedOrigins  []string
	jwtKeyFiles     []string
	apiKeysFiles    []string
	logDir          string
	plain           bool
	shutdownTimeout time.Duration
}

func (f *upFlags) bind(fs *pflag.FlagSet) {
	fs.StringVarP(&f.file, "file", "f", f.file, "manifest with one RealtimeCluster, in YAML or JSON; - is standard input")
	fs.StringVar(&f.listen, "listen", f.listen, "address for clients, host:port; port 0 is any free port")
	fs.Int32Var(&f.replicas, "replicas", f.replicas, "number of gateways (default: spec.replicas of the manifest)")
	fs.BoolVar(&f.demo, "demo", f.demo, "serve the demo page at /")
	fs.StringSliceVar(&f.allowedOrigins, "allowed-origins", f.allowedOrigins,
		"web origins whose pages may connect, besides the cluster's own and those of spec.auth.allowedOrigins")
	fs.StringSliceVar(&f.jwtKeyFiles, "jwt-key-file", f.jwtKeyFiles,
		"file with a key of the clients' tokens, as PATH or ALGORITHM:PATH, "+
			"in place of the Secrets that spec.auth.jwt.keys names; may be repeated")
	fs.StringSliceVar(&f.apiKeysFiles, "api-keys-file", f.apiKeysFiles,
		"file with keys of the HTTP API, one a line as NAME KEY, in place of the Secret that spec.auth.apiKeysSecretRef names; may be repeated")
	fs.StringVar(&f.logDir, "log-dir", f.logDir,
		"directory for the gateways' logs, which stay there (default: a private one that is removed at the end)")
	fs.BoolVar(&f.plain, "plain", f.plain, "print plain lines on a terminal too, with the gateways' logs, instead of a live table")
	fs.DurationVar(&f.shutdownTimeout, "shutdown-timeout", f.shutdownTimeout,
		"how long a gateway that is stopped may take to end its connections")
}

// mostShutdown is what gateways allow for a drain's parts.
const mostShutdown = time.Hour

func defaultUpFlags() upFlags {
	return upFlags{listen: "127.0.0.1:8080", demo: true, shutdownTimeout: 3 * time.Second}
}

func newUp(std streams) *cobra.Command {
	flags := defaultUpFlags()
	cmd := &cobra.Command{
		Use:   "up -f FILE",
		Short: "Run a RealtimeCluster on this machine",
		Long: "Run the gateways of a RealtimeCluster as processes on this machine, behind one local address, until Ctrl-C.\n" +
			"The manifest is the same that the operator takes in Kubernetes.",
		Example: "  starling up -f config/samples/realtimecluster.yaml --replicas 5",
		Args:    usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			opts, err := flags.options(cmd.Flags(), std)
			if err != nil {
				return err
			}
			ctx, stop := untilSignal(cmd.Context())
			defer stop()
			return localcluster.Run(ctx, opts)
		},
	}
	cmd.Flags().SortFlags = false
	flags.bind(cmd.Flags())
	return cmd
}

// options reads the manifest and checks everything that can be checked before a process is started.
func (f *upFlags) options(set *pflag.FlagSet, std streams) (localcluster.Options, error) {
	if f.file == "" {
		return localcluster.Options{}, usageError{errors.New("name the cluster's manifest: starling up -f config/samples/realtimecluster.yaml")}
	}
	cluster, err := manifest.ReadFile(f.file, std.in)
	if err != nil {
		return localcluster.Options{}, err
	}
	if ignored := manifest.Ignored(cluster); len(ignored) > 0 {
		fmt.Fprintf(std.err, "note: only the operator uses these fields of the manifest: %s\n", strings.Join(ignored, ", "))
	}
	if set.Changed("replicas") {
		cluster.Spec.Replicas = &f.replicas
	}
	if _, err := auth.NewOriginPolicy(f.allowedOrigins); err != nil {
		return localcluster.Options{}, usageError{fmt.Errorf("--allowed-origins: %w", err)}
	}
	for _, origin := range f.allowedOrigins {
		cluster.Spec.Auth.AllowedOrigins = append(cluster.Spec.Auth.AllowedOrigins, v1alpha1.Origin(origin))
	}
	program, err := os.Executable()
	if err != nil {
		return localcluster.Options{}, fmt.Errorf("finding this program's own file: %w", err)
	}
	if f.shutdownTimeout < 0 || f.shutdownTimeout > mostShutdown {
		return localcluster.Options{}, fmt.Errorf("--shutdown-timeout is %v, want 0s to %v", f.shutdownTimeout, mostShutdown)
	}
	opts := localcluster.Options{
		Cluster:         cluster,
		Command:         []string{program, "gateway"},
		Listen:          f.listen,
		Demo:            f.demo,
		JWTKeyFiles:     f.jwtKeyFiles,
		APIKeysFiles:    f.apiKeysFiles,
		LogDir:          f.logDir,
		ShutdownTimeout: f.shutdownTimeout,
		View:            f.newView(cluster, std),
	}
	if err := opts.Validate(); err != nil {
		return localcluster.Options{}, fmt.Errorf("%s: %w", f.file, err)
	}
	if err := f.checkGateway(&opts); err != nil {
		return localcluster.Options{}, err
	}
	return opts, nil
}

// checkGateway lets the gateway's own validation speak once, instead of every gateway's log.
func (f *upFlags) checkGateway(opts *localcluster.Options) error {
	for i, value := range f.jwtKeyFiles {
		file, err := auth.ParseKeyFile(value)
		if err != nil {
			return fmt.Errorf("--jwt-key-file: %w", err)
		}
		if file.Path, err = filepath.Abs(file.Path); err != nil {
			return fmt.Errorf("--jwt-key-file: %w", err)
		}
		if _, err := file.Load(); err != nil {
			return fmt.Errorf("--jwt-key-file: %w", err)
		}
		opts.JWTKeyFiles[i] = file.String()
	}
	for i, path := range f.apiKeysFiles {
		absolute, err := filepath.Abs(path)
		if err != nil {
			return fmt.Errorf("--api-keys-file: %w", err)
		}
		opts.APIKeysFiles[i] = absolute
	}
	if _, err := apikey.Open(opts.APIKeysFiles, nil); err != nil && len(opts.APIKeysFiles) > 0 {
		return fmt.Errorf("--api-keys-file: %w", err)
	}
	cfg := gateway.DefaultConfig()
	set := pflag.NewFlagSet("gateway", pflag.ContinueOnError)
	cfg.BindFlags(set)
	if err := set.Parse(localcluster.GatewayArgs(opts.Cluster)); err != nil {
		return fmt.Errorf("%s: %w", f.file, err)
	}
	cfg.JWTKeyFiles = opts.JWTKeyFiles
	cfg.MeshListen = "127.0.0.1:0"
	if err := cfg.Validate(); err != nil {
		return fmt.Errorf("%s: %w", f.file, err)
	}
	return nil
}

// newView is a table on a terminal that can move its cursor, else plain lines.
func (f *upFlags) newView(cluster *v1alpha1.RealtimeCluster, std streams) localcluster.View {
	out, ok := std.out.(*os.File)
	if !ok || f.plain || !term.IsTerminal(int(out.Fd())) || os.Getenv("TERM") == "dumb" {
		return view.NewLines(std.out)
	}
	return view.NewTable(out, view.TableOptions{
		Title: fmt.Sprintf("Starling: %s (Ctrl-C stops it)", cluster.Name),
		Color: os.Getenv("NO_COLOR") == "",
		Size: func() (int, int) {
			width, height, err := term.GetSize(int(out.Fd()))
			if err != nil || width <= 0 || height <= 0 { // a terminal need not know its size: that of script(1) has none
				return 80, 24
			}
			return width, height
		},
	})
}
