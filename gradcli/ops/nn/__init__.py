"""What the layers of torch.nn compute."""
