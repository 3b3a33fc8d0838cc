#!/usr/bin/env bash
# Installs the Debian packages that Training needs, and only those that are missing. Starts no service. Nothing but Training needs them.
# Training runs with Debian's own /usr/bin/python3. Ends with 0 when all is there, 2 when you have to do something first.
set -euo pipefail

packages=(python3-torch libopenblas0-pthread python3-onnx python3-numpy python3-scipy python3-opencv python3-matplotlib python3-yaml
    python3-moderngl libegl1 libegl-mesa0 libgl1-mesa-dri sumo sumo-tools ffmpeg)
policy=/usr/sbin/policy-rc.d

say() { printf 'training set-up: %s\n' "$*" >&2; }

missing() {
    local package
    for package in "${packages[@]}"; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2> /dev/null)" = installed ] || printf '%s ' "$package"
    done
}

wanted=$(missing)
if [ -z "$wanted" ]; then exit 0; fi
say "missing: $wanted"

as_root=()
if [ "$(id -u)" != 0 ]; then
    if ! command -v sudo > /dev/null || ! sudo -n true 2> /dev/null; then
        say "needs root or sudo without a password to install them. Run this, then again $0:"
        say "    apt-get install --no-install-recommends $wanted"
        exit 2
    fi
    as_root=(sudo)
fi

# A package must not start a service while it is installed; a policy that is there already is kept.
if [ ! -e $policy ]; then
    printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee $policy > /dev/null
    "${as_root[@]}" chmod +x $policy
    trap '"${as_root[@]}" rm -f $policy' EXIT
fi
install() { "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $wanted > /dev/null; }
if ! install 2> /dev/null; then
    say "fetching the package lists"
    if ! { "${as_root[@]}" apt-get update -qq && install; }; then
        say "apt-get could not install: $wanted"
        exit 2
    fi
fi
say "done"
