"""What programs find: built-ins, modules, torch's names."""
