"""What may be shown: text with the credentials taken out."""

from __future__ import annotations

import re

#: What stands where a credential was.
MASK = "****"

# up to the last @ before the path; quotes are legal in a password
_USERINFO = re.compile(r"(?<=://)[^/?#\s]+(?=@)")


def redact(text: str, secrets: tuple[str, ...] = ()) -> str:
    """Return *text* without the user part of any URL and without any of *secrets*.

    Args:
        text: Anything that will be shown, logged or stored.
        secrets: Known secret strings; each occurrence is masked, also outside URLs.

    Returns:
        The text with every credential replaced by ``****``.
    """
    for secret in secrets:
        if secret:
            text = text.replace(secret, MASK)
    return _USERINFO.sub(MASK, text)
