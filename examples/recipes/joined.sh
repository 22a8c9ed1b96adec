#!/bin/sh
# Two files joined by the order of their lines.
set -u
cd "$(dirname "$0")"

cut -d, -f2 decay.csv | head -n 4 | paste -d, measurements.csv - |
    gradcli grad 'length * y' --each --from csv --copy id --to csv

#> id,value,grads.length,grads.y
#> 007,2.01,2.01,1.0
#> 008,1.452,1.21,1.2
#> 009,0.592,0.74,0.8
