#!/bin/sh
# A root per record.
set -u
cd "$(dirname "$0")"

gradcli solve 'x * exp(x) - rate' --each --copy rate --set x=1 --input rates.ndjson |
    jq -r '[.rate, (.at.x * 1e6 | round / 1e6)] | @csv'

#> 0.5,0.351734
#> 1.5,0.725861
#> 2.5,0.958586
