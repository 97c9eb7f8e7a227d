"""What a person reads of an error: code and remedy first, then what was tried, on what, and the RequestId."""

from __future__ import annotations

import os
import re

from airflow_provider_mps.cli.words import ExitCode
from airflow_provider_mps.core.errors import ServiceError
from airflow_provider_mps.core.texts import clean
from airflow_provider_mps.failures import short_line

# Airflow's own errors that people meet here, by name: on each version they come from another module.
_NO_CONNECTION = "AirflowNotFoundException"
_NAMED = re.compile(r"conn_id `([^`]+)` isn't defined")
# Before the id of a connection, in the environment.
_VARIABLE = "AIRFLOW_CONN_"
_LONGEST = 2000


class CommandError(Exception):
    """A command cannot be carried out, for a reason that a person can do something about.

    :param said: what is wrong, and what can be done about it
    :param exit_code: what the command ends with
    :param command: what may be typed next; empty where there is nothing
    """

    def __init__(self, said: str, exit_code: ExitCode = ExitCode.FAILED, command: str = "") -> None:
        super().__init__(said, exit_code, command)
        self.said = said
        self.exit_code = exit_code
        self.command = command

    def __str__(self) -> str:
        return self.said


class UsageError(CommandError):
    """An argument cannot be meant so."""

    def __init__(self, said: str) -> None:
        super().__init__(said, ExitCode.USAGE)


def told(error: BaseException, conn_id: str | None) -> list[str]:
    """Return an error in lines for a terminal: each clean, without credentials, and without controls.

    :param conn_id: the connection that was used; None where none was
    """
    if isinstance(error, CommandError):
        return [clean(line, _LONGEST) for line in str(error).splitlines()]
    if type(error).__name__ == _NO_CONNECTION:
        return _no_connection(error, conn_id)
    short = short_line(error, conn_id) if isinstance(error, Exception) else None
    if isinstance(error, ServiceError):
        return [clean(short or error.code), clean(error.summary, _LONGEST)]
    said = clean(error, _LONGEST)
    if short is not None:
        return [clean(short), said]
    return [said if _is_ours(error) else f"{type(error).__name__}: {said}"]


def _no_connection(error: BaseException, conn_id: str | None) -> list[str]:
    # An address may name another one than that of the command.
    if named := _NAMED.search(str(error)):
        conn_id = named[1]
    variable = f"{_VARIABLE}{conn_id}".upper()
    # Airflow logs why it cannot read one, and goes on with the next place.
    if conn_id and variable in os.environ:
        return [
            f"Connection {clean(conn_id)} cannot be read: the variable {clean(variable)} is there, and holds neither "
            "an address nor JSON of a connection. Mend it, or name another one by --conn-id.",
            f"What Airflow says of it: --verbose. Then it has looked elsewhere: {clean(error)}",
        ]
    return [
        f"There is no connection {clean(conn_id)}. Add it by 'airflow connections add' or on the page Connections, "
        "or name another one by --conn-id.",
        f"Looked for in the environment, in the secrets backends and in Airflow's database: {clean(error)}",
    ]


def is_expected(error: BaseException) -> bool:
    """Tell whether an error is one that people meet, and none of this package's own."""
    return isinstance(error, CommandError | ServiceError | OSError) or _is_ours(error) or "airflow" in _module(error)


def _is_ours(error: BaseException) -> bool:
    return _module(error).startswith("airflow_provider_mps")


def _module(error: BaseException) -> str:
    return type(error).__module__
