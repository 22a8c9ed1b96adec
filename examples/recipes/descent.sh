#!/bin/sh
# Gradient descent as a shell loop: the shell keeps the parameters, gradcli has the gradient.
#
# The loss is Rosenbrock's valley; the step is halved when the loss would grow.
set -eu

loss='(1 - x) ** 2 + 5 * (y - x ** 2) ** 2'
x=-0.5 y=0.5 step=0.1
now=$(gradcli grad "$loss" --set x=$x --set y=$y -c)
for _ in $(seq 40); do
    next=$(echo "$now" | jq -c --argjson x "$x" --argjson y "$y" --argjson step "$step" \
        '{x: ($x - $step * .grads.x), y: ($y - $step * .grads.y)}')
    after=$(echo "$next" | gradcli grad "$loss" --input - -c)
    if jq -en --argjson a "$now" --argjson b "$after" '$b.value < $a.value' > /dev/null; then
        x=$(echo "$next" | jq .x) y=$(echo "$next" | jq .y) now=$after
    else
        step=$(jq -n "$step / 2")
    fi
done
echo "$now" | jq -c --argjson x "$x" --argjson y "$y" '{loss: .value, x: $x, y: $y}'
