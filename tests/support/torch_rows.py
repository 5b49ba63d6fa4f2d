"""The rows of the table of how installers treat PyTorch, and what becomes of each with this library.

The cases are those measured with bare installers; their numbers (P: pip, U: uv) are that table's.  *expected* is what
a row must return: the pinned build, or a clear error.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tests.support.torch_replays import (
    KEPT,
    altered_file,
    bare_in_a_path_with_blanks,
    bare_inside,
    bundle,
    compiler_on_main,
    contradicting,
    contradicting_constraint,
    direct_and_partners,
    exact,
    family_on_main,
    harmless_upgrade,
    later,
    main_build_first,
    metadata_alone,
    no_wheel,
    other_folder,
    other_settings,
    overrides,
    private_name,
    rebuilt,
    replaced_by_hand,
    transitive,
    two_calls,
    unpinned,
    upgraded,
    with_dependency,
)
from tests.support.torch_scene import PINNED, Scene


@dataclass(frozen=True)
class Row:
    """One case."""

    cases: str
    what: str
    #: What installers make of it without this library.
    otherwise: str
    expected: str
    replay: Callable[[Scene], str]
    #: How the pages are served.
    ways: Mapping[str, bool] = field(default_factory=dict)


NO_SIDECARS = {"sidecars": False}
ROWS = (
    Row("P02 U05", "`torch==2.1.2`, on the channel and on the main index", "right", PINNED, exact),
    Row("P03 U02 U04", "`torch`, newer on the main index", "main's newest", "2.5.1+cu121", unpinned),
    Row("P51 U51", "no wheel for this Python on the channel", "main's build", "refused: no-torch-wheel", no_wheel),
    Row(
        "P04 P05 U02",
        "ordinary project, stale on the channel",
        "the stale one",
        f"{PINNED}, tinydep 2.0",
        with_dependency,
    ),
    Row("P10 U10", "later: a project that needs torch", "kept", KEPT, later("whisperlike")),
    Row(
        "P11 U11",
        "later: one that needs `torch>=2.2`",
        "replaced",
        f"refused: torch-conflict, {KEPT}",
        contradicting,
    ),
    Row("P13 U12", "later: upgrade of everything", "replaced", KEPT, upgraded),
    Row("P14 U13", "later: everything built again", "replaced", KEPT, rebuilt),
    Row(
        "P15",
        "later: `torchaudio<2.11`, which pins torch",
        "replaced",
        f"{KEPT}, torchaudio 2.1.2+cu121",
        later("torchaudio<2.11", shown=("torchaudio",)),
    ),
    Row(
        "P16 P56 U56",
        "later: `torchaudio`, which names no torch",
        "wrong pair",
        f"{KEPT}, torchaudio 2.1.2+cu121",
        later("torchaudio", shown=("torchaudio",)),
    ),
    Row(
        "P20 U20",
        "constraint with the label, then a contradiction",
        "refused",
        f"refused: torch-conflict, {KEPT}",
        contradicting_constraint,
    ),
    Row(
        "P21 U21",
        "constraint with the label, then a harmless upgrade",
        "right",
        f"{PINNED}, tinydep 2.0",
        harmless_upgrade,
    ),
    Row("P23 P24 P25 U23", "the bare installer inside, with our mapping", "replaced", f"refused, {KEPT}", bare_inside),
    Row(
        "P26 P27 P28 U28 U29", "the same in a path with blanks", "fails", f"refused, {KEPT}", bare_in_a_path_with_blanks
    ),
    Row(
        "U24",
        "the bare installer by hand, without our mapping",
        "replaced",
        f"told by doctor, {PINNED} after upgrade()",
        replaced_by_hand,
    ),
    Row("P57 U57 U58", "main's build is there already", "uv keeps it", PINNED, main_build_first),
    Row("U22 U26 U27", "the user's overrides, excludes, constraints", "installed anyway", PINNED, overrides),
    Row(
        "U30",
        "torch and a partner by name",
        "right",
        f"{PINNED}, torchaudio 2.1.2+cu121, tinydep 2.0",
        direct_and_partners,
    ),
    Row(
        "U31 U32 U33",
        "torch and a partner that only come along",
        "main's build",
        f"{PINNED}, torchaudio 2.1.2+cu121",
        transitive,
    ),
    Row(
        "P17 P18 U36 U36b U36c U55",
        "the user's extra indexes, find-links, strategy",
        "main's newest",
        "2.5.1+cu121",
        other_settings,
    ),
    Row(
        "U30c U30d U34 U35", "in a project with its own pip.conf, uv.toml", "main's build", "2.5.1+cu121", other_folder
    ),
    Row(
        "P31 P32 P33 U39",
        "a file that is not what the page says",
        "refused",
        "refused: verification-failed",
        altered_file,
    ),
    Row(
        "P30 P42 U38",
        "two calls; the second asks the channel for nothing else",
        "right",
        f"{KEPT}, tinydep 2.0",
        two_calls,
    ),
    Row(
        "P40 U40 U43",
        "confusion A: a private name, 99.0 on the main index",
        "the attacker's",
        f"{PINNED}, privatename 1.0",
        private_name,
    ),
    Row(
        "P41 P42 U41 U42",
        "confusion B: an ordinary name, 99.0 on the channel",
        "the attacker's",
        f"{PINNED}, tinydep 2.0",
        with_dependency,
    ),
    Row(
        "-",
        "confusion C: the family, 99.0 and with the very label on the main index",
        "the attacker's",
        f"{PINNED}, torchaudio 2.1.2+cu121; xformers refused: resolution-failed",
        family_on_main,
    ),
    Row(
        "-",
        "confusion D: a compiler of the ROCm channel, 99.0 on the main index",
        "the attacker's",
        "2.8.0+rocm6.4, pytorch-triton-rocm 3.4.0",
        compiler_on_main,
    ),
    Row(
        "P52 U54",
        "a contradiction, metadata beside the wheels",
        "a sidecar",
        "refused: torch-conflict, no wheel fetched",
        metadata_alone,
    ),
    Row(
        "U52 U53",
        "a contradiction, no metadata beside the wheels",
        "the wheel",
        "refused: torch-conflict, no wheel fetched",
        metadata_alone,
        NO_SIDECARS,
    ),
    Row("X01 X02", "offline, from a directory", "right", f"{PINNED}, tinydep 2.0", bundle),
)
