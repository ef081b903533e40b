package resources

import (
	corev1 "k8s.io/api/core/v1"
)

// Outdated reports whether a gateway's pod has other flags or another image than new ones get.
func Outdated(in Input, pod *corev1.Pod) bool {
	b := builder{in: in, cluster: in.Cluster, spec: &in.Cluster.Spec}
	if pod.Annotations[AnnotationConfigHash] != hash(b.args(TimesOf(b.spec))) {
		return true
	}
	for i := range pod.Spec.Containers {
		if pod.Spec.Containers[i].Name == gatewayContainer {
			return pod.Spec.Containers[i].Image != in.Image()
		}
	}
	return true
}
