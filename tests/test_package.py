"""What Airflow, pip and the scheduler see of the package."""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import pickle
import subprocess
import sys
from collections.abc import Sequence
from importlib import resources
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pytest
from airflow import __version__ as airflow_version
from airflow.providers.common.compat.sdk import BaseHook, BaseOperator
from airflow.providers_manager import ProvidersManager

import airflow_provider_mps
from airflow_provider_mps.exceptions import (
    AidgeError,
    AidgeExecutionTimeoutError,
    AidgeInDoubtError,
    AidgePermanentError,
    AidgeTaskRefusedError,
    AidgeTimeoutError,
    InvalidArgumentError,
    MpsTaskFailedError,
    MpsTimeoutError,
    TencentCloudError,
    TencentCloudPermanentError,
)
from airflow_provider_mps.get_provider_info import get_provider_info
from airflow_provider_mps.hooks.aidge import AidgeHook
from airflow_provider_mps.hooks.mps import MpsHook
from airflow_provider_mps.services.aidge.connection import AidgeSettings
from airflow_provider_mps.services.tencentcloud.connection import TencentCloudSettings

PACKAGE = Path(airflow_provider_mps.__file__).parent
PUBLIC = [
    "airflow_provider_mps.operators.aidge",
    "airflow_provider_mps.operators.catalogue",
    "airflow_provider_mps.operators.mps",
    "airflow_provider_mps.operators.pictures",
    "airflow_provider_mps.sensors.aidge",
    "airflow_provider_mps.sensors.mps",
    "airflow_provider_mps.transfers.aidge_to_object_storage",
    "airflow_provider_mps.transfers.cos_to_local",
    "airflow_provider_mps.transfers.local_to_cos",
]

# A layer may import those above it, itself, and nothing else of the package.
LAYERS = [
    "core",
    "services.tencentcloud",
    "services.aidge",
    "services",
    "compat",
    "compat_database",
    "compat_server",
    "compat_triggerer",
    "compat_cli",
    "compat_makers",
    "exceptions",
    "error_table",
    "connection_types",
    "clients",
    "hooks",
    "storage",
    "fs",
    "failures",
    "rendering",
    "resuming",
    "polling",
    "durable",
    "batch",
    "pictures",
    "catalogue",
    "triggers",
    "links",
    "lineage",
    "operators",
    "sensors",
    "transfers",
    "gallery",
    "cli",
]
# These stand beside each other.
BESIDE = [{"services.tencentcloud", "services.aidge"}, {"operators", "sensors", "transfers", "gallery"}]
# The folders of the catalogue, by the same rule; its own files are what all of them share.
ROOMS_OF_THE_CATALOGUE = ["", "record", "manifest", "items", "plan", "batch"]
ROOMS_OF_THE_CATALOGUE += ["checking", "labels", "approval", "publication", "report", "sheets"]
VENDORS = ("tencentcloud", "qcloud_cos", "fastcrc", "requests", "httpx")


def layer_of(name: str) -> str:
    """Return the layer of a module, given by its dotted name below the package."""
    parts = name.split(".")
    return ".".join(parts[:2]) if parts[0] == "services" and ".".join(parts[:2]) in LAYERS else parts[0]


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


