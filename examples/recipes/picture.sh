#!/usr/bin/env bash
# A graph as a picture for a report.
set -uo pipefail
cd "$(dirname "$0")"

gradcli graph -e '(w * x).sum()' --set w=2 --set 'x=[1, 2]' --format svg | grep -c '<svg'

#> 1
