"""``sbom.py PYTHON FOLDER``: the bill of materials of the wheel in a folder, as it is installed in an environment.

Of the environment of PYTHON, which has the wheel and what that needs, a CycloneDX file in JSON says which packages they
are, in which versions, under which licences, and which needs which. Links are left out: some say where a file was on
this machine, others where packages are got. The time is that of SOURCE_DATE_EPOCH.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

VERSION = SchemaVersion.V1_6
PACKAGE = "airflow-provider-mps"


def main() -> int:
    """Write the file; exit 1 if there is none to be had, or it does not fit the schema."""
    python, (wheel,) = sys.argv[1], Path(sys.argv[2]).glob("*.whl")
    output = wheel.with_name("-".join(wheel.name.split("-")[:2]) + ".cdx.json")
    command = [sys.executable, "-m", "cyclonedx_py", "environment", "--spec-version", VERSION.to_version()]
    command += ["--output-reproducible", "--no-validate", "--output-format", "JSON", python]
    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603
    if done.returncode:
        print(done.stderr, file=sys.stderr)
        return 1
    text = json.dumps(about(json.loads(done.stdout), wheel), indent=2, sort_keys=True) + "\n"
    error = JsonStrictValidator(VERSION).validate_str(text)
    if error is not None:
        print(f"{output}: {error}", file=sys.stderr)
        return 1
    output.write_text(text)
    return 0


def about(bill: dict[str, Any], wheel: Path) -> dict[str, Any]:
    """Return a bill of an environment as one of the wheel, without links to other places."""
    (package,) = (component for component in bill["components"] if component["name"] == PACKAGE)
    bill["components"].remove(package)
    links = [link for link in package.pop("externalReferences") if link["type"] != "distribution"]
    for component in bill["components"] + bill["metadata"]["tools"]["components"]:
        component.pop("externalReferences", None)
    # As it was installed from a file it has no address of its own yet.
    bill["metadata"]["component"] = package | {
        "purl": f"pkg:pypi/{PACKAGE}@{package['version']}",
        "hashes": [{"alg": "SHA-256", "content": hashlib.sha256(wheel.read_bytes()).hexdigest()}],
        "externalReferences": links,
    }
    return bill


if __name__ == "__main__":
    sys.exit(main())
