#!/bin/sh
# A table of Taylor coefficients.
set -u
cd "$(dirname "$0")"

gradcli grad 'exp(x) * cos(x)' --set x=0 --taylor 4 | jq -r '.taylor.x | to_entries[] |
    "x^\(.key)\t\(.value * 1e6 | round / 1e6)"'

#> x^0	1
#> x^1	1
#> x^2	0
#> x^3	-0.333333
#> x^4	-0.166667
