{{/* Names and labels. Objects are named <release>-<component>; only what the hub mounts has a fixed name: z2jh's values take no templates. */}}

{{/* Longest name is <release>-course-profiles, and a Service's name has at most 63 characters. */}}
{{- define "coursehub.name" -}}
{{- $release := index . 0 -}}{{- $component := index . 1 -}}
{{- printf "%s-%s" $release $component -}}
{{- end }}

{{- define "coursehub.matchLabels" -}}
app.kubernetes.io/name: coursehub
app.kubernetes.io/instance: {{ (index . 0).Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{/* What every policy and selector of this release has in common. */}}
{{- define "coursehub.releaseLabels" -}}
app.kubernetes.io/name: coursehub
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "coursehub.labels" -}}
{{ include "coursehub.matchLabels" . }}
app.kubernetes.io/part-of: coursehub
app.kubernetes.io/managed-by: {{ (index . 0).Release.Service }}
app.kubernetes.io/version: {{ (index . 0).Chart.AppVersion | quote }}
helm.sh/chart: {{ printf "%s-%s" (index . 0).Chart.Name (index . 0).Chart.Version | replace "+" "_" }}
{{- end }}

{{/* Labels of pods by which the hub's own policies know them. */}}
{{- define "coursehub.accessLabels" -}}
{{- $component := index . 1 -}}
{{- if has $component (list "oauth-bridge" "all-in-one") }}
coursehub.dev/serves-hub-signin: "true"
{{- end }}
{{- if has $component (list "course-profiles" "all-in-one") }}
coursehub.dev/serves-hub-glue: "true"
{{- end }}
{{- if has $component (list "idle-culler" "all-in-one") }}
hub.jupyter.org/network-access-hub: "true"
{{- end }}
{{- end }}

{{/* JSON list of the Deployments of this mode. */}}
{{- define "coursehub.components" -}}
{{- if eq .Values.mode "all-in-one" -}}["all-in-one"]{{- else -}}["oauth-bridge","course-profiles","moodle-sync","idle-culler"]{{- end -}}
{{- end }}

{{/* Which Deployment's pods do the work of a service. */}}
{{- define "coursehub.serving" -}}
{{- if eq (index . 0).Values.mode "all-in-one" -}}all-in-one{{- else -}}{{ index . 1 }}{{- end -}}
{{- end }}

{{- define "coursehub.image" -}}
{{- $image := .Values.image -}}
{{- if $image.digest -}}{{ printf "%s@%s" $image.repository $image.digest }}
{{- else -}}{{ printf "%s:%s" $image.repository ($image.tag | default .Chart.AppVersion) }}{{- end -}}
{{- end }}

{{/* The hub's release: z2jh's labels `release` and `app` select its pods. */}}
{{- define "coursehub.hubRelease" -}}
{{- if .Values.jupyterhub.enabled -}}{{ .Release.Name }}{{- else -}}{{ .Values.existingHub.release }}{{- end -}}
{{- end }}

{{- define "coursehub.hubBaseUrl" -}}
{{- printf "/%s/" (.Values.jupyterhub.hub.baseUrl | default "/" | trimAll "/") | replace "//" "/" -}}
{{- end }}

{{- define "coursehub.subdomains" -}}
{{- if dig "hub" "config" "JupyterHub" "subdomain_host" "" (.Values.jupyterhub | merge dict) -}}true{{- end -}}
{{- end }}

{{/* Host of an address, without its port. */}}
{{- define "coursehub.host" -}}
{{- (urlParse .).hostname -}}
{{- end }}

{{/* Port of an address: its own, else its scheme's. */}}
{{- define "coursehub.port" -}}
{{- $url := urlParse . -}}
{{- $port := regexFind ":[0-9]+$" $url.host | trimPrefix ":" -}}
{{- $port | default (ternary "443" "80" (eq $url.scheme "https")) -}}
{{- end }}

{{- define "coursehub.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile: { type: RuntimeDefault }
{{- end }}

{{- define "coursehub.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end }}
