"""Tables in order: what is sorted how, what a page costs, and what a view gets while a run changes."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

import pytest

from batchata_nb.core.errors import ValidationError
from batchata_nb.core.jobs import Job, Message
from batchata_nb.runs import ordering, pages
from batchata_nb.runs.handle import Handle
from batchata_nb.runs.ordering import REMEMBERED, SECONDS_A_ROW
from tests.runs.edge import LIMITS, Desk, Edge, ok

OPEN = {"type": "object", "properties": {}}


def asked(number, name=None):
    """A job whose answer is an object of any fields."""
    return Job(name or f"job-{number}", "edge", "m", (Message("user", f"q {number}", ()),), 1000, schema=OPEN)


class Answering(Edge):
    """Answers each job with the next of some values in its field, or of some texts as they are."""

    def __init__(self, values, field="value", **options):
        super().__init__(limits=replace(LIMITS, rows=10**6), **options)
        texts = [
            value if isinstance(value, Text) else json.dumps({field: value} if value != "-" else {}) for value in values
        ]
        self.replies = lambda _, row: [ok(row, texts[int(row.job.messages[0].text[2:])])]


class Text(str):
    """What is answered word for word."""

    __slots__ = ()


def finished(folder, values, field="value", names=None):
    desk = Desk(folder / "s.db", Answering(values, field))
    drive = desk.run(desk.start([asked(n, names and names[n]) for n in range(len(values))]))
    return desk.store, drive.state


def order_of(store, state, by="value", *, desc=False, start=0, n=500, now=0.0, **asked_for):
    return [
        row["row"] for row in page_of(store, state, start, n, order={"by": by, "desc": desc}, now=now, **asked_for)[1]
    ]


def page_of(store, state, start=0, n=500, *, now=0.0, **asked_for):
    return pages.rows(store, state, start, n, now=now, **asked_for)


@pytest.mark.parametrize(
    ("values", "ascending", "descending"),
    [
        (["13765.5", "143.56", "2089.04", "-3", "1E+3"], [3, 1, 4, 2, 0], [0, 2, 4, 1, 3]),
        (["10", "9", 9.5, True], [3, 1, 2, 0], [0, 2, 1, 3]),
        (["10", "9", "n/a"], [0, 1, 2], [2, 1, 0]),
        (["b", 10, "A", 9.5, "9"], [3, 1, 4, 2, 0], [0, 2, 4, 1, 3]),
        (["b", None, "a", "-", "B"], [2, 0, 4, 1, 3], [0, 4, 2, 1, 3]),
        (["2024-03-01", "2023-12-31", "2024-01-15"], [1, 2, 0], [0, 2, 1]),
        ([True, False, None, True], [1, 0, 3, 2], [0, 3, 1, 2]),
        (["Éclair", "zebra", "éclair", "Straße", "STRASSE A"], [3, 4, 1, 0, 2], [0, 2, 1, 4, 3]),
        ([Text('{"value": NaN}'), 2, Text('{"value": Infinity}'), 1], [3, 1, 2, 0], [2, 1, 3, 0]),
        ([10**30, 5, -(10**30)], [2, 1, 0], [0, 1, 2]),
        ([["b"], ["a"], []], [1, 0, 2], [2, 0, 1]),
        (["", "a", " "], [0, 2, 1], [1, 2, 0]),
        ([None, None], [0, 1], [0, 1]),
    ],
)  # fmt: skip
def test_a_column_is_in_the_order_of_its_values(tmp_path, values, ascending, descending):
    """Numbers by size, also those kept as text; text without regard to case; what is unknown last, in both directions;
    what is equal in job order."""
    store, state = finished(tmp_path, values)

    assert ascending == order_of(store, state)
    assert descending == order_of(store, state, desc=True)


def test_decimals_of_a_users_class_are_numbers(tmp_path, monkeypatch):
    """A `Decimal` field of a real run is put in order by its amount."""
    from pydantic import BaseModel

    from batchata_nb import Batch

    class Bill(BaseModel):
        amount: Decimal

    monkeypatch.setenv("BATCHATA_PRACTICE_SECONDS", "0.1")
    batch = Batch().use_practice().set_state(file=str(tmp_path / "s.db"))
    over = [f"Amount: {amount}" for amount in ("13765.50", "143.56", "2089.04")]
    batch.add_jobs("{{ item }}", over=over, model="gpt-6.1-sol", response_model=Bill)
    run = batch.run(name="bills", wait=True)

    assert [1, 2, 0] == [row["row"] for row in run.rows(0, 10, order={"by": "amount"})[1]]


@pytest.mark.parametrize("field", ["a.b", 'a"b', "a\\b", "a\nb", "é", "a[0]", "$", "%"])
def test_fields_of_any_name_can_be_sorted(tmp_path, field):
    """Dots, quotes and whatever else a name has are its own, and no syntax."""
    store, state = finished(tmp_path, ["c", "a", "b"], field)

    assert [1, 2, 0] == order_of(store, state, field)


def test_ids_models_and_states_are_columns_too(tmp_path):
    """Ids are in order by number where all are numbers, as any column; states in the order in which jobs go through."""
    store, state = finished(tmp_path, [1, Text("no JSON"), 3], names=["10", "9", "100"])

    assert [1, 0, 2] == order_of(store, state, "id")
    assert [2, 0, 1] == order_of(store, state, "id", desc=True)
    assert [0, 1, 2] == order_of(store, state, "model", desc=True)
    assert [0, 2, 1] == order_of(store, state, "state")
    assert [1, 0, 2] == order_of(store, state, "state", desc=True)


def test_pages_are_parts_of_one_order(tmp_path):
    """However deep, pages follow each other without a gap; behind the end there is nothing; filters keep the order."""
    values = [Text("no JSON") if n % 7 == 0 else str(n * 37 % 101) for n in range(101)]
    store, state = finished(tmp_path, values)
    expected = sorted((n for n in range(101) if n % 7), key=lambda n: int(values[n])) + list(range(0, 101, 7))

    assert expected == [row for start in range(0, 120, 20) for row in order_of(store, state, start=start, n=20)]
    assert expected[-2:] == order_of(store, state, start=99, n=20)
    assert [] == order_of(store, state, start=101, n=20)
    assert expected[:-15] == order_of(store, state, only="succeeded")
    assert expected[-15:] == order_of(store, state, only="failed")
    assert (15, False) == page_of(store, state, only="failed", order={"by": "value"})[::2]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("100%", [0]), ("%", [0]), ("_", [1]), ("a_b", [1]), ("\\", [2]), ('"', [3]), ('say "hi"', [3]), ("ÉT", [4]),
        ("JOB-5", [5]), ("nowhere", []),
    ],
)  # fmt: skip
def test_a_search_takes_every_character_as_itself(tmp_path, text, found):
    """`%`, `_`, backslash and quotes are looked for as they are; ASCII letters without regard to case."""
    store, state = finished(tmp_path, ["100%", "a_b", "c\\d", 'say "hi"', "cafÉt", "axb"])

    assert found == [row["row"] for row in page_of(store, state, text=text)[1]]
    assert len(found) == page_of(store, state, text=text, order={"by": "value"})[0]


def add_result(store, run_id, row, *, of, usable, value):
    """One more result of a row's job, as a later attempt or another run would leave it."""
    fields = None if value is None else json.dumps({"value": value})
    with store._write() as db:
        number = db.execute("SELECT max(number) + 1 FROM results").fetchone()[0]
        db.execute(
            "INSERT INTO results (number, run_id, row, tag, fingerprint, usable, outcome, fields, body, words) "
            "SELECT ?, ?, ?, ?, fingerprint, ?, 'succeeded', ?, body, words FROM results "
            "WHERE run_id = ? AND row = ? LIMIT 1",
            (number, of, row, f"tag{number}", usable, fields, run_id, row),
        )


