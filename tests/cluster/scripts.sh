# shellcheck shell=bash
# Loads what `up` and `bring` are made of. The repository's root must be the present folder.

LOGS="$(realpath --canonicalize-missing "${LOGS:-target/test-logs}")"
mkdir -p "$LOGS"
# shellcheck source=tests/support/prepare.sh
source tests/support/prepare.sh
# shellcheck source=tests/cluster/common.sh
source tests/cluster/common.sh
# shellcheck source=tests/cluster/binaries.sh
source tests/cluster/binaries.sh
# shellcheck source=tests/cluster/settings.sh
source tests/cluster/settings.sh
# shellcheck source=tests/cluster/pki.sh
source tests/cluster/pki.sh
