"""torch.distributions: families, transforms, constraints and divergences, one file a family.

Formulas use the operators of tensors, which `gradcli.torch` installs.
"""
