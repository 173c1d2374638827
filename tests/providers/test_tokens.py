"""Upper bounds and expectations of input tokens."""

import subprocess
import sys
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from fpdf import FPDF
from hypothesis import given
from hypothesis import strategies as st

from batchata_nb.core.errors import ValidationError
from batchata_nb.core.jobs import Document, Job, Message
from batchata_nb.documents.files import open_document
from batchata_nb.providers.image_tokens import claude_image, gemini_image, openai_image
from batchata_nb.providers.tokens import TokenBound, bound, estimate

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:fpdf")

MODELS = {"anthropic": "claude-sonnet-5-5", "openai": "gpt-6.1-sol", "gemini": "gemini-4-argon"}
SCHEMA = {
    "type": "object",
    "properties": {"total": {"type": "number", "description": "Total amount"}},
    "required": ["total"],
}
FRAME = 64 + 16  # of a request with one message


def job(provider: str, text: str = "Hello", *documents: Document, **more: Any) -> Job:
    """A job of one message."""
    given = {"model": MODELS.get(provider, "some-model"), "max_tokens": 100, **more}
    return Job(id="j", provider=provider, messages=(Message("user", text, documents),), **given)


def image(width: int, height: int) -> Document:
    """An image of this size; its content is never looked at."""
    return Document("scan.png", "image/png", "image", f"{width}x{height}", 1, None, None, width, height)


@pytest.fixture
def letter(tmp_path: Path) -> Document:
    """A PDF of two pages of text."""
    pdf = FPDF()
    pdf.set_font("helvetica")
    for page in range(2):
        pdf.add_page()
        pdf.multi_cell(0, text=f"Page {page + 1}. " + "The total amount due is 1234.50 EUR. " * 30)
    path = tmp_path / "letter.pdf"
    pdf.output(str(path))
    return open_document(path)


@pytest.fixture
def note(tmp_path: Path) -> Document:
    """A text document."""
    path = tmp_path / "note.txt"
    path.write_text("Überweisung: 10 €. Ende.", encoding="utf-8")
    return open_document(path)


# Text


@pytest.mark.parametrize("provider", ["openai", "gemini"])
@given(text=st.text(max_size=200))
def test_byte_level_vocabularies_are_bounded_by_bytes(provider: str, text: str) -> None:
    """For OpenAI and Gemini the bound is proven: UTF-8 bytes and framing."""
    assert TokenBound(FRAME + len(text.encode()), "proven") == bound(job(provider, text))


