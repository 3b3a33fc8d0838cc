#!/usr/bin/env bash
# Installs what Forecast needs on Debian 12 beside the .NET SDK, and only what is missing:
#   eng/setup.sh             what running needs (./forecast calls this)
#   eng/setup.sh --tests     what the tests need as well (./test.sh calls this)
#   eng/setup.sh --debian    the Debian packages alone: the part that needs root
# Ends with 0 when all is there, 1 when something went wrong, 2 when you have to do something first. Says so on standard error.
set -euo pipefail

eng=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
npm_folder=$eng/npm
npm_modules=$npm_folder/node_modules
npm_stamp=$npm_modules/.forecast-installed
policy=/usr/sbin/policy-rc.d

# The SDK's own tools end at once where libicu is missing, unless told that they need none.
export DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1 DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1

say() { printf 'set-up: %s\n' "$*" >&2; }
fail() { say "$1"; shift; printf '%s\n' "$@" | sed 's/^/        /' >&2; }

tests=no debian_only=no npm=wanted
for argument in "$@"; do
    case $argument in
        --tests) tests=yes ;;
        --debian) debian_only=yes ;;
        --without-npm) npm=there ;;
        -h | --help) sed -n '2,6s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 0 ;;
        *) fail "unknown argument '$argument'; known are --tests and --debian"; exit 2 ;;
    esac
done

main() {
    if [ $debian_only = yes ]; then
        install_debian_packages
        return
    fi
    require_sdk
    if { npm_is_installed && [ -z "$(missing_page_packages)" ]; } || command -v npm > /dev/null; then npm=there; fi
    if [ -z "$(missing_debian_packages)" ] && npm_is_installed && [ -z "$(missing_page_packages)" ]; then return; fi
    take_turns
    if [ -n "$(missing_debian_packages)" ]; then get_debian_packages; fi
    if ! npm_is_installed; then install_npm_packages; fi
    local folder
    for folder in $(missing_page_packages); do install_page_packages "$folder"; done
}

require_sdk() {
    if ! command -v dotnet > /dev/null; then
        fail "the .NET SDK is not on the PATH." "Install the SDK that global.json names (.NET 10), put dotnet on the PATH, and run this again."
        exit 2
    fi
    # A version is asked for only once: the question takes longer than all the rest.
    local seen
    seen="$(command -v dotnet) $(cksum < "$eng/../global.json")"
    if [ "$(cat "$eng/.state/sdk" 2> /dev/null)" = "$seen" ]; then return; fi
    local answer
    if ! answer=$(cd "$eng" && dotnet --version 2>&1); then
        fail "the .NET SDK on the PATH does not run, or is not what global.json asks for:" "$(grep -v '^ *$' <<< "$answer" | head -n 6)" \
            "Install the version that global.json names, or a later one of .NET 10."
        exit 2
    fi
    if ! mkdir -p "$eng/.state" 2> /dev/null || ! echo "$seen" 2> /dev/null > "$eng/.state/sdk"; then
        fail "cannot write to $eng." "Clone the project into a folder of your own, or run this as the folder's owner."
        exit 2
    fi
}

take_turns() {
    if ! { exec 9> "$eng/.state/lock"; } 2> /dev/null; then
        fail "cannot write to $eng/.state." "Clone the project into a folder of your own, or run this as the folder's owner."
        exit 2
    fi
    if ! flock -n 9; then
        say "another set-up is at work here; waiting for it"
        flock 9
    fi
}

# ---- Debian packages -------------------------------------------------------------------------------------------------

wanted_debian_packages() {
    local lists=("$eng/debian.txt")
    if [ $tests = yes ]; then lists+=("$eng/debian-tests.txt"); fi
    sed 's/#.*//' "${lists[@]}" | tr -s '[:space:]' '\n' | grep .
    if [ $npm = wanted ]; then echo npm; fi
}

