"""batchata's file layout: `{job_id}.json`, and `raw_files/responses/{job_id}_raw.json`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from .answers import Answer, result_of
from .inputs import safe_name


def write_files(spec: Mapping[str, Any], answers: Iterable[Answer]) -> None:
    """Write results as files, where a results folder was asked for. Each file is whole or not there."""
    folder = spec.get("results_dir")
    if not folder:
        return
    for answer in answers:
        result = result_of(answer.body, None)
        name = safe_name(result.job_id)
        result.save_to_json(_free(Path(folder) / f"{name}.json", result.job_id))
        if spec.get("raw_files", True):
            raw = Path(folder) / "raw_files" / "responses" / f"{name}_raw.json"
            raw.parent.mkdir(parents=True, exist_ok=True)
            draft = raw.with_name(raw.name + ".part")
            draft.write_text(json.dumps(answer.body["raw"], indent=2, ensure_ascii=False), encoding="utf-8")
            draft.replace(raw)


def _free(path: Path, job_id: str) -> Path:
    """Return the path, or one beside it when there stands a file that is not an earlier result of this very job."""
    for number in range(1, 1000):
        candidate = path if number == 1 else path.with_name(f"{path.stem}.{number}{path.suffix}")
        if not candidate.exists():
            return candidate
        try:
            held = json.loads(candidate.read_text(encoding="utf-8"))
        except (ValueError, OSError):
            continue
        if isinstance(held, dict) and held.get("job_id") == job_id:
            return candidate
    return path.with_name(f"{path.stem}.new{path.suffix}")
