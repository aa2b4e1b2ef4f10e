{{/* Which secrets there are, where each comes from, and how a container gets it. Made once per rendering: functions like randAlphaNum differ each time. */}}

{{- define "coursehub.hubSecret" -}}coursehub-hub{{- end }}
{{- define "coursehub.ownSecret" -}}{{ include "coursehub.name" (list .Release.Name "secrets") }}{{- end }}

{{- define "coursehub.variablePart" -}}{{ . | upper | replace "-" "_" }}{{- end }}

{{/* JSON: {own: [names], hub: [names]} of what this configuration needs. HUB_API_TOKEN is z2jh's. */}}
{{- define "coursehub.secretNames" -}}
{{- $hub := list "OIDC_CLIENT_SECRET_JUPYTERHUB" "INTERNAL_TOKEN_HUB" -}}
{{- $own := list "COURSEHUB_KEYS" "MOODLE_OAUTH_CLIENT_SECRET" "MOODLE_TOKEN" -}}
{{- $own = append $own (ternary "POSTGRES_PASSWORD" "DATABASE_URL" .Values.postgresql.enabled) -}}
{{- range include "coursehub.clients" . | fromJsonArray }}{{- $own = append $own (printf "OIDC_CLIENT_SECRET_%s" (include "coursehub.variablePart" .)) }}{{- end -}}
{{- range include "coursehub.callers" . | fromJsonArray }}{{- $own = append $own (printf "INTERNAL_TOKEN_%s" (include "coursehub.variablePart" .)) }}{{- end -}}
{{- $rest := list -}}
{{- range uniq $own }}{{- if not (has . $hub) }}{{- $rest = append $rest . }}{{- end }}{{- end -}}
{{- dict "own" $rest "hub" $hub | toJson -}}
{{- end }}

{{/* Name of the Secret that holds a secret. */}}
{{- define "coursehub.secretOf" -}}
{{- $root := index . 0 -}}{{- $name := index . 1 -}}
{{- $names := include "coursehub.secretNames" $root | fromJson -}}
{{- if has $name $names.hub -}}{{ include "coursehub.hubSecret" $root }}
{{- else if and $root.Values.secrets.existingSecret (has $name $root.Values.secrets.existingKeys) -}}{{ $root.Values.secrets.existingSecret }}
{{- else -}}{{ include "coursehub.ownSecret" $root }}{{- end -}}
{{- end }}

{{- define "coursehub.makeSecret" -}}
{{- if eq . "COURSEHUB_KEYS" -}}
{{- dict "signing" (list (genPrivateKey "rsa")) "cookies" (list (randAlphaNum 43)) | toJson -}}
{{- else -}}{{- randAlphaNum 43 -}}{{- end -}}
{{- end }}

{{/* Fills .Values.secrets._made: {own: {name: value}, hub: {…}, generated: [names], faults: [sentences]}. */}}
{{- define "coursehub.prepareSecrets" -}}
{{- if not (hasKey .Values.secrets "_made") -}}
{{- $root := . -}}
{{- $names := include "coursehub.secretNames" . | fromJson -}}
{{- $made := dict "own" dict "hub" dict "generated" list "faults" list -}}
{{- $secrets := .Values.secrets -}}
{{- range $group, $live := dict "own" (include "coursehub.ownSecret" .) "hub" (include "coursehub.hubSecret" .) -}}
{{- $existing := (lookup "v1" "Secret" $root.Release.Namespace $live).data | default dict -}}
{{- range $name := index $names $group -}}
{{- $elsewhere := ternary $secrets.existingHubSecret (and $secrets.existingSecret (has $name $secrets.existingKeys)) (eq $group "hub") -}}
{{- if $elsewhere -}}
{{- else if hasKey $secrets.values $name -}}
{{- $_ := set (index $made $group) $name (index $secrets.values $name) -}}
{{- else if hasKey $existing $name -}}
{{- $_ := set (index $made $group) $name (index $existing $name | b64dec) -}}
{{- else if has $name (list "MOODLE_TOKEN" "MOODLE_OAUTH_CLIENT_SECRET" "DATABASE_URL") -}}
{{- $_ := set $made "faults" (append $made.faults (printf "the secret %s is missing: give it in secrets.existingSecret (with its name in secrets.existingKeys) or in secrets.values" $name)) -}}
{{- else if $secrets.generate -}}
{{- $_ := set (index $made $group) $name (include "coursehub.makeSecret" $name) -}}
{{- $_ := set $made "generated" (append $made.generated $name) -}}
{{- else -}}
{{- $_ := set $made "faults" (append $made.faults (printf "the secret %s is missing, and secrets.generate is false: give it in %s" $name (ternary "the Secret coursehub-hub (secrets.existingHubSecret: true)" "secrets.existingSecret (with its name in secrets.existingKeys)" (eq $group "hub")))) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $_ := set .Values.secrets "_made" $made -}}
{{- end -}}
{{- end }}

{{/* One entry of `env`. */}}
{{- define "coursehub.secretEnv" -}}
{{- $root := index . 0 -}}{{- $name := index . 1 -}}
- name: {{ $name }}
  valueFrom: { secretKeyRef: { name: {{ include "coursehub.secretOf" (list $root $name) }}, key: {{ $name }} } }
{{- end }}

{{- define "coursehub.databaseEnv" -}}
{{- if .Values.postgresql.enabled -}}
{{ include "coursehub.secretEnv" (list . "POSTGRES_PASSWORD") }}
- name: DATABASE_URL
  value: postgresql://coursehub:$(POSTGRES_PASSWORD)@{{ include "coursehub.name" (list .Release.Name "postgresql") }}:5432/coursehub
{{- else -}}
{{ include "coursehub.secretEnv" (list . "DATABASE_URL") }}
{{- end }}
{{- end }}

{{/* What each service needs, and nothing more (src/config/load-config.ts, readSecrets). */}}
{{- define "coursehub.serviceEnv" -}}
{{- $root := index . 0 -}}{{- $component := index . 1 -}}
{{- $all := eq $component "all-in-one" -}}
{{- $clients := include "coursehub.clients" $root | fromJsonArray -}}
{{- $callers := include "coursehub.callers" $root | fromJsonArray -}}
{{- $names := list -}}
{{- if or $all (eq $component "oauth-bridge") -}}
{{- $names = concat $names (list "COURSEHUB_KEYS" "MOODLE_OAUTH_CLIENT_SECRET") -}}
{{- range $clients }}{{- $names = append $names (printf "OIDC_CLIENT_SECRET_%s" (include "coursehub.variablePart" .)) }}{{- end -}}
{{- if has "oauth-bridge" $callers }}{{- $names = append $names "INTERNAL_TOKEN_OAUTH_BRIDGE" }}{{- end -}}
{{- end -}}
{{- if or $all (has $component (list "course-profiles" "moodle-sync")) -}}
{{- range $callers }}{{- $names = append $names (printf "INTERNAL_TOKEN_%s" (include "coursehub.variablePart" .)) }}{{- end -}}
{{- end -}}
{{- if or $all (eq $component "moodle-sync") }}{{- $names = append $names "MOODLE_TOKEN" }}{{- end -}}
{{ include "coursehub.databaseEnv" $root }}
{{- range uniq $names }}
{{ include "coursehub.secretEnv" (list $root .) }}
{{- end }}
{{- if or $all (eq $component "idle-culler") }}
- name: HUB_API_TOKEN
  valueFrom: { secretKeyRef: { name: {{ ternary "hub" $root.Values.existingHub.secret $root.Values.jupyterhub.enabled }}, key: hub.services.coursehub-culler.apiToken } }
{{- end }}
{{- end }}
