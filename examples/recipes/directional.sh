#!/bin/sh
# The derivative along a direction, without any other.
set -u
cd "$(dirname "$0")"

gradcli jvp 'x**2 * y' --set x=1 --set y=2 --tangent x=3 --tangent y=1 -c

#> {"value":2.0,"jvp":13.0}