@given(text=st.text(max_size=200))
def test_claude_is_bounded_by_bytes_in_nfc(text: str) -> None:
    """For Claude the bound is empirical: 2.5 tokens for each byte of the text in NFC, rounded up."""
    size = len(unicodedata.normalize("NFC", text).encode())

    assert TokenBound(FRAME + (5 * size + 1) // 2, "empirical") == bound(job("anthropic", text))


@pytest.mark.parametrize(
    ("text", "tokens"),
    [("Y,N,N,Y," * 2500, 24_965), ("1,2;" * 5_000, 20_000), ("\U0001d160" * 100, 1_200)],
    ids=["flags", "numbers", "text that NFC lengthens"],
)
def test_claudes_bound_holds_for_the_worst_known_texts(text: str, tokens: int) -> None:
    """Texts that have more tokens than bytes stay below the bound."""
    assert bound(job("anthropic", text)).tokens >= tokens


def test_every_message_counts() -> None:
    """All turns count, each with its framing."""
    many = Job("j", "openai", "gpt-6-luna", (Message("system", "ab"), Message("user", "cde")), 10)

    assert TokenBound(64 + 2 * 16 + 5, "proven") == bound(many)


def test_half_of_a_surrogate_pair_is_counted() -> None:
    """Text that no encoding takes is counted all the same; the provider's check refuses it later."""
    assert FRAME + 3 == bound(job("openai", "\ud800")).tokens


def test_endpoints_of_others_are_not_proven() -> None:
    """What is proven of a provider's vocabulary is not proven of an endpoint that speaks its protocol."""
    assert "empirical" == bound(job("openai", endpoint="http://localhost:1/v1")).how


def test_provider_of_a_package_is_bounded_like_the_worst() -> None:
    """For a provider that is not known here the widest text bound holds, and no image is bounded."""
    assert TokenBound(FRAME + 25, "empirical") == bound(job("elsewhere", "x" * 10))
    assert "unknown" == bound(job("elsewhere", "x", image(10, 10))).how


# Beside the text


@pytest.mark.parametrize("provider", MODELS)
@pytest.mark.parametrize("more", [{"schema": SCHEMA}, {"cite": "quotes"}, {"params": {"tools": [{"name": "f"}]}}])
def test_schema_quotes_and_tools_count(provider: str, more: dict[str, Any]) -> None:
    """What goes out beside the words counts with its text and a margin, and is no proven bound."""
    plain, with_more = bound(job(provider)), bound(job(provider, **more))

    assert "empirical" == with_more.how
    assert with_more.tokens > plain.tokens + 1_024
    assert estimate(job(provider, **more)) > estimate(job(provider))


def test_quotes_widen_the_schema() -> None:
    """The envelope for quotes counts."""
    assert bound(job("openai", schema=SCHEMA, cite="quotes")).tokens > bound(job("openai", schema=SCHEMA)).tokens + 400


def test_schemas_are_told_apart() -> None:
    """Each schema has its own size, also when jobs of several schemas alternate."""
    large = {**SCHEMA, "description": "x" * 1_000}
    tokens = [bound(job("openai", schema=schema)).tokens for schema in (SCHEMA, large, SCHEMA, large)]

    assert tokens[:2] == tokens[2:]
    assert tokens[1] >= tokens[0] + 1_000


def test_parameters_without_words_have_no_margin() -> None:
    """A parameter that adds no words counts with its own bytes only."""
    assert bound(job("openai", params={"reasoning": {"effort": "low"}})).tokens < FRAME + 5 + 200


# Images


@pytest.mark.parametrize(("size", "tokens"), [((512, 512), 361), ((1280, 720), 1196), ((1920, 1080), 2691)])
def test_claude_image_tokens(size: tuple[int, int], tokens: int) -> None:
    """Claude bills one token for each 28 x 28 pixels (i01)."""
    assert tokens == claude_image("claude-sonnet-5-5", *size)


@pytest.mark.parametrize(
    ("model", "cap"),
    [("claude-haiku-4-5", 1568), ("claude-opus-4-6", 1568), ("claude-opus-4-7", 4784), ("claude-opus-6", 4784)],
)
def test_claude_image_cap(model: str, cap: int) -> None:
    """An image has at most the tokens of the model's largest size."""
    assert cap == claude_image(model, 8000, 8000)


@pytest.mark.parametrize(("size", "tokens"), [((1024, 1024), 1229), ((1920, 1080), 2448), ((4032, 3024), 14364)])
def test_gpt_6_image_tokens(size: tuple[int, int], tokens: int) -> None:
    """GPT-6 bills 1.2 tokens for each 32 x 32 pixels, without a cap (i02)."""
    assert tokens == openai_image("gpt-6-luna", *size)


@pytest.mark.parametrize(
    ("model", "size", "tokens"),
    [
        ("gpt-4.1-2025-04-14", (1024, 1024), 85 + 170 * 4),
        ("gpt-4o", (2048, 4096), 85 + 170 * 6),
        ("gpt-4o", (512, 512), 85 + 170),
        ("ft:gpt-4.1:org::id", (512, 512), 85 + 170),
        ("gpt-4.1-mini", (1024, 1024), 1659),
        ("gpt-5-nano", (4000, 4000), 3779),
        ("gpt-5.5", (1024, 1024), 1229),
    ],
)
def test_older_openai_image_tokens(model: str, size: tuple[int, int], tokens: int) -> None:
    """Older models bill by tiles of 512 pixels, small ones by at most 1,536 patches."""
    assert tokens == openai_image(model, *size)


@pytest.mark.parametrize("model", ["gpt-4o-mini", "gpt-5", "gpt-5.1", "gpt-6.1-nano", "llava"])
def test_models_without_a_formula_are_counted_by_the_endpoint(model: str) -> None:
    """Where no formula is documented there is no bound, but something to expect."""
    asked = job("openai", "Hello", image(100, 100), model=model)

    assert TokenBound(estimate(asked), "unknown") == bound(asked)


@pytest.mark.parametrize(
    ("model", "size", "tokens"),
    [
        ("gemini-4-argon", (100, 100), 1120),
        ("gemini-2.5-flash", (384, 384), 258),
        ("models/gemini-2.5-flash", (960, 540), 6 * 258),
        ("gemini-2.5-pro", (1536, 1536), 4 * 258),
    ],
)
def test_gemini_image_tokens(model: str, size: tuple[int, int], tokens: int) -> None:
    """Gemini bills by media resolution, before version 3 by tiles."""
    assert tokens == gemini_image(model, *size)


@pytest.mark.parametrize("provider", MODELS)
def test_images_add_to_the_bound(provider: str) -> None:
    """Each image adds its tokens and a margin."""
    one, two = (bound(job(provider, "x", *[image(1024, 1024)] * count)) for count in (1, 2))

    assert "empirical" == one.how
    assert two.tokens - one.tokens == one.tokens - bound(job(provider, "x")).tokens
    assert one.tokens > estimate(job(provider, "x", image(1024, 1024))) > 1_000


def test_finer_gemini_images_cost_more() -> None:
    """A media resolution above the default raises the bound."""
    fine = {"mediaResolution": "MEDIA_RESOLUTION_ULTRA_HIGH"}
    scan = image(100, 100)

    assert bound(job("gemini", "x", scan, params=fine)).tokens >= bound(job("gemini", "x", scan)).tokens + 1120


# Documents


@pytest.mark.parametrize(("provider", "factor"), [("openai", 1), ("gemini", 1), ("anthropic", 2.5)])
def test_text_documents_count_as_text(provider: str, factor: float, note: Document) -> None:
    """A text document counts with its text, its name and a margin; the bound is as good as that of text."""
    asked = bound(job(provider, "", note))
    size = len("Überweisung: 10 €. Ende.".encode())

    assert bound(job(provider, "")).how == asked.how
    assert FRAME + factor * (size + len("note.txt")) + 64 <= asked.tokens <= FRAME + factor * (size + 8) + 64 + 40


def test_native_citations_cost_for_each_piece(note: Document) -> None:
    """Documents cut into pieces for native citations count more."""
    cited, plain = bound(job("anthropic", "x", note, cite="native")), bound(job("anthropic", "x", note))

    assert plain.tokens + 1_024 + 3 * 8 == cited.tokens


def test_pdf_for_claude(letter: Document) -> None:
    """For Claude each page counts as the largest image, and with its text."""
    new = bound(job("anthropic", "", letter))
    old = bound(job("anthropic", "", letter, model="claude-sonnet-4-20250514"))

    assert ("empirical", 2 * (4784 - 1568)) == (new.how, new.tokens - old.tokens)
    assert new.tokens > 2 * (4784 + 64) + 2.5 * 2_000


def test_pdf_for_gemini_is_flat(letter: Document) -> None:
    """For Gemini each page counts the same; the file is not opened."""
    elsewhere = Document(**{**{name: getattr(letter, name) for name in letter.__slots__}, "path": "/nowhere.pdf"})

    assert TokenBound(FRAME + 2 * 1120 + 64 + len("letter.pdf"), "empirical") == bound(job("gemini", "", elsewhere))


def test_pdf_for_openai_has_to_be_counted(letter: Document) -> None:
    """For OpenAI the cost of a page is not documented: the endpoint counts, and an expectation stands in."""
    asked = job("openai", "", letter)

    assert TokenBound(estimate(asked), "unknown") == bound(asked)
    assert estimate(asked) > 2 * 1_000


def test_lost_file_is_told(note: Document) -> None:
    """A text document that is gone is an error that names it."""
    assert note.path
    path = Path(note.path)
    path.rename(path.with_name("elsewhere.txt"))

    with pytest.raises(ValidationError, match=r"note\.txt"):
        bound(job("openai", "", note))


# Expectation


ENGLISH = (
    "The agreement begins on the first day of March and may be ended by either party with a notice of three months. "
    "Payment is due within thirty days after the invoice has been received, in the currency that the order names. "
)


@pytest.mark.parametrize(("provider", "low", "high"), [("openai", 38, 60), ("gemini", 38, 60), ("anthropic", 50, 90)])
def test_expectation_of_prose(provider: str, low: int, high: int) -> None:
    """Prose is expected to have about a token for each word, for new Claude models half as many again."""
    assert low <= estimate(job(provider, ENGLISH)) <= high


def test_gemini_pays_for_each_digit() -> None:
    """Numbers are expected to cost Gemini a token for each digit."""
    assert 1_000 <= estimate(job("gemini", "1234567890" * 100)) <= 1_100


@pytest.mark.parametrize("provider", MODELS)
@given(text=st.text(max_size=300))
def test_expectation_stays_within_the_bound(provider: str, text: str) -> None:
    """What is expected is never more than the bound."""
    assert 1 <= estimate(job(provider, text)) <= bound(job(provider, text)).tokens


# Manners


def test_no_sdk_is_loaded() -> None:
    """Counting text loads no SDK, no PDF library and no image library."""
    code = """
import sys
from batchata_nb.core.jobs import Job, Message
from batchata_nb.providers.tokens import bound, estimate
for provider in ("anthropic", "openai", "gemini"):
    job = Job("j", provider, "m", (Message("user", "x"),), 1, schema={"type": "object", "properties": {}})
    bound(job), estimate(job)
print([name for name in ("anthropic", "openai", "google.genai", "pypdfium2", "PIL", "pydantic") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    expected = "[]"

    assert expected == done.stdout.strip()
