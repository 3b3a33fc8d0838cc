# shellcheck shell=bash disable=SC2154
# Sourced by ./forecast and ./test.sh after `root` is set: builds Release where the sources are not those of the last build.
# The SDK's own tools end at once where libicu is missing, unless told that they need none.
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1

sources() {
    (cd "$root" && find Pipeline Adapters Replay Cli Pipeline.Tests eng Directory.*.props Forecast.sln global.json .editorconfig \
        \( -name bin -o -name obj -o -name node_modules -o -name .state \) -prune -o -type f -printf '%p %s %T@\n' | sort | sha256sum)
}

# build PROJECT STAMP: nothing to do takes some hundredths of a second.
build() {
    local project=$1 stamp=$root/eng/.state/built-$2 log=$root/eng/.state/build-$2.log now
    mkdir -p "$root/eng/.state"
    exec 9> "$root/eng/.state/lock"
    flock 9
    now=$(sources)
    # The whole solution's build, which the tests do, counts for the command as well.
    if [ ! -f "$root/Cli/bin/Release/net10.0/forecast.dll" ] || ! { cat "$stamp" "$root/eng/.state/built-tests" 2> /dev/null || true; } | grep -qxF "$now"; then
        rm -f "$stamp"
        echo "build: compiling $project (Release)" >&2
        # The lock is not for build servers to inherit, and none is left running.
        if ! (cd "$root" && dotnet build "$project" -c Release --disable-build-servers -v quiet -clp:NoSummary) > "$log" 2>&1 9>&-; then
            echo "build: failed:" >&2
            { grep -E ': (error|warning) |error :' "$log" || tail -n 20 "$log"; } | sort -u | head -n 20 >&2
            exec 9>&-
            return 1
        fi
        echo "$now" > "$stamp"
    fi
    exec 9>&-
}
