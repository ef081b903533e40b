package resources

import (
	"github.com/starling-realtime/starling/api/v1alpha1"
)

// ProbePeriodSeconds and ProbeFailures are how soon a gateway that is not ready loses its endpoints.
const (
	ProbePeriodSeconds = 1
	ProbeFailures      = 2
)

const (
	// leaveSeconds is what a gateway needs after its drain: to flush its links and to leave the mesh.
	leaveSeconds = 10
	// settleSeconds is what a gateway's end takes to be seen.
	settleSeconds = 5
)

// Times are what follows from a cluster's drain and rollout settings, in seconds.
type Times struct {
	// Deregister is how long a gateway that stops still takes clients, Window how long these then have to move, and Close how
	// long the closing of the rest may take.
	Deregister, Window, Close int32
	// TerminationGrace is the pods' terminationGracePeriodSeconds.
	TerminationGrace int32
	// MinReady is the Deployment's minReadySeconds: it spaces a rollout so that one gateway at a time drains.
	MinReady int32
	// ProgressDeadline is the Deployment's progressDeadlineSeconds.
	ProgressDeadline int32
}

// TimesOf computes them. The spec has its defaults set.
func TimesOf(spec *v1alpha1.RealtimeClusterSpec) Times {
	d := &spec.Drain
	drain := *d.DeregisterSeconds + *d.WindowSeconds + *d.CloseSeconds
	minReady := drain + settleSeconds
	return Times{
		Deregister:       *d.DeregisterSeconds,
		Window:           *d.WindowSeconds,
		Close:            *d.CloseSeconds,
		TerminationGrace: drain + leaveSeconds,
		MinReady:         minReady,
		ProgressDeadline: minReady + *spec.Rollout.StartupSeconds,
	}
}
