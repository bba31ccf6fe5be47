{{- define "ocsp.fullname" -}}
{{- if contains "ocsp" .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-ocsp" .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "ocsp.selector" -}}
app.kubernetes.io/name: ocsp
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "ocsp.labels" -}}
{{ include "ocsp.selector" . }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{/* The address of the database, without the password. */}}
{{- define "ocsp.database" -}}
{{- with .Values.database -}}
postgresql://{{ .user }}@{{ .host }}:{{ .port }}/{{ .name }}?sslmode={{ .sslmode }}
{{- with .rootCertificate -}}&sslrootcert=/etc/ocsp/certificates/{{ . }}{{- end -}}
{{- end -}}
{{- end -}}

{{/* The address of Valkey, with the file that has its password. */}}
{{- define "ocsp.valkey" -}}
{{- with .Values.valkey -}}
{{ .address }}
{{- if .secret -}}{{ contains "?" .address | ternary "&" "?" }}password_file=/etc/ocsp/valkey/password{{- end -}}
{{- end -}}
{{- end -}}

{{/*
The pod of a part of the fleet. The argument: the root, the part ("serve", "sign",
"publish"), its values, and the arguments of ocsp.
*/}}
{{- define "ocsp.pod" -}}
{{- $root := .root -}}
metadata:
  labels:
    {{- include "ocsp.labels" $root | nindent 4 }}
    app.kubernetes.io/component: {{ .part }}
  annotations:
    # A change of the configuration starts new pods.
    checksum/configuration: {{ include (print $root.Template.BasePath "/configuration.yaml") $root | sha256sum }}
spec:
  serviceAccountName: {{ include "ocsp.fullname" $root }}
  automountServiceAccountToken: false
  enableServiceLinks: false
  terminationGracePeriodSeconds: 45
  {{- with $root.Values.image.pullSecrets }}
  imagePullSecrets: {{ toYaml . | nindent 4 }}
  {{- end }}
  {{- with $root.Values.nodeSelector }}
  nodeSelector: {{ toYaml . | nindent 4 }}
  {{- end }}
  {{- with $root.Values.tolerations }}
  tolerations: {{ toYaml . | nindent 4 }}
  {{- end }}
  topologySpreadConstraints:
    - maxSkew: 1
      topologyKey: kubernetes.io/hostname
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "ocsp.selector" $root | nindent 10 }}
          app.kubernetes.io/component: {{ .part }}
  securityContext:
    runAsNonRoot: true
    runAsUser: 10080
    runAsGroup: 10080
    fsGroup: 10080
    seccompProfile: {type: RuntimeDefault}
  {{- if ne .part "serve" }}
  initContainers:
    # Makes the tables, or brings those of an older release up to date; one at a time. A
    # pod that serves does not wait for it: without the database, or until its tables are
    # of this release, it answers with the copies in Valkey.
    - name: upgrade
      {{- include "ocsp.container" $root | nindent 6 }}
      args: [status, upgrade, --db, {{ include "ocsp.database" $root | quote }}]
      resources: {{ toYaml .values.resources | nindent 8 }}
      volumeMounts:
        - {name: certificates, mountPath: /etc/ocsp/certificates, readOnly: true}
  {{- end }}
  containers:
    - name: ocsp
      {{- include "ocsp.container" $root | nindent 6 }}
      args: {{ toJson .arguments }}
      resources: {{ toYaml .values.resources | nindent 8 }}
      {{- with .values.credentials }}
      envFrom:
        - secretRef: {name: {{ . }}}
      {{- end }}
      {{- if ne .part "publish" }}
      ports:
        - {name: ocsp, containerPort: 8080}
        - {name: admin, containerPort: 9080}
      startupProbe:
        httpGet: {path: /live, port: admin}
        periodSeconds: 2
        failureThreshold: 30
      livenessProbe:
        httpGet: {path: /live, port: admin}
        periodSeconds: 10
        failureThreshold: 3
      # /ready needs the token, which a probe by HTTP could not read from the Secret. While
      # the database is away, a node with copies of answers is ready, in memory or in
      # Valkey; one that can only say tryLater is not.
      readinessProbe:
        exec:
          command:
            - /opt/ocsp/bin/python
            - -Ic
            - |
              import pathlib
              from urllib.request import ProxyHandler, Request, build_opener
              token = pathlib.Path("/etc/ocsp/admin/token").read_text().strip()
              head = {"Authorization": f"Bearer {token}"}
              asked = Request("http://127.0.0.1:9080/ready", headers=head)
              # The variables of the pod may name a proxy. The status 503 is an error.
              build_opener(ProxyHandler({})).open(asked, timeout=4)
        periodSeconds: 10
        timeoutSeconds: 5
        failureThreshold: 3
      lifecycle:
        # Until every proxy knows that this pod ends.
        preStop:
          exec: {command: [sleep, "5"]}
      {{- end }}
      volumeMounts:
        - {name: configuration, mountPath: /etc/ocsp/ocsp.toml, subPath: {{ .role }}.toml, readOnly: true}
        - {name: certificates, mountPath: /etc/ocsp/certificates, readOnly: true}
        - {name: keys, mountPath: /etc/ocsp/keys, readOnly: true}
        - {name: admin, mountPath: /etc/ocsp/admin, readOnly: true}
        {{- if $root.Values.valkey.secret }}
        - {name: valkey, mountPath: /etc/ocsp/valkey, readOnly: true}
        {{- end }}
        - {name: state, mountPath: /var/lib/ocsp}
        - {name: state, mountPath: /tmp, subPath: tmp}
  volumes:
    - name: configuration
      configMap: {name: {{ include "ocsp.fullname" $root }}-configuration}
    - name: certificates
      configMap: {name: {{ include "ocsp.fullname" $root }}-certificates}
    - name: keys
      secret: {secretName: {{ $root.Values.keys.secret }}, defaultMode: 0440}
    - name: admin
      secret:
        secretName: {{ $root.Values.admin.secret }}
        defaultMode: 0440
        items: [{key: {{ $root.Values.admin.secretKey }}, path: token}]
    {{- with $root.Values.valkey }}
    {{- if .secret }}
    - name: valkey
      secret:
        secretName: {{ .secret }}
        defaultMode: 0440
        items: [{key: {{ .secretKey }}, path: password}]
    {{- end }}
    {{- end }}
    {{- if ne .part "publish" }}
    - name: state
      emptyDir: {medium: Memory, sizeLimit: 64Mi}
    {{- end }}
{{- end -}}

{{/* What every container of a pod has. */}}
{{- define "ocsp.container" -}}
image: "{{ .Values.image.repository }}:{{ .Values.image.tag }}"
imagePullPolicy: {{ .Values.image.pullPolicy }}
env:
  - name: PGPASSWORD
    valueFrom:
      secretKeyRef:
        name: {{ .Values.database.secret }}
        key: {{ .Values.database.secretKey }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
{{- end -}}
