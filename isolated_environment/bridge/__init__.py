"""Calls into the environment: the host's side."""
