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

{{/* The part of a URL of PostgreSQL behind its question mark. */}}
{{- define "ocsp.database" -}}
{{- with .Values.database -}}
postgresql://{{ .user }}@{{ .host }}:{{ .port }}/{{ .name }}?sslmode={{ .sslmode }}
{{- with .rootCertificate -}}&sslrootcert=/etc/ocsp/certificates/{{ . }}{{- end -}}
{{- end -}}
{{- end -}}

{{/* The pod of a node. The argument: the root, the part ("serve", "sign"), its values. */}}
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
  containers:
    - name: ocsp
      image: "{{ $root.Values.image.repository }}:{{ $root.Values.image.tag }}"
      imagePullPolicy: {{ $root.Values.image.pullPolicy }}
      args: [serve, --config, /etc/ocsp/{{ .part }}.toml]
      env:
        - name: PGPASSWORD
          valueFrom:
            secretKeyRef:
              name: {{ $root.Values.database.secret }}
              key: {{ $root.Values.database.secretKey }}
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
      # /ready needs the token, which a probe by HTTP could not read from the Secret.
      readinessProbe:
        exec:
          command:
            - /opt/ocsp/bin/python
            - -c
            - |
              import pathlib, urllib.request as http
              token = pathlib.Path("/etc/ocsp/admin/token").read_text().strip()
              head = {"Authorization": f"Bearer {token}"}
              http.urlopen(http.Request("http://127.0.0.1:9080/ready", headers=head), timeout=4)
        periodSeconds: 10
        timeoutSeconds: 5
        failureThreshold: 3
      lifecycle:
        # Until every proxy knows that this pod ends.
        preStop:
          exec: {command: [sleep, "5"]}
      resources: {{ toYaml .values.resources | nindent 8 }}
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities: {drop: [ALL]}
      volumeMounts:
        - {name: configuration, mountPath: /etc/ocsp/{{ .part }}.toml, subPath: {{ .part }}.toml, readOnly: true}
        - {name: certificates, mountPath: /etc/ocsp/certificates, readOnly: true}
        - {name: keys, mountPath: /etc/ocsp/keys, readOnly: true}
        - {name: admin, mountPath: /etc/ocsp/admin, readOnly: true}
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
    - name: state
      emptyDir: {medium: Memory, sizeLimit: 64Mi}
{{- end -}}
