"""A command-line transcriber whose PyTorch is its own, and the right one."""
