package localcluster

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/spf13/pflag"

	"github.com/starling-realtime/starling/api/v1alpha1"
	"github.com/starling-realtime/starling/internal/localcluster/lifeline"
)

// TestMain lets the test binary play the other programs: a gateway, and a `starling up` that can be killed.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "fake-gateway":
			os.Exit(fakeGateway(os.Args[2:]))
		case "fake-up":
			os.Exit(fakeUp())
		}
	}
	os.Exit(m.Run())
}

// behaviorDir names a directory whose files steer fake gateways: <node>.crash, <node>.fail-once, <node>.unready, <node>.deaf.
const behaviorDir = "FAKE_GATEWAY_BEHAVIOR"

func behaves(node, how string) bool {
	_, err := os.Stat(filepath.Join(os.Getenv(behaviorDir), node+"."+how))
	return err == nil
}

func fakeGateway(args []string) int {
	flags := pflag.NewFlagSet("fake-gateway", pflag.ContinueOnError)
	flags.ParseErrorsAllowlist.UnknownFlags = true
	node := flags.String("node-name", "", "")
	listen := flags.String("listen", "", "")
	admin := flags.String("admin-listen", "", "")
	dir := flags.String("supervisor-dir", "", "")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	fmt.Println(*node, "begins")
	if behaves(*node, "crash") {
		fmt.Println("these are the last words of", *node)
		return 3
	}
	if behaves(*node, "fail-once") {
		_ = os.Remove(filepath.Join(os.Getenv(behaviorDir), *node+".fail-once"))
		return 4
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	terminated := make(chan os.Signal, 1)
	signal.Notify(terminated, syscall.SIGTERM)
	lifeline.Follow(os.Stdin, *dir, stop)
	go serveFake(*listen, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, *node) })
	go serveFake(*admin, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/status":
			_, _ = io.WriteString(w, `{"connections":3,"members":2,"peers":[{"linkedIn":true,"linkedOut":true},{"linkedIn":true}]}`)
		case behaves(*node, "unready"):
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	for {
		select {
		case <-ctx.Done():
			return 0
		case <-terminated:
			if !behaves(*node, "deaf") {
				return 0
			}
		}
	}
}

func serveFake(address string, handler http.HandlerFunc) {
	server := &http.Server{Addr: address, Handler: handler, ReadHeaderTimeout: time.Minute}
	fmt.Println(server.ListenAndServe())
	os.Exit(5)
}

// fakeUp runs three fake gateways until it is killed, and says what happens.
func fakeUp() int {
	program, err := os.Executable()
	if err != nil {
		return 1
	}
	err = Run(context.Background(), Options{
		Cluster: testCluster(3), Command: []string{program, "fake-gateway"}, Listen: "127.0.0.1:0", View: printer{},
	})
	fmt.Println(err)
	return 1
}

type printer struct{}

func (printer) Listening(address string) { fmt.Println("listening", address) }
func (printer) Event(text string)        { fmt.Println("event", text) }
func (printer) Log(string, string)       {}

func (printer) Update(gateways []Gateway) {
	pids := make([]string, len(gateways))
	for i, g := range gateways {
		if g.State != StateReady {
			return
		}
		pids[i] = fmt.Sprint(g.PID)
	}
	fmt.Println("ready", strings.Join(pids, " "))
}

func testCluster(replicas int32) *v1alpha1.RealtimeCluster {
	c := &v1alpha1.RealtimeCluster{}
	c.Name = "chat"
	c.Spec.Replicas = &replicas
	c.Spec.Auth.Type = v1alpha1.AuthAnonymous
	v1alpha1.SetDefaults(c)
	return c
}
