"""What a test leaves behind: what it has made, and which of it is still open when it ends.

`makers` notes who makes what, and where. `watch` knows which of it is left.
"""
