"""Look for what is known of a task: at the service, in Airflow's database, in the records of batches and catalogues."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from airflow_provider_mps.cli.errors import CommandError, UsageError, is_expected, told
from airflow_provider_mps.cli.evidence import LONGEST_ADDRESS, Evidence, InBatch, InCatalogue, Kept
from airflow_provider_mps.cli.services import Asker
from airflow_provider_mps.compat_cli import DatabaseUnavailableError, stored_states
from airflow_provider_mps.compat_makers import NEWEST_INSTANCES, NEWEST_XCOMS, maker_of_record, makers_of
from airflow_provider_mps.core.arguments import ArgumentError
from airflow_provider_mps.core.errors import ServiceError, says_no_such_task
from airflow_provider_mps.core.progress import counted
from airflow_provider_mps.core.submission import Record
from airflow_provider_mps.core.texts import clean
from airflow_provider_mps.core.vocabulary import XCOM_ERROR_KEY
from airflow_provider_mps.exceptions import PermanentError
from airflow_provider_mps.services.profiles import AIDGE
from airflow_provider_mps.services.tencentcloud.words import DEFAULT_CONN_ID

if TYPE_CHECKING:
    from airflow_provider_mps.batch.store import BatchStore
    from airflow_provider_mps.storage.locations import CosLocation

MOST_BATCHES = 200
"""Records of batches that are looked through below a folder, those first that were changed last."""
MOST_LISTED = 20_000
"""Objects that are listed for that."""
MOST_TOLD = 3
"""Of no more of them it is told why they cannot be read."""
MOST_ENTRIES = 500
"""Files of a catalogue's log that are looked through, the newest first."""


def ask_service(found: Evidence, args: Any) -> None:
    """Add what the service says, and what its connection says of prices."""
    try:
        asker = Asker(found.service, args)
        found.prices = getattr(asker.hook.settings, "prices", None)
        found.conn_id = asker.conn_id
        if args.offline:
            found.missing.append(f"{found.service} was not asked (--offline).")
            return
        found.answer = asker.ask(found.task_id)
    except CommandError:
        raise
    except Exception as error:
        if not is_expected(error):
            raise
        found.refusal = told(error, getattr(args, "used_conn_id", None))
        if isinstance(error, ServiceError):
            found.remedy, found.is_unknown = error.hint, says_no_such_task(error)


def look_into_database(found: Evidence) -> None:
    """Add which Airflow task has told of it, and its record; of a picture of a batch whose the batch is."""
    try:
        found.makers = makers_of(found.task_id, [found.service.task_id_key], XCOM_ERROR_KEY)
        if found.batch is not None and not found.makers:
            _look_for_whose(found, found.batch)
        _look_into_store(found)
    except DatabaseUnavailableError as error:
        found.missing.append(
            f"no record here: Airflow's database cannot be read ({clean(error, 200)}). Run this where "
            "'airflow db check' and 'airflow db check-migrations' are content."
        )
        return
    if not found.makers and not found.kept and found.batch is None:
        found.missing.append(
            f"no record here: of the newest {NEWEST_XCOMS:,} XComs {found.service.task_id_key} in Airflow's database "
            "none has this id. A retry or a clear of the Airflow task removes it, and pictures of a batch have none "
            "(--record)."
        )


def _look_into_store(found: Evidence) -> None:
    of = [(one.dag_id, one.run_id, one.task_id, one.map_index) for one in found.makers]
    stored = stored_states(found.task_id, [found.service.record_key], of)
    if stored is None:
        found.missing.append("no record here: this Airflow keeps no state of tasks (3.3 and newer do).")
        return
    for one in stored:
        record = Record.from_json(one.value)
        if record is not None and found.task_id in record.task_ids:
            found.kept.append(Kept(one.dag_id, one.run_id, one.task_id, one.map_index, record))
    if stored and not found.kept:
        found.missing.append(
            "no record here: what the Airflow task keeps in the state store is about another task by now, or is kept "
            "by another backend."
        )


def look_into_batch(found: Evidence, address: str, conn_id: str | None) -> None:
    """Add what a batch has on record of it.

    :param address: folder of the record, or one above
    :param conn_id: for COS
    """
    from airflow_provider_mps.batch.record import OtherServiceError, UnreadablePageError
    from airflow_provider_mps.batch.store import BatchStore
    from airflow_provider_mps.core.cos_address import is_cos
    from airflow_provider_mps.storage.locations import Locations

    if not is_cos(address):
        raise UsageError("--record: expected an address in COS, such as cos://shop-1250000000/airflow-mps/")
    location: CosLocation = Locations(None, conn_id or DEFAULT_CONN_ID).folder("--record", address)
    records = _batch_records(location)
    unreadable: list[str] = []
    for prefix in records.prefixes:
        store = BatchStore(location.hook, prefix, found.service)
        try:
            found.batch = _in_batch(store, found.task_id)
        except OtherServiceError:
            continue
        # One of them that is refused says nothing of the others.
        except (UnreadablePageError, ArgumentError, PermanentError) as error:
            said = " ".join(told(error, conn_id or DEFAULT_CONN_ID))
            unreadable.append(f"{clean(store, LONGEST_ADDRESS)} cannot be read: {clean(said)}")
        if found.batch is not None:
            return
    found.missing += _first(unreadable, f"of the batch records in {clean(address)}")
    read = len(records.prefixes) - len(unreadable)
    if read:
        looked, has = (f"none of {read:,} batch records", "has") if read > 1 else ("the batch record", "does not have")
        more = "" if records.are_all else " There are more, changed before: name a folder further down."
        found.missing.append(f"no record here: {looked} in {clean(address)} {has} this task.{more}")
    elif not unreadable:
        found.missing.append(f"no record here: there is no batch record in {clean(address)}.")


