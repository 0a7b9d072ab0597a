"""Many real calls at once: `many` makes them, `one` is a single call, `saved` keeps them."""
