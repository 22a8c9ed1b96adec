"""Values in and out: JSON, NDJSON, npy, npz and csv."""
