"""What is done with this library in each case of the table of how installers treat PyTorch.

Each returns what happened in a few words, and checks on the way what has no place in a cell.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from isolated_environment import Index, TorchIndex, errors
from isolated_environment.testing.wheels import make_wheel
from tests.support.torch_pages import make_torch
from tests.support.torch_scene import PINNED, Scene, build_again, kept, refusal, somewhere_else, told
from tests.support.torch_world import family_fetched

KEPT = f"kept {PINNED}"


def exact(scene: Scene) -> str:
    return told(scene.env().pip_install("torch==2.1.2", scene.pages.channel_url("cu121")))


def unpinned(scene: Scene) -> str:
    return told(scene.env().pip_install("torch", scene.pages.channel_url("cu121")))


def no_wheel(scene: Scene) -> str:
    error = refusal(scene.env().pip_install, "torch", scene.pages.channel_url("cu126"))
    assert isinstance(error, errors.NoTorchWheelError)
    assert family_fetched(scene.pages, scene.main) == []
    assert not scene.env().installed()
    return f"refused: {error.code}"


def with_dependency(scene: Scene) -> str:
    env = scene.env(["torch==2.1.2", "tinydep"], torch="cu121")
    found = told(env, "tinydep")
    assert scene.pages.pages_asked() == {"torch"}
    return found


def later(*requirements: str, shown: tuple[str, ...] = ()) -> Callable[[Scene], str]:
    def replay(scene: Scene) -> str:
        env = scene.pinned()
        env.pip_install(list(requirements))
        assert kept(env)
        return f"kept {told(env, *shown)}"

    return replay


def contradicting(scene: Scene) -> str:
    env = scene.pinned()
    return _refused_and_kept(scene, env, refusal(env.pip_install, "needsnew"))


def contradicting_constraint(scene: Scene) -> str:
    env = scene.env(torch="cu121", constraints=[f"torch=={PINNED}"]).pip_install("torch")
    assert kept(env)
    del scene.pages.requests[:]
    return _refused_and_kept(scene, env, refusal(env.pip_install, "needsnew"))


def _refused_and_kept(scene: Scene, env: object, error: errors.IsolatedEnvironmentError) -> str:
    assert isinstance(error, errors.TorchConflictError)
    assert error.message == f"needsnew needs torch>=2.2, and torch=={PINNED} is pinned"
    assert family_fetched(scene.pages, scene.main) == []
    assert kept(env)  # type: ignore[arg-type]
    return f"refused: {error.code}, {KEPT}"


def upgraded(scene: Scene) -> str:
    env = scene.pinned()
    env.pip_install("whisperlike", upgrade=True)
    assert kept(env)
    env.upgrade()
    assert kept(scene.env())
    return KEPT


def rebuilt(scene: Scene) -> str:
    env = scene.pinned()
    build_again(env)
    assert scene.env().ensure().name == "g2"
    assert kept(scene.env())
    return KEPT


def harmless_upgrade(scene: Scene) -> str:
    env = scene.env(torch="cu121", constraints=[f"torch=={PINNED}"]).pip_install(["torch", "tinydep<2"])
    assert told(env, "tinydep") == f"{PINNED}, tinydep 1.0"
    env.pip_install("tinydep", upgrade=True)
    return told(env, "tinydep")


def bare_inside(scene: Scene, name: str = "env") -> str:
    env = scene.pinned(name)
    forced = "--reinstall" if scene.toolchain == "uv" else "--force-reinstall"
    for words in (["-U", "torch"], ["needsnew"], [forced, "torch"], ["torch==2.8.0"]):
        succeeded = scene.bare(env, "install", *words)
        assert kept(env), words
        assert not succeeded or words == ["-U", "torch"], "uv finds what is there good enough"
    assert scene.bare(env, "install", "-U", "tinydep"), "what fits can be installed"
    assert kept(env)
    return f"refused, {KEPT}"


def bare_in_a_path_with_blanks(scene: Scene) -> str:
    return bare_inside(scene, "an env (with blanks) 100%")


def replaced_by_hand(scene: Scene) -> str:
    """Without our mapping nothing holds uv back; then it is said, and made good."""
    env = scene.pinned()
    mapping = {"PIP_CONSTRAINT": None, "UV_CONSTRAINT": None, "PIP_CONFIG_FILE": "/dev/null"}
    done = scene.bare(env, "install", "torch==2.8.0", **mapping)  # type: ignore[arg-type]
    if not done:
        return KEPT
    report = scene.env().doctor()
    assert any("torch" in finding.text and "2.1.2+cu121" in finding.text for finding in report.findings), report
    assert not report.is_healthy
    assert kept(scene.env().upgrade())
    return f"told by doctor, {PINNED} after upgrade()"


def main_build_first(scene: Scene) -> str:
    env = scene.env().pip_install("torch==2.1.2")
    assert told_main(env) == "2.1.2"
    env.pip_install("torch", scene.pages.channel_url("cu121"))
    assert kept(env, "2.5.1+cu121")
    env.pip_install("torch==2.1.2", scene.pages.channel_url("cu121"))
    return told(env)


def told_main(env: object) -> str:
    return next(item.version for item in env.pip_list() if item.name == "torch")  # type: ignore[attr-defined]


def overrides(scene: Scene) -> str:
    """The user's overrides and excludes are for the user's own projects."""
    (scene.directory / "over.txt").write_text("torch==2.8.0\n")
    for name in ("UV_OVERRIDE", "UV_EXCLUDE", "UV_CONSTRAINT", "PIP_CONSTRAINT"):
        scene.patch.setenv(name, str(scene.directory / "over.txt"))
    scene.patch.setenv("UV_TORCH_BACKEND", "cpu")
    return exact(scene)


def direct_and_partners(scene: Scene) -> str:
    env = scene.env(["torch==2.1.2", "torchaudio", "tinydep"], torch="cu121")
    found = told(env, "torchaudio", "tinydep")
    assert scene.pages.pages_asked() == {"torch", "torchaudio"}
    return found


def transitive(scene: Scene) -> str:
    return told(scene.env(["whisperlike", "speech"], torch="cu121", constraints=["torch<2.2"]), "torchaudio")


def other_settings(scene: Scene) -> str:
    for name in ("UV_INDEX", "UV_EXTRA_INDEX_URL", "PIP_EXTRA_INDEX_URL"):
        scene.patch.setenv(name, scene.main.url)
    for name in ("UV_FIND_LINKS", "PIP_FIND_LINKS"):
        scene.patch.setenv(name, str(scene.main.directory))
    scene.patch.setenv("UV_INDEX_STRATEGY", "unsafe-best-match")
    scene.patch.setenv("UV_NO_SOURCES", "1")
    return unpinned(scene)


def other_folder(scene: Scene) -> str:
    somewhere_else(scene.directory / "project", scene.patch, scene.main.url)
    return unpinned(scene)


def altered_file(scene: Scene) -> str:
    name = "torch-2.1.2+cu121-py3-none-any.whl"
    wheel = make_torch(scene.directory / "altered", PINNED, requires=["tinydep", "triton"])
    scene.pages.tampered[name] = wheel.read_bytes() + b"\0"
    error = refusal(scene.env().pip_install, "torch==2.1.2", scene.pages.channel_url("cu121"))
    assert isinstance(error, errors.VerificationError), error
    assert not scene.env().installed()
    return f"refused: {error.code}"


def two_calls(scene: Scene) -> str:
    env = scene.pinned()
    env.pip_install("whisperlike")
    assert scene.pages.pages_asked() <= {"torch"}
    return f"kept {told(env, 'tinydep')}"


def private_name(scene: Scene) -> str:
    private = Index(scene.pages.channel_url("cu121"), ["privatename"])
    return told(scene.env(["torch==2.1.2", "privatename"], torch="cu121", indexes=[private]), "privatename")


def family_on_main(scene: Scene) -> str:
    """Higher versions of the family on the main index, one of them with the very label."""
    bait = scene.directory / "bait"
    wheels = [make_torch(bait, "99.0"), make_torch(bait, PINNED), make_wheel(bait, "torchaudio", "99.0")]
    wheels.append(make_wheel(bait, "xformers", "99.0"))
    scene.main_with({wheel.name: wheel for wheel in wheels})
    env = scene.env(["torch==2.1.2", "speech"], torch="cu121")
    found = told(env, "torchaudio")
    assert f"{scene.main.origin}/files/torch" not in Path(env.root, "pylock.toml").read_text("utf-8")
    error = refusal(env.pip_install, "xformers")
    assert "xformers" in str(error)
    assert kept(env)
    return f"{found}; xformers refused: {error.code}"


def compiler_on_main(scene: Scene) -> str:
    """What the channel of another accelerator brings: a name that an attacker once took on the main index."""
    bait = make_wheel(scene.directory / "bait", "pytorch-triton-rocm", "99.0")
    scene.main_with({bait.name: bait})
    env = scene.env(["torch"], torch="rocm6.4")
    assert "99.0" not in Path(env.ensure().parent, "pylock.toml").read_text("utf-8")
    found = {item.name: item.version for item in env.pip_list()}
    return f"{found['torch']}, pytorch-triton-rocm {found['pytorch-triton-rocm']}"


def metadata_alone(scene: Scene) -> str:
    """A conflict is found by metadata; without sidecars out of the wheel's end."""
    error = refusal(scene.env(["torch==2.1.2", "needsnew"], torch="cu121").ensure)
    assert isinstance(error, errors.TorchConflictError)
    assert set(family_fetched(scene.pages, scene.main)) <= set(scene.pages.ranges)
    return f"refused: {error.code}, no wheel fetched"


def bundle(scene: Scene) -> str:
    scene.patch.setenv("ISOLATED_ENVIRONMENT_OFFLINE", "1")
    scene.patch.setenv("ISOLATED_ENVIRONMENT_INDEX_URL", str(scene.main.directory))
    source = TorchIndex("cu121", base_url=scene.pages.directory)
    env = scene.env(torch=source)
    env.pip_install(["torch==2.1.2", "whisperlike"], options=["--no-index", "--find-links", scene.main.directory])
    found = told(env, "tinydep")
    assert scene.pages.requests == scene.main.requests == []
    return found
