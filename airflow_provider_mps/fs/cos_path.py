"""Paths of ``cos://`` for ``universal_pathlib``, on which Airflow's ``ObjectStoragePath`` stands."""

from __future__ import annotations

import fsspec
from upath import UPath

from airflow_provider_mps.core.cos_address import SCHEME
from airflow_provider_mps.fs.cos_filesystem import CosFileSystem

# It takes paths apart as the class of a scheme does, where that has been loaded before its first path is made.
fsspec.register_implementation(SCHEME, CosFileSystem, clobber=True)


class CosPath(UPath):
    """A path in COS; the default of the library does all, and it warns of schemes that have no class of their own."""

    __slots__ = ()
