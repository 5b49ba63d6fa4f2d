"""Generated requirements: canonical texts are fixed points, and no text ends in another error."""

from __future__ import annotations

import contextlib

from hypothesis import assume, given
from hypothesis import strategies as st

from isolated_environment.errors import InvalidRequirementError
from isolated_environment.requirements import parse

names = st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,12}[A-Za-z0-9])?", fullmatch=True)
releases = st.lists(st.integers(0, 2030), min_size=1, max_size=4).map(lambda parts: ".".join(map(str, parts)))
versions = st.builds(
    "".join,
    st.tuples(
        st.sampled_from(["", "1!"]),
        releases,
        st.sampled_from(["", "a1", "b2", "rc3"]),
        st.sampled_from(["", ".post4"]),
        st.sampled_from(["", ".dev5"]),
    ),
)
specifiers = st.one_of(
    st.builds("{}{}".format, st.sampled_from(["==", "!=", "<=", ">=", "<", ">", " == ", ">= "]), versions),
    st.builds("~={}.{}".format, st.integers(0, 9), st.integers(0, 9)),
    st.builds("=={}.*".format, releases),
    st.builds("=={}+local.1".format, releases),
)
variables = st.sampled_from(["python_version", "sys_platform", "os_name", "platform_machine", "extra"])
comparisons = st.builds(
    "{} {} {}".format,
    variables,
    st.sampled_from(["==", "!=", ">", "<=", "in", "not in"]),
    st.sampled_from(["'3.9'", '"x y"']),
)
markers = st.recursive(
    comparisons,
    lambda inner: st.builds("({} {} {})".format, inner, st.sampled_from(["and", "or"]), inner),
    max_leaves=4,
)
extras = st.lists(names, max_size=3).map(lambda found: f"[{','.join(found)}]" if found else "")
tails = st.one_of(st.just(""), markers.map(lambda marker: f" ; {marker}"))
named = st.builds("{}{}{}{}".format, names, extras, st.lists(specifiers, max_size=3).map(",".join), tails)
urls = st.builds("https://{}/{}.zip".format, st.sampled_from(["h", "h:8080", "u:p@h"]), names)
requirements = st.one_of(named, st.builds("{}{} @ {}{}".format, names, extras, urls, tails), urls)


@given(requirements)
def test_what_was_written_canonically_reads_as_the_same(text: str) -> None:
    assume(not text.lower().endswith((".txt", ".in", ".toml")))
    found = parse(text)
    again = parse(found.text)
    assert again.text == found.text
    assert (again, again.name, again.url, again.pin) == (found, found.name, found.url, found.pin)


@given(st.text(max_size=30))
def test_any_text_is_read_or_refused_with_the_typed_error(text: str) -> None:
    with contextlib.suppress(InvalidRequirementError):
        found = parse(text)
        assert len(found.text.splitlines()) == 1
        assert not found.text.startswith("-")
