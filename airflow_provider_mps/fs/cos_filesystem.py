"""COS as a file system of fsspec, on the hook's own client: nothing is read that was not verified.

Buckets are the first part of each path. COS has no folders: one is there as long as a key begins with it.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from operator import itemgetter
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from fsspec import AbstractFileSystem
from fsspec.compression import compr
from fsspec.core import get_compression
from fsspec.utils import isfilelike, stringify_path, tokenize

from airflow_provider_mps.core import arguments
from airflow_provider_mps.core.cos_address import SCHEME
from airflow_provider_mps.exceptions import InvalidArgumentError, invalid_arguments_fail
from airflow_provider_mps.fs.cos_file import CosFile, CosPackedWriter, CosReader, CosTextFile, CosWriter, spool
from airflow_provider_mps.fs.errors import file_system_errors
from airflow_provider_mps.hooks.cos import CosHook, content_type_of
from airflow_provider_mps.hooks.cos_objects import ObjectStat
from airflow_provider_mps.services.tencentcloud.words import DEFAULT_CONN_ID

_AT_ONCE = 8
_TEXT_OPTIONS = ("encoding", "errors", "newline")


class _Place(NamedTuple):
    bucket: str
    key: str

    @property
    def path(self) -> str:
        return f"{self.bucket}/{self.key}" if self.key else self.bucket


class CosFileSystem(AbstractFileSystem):  # type: ignore[misc]
    """Objects of COS as files.

    Files are fetched whole when they are opened, into memory or, from 8 MB on, a temporary file, and compared with the
    CRC64 that COS keeps; they are stored whole when they are closed, and not at all if the block that wrote them has
    raised. Mode ``xb`` makes a file only where there is none. What is not there is a ``FileNotFoundError``, a missing
    permission a ``PermissionError``; other errors are those of :class:`~airflow_provider_mps.hooks.cos.CosHook`.
    Listings are never kept.

    :param conn_id: Airflow connection of type ``tencentcloud`` (str); None reads the environment alone
    :param region: region of the buckets (str), default: the connection's
    """

    protocol = SCHEME
    root_marker = ""

    def __init__(self, conn_id: str | None = DEFAULT_CONN_ID, region: str | None = None) -> None:
        super().__init__(use_listings_cache=False)
        self.conn_id = conn_id
        self._region = region
        self._hooks: dict[str, CosHook] = {}

    @classmethod
    def _strip_protocol(cls, path: Any) -> Any:
        if isinstance(path, list):
            return [cls._strip_protocol(one) for one in path]
        # Airflow 2 puts a slash before the bucket.
        stripped = super()._strip_protocol(stringify_path(path)).lstrip("/")
        place, slash, key = stripped.partition("/")
        return f"{place.rpartition('@')[2]}{slash}{key}"

    @staticmethod
    def _get_kwargs_from_urls(path: str) -> dict[str, Any]:
        place = str(path).partition("://")[2].partition("/")[0]
        conn_id, at, _ = place.rpartition("@")
        return {"conn_id": conn_id} if at else {}

    @property
    def fsid(self) -> str:
        """What tells the file systems of two connections apart."""
        return f"{SCHEME}-{self.conn_id or 'env'}"

    def info(self, path: str, **_: Any) -> dict[str, Any]:
        """Describe a file or a folder, with the ETag, the CRC64 and the time of COS.

        :raises FileNotFoundError: there is neither
        """
        path = self._strip_protocol(path)
        if not path:
            return _folder("")
        place = self._place(path)
        hook = self._hook(place.bucket)
        with file_system_errors():
            if place.key and (found := hook.stat_object(f"/{place.key}")) is not None:
                return _file(place.bucket, found)
            objects, _marker = hook.list_page(f"/{place.key}/" if place.key else "/", limit=1)
        if objects or not place.key:
            return _folder(path)
        raise FileNotFoundError(f"{SCHEME}://{path}: there is neither such an object nor such a folder")

    def exists(self, path: str, **_: Any) -> bool:
        """Tell whether there is a file or a folder; what cannot be found out raises."""
        return self._type(path) is not None

    def isfile(self, path: str) -> bool:
        """Tell whether there is a file."""
        return self._type(path) == "file"

    def isdir(self, path: str) -> bool:
        """Tell whether there is a folder."""
        return self._type(path) == "directory"

    def ls(self, path: str, detail: bool = True, **_: Any) -> Any:
        """List what is directly in a folder, or the file itself.

        :raises FileNotFoundError: there is neither
        """
        place = self._place(self._strip_protocol(path))
        with file_system_errors():
            found = sorted(self._entries(place), key=itemgetter("name", "type"))
        if not found and place.key:
            about = self.info(place.path)
            found = [about] if about["type"] == "file" else []
        return found if detail else [entry["name"] for entry in found]

    def find(
        self, path: str, maxdepth: int | None = None, withdirs: bool = False, detail: bool = False, **options: Any
    ) -> Any:
        """List all files below a folder, a thousand with each request."""
        if maxdepth is not None or withdirs:
            return super().find(path, maxdepth=maxdepth, withdirs=withdirs, detail=detail, **options)
        place = self._place(self._strip_protocol(path))
        with file_system_errors():
            listed = self._hook(place.bucket).list_objects(f"/{place.key}/" if place.key else "/")
            found = [_file(place.bucket, one) for one in listed if not one.key.endswith("/")]
        if not found and self.isfile(place.path):
            found = [self.info(place.path)]
        return {one["name"]: one for one in found} if detail else [one["name"] for one in found]

    def open(
        self,
        path: str,
        mode: str = "rb",
        block_size: int | None = None,
        cache_options: Any = None,
        compression: str | None = None,
        **options: Any,
    ) -> Any:
        """Open a file; see the class.

        :param mode: ``r``, ``w`` or ``x``, with ``b`` or as text; there is no way to add to an object
        """
        if "b" not in mode:
            text = {name: options.pop(name) for name in _TEXT_OPTIONS if name in options}
            binary = f"{mode.replace('t', '')}b"
            return CosTextFile(self.open(path, binary, block_size, cache_options, compression, **options), **text)
        packing = get_compression(path, compression)
        if packing is None or "r" in mode:
            return super().open(path, mode, block_size, cache_options, compression, **options)
        file = super().open(path, mode, block_size, cache_options, **options)
        return CosPackedWriter(compr[packing](file, mode="w"), file)

    def _open(self, path: str, mode: str = "rb", *_: Any, autocommit: bool = True, **__: Any) -> CosFile:
        place = self._object(path)
        if mode == "rb":
            file = spool()
            with file_system_errors():
                if not self._hook(place.bucket).fetch_object(f"/{place.key}", file):
                    raise FileNotFoundError(f"{SCHEME}://{place.path}: there is no such object")
            return CosReader(place.path, file)
        if mode not in ("wb", "xb"):
            raise ValueError(f"mode: expected rb, wb or xb, got {mode!r}: an object of COS is stored as a whole")
        is_new = mode == "xb"
        if is_new and self.isfile(place.path):
            raise FileExistsError(f"{SCHEME}://{place.path} is there already")
        store = partial(self._store, place, is_new=is_new)
        return CosWriter(place.path, mode, store, autocommit=autocommit)

    def _store(self, place: _Place, file: BinaryIO, *, is_new: bool) -> None:
        hook, content_type = self._hook(place.bucket), content_type_of("", place.key)
        with file_system_errors():
            if not hook.store_object(f"/{place.key}", file, content_type, overwrite=not is_new):
                raise FileExistsError(f"{SCHEME}://{place.path} is there already")

    def pipe_file(self, path: str, value: bytes, mode: str = "overwrite", **options: Any) -> None:
        """Store bytes; with mode ``create`` only where there is no file."""
        with self.open(path, "xb" if mode == "create" else "wb", **options) as file:
            file.write(value)

    def get_file(self, rpath: str, lpath: Any, callback: Any = None, outfile: Any = None, **options: Any) -> None:
        """Fetch a file to the disk, whole or not at all."""
        place = self._object(rpath)
        if outfile is not None or isfilelike(lpath):
            with self.open(rpath, "rb") as file:
                shutil.copyfileobj(file, lpath if outfile is None else outfile)
        elif self.isdir(rpath):
            Path(lpath).mkdir(parents=True, exist_ok=True)
        else:
            with file_system_errors():
                self._hook(place.bucket).download_file(f"/{place.key}", lpath)

    def put_file(self, lpath: Any, rpath: str, callback: Any = None, mode: str = "overwrite", **options: Any) -> None:
        """Store a file of the disk, whole or not at all; with mode ``create`` only where there is none."""
        if Path(lpath).is_dir():
            return
        with Path(lpath).open("rb") as file:
            self._store(self._object(rpath), file, is_new=mode == "create")

    def cp_file(self, path1: str, path2: str, **_: Any) -> None:
        """Have COS copy a file; a folder needs no copy."""
        source, to = self._object(path1), self._object(path2)
        if self._type(path1) == "directory":
            return
        with file_system_errors():
            self._hook(to.bucket).copy_object(f"{SCHEME}://{source.path}", f"/{to.key}")

    def rm_file(self, path: str) -> None:
        """Remove a file; it is no error if there is none."""
        place = self._object(path)
        with file_system_errors():
            self._hook(place.bucket).delete_object(f"/{place.key}")

    def rm(self, path: Any, recursive: bool = False, maxdepth: int | None = None) -> None:
        """Remove files, and with ``recursive`` folders with all that is in them.

        :raises FileNotFoundError: there is no such file or folder
        :raises IsADirectoryError: it is a folder, and ``recursive`` is not set
        """
        if maxdepth is not None:
            super().rm(path, recursive=recursive, maxdepth=maxdepth)
            return
        # A name is taken for a pattern only where there is no such file.
        is_file = isinstance(path, str) and self.isfile(path)
        for one in [self._strip_protocol(path)] if is_file else self.expand_path(path):
            if is_file or self.isfile(one):
                self.rm_file(one)
            elif not self.isdir(one):
                raise FileNotFoundError(f"{SCHEME}://{one}: there is neither such an object nor such a folder")
            elif not recursive:
                raise IsADirectoryError(f"{SCHEME}://{one} is a folder: remove it with recursive=True")
            # A file may have the name of a folder.
            if recursive:
                self._remove_below(self._place(one))

    def _remove_below(self, place: _Place) -> None:
        hook = self._hook(place.bucket)
        with file_system_errors(), ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="cos-rm") as pool:
            # Taken one by one, so that the first error is raised; markers of folders are objects too.
            for _ in pool.map(hook.delete_object, [one.key for one in hook.list_objects(f"/{place.key}/")]):
                pass

    def modified(self, path: str) -> datetime:
        """Return when a file was stored, in UTC."""
        moment: datetime = self.info(path)["LastModified"]
        return moment

    def created(self, path: str) -> datetime:
        """Return when a file was stored, in UTC: an object is only ever replaced as a whole."""
        return self.modified(path)

    def checksum(self, path: str) -> int:
        """Return what tells two contents apart."""
        about = self.info(path)
        return int(tokenize(about["size"], about.get("crc64"), about.get("ETag")), 16)

    def ukey(self, path: str) -> str:
        """Return what tells two files, or two times at which a file was stored, apart."""
        about = self.info(path)
        told = [about["name"], about["size"], about.get("crc64"), about.get("ETag"), about.get("mtime")]
        return sha256(repr(told).encode()).hexdigest()

    def _entries(self, place: _Place) -> Iterator[dict[str, Any]]:
        folder, marker = f"/{place.key}/" if place.key else "/", ""
        hook = self._hook(place.bucket)
        while True:
            page = hook.list_folder(folder, marker=marker)
            # The folder itself may be an object too.
            yield from (_file(place.bucket, one) for one in page.objects if one.key != folder)
            # What is between two slashes in a row is no name.
            yield from (_folder(f"{place.bucket}{one[:-1]}") for one in page.prefixes if not one.endswith("//"))
            if not (marker := page.next_marker):
                return

    def _type(self, path: str) -> str | None:
        try:
            return str(self.info(path)["type"])
        except FileNotFoundError:
            return None

    def _place(self, path: str) -> _Place:
        bucket, _, key = path.partition("/")
        if not bucket:
            raise InvalidArgumentError(f"{SCHEME}://: name a bucket, as in {SCHEME}://conn_id@name-1250000000/key")
        with invalid_arguments_fail():
            return _Place(arguments.bucket("bucket", bucket), key)

    def _object(self, path: str) -> _Place:
        place = self._place(self._strip_protocol(path))
        if not place.key:
            raise IsADirectoryError(f"{SCHEME}://{place.bucket} is a bucket and no file")
        return place

    def _hook(self, bucket: str) -> CosHook:
        if bucket not in self._hooks:
            self._hooks[bucket] = CosHook(self.conn_id, bucket, self._region)
            # Airflow's path reports what is done by it.
            self._hooks[bucket].reports_lineage = False
        return self._hooks[bucket]


def _file(bucket: str, found: ObjectStat) -> dict[str, Any]:
    return {
        "name": f"{bucket}{found.key}",
        "size": found.size,
        "type": "file",
        "ETag": found.etag,
        "LastModified": datetime.fromtimestamp(found.modified, UTC),
        "mtime": found.modified,
        "crc64": found.crc64,
        "ContentType": found.content_type,
    }


def _folder(name: str) -> dict[str, Any]:
    return {"name": name, "size": 0, "type": "directory"}
