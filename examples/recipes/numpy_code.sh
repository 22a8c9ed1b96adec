#!/bin/sh
# The derivative as a function in NumPy, without gradcli.
set -u
cd "$(dirname "$0")"

gradcli grad 'x**2 * y' --formula --as numpy | grep -c '^def '

#> 1
