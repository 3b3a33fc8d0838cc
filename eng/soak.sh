#!/usr/bin/env bash
# The pipeline in real time with something going wrong every 15 s, and the broker killed every two minutes:
#   eng/soak.sh [30m]      minutes, default 30
# Ends with 0 only if memory grew by at most 0.1 MB a minute, descriptors stayed as many, the collector stood in the way for at most 0.1 % of the time, and the ledgers add up.
# What is measured is after the first five minutes (a quarter of shorter runs, which say little of growth).
set -euo pipefail
length=${1:-30m} minutes=${1:-30m}
minutes=${minutes%m}
case $minutes in '' | *[!0-9]*) echo "soak.sh: '$length' is no number of minutes; write 30m" >&2; exit 2 ;; esac
exec "$(dirname "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")")/forecast" bench --soak "$minutes" --faults
