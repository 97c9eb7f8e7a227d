"""Print as JSON what an environment has of the package; run by its Python, which sees nothing of the checkout."""

from __future__ import annotations

import functools
import importlib
import json
import logging
import pkgutil
import sys
from importlib.metadata import distribution, distributions
from pathlib import Path
from typing import Any

PACKAGE = "airflow_provider_mps"
# What ``ProvidersManager`` keeps of a key for which no command of Airflow's has a list; not every Airflow has all.
KEPT = {
    "asset-uris": ("asset_uri_handlers", "asset_factories", "asset_to_openlineage_converters"),
    "cli": ("cli_command_functions",),
    "dataset-uris": ("dataset_uri_handlers", "dataset_factories", "dataset_to_openlineage_converters"),
    "db-managers": ("db_managers",),
    "dialects": ("dialects",),
    "filesystems": ("filesystem_module_names",),
    "plugins": ("plugins",),
    "remote-logging": ("remote_logging_handlers",),
    "task-decorators": ("taskflow_decorators",),
}


def names_in(value: Any) -> list[str]:
    """Return the names of all that is in a value of ``ProvidersManager``: its texts, its keys, its functions."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, functools.partial):
        return names_in(value.func)
    if isinstance(value, dict) or hasattr(value, "items"):
        return [name for entry in value.items() for part in entry for name in names_in(part)]
    if isinstance(value, list | tuple | set | frozenset):
        return [name for part in value for name in names_in(part)]
    return [f"{value.__module__}.{value.__qualname__}"] if hasattr(value, "__qualname__") else []


def kept() -> dict[str, list[str] | None]:
    """Return the names that Airflow keeps, by the key of the provider's info; None where it knows no such key."""
    from airflow.providers_manager import ProvidersManager

    manager = ProvidersManager()
    return {
        key: [name for attribute in attributes for name in names_in(getattr(manager, attribute))]
        if all(hasattr(ProvidersManager, attribute) for attribute in attributes)
        else None
        for key, attributes in KEPT.items()
    }


def modules() -> dict[str, str | None]:
    """Import all modules; return the name of the package that each lacks."""
    lacking: dict[str, str | None] = {}
    package = importlib.import_module(PACKAGE)
    for module in pkgutil.walk_packages(package.__path__, f"{PACKAGE}.", onerror=lambda name: None):
        # Those run what they are for.
        if module.name.endswith("__main__"):
            continue
        try:
            importlib.import_module(module.name)
            lacking[module.name] = None
        except ModuleNotFoundError as error:
            lacking[module.name] = error.name
    return lacking


def not_there(value: Any) -> list[str]:
    """Return which of the package's names, anywhere in the provider's info, lead to nothing."""
    if isinstance(value, dict):
        return [name for part in value.values() for name in not_there(part)]
    if isinstance(value, list):
        return [name for part in value for name in not_there(part)]
    if not isinstance(value, str) or not value.startswith(f"{PACKAGE}."):
        return []
    try:
        pkgutil.resolve_name(value)
    except (ImportError, AttributeError):
        return [value]
    return []


def dags() -> dict[str, Any]:
    """Read the examples that come with the package as Airflow does."""
    try:
        from airflow.dag_processing.dagbag import DagBag
    except ImportError:
        from airflow.models.dagbag import DagBag
    folder = Path(importlib.import_module(PACKAGE).__file__ or "").parent / "example_dags"
    bag = DagBag(str(folder))
    asks_people = importlib.import_module(f"{PACKAGE}.compat").ASKS_PEOPLE
    return {
        "files": [path.name for path in folder.glob("*.py") if asks_people or "hitl" not in path.read_text()],
        "errors": bag.import_errors,
        "dags": {dag_id: Path(dag.fileloc).name for dag_id, dag in bag.dags.items()},
    }


def main() -> None:
    """Print it in the last line."""
    logging.disable()
    info = importlib.import_module(f"{PACKAGE}.get_provider_info").get_provider_info()
    package = distribution("airflow-provider-mps")
    from airflow.cli.cli_config import PROVIDERS_COMMANDS

    found = {
        "file": importlib.import_module(PACKAGE).__file__,
        "prefix": sys.prefix,
        "version": package.version,
        "airflow": distribution("apache-airflow").version,
        "requires": package.requires,
        "packages": [one.metadata["Name"].lower() for one in distributions()],
        "modules": modules(),
        "info": info,
        "not_there": not_there(info),
        "entry_points": [[point.group, point.name, point.value] for point in package.entry_points if point.load()],
        "commands": [command.name for command in PROVIDERS_COMMANDS],
        "cli": [command.name for name in info.get("cli", ()) for command in pkgutil.resolve_name(name)()],
        "kept": kept(),
        "dags": dags(),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
