#!/bin/sh
# How the price of an option reacts to the market, over a grid, as a table.
#
# --grid makes one record of each point of the ranges; jq turns the records into columns.
set -eu
cd "$(dirname "$0")"

printf 'price\tdelta\tvega\n'
gradcli grad -f option.grad --of price --wrt spot,vol --grid \
    --set 'spot=[90, 100, 110]' --set 'vol=[0.1, 0.2]' \
    --const strike=100 --const rate=0.02 --const years=1.0 |
    jq -r '[.value, .grads.spot, .grads.vol] | map(. * 1e4 | round / 1e4) | @tsv'
