"""What a test leaves behind: what it made, and what of that is still open when it ends.

`makers` notes who makes what, and where. `watch` knows what of it is left.
"""
