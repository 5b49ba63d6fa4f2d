"""How the application wants an environment to be built and used, whatever it holds."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..events import Event
    from ..ownership.placement import Placement
    from ..reporter import Reporter
    from ..settings import Settings
    from ..store.store import Store


class Choices:
    """The part of the constructor's words that says nothing of the content or of the place.

    Args:
        toolchain: As :class:`~isolated_environment.IsolatedEnvironment`, and so are the others.
        lock_timeout: Seconds.
        on_event: A callable, or ``None``.
        quiet: Whether the terminal is left alone.
        full_isolation: Whether commands see no other Python's tools.
    """

    __slots__ = ("_full_isolation", "_lock_timeout", "_on_event", "_quiet", "toolchain")

    def __init__(
        self,
        *,
        toolchain: str,
        lock_timeout: float | None,
        on_event: Callable[[Event], None] | None,
        quiet: bool,
        full_isolation: bool,
    ) -> None:
        self.toolchain = toolchain
        self._lock_timeout = lock_timeout
        self._on_event = on_event
        self._quiet = quiet
        self._full_isolation = full_isolation

    def settings(self) -> Settings:
        """Return what the user of the machine set; the application may be quiet where that user did not ask for it."""
        from dataclasses import replace

        from ..settings import read_settings

        settings = read_settings()
        return replace(settings, quiet=True) if self._quiet else settings

    def base(self) -> Mapping[str, str] | None:
        """Return what a mapping for commands starts from; ``None``: the process environment."""
        if not self._full_isolation:
            return None
        from ..environ import fully_isolated_environment

        return fully_isolated_environment()

    def reporter(self, place: Placement, settings: Settings) -> Reporter:
        """Return where events about *place* go; *settings* are :meth:`settings`."""
        from ..reporter import Reporter

        return Reporter(str(place.root), self._on_event, quiet=settings.quiet, subject=place.described)

    def store_at(self, place: Placement) -> Store:
        """Return the store of *place*."""
        from ..store.store import Store

        settings = self.settings()
        return Store(
            place,
            settings,
            self.reporter(place, settings),
            toolchain=self.toolchain,
            lock_timeout=self._lock_timeout,
        )
