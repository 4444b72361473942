"""What LocalStack 4.14.0 uses of Python 3.13, for Python 3.12.

It says that it runs on older ones, and then Kinesis and Lambda do not start there.
"""

import threading
import warnings

import typing_extensions

if not hasattr(warnings, "deprecated"):
    warnings.deprecated = typing_extensions.deprecated

# It writes the type `Lock | None`, in which a function, as Lock was, cannot stand.
if not isinstance(threading.Lock, type):
    new_lock = threading.Lock

    class Lock:
        def __new__(cls):
            return new_lock()

    threading.Lock = Lock
