#!/bin/sh
# A descent loop in the shell.
set -u
cd "$(dirname "$0")"

x=4
for _ in $(seq 25); do
    x=$(gradcli grad '(x - 3)**2' --set x=$x | jq "$x - 0.25 * .grads.x")
done
printf '%.4f\n' "$x"

#> 3.0000
