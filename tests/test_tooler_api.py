"""The OpenAPI document, and schemathesis against the running tooler."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests

from tooler_box import PATIENCE, TOKEN, Far


def test_the_document_is_open_and_complete(far: Far) -> None:
    document = requests.get(f"{far.url}/openapi.json", timeout=PATIENCE).json()
    assert document["openapi"] == "3.1.0"
    named = {path: sorted(set(item) - {"parameters"}) for path, item in document["paths"].items()}
    assert named == {
        "/box": ["get"],
        "/runs": ["post"],
        "/runs/{id}": ["delete", "get"],
        "/runs/{id}/files/{name}": ["get"],
    }
    wanted = document["components"]["schemas"]["Wanted"]
    assert wanted["additionalProperties"] is False
    assert sorted(wanted["required"]) == ["project", "prompt", "task", "tool"]


def realistic(far: Far) -> dict[str, Any]:
    """The document, with names that this box has, so that requests get through to the tool."""
    document = requests.get(f"{far.url}/openapi.json", timeout=PATIENCE).json()
    wanted = document["components"]["schemas"]["Wanted"]["properties"]
    for name, values in {"project": ["demo"], "tool": ["echo"], "kind": ["command", None]}.items():
        wanted[name] = {"enum": values}
    wanted["callback"] = {"enum": [None, "http://127.0.0.1:9/"]}
    ids = [far.ask("demo", number, tool="echo").json()["id"] for number in (1, 2)]
    for id in ids:
        far.over(id)
    for item in document["paths"].values():
        for parameter in item.get("parameters", []):
            parameter["schema"] = {"enum": ids if parameter["name"] == "id" else ["run/stdout.log"]}
    return dict(document)


def schemathesis_finds(document: dict[str, Any], far: Far, tmp_path: Path, *options: str) -> str:
    """What it says when it finds something; "" if it finds nothing."""
    file = tmp_path / "openapi.json"
    file.write_text(json.dumps(document))
    command = [
        str(Path(sys.executable).with_name("schemathesis")), "run", str(file), "--url", far.url,
        "-H", f"Authorization: Bearer {TOKEN}", "--no-color", "--seed", "1",
        "--suppress-health-check", "all", *options,
    ]  # fmt: skip
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=500, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


# A run that was stopped is there to be looked at: DELETE /runs/<id> ends it and deletes nothing.
LOOKED_AT = ("--exclude-checks", "use_after_free")


@pytest.mark.slow
def test_schemathesis_finds_nothing(far: Far, tmp_path: Path) -> None:
    plain = requests.get(f"{far.url}/openapi.json", timeout=PATIENCE).json()
    assert schemathesis_finds(plain, far, tmp_path, "-n", "50") == ""
    assert schemathesis_finds(realistic(far), far, tmp_path, "-n", "30", *LOOKED_AT) == ""
    assert far.tooler is not None
    assert far.tooler.process.poll() is None
    assert "Traceback" not in far.tooler.log
