#!/bin/sh
# What failed goes to one file, what did not to another.
set -u
cd "$(dirname "$0")"

(cat points.ndjson; echo '{"id": "d", "x": "?"}') |
    gradcli grad 'x * 2' --each --copy id --quiet 2> /dev/null | jq -c 'select(.error) | .id'

#> "d"
