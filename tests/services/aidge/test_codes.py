from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_mps.core.errors import ServiceError, may_resend, says_no_such_task
from airflow_provider_mps.core.outcomes import Outcome, Transport
from airflow_provider_mps.core.tasks import TaskFailure
from airflow_provider_mps.error_table import airflow_error
from airflow_provider_mps.exceptions import AidgeError, AidgePermanentError
from airflow_provider_mps.services.aidge.codes import CODES, gateway_code, outcome_of, rule_for
from airflow_provider_mps.services.aidge.shapes import NO_SUCCESS
from airflow_provider_mps.services.aidge.words import AIDGE_NAME, AidgeAction

PASSING = ["500", "501", "801", "1001", "1002"]
FINAL = ["700", "1000"]
GATEWAY = ["IncompleteSignature", "InvalidAppKey", "IllegalTimestamp", "QuotaExhausted", "InsufficientPermission"]


def is_too_fast(code: str) -> bool:
    rule = rule_for(code)
    return rule is not None and rule.is_limit


def error_of(code: str, action: str = AidgeAction.GENERATE) -> ServiceError:
    return ServiceError(AIDGE_NAME, action, "p", code, "words of the service", "req-1", outcome_of(code))


@pytest.mark.parametrize("code", PASSING)
def test_what_passes_is_resent_and_retried(code: str) -> None:
    error = error_of(code)
    assert may_resend(error.action, error.outcome)
    assert type(airflow_error(error)) is AidgeError
    assert "may be retried safely" in str(error)


@pytest.mark.parametrize("code", [*FINAL, *GATEWAY])
def test_what_does_not_pass_ends_the_task_at_once(code: str) -> None:
    error = error_of(code)
    assert not may_resend(error.action, error.outcome)
    assert type(airflow_error(error)) is AidgePermanentError
    text = str(error)
    assert text.startswith(f"Aidge /ai/image/background/generation/scenario for p: {code}: words of the service")
    assert "(RequestId req-1)" in text
    assert "fails without retries" in text


def test_only_the_limits_slow_the_pace() -> None:
    assert {code for code in [*PASSING, *FINAL, *GATEWAY] if is_too_fast(code)} == {"501"}


NAMED_FINAL = [
    "InvalidParameter",
    "InvalidParameter.ImageUrl",
    "InputContentBlocked",
    "OutputContentBlocked",
    "CallerTypeNotSupported",
    "UserStatusInvalid",
    "ServiceNotOpened",
    "ServiceStatusInvalid",
    "FreeQuotaExhausted",
    "PriorityUnavailable",
    "InvalidAccessKeyId.NotFound",
    "InvalidAccessKeyId.Inactive",
    "SignatureDoesNotMatch",
    "InvalidTimeStamp.Expired",
    "Forbidden.RAM",
    "InsufficientBalance",
]


@pytest.mark.parametrize("code", NAMED_FINAL)
def test_named_errors_that_do_not_pass(code: str) -> None:
    error = error_of(code)
    assert type(airflow_error(error)) is AidgePermanentError
    assert "may have been executed" not in str(error)


@pytest.mark.parametrize("code", ["Throttling", "Throttling.User", "Throttling.Api", "HTTP 429", "501", "ApiCallLimit"])
def test_named_errors_of_the_limit_say_what_to_do(code: str) -> None:
    error = error_of(code)
    assert may_resend(error.action, error.outcome)
    assert is_too_fast(code)
    assert "requests_per_second" in str(error)
    assert "may be retried safely" in str(error)


def test_named_errors_that_pass() -> None:
    assert may_resend(AidgeAction.GENERATE, outcome_of("DownstreamUnavailable"))
    assert not is_too_fast("DownstreamUnavailable")
    for code in ("InternalError", "ServiceUnavailable", "UsageParseFail"):
        # Whoever says so may have handed the request on.
        assert outcome_of(code) is Outcome.UNKNOWN


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("FreeQuotaExhausted", "Buy a package"),
        ("ServiceNotOpened", "Activate this API"),
        ("InputContentBlocked", "content check"),
        ("UserStatusInvalid", "arrears"),
        ("InvalidAccessKeyId.NotFound", "login (API key name)"),
    ],
)
def test_named_errors_say_what_helps(code: str, words: str) -> None:
    assert words in str(error_of(code))


@given(st.text(min_size=1).filter(lambda code: code.partition(".")[0] not in CODES and code not in set(Transport)))
def test_a_new_code_neither_ends_a_task_nor_resends_a_submission(code: str) -> None:
    assert outcome_of(code) is Outcome.UNKNOWN
    assert not may_resend(AidgeAction.GENERATE, outcome_of(code))
    assert may_resend(AidgeAction.QUERY, outcome_of(code))


@pytest.mark.parametrize("code", [Transport.NO_ANSWER, Transport.GARBLED, "HTTP 502", NO_SUCCESS])
def test_a_lost_answer_is_not_sent_again(code: str) -> None:
    assert not may_resend(AidgeAction.GENERATE, outcome_of(code))
    assert "look for the picture before paying again" in str(error_of(code))


def test_an_exhausted_quota_is_known_by_its_words() -> None:
    said = "Sorry, your calling resources have been exhausted........"
    assert gateway_code("InsufficientPermission", said) == "QuotaExhausted"
    assert gateway_code("ApiCallLimit", "the quota of calls per second") == "ApiCallLimit"
    assert gateway_code("InvalidAppKey", "The specified App Key is invalid") == "InvalidAppKey"
    assert "trial" in str(error_of("QuotaExhausted"))


def test_what_a_query_says_of_a_task() -> None:
    assert says_no_such_task(error_of("700", AidgeAction.QUERY))
    assert not says_no_such_task(error_of("700"))
    assert not says_no_such_task(error_of("500", AidgeAction.QUERY))
    assert {"1000", "InputContentBlocked", "OutputContentBlocked"} == {
        code for code, rule in CODES.items() if rule.ends_task
    }
    assert says_no_such_task(error_of("InvalidParameter", AidgeAction.QUERY))
    assert not says_no_such_task(error_of("InvalidParameter"))
    assert TaskFailure("1000", "", AIDGE_NAME).is_final
    assert not TaskFailure("failed", "", AIDGE_NAME).is_final
    # What a gateway checks before anything else is no end of a task that it has let through.
    assert not TaskFailure("PictureSignatureUnreadable", "", AIDGE_NAME).is_final


@pytest.mark.parametrize(
    "code",
    [
        "InvalidAccessKeyId",
        "InvalidAccessKeyId.NotFound",
        "InvalidAccessKeyId.Inactive",
        "SignatureDoesNotMatch.Secret",
        "IncompleteSignature",
        "InvalidSignature",
        "InvalidAppKey",
    ],
)
def test_wrong_keys_are_known_whatever_is_behind_the_dot(code: str) -> None:
    assert error_of(code).rule.about_keys


@pytest.mark.parametrize(
    "code", ["Forbidden.RAM", "NoPermission", "InvalidTimeStamp.Expired", "Throttling.User", "500"]
)
def test_what_is_not_about_the_keys(code: str) -> None:
    assert not error_of(code).rule.about_keys


def test_refused_content_ends_a_task_whatever_is_behind_the_dot() -> None:
    assert error_of("InputContentBlocked.Image").rule.ends_task
    assert error_of("1000").rule.ends_task
    assert not error_of("DownstreamUnavailable.Model").rule.ends_task
