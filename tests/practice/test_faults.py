"""Failures on demand: by call, by batch, by row."""

from __future__ import annotations

import io
import json
from typing import Any

import anthropic
import httpx2
import openai
import pytest
from google.genai import errors

from batchata_nb.practice import Fault, PracticeServer
from tests.practice.conftest import Clock

ANSWER = {
    "type": "object",
    "properties": {"name": {"type": "string"}},
    "required": ["name"],
    "additionalProperties": False,
}


def claude_row(text: str, index: int = 0) -> Any:
    form = {"format": {"type": "json_schema", "schema": ANSWER}}
    body = {"model": "claude-sonnet-5-5", "max_tokens": 500, "messages": [{"role": "user", "content": text}]}
    return {"custom_id": f"r-{index}", "params": {**body, "output_config": form}}


def claude_batch(claude: Any, clock: Clock, *texts: str) -> list[Any]:
    """The result lines of a batch, as raw JSON where they are JSON."""
    batch = claude.messages.batches.create(requests=[claude_row(text, index) for index, text in enumerate(texts)])
    clock.tick()
    raw = claude.messages.batches.with_raw_response.results(batch.id)
    return [parsed(line) for line in raw.http_response.read().split(b"\n") if line]


def parsed(line: bytes) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return line


def gpt_batch(gpt: Any, clock: Clock, *texts: str) -> tuple[Any, list[Any], list[Any]]:
    """A batch in its last state, with the lines of its output and its error file."""
    form = {"format": {"type": "json_schema", "name": "n", "strict": True, "schema": ANSWER}}
    lines = [
        {"custom_id": f"r-{n}", "method": "POST", "url": "/v1/responses",
         "body": {"model": "gpt-6-sol", "input": text, "text": form}}
        for n, text in enumerate(texts)
    ]  # fmt: skip
    data = "\n".join(map(json.dumps, lines)).encode()
    uploaded = gpt.files.create(file=("in.jsonl", data), purpose="batch")
    batch = gpt.batches.create(input_file_id=uploaded.id, endpoint="/v1/responses", completion_window="24h")
    clock.tick()
    batch = gpt.batches.retrieve(batch.id)
    files = [
        [parsed(line) for line in gpt.files.content(file_id).read().split(b"\n") if line] if file_id else []
        for file_id in (batch.output_file_id, batch.error_file_id)
    ]
    return batch, files[0], files[1]


def gemini_batch(gemini: Any, clock: Clock, *texts: str) -> tuple[Any, list[Any]]:
    """A job in its last state, with the lines of its result file."""
    config = {"responseMimeType": "application/json", "responseJsonSchema": ANSWER}
    lines = [
        {"key": f"r-{n}", "request": {"contents": [{"parts": [{"text": text}]}], "generationConfig": config}}
        for n, text in enumerate(texts)
    ]
    data = "\n".join(map(json.dumps, lines)).encode()
    uploaded = gemini.files.upload(file=io.BytesIO(data), config={"mime_type": "jsonl"})
    job = gemini.batches.create(model="gemini-3.8-flash", src=uploaded.name, config={"display_name": "d"})
    clock.tick()
    job = gemini.batches.get(name=job.name)
    if job.dest is None:
        return job, []
    return job, [parsed(line) for line in gemini.files.download(file=job.dest.file_name).split(b"\n") if line]


@pytest.mark.parametrize(
    ("status", "kind"),
    [(429, "rate_limit_error"), (500, "api_error"), (503, "api_error"), (529, "overloaded_error")],
)
def test_a_status_comes_as_often_as_told(claude: Any, server: PracticeServer, status: int, kind: str) -> None:
    """The first `count` matching calls fail with the service's own error; then all is well, and nothing was done."""
    server.faults.add(
        Fault("status", provider="anthropic", route="batches.create", count=2, status=status, retry_after=7)
    )
    for _ in range(2):
        with pytest.raises(anthropic.APIStatusError) as failed:
            claude.messages.batches.create(requests=[claude_row("Name: Ann")])
        assert (status, kind, "7") == (
            failed.value.status_code,
            failed.value.type,
            failed.value.response.headers["retry-after"],
        )
    claude.messages.batches.create(requests=[claude_row("Name: Ann")])

    assert 1 == len(server.book()["anthropic"]["batches"])


def test_other_calls_and_providers_are_left_alone(claude: Any, gpt: Any, server: PracticeServer) -> None:
    """A fault meets only its provider and route, and only after `skip` calls passed."""
    server.faults.add(Fault("status", provider="openai", route="models.list", skip=1))
    claude.models.list()
    gpt.models.list()
    with pytest.raises(openai.InternalServerError):
        gpt.models.list()

    assert [("openai", "models.list", "status")] == server.faults.happened


