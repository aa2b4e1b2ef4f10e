{{/* What values.schema.json cannot say. All faults in one message, each a sentence that says what to do. */}}

{{- define "coursehub.check" -}}
{{- $faults := list -}}
{{- $global := .Values.global.coursehub -}}
{{- $config := .Values.config -}}
{{- if gt (len .Release.Name) 40 -}}
{{- $faults = append $faults (printf "the release name %q has %d characters: use at most 40, or names of Services become too long" .Release.Name (len .Release.Name)) -}}
{{- end -}}
{{- range $key := list "hubUrl" "bridgeUrl" -}}
{{- $address := index $global $key -}}
{{- if not $address -}}
{{- $faults = append $faults (printf "global.coursehub.%s is missing: give the address in a browser" $key) -}}
{{- else if not (regexMatch "^https?://[^/?#@]+$" $address) -}}
{{- $faults = append $faults (printf "global.coursehub.%s (%s) must be an address without a path, e.g. https://hub.example.org%s" $key $address (ternary "; the hub's path is jupyterhub.hub.baseUrl" "" (eq $key "hubUrl"))) -}}
{{- else if and (hasPrefix "http://" $address) (not $config.allowInsecureHttp) -}}
{{- $faults = append $faults (printf "global.coursehub.%s is plain http: use https, or for a trial set config.allowInsecureHttp: true" $key) -}}
{{- end -}}
{{- end -}}
{{- if and $global.hubUrl (eq $global.hubUrl $global.bridgeUrl) -}}
{{- $faults = append $faults "global.coursehub.bridgeUrl is the hub's: give the bridge a host of its own" -}}
{{- else if and $global.hubUrl $global.bridgeUrl (eq (include "coursehub.host" $global.hubUrl) (include "coursehub.host" $global.bridgeUrl)) -}}
{{- $faults = append $faults "global.coursehub.bridgeUrl is another port of the hub's host: cookies ignore ports, so give the bridge a host of its own" -}}
{{- end -}}
{{- if not .Values.image.repository -}}
{{- $faults = append $faults "image.repository is missing: say where your image of coursehub is (docs/how-to/install.md builds it)" -}}
{{- end -}}
{{- range $key := list "site" "moodle" "profiles" -}}
{{- if not (index $config $key) }}{{- $faults = append $faults (printf "config.%s is missing: see docs/reference/config.md" $key) -}}{{- end -}}
{{- end -}}
{{- range (($config.bridge | default dict).clients) -}}
{{- if eq .id "jupyterhub" }}{{- $faults = append $faults "config.bridge.clients: the client jupyterhub is made by the chart; leave it out" -}}{{- end -}}
{{- end -}}
{{- $subdomainHost := dig "hub" "config" "JupyterHub" "subdomain_host" "" (.Values.jupyterhub | merge dict) -}}
{{- if and $subdomainHost (ne (trimSuffix "/" $subdomainHost) $global.hubUrl) -}}
{{- $faults = append $faults (printf "jupyterhub.hub.config.JupyterHub.subdomain_host (%s) must be the same address as global.coursehub.hubUrl (%s)" $subdomainHost $global.hubUrl) -}}
{{- end -}}
{{- if not (or $subdomainHost .Values.trustedUsersOnly .Values.ingress.pathHubRules) -}}
{{- $faults = append $faults (printf "without subdomains code in one person's server acts as whoever opens it. Set jupyterhub.hub.config.JupyterHub.subdomain_host: %s (with DNS and a certificate for *.%s); or ingress.pathHubRules; or, where all users trust each other, trustedUsersOnly: true" ($global.hubUrl | default "https://…") (include "coursehub.host" ($global.hubUrl | default "https://hub"))) -}}
{{- end -}}
{{- if and (eq .Values.ingress.pathHubRules "nginx") (not (and .Values.ingress.enabled .Values.ingress.hub)) -}}
{{- $faults = append $faults "ingress.pathHubRules: nginx needs ingress.enabled and ingress.hub: the chart writes the rules into the hub's Ingress; or set `elsewhere`" -}}
{{- end -}}
{{- if .Values.jupyterhub.enabled -}}
{{- $volumes := list -}}{{- range .Values.jupyterhub.hub.extraVolumes }}{{- $volumes = append $volumes .name }}{{- end -}}
{{- $mounts := list -}}{{- range .Values.jupyterhub.hub.extraVolumeMounts }}{{- $mounts = append $mounts .name }}{{- end -}}
{{- if not (and (has "coursehub" $volumes) (has "coursehub-secrets" $volumes) (has "coursehub" $mounts) (has "coursehub-secrets" $mounts)) -}}
{{- $faults = append $faults "jupyterhub.hub.extraVolumes and extraVolumeMounts lack the entries `coursehub` and `coursehub-secrets`: Helm replaces lists, so repeat those of the chart's values.yaml beside yours" -}}
{{- end -}}
{{- if and .Values.networkPolicy.enabled (not (contains "coursehub.dev/serves-hub-glue" (toJson .Values.jupyterhub.hub.networkPolicy.egress))) -}}
{{- $faults = append $faults "jupyterhub.hub.networkPolicy.egress lacks the chart's rules: Helm replaces lists, so repeat those of the chart's values.yaml beside yours" -}}
{{- end -}}
{{- $culler := (.Values.jupyterhub.cull | default dict).enabled -}}
{{- if $culler }}{{- $faults = append $faults "jupyterhub.cull.enabled is on: two cullers would fight; leave it off" -}}{{- end -}}
{{- else if not .Values.existingHub.release -}}
{{- $faults = append $faults "existingHub.release is missing: with jupyterhub.enabled: false say the name of the hub's Helm release in this namespace" -}}
{{- end -}}
{{- if and .Values.httpRoute.enabled (not .Values.httpRoute.parentRefs) -}}
{{- $faults = append $faults "httpRoute.parentRefs is empty: name the Gateway" -}}
{{- end -}}
{{- if and .Values.httpRoute.enabled .Values.ingress.enabled -}}
{{- $faults = append $faults "ingress.enabled and httpRoute.enabled are both on: choose one" -}}
{{- end -}}
{{- $kubernetes := $config.kubernetes | default dict -}}
{{- range $name, $secret := .Values.secrets.values -}}
{{- if not $secret }}{{- $faults = append $faults (printf "secrets.values.%s is empty: give it, or leave the name out" $name) -}}{{- end -}}
{{- if and (eq $name "POSTGRES_PASSWORD") (not (regexMatch "^[A-Za-z0-9_.~-]+$" (toString $secret))) -}}
{{- $faults = append $faults "secrets.values.POSTGRES_PASSWORD becomes part of an address: use only letters, digits and _ . ~ -" -}}
{{- end -}}
{{- end -}}
{{- if .Values.postgresql.enabled -}}
{{- $faults = concat $faults (include "coursehub.storageFaults" . | fromJsonArray) -}}
{{- end -}}
{{- include "coursehub.prepareSecrets" . -}}
{{- $faults = concat $faults .Values.secrets._made.faults -}}
{{- if $faults -}}
{{- fail (printf "\n\ncoursehub cannot be installed like this:\n  - %s\n" (join "\n  - " $faults)) -}}
{{- end -}}
{{- end }}

