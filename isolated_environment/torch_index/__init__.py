"""The right PyTorch: seeing the machine, choosing the channel, pinning the family, verifying what came.

The tables order the candidates and explain refusals; the index page is the authority on what exists.
"""
