{{/* The config file: what the operator wrote under `config:` and what the chart knows itself. */}}

{{- define "coursehub.config" -}}
{{- $config := deepCopy .Values.config -}}
{{- $hubUrl := printf "%s%s" .Values.global.coursehub.hubUrl (include "coursehub.hubBaseUrl" . | trimSuffix "/") -}}
{{- $listen := merge (dict "host" "0.0.0.0" "publicPort" 8080 "internalPort" 8081 "opsPort" 8082) ($config.listen | default dict) -}}
{{- $hub := merge (dict "publicUrl" $hubUrl "apiUrl" (printf "http://hub:8081%shub/api" (include "coursehub.hubBaseUrl" .))) ($config.hub | default dict) -}}
{{- $bridge := $config.bridge | default dict -}}
{{- $clients := $bridge.clients | default list -}}
{{- $_ := set $bridge "publicUrl" .Values.global.coursehub.bridgeUrl -}}
{{- $ours := dict "id" "jupyterhub" "redirectUris" (list (printf "%s/hub/oauth_callback" $hubUrl)) "scopes" (list "profile") -}}
{{- $_ := set $bridge "clients" (prepend $clients $ours) -}}
{{- $internal := $config.internal | default dict -}}
{{- /* all-in-one calls itself without a Service. */ -}}
{{- if ne .Values.mode "all-in-one" -}}
{{- $_ := set $internal "courseProfilesUrl" (printf "http://%s:8081" (include "coursehub.name" (list .Release.Name "course-profiles"))) -}}
{{- $_ := set $internal "moodleSyncUrl" (printf "http://%s:8081" (include "coursehub.name" (list .Release.Name "moodle-sync"))) -}}
{{- end -}}
{{- $_ := set $config "listen" $listen -}}
{{- $_ := set $config "hub" $hub -}}
{{- $_ := set $config "bridge" $bridge -}}
{{- $_ := set $config "internal" $internal -}}
{{- if not (hasKey $config "kubernetes") -}}
{{- $_ := set $config "kubernetes" (dict "namespace" .Release.Namespace "podSelector" (printf "component=singleuser-server,release=%s" (include "coursehub.hubRelease" .))) -}}
{{- end -}}
{{- toYaml $config -}}
{{- end }}

{{/* JSON list of the callers of the internal port. */}}
{{- define "coursehub.callers" -}}
{{- $names := list -}}
{{- with (.Values.config.internal | default dict).callers -}}
{{- range . }}{{- $names = append $names .name }}{{- end -}}
{{- else -}}
{{- $names = list "hub" "oauth-bridge" "operator" -}}
{{- end -}}
{{- toJson $names -}}
{{- end }}

{{/* JSON list of the bridge's clients. */}}
{{- define "coursehub.clients" -}}
{{- $names := list "jupyterhub" -}}
{{- range (.Values.config.bridge | default dict).clients }}{{- $names = append $names .id }}{{- end -}}
{{- toJson $names -}}
{{- end }}

{{/* True when a service reads the Kubernetes API. */}}
{{- define "coursehub.readsKubernetes" -}}
{{- $on := ternary (ne (toString .Values.config.kubernetes) "<nil>") true (hasKey .Values.config "kubernetes") -}}
{{- if $on -}}true{{- end -}}
{{- end }}

{{- define "coursehub.podNamespace" -}}
{{- (.Values.config.kubernetes | default dict).namespace | default .Release.Namespace -}}
{{- end }}

{{/* What 50-coursehub.py reads in the hub. All of it depends on values that the hub's own Secret repeats, so a change restarts the hub. */}}
{{- define "coursehub.hubSettings" -}}
{{- $global := .Values.global.coursehub -}}
{{- dict
  "hubUrl" $global.hubUrl
  "baseUrl" (include "coursehub.hubBaseUrl" .)
  "bridgeUrl" $global.bridgeUrl
  "bridgeInternalUrl" (printf "http://%s:8080" (include "coursehub.name" (list .Release.Name "oauth-bridge")))
  "courseProfilesUrl" (printf "http://%s:8081" (include "coursehub.name" (list .Release.Name "course-profiles")))
  "subdomains" (eq (include "coursehub.subdomains" .) "true")
  "loginService" $global.loginService
  "emergencyProfile" $global.emergencyProfile
  | toPrettyJson -}}
{{- end }}
