"""What tests start, make and wait for."""
