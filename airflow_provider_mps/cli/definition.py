"""The commands and their arguments, written once for ``airflow mps`` and for ``python -m airflow_provider_mps``.

``airflow --help`` loads this on each call of ``airflow``: it imports nothing but the standard library.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from textwrap import fill
from typing import Any, NamedTuple

from airflow_provider_mps.cli.words import GROUP, Output

GROUP_HELP = "Ask about tasks of Tencent Cloud MPS and Alibaba Aidge by hand"


class Argument(NamedTuple):
    """An argument, as ``argparse.ArgumentParser.add_argument`` takes it.

    :param flags: its names; one without a dash is positional
    :param options: all else
    """

    flags: tuple[str, ...]
    options: Mapping[str, Any]


class Command(NamedTuple):
    """A command.

    :param name: as it is typed; the module of this name has its function ``command``
    :param help: in one line
    :param description: what it does
    :param epilog: what it ends with
    :param arguments: in the order of the help
    """

    name: str
    help: str
    description: str
    epilog: str
    arguments: tuple[Argument, ...]

    def load(self) -> Callable[[Any], int]:
        """Return the function that carries the command out; it takes the parsed arguments and returns the exit code."""
        found: Callable[[Any], int] = import_module(f"{__package__}.{self.name}").command
        return found


def _command(name: str, in_short: str, description: str, exits: Mapping[int, str], *arguments: Argument) -> Command:
    """Return a command with its help in lines of 80 columns: Airflow shows texts as they are.

    :param exits: what its exit codes mean, beside those that all commands have
    """
    codes = {**exits, 2: "the command cannot be meant so", 130: "ended by Ctrl-C", 141: "nobody reads the output"}
    lines = [f"  {code:<4} {codes[code]}" for code in sorted(codes)]
    epilog = "\n".join(["Exit codes:", *lines, "", "An id that begins with - goes behind --."])
    return Command(name, in_short, fill(description, 80), epilog, arguments)


def _argument(*flags: str, **options: Any) -> Argument:
    return Argument(flags, options)


_TASK_ID = _argument("task_id", metavar="TASK_ID", help="the service's id of it (mps_task_id, aidge_task_id)")
_CONN_ID = _argument("--conn-id", help="Airflow connection (default: tencentcloud_default; of Aidge: aidge_default)")
_SERVICE = _argument("--service", choices=("mps", "aidge"), help="whose task it is (default: as its form says)")
_REGION = _argument("--region", help="of the MPS API (default: that of the connection)")
_OUTPUT = _argument(
    "-o",
    "--output",
    choices=tuple(map(str, Output)),
    default=str(Output.TABLE),
    metavar="(table, json, yaml, plain)",
    help="output format (default: table)",
)
_VERBOSE = _argument("-v", "--verbose", action="store_true", help="show the log, and tracebacks, on stderr")
_ASKING = (_CONN_ID, _SERVICE, _REGION)

COMMANDS = (
    _command(
        "task",
        "What the service says of a task now",
        "Ask the service for a task: its status, code and message, its pictures, its times. Costs nothing.",
        {0: "it has its pictures", 1: "it has failed, or could not be asked for", 3: "it is not done yet"},
        _TASK_ID,
        *_ASKING,
        _argument("--wait", action="store_true", help="look again until the task is done"),
        _argument("--timeout", type=float, default=600.0, help="with --wait: seconds at the most (default: 600)"),
        _argument("--poll-interval", type=float, default=10.0, help="with --wait: between looks (default: 10)"),
        _OUTPUT,
        _VERBOSE,
    ),
    _command(
        "download",
        "Fetch the pictures of a task",
        "Fetch what a task has made into DEST: a file if its name has an ending such as .jpg and the task has one "
        "picture, else a folder, which is made if need be. Each file is whole and verified (size and CRC64; of Aidge "
        "its length and that it can be decoded), or absent. What is there already is kept unless --overwrite.",
        {0: "all files are there", 1: "some are not", 3: "the task is not done yet"},
        _TASK_ID,
        _argument("dest", metavar="DEST", help="a folder, or a file for one picture"),
        *_ASKING,
        _argument("--overwrite", action="store_true", help="replace files that are there already"),
        _OUTPUT,
        _VERBOSE,
    ),
    _command(
        "explain",
        "The story of a task",
        "Tell what was asked, by which Airflow task and in which try, what was answered, what was paid, and what to do "
        "next: from the service, from Airflow's database (XComs, rendered fields, the state store of 3.3 and newer), "
        "and from the records that are named. What cannot be found is said.",
        {0: "something is known of it", 1: "nothing is"},
        _TASK_ID,
        *_ASKING,
        _argument("--record", help="folder of a batch's record in COS, as its log names it, or one above"),
        _argument("--catalogue", help="folder of a catalogue, as CataloguePlanOperator has it"),
        _argument("--no-db", action="store_true", help="do not look into Airflow's database"),
        _argument("--offline", action="store_true", help="do not ask the service"),
        _OUTPUT,
        _VERBOSE,
    ),
)

__all__ = ["COMMANDS", "GROUP", "GROUP_HELP", "Argument", "Command"]
