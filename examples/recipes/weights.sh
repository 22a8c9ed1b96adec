#!/bin/sh
# The influence of each row of a table on two parameters.
set -u
cd "$(dirname "$0")"

gradcli grad '(w * size + b - price)**2' --each --input houses.csv --set w=2 --set b=50 \
    --wrt w,b --to csv | head -n 3

#> value,grads.w,grads.b
#> 1296.0,-5112.0,-72.0
#> 1681.0,-7790.0,-82.0
