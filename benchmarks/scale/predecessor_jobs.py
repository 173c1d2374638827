"""The same jobs with batchata, in an environment of its own: `python predecessor_jobs.py COUNT ITEMS_PER_BATCH`."""

import json
import sys
import time
from pathlib import Path
from typing import Literal

from batchata import Batch
from pydantic import BaseModel


class Ticket(BaseModel):
    """What is asked of each message."""

    sentiment: Literal["positive", "negative", "mixed"]
    topics: list[str]


def main() -> None:
    with Path("../rows.jsonl").open(encoding="utf-8") as file:
        rows = [json.loads(line)["text"] for line in file]
    count, items = int(sys.argv[1]), int(sys.argv[2])
    began, cpu = time.perf_counter(), time.process_time()
    batch = Batch(results_dir="results", items_per_batch=items, raw_files=False).set_state(file="state.json")
    batch.set_default_params(model="claude-3-5-haiku-latest", max_tokens=1000)
    for text in rows[:count]:
        batch.add_job(messages=[{"role": "user", "content": f"Classify: {text}"}], response_model=Ticket)
    run = batch.run()
    run.wait() if hasattr(run, "wait") else None
    status = run.status()
    print(json.dumps({
        "seconds": time.perf_counter() - began, "cpu": time.process_time() - cpu,
        "completed": status["completed"], "failed": status["failed"],
    }))  # fmt: skip


if __name__ == "__main__":
    main()
