"""The test kit: pytest's plugin and what it stands on. It knows nothing of the program."""
