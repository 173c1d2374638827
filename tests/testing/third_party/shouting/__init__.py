"""A provider of another maker, as small as can be: batches are files in a folder, answers are prompts in capitals."""

import json
import os
import uuid
from datetime import datetime
from pathlib import Path

from batchata_nb.core.errors import CredentialsError, ModelNotSupportedError, ProviderError, ValidationError
from batchata_nb.core.results import Reply, Usage
from batchata_nb.providers.base import BatchStatus, Found, Limits


class Shouting:
    """Wants the folder in `SHOUTING_FOLDER`, and in `SHOUTING_KEY` the word that opens it."""

    name = "shouting"
    limits = Limits(rows=1000, bytes=10_000_000, row_bytes=1_000_000, mixed_models=True, window_hours=24)

    def __init__(self, environment=None):
        self._environment = {**os.environ, **(environment or {})}

    def ready(self):
        if not self._environment.get("SHOUTING_KEY"):
            raise CredentialsError("No key for shouting: set the variable SHOUTING_KEY.", provider=self.name)

    def _folder(self):
        self.ready()
        if self._environment["SHOUTING_KEY"] != "please":
            raise CredentialsError("The key in SHOUTING_KEY is not the right one.", provider=self.name, status=401)
        folder = Path(self._environment["SHOUTING_FOLDER"])
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def check(self, job):
        if not job.model.startswith("shout"):
            raise ModelNotSupportedError(f"Shouting has no model {job.model!r}.")
        if not all(message.text.strip() for message in job.messages) or job.max_tokens < 1:
            raise ValidationError("Shouting wants a prompt and room for an answer.")
        unknown = [*job.params, *(["temperature"] if job.temperature is not None else [])]
        if unknown:
            raise ValidationError(f"Shouting takes no parameter {unknown[0]}.")
        for document in job.documents:
            self.accepts(document)

    def accepts(self, document):
        if document.kind != "text":
            raise ValidationError(f"{document.name}: shouting reads texts only.")

    def encoded_size(self, job):
        texts = sum(len(message.text) for message in job.messages)
        return 1000 + 6 * (texts + sum(document.size for document in job.documents))

    def submit(self, tag, rows):
        batch_id = uuid.uuid4().hex
        lines = [{"id": row.row_id, "model": row.job.model, "text": row.job.messages[-1].text.upper()} for row in rows]
        body = {"tag": tag, "at": datetime.now().astimezone().isoformat(), "rows": lines}
        (self._folder() / f"{batch_id}.json").write_text(json.dumps(body), encoding="utf-8")
        return batch_id

    def _batch(self, batch_id):
        try:
            return json.loads((self._folder() / f"{batch_id}.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise ProviderError(f"Shouting has no batch {batch_id}.", provider=self.name, status=404) from None

    def poll(self, batch_id):
        rows = len(self._batch(batch_id)["rows"])
        return BatchStatus("ended", "done", total=rows, done=rows, failed=0)

    def fetch(self, batch_id, handle):
        for row in self._batch(batch_id)["rows"]:
            usage = Usage(input_tokens=len(row["text"]), output_tokens=len(row["text"]))
            yield Reply(row["id"], "succeeded", text=row["text"], usage=usage, model=row["model"], raw=row)

    def cancel(self, batch_id):
        self._batch(batch_id)

    def find(self, tag, since, rows):
        for path in sorted(self._folder().glob("*.json")):
            if json.loads(path.read_text(encoding="utf-8"))["tag"] == tag:
                return Found(batch_id=path.stem)
        return Found()

    def count_tokens(self, job):
        return sum(len(message.text) for message in job.messages)
