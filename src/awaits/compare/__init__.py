"""Does the same work in different ways, measures it, and advises. `strategies` has the ways."""
