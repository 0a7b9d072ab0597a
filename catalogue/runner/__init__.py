"""The runner of the catalogue: measures each bug against each check."""
