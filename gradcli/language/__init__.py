"""Program text to syntax to closures: a safe subset of Python."""
