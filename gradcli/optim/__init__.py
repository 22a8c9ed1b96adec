"""torch.optim: optimizers, schedules of learning rates, averages of models."""
