"""Ends this process when the one that started it is gone, by SIGKILL too."""

import os
import signal
import threading
import time

WATCH_SECONDS = 0.5


def end_with_parent() -> None:
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(WATCH_SECONDS)
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()
