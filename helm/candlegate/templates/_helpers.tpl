{{/* Names. Kubernetes allows 63 characters; the longest suffix is kept free. */}}
{{- define "candlegate.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" }}
{{- end }}

{{- define "candlegate.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" }}
{{- else if contains (include "candlegate.name" .) .Release.Name }}
{{- .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "candlegate.name" .) | trunc 40 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "candlegate.selectorLabels" -}}
app.kubernetes.io/name: {{ include "candlegate.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "candlegate.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 }}
{{ include "candlegate.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: candlegate
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "candlegate.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "candlegate.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "candlegate.image" -}}
{{- $image := .Values.image }}
{{- $repository := $image.repository }}
{{- if $image.registry }}{{ $repository = printf "%s/%s" $image.registry $repository }}{{ end }}
{{- if $image.digest }}
{{- printf "%s@%s" $repository $image.digest }}
{{- else }}
{{- printf "%s:%s" $repository (default .Chart.AppVersion $image.tag) }}
{{- end }}
{{- end }}

{{/* The restricted profile of the Pod Security Standards. */}}
{{- define "candlegate.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: 1000
runAsGroup: 1000
fsGroup: 1000
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "candlegate.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
runAsNonRoot: true
capabilities:
  drop: [ALL]
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{/* Address of Redis where it is no secret. */}}
{{- define "candlegate.redisUrl" -}}
{{- if .Values.valkey.enabled }}
{{- printf "redis://%s-valkey:6379" (include "candlegate.fullname" .) }}
{{- else }}
{{- .Values.redis.url }}
{{- end }}
{{- end }}

{{/* Seconds after SIGTERM at which a gateway has ended, whatever is still open. */}}
{{- define "candlegate.drainDeadlineSeconds" -}}
{{- add .Values.gateway.drain.windowSeconds .Values.gateway.drain.marginSeconds }}
{{- end }}

{{/* What the kubelet has to wait: the sleep before SIGTERM counts, too. */}}
{{- define "candlegate.neededGraceSeconds" -}}
{{- add .Values.gateway.drain.preStopSeconds (include "candlegate.drainDeadlineSeconds" . | int) 5 }}
{{- end }}

{{- define "candlegate.graceSeconds" -}}
{{- default (include "candlegate.neededGraceSeconds" .) .Values.gateway.terminationGracePeriodSeconds }}
{{- end }}

{{/* Variables that the chart sets itself; a second source for them would be a riddle. */}}
{{- define "candlegate.ownVariables" -}}
CANDLEGATE_HOST CANDLEGATE_PORT CANDLEGATE_ADMIN_HOST CANDLEGATE_ADMIN_PORT CANDLEGATE_INSTANCE CANDLEGATE_DRAIN_WINDOW_MS CANDLEGATE_DRAIN_DEADLINE_MS CANDLEGATE_REDIS_URL CANDLEGATE_REDIS_SENTINELS CANDLEGATE_REDIS_SENTINEL_NAME CANDLEGATE_REDIS_CLUSTER CANDLEGATE_REDIS_CA CANDLEGATE_REDIS_CERT CANDLEGATE_REDIS_KEY
{{- end }}

{{/* Mistakes that the schema cannot see, each with the value's name. Called once, by the ConfigMap. */}}
{{- define "candlegate.validate" -}}
{{- $values := .Values }}
{{- $own := splitList " " (include "candlegate.ownVariables" . | trim) }}
{{- range $place, $config := dict "config" $values.config "gateway.config" $values.gateway.config "ingest.config" $values.ingest.config }}
{{- range $name, $value := $config }}
{{- if has $name $own }}
{{- fail (printf "%s.%s: the chart sets this variable itself; see README.md for the value that it follows" $place $name) }}
{{- end }}
{{- if regexMatch "(SECRET|PASSWORD|TOKEN|PRIVATE_KEY)$" $name }}
{{- if not (eq $name "CANDLEGATE_QUERY_TOKEN") }}
{{- fail (printf "%s.%s: this is a secret; put it into secrets.existingSecret" $place $name) }}
{{- end }}
{{- end }}
{{- if and (eq $name "CANDLEGATE_TLS_KEY") (not (hasPrefix "/" (toString $value))) }}
{{- fail (printf "%s.%s: this is a secret; put it into secrets.existingSecret, or name a file that extraVolumes mounts" $place $name) }}
{{- end }}
{{- end }}
{{- end }}
{{- if eq (int $values.gateway.port) (int $values.adminPort) }}
{{- fail "gateway.port: must not be the same as adminPort, which is never public" }}
{{- end }}
{{- if lt (int (include "candlegate.graceSeconds" .)) (int (include "candlegate.neededGraceSeconds" .)) }}
{{- fail (printf "gateway.terminationGracePeriodSeconds: %v is less than the %v s that gateway.drain needs (preStopSeconds + windowSeconds + marginSeconds + 5); clients would be cut off" $values.gateway.terminationGracePeriodSeconds (include "candlegate.neededGraceSeconds" .)) }}
{{- end }}
{{- if and (eq $values.redis.mode "sentinel") (empty $values.redis.sentinel.addresses) }}
{{- fail "redis.sentinel.addresses: is needed with redis.mode sentinel" }}
{{- end }}
{{- if and (eq $values.redis.mode "cluster") (empty $values.redis.cluster.addresses) }}
{{- fail "redis.cluster.addresses: is needed with redis.mode cluster" }}
{{- end }}
{{- if and $values.valkey.enabled (or (ne $values.redis.mode "standalone") $values.redis.existingSecret) }}
{{- fail "valkey.enabled: the small Valkey is for trying out; leave redis.mode standalone and redis.existingSecret empty with it" }}
{{- end }}
{{- if and $values.gateway.autoscaling.enabled $values.gateway.autoscaling.external }}
{{- fail "gateway.autoscaling.external: excludes gateway.autoscaling.enabled; two autoscalers would fight over the replicas" }}
{{- end }}
{{- if and $values.gateway.autoscaling.enabled (gt (int $values.gateway.autoscaling.minReplicas) (int $values.gateway.autoscaling.maxReplicas)) }}
{{- fail "gateway.autoscaling.minReplicas: is more than gateway.autoscaling.maxReplicas" }}
{{- end }}
{{- if and $values.httpRoute.enabled (empty $values.httpRoute.parentRefs) }}
{{- fail "httpRoute.parentRefs: name the Gateway that the route belongs to" }}
{{- end }}
{{- if and $values.ingress.enabled (empty $values.ingress.hosts) }}
{{- fail "ingress.hosts: name at least one host" }}
{{- end }}
{{- if and (not $values.secrets.existingSecret) (empty $values.secrets.values) (not (hasKey $values.config "CANDLEGATE_JWT_PUBLIC_KEY")) (not (hasKey $values.config "CANDLEGATE_JWT_JWKS_URL")) (not (hasKey $values.gateway.config "CANDLEGATE_JWT_PUBLIC_KEY")) (not (hasKey $values.gateway.config "CANDLEGATE_JWT_JWKS_URL")) }}
{{- fail "secrets.existingSecret: a gateway needs a key for its tokens: name a Secret with CANDLEGATE_JWT_SECRET, or set CANDLEGATE_JWT_PUBLIC_KEY or CANDLEGATE_JWT_JWKS_URL in config" }}
{{- end }}
{{- end }}

{{- define "candlegate.secretName" -}}
{{- default (include "candlegate.fullname" .) .Values.secrets.existingSecret }}
{{- end }}

{{- define "candlegate.hasSecret" -}}
{{- if or .Values.secrets.existingSecret .Values.secrets.values }}true{{ end }}
{{- end }}

{{/* Changed configuration is a reason for a rollout. */}}
{{- define "candlegate.checksums" -}}
checksum/config: {{ include (print .Template.BasePath "/configmap.yaml") . | sha256sum }}
{{- if .Values.secrets.values }}
checksum/secret: {{ include (print .Template.BasePath "/secret.yaml") . | sha256sum }}
{{- end }}
{{- end }}

{{/* Takes a dict: root, role (its values), config (names of ConfigMaps). */}}
{{- define "candlegate.env" -}}
- name: CANDLEGATE_INSTANCE
  valueFrom:
    fieldRef:
      fieldPath: metadata.name
{{- with .root.Values.redis }}
{{- if .existingSecret }}
- name: CANDLEGATE_REDIS_URL
  valueFrom:
    secretKeyRef:
      name: {{ .existingSecret }}
      key: {{ .existingSecretKey }}
{{- end }}
{{- end }}
{{- with .role.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "candlegate.envFrom" -}}
- configMapRef:
    name: {{ include "candlegate.fullname" .root }}-{{ .component }}
{{- if include "candlegate.hasSecret" .root }}
- secretRef:
    name: {{ include "candlegate.secretName" .root }}
{{- end }}
{{- end }}

{{- define "candlegate.volumeMounts" -}}
{{- with .root.Values.redis.tls.existingSecret }}
- name: redis-tls
  mountPath: /etc/candlegate/redis-tls
  readOnly: true
{{- end }}
{{- with .root.Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "candlegate.volumes" -}}
{{- with .root.Values.redis.tls.existingSecret }}
- name: redis-tls
  secret:
    secretName: {{ . }}
    defaultMode: 0440
{{- end }}
{{- with .root.Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Where pods may run. Takes a dict: root, role, component. */}}
{{- define "candlegate.scheduling" -}}
{{- if .role.topologySpread.enabled }}
topologySpreadConstraints:
  {{- range .role.topologySpread.keys }}
  - maxSkew: 1
    topologyKey: {{ . }}
    whenUnsatisfiable: {{ $.role.topologySpread.whenUnsatisfiable }}
    labelSelector:
      matchLabels:
        {{- include "candlegate.selectorLabels" $.root | nindent 8 }}
        app.kubernetes.io/component: {{ $.component }}
    matchLabelKeys: [pod-template-hash]
  {{- end }}
{{- end }}
affinity:
  {{- if .role.affinity }}
  {{- toYaml .role.affinity | nindent 2 }}
  {{- else }}
  podAntiAffinity:
    preferredDuringSchedulingIgnoredDuringExecution:
      - weight: 100
        podAffinityTerm:
          topologyKey: kubernetes.io/hostname
          labelSelector:
            matchLabels:
              {{- include "candlegate.selectorLabels" .root | nindent 14 }}
              app.kubernetes.io/component: {{ .component }}
  {{- end }}
{{- with .role.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .role.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .role.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- end }}

{{/* Startup, liveness (never on Redis) and readiness, all on the admin port. */}}
{{- define "candlegate.probes" -}}
startupProbe:
  httpGet:
    path: /livez
    port: admin
  periodSeconds: 1
  timeoutSeconds: 2
  failureThreshold: {{ .startupSeconds }}
livenessProbe:
  httpGet:
    path: /livez
    port: admin
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 3
readinessProbe:
  httpGet:
    path: /readyz
    port: admin
  periodSeconds: {{ .readinessPeriodSeconds }}
  timeoutSeconds: 2
  failureThreshold: 2
{{- end }}
