"""The Jupyter kernel: cells of a notebook, run by a session of the REPL."""
