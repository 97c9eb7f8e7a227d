"""The words of the command line, each defined once."""

from __future__ import annotations

from enum import IntEnum, StrEnum

GROUP = "mps"
"""Below ``airflow``."""
MODULE = "python -m airflow_provider_mps"


class ExitCode(IntEnum):
    """What a command ends with."""

    FINE = 0
    """Done: the task has its pictures, the files are there, the story is told."""
    FAILED = 1
    """The task has failed, or the question could not be answered."""
    USAGE = 2
    """The command cannot be meant so; as ``argparse`` has it."""
    RUNNING = 3
    """The task is not done yet."""
    INTERRUPTED = 130
    """Ended by Ctrl-C; as shells have it."""
    BROKEN_PIPE = 141
    """Nobody reads the output any more; as shells have it."""


class Output(StrEnum):
    """How an answer is written."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"
    PLAIN = "plain"


class State(StrEnum):
    """What a task is, in one word for all services."""

    FINISHED = "finished"
    FAILED = "failed"
    RUNNING = "running"
