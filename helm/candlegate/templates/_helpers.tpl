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
{{ include "candlegate.labelsWith" (dict "root" .) }}
{{- end }}

{{/* Takes a dict: root, extra (further labels). */}}
{{- define "candlegate.labelsWith" -}}
{{- $chart := .root.Chart -}}
helm.sh/chart: {{ printf "%s-%s" $chart.Name $chart.Version | replace "+" "_" | trunc 63 }}
{{ include "candlegate.selectorLabels" .root }}
app.kubernetes.io/version: {{ $chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
app.kubernetes.io/part-of: candlegate
{{- with mergeOverwrite (deepCopy .root.Values.commonLabels) (default dict .extra) }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/*
Labels of pods: without those that change with every version of the chart, which would replace pods for
nothing. Takes a dict: root, component, extra (further labels).
*/}}
{{- define "candlegate.podLabels" -}}
{{ include "candlegate.selectorLabels" .root }}
app.kubernetes.io/component: {{ .component }}
app.kubernetes.io/part-of: candlegate
{{- with mergeOverwrite (deepCopy .root.Values.commonLabels) (default dict .extra) }}
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

{{/*
The ports of every server of Redis whose address is known, and `networkPolicy.redisPorts`; one a line.
*/}}
{{- define "candlegate.redisPorts" -}}
{{- $redis := .Values.redis }}
{{- $ports := list }}
{{- range .Values.networkPolicy.redisPorts }}
{{- $ports = append $ports (int . | toString) }}
{{- end }}
{{- if and (eq $redis.mode "standalone") (not $redis.existingSecret) }}
{{- $ports = append $ports (include "candlegate.portOf" (dict "host" (urlParse (include "candlegate.redisUrl" .)).host "default" 6379)) }}
{{- end }}
{{- if eq $redis.mode "sentinel" }}
{{- range $redis.sentinel.addresses }}
{{- $ports = append $ports (include "candlegate.portOf" (dict "host" . "default" 26379)) }}
{{- end }}
{{- end }}
{{- if eq $redis.mode "cluster" }}
{{- range $redis.cluster.addresses }}
{{- $ports = append $ports (include "candlegate.portOf" (dict "host" . "default" 6379)) }}
{{- end }}
{{- end }}
{{- uniq $ports | join "\n" }}
{{- end }}

{{/* The port of `host:port`. Takes a dict: host, default. */}}
{{- define "candlegate.portOf" -}}
{{- default (toString .default) (regexFind ":[0-9]+$" .host | trimPrefix ":") }}
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

{{/*
Seconds that a new gateway must be ready before the next one goes: by default the whole drain of the one
before, for a Deployment does not wait for pods that are still ending.
*/}}
{{- define "candlegate.minReadySeconds" -}}
{{- if kindIs "invalid" .Values.gateway.minReadySeconds }}
{{- add .Values.gateway.drain.preStopSeconds (include "candlegate.drainDeadlineSeconds" . | int) }}
{{- else }}
{{- int .Values.gateway.minReadySeconds }}
{{- end }}
{{- end }}

{{/* Variables that the chart sets itself; a second source for them would be a riddle. */}}
{{- define "candlegate.ownVariables" -}}
CANDLEGATE_HOST CANDLEGATE_PORT CANDLEGATE_ADMIN_HOST CANDLEGATE_ADMIN_PORT CANDLEGATE_INSTANCE CANDLEGATE_DRAIN_WINDOW_MS CANDLEGATE_DRAIN_DEADLINE_MS CANDLEGATE_REDIS_URL CANDLEGATE_REDIS_SENTINELS CANDLEGATE_REDIS_SENTINEL_NAME CANDLEGATE_REDIS_CLUSTER CANDLEGATE_REDIS_CA CANDLEGATE_REDIS_CERT CANDLEGATE_REDIS_KEY CANDLEGATE_TLS_CERT CANDLEGATE_TLS_KEY
{{- end }}

{{/* What ingest gets of the Secret: never the key that tokens are signed with. */}}
{{- define "candlegate.ingestSecretVariables" -}}
CANDLEGATE_REDIS_SENTINEL_PASSWORD OTEL_EXPORTER_OTLP_HEADERS
{{- end }}

{{/* Variables of a role, those of its own before those of both; JSON. Takes a dict: root, role (its values). */}}
{{- define "candlegate.config" -}}
{{- mergeOverwrite (deepCopy .root.Values.config) (deepCopy .role.config) | toJson }}
{{- end }}

{{/* A value as text. Helm reads numbers as floating point: 604800000 must not come out as 6.048e+08. */}}
{{- define "candlegate.text" -}}
{{- if and (kindIs "float64" .) (eq (floor .) .) }}{{ int64 . }}{{ else }}{{ toString . }}{{ end }}
{{- end }}

{{/* Whether a variable of this name holds a secret. */}}
{{- define "candlegate.isSecret" -}}
{{- if and (regexMatch "(SECRET|PASSWORD|TOKEN|PRIVATE_KEY)$" .) (ne . "CANDLEGATE_QUERY_TOKEN") }}true{{ end }}
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
{{- if include "candlegate.isSecret" $name }}
{{- fail (printf "%s.%s: this is a secret; put it into secrets.existingSecret" $place $name) }}
{{- end }}
{{- end }}
{{- end }}
{{- $labels := list "helm.sh/chart" "app.kubernetes.io/name" "app.kubernetes.io/instance" "app.kubernetes.io/component" "app.kubernetes.io/version" "app.kubernetes.io/managed-by" "app.kubernetes.io/part-of" "candlegate.io/port" }}
{{- range $place, $further := dict "commonLabels" $values.commonLabels "gateway.podLabels" $values.gateway.podLabels "ingest.podLabels" $values.ingest.podLabels "monitoring.labels" $values.monitoring.labels "monitoring.dashboards.labels" $values.monitoring.dashboards.labels }}
{{- range $name, $value := $further }}
{{- if has $name $labels }}
{{- fail (printf "%s: the chart sets the label %s itself" $place $name) }}
{{- end }}
{{- end }}
{{- end }}
{{- range $name, $value := $values.secrets.values }}
{{- if has $name $own }}
{{- fail (printf "secrets.values.%s: the chart sets this variable itself; see README.md for the value that it follows (redis.existingSecret for an address with a password)" $name) }}
{{- end }}
{{- end }}
{{- if not (regexMatch "^[a-z]([-a-z0-9]*[a-z0-9])?$" (include "candlegate.fullname" .)) }}
{{- fail (printf "fullnameOverride: name the objects, for %s cannot name a Service: lower case letters, digits and -, a letter first" (include "candlegate.fullname" .)) }}
{{- end }}
{{- $ownVolumes := dict "redis-tls" $values.redis.tls.existingSecret "tls" $values.gateway.tls.existingSecret }}
{{- range $values.extraVolumes }}
{{- if get $ownVolumes .name }}
{{- fail (printf "extraVolumes: the chart has a volume called %s itself" .name) }}
{{- end }}
{{- end }}
{{- range $role := list "gateway" "ingest" }}
{{- $named := list }}
{{- range (index $values $role).extraEnv }}
{{- if has .name $named }}
{{- fail (printf "%s.extraEnv: %s stands there twice" $role .name) }}
{{- end }}
{{- $named = append $named .name }}
{{- if has .name $own }}
{{- fail (printf "%s.extraEnv: the chart sets %s itself; see README.md for the value that it follows" $role .name) }}
{{- end }}
{{- if and (include "candlegate.isSecret" .name) .value }}
{{- fail (printf "%s.extraEnv: %s is a secret; take it from one by valueFrom, or put it into secrets.existingSecret" $role .name) }}
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
{{- if and $values.gateway.autoscaling.enabled (not $values.gateway.autoscaling.targetCPUUtilizationPercentage) (not $values.gateway.autoscaling.connections.targetAverage) }}
{{- fail "gateway.autoscaling.targetCPUUtilizationPercentage: without it gateway.autoscaling.connections.targetAverage is needed; Kubernetes would take 80 % of the CPU" }}
{{- end }}
{{- if and $values.monitoring.serviceMonitor.enabled $values.monitoring.podMonitor.enabled }}
{{- fail "monitoring.podMonitor.enabled: excludes monitoring.serviceMonitor.enabled; every pod would be scraped twice" }}
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

{{/* Changes of a running release that its server would make by half; nothing is running for `helm template`. */}}
{{- define "candlegate.validateUpgrade" -}}
{{- $deployment := lookup "apps/v1" "Deployment" .Release.Namespace (printf "%s-gateway" (include "candlegate.fullname" .)) }}
{{- $name := dig "spec" "selector" "matchLabels" "app.kubernetes.io/name" "" $deployment }}
{{- if and $name (ne $name (include "candlegate.name" .)) }}
{{- fail (printf "nameOverride: this release finds its pods by the name %s, and a Deployment cannot change that" $name) }}
{{- end }}
{{- with .Values.secrets.existingSecret }}
{{- $secret := lookup "v1" "Secret" $.Release.Namespace . }}
{{- if eq $.Release.Name (dig "metadata" "annotations" "meta.helm.sh/release-name" "" $secret) }}
{{- fail (printf "secrets.existingSecret: %s is the release's own Secret, which goes with secrets.values; use another name" .) }}
{{- end }}
{{- end }}
{{- end }}

{{- define "candlegate.secretName" -}}
{{- default (include "candlegate.fullname" .) .Values.secrets.existingSecret }}
{{- end }}

{{- define "candlegate.hasSecret" -}}
{{- if or .Values.secrets.existingSecret .Values.secrets.values }}true{{ end }}
{{- end }}

{{/* What is in the ConfigMap of a role. Takes a dict: root, role (its values), component. */}}
{{- define "candlegate.configData" -}}
CANDLEGATE_LOG_FORMAT: json
CANDLEGATE_ADMIN_HOST: {{ .root.Values.listenAddress | quote }}
CANDLEGATE_ADMIN_PORT: {{ .root.Values.adminPort | quote }}
{{- if eq .component "gateway" }}
CANDLEGATE_HOST: {{ .root.Values.listenAddress | quote }}
CANDLEGATE_PORT: {{ .role.port | quote }}
CANDLEGATE_DRAIN_WINDOW_MS: {{ mul .role.drain.windowSeconds 1000 | quote }}
CANDLEGATE_DRAIN_DEADLINE_MS: {{ mul (include "candlegate.drainDeadlineSeconds" .root | int) 1000 | quote }}
{{- if .role.tls.existingSecret }}
CANDLEGATE_TLS_CERT: /etc/candlegate/tls/tls.crt
CANDLEGATE_TLS_KEY: /etc/candlegate/tls/tls.key
{{- end }}
{{- end }}
{{- with .root.Values.redis }}
{{- if not .existingSecret }}
CANDLEGATE_REDIS_URL: {{ include "candlegate.redisUrl" $.root | quote }}
{{- end }}
{{- if eq .mode "sentinel" }}
CANDLEGATE_REDIS_SENTINELS: {{ join "," .sentinel.addresses | quote }}
CANDLEGATE_REDIS_SENTINEL_NAME: {{ .sentinel.masterName | quote }}
{{- else if eq .mode "cluster" }}
CANDLEGATE_REDIS_CLUSTER: {{ join "," .cluster.addresses | quote }}
{{- end }}
{{- if .tls.existingSecret }}
{{- with .tls.caKey }}
CANDLEGATE_REDIS_CA: /etc/candlegate/redis-tls/{{ . }}
{{- end }}
{{- with .tls.certKey }}
CANDLEGATE_REDIS_CERT: /etc/candlegate/redis-tls/{{ . }}
{{- end }}
{{- with .tls.keyKey }}
CANDLEGATE_REDIS_KEY: /etc/candlegate/redis-tls/{{ . }}
{{- end }}
{{- end }}
{{- end }}
{{- range $name, $value := include "candlegate.config" . | fromJson }}
{{ $name }}: {{ include "candlegate.text" $value | quote }}
{{- end }}
{{- end }}

{{/* Changed configuration is a reason for a rollout, of the role that it is for. Takes the same dict. */}}
{{- define "candlegate.checksums" -}}
checksum/config: {{ include "candlegate.configData" . | sha256sum }}
{{- with .root.Values.secrets.values }}
{{- $values := . }}
{{- if eq $.component "ingest" }}
{{- $values = dict }}
{{- range $name := splitList " " (include "candlegate.ingestSecretVariables" $.root) }}
{{- with get $.root.Values.secrets.values $name }}
{{- $_ := set $values $name . }}
{{- end }}
{{- end }}
{{- end }}
{{- with $values }}
checksum/secret: {{ toJson . | sha256sum }}
{{- end }}
{{- end }}
{{- end }}

{{/* Takes a dict: root, role (its values), component. */}}
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
{{- if and (eq .component "ingest") (include "candlegate.hasSecret" .root) }}
{{- $given := list }}
{{- range .role.extraEnv }}
{{- $given = append $given .name }}
{{- end }}
{{- range $name := splitList " " (include "candlegate.ingestSecretVariables" .root) }}
{{- if not (has $name $given) }}
- name: {{ $name }}
  valueFrom:
    secretKeyRef:
      name: {{ include "candlegate.secretName" $.root }}
      key: {{ $name }}
      optional: true
{{- end }}
{{- end }}
{{- end }}
{{- with .role.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* The last one counts: no key of the Secret takes the place of what the chart sets. */}}
{{- define "candlegate.envFrom" -}}
{{- if and (eq .component "gateway") (include "candlegate.hasSecret" .root) }}
- secretRef:
    name: {{ include "candlegate.secretName" .root }}
{{- end }}
- configMapRef:
    name: {{ include "candlegate.fullname" .root }}-{{ .component }}
{{- end }}

{{- define "candlegate.volumeMounts" -}}
{{- with .root.Values.redis.tls.existingSecret }}
- name: redis-tls
  mountPath: /etc/candlegate/redis-tls
  readOnly: true
{{- end }}
{{- if and (eq .component "gateway") .root.Values.gateway.tls.existingSecret }}
- name: tls
  mountPath: /etc/candlegate/tls
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
    defaultMode: 288 # 0440
{{- end }}
{{- if and (eq .component "gateway") .root.Values.gateway.tls.existingSecret }}
- name: tls
  secret:
    secretName: {{ .root.Values.gateway.tls.existingSecret }}
    defaultMode: 288 # 0440
{{- end }}
{{- with .root.Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* The channel of `helm test`: a given one, or the first that is configured. */}}
{{- define "candlegate.testChannel" -}}
{{- if .Values.tests.channel }}
{{- .Values.tests.channel }}
{{- else }}
{{- $config := include "candlegate.config" (dict "root" . "role" .Values.gateway) | fromJson }}
{{- $symbol := get $config "CANDLEGATE_SYMBOLS" | default "BTCUSDT" | toString | splitList "," | first | trim | upper }}
{{- $interval := get $config "CANDLEGATE_INTERVALS" | default "1" | toString | splitList "," | first | trim }}
{{- if not (regexMatch "^([0-9]+|[DWM])$" $interval) }}
{{- fail (printf "tests.channel: name a channel; the first of CANDLEGATE_INTERVALS, %s, is not spelled as in channels" $interval) }}
{{- end }}
{{- printf "candles:%s:%s" $symbol $interval }}
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
    # A node that takes no pods is no empty domain that must be filled first.
    nodeTaintsPolicy: Honor
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
