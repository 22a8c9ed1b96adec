#!/bin/sh
# The derivative as a formula for a paper.
set -u
cd "$(dirname "$0")"

gradcli grad 'sin(x * y)' --formula --as latex

#> x: y \cos(x y)
#> y: x \cos(x y)
