"""A preview, what it tells of the whole, the choice of a model, and the rest, which pays for nothing twice."""

from __future__ import annotations

from typing import Literal

import pandas as pd
import pytest
from pydantic import BaseModel

from batchata_nb import Batch, ValidationError
from batchata_nb.practice import PracticeServer
from batchata_nb.runs.launch import attach

pytestmark = pytest.mark.usefixtures("folder")
CHEAP, OTHER = "claude-haiku-4-5", "gpt-6.1-sol"


class Mood(BaseModel):
    mood: Literal["good", "bad"]
    topic: str


def messages(count: int = 12) -> pd.DataFrame:
    """Give messages whose labels say the mood; every third one is mislabelled, so that gold values differ there."""
    return pd.DataFrame(
        {
            "key": [f"m{n}" for n in range(count)],
            "text": [f"Mood: good\nTopic: t{n}" + " and so on" * (n % 5) for n in range(count)],
            "mood": ["bad" if n % 3 == 0 else "good" for n in range(count)],
        }
    )


def moods(*models: str, **options) -> Batch:
    batch = Batch().use_practice()
    return batch.add_jobs(
        "{{ text }}",
        over=messages(),
        id_column="key",
        response_model=Mood,
        model=list(models) or CHEAP,
        max_tokens=200,
        **options,
    )


def test_the_rest_pays_for_nothing_again(folder):
    """What a preview has run is not sent again, by the provider's own book; the whole run has all results in order."""
    preview = moods().run(name="m", preview=3, wait=True)
    whole = preview.rest(wait=True)

    with PracticeServer(folder / ".batchata" / "practice") as server:
        book = server.book()["anthropic"]
    assert (3, 9) == (sum(row["billed"] for row in book["live"]), sum(batch["billed"] for batch in book["batches"]))
    assert (3, "m", "m") == (len(preview), preview.name, whole.name)
    assert [f"t{n}" for n in range(12)] == [answer.topic.split()[0] for answer in whole.outputs]
    assert 3 == whole.summary()["reused"]
    assert list(messages().index) == list(whole.to_df().index)


def test_a_sample_is_random_and_the_same_for_the_same_seed():
    """A seed chooses which inputs are run, in their order; another one chooses others, and the price is for them."""
    one = moods().run(name="a", preview=4, sample=1, wait=True).job_ids
    again = moods().run(name="b", preview=4, sample=1, dry_run=True).job_ids
    other = moods().run(name="c", preview=4, sample=2, dry_run=True).job_ids

    assert one == again != other
    assert sorted(one, key=lambda key: int(key[1:])) == one != ["m0", "m1", "m2", "m3"]
    with pytest.raises(ValidationError, match="A sample is of a preview"):
        moods().run(sample=1)


def test_each_model_is_asked_of_the_same_inputs():
    """A preview of several models counts inputs, so that they can be compared."""
    preview = moods(CHEAP, OTHER).run(name="m", preview=2, wait=True)

    assert [f"{key}@{model}" for model in (CHEAP, OTHER) for key in ("m0", "m1")] == preview.job_ids


def test_measured_tokens_tell_of_the_whole():
    """The projection is of all jobs as a batch, with an interval that holds what the whole then costs."""
    preview = moods().run(name="m", preview=8, sample=3, wait=True)
    (line,) = preview.projection
    whole = preview.rest(wait=True)
    # The whole run has the preview's results for nothing; at batch rates they would have cost half.
    batch = sum(result.cost_usd for result in whole) + sum(result.cost_usd for result in preview) / 2
    tokens = sum(result.input_tokens for result in whole)

    assert (12, 8, CHEAP) == (line.jobs, line.measured, line.model)
    assert line.cost.low <= batch <= line.cost.high
    assert line.input_tokens.low <= tokens <= line.input_tokens.high
    assert "95 % interval" in str(line)
    assert [] == whole.projection


def test_a_dashboard_offers_the_rest_once_the_preview_is_over():
    """The summary says how many jobs are left and what the whole would cost, by model and in all, in its small size."""
    import json

    summary = moods(CHEAP, OTHER).run(name="m", preview=2, wait=True).summary()

    assert ("rest" in summary["can"], 24, 20) == (True, summary["preview"]["jobs"], summary["preview"]["left"])
    assert [CHEAP, OTHER, "all"] == [line["model"] for line in summary["preview"]["models"]]
    assert len(json.dumps(summary)) < 2048


def test_the_best_by_gold_values_runs_the_rest():
    """Gold values choose the model, its jobs go by their plain ids, and the other model is asked nothing more."""
    preview = moods(CHEAP, OTHER, gold_column="mood").run(name="m", preview=6, wait=True)
    scores = {score.model: (score.right, score.judged) for score in preview.agreement().models}
    best = preview.rest("best", wait=True)

    assert {CHEAP: (4, 6), OTHER: (4, 6)} == scores  # as right as each other, so the cheaper one
    assert [f"m{n}" for n in range(12)] == best.job_ids
    assert {CHEAP} == {result.model for result in best}
    assert (8, 12) == (best.agreement().models[0].right, best.agreement().models[0].judged)


def test_gold_values_stand_beside_the_answers():
    """A frame has the right value and the verdict; the comparison has the score of each model and each cell."""
    run = moods(CHEAP, OTHER, gold_column="mood").run(name="m", wait=True)
    frame = run.to_df()
    found = run.compare(0, 2, path="mood")

    assert ["bad", "good"] == list(frame["mood.gold"][:2])
    assert [False, True] == list(frame["mood.right"][:2])
    assert {"mood": {model: {"right": 8, "of": 12} for model in (CHEAP, OTHER)}} == found["accuracy"]
    assert [("bad", False), ("good", True)] == [(row["gold"], row["cells"][CHEAP]["right"]) for row in found["rows"]]
    assert run.summary()["gold"] is True
    assert attach("m", state_file=".batchata/state.db").agreement().best == run.agreement().best == CHEAP


def test_gold_columns_name_their_field():
    """A column is of the field of its name, else of the one that is named, else it holds mappings; unclear is said."""
    rows = [{"text": "Mood: good\nTopic: t", "truth": "good", "all": {"mood": "bad", "topic": "t"}}]

    def right(column) -> dict:
        batch = Batch().use_practice()
        batch.add_jobs("{{ text }}", over=rows, response_model=Mood, model=CHEAP, gold_column=column)
        return batch.run(name=str(column), wait=True).to_df().iloc[0].to_dict()

    assert True is right({"mood": "truth"})["mood.right"]
    assert (False, True) == (right("all")["mood.right"], right("all")["topic.right"])
    with pytest.raises(ValidationError, match="say of which field it is: --gold FIELD=truth"):
        right("truth")
    with pytest.raises(ValidationError, match="the answer has no field 'humour'; it has mood, topic"):
        right({"humour": "truth"})
    with pytest.raises(ValidationError, match=r"there is no column 'trut'\. Did you mean 'truth'"):
        right({"mood": "trut"})


def test_there_is_no_rest_where_there_is_none():
    """A whole run, a preview of another process and a model that was not previewed are said in a sentence."""
    whole = moods().run(name="whole", wait=True)
    preview = moods().run(name="m", preview=2, wait=True)
    found = attach("m", state_file=".batchata/state.db")

    for run, model, words in (
        (whole, None, "is no preview"),
        (found, None, "run its cell again without --preview"),
        (preview, "gpt-6.1-sol", "none of the models that were previewed"),
        (preview, "best", "with --gold"),
    ):
        with pytest.raises(ValidationError, match=words):
            run.rest(model)
