#!/bin/sh
# Why is this gradient zero?
set -u
cd "$(dirname "$0")"

gradcli why -e 'relu(x) * 2' --set x=-1

#> `relu(x) * 2` was made from `x`
#> why d(relu(x) * 2)/dx is zero
#>   -e:1:1: the whole gradient becomes zero in `relu(x)` (ReluBackward0)
#>       relu is flat where x is -1
#>       to x: tensor(0.)
#>   = help: leaky_relu, softplus or a wider clamp have a slope there; a smaller learning rate keeps inputs where there is one
