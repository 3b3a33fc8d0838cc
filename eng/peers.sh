#!/usr/bin/env bash
# Installs what `./forecast bench --peers` measures beside Forecast, on Debian 12, and only what is missing. Neither running nor testing Forecast needs any of it.
#   eng/peers.sh             GStreamer 1.22 with its Python binding, paho-mqtt for Python, mosquitto's clients, from Debian; npm's mqtt, from eng/peers
#   eng/peers.sh --check     says what is missing, and ends with 1 where anything is
# onnxruntime-node is the one that eng/setup.sh installs: the same library as the product's.
set -euo pipefail

eng=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
packages='gstreamer1.0-tools gstreamer1.0-plugins-base gstreamer1.0-plugins-good gir1.2-gst-plugins-base-1.0 python3-gi python3-paho-mqtt mosquitto-clients'
say() { printf 'peers: %s\n' "$*" >&2; }

missing_packages() {
    # shellcheck disable=SC2086  # one word a package
    comm -23 <(tr ' ' '\n' <<< "$packages" | sort) <(dpkg-query -W -f='${db:Status-Status} ${Package}\n' $packages 2> /dev/null | sed -n 's/^installed //p' | sort -u)
}
npm_is_there() { [ -d "$eng/peers/node_modules/mqtt" ] && cmp -s "$eng/peers/package-lock.json" "$eng/peers/node_modules/.forecast-installed"; }

case ${1:-} in
    '') ;;
    --check)
        lacks="$(missing_packages | xargs)$(npm_is_there || echo ' mqtt (npm)')"
        if [ -n "$lacks" ]; then say "missing: $lacks"; exit 1; fi
        exit 0 ;;
    *) sed -n '2,5s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 2 ;;
esac

wanted=$(missing_packages | xargs)
if [ -n "$wanted" ]; then
    root=()
    if [ "$(id -u)" != 0 ]; then
        if ! command -v sudo > /dev/null; then
            say "these Debian packages are missing, and installing them needs root's rights: $wanted"
            exit 2
        fi
        root=(sudo)
    fi
    say "installing $wanted"
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive sh -c "apt-get -q -y update > /dev/null; apt-get -q -y -o Acquire::Retries=3 install --no-install-recommends $wanted > /dev/null"
fi
if ! npm_is_there; then
    say 'installing the npm package mqtt; no script of any package is run'
    (cd "$eng/peers" && npm ci --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error < /dev/null)
    cp "$eng/peers/package-lock.json" "$eng/peers/node_modules/.forecast-installed"
fi
"$eng/setup.sh"
say 'all there: ./forecast bench --peers'
