"""Gradients of a Spark frame: Arrow batches in, Arrow batches out."""

from gradcli.streams import function

slopes = function("sin(x*y)", kind="grad", wrt=["x"])


def gradients(frame):
    """The value of sin(x * y) and its derivative by x, for each row of a frame of Spark."""
    return frame.mapInArrow(lambda batches: map(slopes, batches), "value double, `grads.x` double")
