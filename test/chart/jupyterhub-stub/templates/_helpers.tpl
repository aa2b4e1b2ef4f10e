{{/* z2jh's legacy labels select its pods: app, component, release. */}}
{{- define "jupyterhub.matchLabels" -}}
app: {{ (index . 0).Values.nameOverride | default (index . 0).Chart.Name }}
component: {{ index . 1 }}
release: {{ (index . 0).Release.Name }}
{{- end }}

{{- define "jupyterhub.labels" -}}
{{ include "jupyterhub.matchLabels" . }}
chart: {{ (index . 0).Chart.Name }}-{{ (index . 0).Chart.Version }}
heritage: {{ (index . 0).Release.Service }}
app.kubernetes.io/name: {{ (index . 0).Values.nameOverride | default (index . 0).Chart.Name }}
app.kubernetes.io/instance: {{ (index . 0).Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
helm.sh/chart: {{ (index . 0).Chart.Name }}-{{ (index . 0).Chart.Version }}
app.kubernetes.io/managed-by: {{ (index . 0).Release.Service }}
{{- end }}

{{/* A token: the value, else the live Secret's, else a new one. */}}
{{- define "jupyterhub.kept" -}}
{{- $root := index . 0 -}}{{- $key := index . 1 -}}{{- $given := index . 2 -}}
{{- $live := (lookup "v1" "Secret" $root.Release.Namespace "hub").data | default dict -}}
{{- if $given -}}{{ $given }}{{- else if hasKey $live $key -}}{{ index $live $key | b64dec }}{{- else -}}{{ randAlphaNum 64 }}{{- end -}}
{{- end }}
