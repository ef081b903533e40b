package controllers

// The rights of the operator, which `make generate` turns into config/rbac/role.yaml. Each is the least that the code needs: what is
// never deleted has no delete, and Secrets are neither listed nor watched nor changed. Of pods, the deletion cost is patched.
//
// +kubebuilder:rbac:groups=realtime.starling.dev,resources=realtimeclusters,verbs=get;list;watch
// +kubebuilder:rbac:groups=realtime.starling.dev,resources=realtimeclusters/status,verbs=patch
// +kubebuilder:rbac:groups=realtime.starling.dev,resources=realtimeclusters/finalizers,verbs=update
// +kubebuilder:rbac:groups=apps,resources=deployments,verbs=get;list;watch;create;patch
// +kubebuilder:rbac:groups="",resources=services;serviceaccounts,verbs=get;list;watch;create;patch
// +kubebuilder:rbac:groups=policy,resources=poddisruptionbudgets,verbs=get;list;watch;create;patch
// +kubebuilder:rbac:groups=networking.k8s.io,resources=networkpolicies;ingresses,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=gateway.networking.k8s.io,resources=httproutes,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=monitoring.coreos.com,resources=podmonitors,verbs=get;list;watch;create;patch
// +kubebuilder:rbac:groups="",resources=secrets,verbs=get;create
// +kubebuilder:rbac:groups="",resources=pods,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups="",resources=events,verbs=list
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch
