from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_mps.core.errors import ServiceError, may_resend
from airflow_provider_mps.core.outcomes import Outcome, Transport, outcome_of_http_status
from airflow_provider_mps.services.tencentcloud.codes import CODES, COS_CODES, outcome_of, outcome_of_cos
from airflow_provider_mps.services.tencentcloud.words import Action


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        ("AuthFailure.SignatureFailure", Outcome.REFUSED),
        ("AuthFailure.SomethingNew", Outcome.REFUSED),
        ("UnauthorizedOperation.CamNoAuth", Outcome.REFUSED),
        ("InvalidParameterValue.Quality", Outcome.REFUSED),
        ("MissingParameter", Outcome.REFUSED),
        ("FailedOperation.UserArrears", Outcome.REFUSED),
        ("FailedOperation.NetworkError", Outcome.UNKNOWN),
        ("RequestLimitExceeded", Outcome.NOT_EXECUTED),
        ("RequestLimitExceeded.UinLimitExceeded", Outcome.NOT_EXECUTED),
        ("LimitExceeded.CreateTask", Outcome.NOT_EXECUTED),
        ("InternalError", Outcome.UNKNOWN),
        ("InternalError.AccessDBError", Outcome.UNKNOWN),
        ("ACodeOfTomorrow", Outcome.UNKNOWN),
        ("", Outcome.UNKNOWN),
        (Transport.NOT_CONNECTED, Outcome.NOT_EXECUTED),
        (Transport.NO_ANSWER, Outcome.UNKNOWN),
        (Transport.GARBLED, Outcome.UNKNOWN),
        (Transport.BAD_CERTIFICATE, Outcome.REFUSED),
    ],
)
def test_outcome_of_a_code(code: str, outcome: Outcome) -> None:
    assert outcome_of(code) is outcome


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (400, "refused"),
        (403, "refused"),
        (408, "not_executed"),
        (429, "not_executed"),
        (500, "unknown"),
        (503, "unknown"),
    ],
)
def test_outcome_of_an_http_status(status: int, outcome: str) -> None:
    assert outcome_of_http_status(status) == outcome


def test_outcome_of_cos() -> None:
    assert outcome_of_cos("AccessDenied", 403) is Outcome.REFUSED
    assert outcome_of_cos("NoSuchKey", 404) is Outcome.NOT_EXECUTED
    assert outcome_of_cos("SlowDown", 503) is Outcome.UNKNOWN
    assert outcome_of_cos("Whatever", 409) is Outcome.REFUSED


def test_a_paid_request_goes_out_again_only_if_it_was_not_executed() -> None:
    allowed = {outcome for outcome in Outcome if may_resend(Action.PROCESS_IMAGE, outcome)}
    assert allowed == {Outcome.NOT_EXECUTED}
    allowed = {outcome for outcome in Outcome if may_resend(Action.DESCRIBE_IMAGE_TASK_DETAIL, outcome)}
    assert allowed == {Outcome.NOT_EXECUTED, Outcome.UNKNOWN}


def test_every_row_names_its_source() -> None:
    for code, rule in {**CODES, **COS_CODES}.items():
        assert rule.source in ("common", "mps", "cos", "SDK", "RFC 9110", "package"), code


def test_the_sdk_knows_the_codes_of_mps() -> None:
    from tencentcloud.mps.v20190612 import errorcodes

    known = {value for name, value in vars(errorcodes).items() if name.isupper()}
    for code, rule in CODES.items():
        if rule.source == "mps":
            assert code in known


def test_what_the_person_on_call_reads() -> None:
    error = ServiceError(
        "MPS",
        "ProcessImage",
        "cos://b-125/a.png",
        "AuthFailure.SignatureFailure",
        "wrong\nkey",
        "req-1",
        Outcome.REFUSED,
    )
    assert str(error) == (
        "MPS ProcessImage for cos://b-125/a.png: AuthFailure.SignatureFailure: wrong key (RequestId req-1). "
        "Check login (SecretId) and password (SecretKey) of the connection. "
        "This will not change by itself: the task fails without retries."
    )
    lost = ServiceError("MPS", "ProcessImage", "", Transport.NO_ANSWER, "reset")
    assert "may have been executed" in str(lost)


@given(st.text(), st.sampled_from(list(Outcome)))
def test_errors_survive_pickling(message: str, outcome: Outcome) -> None:
    error = ServiceError("MPS", "ProcessImage", "t", "C", message, "r", outcome)
    again = pickle.loads(pickle.dumps(error))
    assert (vars(again), str(again)) == (vars(error), str(error))


@given(st.text(alphabet="abc=&;%-", min_size=1))
def test_no_query_survives_in_a_message(query: str) -> None:
    error = ServiceError("COS", "GetObject", "", "X", f"see https://h.example/p?q-signature={query} now")
    assert "q-signature" not in str(error)
    assert "https://h.example/p?*** now" in str(error)
