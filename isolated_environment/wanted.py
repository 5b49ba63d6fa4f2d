"""What a call wants an environment to become: known before anything that builds is loaded."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from .ask_input import AskInput
from .declaration import Declaration

if TYPE_CHECKING:
    from .receipt import Receipt
    from .spec import Content


@dataclass(frozen=True)
class Wanted:
    """What a call wants the environment to become."""

    declaration: Declaration
    #: The ask that the call makes, not yet among the declaration's.
    new: AskInput | None = None
    #: Normalized names to resolve anew; ``None``: every one; empty: none.
    upgrade: frozenset[str] | None = frozenset()

    @property
    def upgrades(self) -> bool:
        """Whether anything is to be resolved anew although what is there satisfies the request."""
        return self.upgrade is None or bool(self.upgrade)

    def content(self, current: Receipt | None) -> Content:
        """Return the whole content to build.

        Args:
            current: The receipt of what is there, when it can be read: a handle that states nothing adds to it.

        Raises:
            RequestError: something in the request cannot be read.
        """
        from .spec import Content, understood

        declaration = self.declaration
        given = (*declaration.asks, *(() if self.new is None else (self.new,)))
        if declaration.stated or current is None:
            return understood(declaration, given, None)
        try:
            built = Content.from_record(current.content)
        except (KeyError, TypeError, ValueError):
            return understood(declaration, given, None)
        return _added(built, declaration, self.new)

    def record(self, content: Content) -> dict[str, Any]:
        """Return the raw declaration that the receipt of *content* keeps."""
        if self.declaration.stated:
            raw = self.declaration.raw()
            return raw if self.new is None else {**raw, "asks": [*raw["asks"], self.new.raw()]}
        raw = self.declaration.settings()
        return {**raw, "asks": [ask.raw for ask in content.asks if ask.raw is not None]}


def _added(built: Content, declaration: Declaration, new: AskInput | None) -> Content:
    """What was built, with the new ask and with what the handle names itself."""
    from .spec import understood

    own = understood(declaration, () if new is None else (new,), built.python)
    return replace(
        built.merged(own.asks[0]) if own.asks else built,
        constraints=own.constraints or built.constraints,
        build_constraints=own.build_constraints or built.build_constraints,
        indexes=own.indexes or built.indexes,
        python=own.python,
        system_site_packages=own.system_site_packages or built.system_site_packages,
    )
