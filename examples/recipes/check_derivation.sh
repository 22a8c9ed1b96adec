#!/bin/sh
# Is this derivation right? Finite differences say at which element it is not, and by how much.
#
# The exit status is 1 when a gradient is wrong, so that a build can stop on it.
set -eu
cd "$(dirname "$0")"

report=$(mktemp)
trap 'rm -f "$report"' EXIT
if gradcli check --json derivation.grad > "$report"; then
    echo 'every gradient is right'
else
    jq -r '.checks[] | select(.ok | not) | "d \(.result) / d \(.input) at \(.worst.index): " +
        "\(.worst.analytic * 1e4 | round / 1e4), and should be " +
        "\(.worst.numeric * 1e4 | round / 1e4)"' "$report"
fi
rm -f "$report"
