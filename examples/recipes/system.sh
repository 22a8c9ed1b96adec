#!/bin/sh
# Two equations in two unknowns.
set -u
cd "$(dirname "$0")"

gradcli solve 'stack([x**2 + y**2 - 4, x - y])' --set x=1 --set y=2 |
    jq -c '.at | map_values(. * 1e6 | round / 1e6)'

#> {"x":1.414214,"y":1.414214}
