"""What is not known of a service or of an action never counts in its favour."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

import airflow_provider_mps
from airflow_provider_mps.core.errors import ServiceError, error_from_json, error_to_json, may_resend
from airflow_provider_mps.core.outcomes import Outcome
from airflow_provider_mps.core.services import ServiceProfile, UnknownServiceError, profile_of, register
from airflow_provider_mps.core.tasks import TaskFailure
from airflow_provider_mps.error_table import ErrorClasses, register_errors, task_errors
from airflow_provider_mps.exceptions import TencentCloudError, TencentCloudPermanentError
from airflow_provider_mps.services.profiles import AIDGE, COS, MPS


@pytest.mark.parametrize("outcome", list(Outcome))
def test_an_action_that_nobody_knows_counts_as_paid(outcome: Outcome) -> None:
    assert may_resend("CreateImageTask", outcome) is (outcome is Outcome.NOT_EXECUTED)


def test_an_unknown_service_raises_where_it_is_looked_up() -> None:
    with pytest.raises(UnknownServiceError, match="no service 'Nobody' is known here"):
        profile_of("Nobody")
    with pytest.raises(UnknownServiceError, match="Nobody"):
        ServiceError("Nobody", "CreateImageTask", "", "AccessDenied", "no", "", Outcome.REFUSED)
    with pytest.raises(UnknownServiceError, match="Nobody"):
        _ = TaskFailure("InternalError", "", "Nobody").is_final
    with pytest.raises(UnknownServiceError, match="Nobody"):
        task_errors("Nobody")
    with pytest.raises(UnknownServiceError, match="Nobody"):
        register_errors("Nobody", ErrorClasses(TencentCloudError, TencentCloudPermanentError))
    with pytest.raises(UnknownServiceError, match="no errors of tasks of 'COS'"):
        task_errors(COS.name)


def test_no_service_is_a_default_of_anything() -> None:
    package = Path(airflow_provider_mps.__file__).parent
    for path in package.rglob("*.py"):
        assert "Service = Service." not in path.read_text(), path


def test_a_name_is_given_once() -> None:
    assert register(MPS) is MPS
    with pytest.raises(ValueError, match="a profile of MPS already"):
        register(ServiceProfile(name="MPS", conn_id_field="x", free_actions=frozenset(), code_rule=lambda code: None))


def test_each_service_judges_by_its_own_table() -> None:
    assert MPS.hint("ProcessImage", "InvalidAppKey") == ""
    assert "API key name" in AIDGE.hint("submit", "InvalidAppKey")
    assert TaskFailure("1000", "", AIDGE.name).is_final
    assert not TaskFailure("1000", "", MPS.name).is_final


def _refused() -> ServiceError:
    return ServiceError("MPS", "ProcessImage", "cos://b-1/a", "InvalidParameter", "no", "req", Outcome.REFUSED)


def test_an_error_travels_with_names() -> None:
    told = error_to_json(_refused())
    assert told == {
        "service": "MPS",
        "action": "ProcessImage",
        "target": "cos://b-1/a",
        "code": "InvalidParameter",
        "message": "no",
        "request_id": "req",
        "outcome": "refused",
    }
    assert error_from_json(told).args == _refused().args == pickle.loads(pickle.dumps(_refused())).args


@pytest.mark.parametrize(
    "value", [None, [], "x", {}, {"service": "MPS"}, {**error_to_json(_refused()), "more": "x"}, {"service": 1}]
)
def test_what_is_no_error_is_refused(value: object) -> None:
    with pytest.raises(TypeError):
        error_from_json(value)
    with pytest.raises(ValueError, match="perhaps"):
        error_from_json({**error_to_json(_refused()), "outcome": "perhaps"})
    with pytest.raises(UnknownServiceError, match="Nobody"):
        error_from_json({**error_to_json(_refused()), "service": "Nobody"})
