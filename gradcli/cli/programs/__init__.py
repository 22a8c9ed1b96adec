"""Sources and inputs of a run."""
