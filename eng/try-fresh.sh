#!/usr/bin/env bash
# Tries the set-up where nothing is installed: a bare Debian 12 in a folder (debootstrap), the .NET SDK, and a clone of HEAD.
#   eng/try-fresh.sh [--folder DIR] [--keep] [--sudo] [COMMAND...]
# First as a user without rights, who must be told what to do; then as root, or with --sudo as a user who has sudo.
# Each COMMAND is one argument, run by bash in the clone; without one: ./test.sh, and ./forecast demo where the command has it.
# Needs root and debootstrap. The mirror and every registry are this machine's own settings, copied in; nothing of it is committed.
# Ends with a table of what each step took, and with 1 if a step failed or the set-up left something behind.
# shellcheck disable=SC2016
set -euo pipefail

root=$(dirname "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")")
folder=/tmp/forecast-fresh keep=no with_sudo=no commands=()
arguments=("$@")
while [ $# -gt 0 ]; do
    case $1 in
        --folder) folder=${2:?--folder wants a path}; shift ;;
        --keep) keep=yes ;;
        --sudo) with_sudo=yes ;;
        -h | --help) sed -n '2,8s/^# \{0,1\}//p' "$0"; exit 0 ;;
        -*) echo "try-fresh: unknown argument '$1'; see --help" >&2; exit 2 ;;
        *) commands+=("$1") ;;
    esac
    shift
done
if [ "$(id -u)" != 0 ] || ! command -v debootstrap > /dev/null; then
    echo 'try-fresh: needs root and the Debian package debootstrap' >&2
    exit 2
fi
# Mounts and processes of its own: whatever is mounted or started in there is gone with it.
if [ -z "${FORECAST_FRESH_INSIDE:-}" ]; then
    FORECAST_FRESH_INSIDE=1 exec unshare --mount --pid --ipc --fork --kill-child --mount-proc "$0" ${arguments[@]+"${arguments[@]}"}
fi

user_home=/root base=$folder/base machine=$folder/machine failures=0 table=()
say() { printf '\n== %s\n' "$*"; }

