#!/bin/sh
# The Jacobian of a robot arm with two joints.
set -u
cd "$(dirname "$0")"

arm='stack([l1 * cos(a) + l2 * cos(a + b), l1 * sin(a) + l2 * sin(a + b)])'
gradcli jacobian "$arm" --set a=0 --set b=0 --const l1=1 --const l2=0.5 -c

#> {"value":[1.5,0.0],"jacobian":{"a":[0.0,1.5],"b":[0.0,0.5]}}
