"""A program's frame and its options."""
