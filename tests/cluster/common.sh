# shellcheck shell=bash
# shellcheck disable=SC2034 # whoever sources it uses a part of it
# What the cluster's scripts share: where things are, what it is called, and how to run something inside it.

HERE="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
# Everything that a running cluster keeps. The path is short, because Unix sockets live below it.
RUN="${MESHCTL_CLUSTER_DIR:-/var/lib/meshctl-cluster}"
KUBECONFIG_FILE="$RUN/kubeconfig"
# The name of the cluster's folder in each cgroup hierarchy.
CGROUP=meshctl-cluster
NODE=node1
# The node's address, on a veth pair that only the cluster's network namespace has.
NODE_IP=10.88.0.1
POD_CIDR=10.244.0.0/24
SERVICE_CIDR=10.96.0.0/16
API_SERVICE_IP=10.96.0.1
DNS_SERVICE_IP=10.96.0.10
CONTAINERD_SOCKET="$RUN/containerd/containerd.sock"

fail() {
    echo "error: $1" >&2
    [[ -z "${2:-}" ]] || printf '\nhint: %s\n' "$2" >&2
    exit 1
}

# Says what keeps this machine from running the cluster, or nothing.
obstacle() {
    local hierarchy
    hierarchy="$(cgroup_hierarchies | head -n 1)"
    if [[ "$(uname -s)" != Linux ]]; then
        echo "this is not Linux"
    elif [[ "$(id -u)" != 0 ]]; then
        echo "not root"
    elif ! command -v apt-get >/dev/null; then
        echo "containerd, runc, etcd and the CNI plugins come from Debian's packages, and there is no apt-get"
    elif ! unshare --pid --fork --mount --net --uts true 2>/dev/null; then
        echo "no namespaces can be made"
    elif [[ -z "$hierarchy" ]] || ! [[ -w "$hierarchy" ]]; then
        echo "no cgroups can be made"
    fi
}

# The mounted cgroup hierarchies: one a controller with version 1, one in all with version 2.
cgroup_hierarchies() {
    if [[ -e /sys/fs/cgroup/cgroup.controllers ]]; then
        echo /sys/fs/cgroup
    else
        awk '$3 == "cgroup" && $2 ~ "^/sys/fs/cgroup/" { print $2 }' /proc/mounts
    fi
}

# The process that is pid 1 of the running cluster, or nothing.
cluster_pid() {
    local pid
    pid="$(cat "$RUN/pid" 2>/dev/null)" || return 0
    # The number may be another process's by now; only the cluster's names the folder.
    ! grep -qsF "$RUN" "/proc/$pid/cmdline" || echo "$pid"
}

# Runs a command inside the cluster's namespaces, in the present folder.
inside() {
    local pid
    pid="$(cluster_pid)"
    [[ -n "$pid" ]] || fail "no cluster is running" "start one with tests/cluster/up"
    nsenter --target "$pid" --mount --pid --net --uts --wd="$PWD" -- "$@"
}

# await SECONDS WHAT COMMAND...: returns when the command succeeds; fails when that takes too long or the cluster ends.
await() {
    local deadline=$((SECONDS + $1)) what="$2"
    shift 2
    until "$@" >/dev/null 2>&1; do
        if [[ -z "$(cluster_pid)" ]] || ((SECONDS >= deadline)) || compgen -G "$RUN/log/*.ended" >/dev/null; then
            show_troubles
            fail "$what"
        fi
        sleep 0.1
    done
}

# What a person would look at first when the cluster does not come up.
show_troubles() {
    local ended
    for ended in "$RUN"/log/*.ended; do
        [[ -e "$ended" ]] || continue
        echo "--- $(basename "$ended" .ended) ended; its last lines:" >&2
        tail -n 20 "${ended%.ended}.log" >&2
    done
    echo "--- logs: $RUN/log" >&2
}
