"""torch.distributions: families, transforms, constraints and divergences, one file a family."""
