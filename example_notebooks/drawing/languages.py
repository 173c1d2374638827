"""What an invoice says in each language, and how a date is written there."""

from __future__ import annotations

from dataclasses import dataclass

DATES: dict[str, str] = {"en": "{d.day} {m} {d.year}", "us": "{m} {d.day}, {d.year}", "de": "{d.day}. {m} {d.year}",
                         "fr": "{d.day} {m} {d.year}"}  # fmt: skip
MONTHS = {
    "en": "January February March April May June July August September October November December".split(),
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember".split(),
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre".split(),
}
MONTHS["us"] = MONTHS["en"]


@dataclass(frozen=True)
class Words:
    """What an invoice says in one language, in the order in which a reader meets it."""

    title: str
    number: str
    dated: str
    due: str
    to: str
    head: tuple[str, str, str, str]
    net: str
    tax: str
    total: str


LANGUAGES = {
    "english": Words(
        "Invoice",
        "Invoice number",
        "Invoice date",
        "Due date",
        "Bill to",
        ("Description", "Quantity", "Unit price", "Amount"),
        "Subtotal",
        "VAT",
        "Total due",
    ),
    "american": Words(
        "Invoice",
        "Invoice no.",
        "Date of issue",
        "Payment due",
        "Sold to",
        ("Item", "Qty", "Rate", "Amount"),
        "Net total",
        "Sales tax",
        "Amount due",
    ),
    "german": Words(
        "Rechnung",
        "Rechnungsnummer",
        "Rechnungsdatum",
        "Zahlbar bis",
        "Kunde",
        ("Bezeichnung", "Menge", "Einzelpreis", "Betrag"),
        "Nettobetrag",
        "MwSt.",
        "Gesamtbetrag",
    ),
    "french": Words(
        "Facture",
        "Numéro de facture",
        "Date de facture",
        "Date d'échéance",
        "Client",
        ("Désignation", "Quantité", "Prix unitaire", "Montant"),
        "Total HT",
        "TVA",
        "Total TTC",
    ),
    "spanish": Words(
        "Factura",
        "Número de factura",
        "Fecha de factura",
        "Vencimiento",
        "Cliente",
        ("Descripción", "Cantidad", "Precio", "Importe"),
        "Base imponible",
        "IVA",
        "Total a pagar",
    ),
    "italian": Words(
        "Fattura",
        "Numero fattura",
        "Data fattura",
        "Scadenza",
        "Cliente",
        ("Descrizione", "Quantità", "Prezzo", "Importo"),
        "Imponibile",
        "IVA",
        "Totale da pagare",
    ),
    "dutch": Words(
        "Factuur",
        "Factuurnummer",
        "Factuurdatum",
        "Vervaldatum",
        "Klant",
        ("Omschrijving", "Aantal", "Prijs", "Bedrag"),
        "Subtotaal",
        "Btw",
        "Totaal te betalen",
    ),
    "swedish": Words(
        "Faktura",
        "Fakturanummer",
        "Fakturadatum",
        "Förfallodatum",
        "Kund",
        ("Beskrivning", "Antal", "Pris", "Belopp"),
        "Netto",
        "Moms",
        "Att betala",
    ),
    "danish": Words(
        "Faktura",
        "Fakturanummer",
        "Fakturadato",
        "Forfaldsdato",
        "Kunde",
        ("Beskrivelse", "Antal", "Pris", "Beløb"),
        "Netto",
        "Moms",
        "At betale",
    ),
}
