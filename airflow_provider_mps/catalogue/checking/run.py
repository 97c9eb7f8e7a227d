"""The check of a run: its files are read, its pictures looked at, what is wrong is put on record and written."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from airflow_provider_mps.batch.words import whole_address
from airflow_provider_mps.catalogue.addresses import StepOutput, begun_name, new_name, run_folder
from airflow_provider_mps.catalogue.checking.checker import Checker, Looked
from airflow_provider_mps.catalogue.checking.jobs import CheckJob, job_of_line
from airflow_provider_mps.catalogue.checking.opinions import has_score
from airflow_provider_mps.catalogue.checking.remakes import caught_up, rejection, remake_of, replaced
from airflow_provider_mps.catalogue.checking.words import codes_of, why_not_looked_for
from airflow_provider_mps.catalogue.lines import PictureLine, PlanLine, is_rejected, picture_lines
from airflow_provider_mps.catalogue.picture_files import read_pictures
from airflow_provider_mps.catalogue.plan.verdicts import is_reserved
from airflow_provider_mps.catalogue.record.events import Event, ItemMade, ItemPlanned
from airflow_provider_mps.catalogue.record.fold import CatalogueRecord
from airflow_provider_mps.catalogue.record.state import ItemState, Writer
from airflow_provider_mps.catalogue.record.store import RecordStore
from airflow_provider_mps.catalogue.words import Kind
from airflow_provider_mps.core import arguments
from airflow_provider_mps.core.airflow_task import TaskKey
from airflow_provider_mps.core.arguments import ArgumentError, beneath
from airflow_provider_mps.core.progress import and_more
from airflow_provider_mps.core.vocabulary import PICTURE_GONE
from airflow_provider_mps.exceptions import invalid_arguments_fail
from airflow_provider_mps.pictures.check import Bounds, Verdict, duplicates
from airflow_provider_mps.services.tencentcloud.payloads import StorageDefaults
from airflow_provider_mps.storage.errors import UnreadableLinesError
from airflow_provider_mps.storage.files import Files, parent
from airflow_provider_mps.storage.lines import read_lines, write_lines

WITHOUT_PICTURE = "without_picture"
PRODUCT_NOT_CHECKED = "product_not_checked"


class Place(NamedTuple):
    """Where the files of a check are.

    :param folder: address of the folder for its own
    :param catalogue: address of the catalogue's folder; None without one
    """

    folder: str
    catalogue: str | None


class Begun(NamedTuple):
    """What a try was about to pay for.

    :param checked: address of what was checked before
    :param kind: what it is: to be made once more, or to be asked about
    :param path: address of what that is
    """

    checked: str
    kind: Kind
    path: str


class CheckRun:
    """Checks the pictures of one or several files.

    :param files: reaches the storage
    :param place: where the files are
    :param task: the Airflow task
    :param checker: looks at pictures
    :param storage: bucket and region where a request names none
    :param bounds: how much a picture may differ
    """

    def __init__(
        self, files: Files, place: Place, task: TaskKey, checker: Checker, storage: StorageDefaults, bounds: Bounds
    ) -> None:
        self._files = files
        self._place = place
        self._task = task
        self._checker = checker
        self._storage = storage
        self._bounds = bounds
        self._store = None if place.catalogue is None else RecordStore(files, place.catalogue)
        self._known: CatalogueRecord | None = None
        self.lines: list[PictureLine] = []

    @property
    def catalogue(self) -> str | None:
        """Address of the catalogue's folder; None without one."""
        return self._place.catalogue

    @property
    def task(self) -> TaskKey:
        """The Airflow task."""
        return self._task

    def read(self, paths: Sequence[str]) -> None:
        """Read lines; a check that is in them already stays until it is made again.

        :param paths: addresses of files with pictures
        :raises InvalidArgumentError: there is no such file, a line cannot be used, or an item has two pictures
        :raises UnreadableLinesError: a file cannot be read
        """
        with invalid_arguments_fail():
            self.lines += read_pictures(self._files, paths)
            # Which of two is right nobody could say later, and both would be paid for.
            counts = Counter(line["item"] for line in self.lines if "entry" in line)
            if twice := [item for item, count in counts.items() if count > 1]:
                more = and_more(len(twice) - 1)
                raise ArgumentError(f"pictures: {twice[0]!r:.100}{more} is there twice: give each picture once")

    def check(self, stop: threading.Event) -> None:
        """Check all pictures, those that were made anew in the place of what was read.

        :param stop: set when the task is at its end
        """
        if self._store is not None:
            self._known = self._store.read()
            self.lines = [caught_up(line, self._known.state(line["item"])) for line in self.lines]
        self._look(range(len(self.lines)), stop)

    def take(self, path: str, stop: threading.Event) -> int:
        """Put pictures that were made anew in the place of rejected ones, and check them.

        :param path: address of what the batch has written
        :return: how many there are
        """
        remade = {line["item"]: line for line in picture_lines(read_lines(self._files, path), path)}
        found = []
        for index, line in enumerate(self.lines):
            new = remade.get(line["item"])
            if new is None or new["entry"].get("Error"):
                continue
            count = line["check"].get("remakes", 0) + 1
            self.lines[index] = replaced(line, new)
            self.lines[index]["check"] = {"remakes": count}
            found.append(index)
        self._look(found, stop)
        return len(found)

    def tell(self) -> None:
        """Put on record which pictures are rejected, and which of several is the right one."""

        def decide(known: CatalogueRecord) -> list[Event]:
            return [event for line in self.lines for event in _events(line, known.state(line["item"]))]

        self.update(decide, time.time())

    def update(self, decide: Callable[[CatalogueRecord], list[Event]], now: float) -> None:
        """Put on record what is decided by what is known; without a catalogue nobody decides.

        :param decide: see :meth:`RecordStore.update`
        :param now: seconds since the epoch
        """
        if self._store is not None:
            self._known = self._store.update(self._task, decide, now, self._known)

    def to_remake(self, max_remakes: int, is_over: Callable[[Writer], bool]) -> list[PlanLine]:
        """Return the lines of what is to be made once more, and reserve these, as a plan does.

        :param max_remakes: how often an item may be made anew
        :param is_over: tells whether a run that has reserved an item is known to have ended
        """
        found: list[PlanLine] = []
        if not self.rejected:
            return found
        now = time.time()

        def decide(known: CatalogueRecord) -> list[Event]:
            found.clear()
            for line in self.rejected:
                state = known.state(line["item"])
                if state.planned is not None and is_reserved(state, self._task, now) and not is_over(state.planned.run):
                    continue
                if (made := remake_of(line, state, self._task, max_remakes)) is not None:
                    found.append(made)
            return [ItemPlanned(line["item"], line["fingerprint"]) for line in found]

        self.update(decide, now)
        return found

    def write(self, kind: Kind, lines: Iterable[Mapping[str, Any]], try_number: int) -> str:
        """Write a file under a name of its own, and return its address.

        :param try_number: of the Airflow task
        """
        address = beneath(self._place.folder, new_name(kind, self._task, try_number))
        write_lines(self._files, address, lines)
        return address

    def begin(self, try_number: int, kind: Kind, lines: Iterable[Mapping[str, Any]]) -> str:
        """Write what is about to be paid for; return its address, and note it for whoever comes back from a deferral.

        Not as arguments of the deferral: ``dag.test()`` drops these.

        :param try_number: of the Airflow task
        :param kind: what it is: to be made once more, or to be asked about
        :param lines: what it says
        """
        checked, paid = self.write(Kind.CHECKED, self.lines, try_number), self.write(kind, lines, try_number)
        data = json.dumps({"checked": checked, kind.value: paid}).encode()
        self._files.write(self._begun(try_number), data, "application/json")
        return paid

    def begun(self, try_number: int) -> Begun:
        """Return what :meth:`begin` has noted last in the same try.

        :raises UnreadableLinesError: that cannot be read
        """
        address = self._begun(try_number)
        try:
            said = json.loads(self._files.read(address))
            kind = Kind.OPINION if Kind.OPINION in said else Kind.REMAKE
            return Begun(str(said["checked"]), kind, str(said[kind]))
        except (FileNotFoundError, ValueError, KeyError, TypeError) as error:
            raise UnreadableLinesError(address, 1, f"it does not say what is made once more: {error}") from None

    def _begun(self, try_number: int) -> str:
        return beneath(self._place.folder, begun_name(Kind.REMAKE, self._task, try_number))

    @property
    def rejected(self) -> list[PictureLine]:
        """The lines whose pictures are rejected."""
        return [line for line in self.lines if is_rejected(line)]

    @property
    def checks(self) -> list[dict[str, Any]]:
        """What was found out, a line each."""
        return [line["check"] for line in self.lines if "check" in line]

    @property
    def counts(self) -> dict[str, int]:
        """How many there are of each kind."""
        kinds = Counter(line["check"]["verdict"] if "check" in line else WITHOUT_PICTURE for line in self.lines)
        counts = {verdict.value.replace(" ", "_"): kinds[verdict.value] for verdict in Verdict}
        counts[WITHOUT_PICTURE] = kinds[WITHOUT_PICTURE]
        if remade := sum(line.get("check", {}).get("remakes", 0) for line in self.lines):
            counts["remade"] = remade
        if blind := sum(bool(why_not_looked_for(check)) for check in self.checks):
            counts[PRODUCT_NOT_CHECKED] = blind
        if opinions := sum(has_score(line) for line in self.lines):
            counts["opinions"] = opinions
        return counts

    def _look(self, indices: Iterable[int], stop: threading.Event) -> None:
        jobs: list[tuple[int, CheckJob]] = []
        with invalid_arguments_fail():
            for index in indices:
                if (job := job_of_line(self.lines[index], self._storage)) is not None:
                    jobs.append((index, job))
        looked = self._checker.look([job for _, job in jobs], stop)
        for (index, _), found in zip(jobs, looked, strict=True):
            self._note(index, found)
        self._find_duplicates()

    def _note(self, index: int, found: Looked | None) -> None:
        line = self.lines[index]
        remakes = line.get("check", {}).get("remakes", 0)
        more = {"remakes": remakes} if remakes else {}
        if found is None:
            # Whoever publishes it says so too.
            gone = {"code": PICTURE_GONE, "verdict": Verdict.NOT_CHECKED.value, "words": "it is not where it was made"}
            line["check"] = {"verdict": Verdict.NOT_CHECKED.value, "findings": [gone], **more}
            return
        line["check"] = found.checked.as_dict() | more
        line["entry"] = {**line["entry"], "Outputs": found.first(line["entry"]["Outputs"])}

    def _find_duplicates(self) -> None:
        find_duplicates({line["item"]: line for line in self.lines if "check" in line}, self._bounds)


