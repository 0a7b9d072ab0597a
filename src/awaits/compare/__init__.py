"""The same work done in different ways, measured, and what to choose. `strategies` has the ways."""
