"""How a call goes: arguments bound, promoted, computed, recorded."""
