"""Plan what of a catalogue a run makes: only what has changed, and no more than it may pay for."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.common.compat.sdk import BaseOperator

from airflow_provider_mps.batch.words import whole_address
from airflow_provider_mps.catalogue.words import OnBadRow, OnRemoved
from airflow_provider_mps.compat import is_run_over
from airflow_provider_mps.core import arguments
from airflow_provider_mps.core.arguments import ArgumentError
from airflow_provider_mps.core.services import ServiceProfile
from airflow_provider_mps.exceptions import invalid_arguments_fail
from airflow_provider_mps.failures import failures_in_short
from airflow_provider_mps.lineage.reporting import ReportsLineage, reports_lineage
from airflow_provider_mps.rendering import TemplatedFields
from airflow_provider_mps.services.profiles import MPS
from airflow_provider_mps.services.tencentcloud.prices import read_prices
from airflow_provider_mps.services.tencentcloud.words import DEFAULT_CONN_ID

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context, XComArg

    # Imported where they are used: a DAG file has no need of them.
    from airflow_provider_mps.catalogue.plan.planner import PlanArguments

DEFAULT_MAX_REMOVED = 0.5


class CataloguePlanOperator(ReportsLineage, TemplatedFields, BaseOperator):
    """Find out which pictures of a catalogue have to be made, and why, and keep them for this run.

    Each product of the manifest in each look is an item, ``{sku}/{look}``. What its pictures are now is asked of COS
    by lists and ``HEAD``, and of web servers by ``HEAD``; nothing is downloaded. An item is in the plan if it is new,
    if its subject, its background or its request has changed, if it failed last time, if its published picture is
    gone, or if ``force`` names it. What was paid for before and is not published yet is in it too, to be published
    only. What failed for good is left out until something changes.

    Writes the plan as JSON Lines under ``{catalogue}/runs/`` and returns ``{"path", "catalogue", "counts", "price",
    "left_out", "dry_run"}``: the address of the plan; the catalogue; how many items there are of each kind, and under
    ``why`` by reason; what those to make cost, where prices are known (``{"amount", "currency", "without_price"}``);
    the address of a file with the items that are left out, if any, and why; with ``dry_run`` that of what would be
    done. A batch and ``CataloguePublishOperator`` take it as it is.

    An address with a signature is in the plan without it; the signature is beside it, encrypted with a key from the
    connection's SecretKey, for the batch. One task plans a catalogue: of several, as of a mapped one, each would take
    the products of the others for gone.

    Items to make are reserved in the record of the catalogue, so that no other run takes them for 23 hours. A retry or
    a clear of this task plans them again.

    The account needs ``name/cos:GetBucket``, ``name/cos:HeadObject``, ``name/cos:GetObject`` and
    ``name/cos:PutObject``; without the first, each picture is asked for by itself.

    Templated: all of its arguments.

    :param manifest: the products: address of a CSV, TSV, JSON or JSON Lines file, also with ``.gz``, in COS
        (``cos://bucket/key``), in another object storage or on the disk (str); or rows from another task (list of dict)
    :param looks: what is asked for each product (dict by name): arguments of
        :class:`~airflow_provider_mps.operators.mps.MpsImageBgFusionOperator` without the subject, or with ``scene_id``
        those of Aidge (there ``image_num`` is 2 unless given, the fewest that Aidge makes, as one is published);
        ``version`` (str or int, default 1) makes all anew when it is raised. Texts may hold
        ``{column}``
    :param catalogue: address of the folder of the catalogue, with its record and the files of its runs (str): in COS,
        in another object storage, or an absolute path on a disk that all workers share
    :param publish_to: where pictures are published (str), such as ``/shop/{sku}/{look}.{ext}`` or
        ``cos://bucket/shop/{sku}/{look}.{ext}``
    :param columns: names of the manifest's columns (dict), where they are called otherwise: ``{"sku": "article_no"}``
    :param defaults: arguments for all pictures (dict), which looks and rows go before; default none
    :param max_pictures: how many pictures the run may pay for (int), of an item of Aidge its ``image_num``; the rest
        waits for the next one, and goes first. Default None, any number
    :param on_bad_row: what to do about rows that cannot be used (str): ``fail`` names them all (default), ``skip``
        leaves them out with a warning, unless all are bad
    :param on_removed: what to do about pictures of products that are gone from the manifest (str): ``keep`` lists them
        (default), ``unpublish`` removes them from the shop. A product whose row is bad is not gone
    :param max_removed: share of the published items that may be removed at once (float from 0 to 1), default 0.5; with
        more the task fails, as a manifest that lost most of its products is more likely a broken one
    :param force: what to make whatever is known of it: True for all, or skus, items or patterns with ``*`` (bool, str
        or list of str), default none
    :param dry_run: only say what would be made (bool), default False: the plan is empty, and the record stays as it is
    :param prices: price of a picture by its size (dict), as in the connection, whose extra ``prices`` is the default
    :param manifest_conn_id: Airflow connection of the manifest's storage (str), where it is neither COS nor the disk
    :param tencentcloud_conn_id: Airflow connection (str), default ``tencentcloud_default``; None reads the environment
    :raises ValueError: a fixed argument cannot be used; when the DAG is read
    :raises InvalidArgumentError: a rendered value cannot be used, or the picture of a look is not there; Airflow does
        not retry
    :raises ManifestError: the manifest, or with ``on_bad_row="fail"`` a row, cannot be used; Airflow does not retry
    :raises TooManyRemovedError: more than ``max_removed`` would be unpublished; Airflow does not retry
    :raises RecordUnreadableError: the record of the catalogue cannot be read; Airflow does not retry
    :raises CatalogueBusyError: other runs write the record all the time
    :raises TencentCloudPermanentError: COS refuses (credentials, permission, no such bucket, also that of
        ``publish_to``); Airflow does not retry
    :raises TencentCloudError: COS does not answer
    """

    service: ClassVar[ServiceProfile] = MPS
    ui_color = "#e0f0ff"
    template_fields: Sequence[str] = (
        "manifest",
        "looks",
        "catalogue",
        "publish_to",
        "columns",
        "defaults",
        "max_pictures",
        "on_bad_row",
        "on_removed",
        "max_removed",
        "force",
        "dry_run",
        "prices",
        "manifest_conn_id",
        "tencentcloud_conn_id",
    )
    template_fields_renderers = {"looks": "json", "columns": "json", "defaults": "json", "prices": "json"}
    container_fields = ("manifest", "looks", "columns", "defaults", "force", "prices")

    def __init__(
        self,
        *,
        manifest: str | list[dict[str, Any]] | XComArg,
        looks: dict[str, dict[str, Any]] | XComArg,
        catalogue: str | XComArg,
        publish_to: str | XComArg,
        columns: dict[str, str | None] | XComArg | None = None,
        defaults: dict[str, Any] | XComArg | None = None,
        max_pictures: int | str | XComArg | None = None,
        on_bad_row: str | XComArg = OnBadRow.FAIL.value,
        on_removed: str | XComArg = OnRemoved.KEEP.value,
        max_removed: float | str | XComArg = DEFAULT_MAX_REMOVED,
        force: bool | str | list[str] | XComArg | None = None,
        dry_run: bool | str | XComArg = False,
        prices: dict[str, Any] | str | XComArg | None = None,
        manifest_conn_id: str | XComArg | None = None,
        tencentcloud_conn_id: str | None = DEFAULT_CONN_ID,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.manifest: Any = manifest
        self.looks: Any = looks
        self.catalogue: Any = catalogue
        self.publish_to: Any = publish_to
        self.columns: Any = columns
        self.defaults: Any = defaults
        self.max_pictures: Any = max_pictures
        self.on_bad_row: Any = on_bad_row
        self.on_removed: Any = on_removed
        self.max_removed: Any = max_removed
        self.force: Any = force
        self.dry_run: Any = dry_run
        self.prices: Any = prices
        self.manifest_conn_id: Any = manifest_conn_id
        self.tencentcloud_conn_id = tencentcloud_conn_id
        self._given = [name for name in self.template_fields if getattr(self, name) is not None]
        with invalid_arguments_fail():
            for name in ("manifest", "looks", "catalogue", "publish_to"):
                if getattr(self, name) is None:
                    raise ArgumentError(f"{name} is required")
            arguments.check_literals({name: getattr(self, name) for name in _CHECKS}, _CHECKS)
            self._check_looks()

    @failures_in_short
    @reports_lineage
    def execute(self, context: Context) -> dict[str, Any]:
        """Plan the run, and return the address of the plan."""
        from airflow_provider_mps.catalogue.plan.planner import Planner
        from airflow_provider_mps.durable.tries import task_of

        self.check_found()
        with invalid_arguments_fail():
            given = self._read()
        ti = context["ti"]
        is_over = partial(is_run_over, ti)
        return Planner(given, task_of(context), ti.try_number, is_over, self.log).run(time.time())

    def lineage_inputs(self) -> Iterable[str]:
        """Give the address of the manifest; rows that another task has returned have none."""
        return (self.manifest,) if isinstance(self.manifest, str) else ()

    def _check_looks(self) -> None:
        """Check what no template will change, or has not."""
        from airflow_provider_mps.catalogue.items.wanted import check_looks, check_publish_to

        check_looks(self.looks, self.defaults)
        check_publish_to(self.publish_to, list(self.looks) if isinstance(self.looks, Mapping) else None)

    def _read(self) -> PlanArguments:
        """Return the rendered arguments, checked."""
        from airflow_provider_mps.catalogue.plan.planner import PlanArguments

        values = {name: getattr(self, name) for name in self.template_fields}
        arguments.check_rendered([*_REQUIRED, *self._given], values)
        read: dict[str, Any] = {
            name: check(name, values[name]) for name, check in _CHECKS.items() if values[name] is not None
        }
        self._check_looks()
        return PlanArguments(
            **{name: read[name] for name in _REQUIRED if name in _CHECKS},
            looks=self.looks,
            publish_to=self.publish_to,
            columns=read.get("columns", {}),
            defaults=read.get("defaults", {}),
            max_pictures=read.get("max_pictures"),
            force=read.get("force", False),
            prices=read.get("prices"),
            manifest_conn_id=self.manifest_conn_id or None,
            tencentcloud_conn_id=self.tencentcloud_conn_id,
        )


def _manifest(name: str, value: Any) -> Any:
    if isinstance(value, str):
        if value.endswith("/"):
            arguments.fail(name, value, "the address of a file, and not of a folder")
        return arguments.text(name, value)
    if not isinstance(value, Sequence) or isinstance(value, bytes):
        arguments.fail(name, value, "the address of a manifest, or its rows: a list of dicts")
    return value


def _columns(name: str, value: Any) -> Any:
    from airflow_provider_mps.catalogue.items.wanted import check_columns

    check_columns(value)
    return value


def _defaults(name: str, value: Any) -> Any:
    if not isinstance(value, Mapping):
        arguments.fail(name, value, "a dict with arguments of pictures")
    return value


def _share(name: str, value: Any) -> float:
    try:
        found = float(value)
    except (TypeError, ValueError):
        found = -1.0
    if isinstance(value, bool) or not 0 <= found <= 1:
        arguments.fail(name, value, "a share from 0 to 1")
    return found


def _force(name: str, value: Any) -> bool | list[str]:
    if isinstance(value, bool):
        return value
    # A template renders yes and no to words.
    if isinstance(value, str) and value.strip().lower() in ("true", "false", ""):
        return value.strip().lower() == "true"
    if isinstance(value, str):
        return [arguments.text(name, value)]
    if not isinstance(value, Sequence) or isinstance(value, bytes):
        arguments.fail(name, value, "True, or skus, items or patterns of them")
    return [arguments.text(f"{name}[{index}]", one) for index, one in enumerate(value)]


_REQUIRED = (
    "manifest",
    "looks",
    "catalogue",
    "publish_to",
    "on_bad_row",
    "on_removed",
    "max_removed",
    "dry_run",
)
_CHECKS: dict[str, Callable[[str, Any], Any]] = {
    "manifest": _manifest,
    "catalogue": whole_address,
    "columns": _columns,
    "defaults": _defaults,
    "max_pictures": lambda name, value: arguments.integer(name, value, 0),
    "on_bad_row": lambda name, value: arguments.word(name, value, OnBadRow),
    "on_removed": lambda name, value: arguments.word(name, value, OnRemoved),
    "max_removed": _share,
    "force": _force,
    "dry_run": arguments.flag,
    "prices": read_prices,
}
