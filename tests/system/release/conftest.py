"""The archives, built twice."""

from __future__ import annotations

import pytest

from tests.system.release.archives import ROOT, Archives, build, copy_checkout


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Archives, Archives]:
    """Both archives from a clean copy, and from another the source distribution and the wheel from that."""
    if not (ROOT / ".git").exists():
        pytest.skip("only a checkout says what is under version control")
    folder = tmp_path_factory.mktemp("release")
    copy_checkout(folder / "clean", mtime=1_000_000_000, umask=0o022, junk=False)
    used = folder / "used" / "for" / "years"
    copy_checkout(used, mtime=1_700_000_001, umask=0o077, junk=True)
    first = build(folder / "clean", folder / "first", "--wheel", "--sdist", TZ="UTC", PYTHONHASHSEED="1")
    second = build(used, folder / "second", umask=0o077, TZ="Asia/Shanghai", PYTHONHASHSEED="2")
    return first, second


@pytest.fixture(scope="session")
def archives(built: tuple[Archives, Archives]) -> Archives:
    return built[0]
