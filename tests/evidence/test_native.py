"""A provider's citations and the model's quotes become evidence of fields."""

from __future__ import annotations

from typing import Any

import pytest

from batchata_nb.evidence import native
from batchata_nb.evidence.locate import locate
from batchata_nb.evidence.page import TextPage
from batchata_nb.evidence.source import Source

from .helpers import in_text

TEXT = "Rent is 900 a month. The deposit is 900 too. It ends on 31 May 2026. Pets are not allowed. Smoking is allowed."


def char(words: str, text: str = TEXT, **more: Any) -> dict[str, Any]:
    """A char_location citation of words of the text."""
    start = text.index(words)
    return {
        "type": "char_location", "cited_text": words, "document_index": 0, "document_title": None,
        "start_char_index": start, "end_char_index": start + len(words), **more,
    }  # fmt: skip


def block(text: str, *citations: dict[str, Any]) -> dict[str, Any]:
    """A text block, with citations if any."""
    return {"type": "text", "text": text, **({"citations": list(citations)} if citations else {})}


def test_a_citation_decides_between_equal_values() -> None:
    """The value is cited itself, in the passage that the provider cited for it."""
    blocks = [
        block("The deposit: "),
        block("900", char("The deposit is 900 too.")),
        block("\nThe rent: "),
        block("900", char("Rent is 900 a month.")),
    ]
    found = in_text({"rent": 900, "deposit": 900}, TEXT, blocks=blocks)

    assert (TEXT.index("900"), TEXT.rindex("900")) == (found["rent"].start, found["deposit"].start)
    assert {"source": "native", "supports": True, "cited_text": "Rent is 900 a month.", "document": 0} == found[
        "rent"
    ].metadata
    assert "high" == found["rent"].confidence


def test_a_wrong_citation_does_not_make_an_absent_value_present() -> None:
    """A number that the document does not print stays without a citation, whatever the provider cited."""
    found = in_text({"rent": 950}, TEXT, blocks=[block("Rent: "), block("950", char("Rent is 900 a month."))])

    assert [] == found["rent"]


def test_yes_or_no_rests_on_what_was_cited() -> None:
    """A boolean takes the cited passage, of two the one that is about the field."""
    blocks = [block("**Pets allowed**: "), block("false", char("Smoking is allowed."), char("Pets are not allowed."))]
    found = in_text({"pets_allowed": False}, TEXT, blocks=blocks)

    assert "Pets are not allowed." == found["pets_allowed"].text
    assert "native" == found["pets_allowed"].metadata["source"]


def test_values_are_found_in_the_json_of_an_answer() -> None:
    """Where the answer is JSON in several blocks, paths lead to blocks."""
    blocks = [
        block('```json\n{"items": [{"sum": 900, "end": '),
        block('"2026-05-31"', char("It ends on 31 May 2026.")),
        block('}, {"sum": '),
        block("900", char("The deposit is 900 too.")),
        block("}]}\n```"),
    ]
    values = {"items": [{"sum": 900, "end": "2026-05-31"}, {"sum": 900, "end": None}]}
    found = in_text(values, TEXT, blocks=blocks)

    assert "31 May 2026" == found["items[0].end"].text
    assert "native" == found["items[0].end"].metadata["source"]
    assert TEXT.rindex("900") == found["items[1].sum"].start


def test_a_citation_behind_the_value_in_its_line_counts() -> None:
    """A citation may stand on the punctuation or the words that follow the value."""
    blocks = [
        block("- Rent: 900"),
        block(" (first sentence)", char("Rent is 900 a month.")),
        block("\n- Deposit: 900\n"),
    ]
    found = in_text({"rent": 900, "deposit": 900}, TEXT, blocks=blocks)

    assert "native" == found["rent"].metadata["source"]
    assert "located" == found["deposit"].metadata["source"]


def page(number: int, text: str, document: int = 0) -> Any:
    """A page without boxes."""

    class Page:
        name, form = f"doc{document}.pdf", False

        def __init__(self) -> None:
            self.number, self.text, self.document = number, text, document

        def boxes(self, start: int, end: int) -> list[tuple[float, float, float, float]]:
            return [(0.0, 0.0, 0.0, 0.0)] * (end - start)

    return Page()


def test_page_ranges_end_exclusively() -> None:
    """A citation of pages 2 to 3 is about page 2 alone; cited words have their white space collapsed."""
    source = Source([page(1, "Fee 50"), page(2, "Fee\n50"), page(3, "Fee 50")])
    cited = {
        "type": "page_location", "cited_text": "Fee 50", "document_index": 0,
        "start_page_number": 2, "end_page_number": 3,
    }  # fmt: skip
    found = locate({"fee": 50}, source, blocks=[block("Fee: "), block("50", cited)])["fee"]

    assert (2, 4, "native") == (found.page, found.start, found.metadata["source"])


