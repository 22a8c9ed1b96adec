#!/bin/sh
# One gradient a record: how strongly each answer pulls at the weights of a logistic model.
#
# --each reads a JSON record a line and writes a result a line, in order, at hundreds of thousands
# of records a second. A record that is wrong gets its error in its place.
set -eu

gradcli grad 'binary_cross_entropy_with_logits(w * x + b, y)' --each \
    --set w=0.8 --set b=-0.3 --wrt w,b <<'RECORDS' || echo "status $?"
{"id": "a", "x": 1.5, "y": 1}
{"id": "b", "x": -0.5, "y": 0}
{"id": "c", "x": "much", "y": 1}
{"id": "d", "x": 3, "y": 0}
RECORDS