def place_of(outputs: Sequence[StepOutput], results: Any, task: TaskKey) -> Place:
    """Return where the files of a check are: those that it writes are beside what it reads.

    :param outputs: what it reads; there is at least one
    :param results: address of the folder for its own; None for the folder of the run, or of what it reads
    :param task: the Airflow task
    :raises ArgumentError: they are of several catalogues, or ``results`` is no address
    """
    catalogues = {output.catalogue for output in outputs}
    if len(catalogues) > 1:
        arguments.fail("pictures", sorted(map(str, catalogues)), "pictures of one catalogue")
    (catalogue,) = catalogues
    if results is not None:
        return Place(whole_address("results", results), catalogue)
    if catalogue is not None:
        return Place(run_folder(catalogue, task), catalogue)
    return Place(parent(outputs[0].path), None)


def find_duplicates(checked: Mapping[str, Mapping[str, Any]], bounds: Bounds) -> None:
    """Reject pictures that an earlier one is too.

    :param checked: lines or entries with ``check``, by what tells them apart, in order
    :param bounds: how much two pictures may differ
    """
    right = {name: one["check"] for name, one in checked.items() if not is_rejected(one)}
    found = duplicates({name: check["print"] for name, check in right.items() if check.get("print")}, bounds=bounds)
    for name, finding in found.items():
        check = right[name]
        check["findings"] = [*check["findings"], finding.as_dict()]
        check["verdict"] = finding.verdict.value


def _events(line: PictureLine, state: ItemState) -> list[Event]:
    if "check" not in line:
        return []
    if is_rejected(line):
        event = rejection(line, codes_of(line["check"]), state)
        return [] if event is None else [event]
    (picture, *others), made = line["entry"]["Outputs"], state.made
    if made is None or made.fingerprint != line["fingerprint"] or made.path not in [one["path"] for one in others]:
        return []
    # Of several pictures another one than the first is right.
    return [ItemMade(line["item"], line["fingerprint"], picture, line["entry"].get("TaskId"))]
