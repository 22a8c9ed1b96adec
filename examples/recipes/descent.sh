#!/usr/bin/env bash
# Gradient descent as a shell loop: the shell keeps the parameters, gradcli has the gradient.
#
# The loss is Rosenbrock's valley; the step is halved when the loss would grow.
set -euo pipefail

loss='(1 - x) ** 2 + 5 * (y - x ** 2) ** 2'
x=-0.5 y=0.5 step=0.1
now=$(gradcli grad "$loss" --set x=$x --set y=$y -c)
for _ in $(seq 40); do
    next=$(jq -c --argjson x "$x" --argjson y "$y" --argjson step "$step" \
        '{x: ($x - $step * .grads.x), y: ($y - $step * .grads.y)}' <<< "$now")
    after=$(gradcli grad "$loss" --input - -c <<< "$next")
    if jq -en --argjson a "$now" --argjson b "$after" '$b.value < $a.value' > /dev/null; then
        x=$(jq .x <<< "$next") y=$(jq .y <<< "$next") now=$after
    else
        step=$(jq -n "$step / 2")
    fi
done
jq -c --argjson x "$x" --argjson y "$y" '{loss: .value, x: $x, y: $y}' <<< "$now"
