// Package scaling decides how many gateways a cluster should have, and which one ends when they are too many.
//
// It promises to be pure: what it answers follows from what it is told, clock included, and from nothing that it remembers. An
// operator that restarts in any step of a scale-down goes on with the next one. [Plan] takes away one gateway at a time, and none
// while another one ends or a rollout runs. [Decide] wants fewer gateways only for what was seen for the whole of the time that was
// asked for.
//
// It does not talk to Kubernetes, and it does not end anything: the ReplicaSet controller does, and prefers the pod that is marked.
package scaling
