"""Who owns an environment, where it lies therefore, and how the owner's uninstall comes to remove it."""
