#!/usr/bin/env bash
# Spoilt inputs for everything that reads what others wrote, each target in a process of its own, so that a crash in a native decoder is seen:
#   eng/fuzz.sh [MINUTES] [TARGET]      MINUTES of each target, default 2; TARGET is one of configuration rig manifest request vehicle watch jpeg video, default all
# A finding (a crash, an exception that is no refusal, an input that takes 10 s, memory of 256 MB over the base) is stored under runs/fuzz/TARGET with what is known of it. Mended, the
# input belongs into Pipeline.Tests/Fixtures/Fuzz/TARGET, where FuzzTests tries it for ever. FORECAST_FUZZ_SEED begins elsewhere. Ends with 0 when nothing was found, with 1 otherwise.
set -uo pipefail
root=$(dirname "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")")
minutes=${1:-2} targets=${2:-configuration rig manifest request vehicle watch jpeg video}
case $minutes in '' | *[!0-9.]*) sed -n '2,6s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 2 ;; esac

"$root/eng/setup.sh" || exit
# shellcheck source=build.sh
source "$root/eng/build.sh"
build Forecast.sln tests || exit 1
program=$root/Pipeline.Tests/bin/Release/net10.0/Forecast.Pipeline.Tests
now() { date +%s.%N; }
left() { awk -v until="$1" -v now="$(now)" 'BEGIN { printf "%.3f", until - now }'; }

found=0
for target in $targets; do
    folder=$root/runs/fuzz/$target
    mkdir -p "$folder"
    until=$(awk -v now="$(now)" -v minutes="$minutes" 'BEGIN { printf "%.3f", now + 60 * minutes }')
    seed=${FORECAST_FUZZ_SEED:-$(date +%s)} ends=0
    while seconds=$(left "$until") && [ "${seconds%%.*}" -gt 0 ]; do
        # the tests' own program, taken over by its start-up hook
        code=0
        { FORECAST_FUZZ_TARGET=$target FORECAST_FUZZ_SECONDS=$seconds FORECAST_FUZZ_SEED=$seed FORECAST_FUZZ_FINDINGS=$folder DOTNET_STARTUP_HOOKS=$program.dll \
            dotnet exec --runtimeconfig "$program.runtimeconfig.json" --depsfile "$program.deps.json" "$program.dll" 2> "$folder/stderr.log" < /dev/null > "$folder/said" || code=$?; } 2> /dev/null
        cut -c 1-200 "$folder/said"
        if [ $code != 0 ]; then
            found=1
            if [ -f "$folder/under-way" ]; then
                name=crash-$(sha256sum "$folder/under-way" | cut -c 1-12)
                mv "$folder/under-way" "$folder/$name"
                { echo "the process ended with $code"; tail -n 40 "$folder/stderr.log"; } > "$folder/$name.why"
                echo "$name: the process ended with $code"
            elif [ ! -s "$folder/said" ]; then
                echo "$target: did not start (ended with $code)" >&2
                exit 2
            fi
            ends=$((ends + 1))
            if [ $ends = 10 ]; then
                echo "$target: ten findings are enough to begin with"
                break
            fi
        fi
        seed=$((seed + 1))
    done
done
[ $found = 0 ] && echo 'nothing was found' || echo "findings are under $root/runs/fuzz"
exit $found
