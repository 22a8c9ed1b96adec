#!/bin/sh
# The gradient of a loss over the rows of a CSV file.
#
# Every column is an input by the name in the header; a column of text is only an error if the
# expression reads it. --wrt keeps the gradients to the parameters.
set -eu
cd "$(dirname "$0")"

gradcli grad '((w * size + b - price) ** 2).mean()' \
    --input houses.csv --set w=2 --set b=50 --wrt w,b --compact-output
