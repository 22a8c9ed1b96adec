#!/bin/sh
# A fit of two parameters to a table, in one line.
set -u
cd "$(dirname "$0")"

gradcli minimize '((a * exp(-k * t) - y) ** 2).sum()' --table decay.csv --set a=1 --set k=1 |
    jq -c '.at | map_values(. * 1e4 | round / 1e4)'

#> {"a":2.0077,"k":0.501}
