"""What carries calls: the interface, and one package for each implementation."""
