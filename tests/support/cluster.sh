# shellcheck shell=bash
# Runs the tier `cluster` on a cluster of our own, and takes down what it has brought up.

own_cluster() {
    local filter="$FILTER" before="" kubeconfig
    FILTER=""
    [[ -z "$CLUSTER_PID" ]] || wait "$CLUSTER_PID" || { cat "$LOGS/bring.log"; }
    # A cluster that somebody is using stays.
    [[ -n "$(tests/cluster/running)" ]] || before="$(tests/cluster/traces)"
    step up tests/cluster/up
    kubeconfig="$(tail -n 1 "$LOG")"
    if [[ -f "$kubeconfig" ]]; then
        grep ' s  ' "$LOG"
        step again found_again
        step images tests/cluster/images/load
        FILTER="$filter"
        MESHCTL_E2E_KUBECONFIG="$kubeconfig" MESHCTL_E2E_CLUSTER=own MESHCTL_KUBECTL="$(tests/cluster/kubectl --path)" \
            RUST_BACKTRACE=0 e2e
        FILTER=""
        echo "  memory of the whole cluster:$(tests/cluster/memory | tail -n 1)"
    fi
    [[ -z "$before" ]] || step down no_trace "$before"
    FILTER="$filter"
}

# A second `up` finds the running cluster.
found_again() {
    local before
    before="$(tests/cluster/running)"
    tests/cluster/up && [[ -n "$before" && "$(tests/cluster/running)" == "$before" ]]
}

# `down` leaves the machine as it was before `up`.
no_trace() {
    tests/cluster/down && diff <(echo "$1") <(tests/cluster/traces)
}
