"""What lies on disk stays readable: a receipt of schema 1, its digests and the names under a root, as literals.

A change here is a change of the format: environments that are out there are built again.  Do that on purpose only.
"""

from __future__ import annotations

import json

import pytest
from packaging.tags import Tag

from isolated_environment import Index
from isolated_environment.ask_input import AskInput
from isolated_environment.declaration import Declaration
from isolated_environment.host import markers_of
from isolated_environment.layout import TAG_NAME, TAG_TEXT, WORK, Layout
from isolated_environment.lockfile import EMPTY_LOCK, Target, parse_lock
from isolated_environment.receipt import SCHEMA, Receipt, Unusable, parse
from isolated_environment.spec import Content, understood

DECLARED = Declaration(
    ["Alpha == 1.0", "beta[y,x]>=1,<2 ; python_version > '3.8'"],
    python="3.11",
    indexes=[Index("https://u:w@host.example/simple", ["Beta"]), Index("https://main.example/simple", default=True)],
    constraints=["gamma<3"],
    pylock=None,
    system_site_packages=True,
)
ASKED = AskInput(
    "delta @ https://u:w@host.example/delta-1.0.zip",
    "https://more.example/simple",
    ["eps<1"],
    ["--pre", "--no-binary", "Delta"],
)
HASHED = AskInput(f"zeta==1 --hash=sha256:{'0' * 64}\n")

CONTENT_DIGEST = "9013d63687560e70e3a4c5b4a037ff68864cdbebec73dac3a47bdaff7f58e7f9"
LOCK_DIGEST = "dd753534e0eaa098f573eb911f46e1f09ec88b7d330ac66a704d4687ab4aefe5"
EMPTY_LOCK_DIGEST = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"

RECEIPT = """{
 "base": {
  "executable": "/usr/bin/python3.11",
  "minor": "3.11",
  "mtime": 1700000000,
  "size": 17584,
  "version": "3.11.7"
 },
 "built_at": "2026-01-02T03:04:05+00:00",
 "content": {
  "asks": [
   {
    "constraints": [],
    "index": null,
    "options": [],
    "raw": {
     "constraints": [],
     "index": null,
     "options": [],
     "requirements": [
      "Alpha == 1.0",
      "beta[y,x]>=1,<2 ; python_version > '3.8'"
     ]
    },
    "requirements": [
     {
      "name": "alpha",
      "pin": "1.0",
      "raw": "Alpha == 1.0",
      "text": "alpha==1.0"
     },
     {
      "name": "beta",
      "raw": "beta[y,x]>=1,<2 ; python_version > '3.8'",
      "text": "beta[x,y]<2,>=1 ; python_version > \\"3.8\\""
     }
    ]
   },
   {
    "constraints": [
     {
      "name": "eps",
      "raw": "eps<1",
      "text": "eps<1"
     }
    ],
    "index": {
     "default": false,
     "projects": [],
     "url": "https://more.example/simple"
    },
    "options": [
     "--no-binary=delta",
     "--pre"
    ],
    "raw": {
     "constraints": [
      "eps<1"
     ],
     "index": "https://more.example/simple",
     "options": [
      "--pre",
      "--no-binary",
      "Delta"
     ],
     "requirements": [
      "delta @ https://****@host.example/delta-1.0.zip"
     ]
    },
    "requirements": [
     {
      "name": "delta",
      "raw": "delta @ https://****@host.example/delta-1.0.zip",
      "text": "delta @ https://host.example/delta-1.0.zip",
      "url": "https://host.example/delta-1.0.zip"
     }
    ]
   },
   {
    "constraints": [],
    "index": null,
    "options": [],
    "raw": {
     "constraints": [],
     "index": null,
     "options": [],
     "requirements": [
      "zeta==1 --hash=sha256:0000000000000000000000000000000000000000000000000000000000000000\\n"
     ]
    },
    "requirements": [
     {
      "hashes": [
       "sha256:0000000000000000000000000000000000000000000000000000000000000000"
      ],
      "name": "zeta",
      "pin": "1",
      "raw": "zeta==1",
      "text": "zeta==1"
     }
    ]
   }
  ],
  "constraints": [
   {
    "name": "gamma",
    "raw": "gamma<3",
    "text": "gamma<3"
   }
  ],
  "indexes": [
   {
    "default": false,
    "projects": [
     "beta"
    ],
    "url": "https://host.example/simple"
   },
   {
    "default": true,
    "projects": [],
    "url": "https://main.example/simple"
   }
  ],
  "pylock": null,
  "pylock_path": null,
  "python": "3.11",
  "system_site_packages": true
 },
 "declaration": {
  "asks": [
   {
    "constraints": [],
    "index": null,
    "options": [],
    "requirements": [
     "Alpha == 1.0",
     "beta[y,x]>=1,<2 ; python_version > '3.8'"
    ]
   }
  ],
  "constraints": [
   "gamma<3"
  ],
  "indexes": [
   {
    "default": false,
    "projects": [
     "beta"
    ],
    "url": "https://host.example/simple"
   },
   {
    "default": true,
    "projects": [],
    "url": "https://main.example/simple"
   }
  ],
  "pylock": null,
  "python": "3.11",
  "stated": true,
  "system_site_packages": true
 },
 "digest": "9013d63687560e70e3a4c5b4a037ff68864cdbebec73dac3a47bdaff7f58e7f9",
 "duration": 1.5,
 "generation": "g7",
 "handed_out": true,
 "local": {},
 "lock": "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
 "path": "/srv/app/env",
 "previous": null,
 "registration": null,
 "root": "/srv/app/env",
 "schema": 1,
 "toolchain": {
  "name": "uv",
  "uv": "0.13.8"
 }
}
"""


