{{/* Parts of pod specifications that several pods share. */}}

{{- define "coursehub.container" -}}
image: {{ include "coursehub.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
command: [node]
workingDir: /app
securityContext: {{- include "coursehub.containerSecurity" . | nindent 2 }}
volumeMounts:
  - { name: config, mountPath: /etc/coursehub, readOnly: true }
  - { name: tmp, mountPath: /tmp }
  {{- if .Values.caBundle.configMap }}
  - { name: ca, mountPath: /etc/coursehub-ca, readOnly: true }
  {{- end }}
{{- end }}

{{- define "coursehub.volumes" -}}
- name: config
  configMap: { name: {{ include "coursehub.name" (list .Release.Name "config") }} }
- name: tmp
  emptyDir: { sizeLimit: 64Mi }
{{- with .Values.caBundle.configMap }}
- name: ca
  configMap: { name: {{ . }} }
{{- end }}
{{- end }}

{{- define "coursehub.commonEnv" -}}
- { name: NODE_ENV, value: production }
{{- if .Values.pods.listenOnPodIp }}
- name: LISTEN_HOST
  valueFrom: { fieldRef: { fieldPath: status.podIP } }
{{- end }}
{{- if .Values.caBundle.configMap }}
- { name: NODE_EXTRA_CA_CERTS, value: /etc/coursehub-ca/{{ .Values.caBundle.key }} }
{{- end }}
{{- with .Values.pods.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "coursehub.placement" -}}
{{- $root := index . 0 -}}{{- $component := index . 1 -}}
{{- with $root.Values.image.pullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $root.Values.pods.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with $root.Values.pods.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $root.Values.pods.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $root.Values.pods.affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels: {{- include "coursehub.matchLabels" (list $root $component) | nindent 8 }}
{{- end }}

{{/* 999 is the user `postgres` of the official image. */}}
{{- define "coursehub.postgresSecurity" -}}
runAsNonRoot: true
runAsUser: 999
runAsGroup: 999
fsGroup: 999
fsGroupChangePolicy: OnRootMismatch
seccompProfile: { type: RuntimeDefault }
{{- end }}
