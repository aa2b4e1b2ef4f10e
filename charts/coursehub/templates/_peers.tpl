{{/* Peers of network policies. */}}

{{/* The pods that do the work of the named services, as a list of peers. */}}
{{- define "coursehub.ourPeers" -}}
{{- $root := index . 0 -}}
{{- $components := list -}}
{{- range index . 1 }}{{- $components = append $components (ternary "all-in-one" . (and (eq $root.Values.mode "all-in-one") (has . (list "oauth-bridge" "course-profiles" "moodle-sync" "idle-culler")))) }}{{- end -}}
{{- range uniq $components }}
- podSelector:
    matchLabels: {{- include "coursehub.matchLabels" (list $root .) | nindent 6 }}
{{- end }}
{{- end }}

{{/* A pod of the hub's release: `hub` or `proxy`. */}}
{{- define "coursehub.hubPeer" -}}
{{- $root := index . 0 -}}
- podSelector:
    matchLabels:
      app: {{ $root.Values.jupyterhub.nameOverride | default "jupyterhub" }}
      component: {{ index . 1 }}
      release: {{ include "coursehub.hubRelease" $root }}
{{- end }}

{{/* One rule: ("from"|"to", peers as YAML or empty for everybody, ports). */}}
{{- define "coursehub.rule" -}}
- ports:
    {{- range index . 2 }}
    - { protocol: TCP, port: {{ . }} }
    {{- end }}
  {{- with index . 1 | trim }}
  {{ index $ 0 }}:
    {{- . | nindent 4 }}
  {{- end }}
{{- end }}

{{- define "coursehub.dnsRule" -}}
# DNS: the cluster's, and one on the node's link-local address.
- ports:
    - { protocol: UDP, port: 53 }
    - { protocol: TCP, port: 53 }
  to:
    - namespaceSelector: {}
      podSelector: { matchLabels: { k8s-app: kube-dns } }
    - ipBlock: { cidr: 169.254.20.10/32 }
{{- end }}

{{- define "coursehub.yamlOrEmpty" -}}{{- if . }}{{ toYaml . }}{{- end }}{{- end }}
