"""Nothing that this Airflow calls deprecated is used: the settings of pytest make an error of each such warning."""

from __future__ import annotations

import re
import subprocess
import sys
import warnings

import pytest

from airflow_provider_mps.local.demo import airflow_home
from tests.deprecations import SHOWN, warnings_of_ours
from tests.system.conftest import EXAMPLES

# All that Airflow reads of a provider, and all that a DAG file can import.
READ = """
import importlib, pkgutil
import airflow_provider_mps
from airflow.providers_manager import ProvidersManager
for module in pkgutil.walk_packages(airflow_provider_mps.__path__, "airflow_provider_mps."):
    if ".local" in module.name or module.name.endswith("__main__"):
        continue
    try:
        importlib.import_module(module.name)
    except ModuleNotFoundError as error:
        print(error)
exec(compile(OLD, "/a/airflow_provider_mps/old.py", "exec"))
manager = ProvidersManager()
print([hook.connection_type for hook in map(manager.hooks.get, ("tencentcloud", "aidge"))])
for name in ("connection_form_widgets", "field_behaviours", "extra_links_class_names", "filesystem_module_names"):
    print(len(getattr(manager, name)))
try:
    from airflow.dag_processing.dagbag import DagBag
except ImportError:
    from airflow.models.dagbag import DagBag
print(len(DagBag(DAGS).dags), "DAGs")
"""


@pytest.mark.parametrize("module", ["airflow_provider_mps.compat", "example_mps_bg_fusion_download"])
@pytest.mark.parametrize("kind", [DeprecationWarning, FutureWarning])
def test_a_warning_would_be_noticed(module: str, kind: type[Warning]) -> None:
    with pytest.raises(kind):
        warnings.warn_explicit("old", kind, "file.py", 1, module=module)


def test_a_warning_in_a_log_would_be_noticed() -> None:
    said = "[info] /a/airflow_provider_mps/compat.py:7: RemovedInAirflow4Warning: Use another.\n  import old\n"
    logged = "[py.warnings] category=DeprecatedImportWarning filename=/a/airflow_provider_mps/compat.py lineno=7\n"
    for one in (said, logged):
        assert len(warnings_of_ours(one + one)) == 2
        assert not warnings_of_ours(one.replace("/a/airflow_provider_mps", "/a/airflow"))


def test_airflow_reads_the_provider_and_the_examples_without_a_warning(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    home = tmp_path_factory.mktemp("home")
    env = airflow_home.environment(home, EXAMPLES, PYTHONWARNINGS=SHOWN)
    old = "import warnings; warnings.warn('old', DeprecationWarning)"
    code = READ.replace("DAGS", repr(str(EXAMPLES))).replace("OLD", repr(old))
    done = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=240, check=False
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said[-4000:]
    assert "['tencentcloud', 'aidge']" in done.stdout
    # Only that which shows that they are seen.
    assert len(warnings_of_ours(said)) == 1
    # Of what a provider describes, Airflow says itself what is old, and not where that stands.
    told = [re.sub(r"\S*/\S*", "", line).lower() for line in said.splitlines()]
    told = [line for line in told if "deprecat" in line and ("mps" in line or "aidge" in line)]
    assert not told
