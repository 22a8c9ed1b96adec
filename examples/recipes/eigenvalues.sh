#!/bin/sh
# The eigenvalues of a Hessian of two variables, with jq: a saddle has two signs.
set -u
cd "$(dirname "$0")"

gradcli hessian 'x**2 * y + y**3 - 4 * x' --set x=1 --set y=0.5 |
    jq -c '.hessian | (.x.x + .y.y) as $t | (.x.x * .y.y - .x.y * .y.x) as $d |
    ($t * $t - 4 * $d | sqrt) as $r | [($t - $r) / 2, ($t + $r) / 2] | map(. * 1e3 | round / 1e3)'

#> [-0.236,4.236]
