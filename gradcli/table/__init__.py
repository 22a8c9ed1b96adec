"""What an operation is and how one is called."""