@pytest.mark.source
@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_run_one_way(path: Path) -> None:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    layer = layer_of(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    names = imports(path)
    inside = {layer_of(name.partition(".")[2]) for name in names if name.startswith("airflow_provider_mps.")}
    if layer in LAYERS:
        beside = set().union(*(group for group in BESIDE if layer in group)) - {layer}
        # The public names of the services are in the package itself, which has their folders in it.
        allowed = set(LAYERS[: LAYERS.index(layer) + 1]) | {"__version__"}
        assert inside <= allowed - beside
        assert layer == "clients" or not any(name.split(".")[0] in VENDORS for name in names)
    if layer == "core" or layer.startswith("services"):
        assert not any(name.split(".")[0] == "airflow" for name in names)
    if layer == "local" and "demo" not in path.parts:
        assert inside <= {"local"}
        assert not any(name.split(".")[0] in ("airflow", "tencentcloud", "qcloud_cos") for name in names)


CATALOGUE = sorted((PACKAGE / "catalogue").rglob("*.py"))


@pytest.mark.source
@pytest.mark.parametrize("path", CATALOGUE, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_of_the_catalogue_run_one_way(path: Path) -> None:
    def room_of(parts: Sequence[str]) -> int:
        folder = PACKAGE.joinpath("catalogue", *parts[:1])
        return ROOMS_OF_THE_CATALOGUE.index(parts[0] if parts and folder.is_dir() else "")

    prefix = "airflow_provider_mps.catalogue."
    inside = {room_of(name.removeprefix(prefix).split(".")) for name in imports(path) if name.startswith(prefix)}
    assert all(room <= room_of(path.relative_to(PACKAGE / "catalogue").parts) for room in inside)


def test_a_dag_file_imports_no_vendor_sdk() -> None:
    code = (
        f"import sys, {', '.join(PUBLIC)}\n"
        "from airflow_provider_mps.operators.mps import MpsImageBgFusionOperator\n"
        "from airflow_provider_mps.operators.aidge import AidgeBackgroundGenerationOperator\n"
        "MpsImageBgFusionOperator(task_id='t', subject_url='https://e.com/a.jpg', prompt='x')\n"
        "AidgeBackgroundGenerationOperator(task_id='t', image_url='https://e.com/a.jpg', scene_id=3)\n"
        "ours = ['airflow_provider_mps.' + name for name in ('triggers', 'durable', 'hooks.', 'clients.aidge',\n"
        "        'batch.items', 'batch.requests', 'batch.aidge', 'batch.run', 'batch.store',\n"
        "        'catalogue', 'clients.tencentcloud', 'clients.cos', 'clients.transport', 'storage.object_storage',\n"
        "        'storage.files', 'fs.')]\n"
        "heavy = ('tencentcloud', 'qcloud_cos', 'PIL', 'uvicorn', *ours)\n"
        # The words of arguments are needed to check them.
        "light = ('.catalogue', '.words')\n"
        "print([name for name in sys.modules if name.startswith(heavy) and not name.endswith(light)])"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_batch_operator_is_found_beside_the_single_one() -> None:
    module = importlib.import_module("airflow_provider_mps.operators.mps")
    batch = importlib.import_module("airflow_provider_mps.operators.mps_batch")
    assert module.MpsImageBgFusionBatchOperator is batch.MpsImageBgFusionBatchOperator
    aidge = importlib.import_module("airflow_provider_mps.operators.aidge")
    aidge_batch = importlib.import_module("airflow_provider_mps.operators.aidge_batch")
    assert aidge.AidgeBackgroundGenerationBatchOperator is aidge_batch.AidgeBackgroundGenerationBatchOperator


@pytest.mark.parametrize(
    ("conn_type", "name", "attribute"),
    [("tencentcloud", "Tencent Cloud", "tencentcloud_conn_id"), ("aidge", "Alibaba Aidge", "aidge_conn_id")],
)
def test_airflow_finds_the_provider(conn_type: str, name: str, attribute: str) -> None:
    manager = ProvidersManager()
    assert "airflow-provider-mps" in manager.providers
    hook = manager.hooks[conn_type]
    assert hook is not None
    assert (hook.hook_name, hook.connection_id_attribute_name) == (name, attribute)
    assert hook.connection_testable


@pytest.mark.parametrize(("conn_type", "hook_class"), [("tencentcloud", MpsHook), ("aidge", AidgeHook)])
def test_airflow_shows_a_form(conn_type: str, hook_class: type) -> None:
    manager = ProvidersManager()
    types = {entry["connection-type"]: entry for entry in get_provider_info()["connection-types"]}
    prefix = f"extra__{conn_type}__"
    fields = {name.removeprefix(prefix) for name in manager.connection_form_widgets if name.startswith(prefix)}
    assert fields == set(types[conn_type]["conn-fields"])
    behaviour = manager.field_behaviours[conn_type]
    assert behaviour["relabeling"] == types[conn_type]["ui-field-behaviour"]["relabeling"]
    secret = {name for name in fields if manager.connection_form_widgets[prefix + name].is_sensitive}
    assert secret == {"token", "proxy"} & fields
    # From Airflow 3.2 on these are deprecated, and Airflow warns of each class that has them.
    methods = {"get_connection_form_widgets", "get_ui_field_behaviour"} & set(vars(hook_class))
    is_old = tuple(map(int, airflow_version.split(".")[:2])) < (3, 2)
    assert len(methods) == (2 if is_old else 0)


def test_everything_that_the_provider_names_is_there() -> None:
    info = get_provider_info()
    modules = [transfer["python-module"] for transfer in info["transfers"]]
    for kind in ("operators", "sensors", "hooks", "triggers"):
        modules += [module for entry in info[kind] for module in entry["python-modules"]]
    modules += info["filesystems"]
    for module in modules:
        names = getattr(importlib.import_module(module), "__all__", ())
        # Else Airflow and our own tests would not find where it is defined.
        assert {getattr(importlib.import_module(module), name).__module__ for name in names} <= set(modules)
    assert set(PUBLIC) <= set(modules)
    assert info["package-name"] == distribution("airflow-provider-mps").metadata["Name"]


def test_provider_info_fits_airflows_schema() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads(resources.files("airflow").joinpath("provider_info.schema.json").read_text())
    jsonschema.validate(get_provider_info(), schema)


@pytest.mark.parametrize(
    ("conn_type", "settings", "elsewhere", "secret"),
    [
        ("tencentcloud", TencentCloudSettings, {"secret_id", "secret_key"}, {"token", "proxy"}),
        ("aidge", AidgeSettings, {"key_name", "secret", "host"}, {"proxy"}),
    ],
)
def test_the_form_has_every_extra_and_requires_none(
    conn_type: str, settings: Any, elsewhere: set[str], secret: set[str]
) -> None:
    types = {entry["connection-type"]: entry for entry in get_provider_info()["connection-types"]}
    fields = types[conn_type]["conn-fields"]
    assert set(fields) == set(settings.__dataclass_fields__) - elsewhere
    assert all("null" in field["schema"]["type"] for field in fields.values())
    assert {name for name, field in fields.items() if field["schema"].get("format") == "password"} == secret


@pytest.mark.parametrize(
    "error",
    [
        TencentCloudError("MPS", "ProcessImage", "t", "InternalError", "m", "r"),
        TencentCloudPermanentError("MPS", "ProcessImage", "t", "AuthFailure", "m", "r"),
        MpsTaskFailedError("t", "c", "m"),
        MpsTimeoutError("t", 5, "PROCESSING"),
        AidgeError("Aidge", "/a", "t", "500", "m", "r"),
        AidgePermanentError("Aidge", "/a", "t", "700", "m", "r"),
        AidgeTaskRefusedError("t", "1000", "m"),
        AidgeTimeoutError("t", 5, "waiting"),
        AidgeExecutionTimeoutError("t", "waiting"),
        AidgeInDoubtError("t", "why"),
        InvalidArgumentError("quality: expected"),
    ],
)
def test_errors_survive_pickling_with_their_data(error: Any) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))


@pytest.mark.parametrize("name", [*PUBLIC, "airflow_provider_mps.hooks.mps", "airflow_provider_mps.hooks.cos"])
def test_constructors_name_their_arguments(name: str) -> None:
    module = importlib.import_module(name)
    shown = {getattr(module, one) for one in getattr(module, "__all__", ())}
    found = [one for one in vars(module).values() if inspect.isclass(one) and (one.__module__ == name or one in shown)]
    classes = [one for one in found if issubclass(one, BaseOperator | BaseHook)]
    assert classes
    for one in classes:
        names = inspect.signature(one).parameters
        assert {"tencentcloud_conn_id", "aidge_conn_id"} & set(names)
        assert inspect.Parameter.VAR_POSITIONAL not in {parameter.kind for parameter in names.values()}


def test_typed_and_licensed() -> None:
    assert (PACKAGE / "py.typed").is_file()
    files = {path.name for path in distribution("airflow-provider-mps").files or ()}
    assert {"LICENSE", "NOTICE"} <= files


@pytest.mark.source
@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_files_and_functions_are_small(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) <= 350
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None:
            # What it does: a constructor may name many arguments.
            body = node.body[1:] if ast.get_docstring(node) is not None else node.body
            assert not body or node.end_lineno - body[0].lineno < 50, node.name
