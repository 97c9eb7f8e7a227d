"""Words that this package shares between services, each defined once."""

from __future__ import annotations

from enum import StrEnum

# What Airflow itself keeps the return value of a task under.
XCOM_RETURN_KEY = "return_value"
# Why a try has failed: code, message and RequestId of the service.
XCOM_ERROR_KEY = "service_error"
# The code of the failure of a picture that was made, and is not there any more: it has to be made again.
PICTURE_GONE = "PictureGone"
# A label in the metadata of a picture, and none that is seen.
LABEL_METADATA = "metadata"
DEFAULT_POLL_INTERVAL = 10.0
DEFAULT_TIMEOUT = 600.0
# Kept open by a client whose threads share it, so more threads would wait for each other.
MAX_CONNECTIONS = 32

# Words for the status of a task, as services and their documents use them, in whatever case.
ENDED_WELL = frozenset({"FINISH", "FINISHED", "SUCCESS", "SUCCEED", "SUCCEEDED", "DONE", "COMPLETE", "COMPLETED"})
ENDED_BADLY = frozenset(
    {"FAIL", "FAILED", "FAILURE", "ERROR", "ABORT", "ABORTED", "CANCEL", "CANCELED", "CANCELLED", "REJECTED", "TIMEOUT"}
)
STILL_RUNS = frozenset({"WAITING", "PROCESSING", "RUNNING", "PENDING", "QUEUED"})


class LimitKind(StrEnum):
    """Which argument of the task bounds its waiting."""

    TIMEOUT = "timeout"
    EXECUTION_TIMEOUT = "execution_timeout"


class EventStatus(StrEnum):
    """What the trigger reports: a closed set, so that a missing or unknown word fails loudly."""

    SUCCESS = "success"
    FAILED = "failed"
    TIMEOUT = "timeout"
    ERROR = "error"
    HANDED_BACK = "handed_back"
