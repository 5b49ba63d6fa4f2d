"""Two releases of NumPy in one program."""
