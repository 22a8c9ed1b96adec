#!/bin/sh
# A Hessian times a vector, for as many variables as there are.
set -u
cd "$(dirname "$0")"

gradcli hvp '(x**3).sum()' --set 'x=[1, 2, 3]' --tangent '[1, 0, 1]' -c

#> {"value":36.0,"hvp":{"x":[6.0,0.0,18.0]}}