{{/* JSON list. A class is NFS by its name or by its provisioner's. */}}
{{- define "coursehub.storageFaults" -}}
{{- $faults := list -}}
{{- $name := .Values.postgresql.storage.className -}}
{{- $provisioner := "" -}}
{{- if .Values.postgresql.storage.checkClass -}}
{{- if $name -}}
{{- $provisioner = (lookup "storage.k8s.io/v1" "StorageClass" "" $name).provisioner | default "" -}}
{{- else -}}
{{- range (lookup "storage.k8s.io/v1" "StorageClass" "" "").items -}}
{{- if eq (index (.metadata.annotations | default dict) "storageclass.kubernetes.io/is-default-class" | default "") "true" -}}
{{- $name = .metadata.name -}}{{- $provisioner = .provisioner -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if regexMatch "(?i)(^|[^a-z])nfs" (printf "%s %s" $name $provisioner) -}}
{{- $faults = append $faults (printf "postgresql.storage.className: the storage class %q is NFS (%s). PostgreSQL needs locks and fsync that NFS does not keep when a node or the server fails: data would be lost. Name a class of block or local storage, or use a database outside (postgresql.enabled: false)" $name ($provisioner | default "by its name")) -}}
{{- end -}}
{{- toJson $faults -}}
{{- end }}
