package controllers

// Reasons of conditions. docs/operator.md tells what each means and what to do.
const (
	// Of Ready.
	ReasonServing       = "Serving"
	ReasonTooFewReady   = "TooFewReady"
	ReasonNoneReady     = "NoneReady"
	ReasonScaledToZero  = "ScaledToZero"
	ReasonNotDeployed   = "NotDeployed"
	ReasonNotObserved   = "NotObserved"
	ReasonSettled       = "Settled"
	ReasonRollingOut    = "RollingOut"
	ReasonScaling       = "Scaling"
	ReasonTerminating   = "GatewaysTerminating"
	ReasonPaused        = "Paused"
	ReasonRolloutPaused = "RolloutPaused"
	ReasonRolloutHeld   = "RolloutHeld" // of Degraded, too
	ReasonAsExpected    = "AsExpected"
	ReasonDraining      = "GatewaysDraining"
	ReasonNotDraining   = "NoneDraining"

	// Of Balanced.
	ReasonEven             = "Even"
	ReasonRebalancing      = "Rebalancing"
	ReasonRebalanceResting = "RebalanceResting"
	ReasonRebalanceStopped = "RebalanceStopped"

	// Of Degraded, the most telling first: of several, the first is the condition's reason.
	ReasonInvalidSpec     = "InvalidSpec"
	ReasonNameConflict    = "NameConflict"
	ReasonInvalidMeshKey  = "InvalidMeshKey"
	ReasonQuota           = "QuotaExceeded"
	ReasonApplyRefused    = "ApplyRefused"
	ReasonPodsRefused     = "PodsRefused"
	ReasonMissingSecret   = "SecretMissing"
	ReasonMountFailed     = "MountFailed"
	ReasonImagePull       = "ImagePullFailed"
	ReasonContainerConfig = "ContainerConfigError"
	ReasonCrashLoop       = "CrashLoop"
	ReasonUnschedulable   = "Unschedulable"
	ReasonRolloutStuck    = "RolloutStuck"
	ReasonMissingKind     = "KindMissing"
	ReasonMeshBroken      = "MeshNotConverged"
)

// Reasons of Events only.
const (
	ReasonLongDrain       = "LongDrain"
	ReasonReplicasIgnored = "ReplicasIgnored"
	ReasonScaledUp        = "ScaledUp"
	ReasonScaledDown      = "ScaledDown"
	ReasonRolloutResumed  = "RolloutResumed"
)

// severity orders the reasons of Degraded.
var severity = []string{
	ReasonInvalidSpec, ReasonNameConflict, ReasonInvalidMeshKey, ReasonQuota, ReasonApplyRefused, ReasonPodsRefused,
	ReasonMissingSecret, ReasonMountFailed, ReasonImagePull, ReasonContainerConfig, ReasonCrashLoop, ReasonUnschedulable,
	ReasonRolloutStuck, ReasonRolloutHeld, ReasonMissingKind, ReasonMeshBroken,
}

// A Fault keeps a cluster from what was asked for.
type Fault struct {
	// Reason is one of those of Degraded.
	Reason string
	// Message says what is wrong, in words.
	Message string
}
