"""The documentation: ``sphinx-build -n -W docs OUTPUT``."""

from __future__ import annotations

from importlib.metadata import version as version_of

project = "isolated_environment"
author = "the authors of isolated_environment"
version = release = version_of("isolated_environment")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]

html_theme = "furo"
html_title = "isolated_environment"
html_copy_source = False

myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence"]

autodoc_default_options = {"members": True}
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
napoleon_numpy_docstring = False
napoleon_use_rtype = False

#: What is checked is what this project documents: other projects' names would need their inventories.
nitpick_ignore_regex = [("py:.*", r"(?!isolated_environment\.).*")]
nitpick_ignore = [
    ("py:class", f"isolated_environment.{name}")  # what is named, and nothing to be used by itself
    for name in ("bridge.function.R", "bridge.exports.HostFunction", "torch_source.TorchSource")
]
