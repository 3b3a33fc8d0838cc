#!/usr/bin/env bash
# Sets up what is missing, builds with warnings as errors, and runs the tests. The last line is `N passed, N failed, N skipped`.
#   ./test.sh                  all but the slow ones ([Trait("Category", "Slow")])
#   ./test.sh --all            the slow ones too, and Training's, which need what Training/setup.sh installs
#   ./test.sh --filter EXPR    those that EXPR selects, as `dotnet test --filter` reads it
set -euo pipefail
root=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
cd "$root"

filter='Category!=Slow' training=no
while [ $# -gt 0 ]; do
    case $1 in
        --all) filter= training=yes ;;
        --filter) filter=${2:?--filter wants an expression} training=no; shift ;;
        -h | --help) sed -n '2,5s/^# \{0,1\}//p' "$0"; exit 0 ;;
        *) echo "test.sh: unknown argument '$1'; known are --all and --filter EXPR" >&2; exit 2 ;;
    esac
    shift
done

eng/setup.sh --tests
source eng/build.sh
if ! build Forecast.sln tests; then
    echo '0 passed, 0 failed, 0 skipped'
    exit 1
fi

results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
status=0
# Ten minutes without a test's end is a hang: the run is ended and says which test it was.
dotnet test Forecast.sln -c Release --no-build --nologo ${filter:+--filter "$filter"} --logger 'console;verbosity=minimal' \
    --logger 'trx;LogFilePrefix=run' --results-directory "$results" --blame-hang-timeout 10m --blame-hang-dump-type none < /dev/null || status=$?

# name TAB outcome TAB message, a test a line, out of the test platform's XML
outcomes() {
    find "$results" -name '*.trx' -exec cat {} + | awk 'BEGIN { RS = "<UnitTestResult " } NR > 1 {
        sub(/<\/Results>.*/, ""); name = outcome = message = $0
        sub(/.*testName="/, "", name); sub(/".*/, "", name)
        sub(/.*outcome="/, "", outcome); sub(/".*/, "", outcome)
        if (sub(/.*<Message>/, "", message)) sub(/<\/Message>.*/, "", message); else message = ""
        gsub(/[[:space:]]+/, " ", message); print name "\t" outcome "\t" message }' \
        | sed 's/&lt;/</g; s/&gt;/>/g; s/&quot;/"/g; s/&apos;/'"'"'/g; s/&#x[AaDd];/ /g; s/&amp;/\&/g'
}
outcomes > "$results/outcomes"

# What Training's tests need and is not there: Python modules first, then programs.
training_lacks() {
    /usr/bin/python3 -c 'import importlib.util as i, sys; print(*(m for m in sys.argv[1:] if i.find_spec(m) is None))' torch onnx numpy scipy cv2 matplotlib yaml moderngl 2> /dev/null \
        || echo /usr/bin/python3
    local program
    for program in sumo ffmpeg; do command -v $program > /dev/null || echo $program; done
}

training_skipped=0
if [ $training = yes ]; then
    lacks=$(training_lacks | xargs)
    if [ -n "$lacks" ]; then
        training_skipped=$(grep -hE '^ +def test_' Training/tests/test_*.py Training/real/test_*.py | wc -l)
    else
        export ONNXRUNTIME_NODE=$root/eng/npm
        for suite in 'tests' 'real .'; do
            # shellcheck disable=SC2086  # the folder and, for a package, where its imports begin
            if ! (cd Training && /usr/bin/python3 -B "$root/eng/training-tests.py" "$results/outcomes" $suite < /dev/null) \
                && ! grep -q "^Training: .*$(printf '\tFailed\t')" "$results/outcomes"; then
                printf 'Training/%s: the run itself, which broke off\tFailed\t\n' "${suite% .}" >> "$results/outcomes"
            fi
        done
    fi
fi
count() { awk -F '\t' -v wanted="$1" '$2 == wanted' "$results/outcomes" | wc -l; }
total=$(wc -l < "$results/outcomes") passed=$(count Passed) skipped=$(count NotExecuted)
failed=$((total - passed - skipped)) skipped=$((skipped + training_skipped))

echo
awk -F '\t' '$2 == "NotExecuted" { print "skipped: " $1 ": " $3 }' "$results/outcomes"
if [ $training_skipped -gt 0 ]; then echo "skipped: $training_skipped tests of Training: $lacks missing; Training/setup.sh installs what they need"; fi
awk -F '\t' '$2 != "NotExecuted" && $2 != "Passed" { print "failed: " $1 }' "$results/outcomes"
if [ $failed -gt 0 ] && [ $status = 0 ]; then status=1; fi
if [ $status != 0 ] && [ $failed = 0 ]; then
    echo "failed: the run itself, which broke off (dotnet test ended with $status)"
    failed=1
elif [ "$total" = 0 ]; then
    echo 'no test ran'
    status=1
fi
echo "$passed passed, $failed failed, $skipped skipped"
exit $status
