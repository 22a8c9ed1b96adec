#!/bin/sh
# A graph as a picture for a report.
set -u
cd "$(dirname "$0")"

gradcli graph -e '(w * x).sum()' --set w=2 --set 'x=[1, 2]' --format svg | grep -c '<svg'

#> 1
