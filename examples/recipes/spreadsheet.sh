#!/bin/sh
# From a table with semicolons and units in its header.
set -u
cd "$(dirname "$0")"

printf 'Length (m);Time (s)\n2;1\n3;2\n' | gradcli grad 'length / time' --each --from csv \
    --map length='Length (m)' --map time='Time (s)' --to csv

#> value,grads.length,grads.time
#> 2.0,1.0,-2.0
#> 1.5,0.5,-0.75
