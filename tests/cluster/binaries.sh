# shellcheck shell=bash
# Brings the cluster's binaries: containerd, runc, etcd and the CNI plugins from Debian's packages, unpacked and not
# installed, so that no service starts on this machine; Kubernetes and its DNS built from their Go modules.

PACKAGES=(containerd runc etcd-server containernetworking-plugins busybox-static)

# Sets TOOLS (Debian's programs), KUBERNETES (the components, each by its name) and PAUSE (the image of a pod's sandbox).
# shellcheck disable=SC2034 # whoever calls it uses them
bring_binaries() {
    bring_host_tools
    local key
    key="$(packages_key)"
    TOOLS="$(cached "cluster-tools-$key" unpack_packages)" || fail "Debian's packages cannot be had: ${PACKAGES[*]}" "see $LOGS/apt.log"
    KUBERNETES="$(bring_kubernetes)" || fail "Kubernetes cannot be built"
    PAUSE="$(cached "cluster-pause-$(sha256sum "$HERE/pause.c" | cut -c1-16)" build_pause)" || fail "the pause image cannot be built"
}

bring_kubernetes() {
    cached "kubernetes-$(kubernetes_version)-$(cat "$HERE"/kubernetes/{go.sum,main.go} | sha256sum | cut -c1-16)" build_kubernetes
}

# What the cluster needs on the path, and what has no service that would start.
bring_host_tools() {
    local tool
    for tool in iptables:iptables nft:nftables openssl:openssl ip:iproute2 conntrack:conntrack modprobe:kmod pgrep:procps \
        gcc:gcc,libc6-dev python3:python3 go:golang-go; do
        local packages="${tool#*:}"
        # shellcheck disable=SC2086 # one word a package
        need "${tool%%:*}" ${packages//,/ } || fail "not installed, and cannot be: ${tool%%:*}" "see $LOGS/apt.log"
    done
    [[ -e /usr/lib/$(uname -m)-linux-gnu/libseccomp.so.2 ]] || apt_install libseccomp2 || fail "libseccomp2 cannot be installed"
}

packages_key() {
    apt-cache policy "${PACKAGES[@]}" | grep -q 'Candidate: [0-9]' || apt_update
    apt-cache policy "${PACKAGES[@]}" | grep Candidate | sha256sum | cut -c1-16
}

unpack_packages() {
    local package
    mkdir "$1/packages" && chmod 755 "$1" "$1/packages" || return
    (cd "$1/packages" && apt_alone apt-get download "${PACKAGES[@]}") || return
    for package in "$1"/packages/*.deb; do
        dpkg-deb --extract "$package" "$1" || return
    done
    rm -r "$1/packages"
}

kubernetes_version() {
    sed -n 's|^\tk8s.io/kubernetes \(v[0-9.]*\)$|\1|p' "$HERE/kubernetes/go.mod"
}

# One program for all components; each is a link to it.
build_kubernetes() {
    local version flags="-s -w" package name
    version="$(kubernetes_version)"
    for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
        flags+=" -X $package.gitVersion=$version -X $package.gitMajor=$(cut -d. -f1 <<<"${version#v}")"
        flags+=" -X $package.gitMinor=$(cut -d. -f2 <<<"$version") -X $package.gitTreeState=clean"
    done
    CGO_ENABLED=0 go -C "$HERE/kubernetes" build -trimpath -ldflags "$flags" -o "$1/kubernetes" . || return
    for name in coredns kube-apiserver kube-controller-manager kube-proxy kube-scheduler kubectl kubelet; do
        ln -s kubernetes "$1/$name" || return
    done
}

build_pause() {
    mkdir "$1/root" && gcc -Os -static -o "$1/root/pause" "$HERE/pause.c" && strip "$1/root/pause" \
        && python3 "$HERE/images/archive.py" "$1/pause.tar" "$PAUSE_IMAGE" "$1/root" '{"Entrypoint": ["/pause"], "User": "65535:65535"}'
}
