"""What every process that this one starts does first."""

import os
import signal
import threading
from multiprocessing import parent_process


def begin_child() -> None:
    """Leave signals to the parent, and don't outlive it."""
    # Ctrl+C reaches every process of the terminal; what it means is decided in one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, name="optophone-parent", daemon=True).start()


def _end_with_parent() -> None:
    """A pool's process would wait for its next work for ever where the parent was killed."""
    if (parent := parent_process()) is not None:
        parent.join()
        os._exit(1)
