package v1alpha1

import "cmp"

// Defaults of the fields that have one in the schema.
const (
	// DefaultReplicas is the default of spec.replicas.
	DefaultReplicas int32 = 2
	// DefaultDisconnectGraceSeconds is the default of spec.presence.disconnectGraceSeconds.
	DefaultDisconnectGraceSeconds int32 = 5
	// DefaultNodeGraceSeconds is the default of spec.presence.nodeGraceSeconds.
	DefaultNodeGraceSeconds int32 = 10
	// DefaultTypingTTLSeconds is the default of spec.typing.ttlSeconds.
	DefaultTypingTTLSeconds int32 = 5
	// DefaultLeewaySeconds is the default of spec.auth.jwt.leewaySeconds.
	DefaultLeewaySeconds int32 = 5
	// DefaultServicePort is the default of spec.service.port.
	DefaultServicePort int32 = 80
	// DefaultDeregisterSeconds is the default of spec.drain.deregisterSeconds.
	DefaultDeregisterSeconds int32 = 5
	// DefaultWindowSeconds is the default of spec.drain.windowSeconds.
	DefaultWindowSeconds int32 = 30
	// DefaultCloseSeconds is the default of spec.drain.closeSeconds.
	DefaultCloseSeconds int32 = 5
	// DefaultMinReplicas is the default of spec.autoscaling.minReplicas.
	DefaultMinReplicas int32 = 2
	// DefaultTolerancePercent is the default of spec.autoscaling.tolerancePercent.
	DefaultTolerancePercent int32 = 10
	// DefaultScaleUpStep is the default of spec.autoscaling.scaleUp.step.
	DefaultScaleUpStep int32 = 4
	// DefaultScaleUpSeconds is the default of spec.autoscaling.scaleUp.stabilizationSeconds.
	DefaultScaleUpSeconds int32 = 0
	// DefaultScaleDownSeconds is the default of spec.autoscaling.scaleDown.stabilizationSeconds.
	DefaultScaleDownSeconds int32 = 300
	// DefaultStartupSeconds is the default of spec.rollout.startupSeconds.
	DefaultStartupSeconds int32 = 300
)

// Defaults of the gateway's own, for fields that are left out: see docs/configuration.md.
const (
	// GatewayConnections is the gateway's own spec.gateway.capacity.connections.
	GatewayConnections int32 = 20000
	// GatewayAcceptPerSecond is the gateway's own spec.gateway.capacity.acceptPerSecond.
	GatewayAcceptPerSecond int32 = 1000
)

// SetDefaults fills in what was left out, as the API server does from the schema. It may be called again on its own result.
func SetDefaults(c *RealtimeCluster) {
	s := &c.Spec
	setDefault(&s.Replicas, DefaultReplicas)
	if a := s.Autoscaling; a != nil {
		setDefault(&a.MinReplicas, DefaultMinReplicas)
		setDefault(&a.TolerancePercent, DefaultTolerancePercent)
		setDefault(&a.ScaleUp.Step, DefaultScaleUpStep)
		setDefault(&a.ScaleUp.StabilizationSeconds, DefaultScaleUpSeconds)
		setDefault(&a.ScaleDown.StabilizationSeconds, DefaultScaleDownSeconds)
	}
	s.ReconcilePolicy = cmp.Or(s.ReconcilePolicy, ReconcileActive)
	setDefault(&s.Presence.DisconnectGraceSeconds, DefaultDisconnectGraceSeconds)
	setDefault(&s.Presence.NodeGraceSeconds, DefaultNodeGraceSeconds)
	setDefault(&s.Typing.TTLSeconds, DefaultTypingTTLSeconds)
	if s.Auth.JWT != nil {
		setDefault(&s.Auth.JWT.LeewaySeconds, DefaultLeewaySeconds)
	}
	s.Service.Type = cmp.Or(s.Service.Type, ServiceClusterIP)
	setDefault(&s.Service.Port, DefaultServicePort)
	s.Service.SessionAffinity = cmp.Or(s.Service.SessionAffinity, AffinityNone)
	s.NetworkPolicy.Mode = cmp.Or(s.NetworkPolicy.Mode, NetworkPolicyManaged)
	setDefault(&s.Drain.DeregisterSeconds, DefaultDeregisterSeconds)
	setDefault(&s.Drain.WindowSeconds, DefaultWindowSeconds)
	setDefault(&s.Drain.CloseSeconds, DefaultCloseSeconds)
	s.Rollout.Policy = cmp.Or(s.Rollout.Policy, RolloutActive)
	s.Rollout.Guard = cmp.Or(s.Rollout.Guard, GuardMesh)
	setDefault(&s.Rollout.StartupSeconds, DefaultStartupSeconds)
	s.Rebalance.Policy = cmp.Or(s.Rebalance.Policy, RebalanceOff)
}

func setDefault(field **int32, value int32) {
	if *field == nil {
		*field = &value
	}
}
