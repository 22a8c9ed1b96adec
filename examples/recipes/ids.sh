#!/bin/sh
# Ids beside gradients.
set -u
cd "$(dirname "$0")"

gradcli grad 'sin(x) * y' --each --copy id --input points.ndjson

#> {"id":"a","value":1.682941969615793,"grads":{"x":1.0806046117362795,"y":0.8414709848078965}}
#> {"id":"b","value":0.0,"grads":{"x":3.0,"y":0.0}}
#> {"id":"c","value":-0.42073549240394825,"grads":{"x":0.2701511529340699,"y":-0.8414709848078965}}