@pytest.mark.parametrize(
    ("more", "stands"),
    [
        ([], "5"),
        ([("own", True, "99")], "99"),
        ([("own", False, "99")], "5"),
        ([("other", True, "99")], "5"),
        ([("own", True, "98"), ("other", True, "99"), ("own", False, "97")], "98"),
        ([("own", True, None)], "5"),
    ],
)
def test_only_what_stands_for_a_row_counts(tmp_path, more, stands):
    """The latest good result of the run itself stands before worse and other runs' ones: in cells, order and search."""
    store, state = finished(tmp_path, ["7", "5", "6"])
    for whose, usable, value in more:
        add_result(store, state.run_id, 1, of={"own": state.run_id}.get(whose, whose), usable=usable, value=value)

    assert stands == store.fields(state.run_id, [1])[1]["value"]
    assert ([1, 2, 0] if stands == "5" else [2, 0, 1]) == order_of(store, state)
    found = {value for value in ("5", "97", "98", "99") if page_of(store, state, text=value)[0]}
    assert {stands} == found


def test_a_result_of_another_run_is_in_order_too(tmp_path):
    """Rows that an earlier run has answered are sorted and found by that answer."""
    store, _ = finished(tmp_path, ["2", "3", "1"])
    reusing = Desk(tmp_path / "s.db", Answering([]), owner="other")
    drive = reusing.run(reusing.start([asked(n) for n in range(3)], name="later"))

    assert 3 == drive.state.reused
    assert [2, 0, 1] == order_of(store, drive.state)
    assert [1] == [row["row"] for row in page_of(store, drive.state, text="3")[1]]


