#!/bin/sh
# Sensitivities of a pricing formula: delta and vega of a call, as a table.
set -u
cd "$(dirname "$0")"

gradcli grad -f option.grad --of price --wrt spot,vol --set spot=100 --set vol=0.2 \
    --const strike=100 --const rate=0.02 --const years=1 --to csv

#> value,grads.spot,grads.vol
#> 8.916037278572539,0.579259709439103,39.104269397545586
