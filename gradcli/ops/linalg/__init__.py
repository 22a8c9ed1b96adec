"""Products, factors, solvers, norms."""
