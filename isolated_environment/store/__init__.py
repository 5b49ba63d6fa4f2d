"""Environments on disk: the only part of the library that writes them."""