def test_openai_says_when_credit_is_used_up(gpt: Any, server: PracticeServer) -> None:
    """The word of an error can be chosen: insufficient_quota is a 429 that does not clear."""
    server.faults.add(Fault("status", status=429, error="insufficient_quota"))
    with pytest.raises(openai.RateLimitError) as failed:
        gpt.models.list()

    assert "insufficient_quota" == failed.value.code


def test_gemini_tells_the_wait_in_the_body(gemini: Any, server: PracticeServer) -> None:
    """Gemini sends no Retry-After header but RetryInfo."""
    server.faults.add(Fault("status", provider="gemini", status=429, retry_after=37))
    with pytest.raises(errors.ClientError) as failed:
        gemini.models.generate_content(model="gemini-3.8-flash", contents="Hi")

    assert "RESOURCE_EXHAUSTED" == failed.value.status
    assert "37s" == failed.value.details["error"]["details"][0]["retryDelay"]


@pytest.mark.parametrize(("kind", "made"), [("reset", 0), ("lost", 1)])
def test_a_dropped_connection_before_or_after_the_work(
    claude: Any, server: PracticeServer, kind: Any, made: int
) -> None:
    """`reset` drops the call undone; `lost` does the work and drops the answer: the batch exists all the same."""
    server.faults.add(Fault(kind, route="batches.create"))
    with pytest.raises(anthropic.APIConnectionError):
        claude.messages.batches.create(requests=[claude_row("Name: Ann")])

    assert made == len(server.book()["anthropic"]["batches"])
    assert made == len(list(claude.messages.batches.list()))


def test_a_download_can_be_cut(claude: Any, clock: Clock, server: PracticeServer) -> None:
    """The body breaks off after so many bytes, and the next download is whole."""
    batch = claude.messages.batches.create(requests=[claude_row("Name: Ann", n) for n in range(50)])
    clock.tick()
    server.faults.add(Fault("cut", route="batches.results", after_bytes=3000))
    got = bytearray()

    def read() -> None:
        with claude.messages.batches.with_streaming_response.results(batch.id) as response:
            for piece in response.iter_bytes():
                got.extend(piece)

    with pytest.raises(httpx2.TransportError):
        read()

    assert len(got) <= 3000
    assert 50 == len(list(claude.messages.batches.results(batch.id)))


def test_a_page_of_html_can_stand_in_for_the_answer(gpt: Any, server: PracticeServer) -> None:
    """HTML with status 200, as a captive portal sends, reaches the SDK as text."""
    server.faults.add(Fault("html", route="batches.retrieve"))

    assert "<html>" in gpt.batches.retrieve("batch_1")


def test_a_slow_answer_comes_after_the_client_gave_up(claude: Any, server: PracticeServer) -> None:
    """A client with a timeout shorter than the delay sees a timeout, although the work is done."""
    server.faults.add(Fault("slow", route="live", seconds=0.5))
    with pytest.raises(anthropic.APITimeoutError):
        claude.with_options(timeout=0.05).messages.create(
            model="claude-sonnet-5-5", max_tokens=50, messages=[{"role": "user", "content": "Hi"}]
        )


def test_faults_can_be_arranged_over_http(server: PracticeServer, gpt: Any) -> None:
    """Another process can add, see and clear faults, and is told of a wrong one."""
    with httpx2.Client(base_url=server.url) as http:
        added = http.post("/practice/faults", json={"kind": "status", "provider": "openai", "status": 503})
        wrong = http.post("/practice/faults", json={"kind": "batch", "fate": "nonsense"})
        with pytest.raises(openai.InternalServerError):
            gpt.models.list()
        left = http.get("/practice/faults").json()
        http.post("/practice/faults", json=[{"kind": "html"}])
        cleared = http.delete("/practice/faults").json()

    assert 1 == added.json()["faults"][0]["left"]
    assert (400, [], []) == (wrong.status_code, left["faults"], cleared["faults"])
    assert gpt.models.list().data


def test_a_batch_can_hit_the_token_limit(gpt: Any, clock: Clock, server: PracticeServer) -> None:
    """OpenAI fails the batch in validation with token_limit_exceeded, and bills nothing; the next one passes."""
    server.faults.add(Fault("batch", provider="openai", fate="token-limit"))
    failed, *_ = gpt_batch(gpt, clock, "Name: Ann")
    fine, *_ = gpt_batch(gpt, clock, "Name: Ann")

    assert ("failed", "token_limit_exceeded", "completed") == (failed.status, failed.errors.data[0].code, fine.status)
    assert [0, 1] == [batch["billed"] for batch in server.book()["openai"]["batches"]]


