#!/bin/sh
# How uncertain is g, from a pendulum's length and time? The shares say what to measure better.
set -u
cd "$(dirname "$0")"

gradcli grad '4 * pi**2 * length / time**2' --each --input measurements.csv --copy id \
    --sigma length=.slength --sigma time=0.003 --to csv

#> id,value,grads.length,grads.time,sigma,shares.length,shares.time
#> 007,9.80087819298063,9.800878192980628,-9.766694761316025,0.035252287762087636,0.30918282545606013,0.6908171745439399
#> 008,9.79694170905104,8.164118090875867,-8.910360808595762,0.031323506579904174,0.2717301315083431,0.7282698684916571
#> 009,9.79122563984242,12.239032049803024,-10.903369309401358,0.05887829522780401,0.6913590831307164,0.3086409168692837