make_base() {
    if [ -d "$base/usr/share/doc" ]; then return; fi
    say 'making a bare Debian 12'
    local mirror
    mirror=$({ cat /etc/apt/sources.list /etc/apt/sources.list.d/*.sources /etc/apt/sources.list.d/*.list 2> /dev/null || true; } \
        | sed -nE 's/^URIs: *([^ ]+).*/\1/p; s/^deb +(\[[^]]*\] +)?([^ ]+).*/\2/p' | head -n 1)
    rm -rf "$base"
    mkdir -p "$folder"
    debootstrap --variant=minbase bookworm "$base" "$mirror" > "$folder/debootstrap.log" 2>&1 || { tail -n 5 "$folder/debootstrap.log"; exit 1; }
}

make_machine() {
    if [ -d "$machine" ]; then rm -rf --one-file-system "$machine"; fi
    cp -a --reflink=auto "$base" "$machine"
    rm -f "$machine/usr/sbin/policy-rc.d"
    local file
    for file in /etc/resolv.conf /etc/hosts /etc/apt/sources.list /etc/apt/sources.list.d/*.sources /etc/apt/sources.list.d/*.list \
        /etc/apt/apt.conf.d/99* /usr/share/keyrings/debian-archive-keyring.gpg /usr/local/share/ca-certificates/*.crt \
        "$HOME/.npmrc" "$HOME/.nuget/NuGet/NuGet.Config" "${SSL_CERT_FILE:-}" "${NODE_EXTRA_CA_CERTS:-}"; do
        if [ -f "$file" ]; then
            mkdir -p "$machine$(dirname "$file")"
            cp -L "$file" "$machine$file"
        elif [ -n "$file" ] && [ -f "$machine$file" ]; then
            rm "$machine$file"
        fi
    done
    mount -t proc proc "$machine/proc"
    mount --rbind /dev "$machine/dev"
    local sdk
    sdk=$(dirname "$(readlink -f "$(command -v dotnet)")")
    mkdir -p "$machine/opt/dotnet"
    mount --bind "$sdk" "$machine/opt/dotnet"
    mount -o remount,bind,ro "$machine/opt/dotnet"
    ln -s /opt/dotnet/dotnet "$machine/usr/bin/dotnet"
    if [ -n "$(git -C "$root" status --porcelain)" ]; then say 'note: what is not committed is not tried'; fi
}

# The machine's own settings for its registries, where they are environment variables, and nothing else of this shell.
inside() {
    local kept=()
    while IFS= read -r name; do kept+=("$name=${!name}"); done < <(compgen -e | grep -iE '^(npm_config_|nuget_|ssl_cert_|node_extra_ca|https?_proxy|no_proxy)' || true)
    chroot "$machine" /usr/bin/env -i HOME="$user_home" PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        LANG=C.UTF-8 CI=true ${kept[@]+"${kept[@]}"} "$@"
}

# step WANTED_EXIT SHELL_COMMAND
step() {
    local wanted=$1 started=$EPOCHREALTIME status=0 verdict=ok
    shift
    say "$*"
    inside "${as[@]}" bash -c "cd $clone && $*" < /dev/null || status=$?
    if [ $status != "$wanted" ]; then verdict="FAILED: exit code $status, not $wanted"; failures=$((failures + 1)); fi
    table+=("$(awk -v a="$started" -v b="$EPOCHREALTIME" 'BEGIN { printf "%8.1f s", b - a }')  $verdict  $who: $*")
}

check() {
    if ! eval "$2"; then
        table+=("            FAILED  $1")
        failures=$((failures + 1))
    fi
}

make_base
make_machine
megabytes() { du -sm --one-file-system --exclude=forecast "$machine" | cut -f 1; }
before=$(megabytes)

# become USER: what follows is done by that user, in a clone of its own
become() {
    who=$1 user_home=/home/$1 clone=/home/$1/forecast as=(setpriv "--reuid=$1" "--regid=$1" --clear-groups)
    if [ "$1" = root ]; then user_home=/root clone=/root/forecast as=(); else inside useradd --create-home "$1"; fi
    local file
    for file in .npmrc .nuget; do
        if [ "$1" != root ] && [ -e "$machine/root/$file" ]; then cp -r "$machine/root/$file" "$machine$user_home/"; fi
    done
    git clone --quiet --no-local "$root" "$machine$clone"
    git -C "$machine$clone" checkout --quiet "$(git -C "$root" rev-parse HEAD)"
    inside chown -R "$1:" "$user_home"
}

become visitor
step 2 ./forecast demo
if [ $with_sudo = yes ]; then
    inside bash -c 'apt-get -q update && apt-get -q -y install --no-install-recommends sudo' > "$folder/sudo.log" 2>&1
    echo 'owner ALL=(ALL) NOPASSWD: ALL' > "$machine/etc/sudoers.d/owner"
    become owner
else
    become root
fi
step 0 eng/setup.sh
check 'the set-up left a process running' '! ps -e -o comm= | grep -E "mosquitto|prometheus|systemd|dbus"'
check 'the set-up left policy-rc.d behind' '[ ! -e "$machine/usr/sbin/policy-rc.d" ]'
table+=("$(($(megabytes) - before)) MB of Debian packages and caches, $(du -sm "$machine$clone/eng/npm" | cut -f 1) MB of npm packages")
step 0 eng/setup.sh
if [ ${#commands[@]} -gt 0 ]; then
    for command in "${commands[@]}"; do step 0 "$command"; done
else
    step 0 ./test.sh
    step 0 eng/setup.sh --tests
    step 0 ./forecast demo --summary /tmp/demo.json
fi
check 'a service starts at boot' '! ls "$machine"/etc/systemd/system/*.wants "$machine"/etc/rc[2345].d 2> /dev/null | grep -E "^(S[0-9]+)?(mosquitto|prometheus)"'
check 'something the build made is not ignored by git' '[ -z "$(GIT_OPTIONAL_LOCKS=0 git -c safe.directory="*" -C "$machine$clone" status --porcelain)" ]'
check 'something in the clone belongs to another user' '[ -z "$(inside find "$clone" ! -user "$who" -print -quit)" ]'

say "what it took, on $(nproc) cores"
printf '%s\n' "${table[@]}"
if [ $keep = no ]; then
    umount -R --lazy "$machine/proc" "$machine/dev" "$machine/opt/dotnet" # lazily: a build server that is still ending holds them
    rm -rf --one-file-system "$machine"
fi
[ $failures = 0 ]
