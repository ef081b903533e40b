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
	// DefaultServicePort is the default of spec.service.port.
	DefaultServicePort int32 = 80
	// DefaultDeregisterSeconds is the default of spec.drain.deregisterSeconds.
	DefaultDeregisterSeconds int32 = 5
	// DefaultWindowSeconds is the default of spec.drain.windowSeconds.
	DefaultWindowSeconds int32 = 30
	// DefaultCloseSeconds is the default of spec.drain.closeSeconds.
	DefaultCloseSeconds int32 = 5
	// DefaultStartupSeconds is the default of spec.rollout.startupSeconds.
	DefaultStartupSeconds int32 = 300
)

// SetDefaults fills in what was left out, as the API server does from the schema. It may be called again on its own result.
func SetDefaults(c *RealtimeCluster) {
	s := &c.Spec
	setDefault(&s.Replicas, DefaultReplicas)
	s.ReconcilePolicy = cmp.Or(s.ReconcilePolicy, ReconcileActive)
	setDefault(&s.Presence.DisconnectGraceSeconds, DefaultDisconnectGraceSeconds)
	setDefault(&s.Presence.NodeGraceSeconds, DefaultNodeGraceSeconds)
	setDefault(&s.Typing.TTLSeconds, DefaultTypingTTLSeconds)
	s.Service.Type = cmp.Or(s.Service.Type, ServiceClusterIP)
	setDefault(&s.Service.Port, DefaultServicePort)
	s.Service.SessionAffinity = cmp.Or(s.Service.SessionAffinity, AffinityNone)
	s.NetworkPolicy.Mode = cmp.Or(s.NetworkPolicy.Mode, NetworkPolicyManaged)
	setDefault(&s.Drain.DeregisterSeconds, DefaultDeregisterSeconds)
	setDefault(&s.Drain.WindowSeconds, DefaultWindowSeconds)
	setDefault(&s.Drain.CloseSeconds, DefaultCloseSeconds)
	s.Rollout.Policy = cmp.Or(s.Rollout.Policy, RolloutActive)
	setDefault(&s.Rollout.StartupSeconds, DefaultStartupSeconds)
}

func setDefault(field **int32, value int32) {
	if *field == nil {
		*field = &value
	}
}
