"""Datasets and errors in the forms of OpenLineage, which is imported only when its provider asks for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from airflow_provider_mps.core.dataset_bounds import Reported
from airflow_provider_mps.core.redaction import excerpt

ERROR_FACET = "mps_error"
"""Name of the facet with what a service has answered, in fields."""
_LONGEST_MESSAGE = 500


def operator_lineage(
    inputs: Iterable[Reported], outputs: Iterable[Reported], failure: Mapping[str, str] | None = None
) -> Any:
    """Return an ``OperatorLineage``.

    :param failure: ``Code``, ``Message`` and ``RequestId`` of the error that the task has failed with; None without one
    """
    from airflow.providers.common.compat.openlineage.facet import Dataset
    from airflow.providers.openlineage.extractors import OperatorLineage

    return OperatorLineage(
        inputs=[Dataset(namespace=one.dataset.namespace, name=one.dataset.name) for one in inputs],
        outputs=[_output(one) for one in outputs],
        run_facets={} if failure is None else _error_facets(failure),
    )


def _output(one: Reported) -> Any:
    from airflow.providers.common.compat.openlineage.facet import (
        Dataset,
        OutputDataset,
        OutputStatisticsOutputDatasetFacet,
    )

    namespace, name = one.dataset
    if one.files is None:
        return Dataset(namespace=namespace, name=name)
    try:
        statistics = OutputStatisticsOutputDatasetFacet(fileCount=one.files)
    except TypeError:
        # Older clients count rows alone.
        return Dataset(namespace=namespace, name=name)
    return OutputDataset(namespace=namespace, name=name, outputFacets={"outputStatistics": statistics})


def _error_facets(failure: Mapping[str, str]) -> dict[str, Any]:
    from airflow.providers.common.compat.openlineage.facet import ErrorMessageRunFacet

    code, message, request_id = (failure.get(name, "") for name in ("Code", "Message", "RequestId"))
    told = excerpt(f"{code}: {message}" + (f" (RequestId {request_id})" if request_id else ""), _LONGEST_MESSAGE)
    return {
        # Where Airflow hands the error to OpenLineage's listener, that puts the whole text of it in this place.
        "errorMessage": ErrorMessageRunFacet(message=told, programmingLanguage="python"),
        ERROR_FACET: _error_facet()(code=code, message=message, requestId=request_id),
    }


@cache
def _error_facet() -> Any:
    """Return the class of the facet: its base is there only with OpenLineage's client."""
    from airflow.providers.common.compat.openlineage.facet import RunFacet
    from attr import attrib, make_class

    names = ("code", "message", "requestId")
    return make_class("MpsErrorRunFacet", {name: attrib(type=str) for name in names}, bases=(RunFacet,))
