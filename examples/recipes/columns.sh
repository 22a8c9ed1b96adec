#!/bin/sh
# Gradients of a file of columns into a file of columns.
set -u
cd "$(dirname "$0")"

gradcli grad 'x**2 * y' --each --input points.ndjson -o "${TMPDIR:-/tmp}/slopes.$$.npz"
gradcli eval --input "${TMPDIR:-/tmp}/slopes.$$.npz" -e 'value.sum()'
rm "${TMPDIR:-/tmp}/slopes.$$.npz"

#> tensor(2.5000, grad_fn=<SumBackward0>)
