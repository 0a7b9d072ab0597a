"""The threads that were there before any test, such as pytest-xdist's: no test waits for them.

The pytest plugin imports this module as pytest starts, before test modules can start threads.
"""

import threading
from weakref import WeakSet

OLDEST: WeakSet[threading.Thread] = WeakSet(threading.enumerate())
