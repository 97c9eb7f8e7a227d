"""Archives of the package, built from copies of the checkout that differ in what must make no difference."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesParser
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[3]
# What tools leave in a checkout.
JUNK = (
    ".airflow/airflow.cfg",
    ".hypothesis/examples/one",
    ".pytest_cache/README.md",
    ".venv/airflow/pyvenv.cfg",
    "airflow_provider_mps/__pycache__/exceptions.cpython-311.pyc",
    "build/lib/airflow_provider_mps/__init__.py",
    "dags/__pycache__/shop.cpython-311.pyc",
    "demo-output/result.jpg",
    "dist/airflow_provider_mps-0.0.1-py3-none-any.whl",
    "docs/_build/html/index.html",
    "tests/__pycache__/conftest.cpython-311.pyc",
)


@dataclass(frozen=True)
class Archives:
    """A wheel and a source distribution."""

    wheel: Path
    sdist: Path

    @classmethod
    def of(cls, folder: Path) -> Archives:
        (wheel,) = folder.glob("*.whl")
        (sdist,) = folder.glob("*.tar.gz")
        return cls(wheel, sdist)

    def wheel_files(self) -> dict[str, bytes]:
        with zipfile.ZipFile(self.wheel) as file:
            return {name: file.read(name) for name in file.namelist()}

    def sdist_files(self) -> set[str]:
        """Return the names of the files, without the folder that all of them are in."""
        with tarfile.open(self.sdist) as file:
            names = {member.name.partition("/") for member in file.getmembers()}
        assert {folder for folder, _, _ in names} == {self.sdist.name.removesuffix(".tar.gz")}
        return {name for _, _, name in names}

    def metadata(self) -> Message:
        (text,) = (text for name, text in self.wheel_files().items() if name.endswith(".dist-info/METADATA"))
        return BytesParser().parsebytes(text)

    def sdist_metadata(self) -> Message:
        with tarfile.open(self.sdist) as file:
            text = file.extractfile(f"{self.sdist.name.removesuffix('.tar.gz')}/PKG-INFO")
            assert text is not None
            return BytesParser().parsebytes(text.read())


def git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True).stdout


@cache
def sources() -> frozenset[str]:
    """Return the files of the checkout that are, or would be with the next commit, under version control."""
    names = git("ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")
    return frozenset(name for name in names if name and (ROOT / name).is_file())


def copy_checkout(folder: Path, *, mtime: int, umask: int, junk: bool) -> None:
    """Copy the checkout, in an order and with times and rights of its own."""
    before = os.umask(umask)
    try:
        for name in sorted(sources(), reverse=junk):
            copy = folder / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, copy)
            copy.chmod((0o777 if os.access(ROOT / name, os.X_OK) else 0o666) & ~umask)
            os.utime(copy, (mtime, mtime))
        for name in JUNK if junk else ():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text("junk")
    finally:
        os.umask(before)


def build(folder: Path, out: Path, *flags: str, umask: int = 0o022, **env: str) -> Archives:
    """Build both archives of a checkout, by default the wheel from the source distribution."""
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    assert uv is not None
    command = [uv, "build", "--quiet", "--build-constraints", str(ROOT / ".ci" / "constraints" / "release.txt")]
    env = {"UV_SYSTEM_CERTS": "true", **os.environ, "SOURCE_DATE_EPOCH": commit_time(), **env}
    subprocess.run([*command, *flags, "--out-dir", str(out), str(folder)], check=True, env=env, umask=umask)
    return Archives.of(out)


def commit_time() -> str:
    """Return when the last commit was made, in seconds since 1970: the time of all files in the archives."""
    return git("log", "-1", "--format=%ct").strip()
