package v1alpha1

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
)

// SetDefaults fills in what was left out, as the API server does from the schema. It may be called again on its own result.
func SetDefaults(c *RealtimeCluster) {
	setDefault(&c.Spec.Replicas, DefaultReplicas)
	setDefault(&c.Spec.Presence.DisconnectGraceSeconds, DefaultDisconnectGraceSeconds)
	setDefault(&c.Spec.Presence.NodeGraceSeconds, DefaultNodeGraceSeconds)
	setDefault(&c.Spec.Typing.TTLSeconds, DefaultTypingTTLSeconds)
}

func setDefault(field **int32, value int32) {
	if *field == nil {
		*field = &value
	}
}
