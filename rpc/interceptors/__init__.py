"""What every call passes through on its way to the servicer. `order` has the list."""
