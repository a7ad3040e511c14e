{{/* The name of every object: the release's, so that two releases do not meet. */}}
{{- define "ingressd.fullname" -}}
{{- .Values.fullnameOverride | default .Release.Name | trunc 53 | trimSuffix "-" -}}
{{- end -}}

{{- define "ingressd.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- .Values.serviceAccount.name | default (include "ingressd.fullname" .) -}}
{{- else -}}
{{- .Values.serviceAccount.name | default "default" -}}
{{- end -}}
{{- end -}}

{{- define "ingressd.selectorLabels" -}}
app.kubernetes.io/name: ingressd
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end -}}

{{- define "ingressd.labels" -}}
{{ include "ingressd.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "ingressd.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end -}}

{{/* What is read and written where the Ingresses are: rules of the ClusterRole, or of a Role in each namespace. */}}
{{- define "ingressd.watchedRules" -}}
- apiGroups: [networking.k8s.io]
  resources: [ingresses]
  verbs: [list, watch]
- apiGroups: [""]
  resources: [services]
  verbs: [list, watch]
- apiGroups: [discovery.k8s.io]
  resources: [endpointslices]
  verbs: [list, watch]
- apiGroups: [""]
  resources: [secrets]
  verbs: [list, watch]
- apiGroups: [networking.k8s.io]
  resources: [ingresses/status]
  verbs: [patch]
- apiGroups: [""]
  resources: [events]
  verbs: [create, patch]
{{- end -}}

{{- define "ingressd.arguments" -}}
- run
- {{ printf "--controller-name=%s" .Values.ingressClass.controller | quote }}
{{- if not .Values.status.enabled }}
- --no-status
{{- else if .Values.status.addresses }}
{{- range .Values.status.addresses }}
- {{ printf "--publish-status-address=%s" . | quote }}
{{- end }}
{{- else if not .Values.hostNetwork.enabled }}
- {{ printf "--publish-service=$(POD_NAMESPACE)/%s" (include "ingressd.fullname" .) | quote }}
{{- end }}
- {{ printf "--election-id=%s-leader" (include "ingressd.fullname" .) | quote }}
- --workers={{ .Values.workers }}
- {{ printf "--bind=%s" .Values.bind | quote }}
{{- if .Values.hostNetwork.enabled }}
- --http-port={{ .Values.hostNetwork.httpPort }}
- --https-port={{ .Values.hostNetwork.httpsPort }}
- --admin-bind=127.0.0.1
{{- else }}
- --http-port=8080
- --https-port=8443
- {{ printf "--admin-bind=%s" .Values.bind | quote }}
{{- end }}
- --admin-port=9090
{{- if .Values.hostNetwork.enabled }}
- --drain-wait={{ add .Values.drain.preStopSeconds .Values.drain.waitSeconds }}
{{- else }}
- --drain-wait={{ .Values.drain.waitSeconds }}
{{- end }}
- --drain-grace={{ .Values.drain.graceSeconds }}
{{- range .Values.watchNamespaces }}
- {{ printf "--watch-namespace=%s" . | quote }}
{{- end }}
{{- if .Values.watchIngressWithoutClass }}
- --watch-ingress-without-class
{{- end }}
{{- with .Values.selectors.ingress }}
- {{ printf "--ingress-selector=%s" . | quote }}
{{- end }}
{{- with .Values.selectors.service }}
- {{ printf "--service-selector=%s" . | quote }}
{{- end }}
{{- with .Values.selectors.endpointSlice }}
- {{ printf "--endpoint-slice-selector=%s" . | quote }}
{{- end }}
{{- with .Values.selectors.secret }}
- {{ printf "--secret-selector=%s" . | quote }}
{{- end }}
{{- range .Values.trustedProxies }}
- {{ printf "--trusted-proxy=%s" . | quote }}
{{- end }}
{{- if .Values.allowExternalNames }}
- --allow-external-names
{{- end }}
{{- if .Values.accessLog }}
- --access-log
{{- end }}
{{- if ne .Values.logLevel "info" }}
- {{ printf "--log-level=%s" .Values.logLevel | quote }}
{{- end }}
{{- range .Values.extraArgs }}
- {{ . | quote }}
{{- end }}
{{- end -}}

{{- define "ingressd.probe" -}}
httpGet:
  path: {{ .path }}
  port: metrics
  {{- if .root.Values.hostNetwork.enabled }}
  host: 127.0.0.1
  {{- end }}
timeoutSeconds: 5
{{- end -}}

{{- define "ingressd.spread" -}}
{{- $root := . -}}
{{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
- topologyKey: {{ . }}
  maxSkew: 1
  whenUnsatisfiable: ScheduleAnyway
  labelSelector:
    matchLabels:
      {{- include "ingressd.selectorLabels" $root | nindent 6 }}
  matchLabelKeys: [pod-template-hash]
{{- end }}
{{- end -}}
