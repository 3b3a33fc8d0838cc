# shellcheck shell=bash disable=SC2154
# Sourced by ./forecast and ./test.sh after `root` is set: builds Release where the sources are not those of the last build.
# The SDK's own tools end at once where libicu is missing, unless told that they need none.
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1

sources() {
    (cd "$root" && find Pipeline Adapters Replay Cli Benchmarks Pipeline.Tests eng Directory.*.props Forecast.sln global.json .editorconfig \
        \( -name bin -o -name obj -o -name node_modules -o -name .state \) -prune -o -type f -printf '%p %s %T@\n' | sort | sha256sum)
}

# build PROJECT NAME: nothing to do takes some hundredths of a second, and no right to write here.
build() {
    local project=$1 name=$2 state=$root/eng/.state now
    now=$(sources)
    if is_built "$name" "$now"; then return; fi
    mkdir -p "$state"
    exec 9> "$state/lock"
    flock 9
    if ! is_built "$name" "$now"; then
        rm -f "$state/built-$name"
        echo "build: compiling $project (Release)" >&2
        # The lock is not for a build server to inherit.
        if ! (cd "$root" && dotnet build "$project" -c Release -nodeReuse:false -v quiet -clp:NoSummary) > "$state/build-$name.log" 2>&1 9>&-; then
            echo "build: failed:" >&2
            { grep -E ': (error|warning) |error :' "$state/build-$name.log" || tail -n 20 "$state/build-$name.log"; } | sort -u | head -n 20 >&2
            exec 9>&-
            return 1
        fi
        echo "$now" > "$state/built-$name"
    fi
    exec 9>&-
}

# The whole solution's build, which the tests do, counts for the command as well.
is_built() {
    [ -f "$root/Cli/bin/Release/net10.0/forecast.dll" ] && { cat "$root/eng/.state/built-$1" "$root/eng/.state/built-tests" 2> /dev/null || true; } | grep -qxF "$2"
}
