"""Certificates: credentials made from files, and files that change."""