missing_debian_packages() {
    local wanted
    wanted=$(wanted_debian_packages)
    # shellcheck disable=SC2086  # one word a package
    comm -23 <(sort -u <<< "$wanted") <(dpkg-query -W -f='${db:Status-Status} ${Package}\n' $wanted 2> /dev/null | sed -n 's/^installed //p' | sort -u)
}

get_debian_packages() {
    if ! command -v apt-get > /dev/null; then
        fail "this set-up knows Debian 12, and there is no apt-get here. Install what these packages hold, by your own means:" "$(missing_debian_packages | tr '\n' ' ')"
        exit 2
    fi
    local arguments=(--debian)
    if [ $tests = yes ]; then arguments+=(--tests); fi
    if [ $npm = there ]; then arguments+=(--without-npm); fi
    if [ "$(id -u)" = 0 ]; then
        install_debian_packages
    elif command -v sudo > /dev/null && { sudo -n true 2> /dev/null || { [ -t 0 ] && [ -t 2 ]; }; }; then
        say "using sudo for the Debian packages"
        if ! sudo -- "$eng/setup.sh" "${arguments[@]}"; then exit 1; fi
    else
        local by_hand="$eng/setup.sh ${arguments[*]}"
        if command -v sudo > /dev/null; then by_hand="sudo $by_hand"; else by_hand="su -c '$by_hand'"; fi
        fail "these Debian packages are missing, and installing them needs root's rights, which this user does not have:" \
            "$(missing_debian_packages | tr '\n' ' ')" "Run this once, or have root run it, then repeat your command:" "  $by_hand"
        exit 2
    fi
}

install_debian_packages() {
    if [ "$(id -u)" != 0 ]; then
        fail "--debian needs root's rights. Run: sudo $eng/setup.sh $([ $tests = yes ] && echo '--tests ')--debian"
        exit 2
    fi
    mkdir -p /run/lock
    exec 8> /run/lock/forecast-set-up
    flock 8
    local missing
    missing=$(missing_debian_packages)
    if [ -z "$missing" ]; then return; fi
    log=$(mktemp -t forecast-set-up.XXXXXX)
    say "installing $(wc -l <<< "$missing") Debian packages and what they need: $(tr '\n' ' ' <<< "$missing")"
    trap let_services_start EXIT
    keep_services_from_starting
    # shellcheck disable=SC2086  # one word a package
    if ! try_thrice "installing Debian packages" update_and_install $missing; then
        fail "Debian's packages could not be installed. The last lines of $log:" "$(grep -E '^(E|W|Err):' "$log" | tail -n 8)" \
            "Check the network and the sources in /etc/apt, then run this again: it goes on where it stopped."
        exit 1
    fi
    keep_services_off "$missing"
    let_services_start
    trap - EXIT
    rm -f "$log"
}

# Whether a list could not be fetched shows in the installing: a source that Forecast does not need may well be out of order.
update_and_install() {
    apt update || true
    apt install --no-install-recommends "$@"
}

apt() {
    DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 \
        -o APT::Keep-Downloaded-Packages=false "$@" >> "$log" 2>&1 8>&- 9>&- < /dev/null
}

# invoke-rc.d and deb-systemd-invoke ask this program before they start anything; 101 means no. An administrator's own is put back.
keep_services_from_starting() {
    if [ -e $policy ]; then mv $policy $policy.before-forecast; fi
    printf '#!/bin/sh\nexit 101\n' > $policy
    chmod 755 $policy
}

let_services_start() {
    rm -f $policy
    if [ -e $policy.before-forecast ]; then mv $policy.before-forecast $policy; fi
}

# Forecast runs its own broker, and the tests their own Prometheus: what came with the packages is not to start at the next boot either.
keep_services_off() {
    local service
    for service in mosquitto prometheus; do
        if ! grep -qx $service <<< "$1"; then continue; fi
        if command -v systemctl > /dev/null; then
            systemctl disable $service >> "$log" 2>&1 || true
        elif [ -e /etc/init.d/$service ]; then
            update-rc.d $service disable >> "$log" 2>&1 || true
        fi
        say "$service is installed and not started; its system service is left disabled"
    done
}

