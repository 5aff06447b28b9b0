# shellcheck shell=bash
# Writes the settings of the cluster's components.

PAUSE_IMAGE=meshctl.test/pause:1

write_settings() {
    mkdir -p "$RUN"/settings/cni
    containerd_settings >"$RUN/settings/containerd.toml"
    network_settings >"$RUN/settings/cni/10-bridge.conflist"
    kubelet_settings >"$RUN/settings/kubelet.yaml"
    proxy_settings >"$RUN/settings/proxy.yaml"
    dns_settings >"$RUN/settings/Corefile"
    dns_service >"$RUN/settings/dns-service.yaml"
    # Pods inherit it for names outside the cluster: nobody answers those here.
    echo "nameserver $NODE_IP" >"$RUN/settings/resolv.conf"
}

containerd_settings() {
    # restrict_oom_score_adj: root without CAP_SYS_RESOURCE may not lower the score, and no sandbox would start.
    cat <<TOML
version = 2
root = "$RUN/containerd/root"
state = "$RUN/containerd/state"
disabled_plugins = [
  "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs",
  "io.containerd.snapshotter.v1.devmapper", "io.containerd.internal.v1.opt", "io.containerd.internal.v1.tracing",
  "io.containerd.tracing.processor.v1.otlp",
]
[grpc]
  address = "$CONTAINERD_SOCKET"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "$PAUSE_IMAGE"
  stream_server_address = "127.0.0.1"
  stream_server_port = "0"
  disable_apparmor = true
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "$TOOLS/usr/lib/cni"
    conf_dir = "$RUN/settings/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        BinaryName = "$TOOLS/usr/sbin/runc"
        SystemdCgroup = false
TOML
}

network_settings() {
    cat <<JSON
{"cniVersion": "0.4.0", "name": "pods", "plugins": [
  {"type": "bridge", "bridge": "pods0", "isGateway": true, "ipMasq": true, "hairpinMode": true,
   "ipam": {"type": "host-local", "dataDir": "$RUN/addresses", "ranges": [[{"subnet": "$POD_CIDR"}]], "routes": [{"dst": "0.0.0.0/0"}]}},
  {"type": "portmap", "capabilities": {"portMappings": true}}]}
JSON
}

kubelet_settings() {
    # Cgroups of version 1 are named outright, because newer kubelets refuse them otherwise; disk thresholds are off,
    # because the disk is the machine's and not the cluster's to judge.
    cat <<YAML
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: $RUN/pki/ca.crt}}
authorization: {mode: Webhook}
tlsCertFile: $RUN/pki/kubelet-server.crt
tlsPrivateKeyFile: $RUN/pki/kubelet-server.key
address: $NODE_IP
healthzBindAddress: 127.0.0.1
cgroupDriver: cgroupfs
cgroupRoot: /$CGROUP
enforceNodeAllocatable: []
failSwapOn: false
failCgroupV1: false
containerRuntimeEndpoint: unix://$CONTAINERD_SOCKET
clusterDomain: cluster.local
clusterDNS: ["$DNS_SERVICE_IP"]
resolvConf: $RUN/settings/resolv.conf
evictionHard: {memory.available: 100Mi, nodefs.available: 0%, nodefs.inodesFree: 0%, imagefs.available: 0%}
imageGCHighThresholdPercent: 100
imageGCLowThresholdPercent: 99
podLogsDir: $RUN/log/pods
volumePluginDir: $RUN/kubelet/volume-plugins
nodeStatusUpdateFrequency: 2s
serializeImagePulls: false
YAML
}

proxy_settings() {
    # Zero leaves the machine's connection tracking as it is.
    cat <<YAML
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
clientConnection: {kubeconfig: $RUN/pki/proxy.kubeconfig}
hostnameOverride: $NODE
clusterCIDR: $POD_CIDR
mode: iptables
bindAddress: $NODE_IP
healthzBindAddress: 127.0.0.1:10256
metricsBindAddress: 127.0.0.1:10249
conntrack: {maxPerCore: 0, min: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s}
iptables: {minSyncPeriod: 0s, syncPeriod: 30s}
YAML
}

dns_settings() {
    cat <<COREFILE
.:53 {
    bind $NODE_IP
    errors
    ready 127.0.0.1:8181
    kubernetes cluster.local in-addr.arpa ip6.arpa {
        kubeconfig $RUN/pki/admin.kubeconfig meshctl-test
        pods insecure
        ttl 5
    }
    cache 5
}
COREFILE
}

# DNS runs on the node, outside any pod; pods find it by the usual Service.
dns_service() {
    cat <<YAML
apiVersion: v1
kind: Service
metadata: {name: kube-dns, namespace: kube-system, labels: {k8s-app: kube-dns, kubernetes.io/name: CoreDNS}}
spec:
  clusterIP: $DNS_SERVICE_IP
  ports: [{name: dns, port: 53, protocol: UDP}, {name: dns-tcp, port: 53, protocol: TCP}]
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: kube-dns, namespace: kube-system, labels: {kubernetes.io/service-name: kube-dns}}
addressType: IPv4
endpoints: [{addresses: ["$NODE_IP"], conditions: {ready: true}}]
ports: [{name: dns, port: 53, protocol: UDP}, {name: dns-tcp, port: 53, protocol: TCP}]
YAML
}
