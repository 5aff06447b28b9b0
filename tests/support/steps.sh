# shellcheck shell=bash
# Runs steps of a tier, keeps their logs and counts what passed, failed and was skipped.

TOTAL_PASSED=0 TOTAL_FAILED=0 TOTAL_SKIPPED=0
TIER="" FILTER="" BROKEN=0

run_tier() {
    TIER="$1"
    PASSED=0 FAILED=0 SKIPPED=0
    local start=$SECONDS
    "tier_$TIER"
    local took=$((SECONDS - start))
    printf 'TIER %s: %d passed, %d failed, %d skipped, %02d:%02d\n' \
        "$TIER" "$PASSED" "$FAILED" "$SKIPPED" $((took / 60)) $((took % 60))
    if ((SKIPPED > 0)) && [[ "${CI:-}" == true && ",${MESHCTL_ALLOW_SKIP:-}," != *",$TIER,"* ]]; then
        echo "error: tier $TIER skipped tests, and MESHCTL_ALLOW_SKIP does not name it" >&2
        BROKEN=1
    fi
    ((TOTAL_PASSED += PASSED, TOTAL_FAILED += FAILED, TOTAL_SKIPPED += SKIPPED))
}

# Prints the sum, which must be the last line of all, and ends with the verdict.
finish() {
    echo "$TOTAL_PASSED passed, $TOTAL_FAILED failed, $TOTAL_SKIPPED skipped"
    ((TOTAL_FAILED == 0 && BROKEN == 0 && TOTAL_PASSED > 0))
    exit
}

# step NAME COMMAND...: one thing that passes or fails as a whole.
step() {
    local name="$1"
    shift
    [[ -z "$FILTER" || "$FILTER" == "$name" ]] || return 0
    if ! logged "$name" "$@"; then
        ((FAILED += 1))
    elif grep -q '^SKIPPED' "$LOG"; then
        ((SKIPPED += $(grep -c '^SKIPPED' "$LOG")))
    else
        ((PASSED += 1))
    fi
}

# cargo_step NAME COMMAND...: test programs, counted test by test from cargo's own lines.
cargo_step() {
    local name="$1" status=0
    shift
    local filter=()
    [[ -z "$FILTER" || "$FILTER" == "$name" ]] || filter=("$FILTER")
    logged "$name" "$@" "${filter[@]}" --no-fail-fast -- --show-output || status=1
    local passed failed ignored skipped
    read -r passed failed ignored < <(awk '/^test result:/ { passed += $4; failed += $6; ignored += $8 }
        END { print passed + 0, failed + 0, ignored + 0 }' "$LOG")
    skipped=$(grep -c '^SKIPPED' "$LOG")
    # A build that breaks fails without a single `test result:`.
    ((status != 0 && failed == 0)) && failed=1
    # To cargo, a test that printed SKIPPED has passed.
    ((PASSED += passed - skipped, FAILED += failed, SKIPPED += skipped + ignored))
}

# Runs a command with its output in a log: in full when it fails, else only the lines that count.
logged() {
    local name="$1" start=$SECONDS status=0
    shift
    LOG="$LOGS/$TIER-$name.log"
    "$@" >"$LOG" 2>&1 </dev/null || status=$?
    if ((status != 0)); then
        cat "$LOG"
    else
        grep -E '^(test result:|SKIPPED|NOT RUN|NOTE)' "$LOG"
    fi
    printf '  %s %s %s (%ds)\n' "$([[ $status == 0 ]] && echo ok || echo FAILED)" "$TIER" "$name" $((SECONDS - start))
    return "$status"
}

# The names of the workspace's test programs, but for those in a list with spaces between.
test_programs() {
    cargo metadata --locked --no-deps --format-version 1 | python3 -c '
import json, sys
names = {t["name"] for p in json.load(sys.stdin)["packages"] for t in p["targets"] if t["kind"] == ["test"]}
print("\n".join(sorted(names - set(sys.argv[1].split()))))' "$@"
}
