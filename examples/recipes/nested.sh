#!/bin/sh
# Inputs from inside of nested JSON, by jq's paths.
set -u
cd "$(dirname "$0")"

echo '{"pos": {"x": 2}, "v": [3, 5]}' |
    gradcli grad 'x * y' --each --map x=.pos.x --map 'y=.v[1]'

#> {"value":10.0,"grads":{"x":5.0,"y":2.0}}
