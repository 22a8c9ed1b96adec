"""The op table: every operation with its kernel, derivatives and samples."""
