"""The validation of an input file, as OpenAI does it while a batch is `validating`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .records import FileRecord, RowRecord
from .service import JsonObject, load

if TYPE_CHECKING:
    from .openai import OpenAI


class Validation:
    """Reads an input file as the service does while a batch is `validating`."""

    def __init__(self, service: OpenAI, batch_id: str, endpoint: str) -> None:
        self.service, self.batch_id, self.endpoint = service, batch_id, endpoint
        self.errors: list[JsonObject] = []
        self.ids: set[str] = set()
        self.model: str | None = None

    def read(self, record: FileRecord) -> tuple[list[RowRecord], list[JsonObject], str | None]:
        """Return the rows, the errors (then the batch fails), and the model."""
        limits, at, number = self.service.bench.limits, 0, 0
        judged: list[RowRecord] = []
        if record.size > limits.openai_bytes:
            return (
                [],
                [problem("file_too_large", f"The batch file is larger than the {limits.openai_bytes} maximum.")],
                None,
            )
        enqueued = self.service.enqueued() + record.size // 4
        with self.service.state.blob(record.meta["blob"]).open("rb") as lines:
            for number, line in enumerate(lines, 1):
                start, at = at, at + len(line)
                if item := self._item(line, number):
                    judged.append(self._judge(len(judged), item, (start, len(line))))
                if len(self.errors) >= 100:
                    break
        if number > limits.openai_rows:
            self.errors.append(problem("too_many_tasks", f"The batch has more than {limits.openai_rows} requests."))
        if limits.openai_enqueued_tokens is not None and enqueued > limits.openai_enqueued_tokens and not self.errors:
            self.errors.append(over_quota(self.model, limits.openai_enqueued_tokens))
        return judged, self.errors, self.model

    def _item(self, line: bytes, number: int) -> JsonObject | None:
        try:
            item = load(line)
        except ValueError:
            return self._fail("invalid_json_line", "This line is not parseable as valid JSON.", number)
        if not isinstance(item, dict) or not isinstance(item.get("custom_id"), str):
            return self._fail(
                "missing_required_parameter", "Missing required parameter: 'custom_id'.", number, "custom_id"
            )
        if item["custom_id"] in self.ids:
            return self._fail(
                "duplicate_custom_id", f"The custom_id '{item['custom_id']}' is used twice.", number, "custom_id"
            )
        self.ids.add(item["custom_id"])
        if item.get("method") != "POST":
            return self._fail("invalid_method", "Only 'POST' is supported.", number, "method")
        if item.get("url") != self.endpoint:
            message = f"The URL provided for this request does not match the batch endpoint '{self.endpoint}'."
            return self._fail("invalid_url", message, number, "url")
        body = item.get("body")
        if not isinstance(body, dict) or not isinstance(body.get("model"), str):
            return self._fail(
                "missing_required_parameter", "Missing required parameter: 'body.model'.", number, "body.model"
            )
        if self.model is None:
            self.model = body["model"]
            if not self.service.known(self.model):
                message = f"The provided model '{self.model}' is not supported by the Batch API."
                return self._fail("model_not_found", message, number, "body.model")
        if body["model"] != self.model:
            message = f"The model '{body['model']}' does not match '{self.model}'; one model per batch."
            return self._fail("mismatched_model", message, number, "body.model")
        if body.get("stream"):
            return self._fail("invalid_value", "'stream' is not supported in batches.", number, "body.stream")
        return item

    def _judge(self, index: int, item: JsonObject, span: tuple[int, int]) -> RowRecord:
        return self.service.judge(index, item["custom_id"], span, item["body"], self.batch_id, self.endpoint)

    def _fail(self, code: str, message: str, line: int, param: str | None = None) -> JsonObject | None:
        """Note an error and return None, so that a check can end with it."""
        self.errors.append(problem(code, message, line, param))
        return None


def problem(code: str, message: str, line: int | None = None, param: str | None = None) -> JsonObject:
    """Return one entry of a failed batch's errors."""
    return {"code": code, "message": message, "param": param, "line": line}


def over_quota(model: str | None, limit: int = 3_000_000) -> JsonObject:
    """Return the error for a queue that is full."""
    return problem(
        "token_limit_exceeded",
        f"Enqueued token limit reached for {model} in organization practice. Limit: {limit:,} enqueued tokens. "
        "Please try again once some in_progress batches have been completed.",
    )
