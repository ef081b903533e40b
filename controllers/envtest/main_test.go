//go:build envtest

package envtest

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/yaml"

	"github.com/starling-realtime/starling/api/v1alpha1"
	"github.com/starling-realtime/starling/controllers"
	"github.com/starling-realtime/starling/controllers/gateways"
)

// patience is generous: the machine is busy.
const patience = 90 * time.Second

// The API server, and the operator that runs against it, are shared by all tests; each has a namespace of its own.
var (
	config *rest.Config
	// operator has the rights of config/rbac and no others.
	operator *rest.Config
	api      client.Client
	fleet    = &fakeGateways{readings: map[string]gateways.Reading{}}
)

func TestMain(m *testing.M) {
	if os.Getenv("KUBEBUILDER_ASSETS") == "" {
		fmt.Fprintln(os.Stderr, "KUBEBUILDER_ASSETS must name a folder with etcd, kube-apiserver and kubectl: run make test-envtest")
		os.Exit(1)
	}
	flag.Parse()
	level := slog.LevelError + 1
	if testing.Verbose() {
		level = slog.LevelInfo
	}
	ctrl.SetLogger(logr.FromSlogHandler(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level})))
	code, err := runAll(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
	os.Exit(code)
}

func runAll(m *testing.M) (code int, err error) {
	env := &envtest.Environment{
		CRDDirectoryPaths:        []string{filepath.Join("..", "..", "config", "crd", "bases")},
		ErrorIfCRDPathMissing:    true,
		ControlPlaneStartTimeout: 2 * time.Minute,
		ControlPlaneStopTimeout:  time.Minute,
	}
	if config, err = env.Start(); err != nil {
		return 1, fmt.Errorf("starting the API server: %w", err)
	}
	defer func() { err = errors.Join(err, env.Stop()) }()
	scheme, err := controllers.NewScheme()
	if err != nil {
		return 1, err
	}
	if api, err = client.New(config, client.Options{Scheme: scheme}); err != nil {
		return 1, err
	}
	if operator, err = asOperator(env); err != nil {
		return 1, err
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	mgr, err := newManager(false)
	if err != nil {
		return 1, err
	}
	done := make(chan error, 1)
	go func() { done <- mgr.Start(ctx) }()
	code = m.Run()
	stop()
	return code, <-done
}

// asOperator grants what config/rbac grants, and returns who has it.
func asOperator(env *envtest.Environment) (*rest.Config, error) {
	const ns, name = "starling-system", "starling-operator"
	ctx := context.Background()
	if err := api.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: ns}}); err != nil {
		return nil, err
	}
	for _, file := range []string{"role.yaml", "role_binding.yaml", "own_namespace.yaml"} {
		text, err := os.ReadFile(filepath.Join("..", "..", "config", "rbac", file))
		if err != nil {
			return nil, err
		}
		for document := range strings.SplitSeq(string(text), "\n---\n") {
			object := &unstructured.Unstructured{}
			if err := yaml.Unmarshal([]byte(document), &object.Object); err != nil {
				return nil, err
			}
			if err := api.Create(ctx, object); err != nil {
				return nil, err
			}
		}
	}
	user, err := env.AddUser(envtest.User{
		Name:   "system:serviceaccount:" + ns + ":" + name,
		Groups: []string{"system:serviceaccounts", "system:serviceaccounts:" + ns, "system:authenticated"},
	}, nil)
	if err != nil {
		return nil, err
	}
	return user.Config(), nil
}

// newManager returns an operator, which may have to compete for its lease.
func newManager(compete bool) (ctrl.Manager, error) {
	return newManagerWith(compete, ctrl.Log)
}