def test_documents_are_counted_over_the_request() -> None:
    """`document_index` chooses among the documents; the citation names its own."""
    source = Source([page(1, "Fee 50", 0), page(1, "Fee 50", 1)])
    cited = {
        "type": "page_location", "cited_text": "Fee 50", "document_index": 1,
        "start_page_number": 1, "end_page_number": 2,
    }  # fmt: skip
    found = locate({"fee": 50}, source, blocks=[block("Fee: "), block("50", cited)])["fee"]

    assert ("doc1.pdf", 1, 1) == (found.source, found.metadata["document"], found.page)


@pytest.mark.parametrize("kind", ["content_block_location", "search_result_location", "something_new"])
def test_other_locations_are_found_by_their_words(kind: str) -> None:
    """A location that counts chunks, or one not known, is looked up by the words it cites."""
    cited = {"type": kind, "cited_text": "The deposit is 900 too.", "document_index": 0, "start_block_index": 0}
    found = in_text({"deposit": 900}, TEXT, blocks=[block("Deposit: "), block("900", cited)])

    assert TEXT.rindex("900") == found["deposit"].start


def test_character_indexes_that_do_not_fit_are_not_trusted() -> None:
    """Where the span is not the cited words, the words are looked for."""
    off = char("The deposit is 900 too.") | {"start_char_index": 0, "end_char_index": 20}
    found = in_text({"deposit": 900}, TEXT, blocks=[block("Deposit: "), block("900", off)])

    assert TEXT.rindex("900") == found["deposit"].start


def test_of_a_cited_enumeration_only_the_item_that_is_meant_is_evidence() -> None:
    """The introduction and the item about the field are cited, also when the citation stopped before that item."""
    text = (
        "Exceptions\nInformation is not confidential that:\na) was public;\n"
        "b) was developed independently by the Recipient;\nc) is old.\n"
    )
    schema = {
        "properties": {
            "own": {"type": "boolean", "description": "Recipient may develop similar information independently"}
        }
    }
    cited = char("Exceptions\nInformation is not confidential that:\na) was public;", text)
    found = in_text({"own": True}, text, schema, blocks=[block("Own: "), block("true", cited)])["own"]

    assert "Information is not confidential that:\nb) was developed independently by the Recipient;" == found.text


def test_a_quote_that_is_there_is_evidence_of_what_is_derived() -> None:
    """Two facts: that the quote is there, and whether it supports the value."""
    quotes = [
        {"field": "pets_allowed", "quote": "Pets are\nNOT allowed"},
        {"field": "/total", "quote": "Rent is 900 a month. The deposit is 900 too."},
        {"field": "rent", "quote": "Rent is 900 a month"},
        {"field": "deposit", "quote": "these words are nowhere"},
    ]
    found = in_text({"pets_allowed": False, "total": 1800, "rent": 900, "deposit": 900}, TEXT, quotes=quotes)

    facts = {
        name: (c.metadata["source"], c.metadata["quote_found"], c.metadata["supports"]) for name, c in found.items()
    }
    assert {
        "pets_allowed": ("quote", True, True),
        "total": ("quote", True, False),
        "rent": ("quote", True, True),
        "deposit": ("located", False, False),
    } == facts
    assert "low" == found["total"].confidence


def test_a_quote_for_a_list_is_one_for_each_item() -> None:
    """What the model quotes for a list or an object counts for all values in it."""
    schema = {"properties": {"rules": {"type": "array", "items": {"enum": ["pets", "smoking"]}}}}
    quotes = [{"field": "rules", "quote": "Pets are not allowed. Smoking is allowed."}]
    found = in_text({"rules": ["pets", "smoking"]}, TEXT, schema, quotes=quotes)

    assert ["quote", "quote"] == [citations.metadata["source"] for citations in found.values()]


@pytest.mark.parametrize("name", ["lines[0].amount", "/lines/0/amount", "lines.0.amount", "$.lines[0].amount"])
def test_field_names_have_one_form(name: str) -> None:
    """A model may write a path as it likes."""
    assert "lines[0].amount" == native.field_name(name)


def test_blocks_without_citations_change_nothing() -> None:
    """Plain text blocks, thinking blocks and objects with `model_dump` are taken."""

    class Block:
        def model_dump(self) -> dict[str, Any]:
            return block("Rent: 900", char("Rent is 900 a month."))

    plain = [{"type": "thinking", "thinking": "900"}, block("Rent: 900")]

    assert "located" == in_text({"rent": 900}, TEXT, blocks=plain)["rent"].metadata["source"]
    assert "native" == in_text({"rent": 900}, TEXT, blocks=[Block()])["rent"].metadata["source"]


def test_an_empty_document_gives_nothing() -> None:
    """No text, no citations, no error."""
    assert [] == locate({"a": 1, "b": "x", "c": True}, Source([]), quotes=[{"field": "c", "quote": "x"}])["a"]
    assert [] == locate({"a": "abc"}, Source([TextPage("")]))["a"]
