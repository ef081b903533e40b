{{/* The beginning of every object's name. */}}
{{- define "starling.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* What an object of config/default is named here: (list . "starling-operator"). */}}
{{- define "starling.name" -}}
{{- $root := index . 0 -}}
{{- printf "%s%s" (include "starling.fullname" $root) (trimPrefix "starling" (index . 1)) -}}
{{- end -}}

{{- define "starling.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "starling.name" (list . "starling-operator")) .Values.serviceAccount.name -}}
{{- else -}}
{{- required "serviceAccount.name must be set when serviceAccount.create is false" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{/* The labels that select the operator's pods. A Deployment's cannot change: they depend on the release's name only. */}}
{{- define "starling.selector" -}}
app.kubernetes.io/name: starling-operator
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "starling.labels" -}}
{{ include "starling.selector" . }}
app.kubernetes.io/part-of: starling
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "starling.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}
{{- end -}}

{{/* An object of config/default as a map, with this release's name and labels: (list . "path"). Bindings find their role and the
ServiceAccount. What is in a namespace is in the release's. */}}
{{- define "starling.object" -}}
{{- $root := index . 0 -}}
{{- $object := $root.Files.Get (index . 1) | fromYaml -}}
{{- $meta := $object.metadata -}}
{{- $_ := set $meta "name" (include "starling.name" (list $root $meta.name)) -}}
{{- $_ := set $meta "labels" (merge (include "starling.labels" $root | fromYaml) (default dict $meta.labels)) -}}
{{- if $meta.namespace -}}
{{- $_ := set $meta "namespace" $root.Release.Namespace -}}
{{- end -}}
{{- if $object.roleRef -}}
{{- $_ := set $object.roleRef "name" (include "starling.name" (list $root $object.roleRef.name)) -}}
{{- range $object.subjects -}}
{{- $_ := set . "name" (include "starling.serviceAccountName" $root) -}}
{{- $_ := set . "namespace" $root.Release.Namespace -}}
{{- end -}}
{{- end -}}
{{- toYaml $object -}}
{{- end -}}
