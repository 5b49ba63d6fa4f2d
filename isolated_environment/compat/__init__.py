"""The names of the packages that did this before, with what they promised: :mod:`.upstream`, :mod:`.iso_env`."""