func newManagerWith(compete bool, log logr.Logger) (ctrl.Manager, error) {
	scheme, err := controllers.NewScheme()
	if err != nil {
		return nil, err
	}
	mgr, err := ctrl.NewManager(operator, ctrl.Options{
		Scheme: scheme, Cache: controllers.CacheOptions(nil), Client: controllers.ClientOptions(),
		Metrics: server.Options{BindAddress: "0"}, Logger: log,
		LeaderElection: compete, LeaderElectionID: "starling-operator", LeaderElectionNamespace: "starling-system",
	})
	if err != nil {
		return nil, err
	}
	return mgr, controllers.Setup(mgr, controllers.Options{
		DefaultImage: "starling:test", Namespace: "starling-system", Fetch: fleet.fetch,
		PollEvery: 200 * time.Millisecond, DiscoverEvery: 300 * time.Millisecond, SkipNameValidation: true,
	})
}

// fakeGateways answer for pods, by their address.
type fakeGateways struct {
	mu       sync.Mutex
	readings map[string]gateways.Reading
}

func (f *fakeGateways) fetch(_ context.Context, address string) (*gateways.Reading, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if r, ok := f.readings[address]; ok {
		return &r, nil
	}
	return nil, errors.New("nobody answers")
}

func (f *fakeGateways) set(address string, r gateways.Reading) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.readings[address] = r
}

// change edits what a gateway answers, if it does.
func (f *fakeGateways) change(address string, edit func(*gateways.Reading)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if r, ok := f.readings[address]; ok {
		edit(&r)
		f.readings[address] = r
	}
}

// remove makes a gateway silent.
func (f *fakeGateways) remove(address string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.readings, address)
}

// namespace makes one for a test.
func namespace(t *testing.T) string {
	t.Helper()
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "test-"}}
	require.NoError(t, api.Create(t.Context(), ns))
	return ns.Name
}

// parse reads a spec into a cluster.
func parse(t *testing.T, ns, name, spec string) *v1alpha1.RealtimeCluster {
	t.Helper()
	cluster := &v1alpha1.RealtimeCluster{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: name}}
	require.NoError(t, yaml.UnmarshalStrict([]byte(spec), &cluster.Spec))
	return cluster
}

const minimal = `{auth: {type: Anonymous}}`

// create makes a cluster, and removes it at the end: its objects stay, as there is no garbage collector.
func create(t *testing.T, ns, name, spec string) *v1alpha1.RealtimeCluster {
	t.Helper()
	cluster := parse(t, ns, name, spec)
	require.NoError(t, api.Create(t.Context(), cluster))
	t.Cleanup(func() { _ = api.Delete(context.Background(), cluster) })
	return cluster
}

// change updates a cluster, again if somebody else was faster.
func change(t *testing.T, cluster *v1alpha1.RealtimeCluster, edit func(*v1alpha1.RealtimeClusterSpec)) {
	t.Helper()
	base := cluster.DeepCopy()
	edit(&cluster.Spec)
	require.NoError(t, api.Patch(t.Context(), cluster, client.MergeFrom(base)))
}

// await waits until check finds nothing wrong, and says what was wrong last.
func await(t *testing.T, check func() error) {
	t.Helper()
	var err error
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		if err = check(); err == nil {
			return
		}
		select {
		case <-t.Context().Done():
			require.NoError(t, t.Context().Err())
		case <-time.After(100 * time.Millisecond):
		}
	}
	require.NoError(t, err)
}

// awaitCondition waits for a condition of a status and a reason, and returns it.
func awaitCondition(t *testing.T, cluster *v1alpha1.RealtimeCluster, kind string, status metav1.ConditionStatus, reason string) metav1.Condition {
	t.Helper()
	var found metav1.Condition
	await(t, func() error {
		if err := api.Get(t.Context(), client.ObjectKeyFromObject(cluster), cluster); err != nil {
			return err
		}
		c := meta.FindStatusCondition(cluster.Status.Conditions, kind)
		if c == nil || c.Status != status || c.Reason != reason || c.ObservedGeneration != cluster.Generation {
			return fmt.Errorf("condition %s is %+v, want %s/%s of generation %d", kind, c, status, reason, cluster.Generation)
		}
		found = *c
		return nil
	})
	return found
}
