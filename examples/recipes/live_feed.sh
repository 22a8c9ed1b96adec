#!/bin/sh
# A live feed: results come as soon as records do.
set -u
cd "$(dirname "$0")"

log=$(mktemp) && cat points.ndjson > "$log"
timeout 2 tail -f -n +1 "$log" | gradcli grad 'x * y' --each --copy id | head -n 3
rm "$log"

#> {"id":"a","value":2.0,"grads":{"x":2.0,"y":1.0}}
#> {"id":"b","value":0.0,"grads":{"x":3.0,"y":0.0}}
#> {"id":"c","value":-0.5,"grads":{"x":0.5,"y":-1.0}}
