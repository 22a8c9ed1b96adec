#!/bin/sh
# By how many per cent does the result change when an input changes by one?
set -u
cd "$(dirname "$0")"

gradcli grad 'price * quantity**-0.5' --elasticity --set price=3 --set quantity=4 -c |
    jq -c .elasticity

#> {"price":1,"quantity":-0.5}
