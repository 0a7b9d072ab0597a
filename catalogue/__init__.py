"""Async bugs, each measured against each check: `python -m catalogue`."""
