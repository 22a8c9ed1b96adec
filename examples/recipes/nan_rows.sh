#!/bin/sh
# Rows whose gradient is NaN or infinite, kept apart from the others.
set -u
cd "$(dirname "$0")"

gradcli grad 'sqrt(x) * y' --each --copy id --input points.ndjson |
    jq -c 'select([.value, .grads[]] | any(type == "string")) | .id'

#> "b"
#> "c"
