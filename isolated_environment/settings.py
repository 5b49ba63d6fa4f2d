"""The settings that may come from outside: ours, and the few of pip's and uv's that are let through.

The only reader of ``ISOLATED_ENVIRONMENT_*``.  Of the installers' own variables these go through, in the words of
whichever toolchain runs: the main index, proxies, certificates, time-outs, offline, cache directories.  Everything
else of ``PIP_*`` and ``UV_*``, and every configuration file, stays outside (measured: ``PIP_TARGET``, ``PIP_PREFIX``,
``PIP_PYTHON``, ``PIP_DRY_RUN`` and a ``target`` in a configuration file end in exit 0 and nothing installed).
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from .index import Credentials, join_credentials, split_credentials

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

_TRUE = {"1", "true", "yes", "on"}
_NAMED = re.compile(r"^[\w.-]+=(?=[a-z+]+://)")  # uv's NAME=URL


@dataclass(frozen=True)
class Settings:
    """What the user of the machine set."""

    #: ``ISOLATED_ENVIRONMENT_TOOLCHAIN``: ``auto``, ``uv`` or ``pip``.
    toolchain: str = "auto"
    #: ``ISOLATED_ENVIRONMENT_DATA_DIR``: where environments go that cannot lie beside their owner.
    data_dir: str | None = None
    #: ``ISOLATED_ENVIRONMENT_CACHE_DIR``: where is kept what can be made again; the platform's directory by default.
    cache_dir: str | None = None
    #: ``ISOLATED_ENVIRONMENT_BYTECODE``: ``background``, ``now`` or ``off``; ``now`` too for ``UV_COMPILE_BYTECODE``.
    bytecode: str = "background"
    #: ``ISOLATED_ENVIRONMENT_QUIET``: nothing on the terminal.
    quiet: bool = False
    #: ``ISOLATED_ENVIRONMENT_OFFLINE``, ``UV_OFFLINE``: no network.
    offline: bool = False
    #: ``ISOLATED_ENVIRONMENT_INDEX_URL``, ``UV_DEFAULT_INDEX``, ``UV_INDEX_URL``, ``PIP_INDEX_URL``: the main index.
    index_url: str | None = None
    index_credentials: Credentials | None = field(default=None, repr=False)
    #: ``UV_HTTP_TIMEOUT``, ``PIP_DEFAULT_TIMEOUT``, ``PIP_TIMEOUT``: seconds.
    timeout: str | None = None
    #: ``UV_HTTP_RETRIES``, ``PIP_RETRIES``.
    retries: str | None = None
    #: ``SSL_CERT_FILE``, ``PIP_CERT``, ``REQUESTS_CA_BUNDLE``: a PEM file.
    certificate: str | None = None
    #: ``PIP_CLIENT_CERT``, ``SSL_CLIENT_CERT``: a PEM file.
    client_certificate: str | None = None
    #: ``PIP_PROXY``; the usual proxy variables go through as they are.
    proxy: str | None = field(default=None, repr=False)
    #: ``UV_INSECURE_HOST``, ``PIP_TRUSTED_HOST``: hosts separated by blanks.
    trusted_hosts: str | None = None
    #: ``UV_CACHE_DIR``.
    uv_cache: str | None = None
    #: ``PIP_CACHE_DIR``.
    pip_cache: str | None = None
    #: ``ISOLATED_ENVIRONMENT_TORCH_URL``: the base of a mirror of the PyTorch index, or a directory.
    torch_url: str | None = field(default=None, repr=False)
    #: ``ISOLATED_ENVIRONMENT_TORCH_BACKEND``: the channel to take where the application says ``auto``.
    torch_backend: str | None = None

    def cache_directory(self) -> Path:
        """Return the directory of what can be made again at any time; it need not be there."""
        from pathlib import Path

        if self.cache_dir:
            return Path(self.cache_dir).expanduser().absolute()
        import platformdirs

        return Path(platformdirs.user_cache_dir("isolated_environment", appauthor=False))

    def main_index(self) -> str | None:
        """Return the main index's URL with its credentials, or ``None`` for the installer's own default."""
        if self.index_url is None or self.index_credentials is None:
            return self.index_url
        from urllib.parse import quote

        known = self.index_credentials
        return join_credentials(self.index_url, quote(known.username, safe=""), quote(known.password, safe=""))


def read_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings.

    Args:
        environ: The environment to read; the process's by default.
    """
    env = os.environ if environ is None else environ

    def first(*names: str) -> str | None:
        return next((value for name in names if (value := env.get(name, "").strip())), None)

    def true(*names: str) -> bool:
        return any(env.get(name, "").strip().lower() in _TRUE for name in names)

    index = first("ISOLATED_ENVIRONMENT_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL")
    url, credentials = split_credentials(_NAMED.sub("", index)) if index else (None, None)
    return Settings(
        toolchain=first("ISOLATED_ENVIRONMENT_TOOLCHAIN") or "auto",
        data_dir=first("ISOLATED_ENVIRONMENT_DATA_DIR"),
        cache_dir=first("ISOLATED_ENVIRONMENT_CACHE_DIR"),
        bytecode=first("ISOLATED_ENVIRONMENT_BYTECODE") or ("now" if true("UV_COMPILE_BYTECODE") else "background"),
        quiet=true("ISOLATED_ENVIRONMENT_QUIET"),
        offline=true("ISOLATED_ENVIRONMENT_OFFLINE", "UV_OFFLINE"),
        index_url=url,
        index_credentials=credentials,
        timeout=first("UV_HTTP_TIMEOUT", "PIP_DEFAULT_TIMEOUT", "PIP_TIMEOUT"),
        retries=first("UV_HTTP_RETRIES", "PIP_RETRIES"),
        certificate=first("SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE"),
        client_certificate=first("PIP_CLIENT_CERT", "SSL_CLIENT_CERT"),
        proxy=first("PIP_PROXY"),
        trusted_hosts=first("UV_INSECURE_HOST", "PIP_TRUSTED_HOST"),
        uv_cache=first("UV_CACHE_DIR"),
        pip_cache=first("PIP_CACHE_DIR"),
        torch_url=first("ISOLATED_ENVIRONMENT_TORCH_URL"),
        torch_backend=first("ISOLATED_ENVIRONMENT_TORCH_BACKEND"),
    )
