#!/bin/sh
# A grid for a contour plot: x, y, z and the slopes, as CSV.
set -u
cd "$(dirname "$0")"

gradcli grad 'x**2 - y**2' --grid --set 'x=linspace(-1, 1, 3)' --set 'y=[0, 1]' --to csv

#> at.x,at.y,value,grads.x,grads.y
#> -1.0,0.0,1.0,-2.0,-0.0
#> -1.0,1.0,0.0,-2.0,-2.0
#> 0.0,0.0,0.0,0.0,-0.0
#> 0.0,1.0,-1.0,0.0,-2.0
#> 1.0,0.0,1.0,2.0,-0.0
#> 1.0,1.0,0.0,2.0,-2.0
