package controllers

import (
	"fmt"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
)

// stuckAfter is how long a container may be created before the operator asks why it is not done.
const stuckAfter = 10 * time.Second

// diagnosePods says why pods do not run, one fault a pod.
func diagnosePods(pods []corev1.Pod) []Fault {
	var faults []Fault
	for i := range pods {
		pod := &pods[i]
		if pod.DeletionTimestamp != nil {
			continue
		}
		if fault, ok := unschedulable(pod); ok {
			faults = append(faults, fault)
		}
		for j := range pod.Status.ContainerStatuses {
			if fault, ok := diagnoseContainer(pod, &pod.Status.ContainerStatuses[j]); ok {
				faults = append(faults, fault)
			}
		}
	}
	return faults
}

func unschedulable(pod *corev1.Pod) (Fault, bool) {
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodScheduled && c.Status == corev1.ConditionFalse && c.Reason == corev1.PodReasonUnschedulable {
			return Fault{ReasonUnschedulable, fmt.Sprintf("no node takes pod %s: %s", pod.Name, c.Message)}, true
		}
	}
	return Fault{}, false
}

func diagnoseContainer(pod *corev1.Pod, s *corev1.ContainerStatus) (Fault, bool) {
	waiting := s.State.Waiting
	if waiting == nil {
		return Fault{}, false
	}
	switch waiting.Reason {
	case "ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError", "RegistryUnavailable":
		return Fault{ReasonImagePull, fmt.Sprintf("pod %s cannot get image %s: %s", pod.Name, s.Image, detail(waiting))}, true
	case "CreateContainerConfigError", "CreateContainerError", "RunContainerError":
		return Fault{ReasonContainerConfig, fmt.Sprintf("pod %s cannot start its container: %s", pod.Name, detail(waiting))}, true
	case "CrashLoopBackOff":
		return Fault{ReasonCrashLoop, fmt.Sprintf("pod %s keeps ending, %d times so far: %s",
			pod.Name, s.RestartCount, lastWords(s.LastTerminationState.Terminated))}, true
	}
	return Fault{}, false
}

func detail(w *corev1.ContainerStateWaiting) string {
	if w.Message == "" {
		return w.Reason
	}
	return w.Reason + ": " + firstLine(w.Message)
}

// lastWords is how a container ended: its exit code and the last line that it wrote.
func lastWords(t *corev1.ContainerStateTerminated) string {
	if t == nil {
		return "its last end is not known"
	}
	words := fmt.Sprintf("exit code %d", t.ExitCode)
	if t.Reason == "OOMKilled" {
		words = "out of memory (OOMKilled): raise spec.gateway.resources.limits.memory or lower spec.gateway.capacity"
	}
	if line := lastLine(t.Message); line != "" {
		words += ", " + line
	}
	return words
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return short(line)
}

func lastLine(text string) string {
	text = strings.TrimSpace(text)
	return short(text[strings.LastIndexByte(text, '\n')+1:])
}

// short keeps one pod's words from filling a condition.
func short(line string) string {
	const limit = 300
	if runes := []rune(line); len(runes) > limit {
		return string(runes[:limit]) + "…"
	}
	return line
}

// diagnoseDeployment says why there are no pods, or why a rollout does not get on.
func diagnoseDeployment(d *appsv1.Deployment) []Fault {
	var faults []Fault
	for _, c := range d.Status.Conditions {
		switch {
		case c.Type == appsv1.DeploymentReplicaFailure && c.Status == corev1.ConditionTrue:
			reason := ReasonPodsRefused
			if strings.Contains(c.Message, "exceeded quota") {
				reason = ReasonQuota
			}
			faults = append(faults, Fault{reason, "pods cannot be created: " + firstLine(c.Message)})
		case c.Type == appsv1.DeploymentProgressing && c.Reason == "ProgressDeadlineExceeded":
			faults = append(faults, Fault{ReasonRolloutStuck, fmt.Sprintf(
				"the rollout did not get on for %d seconds; the gateways of before go on serving", *d.Spec.ProgressDeadlineSeconds)})
		}
	}
	return faults
}

// stuck reports whether a pod's container is being created for suspiciously long; its events then tell why.
func stuck(pod *corev1.Pod, now time.Time) bool {
	if pod.DeletionTimestamp != nil || pod.Spec.NodeName == "" || now.Sub(pod.CreationTimestamp.Time) < stuckAfter {
		return false
	}
	for _, s := range pod.Status.ContainerStatuses {
		if s.State.Waiting == nil || s.State.Waiting.Reason != "ContainerCreating" {
			return false
		}
	}
	return pod.Status.Phase == corev1.PodPending
}

// diagnoseEvents says from a stuck pod's events what it waits for: the last failure to mount.
func diagnoseEvents(pod *corev1.Pod, events []corev1.Event) (Fault, bool) {
	var last *corev1.Event
	for i := range events {
		e := &events[i]
		if e.Reason == "FailedMount" && e.InvolvedObject.UID == pod.UID && (last == nil || !e.LastTimestamp.Before(&last.LastTimestamp)) {
			last = e
		}
	}
	if last == nil {
		return Fault{}, false
	}
	if text := strings.ToLower(last.Message); strings.Contains(text, "secret") &&
		(strings.Contains(text, "not found") || strings.Contains(text, "non-existent") || strings.Contains(text, "nonexistent")) {
		return Fault{ReasonMissingSecret, fmt.Sprintf("pod %s waits for a Secret: %s", pod.Name, firstLine(last.Message))}, true
	}
	return Fault{ReasonMountFailed, fmt.Sprintf("pod %s waits for a volume: %s", pod.Name, firstLine(last.Message))}, true
}

// podReady reports whether a pod takes traffic.
func podReady(pod *corev1.Pod) bool {
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodReady {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}

// noMatch reports whether an error says that a kind is not installed.
func noMatch(err error) bool { return meta.IsNoMatchError(err) }
