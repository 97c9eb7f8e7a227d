"""The commands as Airflow takes them, 3.2 and newer: the key ``cli`` of the provider's description names this."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_mps.cli.definition import COMMANDS, GROUP, GROUP_HELP, Command

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow.cli.cli_config import GroupCommand


def get_cli_commands() -> list[GroupCommand]:
    """Return the group of commands that ``airflow`` has of this provider."""
    from airflow.cli.cli_config import GroupCommand

    return [GroupCommand(name=GROUP, help=GROUP_HELP, subcommands=[_action(command) for command in COMMANDS])]


def _action(command: Command) -> Any:
    from airflow.cli import cli_config

    # Its constructors carry no types.
    airflow: Any = cli_config
    return airflow.ActionCommand(
        name=command.name,
        help=command.help,
        description=command.description,
        epilog=command.epilog,
        func=_function(command),
        args=[airflow.Arg(argument.flags, **argument.options) for argument in command.arguments],
    )


def _function(command: Command) -> Callable[[object], None]:
    def carry_out(args: object) -> None:
        from airflow_provider_mps.cli.program import end_with, run

        end_with(run(command, args, f"airflow {GROUP}"))

    return carry_out