def test_the_content_is_recorded_as_it_was() -> None:
    content = understood(DECLARED, (*DECLARED.asks, ASKED, HASHED), None)
    assert content.record() == json.loads(RECEIPT)["content"]
    assert content.digest() == CONTENT_DIGEST


def test_the_declaration_is_recorded_as_it_was() -> None:
    assert DECLARED.raw() == json.loads(RECEIPT)["declaration"]
    assert DECLARED.mismatch(json.loads(RECEIPT)["declaration"]) is None


def test_an_old_receipt_is_read_and_written_to_the_byte() -> None:
    receipt = parse(RECEIPT.encode())
    assert receipt.serialized().decode() == RECEIPT
    content = Content.from_record(receipt.content)
    assert content.digest() == receipt.get("digest") == CONTENT_DIGEST
    assert content.record() == receipt.content
    assert (receipt.generation, receipt.root, receipt.handed_out, receipt.previous) == (
        "g7",
        "/srv/app/env",
        True,
        None,
    )


def test_the_schema_is_one() -> None:
    assert SCHEMA == 1


def test_the_digest_of_a_lock_is_the_same_as_ever() -> None:
    text = (
        'lock-version = "1.0"\ncreated-by = "x"\n[[packages]]\nname = "a"\nversion = "1.0"\n'
        f'[[packages.wheels]]\nurl = "https://h/a-1.0-py3-none-any.whl"\nhashes = {{ sha256 = "{"0" * 64}" }}\n'
    )
    lock = parse_lock(text, Target(markers_of("3.11.4"), (Tag("py3", "none", "any"),)), origin="pylock.toml")
    assert lock.digest == LOCK_DIGEST
    assert EMPTY_LOCK.digest == EMPTY_LOCK_DIGEST


def test_the_names_under_a_root() -> None:
    layout = Layout("/r")
    names = {name: getattr(layout, name) for name in dir(Layout) if isinstance(getattr(Layout, name), property)}
    assert names == {
        "activate": "/r/activate",
        "bin": "/r/bin",
        "gitignore": "/r/.gitignore",
        "leases": "/r/leases",
        "lock": "/r/lock",
        "lock_owner": "/r/lock.owner",
        "log": "/r/log",
        "pylock": "/r/pylock.toml",
        "receipt": "/r/isolated-environment.json",
        "tag": "/r/CACHEDIR.TAG",
        "trash": "/r/trash",
    }
    assert (layout.lease("g1"), layout.prefix("g1"), WORK) == ("/r/leases/g1", "/r/g1", ".build")


def test_the_tag_is_a_cache_directory_tag() -> None:
    assert TAG_NAME == "CACHEDIR.TAG"
    assert TAG_TEXT.startswith("Signature: 8a477f597d28d172789f06886806bc55\n")
    assert TAG_TEXT.splitlines()[-1] == "# isolated-environment-root"


@pytest.mark.parametrize(
    "name", ["schema", "generation", "root", "base", "declaration", "content", "local", "handed_out"]
)
def test_what_a_receipt_cannot_do_without(name: str) -> None:
    fields = json.loads(RECEIPT)
    del fields[name]
    with pytest.raises(Unusable):
        Receipt(fields)
