"""Plans a run: reads the manifest, asks what pictures are now, decides by the record, and writes what is to be done."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from airflow_provider_mps.catalogue.addresses import new_name, run_folder
from airflow_provider_mps.catalogue.errors import ManifestError, TooManyRemovedError, first_rows
from airflow_provider_mps.catalogue.items.looks import services_of
from airflow_provider_mps.catalogue.lines import PlanLine
from airflow_provider_mps.catalogue.manifest.read import read_rows
from airflow_provider_mps.catalogue.plan.demand import Demand, demand_of
from airflow_provider_mps.catalogue.plan.inputs import Inputs
from airflow_provider_mps.catalogue.plan.planning import Limits, Plan, forced, plan
from airflow_provider_mps.catalogue.plan.summary import described, first_left_out, priced
from airflow_provider_mps.catalogue.plan.verdicts import Present
from airflow_provider_mps.catalogue.record.events import Event
from airflow_provider_mps.catalogue.record.fold import CatalogueRecord
from airflow_provider_mps.catalogue.record.store import RecordStore
from airflow_provider_mps.catalogue.rows import Row, given_rows
from airflow_provider_mps.catalogue.sealing import Seals
from airflow_provider_mps.catalogue.words import Action, Kind, LeftOut, LineService, OnBadRow, OnRemoved
from airflow_provider_mps.core import arguments
from airflow_provider_mps.core.airflow_task import TaskKey
from airflow_provider_mps.core.arguments import beneath
from airflow_provider_mps.core.cos_address import cos_address, is_cos
from airflow_provider_mps.core.identity import map_addresses, unsigned_url
from airflow_provider_mps.core.progress import counted
from airflow_provider_mps.core.steps import Log
from airflow_provider_mps.exceptions import InvalidArgumentError, invalid_arguments_fail
from airflow_provider_mps.hooks.cos import CosHook
from airflow_provider_mps.services.tencentcloud.prices import Prices
from airflow_provider_mps.storage.files import Files
from airflow_provider_mps.storage.lines import write_lines


@dataclass(frozen=True, kw_only=True)
class PlanArguments:
    """The arguments of :class:`~airflow_provider_mps.operators.catalogue.CataloguePlanOperator`, rendered and read."""

    manifest: Any
    looks: Mapping[str, Mapping[str, Any]]
    catalogue: str
    publish_to: str
    columns: Mapping[str, str | None]
    defaults: Mapping[str, Any]
    max_pictures: int | None
    on_bad_row: OnBadRow
    on_removed: OnRemoved
    max_removed: float
    force: bool | list[str]
    dry_run: bool
    prices: Prices | None
    manifest_conn_id: str | None
    tencentcloud_conn_id: str | None


class Planner:
    """Plans what one run of a catalogue does.

    :param given: what is asked for
    :param task: the Airflow task
    :param try_number: of the task
    :param is_over: tells whether a DAG run, by the ids of DAG and run, is known to have ended
    :param log: of the task
    """

    def __init__(
        self, given: PlanArguments, task: TaskKey, try_number: int, is_over: Callable[[str, str], bool], log: Log
    ) -> None:
        self._given = given
        self._task = task
        self._try_number = try_number
        self._is_over = cache(is_over)
        self._log = log
        self._files = Files(None, given.tencentcloud_conn_id)
        self._settings = CosHook(given.tencentcloud_conn_id).settings
        self._inputs = Inputs(given.tencentcloud_conn_id, self._settings)
        self._seals = Seals(lambda: self._settings)

    def run(self, now: float) -> dict[str, Any]:
        """Plan, and return what the task returns.

        :param now: seconds since the epoch
        """
        self._files.check("catalogue", self._given.catalogue)
        demand = self._demand()
        self._check_finals(demand)
        store = RecordStore(self._files, self._given.catalogue)
        if self._given.dry_run:
            found = self._decide(demand, store.read(), now)
        else:
            found = Plan()

            def decide(record: CatalogueRecord) -> list[Event]:
                nonlocal found
                found = self._decide(demand, record, now)
                return found.events

            # Reserved before anyone can read the plan: of two runs at the same time, one has an item.
            store.update(self._task, decide, now)
        return self._written(found, demand)

    def _demand(self) -> Demand:
        """Return what the manifest asks for, and what it is made from now."""
        given, name = self._given, _shown(self._given.manifest)
        with invalid_arguments_fail():
            demand = demand_of(
                self._rows(),
                given.looks,
                columns=given.columns,
                defaults=given.defaults,
                publish_to=given.publish_to,
                storage=self._settings.storage,
                name=name,
                tags=self._inputs.tags,
            )
        if demand.bad_rows:
            # Without a single good row it is the manifest that is wrong, and whoever skips rows wants the others.
            if given.on_bad_row is OnBadRow.FAIL or not demand.items:
                raise ManifestError(name, demand.bad_rows, is_whole=given.on_bad_row is not OnBadRow.FAIL)
            count = len(demand.bad_rows)
            told = first_rows(demand.bad_rows, count)
            self._log.warning("%s left out, as on_bad_row='skip' says: %s", counted(count, "bad row"), told)
        if self._inputs.unreachable:
            some = ", ".join(sorted(map(str, self._inputs.unreachable))[:3])
            self._log.warning(
                "Nobody answers for %s (%s): they count as unchanged, and new products wait for the next run",
                counted(len(self._inputs.unreachable), "picture"),
                some,
            )
        return demand

    def _rows(self) -> Iterator[Row]:
        manifest = self._given.manifest
        if not isinstance(manifest, str):
            return given_rows(manifest)
        files = Files(self._given.manifest_conn_id, self._given.tencentcloud_conn_id)
        files.check("manifest", manifest)
        try:
            return read_rows(files.read(manifest), _shown(manifest))
        except FileNotFoundError as error:
            hint = "" if "://" in manifest else f". An object of COS is cos:///{manifest.lstrip('/')}"
            raise InvalidArgumentError(f"manifest: {error}{hint}") from None

    def _check_finals(self, demand: Demand) -> None:
        """Check, before anything is paid for, that no picture is to be published among the files of the catalogue."""
        if not is_cos(self._given.catalogue):
            return
        with invalid_arguments_fail():
            folder = cos_address("catalogue", self._given.catalogue)
            bucket = folder.bucket or self._settings.cos_bucket
            for own in ("record", "runs"):
                within = f"cos://{bucket}{beneath(folder.path, own)}/"
                found = next((one for one in demand.items if one.publish_to.startswith(within)), None)
                if found is not None:
                    arguments.fail(
                        "publish_to", found.publish_to, f"a key outside of {within}, which the catalogue needs"
                    )

    def _decide(self, demand: Demand, record: CatalogueRecord, now: float) -> Plan:
        given = self._given
        if not record.seq and "://" not in given.catalogue:
            self._log.warning(
                "%s has no record yet, and is on the disk of this worker: where tasks run on several workers, all need "
                "that disk, or the others do not know what was made, and pay for it again",
                given.catalogue,
            )
        limits = Limits(
            max_pictures=given.max_pictures,
            is_forced=forced(given.force),
            may_be_removed=demand.may_be_removed,
            unpublishes=given.on_removed is OnRemoved.UNPUBLISH,
            # A batch of MPS is there, unless all looks are of another.
            remover=min(services_of(given.looks), key=list(LineService).index),
            is_over=lambda run: self._is_over(run.dag_id, run.run_id),
        )
        present = Present(demand.objects, self._settings.cos_region, set())
        while True:
            found = plan(demand.items, record, limits, present=present, run=self._task, now=now)
            if not present.missing:
                break
            demand.objects.update(self._inputs.cos_tags(present.missing))
            present.missing.clear()
        going = found.counts[Action.UNPUBLISH.value]
        if going > given.max_removed * found.published:
            raise TooManyRemovedError(_shown(given.manifest), going, found.published, given.max_removed)
        if not given.dry_run:
            with invalid_arguments_fail():
                found.lines[:] = map(self._seals.sealed, found.lines)
        # A picture is paid for before anything is written there.
        self._inputs.check_buckets(present.final(line["publish_to"]) for line in found.to_make)
        return found

    def _written(self, found: Plan, demand: Demand) -> dict[str, Any]:
        given = self._given
        counts = {**found.counts, "bad_rows": len(demand.bad_rows)}
        output: dict[str, Any] = {"path": "", "catalogue": given.catalogue, "counts": counts}
        if (price := priced(found.to_make, given.prices or self._settings.prices)) is not None:
            output["price"] = price
        if found.left_out:
            output["left_out"] = self._write(Kind.LEFT_OUT, found.left_out)
        if given.dry_run:
            output["dry_run"] = self._write(Kind.DRY_PLAN, map(_would, found.lines))
        # Whoever takes the plan of a dry run has nothing to do.
        output["path"] = self._write(Kind.PLAN, [] if given.dry_run else found.lines)
        self._say(found, output, demand)
        return output

    def _write(self, kind: Kind, lines: Any) -> str:
        address = beneath(run_folder(self._given.catalogue, self._task), new_name(kind, self._task, self._try_number))
        write_lines(self._files, address, lines)
        return address

    def _say(self, found: Plan, output: Mapping[str, Any], demand: Demand) -> None:
        head = "Dry run, nothing is submitted: " if self._given.dry_run else ""
        self._log.info("%s%s; see %s", head, described(output), output.get("dry_run", output["path"]))
        names = self._given.force if isinstance(self._given.force, list) else []
        if idle := [name for name in names if not demand.has(forced(name))]:
            self._log.warning("force names what the manifest does not have: %s", ", ".join(map(repr, idle[:10])))
        if self._given.dry_run:
            for line in found.lines[:20]:
                self._log.info("Would %s %s: %s", line["action"], line["item"], line["why"])
        for why, advice in _ADVICE.items():
            if some := first_left_out(found.left_out, why):
                self._log.warning("%s: %s. See %s", advice, some, output["left_out"])


_ADVICE = {
    LeftOut.REFUSED: "Failed for good before, and left out until something changes or force names them",
    LeftOut.IN_ANOTHER_RUN: "Another run is about to make these",
    LeftOut.REMOVED: "Gone from the manifest and still published; on_removed='unpublish' removes them",
}


def _would(line: PlanLine) -> dict[str, Any]:
    """Return a line that no batch takes, without signatures, as nobody has to follow its addresses."""
    rest = {name: map_addresses(value, unsigned_url) for name, value in line.items() if name != "action"}
    return {"would": line["action"], **rest}


def _shown(manifest: Any) -> str:
    """Return the name of a manifest for messages."""
    return manifest if isinstance(manifest, str) else f"manifest of {counted(_length(manifest), 'row')}"


def _length(manifest: Any) -> int:
    return len(manifest) if isinstance(manifest, Sequence) else 0
