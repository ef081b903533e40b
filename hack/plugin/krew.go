package main

import (
	"fmt"

	"sigs.k8s.io/yaml"
)

const (
	homepage = "https://github.com/starling-realtime/starling"
	releases = homepage + "/releases/download/"

	short = "Show the gateways of RealtimeClusters"
	long  = `Shows the gateways of a RealtimeCluster of Starling: whether they are ready, their connections, members, channels, messages a
second and delivery times, drains, and who does not see whom. It asks each pod through the API server and needs no other way into the
cluster's network.
`
	caveats = `It needs the rights of the ClusterRole starling-realtimecluster-status-reader, which is installed with the operator:

  kubectl create rolebinding starling-status --clusterrole=starling-realtimecluster-status-reader --user=NAME --namespace=NAMESPACE

https://github.com/starling-realtime/starling/blob/main/docs/dashboard.md is the manual.
`
)

// A krewManifest is a Plugin of krew.googlecontainertools.github.com/v1alpha2, as far as it is used here.
type krewManifest struct {
	APIVersion string            `json:"apiVersion"`
	Kind       string            `json:"kind"`
	Metadata   map[string]string `json:"metadata"`
	Spec       krewSpec          `json:"spec"`
}

type krewSpec struct {
	Version          string         `json:"version"`
	Homepage         string         `json:"homepage"`
	ShortDescription string         `json:"shortDescription"`
	Description      string         `json:"description"`
	Caveats          string         `json:"caveats"`
	Platforms        []krewPlatform `json:"platforms"`
}

type krewPlatform struct {
	Selector struct {
		MatchLabels map[string]string `json:"matchLabels"`
	} `json:"selector"`
	URI    string     `json:"uri"`
	SHA256 string     `json:"sha256"`
	Bin    string     `json:"bin"`
	Files  []krewFile `json:"files"`
}

type krewFile struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// manifest returns krew's manifest of a release.
func manifest(version string, made []archive) ([]byte, error) {
	m := krewManifest{
		APIVersion: "krew.googlecontainertools.github.com/v1alpha2", Kind: "Plugin", Metadata: map[string]string{"name": "starling"},
		Spec: krewSpec{Version: version, Homepage: homepage, ShortDescription: short, Description: long, Caveats: caveats},
	}
	for _, a := range made {
		p := krewPlatform{
			URI: releases + version + "/" + a.file, SHA256: a.sum, Bin: a.program,
			Files: []krewFile{{From: a.program, To: "."}, {From: "LICENSE", To: "."}},
		}
		p.Selector.MatchLabels = map[string]string{"os": a.os, "arch": a.arch}
		m.Spec.Platforms = append(m.Spec.Platforms, p)
	}
	text, err := yaml.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("writing krew's manifest: %w", err)
	}
	return text, nil
}
