"""The threads that are there before any test, such as pytest-xdist's: no test waits for these.

pytest's plugin imports this as pytest starts. What a module of tests begins is younger.
"""

import threading
from weakref import WeakSet

OLDEST: WeakSet[threading.Thread] = WeakSet(threading.enumerate())
