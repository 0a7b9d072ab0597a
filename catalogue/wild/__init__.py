"""Async bugs in published libraries, each found by a test of what its documentation promises."""
