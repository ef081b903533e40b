package controllers

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/starling-realtime/starling/api/v1alpha1"
)

// Metrics are what the operator tells Prometheus of each cluster, besides what controller-runtime tells. A nil one counts nothing.
// They are safe for concurrent use.
type Metrics struct {
	steps *prometheus.CounterVec

	mu       sync.Mutex
	clusters map[types.NamespacedName]clusterMetrics
}

// clusterMetrics are what was last seen of a cluster.
type clusterMetrics struct {
	desired int32
	held    bool
	status  v1alpha1.RealtimeClusterStatus
}

// NewMetrics returns metrics of no cluster.
func NewMetrics() *Metrics {
	return &Metrics{
		steps: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "starling_operator_scale_steps_total", Help: "Times that the number of gateways was changed, by direction: up or down.",
		}, []string{"namespace", "cluster", "direction"}),
		clusters: map[types.NamespacedName]clusterMetrics{},
	}
}

var (
	labelsOfCluster = []string{"namespace", "cluster"}

	desiredDesc = prometheus.NewDesc("starling_operator_desired_replicas", "Gateways that there should be.", labelsOfCluster, nil)
	currentDesc = prometheus.NewDesc("starling_operator_replicas", "Gateways that there are.", labelsOfCluster, nil)
	readyDesc   = prometheus.NewDesc("starling_operator_ready_replicas", "Gateways that take clients.", labelsOfCluster, nil)
	clientsDesc = prometheus.NewDesc("starling_operator_connections",
		"Client connections on all gateways that answered, as last published: at most 30 s old. Missing if none did.", labelsOfCluster, nil)
	drainsDesc = prometheus.NewDesc("starling_operator_draining_gateways", "Gateways that move their clients away.", labelsOfCluster, nil)
	silentDesc = prometheus.NewDesc("starling_operator_silent_gateways",
		"Gateways that take clients and did not answer the operator.", labelsOfCluster, nil)
	heldDesc = prometheus.NewDesc("starling_operator_rollout_held",
		"1 while the operator holds a rollout because the gateways do not see each other.", labelsOfCluster, nil)
	conditionDesc = prometheus.NewDesc("starling_operator_condition",
		"1 while a condition of the cluster is true, 0 while it is false or not known.", []string{"namespace", "cluster", "condition"}, nil)
)

// Describe implements [prometheus.Collector].
func (m *Metrics) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{desiredDesc, currentDesc, readyDesc, clientsDesc, drainsDesc, silentDesc, heldDesc, conditionDesc} {
		out <- d
	}
	m.steps.Describe(out)
}

// Collect implements [prometheus.Collector].
func (m *Metrics) Collect(out chan<- prometheus.Metric) {
	m.steps.Collect(out)
	m.mu.Lock()
	defer m.mu.Unlock()
	for key, c := range m.clusters {
		gauge := func(d *prometheus.Desc, value float64, labels ...string) {
			out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, append([]string{key.Namespace, key.Name}, labels...)...)
		}
		c.collect(gauge)
	}
}

func (c *clusterMetrics) collect(gauge func(d *prometheus.Desc, value float64, labels ...string)) {
	draining, silent := 0, 0
	for i := range c.status.Gateways {
		switch g := &c.status.Gateways[i]; {
		case g.Drain != nil:
			draining++
		case g.BootID == "" && g.Ready != nil && *g.Ready:
			silent++
		}
	}
	gauge(desiredDesc, float64(c.desired))
	gauge(currentDesc, float64(orZero(c.status.Replicas)))
	gauge(readyDesc, float64(orZero(c.status.ReadyReplicas)))
	gauge(drainsDesc, float64(draining))
	gauge(silentDesc, float64(silent))
	gauge(heldDesc, oneIf(c.held))
	if n := c.status.Connections; n != nil {
		gauge(clientsDesc, float64(*n))
	}
	for _, condition := range c.status.Conditions {
		gauge(conditionDesc, oneIf(condition.Status == metav1.ConditionTrue), condition.Type)
	}
}

func orZero(n *int32) int32 {
	if n == nil {
		return 0
	}
	return *n
}

func oneIf(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

// see notes what a cluster is like.
func (m *Metrics) see(key types.NamespacedName, o *observation, status *v1alpha1.RealtimeClusterStatus) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.clusters[key] = clusterMetrics{desired: o.replicas, held: held(o.deployment), status: *status.DeepCopy()}
}

// step counts a change of the number of gateways.
func (m *Metrics) step(key types.NamespacedName, from, to int32) {
	if m == nil {
		return
	}
	direction := "up"
	if to < from {
		direction = "down"
	}
	m.steps.WithLabelValues(key.Namespace, key.Name, direction).Inc()
}

// forget drops a cluster that is gone.
func (m *Metrics) forget(key types.NamespacedName) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.clusters, key)
	m.steps.DeletePartialMatch(prometheus.Labels{"namespace": key.Namespace, "cluster": key.Name})
}
