"""Small tables."""

from __future__ import annotations

from batchata_nb.notebook.tables import bundle


def test_a_table_is_text_and_html():
    """The same rows in columns of text and in an HTML table, notes below."""
    found = bundle([{"name": "a", "jobs": 1}, {"name": "bcd", "jobs": None}], ["Done."], "Runs")

    assert found["text/plain"] == "Runs\nname  jobs\na     1\nbcd\nDone."
    assert found["text/html"].count("<tr>") == 3


def test_nothing_in_a_table_acts():
    """Markup, terminal codes and bidirectional controls of names and messages are shown, not obeyed."""
    found = bundle([{"<i>": "<script>x</script>\x1b[31m\u202e"}], ["<b>"], "<u>")

    assert all(tag not in found["text/html"] for tag in ("<script", "<i>", "<u>", "\x1b", "\u202e"))
    assert "\x1b" not in found["text/plain"]
    assert "\u202e" not in found["text/plain"]


def test_long_tables_are_cut_and_say_so():
    """Rows past the bound are counted, long values end in an ellipsis."""
    found = bundle([{"n": "x" * 1000}] * 500)

    assert "and 300 more" in found["text/plain"]
    assert len(found["text/plain"]) < 30_000


def test_amounts_of_money_are_not_set_as_mathematics():
    """Between any two dollar signs stands an element, which ends what a notebook would take for a formula."""
    found = bundle([{"price": "$1"}], ["The limit of $5 covers $2.", r"\(x\)"], "$")

    assert found["text/html"].count("<span>$</span>") == 4 == found["text/html"].count("$")
    assert "<span>\\</span>(x" in found["text/html"]
