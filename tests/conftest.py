"""What holds for every test: an interrupt ends what tests start, also where a shell runs them in the background.

A shell has its background commands ignore SIGINT, and whatever they start would go on ignoring it.
"""

from __future__ import annotations

import signal

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