# ---- npm packages ----------------------------------------------------------------------------------------------------

npm_is_installed() {
    [ -f "$npm_modules/onnxruntime-node/bin/napi-v6/linux/x64/libonnxruntime.so.1" ] \
        && [ -d "$npm_modules/com.github.asus4.onnxruntime/Runtime" ] \
        && cmp -s "$npm_folder/package-lock.json" "$npm_stamp" \
        && { ! cuda_is_wanted || [ -f "$npm_modules/com.github.asus4.onnxruntime.linux-x64-gpu/Plugins/Linux/x64/libonnxruntime_providers_cuda.so" ]; }
}

# Where there is an NVIDIA GPU, or where FORECAST_CUDA=yes says that there will be one (an image built elsewhere).
cuda_is_wanted() {
    case ${FORECAST_CUDA:-} in
        yes) true ;;
        no) false ;;
        *) [ -e /dev/nvidiactl ] ;;
    esac
}

install_npm_packages() {
    log=$(mktemp -t forecast-set-up.XXXXXX)
    local optional=(--omit=optional) what='ONNX Runtime from npm (670 MB unpacked, for every platform'
    if cuda_is_wanted; then optional=() what='ONNX Runtime with its CUDA provider from npm (900 MB unpacked'; fi
    say "installing $what; no script of any package is run)"
    if [ -L "$npm_modules" ]; then rm "$npm_modules"; fi
    if ! try_thrice "npm ci" run_npm ${optional[@]+"${optional[@]}"}; then
        fail "npm's packages could not be installed. The last lines of $log:" "$(tail -n 8 "$log")" \
            "Check the network and npm's configuration (npm config list), then run this again."
        exit 1
    fi
    # Packed files carry a date of 1985: the build would take a newer version for an older one.
    find "$npm_modules" \( -name 'libonnxruntime.so*' -o -name 'libonnxruntime_providers_*.so' \) -exec touch {} +
    # Debian's npm, run by root, leaves files with whatever owner they were packed with.
    if [ "$(id -u)" = 0 ]; then chown -R --reference="$npm_folder" "$npm_modules"; fi
    cp "$npm_folder/package-lock.json" "$npm_stamp"
    rm -f "$log"
}

# The dashboard's page is built from a few small packages, and tested with two more.
missing_page_packages() {
    local folder folders=(Cli/Dashboard/page)
    if [ $tests = yes ]; then folders+=(Pipeline.Tests/Dashboard/browser); fi
    for folder in "${folders[@]}"; do
        if ! cmp -s "$eng/../$folder/package-lock.json" "$eng/../$folder/node_modules/.forecast-installed"; then echo "$folder"; fi
    done
}

install_page_packages() {
    local folder=$eng/../$1
    log=$(mktemp -t forecast-set-up.XXXXXX)
    say "installing the npm packages of $1 (20 MB at most)"
    if ! try_thrice "npm ci" run_npm_in "$folder"; then
        fail "npm's packages could not be installed. The last lines of $log:" "$(tail -n 8 "$log")" \
            "Check the network and npm's configuration (npm config list), then run this again."
        exit 1
    fi
    if [ "$(id -u)" = 0 ]; then chown -R --reference="$folder" "$folder/node_modules"; fi
    cp "$folder/package-lock.json" "$folder/node_modules/.forecast-installed"
    rm -f "$log"
}

run_npm() { run_npm_in "$npm_folder" "$@"; }

run_npm_in() { local folder=$1; shift; (cd "$folder" && npm ci "$@" --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error >> "$log" 2>&1 9>&- < /dev/null); }

try_thrice() {
    local what=$1 attempt
    shift
    for attempt in 1 2 3; do
        if "$@"; then return 0; fi
        if [ $attempt -lt 3 ]; then
            say "$what failed (try $attempt of 3); trying again in $((attempt * 5)) s"
            sleep $((attempt * 5))
        fi
    done
    return 1
}

main
