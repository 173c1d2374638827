"""Strings are found however the document breaks, folds or spells them, and not found where they are not."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batchata_nb.evidence import fold

from .helpers import in_text, words


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        ("Acme Ltd.", "Acme Ltd."),
        ("Acme Ltd.", "ACME LTD"),
        ("Understanding efficiency", "under-\nstanding efﬁciency"),
        ("Elena Marsh", "Elena\nMarsh"),
        ("Elena Marsh", "Elena\u00a0 Marsh"),
        ("Hôtel Saint Denis", "Hotel Saint-Denis"),
        ("Straße 5", "STRASSE 5"),
        ("DE89370400440532013000", "DE89 3704 0044 0532 0130 00"),
        ("+49 30 1234567", "+49 (30) 123-4567"),
        ("株式会社ソニー", "株式会社\nソニー"),
        ("محمد علي", "ﻣﺤﻤﺪ ﻋﻠﻲ"),
        ("שלום עולם", "שָׁלוֹם עולם"),
        ("ฟอร์ต แคโรไลน์", "ฟอร์ต แคโรไลน์"),
        ("प्रतिरक्षा अभाव", "प्रतिरक्षा\nअभाव"),
        ("GARDENIA BAKERIES SDN BHD", "GARDENIA BAKERlES SDN BHD"),
        ("NO.12, JALAN SS4C/5, PETALING JAYA SELANGOR", "NO.12, JALAN SS4C/5,PETAUNG JAYA\nSELANGOR"),
        ("LOT 3, JALAN PELABUR 23/1, 40300 SHAH ALAM", "LOT 3, JALAN PELABUR 23/1, 4O300 SHAH ALAM"),
        (
            "All records are kept ... at the end of the term.",
            "All records are kept by the\nSupplier at the end of the term.",
        ),
    ],
)
def test_a_string_is_found_as_the_document_spells_it(value: str, printed: str) -> None:
    """Case, breaks, hyphens, ligatures, accents, grouping, vowel marks, OCR faults and elisions do not hide a value."""
    assert {"value": printed} == words(in_text({"value": value}, f"Some words. {printed} and more of them"))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("INV-001", "INV-0011 and AINV-001"),
        ("DE623456789", "VAT DE123456789"),
        ("12345", "123 45"),
        ("Ann", "Annual report of Hannah"),
        ("Life Technologies Corporation", "Technologies and life of a corporation"),
        ("1250020588", "1250020589"),
        ("B-8, Jalan SS15/4D, Subang", "B-8, Jalan SS15/4E, Subang"),
        ("LOT 3, JALAN PELABUR 23/1, 40300 SHAH ALAM", "LOT 3, JALAN PELABUR 23/1, 40400 SHAH ALAM"),
        ("Erfurter Strasse 18", "Erfurter Strasse 13, 74465 Demoort, 18 May"),
        (".3%", "3 and 0.4%"),
        ("$1,234.50", "1234 and 50"),
        ("!!!", "!!! wow"),
        ("", "nothing"),
    ],
)
def test_a_string_that_is_not_there_is_not_found(value: str, text: str) -> None:
    """A digit more or less, parts of words, and words of a name apart from one another are no evidence."""
    assert {"value": None} == words(in_text({"value": value}, text))


def test_values_in_pieces_cite_each_piece() -> None:
    """A clause that a footer and a header cut in two is cited in two pieces, the first being the citation itself."""
    text = (
        "The tenant pays the full rent on the first\nPage 2 of 9\nLease of ACME\nday of each month without deduction."
    )
    citation = in_text({"c": "The tenant pays the full rent on the first day of each month without deduction."}, text)[
        "c"
    ]

    pieces = citation.metadata["pieces"]
    assert ["The tenant pays the full rent on the first", "day of each month without deduction"] == [
        text[piece["start"] : piece["end"]] for piece in pieces
    ]
    assert (pieces[0]["start"], pieces[0]["end"]) == (citation.start, citation.end)


def test_a_wrapped_cell_takes_the_nearest_pieces() -> None:
    """Where a first line is printed for several items, the one next to the second line is meant."""
    text = "Premium garden  3  30.00\nchair, folding\nPremium garden  4  30.00\ntable, oak wood\n"
    found = in_text(
        {"lines": [{"name": "Premium garden chair, folding"}, {"name": "Premium garden table, oak wood"}]}, text
    )

    assert [0, text.rindex("Premium")] == [found[f"lines[{i}].name"].start for i in (0, 1)]


@settings(deadline=None)
@given(st.text(max_size=60))
def test_skeleton_leads_back_to_the_text(text: str) -> None:
    """Each character of a skeleton comes from the character of the text that it points at."""
    skeleton, places = fold.skeleton_with_places(text)

    assert fold.skeleton(text) == skeleton
    assert len(skeleton) == len(places)
    assert all(skeleton[i] in fold.skeleton(text[place]) for i, place in enumerate(places))


@settings(deadline=None)
@given(st.text(max_size=200), st.text(max_size=20))
def test_whatever_is_asked_a_citation_lies_in_the_text(text: str, value: str) -> None:
    """No text and value raise, and a citation's words are those of its span."""
    for citation in in_text({"v": value}, text)["v"]:
        if "pieces" not in citation.metadata:
            assert text[citation.start : citation.end] == citation.text
