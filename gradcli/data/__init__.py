"""torch.utils.data: datasets, samplers, and the loader that makes batches of them."""
