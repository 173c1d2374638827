"""The ways numbers and dates are printed."""

from __future__ import annotations

from datetime import date, time
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batchata_nb.evidence import dates, printed


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1234.5", "1234.5"),
        ("1,234.50", "1234.5"),
        ("1.234,50", "1234.5"),
        ("1 234,50", "1234.5"),
        ("1\u202f234,50", "1234.5"),
        ("1'234.50", "1234.5"),
        ("12,34,567.89", "1234567.89"),
        ("1.234.567", "1234567"),
        ("1,234", "1234"),
        ("1.234", "1234"),
        ("1.234", "1.234"),
        ("0,5", "0.5"),
        (".5", "0.5"),
        ("007", "7"),
        ("$262.90", "262.9"),
        ("RM8.40", "8.4"),
        ("5kg", "5"),
        ("-12.5", "-12.5"),
        ("−12.5", "-12.5"),
        ("(12.50)", "-12.5"),
        ("12.50-", "-12.5"),
        ("-$12.50", "-12.5"),
        ("7.5 %", "0.075"),
        ("1.2 million", "1200000"),
        ("3,4 Mio. €", "3400000"),
        ("2.5bn", "2500000000"),
        ("٢٠١٩", "2019"),
        ("२५", "25"),
        ("twelve", "12"),
        ("zwölf", "12"),
    ],
)
def test_a_number_is_read_in_each_usual_form(text: str, value: str) -> None:
    """Separators of any locale, signs, units, shares, scales, scripts and words are understood."""
    assert printed.Numbers(f"is {text} here").at(Decimal(value))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1,23,45", "12345"),
        ("1.2.3", "123"),
        ("A1234B", "1234"),
        ("12345", "1234"),
        ("3456", "456"),
        ("due", "2"),
        ("Xyz123", "123"),
    ],
)
def test_a_part_of_something_else_is_no_number(text: str, value: str) -> None:
    """Versions, codes and parts of longer numbers do not print a number."""
    assert [] == printed.Numbers(f"is {text} here").at(Decimal(value))


@settings(deadline=None)
@given(
    st.decimals(min_value=Decimal("0.01"), max_value=Decimal("99999999"), places=2),
    st.sampled_from([(",", "."), (".", ","), (" ", ","), ("'", "."), ("\u00a0", ","), ("", "."), ("", ",")]),
)
def test_any_amount_is_found_in_any_locale(amount: Decimal, marks: tuple[str, str]) -> None:
    """Every amount with two decimals is found at its whole span, whichever marks part its groups and decimals."""
    groups, point = marks
    form = f"{amount:,.2f}".replace(",", "\0").replace(".", point).replace("\0", groups)
    places = printed.Numbers(f"Sum: {form} in all").at(amount)

    assert (5, 5 + len(form)) in {(place.start, place.end) for place in places}


@pytest.mark.parametrize(
    "text",
    [
        "2019-03-25", "25.03.2019", "25/3/2019", "03/25/2019", "25.3.19", "25 March 2019", "March 25, 2019",
        "25th of March, 2019", "Mar. 25 2019", "25-MAR-19", "25. März 2019", "25 mars 2019", "25 de marzo de 2019",
        "25 marzo 2019", "25 maart 2019", "25 marca 2019", "25 марта 2019 г.", "2019年3月25日", "2019년 3월 25일",
        "٢٥ مارس ٢٠١٩", "25 मार्च 2019", "25 day of March 2019", "twenty-fifth day of March, 2019", "20190325",
        "March 25, '19",
        "25 \n March 2019",
        "11/03/18-03/25/19",
    ],
)  # fmt: skip
def test_a_date_is_read_in_each_usual_form(text: str) -> None:
    """Orders, languages, ordinals, short years, ranges and line breaks are understood."""
    assert dates.dates(f"on {text}, here").get(date(2019, 3, 25))


@pytest.mark.parametrize("text", ["1.2.3.2019", "31.02.2019", "25.13.2019", "3/2019", "March 2019", "version 25.3.191"])
def test_what_is_no_date_is_not_read_as_one(text: str) -> None:
    """Impossible days, longer chains and months alone give no date in March 2019."""
    assert not [day for day in dates.dates(text) if (day.year, day.month) == (2019, 3)]


@settings(deadline=None)
@given(st.dates(min_value=date(1970, 1, 1), max_value=date(2068, 12, 31)))
def test_any_date_is_found_in_the_usual_forms(day: date) -> None:
    """Every date is found when written the ISO, German, US, British and short way."""
    english = f"{day.day} {day:%B} {day.year}"
    for form in (day.isoformat(), f"{day:%d.%m.%Y}", f"{day:%m/%d/%Y}", english, f"{day:%d.%m.%y}"):
        places = dates.dates(f"Date: {form} - end").get(day, [])
        assert (6, 6 + len(form)) in {(place.start, place.end) for place in places}


@pytest.mark.parametrize("text", ["19:46", "19:46:00", "7:46 pm", "7.46 p.m.", "19h46"])
def test_a_time_is_read_in_each_usual_form(text: str) -> None:
    """Times of day are read with 12 and 24 hours."""
    assert dates.times(f"at {text} o'clock").get(time(19, 46))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("3 years", "three (3) years"),
        ("3 years", "three years"),
        ("P3Y", "3 Jahre"),
        ("30 days", "thirty (30) calendar days"),
        ("6 months", "6-month"),
        ("P18M", "18 mois"),
    ],
)
def test_a_period_is_read_in_words_and_digits(value: str, text: str) -> None:
    """Durations are found in words, digits and both, in the languages known."""
    pattern = dates.duration(value)

    assert pattern is not None
    assert text == pattern.search(f"for {text} from now")[0]  # type: ignore[index]


@pytest.mark.parametrize("value", ["years", "3 apples", "", "P", "P1Y6M"])
def test_what_is_no_single_period_is_none(value: str) -> None:
    """Other strings have no pattern of a period."""
    assert dates.duration(value) is None