class Landing:
    """A run whose rows land a batch of two at a time."""

    def __init__(self, folder, values):
        desk = Desk(folder / "s.db", Answering(values))
        self.drive = desk.start([asked(n) for n in range(len(values))], items_per_batch=2, max_parallel=1)
        self.desk, self.store, self.state = desk, desk.store, self.drive.state

    def until(self, answered):
        while self.state.counts["succeeded"] < answered:
            self.desk.clock.at = max(self.drive.step(), self.desk.clock.at)


def test_an_order_follows_a_live_run_after_a_while(tmp_path):
    """While results land rows keep their places for a time that grows with the run; the page says that it is behind,
    and cells, filters and counts are of now. Later, and at the end at once, the order is that of all results."""
    run = Landing(tmp_path, ["5", "4", "3", "2", "1", "0"])
    wait = 6 * SECONDS_A_ROW
    run.until(2)
    by = {"by": "value", "desc": False}
    assert [1, 0, 2, 3, 4, 5] == order_of(run.store, run.state, now=100.0)

    run.until(4)
    total, rows, behind = page_of(run.store, run.state, order=by, now=100.0 + wait / 2)
    assert ([1, 0, 2, 3, 4, 5], True, 6) == ([row["row"] for row in rows], behind, total)
    assert ["4", "5", "3", "2"] == [row["fields"]["value"] for row in rows[:4]]
    assert [1, 0, 2, 3] == order_of(run.store, run.state, now=100.0 + wait / 2, only="succeeded")

    total, rows, behind = page_of(run.store, run.state, order=by, now=100.0 + wait)
    assert ([3, 2, 1, 0, 4, 5], False) == ([row["row"] for row in rows], behind)

    run.desk.run(run.drive)
    total, rows, behind = page_of(run.store, run.state, order=by, now=100.0 + wait)
    assert ([5, 4, 3, 2, 1, 0], False) == ([row["row"] for row in rows], behind)


def test_a_page_that_is_behind_is_worth_asking_again(tmp_path):
    """The revision of a page whose order is behind is none of now, so that a view asks until it is not."""
    run = Landing(tmp_path, ["5", "4", "3", "2"])
    handle, now = Handle(run.drive, run.store), [100.0]
    run.desk.clock.elapsed = lambda: now[0]
    asked_for = {"state": None, "text": None, "order": {"by": "value", "desc": False}}
    behind = []
    for answered, seconds in ((2, 0.0), (4, 0.0), (4, 4 * SECONDS_A_ROW)):
        run.until(answered)
        now[0] += seconds
        if not run.state.over:
            behind.append(run.drive.rev - handle.page(0, 10, **asked_for)[0])

    assert [0, 1, 0] == behind
    assert handle.page(0, 10, **asked_for)[1:] == handle.rows(0, 10, order=asked_for["order"])


def test_a_search_follows_a_live_run_at_once(tmp_path):
    """A row is found as soon as its result has landed, and only rows with new results are looked at again."""
    run = Landing(tmp_path, ["x", "y", "x", "x", "y", "x"])
    looked_at = []
    search = run.store.search
    run.store.search = lambda run_id, rows, text: (looked_at.append(list(rows)), search(run_id, rows, text))[1]
    found = []
    for answered in (2, 4, 6):
        run.until(answered)
        page = page_of(run.store, run.state, text="X")
        found.append([row["row"] for row in page[1]])
        assert page == page_of(run.store, run.state, text="X")

    assert [[0], [0, 2, 3], [0, 2, 3, 5]] == found
    assert [[0, 1, 2, 3, 4, 5], [2, 3], [4, 5]] == looked_at


def test_a_change_of_a_state_changes_what_a_filter_shows(tmp_path):
    """Rows that go from one state to another leave one filter for the other, ordered or not."""
    run = Landing(tmp_path, ["3", "2", "1", "0"])
    seen = []
    for answered in (0, 2, 4):
        run.until(answered)
        seen.append((page_of(run.store, run.state, only="succeeded")[0],
                     len(order_of(run.store, run.state, "id", desc=True, only="succeeded")),
                     page_of(run.store, run.state, only="pending")[0]
                     + page_of(run.store, run.state, only="under_way")[0]))  # fmt: skip

    assert [(0, 0, 4), (2, 2, 2), (4, 4, 0)] == seen


