package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
	"sigs.k8s.io/controller-runtime/pkg/metrics/filters"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/starling-realtime/starling/controllers"
	"github.com/starling-realtime/starling/gateway/buildinfo"
)

const (
	leaseName = "starling-operator"
	// containerName is the operator's container in its pod.
	containerName = "operator"
	// Enough for hundreds of clusters that all change at once.
	queriesPerSecond, burst = 50, 100
)

// runManager runs the operator until ctx ends.
func runManager(ctx context.Context, c *config, handler slog.Handler) error {
	logger := logr.FromSlogHandler(handler)
	ctrl.SetLogger(logger)
	klog.SetLogger(logger)

	rc, err := ctrl.GetConfig()
	if err != nil {
		return fmt.Errorf("finding the API server: %w", err)
	}
	rc.QPS, rc.Burst, rc.UserAgent = queriesPerSecond, burst, "starling-operator/"+buildinfo.Version()
	if c.defaultImage == "" {
		if c.defaultImage, err = ownImage(ctx, rc, c); err != nil {
			return err
		}
	}
	mgr, err := newManager(rc, c, logger)
	if err != nil {
		return err
	}
	options := controllers.Options{
		DefaultImage: c.defaultImage, Namespace: c.podNamespace, Concurrency: c.concurrency, Metrics: metrics.Registry,
	}
	if err := controllers.Setup(mgr, options); err != nil {
		return err
	}
	logger.Info("starting", "version", buildinfo.Version(), "default_image", c.defaultImage, "namespaces", c.namespaces)
	if err := mgr.Start(ctx); err != nil {
		return fmt.Errorf("running: %w", err)
	}
	return nil
}

func newManager(rc *rest.Config, c *config, logger logr.Logger) (manager.Manager, error) {
	scheme, err := controllers.NewScheme()
	if err != nil {
		return nil, err
	}
	serve := server.Options{BindAddress: c.metricsAddress, SecureServing: !c.metricsInsecure, CertDir: c.metricsCertDir}
	if !c.metricsInsecure {
		serve.FilterProvider = filters.WithAuthenticationAndAuthorization
	}
	shutdown := 20 * time.Second
	mgr, err := ctrl.NewManager(rc, ctrl.Options{
		Scheme:                        scheme,
		Logger:                        logger,
		Cache:                         controllers.CacheOptions(c.namespaces),
		Client:                        controllers.ClientOptions(),
		Metrics:                       serve,
		HealthProbeBindAddress:        c.probeAddress,
		LeaderElection:                c.leaderElect,
		LeaderElectionID:              leaseName,
		LeaderElectionNamespace:       c.podNamespace,
		LeaderElectionReleaseOnCancel: true, // the process ends when the manager does
		GracefulShutdownTimeout:       &shutdown,
	})
	if err != nil {
		return nil, fmt.Errorf("making the manager: %w", err)
	}
	if err := mgr.AddHealthzCheck("ping", healthz.Ping); err != nil {
		return nil, fmt.Errorf("adding the health check: %w", err)
	}
	// One that is not the leader is ready too: it waits in good health.
	err = mgr.AddReadyzCheck("cache", func(r *http.Request) error {
		ctx, cancel := context.WithTimeout(r.Context(), time.Second)
		defer cancel()
		if !mgr.GetCache().WaitForCacheSync(ctx) {
			return errors.New("the caches are not filled yet")
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("adding the readiness check: %w", err)
	}
	return mgr, nil
}

// ownImage is the image of the operator's own pod: the one image holds the gateway too.
func ownImage(ctx context.Context, rc *rest.Config, c *config) (string, error) {
	direct, err := client.New(rc, client.Options{})
	if err != nil {
		return "", fmt.Errorf("making a client: %w", err)
	}
	var pod corev1.Pod
	if err := direct.Get(ctx, client.ObjectKey{Namespace: c.podNamespace, Name: c.podName}, &pod); err != nil {
		return "", fmt.Errorf("finding the operator's own image, which is the gateways' unless --default-image is given: %w", err)
	}
	for i := range pod.Spec.Containers {
		if container := &pod.Spec.Containers[i]; container.Name == containerName || len(pod.Spec.Containers) == 1 {
			return container.Image, nil
		}
	}
	return "", fmt.Errorf("pod %s has no container named %s: give --default-image", c.podName, containerName)
}
