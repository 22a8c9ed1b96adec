"""What one does with derivatives: minima, roots, uncertainties, series."""
