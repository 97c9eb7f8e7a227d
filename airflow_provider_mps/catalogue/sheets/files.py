"""What the files of contact sheets are called. Pure."""

from __future__ import annotations

from airflow_provider_mps.catalogue.addresses import new_name
from airflow_provider_mps.catalogue.words import Kind
from airflow_provider_mps.core import arguments
from airflow_provider_mps.core.airflow_task import TaskKey
from airflow_provider_mps.core.contenttypes import picture_type
from airflow_provider_mps.pictures.sheets import SheetFormat
from airflow_provider_mps.storage.files import join


def names_a_picture(dest: str) -> bool:
    """Tell whether ``dest`` names a file, and no folder."""
    return not dest.endswith("/") and picture_type(dest) is not None


def check_ending(name: str, dest: str, encoding: SheetFormat) -> None:
    """Check that the name of a file says what is in it.

    :param name: the argument that has the address, for messages
    :raises ArgumentError: it says something else
    """
    if names_a_picture(dest) and picture_type(dest) != encoding.content_type:
        arguments.fail(name, dest, f"a folder, or a file name that ends with .{encoding.ending}, as format asks for it")


def sheet_addresses(dest: str, pages: int, encoding: SheetFormat, task: TaskKey, try_number: int) -> list[str]:
    """Return the addresses of the sheets.

    In a folder each try writes names of its own, so that nobody is shown an old sheet for a new one; a name that was
    asked for is replaced.

    :param dest: address of a folder, or of the file of the first sheet
    :param pages: how many sheets there are
    :param encoding: what they are encoded as
    :param task: the Airflow task
    :param try_number: its try, from 1
    """
    if not names_a_picture(dest):
        dest = join(dest, new_name(Kind.SHEET, task, try_number, ending=encoding.ending))
    stem, _, ending = dest.rpartition(".")
    return [dest, *(f"{stem}-{page}.{ending}" for page in range(2, pages + 1))]
