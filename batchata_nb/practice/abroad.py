"""What invoices and contracts of other languages call their fields, in the words of the English ones."""

from __future__ import annotations

ABROAD: tuple[tuple[str, str], ...] = (
    (
        (
            r"\brechnungs-?(?:nummer|nr)\b|\bnum[ée]ro de facture\b|\bn[úu]mero de factura\b|\bnumero fattura\b"
            r"|\bfactuurnummer\b|\bfaktura(?:nummer|nr)\b"
        ),
        "invoice number",
    ),
    (r"\bvertragsnummer\b|\bnum[ée]ro de contrat\b", "contract number"),
    (
        (
            r"\brechnungsdatum\b|\bdate de (?:la )?facture\b|\bfecha de factura\b|\bdata fattura\b|\bfactuurdatum\b"
            r"|\bfakturadat(?:um|o)\b"
        ),
        "invoice date",
    ),
    (
        (
            r"\bzahlbar bis\b|\bfällig(?:keitsdatum| am)\b|\b(?:date d'|d')échéance\b|\bvencimiento\b|\bscadenza\b"
            r"|\bvervaldatum\b|\bförfallodatum\b|\bforfaldsdato\b"
        ),
        "due date",
    ),
    (r"\bvertragsende\b|\bdate de fin\b", "end date"),
    (
        (
            r"\bgesamtbetrag\b|\brechnungsbetrag\b|\btotal ttc\b|\bnet à payer\b|\btotal a pagar\b|\btotale da pagare\b"
            r"|\btotaal te betalen\b|\batt? betal[ae]\b"
        ),
        "total amount",
    ),
    (
        r"\bnettobetrag\b|\bzwischensumme\b|\btotal ht\b|\bbase imponible\b|\bimponibile\b|\bsubtotaal\b",
        "subtotal",
    ),
    (r"\bjahresentgelt\b|\bprime annuelle\b", "annual fee"),
    (r"\bauftragnehmer\b|\bfournisseur\b|\bproveedor\b|\bfornitore\b|\bleverancier\b", "seller"),
    (r"\bauftraggeber\b|\bkunde\b|\bcliente\b|\bklant\b|\bkund\b", "buyer"),
)
"""Pattern of a label in lower case, and what is read in its place."""
