#!/bin/sh
# All cores, in the same order and with the same digits.
set -u
cd "$(dirname "$0")"

seq 1 50000 | sed 's/.*/{"x": &}/' | gradcli grad 'x**2' --each --jobs 0 | tail -n 1

#> {"value":2500000000.0,"grads":{"x":100000.0}}
