module github.com/starling-realtime/starling/hack/kube

go 1.26.0
