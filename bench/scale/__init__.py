"""How the build grows with the number of services."""