def test_a_batch_can_expire(claude: Any, gpt: Any, gemini: Any, clock: Clock, server: PracticeServer) -> None:
    """Half of the rows finish; Gemini has no results at all, and the book bills none."""
    texts = ["Name: Ann"] * 4
    for _ in range(3):
        server.faults.add(Fault("batch", fate="expired"))
    lines = claude_batch(claude, clock, *texts)
    batch, output, failed = gpt_batch(gpt, clock, *texts)
    job, nothing = gemini_batch(gemini, clock, *texts)

    assert ["expired", "expired", "succeeded", "succeeded"] == sorted(line["result"]["type"] for line in lines)
    assert ("expired", 2, {"batch_expired"}) == (batch.status, len(output), {line["error"]["code"] for line in failed})
    assert ("JOB_STATE_EXPIRED", []) == (job.state.name, nothing)
    billed = {name: page["batches"][0]["billed"] for name, page in server.book().items()}
    assert {"anthropic": 2, "openai": 2, "gemini": 0} == billed


def test_all_rows_can_fail(claude: Any, gpt: Any, gemini: Any, clock: Clock, server: PracticeServer) -> None:
    """The batch completes with every row in error, and bills nothing."""
    server.faults.add(Fault("batch", fate="rows-failed", count=3))
    lines = claude_batch(claude, clock, "Name: Ann")
    batch, output, failed = gpt_batch(gpt, clock, "Name: Ann")
    job, results = gemini_batch(gemini, clock, "Name: Ann")

    assert "api_error" == lines[0]["result"]["error"]["error"]["type"]
    assert ("completed", None, [], 500) == (
        batch.status,
        batch.output_file_id,
        output,
        failed[0]["response"]["status_code"],
    )
    assert ("JOB_STATE_SUCCEEDED", 13) == (job.state.name, results[0]["error"]["code"])
    assert [0, 0, 0] == [page["batches"][0]["billed"] for page in server.book().values()]


def test_a_gemini_job_can_fail(gemini: Any, clock: Clock, server: PracticeServer) -> None:
    """A failed job has no results and bills nothing."""
    server.faults.add(Fault("batch", fate="failed"))
    job, lines = gemini_batch(gemini, clock, "Name: Ann")

    assert ("JOB_STATE_FAILED", []) == (job.state.name, lines)
    assert 0 == server.book()["gemini"]["batches"][0]["billed"]


def test_a_stuck_batch_can_be_cancelled(gpt: Any, clock: Clock, server: PracticeServer) -> None:
    """A stuck batch runs no row however long one waits; cancelling ends it."""
    server.faults.add(Fault("batch", fate="stuck"))
    batch, *_ = gpt_batch(gpt, clock, "Name: Ann")
    clock.tick(5000)
    waiting = gpt.batches.retrieve(batch.id)
    gpt.batches.cancel(batch.id)
    clock.tick(5)
    ended = gpt.batches.retrieve(batch.id)

    assert ("in_progress", 0, "cancelled") == (waiting.status, waiting.request_counts.completed, ended.status)


MARKS = {
    "truncate": ("succeeded", "max_tokens"),
    "refuse": ("succeeded", "refusal"),
    "filter": ("succeeded", "refusal"),
    "error": ("errored", "api_error"),
    "bad-request": ("errored", "invalid_request_error"),
    "expire": ("expired", None),
}


@pytest.mark.parametrize("mark", MARKS)
def test_marks_at_anthropic(claude: Any, clock: Clock, server: PracticeServer, mark: str) -> None:
    """A marker in the prompt spoils that row alone; errors and expired rows are not billed."""
    lines = {line["custom_id"]: line["result"] for line in claude_batch(
        claude, clock, f"[[practice: {mark}]]\nName: Ann", "Name: Ann")}  # fmt: skip
    spoilt, kind = lines["r-0"], MARKS[mark][1]

    assert MARKS[mark][0] == spoilt["type"]
    if "message" in spoilt:
        assert kind == spoilt["message"]["stop_reason"]
    elif "error" in spoilt:
        assert kind == spoilt["error"]["error"]["type"]
    assert '{"name": "Ann"}' == lines["r-1"]["message"]["content"][0]["text"]
    billed = [row["billed"] for row in server.book()["anthropic"]["batches"][0]["rows"]]
    assert [spoilt["type"] == "succeeded", True] == billed


