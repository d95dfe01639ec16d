"""Certificates: credentials made from files, and changes of these files."""
