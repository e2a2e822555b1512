{{- define "focusflow.labels" -}}
app.kubernetes.io/name: focusflow
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- define "focusflow.selector" -}}
app.kubernetes.io/name: focusflow
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "focusflow.claim" -}}
{{ .Values.persistence.existingClaim | default (printf "%s-data" .Release.Name) }}
{{- end }}
