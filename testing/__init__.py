"""What a test of a service starts, makes and waits for."""
