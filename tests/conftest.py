"""What every test finds: Ctrl-C works, also when the shell that started the tests turned it off."""

import signal

# A shell without job control has what it starts behind itself ignore SIGINT, and so would every
# process that a test starts, interrupts and waits for.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
