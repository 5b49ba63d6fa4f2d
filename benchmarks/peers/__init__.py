"""Drivers of other libraries: each runs in an environment that holds the library, and takes the times there."""