@pytest.mark.parametrize(
    "query",
    [
        {}, {"order": {"by": "value"}}, {"order": {"by": "id", "desc": True}}, {"order": {"by": "state"}},
        {"text": "q"}, {"only": "succeeded", "order": {"by": "value"}}, {"text": "job", "order": {"by": "value"}},
    ],
    ids=str,
)  # fmt: skip
def test_a_page_costs_the_same_however_many_rows_there_are(tmp_path, query):
    """Once an order or a search is found, a page takes the same statements and steps of SQLite at four times the size,
    first or deep; nothing but the page is read."""

    def cost(count):
        (tmp_path / str(count)).mkdir()
        store, state = finished(tmp_path / str(count), [str(n * 7919 % 1000) for n in range(count)])
        page_of(store, state, **query)
        db, said, steps = store._connection(), [0], [0]

        def tell(_):
            said[0] += 1

        def tick():
            steps[0] += 1

        db.set_trace_callback(tell)
        db.set_progress_handler(tick, 1)
        for start in (0, count // 2, count - 50):
            page_of(store, state, start, 50, **query)
        return said[0], steps[0]

    few, many = cost(200), cost(800)

    assert few[0] == many[0] <= 15
    assert many[1] <= 1.1 * few[1]


def test_finding_an_order_costs_each_row_the_same(tmp_path):
    """What SQLite does to find an order grows with the rows and, for sorting, little more."""

    def steps_for(count):
        (tmp_path / str(count)).mkdir()
        store, state = finished(tmp_path / str(count), [str(n * 7919 % 1000) for n in range(count)])
        steps = [0]

        def tick():
            steps[0] += 1

        store._connection().set_progress_handler(tick, 10)
        order_of(store, state)
        return steps[0] * 10 / count

    assert steps_for(2000) <= 1.1 * steps_for(500)


def test_few_orders_are_kept(tmp_path):
    """However many columns are sorted by, those used last are kept and the others are let go, and found again."""
    store, state = finished(tmp_path, ["2", "1"])
    found, real = [], store.order
    store.order = lambda *args, **more: (found.append(args[2]), real(*args, **more))[1]

    for column in ("value", *(f"c{n}" for n in range(REMEMBERED)), "value"):
        order_of(store, state, column)
        order_of(store, state, column)

    assert ["value", *(f"c{n}" for n in range(REMEMBERED)), "value"] == found
    assert len(ordering._kept) <= REMEMBERED


def test_an_order_leaves_room_for_writers(tmp_path):
    """No single statement that reads the runs' tables goes through all rows: whoever writes gets in between."""
    from batchata_nb.runs import table_queries

    store, state = finished(tmp_path, [str(n) for n in range(50)])
    said = []
    store._connection().set_trace_callback(said.append)
    before, table_queries.AT_ONCE = table_queries.AT_ONCE, 10
    try:
        order_of(store, state)
        page_of(store, state, text="4")
    finally:
        table_queries.AT_ONCE = before

    assert 5 == sum(sql.startswith("INSERT INTO temp.keys") for sql in said)
    assert 5 == sum("LIKE" in sql for sql in said)


def test_a_cause_shows_its_jobs_alone(tmp_path):
    """Only jobs that failed with that kind of error match, in any order, with a search or without."""
    answers = [1, Text("no JSON"), 2, Text("nor this"), 3]
    store, state = finished(tmp_path, answers)

    assert [1, 3] == [row["row"] for row in page_of(store, state, cause="invalid_output")[1]]
    assert [3] == [row["row"] for row in page_of(store, state, cause="invalid_output", text="job-3")[1]]
    assert [3, 1] == order_of(store, state, by="id", desc=True, cause="invalid_output")
    assert (0, [], False) == page_of(store, state, cause="truncated")


@pytest.mark.parametrize("field", ["state", "id", "model"])
def test_a_field_called_as_a_column_is_told_from_it(tmp_path, field):
    """`field:state` is the answer's field, `state` the job's: a state may be a part of a country."""
    store, state = finished(tmp_path, ["Utah", "Idaho", "Maine"], field)

    assert [1, 2, 0] == order_of(store, state, by=f"field:{field}")
    assert [0, 1, 2] == order_of(store, state, by=field)


def test_a_text_longer_than_any_search_is_refused(tmp_path):
    """A search text of a book is one clear sentence, not a fault of the store."""
    desk = Desk(tmp_path / "s.db", Answering([1]))
    drive = desk.run(desk.start([asked(0)]))

    with pytest.raises(ValidationError, match="at most 1,000 characters, not 60,000"):
        Handle(drive, desk.store).rows(0, 5, text="x" * 60_000)