def test_marks_at_openai(gpt: Any, clock: Clock) -> None:
    """Truncation, refusal and filter stand among the successes; errors and expired rows in the error file."""
    marks = ("truncate", "refuse", "filter", "error", "bad-request", "expire")
    _, output, failed = gpt_batch(gpt, clock, *[f"[[practice: {mark}]]\nName: Ann" for mark in marks])
    bodies = {line["custom_id"]: line["response"]["body"] for line in output}
    errors_by_id = {line["custom_id"]: line for line in failed}

    assert ("incomplete", "max_output_tokens") == (
        bodies["r-0"]["status"],
        bodies["r-0"]["incomplete_details"]["reason"],
    )
    assert "refusal" == bodies["r-1"]["output"][-1]["content"][0]["type"]
    assert "content_filter" == bodies["r-2"]["incomplete_details"]["reason"]
    assert (500, 400) == tuple(errors_by_id[key]["response"]["status_code"] for key in ("r-3", "r-4"))
    assert (None, "batch_expired") == (errors_by_id["r-5"]["response"], errors_by_id["r-5"]["error"]["code"])


def test_marks_at_gemini(gemini: Any, clock: Clock) -> None:
    """Gemini says MAX_TOKENS, SAFETY, a blocked prompt, or a gRPC code; expired rows have no line."""
    marks = ("truncate", "refuse", "filter", "error", "bad-request", "expire")
    _, lines = gemini_batch(gemini, clock, *[f"[[practice: {mark}]]\nName: Ann" for mark in marks])
    found = {line["key"]: line for line in lines}
    reasons = [found[key]["response"]["candidates"][0]["finishReason"] for key in ("r-0", "r-1")]

    assert ["MAX_TOKENS", "SAFETY"] == reasons
    assert "PROHIBITED_CONTENT" == found["r-2"]["response"]["promptFeedback"]["blockReason"]
    assert (13, 3) == (found["r-3"]["error"]["code"], found["r-4"]["error"]["code"])
    assert "r-5" not in found


def test_lines_can_be_missing_doubled_broken_or_foreign(claude: Any, gpt: Any, gemini: Any, clock: Clock) -> None:
    """The markers that concern result lines work alike in all three result files."""
    marks = ("missing", "duplicate", "malformed", "unknown-id")
    texts = [f"[[practice: {mark}]]\nName: Ann" for mark in marks]
    files = (
        claude_batch(claude, clock, *texts),
        gpt_batch(gpt, clock, *texts)[1],
        gemini_batch(gemini, clock, *texts)[1],
    )
    for lines in files:
        ids = sorted(line.get("custom_id") or line["key"] for line in lines if isinstance(line, dict))

        assert ["never-sent-0", "r-1", "r-1"] == ids
        assert 1 == sum(isinstance(line, bytes) for line in lines)


SPOILT = {
    "invalid-json": '{"name": "Ann", oops',
    "wrapped-json": 'Here is the result:\n\n```json\n{"name": "Ann"}\n```\n\nLet me know if you need more.',
    "wrong-shape": '{"unexpected": [1, 2, 3]}',
}


@pytest.mark.parametrize("mark", SPOILT)
def test_answers_that_do_not_fit_the_schema(claude: Any, clock: Clock, mark: str) -> None:
    """JSON can come broken, wrapped in prose, or of another shape, as a success like any other."""
    lines = claude_batch(claude, clock, f"[[practice: {mark}]]\nName: Ann")

    assert SPOILT[mark] == lines[0]["result"]["message"]["content"][0]["text"]


def test_once_holds_for_the_first_time_only(claude: Any, clock: Clock) -> None:
    """With `once:` a row fails the first time its content is seen, however often its result is read."""
    text = "[[practice: once: error]]\nName: Ann"
    batch = claude.messages.batches.create(requests=[claude_row(text), claude_row(text.replace("\n", " A.\n"), 1)])
    clock.tick()
    for _ in range(2):
        assert {"errored"} == {line.result.type for line in claude.messages.batches.results(batch.id)}

    assert "succeeded" == claude_batch(claude, clock, text)[0]["result"]["type"]


def test_marks_hold_for_live_calls(claude: Any, gpt: Any, gemini: Any, server: PracticeServer) -> None:
    """A real-time call with a marker fails or is spoilt as its row would be; only answers are billed."""
    text = "[[practice: error]] Name: Ann"
    with pytest.raises(anthropic.InternalServerError):
        claude.messages.create(model="claude-sonnet-5-5", max_tokens=50, messages=[{"role": "user", "content": text}])
    with pytest.raises(openai.InternalServerError):
        gpt.responses.create(model="gpt-6-sol", input=text)
    with pytest.raises(errors.ServerError):
        gemini.models.generate_content(model="gemini-3.8-flash", contents=text)
    refused = gpt.responses.create(model="gpt-6-sol", input="[[practice: refuse]] Name: Ann")

    assert "refusal" == refused.output[-1].content[0].type
    assert [False, True] == [call["billed"] for call in server.book()["openai"]["live"]]
