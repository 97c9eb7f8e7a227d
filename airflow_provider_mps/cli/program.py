"""A command as a process: its arguments, where it writes, how it ends."""

from __future__ import annotations

import argparse
import os
import sys
import traceback
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NoReturn, TextIO

from airflow_provider_mps.cli.definition import COMMANDS, GROUP_HELP, Command
from airflow_provider_mps.cli.words import MODULE, ExitCode


class _Parser(argparse.ArgumentParser):
    """Says what cannot be meant so back as all texts are shown: somebody may have pasted a signed address."""

    def error(self, message: str) -> NoReturn:
        from airflow_provider_mps.core.texts import clean

        super().error(clean(message))


def main(argv: Sequence[str] | None = None) -> int:
    """Carry out what was typed behind ``python -m airflow_provider_mps``.

    :param argv: default: of the process
    :return: the exit code
    """
    parser = _Parser(prog=MODULE, description=f"{GROUP_HELP}.")
    commands = parser.add_subparsers(dest="subcommand", metavar="COMMAND", required=True)
    for command in COMMANDS:
        made = commands.add_parser(
            command.name,
            help=command.help,
            description=command.description,
            epilog=command.epilog,
            # As Airflow shows it.
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        for argument in command.arguments:
            made.add_argument(*argument.flags, **argument.options)
        made.set_defaults(command=command)
    args = parser.parse_args(argv)
    return run(args.command, args, MODULE)


def run(command: Command, args: Any, program: str) -> int:
    """Carry out a command; what is expected to go wrong ends in words, and not in a traceback.

    :param args: the parsed arguments
    :param program: how it was called, for commands that are proposed
    :return: the exit code
    """
    args.program = program
    try:
        with _own_output() as args.out:
            try:
                return _carry_out(command, args)
            finally:
                args.out.flush()
    except BrokenPipeError:
        return ExitCode.BROKEN_PIPE
    except KeyboardInterrupt as interrupt:
        _say("Interrupted.")
        _say_notes(interrupt)
        return ExitCode.INTERRUPTED
    except OSError as error:
        _say(f"Error: The answer cannot be written: {error.strerror or type(error).__name__}.")
        return ExitCode.FAILED


def end_with(code: int) -> NoReturn:
    """End the process; nothing that is still in a buffer is tried once more where nobody reads it."""
    if code == ExitCode.BROKEN_PIPE:
        # As the documents of Python have it: else the end of the interpreter would complain.
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    raise SystemExit(int(code))


def _carry_out(command: Command, args: Any) -> int:
    if not args.verbose:
        warnings.simplefilter("ignore")
    # Here, and not above: who asks for help waits for no Airflow.
    from airflow_provider_mps.cli.errors import CommandError, is_expected, told
    from airflow_provider_mps.compat_cli import use_stored_connections, without_logs

    use_stored_connections()
    try:
        return int(without_logs(command.load(), args))
    except BrokenPipeError:
        raise
    except Exception as error:
        if args.verbose or not is_expected(error):
            _say_trace(error, args.verbose)
        first, *more = told(error, getattr(args, "used_conn_id", None)) or [type(error).__name__]
        _say(f"Error: {first}")
        for line in more:
            _say(line, "  ")
        _say_notes(error)
        if not isinstance(error, CommandError):
            return ExitCode.FAILED
        if error.command:
            _say_command(error.command)
        return error.exit_code


def _say_trace(error: Exception, is_verbose: bool) -> None:
    """Tell where an error came from; a traceback shows what it was called with, so it goes the way of all texts."""
    from airflow_provider_mps.core.redaction import redact_urls

    if is_verbose:
        print(redact_urls("".join(traceback.format_exception(error))).rstrip(), file=sys.stderr, flush=True)
    else:
        _say("This was not expected; --verbose shows where it happened.")


def _say_notes(error: BaseException) -> None:
    """Tell what a command knows beside the error, such as how far it has come."""
    from airflow_provider_mps.core.texts import clean

    for note in getattr(error, "__notes__", ()):
        _say(clean(note), "  ")


def _say(line: str, indent: str = "") -> None:
    from airflow_provider_mps.cli.printing import print_wrapped, width_of

    with suppress(OSError, ValueError):
        print_wrapped(sys.stderr, line, width_of(sys.stderr), first=indent, rest=f"{indent}  ")
        sys.stderr.flush()


def _say_command(command: str) -> None:
    from airflow_provider_mps.cli.printing import in_columns, width_of

    with suppress(OSError, ValueError):
        print(in_columns(command, width_of(sys.stderr), "  "), file=sys.stderr, flush=True)


@contextmanager
def _own_output() -> Iterator[TextIO]:
    """Give what a command writes its answer to, and let all others write to stderr meanwhile.

    Which logs of Airflow go to stdout differs by version and by configuration, and an answer may be piped to ``jq``.
    """
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            # The shell has closed it, and Airflow writes to it all the same.
            setattr(sys, name, Path(os.devnull).open("w"))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        # A terminal without UTF-8 shows what it has no letters for as escapes.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        number, errors = sys.stdout.fileno(), sys.stderr.fileno()
        sys.stdout.flush()
    except (OSError, ValueError, AttributeError):
        # No files of a process, as in a notebook.
        yield sys.stdout
        return
    kept = os.dup(number)
    os.dup2(errors, number)
    try:
        with open(kept, "w", encoding=sys.stdout.encoding, errors="backslashreplace", closefd=False) as out:
            yield out
    finally:
        with suppress(OSError, ValueError):
            sys.stdout.flush()
        os.dup2(kept, number)
        os.close(kept)
