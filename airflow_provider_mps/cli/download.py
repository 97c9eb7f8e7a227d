"""``download``: fetch what a task has made, each file whole and verified, or absent."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from airflow_provider_mps.cli.errors import CommandError, UsageError
from airflow_provider_mps.cli.printing import print_data, printable
from airflow_provider_mps.cli.services import Answer, Asker, checked_arguments, say, service_of
from airflow_provider_mps.cli.words import ExitCode, Output, State
from airflow_provider_mps.core.arguments import ArgumentError
from airflow_provider_mps.core.localpaths import Download, check_stays_in, is_local, plan_downloads
from airflow_provider_mps.core.progress import counted
from airflow_provider_mps.core.stopping import Stop
from airflow_provider_mps.core.texts import clean
from airflow_provider_mps.services.profiles import AIDGE
from airflow_provider_mps.storage.parallel import DEFAULT_WORKERS, in_parallel
from airflow_provider_mps.storage.whole import make_on_disk, replace_on_disk

# COS, of an object.
_GONE = "NoSuchKey"
_NO_FILE = "The name of a picture cannot be a file in DEST. Nothing was fetched.\n"


class Fetched(NamedTuple):
    """A file that is there now.

    :param path: where
    :param size: bytes
    :param source: what it was fetched from, without a signature
    """

    path: Path
    size: int
    source: str


class Wanted(NamedTuple):
    """A picture that is to be fetched.

    :param source: where it is, without a signature
    :param path: the file
    :param fetch: writes it into a folder, and returns the file
    :param takes_ending: whether the name is without an ending, and gets that of the picture
    """

    source: str
    path: Path
    fetch: Callable[[Path, Stop], Path]
    takes_ending: bool = False


def command(args: Any) -> ExitCode:
    """Fetch the pictures of a task, and write which files are there now."""
    task_id = checked_arguments(args)
    asker = Asker(service_of(task_id, args.service), args)
    answer = asker.ask(task_id)
    if answer.word is State.RUNNING:
        raise CommandError(
            f"{answer.service} task {task_id} is not done yet ({answer.state}). Nothing was fetched. Wait for it:",
            ExitCode.RUNNING,
            f"{args.program} task {task_id} --wait",
        )
    if answer.state.failure is not None:
        failure = answer.state.failure
        raise CommandError(
            f"{failure.code}: {failure.hint or failure.message}\n{answer.service} task {task_id}: {failure}"
        )
    wanted = _wanted(answer, asker, args.dest)
    if not args.overwrite:
        _check_free(wanted)
    done: list[Fetched] = []
    try:
        _fetch(wanted, done, overwrite=args.overwrite)
    except BaseException as error:
        if getattr(error, "code", None) == _GONE:
            error.add_note(
                "The service says that it was made: somebody, or a rule of the bucket, has removed it. To have it made "
                "anew, which is paid for, clear the Airflow task."
            )
        error.add_note(f"{counted(len(done), 'file')} of {len(wanted):,} there.")
        raise
    finally:
        # What has arrived is whole, and stays.
        _write(args, done)
    return ExitCode.FINE


def _wanted(answer: Answer, asker: Asker, dest: str) -> list[Wanted]:
    """Return what there is to fetch.

    :raises UsageError: DEST is a file, and there are several pictures
    :raises CommandError: there is nothing to fetch
    """
    pictures = [one for one in answer.pictures if one.get("path") or one.get("url")]
    if texts := len(answer.pictures) - len(pictures):
        say(f"{counted(texts, 'output')} without a file: 'task' shows what it says.")
    if not pictures:
        raise CommandError(f"{answer.service} task {answer.task_id} has no picture to fetch.")
    _check_place(dest)
    is_file = bool(Path(dest).suffix) and not dest.endswith("/") and not Path(dest).is_dir()
    if is_file and len(pictures) > 1:
        raise UsageError(
            f"DEST: {printable(dest)} is a file, and the task has {len(pictures)} pictures. Give a folder."
        )
    if not is_file and Path(dest).exists() and not Path(dest).is_dir():
        raise UsageError(f"DEST: {printable(dest)} is a file without an ending. Give another one, or a folder.")
    folder = Path(dest).parent if is_file else Path(dest)
    found = list(_of_aidge(answer, asker, folder) if answer.service is AIDGE else _of_mps(pictures, asker, folder))
    return [one._replace(path=Path(dest), takes_ending=False) for one in found] if is_file else found


def _check_place(dest: str) -> None:
    """Make sure that DEST names a place on this disk.

    :raises UsageError: it does not
    """
    said = "expected a folder on this disk, or a file for one picture, and"
    if not dest.strip():
        raise UsageError(f"DEST: {said} it is empty.")
    if "://" in dest or dest == "-":
        raise UsageError(
            f"DEST: {said} got {clean(dest)}. To copy pictures elsewhere, fetch them here first, or use a transfer."
        )


def _of_mps(pictures: list[dict[str, Any]], asker: Asker, folder: Path) -> Iterator[Wanted]:
    from airflow_provider_mps.hooks.cos import CosHook
    from airflow_provider_mps.hooks.cos_regions import hooks_of

    try:
        plans = plan_downloads(pictures, folder)
        check_stays_in(folder, plans)
    except ArgumentError as error:
        raise CommandError(_NO_FILE + str(error).replace("local_dir", "DEST").replace("outputs: ", "")) from None
    hooks = hooks_of({plan.region for plan in plans}, lambda region: CosHook(asker.conn_id, None, region))

    def fetching(plan: Download) -> Callable[[Path, Stop], Path]:
        return lambda here, stop: hooks[plan.region].download_file(
            plan.key, here / plan.local_path.name, plan.bucket, stop
        )

    for plan in plans:
        yield Wanted(f"cos://{plan.bucket or ''}{plan.key}", plan.local_path, fetching(plan))


def _of_aidge(answer: Answer, asker: Asker, folder: Path) -> Iterator[Wanted]:
    from airflow_provider_mps.core.redaction import bare_url
    from airflow_provider_mps.services.aidge import picture_names

    # The addresses of the moment, which nothing but the fetch sees.
    addresses = asker.hook.get_addresses(answer.task_id)
    stems = picture_names.stems(
        picture_names.DEFAULT_NAME, None, {answer.task_id: [one.scene for one in addresses]}
    ).values()

    def fetching(url: str, stem: str) -> Callable[[Path, Stop], Path]:
        return lambda here, stop: Path(asker.hook.fetch(url, here, stem, stop))

    for address, stem in zip(addresses, stems, strict=True):
        yield Wanted(bare_url(address.url), folder / stem, fetching(address.url, stem), takes_ending=True)


def _check_free(wanted: list[Wanted]) -> None:
    """Make sure that nothing is there already, before anything is fetched.

    :raises CommandError: something is
    """
    taken: list[Path] = []
    for one in wanted:
        if not one.takes_ending:
            taken += [one.path] if one.path.exists() or one.path.is_symlink() else []
        elif one.path.parent.is_dir():
            taken += [path for path in one.path.parent.iterdir() if path.stem == one.path.name]
    if taken:
        shown = ", ".join(printable(str(path)) for path in taken[:3]) + (
            f" and {len(taken) - 3:,} more" if len(taken) > 3 else ""
        )
        raise CommandError(
            f"{counted(len(taken), 'file')} there already: {shown}. Nothing was fetched.\n"
            "Give another DEST, or --overwrite."
        )


def _fetch(wanted: list[Wanted], done: list[Fetched], *, overwrite: bool) -> None:
    from airflow_provider_mps.clients.parts import folder_for_parts

    stop = threading.Event()
    with _writing("The folder for temporary files", "Set TMPDIR to another one"), folder_for_parts() as folder:

        def carry(item: tuple[int, Wanted]) -> None:
            number, one = item
            here = folder / str(number)
            here.mkdir()
            file = one.fetch(here, stop)
            with _writing("DEST", "Give another DEST"):
                done.append(_place(one, file, overwrite=overwrite))

        workers = min(DEFAULT_WORKERS, len(wanted))
        with _stopping(stop):
            in_parallel(
                carry,
                enumerate(wanted),
                total=len(wanted),
                max_workers=workers,
                done="Fetched",
                log_line=say,
                stop=stop,
            )


@contextmanager
def _writing(place: str, remedy: str) -> Iterator[None]:
    """Say of an error of the disk which place it is about, and what can be done.

    :raises CommandError: the disk does not take the file
    """
    try:
        yield
    except OSError as error:
        if not is_local(error):
            raise
        named = f"\n{printable(str(error.filename))}" if error.filename else ""
        raise CommandError(f"{place} cannot be written: {error.strerror}. {remedy}.{named}") from None


@contextmanager
def _stopping(stop: threading.Event) -> Iterator[None]:
    """End what is under way as soon as Ctrl-C is pressed."""
    try:
        yield
    except BaseException:
        stop.set()
        raise


def _place(one: Wanted, file: Path, *, overwrite: bool) -> Fetched:
    """Give a file that has arrived its place.

    :raises CommandError: there is one meanwhile
    """
    path = one.path.with_name(one.path.name + file.suffix) if one.takes_ending else one.path
    with file.open("rb") as source:
        if overwrite:
            replace_on_disk(source, path)
        elif not make_on_disk(source, path):
            raise CommandError(f"{printable(str(path))} is there already. Give another DEST, or --overwrite.")
    size = file.stat().st_size
    file.unlink()
    return Fetched(path, size, one.source)


def _write(args: Any, done: list[Fetched]) -> None:
    rows = sorted(done)
    if args.output in (Output.JSON, Output.YAML):
        data = [{"path": printable(str(one.path)), "size": one.size, "source": clean(one.source, 2000)} for one in rows]
        print_data(args.out, data, args.output)
        return
    digits = max((len(f"{one.size:,}") for one in rows), default=0)
    for one in rows:
        shown = printable(str(one.path))
        args.out.write(f"{shown}\t{one.size}\n" if args.output == Output.PLAIN else f"{one.size:>{digits},}  {shown}\n")
