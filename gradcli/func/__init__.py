"""Transforms of functions: grad, vjp, jvp, vmap and what is made from them."""