def _in_batch(store: BatchStore, task_id: str) -> InBatch | None:
    """Return what a batch has on record of a task; None if that is nothing."""
    header = store.read_header()
    if header is None:
        return None
    record = store.read(header)
    for token, one in record.records.items():
        if task_id in one.task_ids:
            return InBatch(str(store), record.record(token) or one, record.ends.get(task_id))
    return None


def _first(said: Sequence[str], of: str) -> list[str]:
    """Return the first of many lines, and how many there are of them.

    :param of: what they are about
    """
    more = len(said) - MOST_TOLD
    return [*said[:MOST_TOLD], *([f"{of} {more:,} more cannot be read."] if more > 0 else [])]


def _look_for_whose(found: Evidence, batch: InBatch) -> None:
    """Add the Airflow task that keeps a batch's record: its name is made of the task's ids."""
    from airflow_provider_mps.batch.store import batch_prefix

    if batch.folders is None:
        return
    address = batch.address.rstrip("/")
    maker = maker_of_record(
        lambda key: address.endswith(batch_prefix("", key)), batch.folders, batch.submitted_at(found.task_id)
    )
    if maker is not None:
        found.makers.append(maker)
    else:
        found.missing.append(
            f"no record here: of the newest {NEWEST_INSTANCES:,} task instances of that DAG and task in Airflow's "
            "database none has a batch record of that name."
        )


class _BatchRecords(NamedTuple):
    """Where records of batches are.

    :param prefixes: in COS, those first that were changed last
    :param are_all: whether there are no others
    """

    prefixes: list[str]
    are_all: bool


def _batch_records(location: CosLocation) -> _BatchRecords:
    """Return where records of batches are: there, or below."""
    # A console of COS shows the file.
    prefix = location.key.rstrip("/").removesuffix("/batch.json")
    if location.hook.stat_object(f"{prefix}/batch.json") is not None:
        return _BatchRecords([prefix], are_all=True)
    listed = list(islice(location.hook.list_objects(f"{prefix}/"), MOST_LISTED + 1))
    heads = [one for one in listed[:MOST_LISTED] if one.key.endswith("/batch.json")]
    heads.sort(key=lambda one: one.modified, reverse=True)
    are_all = len(listed) <= MOST_LISTED and len(heads) <= MOST_BATCHES
    return _BatchRecords([one.key.removesuffix("/batch.json") for one in heads[:MOST_BATCHES]], are_all)


def look_into_catalogue(found: Evidence, catalogue: str, conn_id: str | None) -> None:
    """Add what a catalogue has on record of it.

    :param catalogue: address of its folder
    :param conn_id: for COS
    """
    from airflow_provider_mps.catalogue.record.events import ItemFailed, ItemMade
    from airflow_provider_mps.catalogue.record.store import RecordStore
    from airflow_provider_mps.storage.files import Files

    store = RecordStore(Files(None, conn_id or DEFAULT_CONN_ID), catalogue)
    looked = 0
    for entry in store.newest(MOST_ENTRIES):
        looked += 1
        for event in entry.events:
            if isinstance(event, ItemMade | ItemFailed) and event.task_id == found.task_id:
                state = store.read().state(event.item)
                found.item = InCatalogue(catalogue, event, entry.run, entry.at, state)
                return
    said = f"the last {counted(looked, 'file')} of the record" if looked else "there is no record"
    found.missing.append(
        f"no record here: {said} of catalogue {clean(catalogue)}{' do not name this task' if looked else ''}."
    )


def find(found: Evidence, args: Any) -> Evidence:
    """Look everywhere that was asked for."""
    ask_service(found, args)
    # A task of Aidge has its pictures at another service.
    conn_id = None if found.service is AIDGE else args.conn_id
    for address, look in ((args.record, look_into_batch), (args.catalogue, look_into_catalogue)):
        if address:
            try:
                look(found, address, conn_id)
            except CommandError:
                raise
            except Exception as error:
                if not is_expected(error):
                    raise
                found.missing.append(
                    f"{clean(address)} cannot be read: {' '.join(told(error, conn_id or DEFAULT_CONN_ID))}"
                )
    # Behind the records: of a picture of a batch these say whose it is.
    if args.no_db:
        found.missing.append("Airflow's database was not looked into (--no-db).")
    else:
        look_into_database(found)
    return found
