"""Words of several languages: months, numbers, units, and what business documents call their fields."""

from __future__ import annotations

_MONTH_NAMES = (
    (
        "january jan januar jänner janvier enero ene gennaio gen janeiro januari stycznia styczeń январь января "
        "янв يناير كانون जनवरी มกราคม ינואר"
    ),
    (
        "february feb februar février fév fevr févr febrero febbraio fevereiro fev februari lutego luty февраль "
        "февраля фев فبراير شباط फरवरी กุมภาพันธ์ פברואר"
    ),
    "march mar märz maerz mrz mars marzo março maart mrt marca marzec март марта مارس آذار मार्च มีนาคม מרץ מרס",
    "april apr avril avr abril abr aprile kwietnia kwiecień апрель апреля апр أبريل نيسان अप्रैल เมษายน אפריל",
    "may mai mayo maggio mag maio mei maja maj май мая مايو أيار मई พฤษภาคม מאי",
    "june jun juni juin junio giugno giu junho czerwca czerwiec июнь июня июн يونيو حزيران जून มิถุนายน יוני",
    "july jul juli juillet juil julio luglio lug julho lipca lipiec июль июля июл يوليو تموز जुलाई กรกฎาคม יולי",
    "august aug août aout agosto ago augustus sierpnia sierpień август августа авг أغسطس آب अगस्त สิงหาคม אוגוסט",
    (
        "september sep sept septembre septiembre settembre setembro set września wrzesień сентябрь сентября сен "
        "سبتمبر أيلول सितंबर กันยายน ספטמבר"
    ),
    (
        "october oct oktober okt octobre octubre ottobre ott outubro out października październik октябрь октября "
        "окт أكتوبر अक्टूबर ตุลาคม אוקטובר"
    ),
    "november nov novembre noviembre novembro listopada listopad ноябрь ноября ноя نوفمبر नवंबर พฤศจิกายน נובמבר",
    (
        "december dec dezember dez décembre déc diciembre dic dicembre dezembro desember grudnia grudzień декабрь "
        "декабря дек ديسمبر दिसंबर ธันวาคม דצמבר"
    ),
)
MONTHS = {name: number for number, names in enumerate(_MONTH_NAMES, 1) for name in names.split()}
"""Names of months, lower case, and their numbers."""

_NUMBER_WORDS = (
    "zero nul",
    "one eins uno один",
    "two zwei deux dos twee два",
    "three drei trois tres tre drie три",
    "four vier quatre cuatro quattro четыре",
    "five fünf cinq cinco cinque vijf пять",
    "six sechs seis zes шесть",
    "seven sieben sept siete sette zeven семь",
    "eight acht huit ocho otto восемь",
    "nine neun neuf nueve nove negen девять",
    "ten zehn dix diez dieci tien десять",
    "eleven elf onze undici",
    "twelve zwölf douze doce dodici twaalf",
    "thirteen dreizehn treize trece",
    "fourteen vierzehn quatorze catorce",
    "fifteen fünfzehn quinze quince",
    "sixteen sechzehn seize",
    "seventeen siebzehn",
    "eighteen achtzehn",
    "nineteen neunzehn",
    "twenty zwanzig vingt veinte",
)
NUMBERS = {word: number for number, words in enumerate(_NUMBER_WORDS) for word in words.split()} | {
    "thirty": 30,
    "forty": 40,
    "fifty": 50,
    "sixty": 60,
    "seventy": 70,
    "eighty": 80,
    "ninety": 90,
}
"""Numbers in words; words that mean something else more often (`due`, `once`, `un`) are left out."""

_ORDINAL_WORDS = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth "
    "fifteenth sixteenth seventeenth eighteenth nineteenth twentieth twenty-first twenty-second twenty-third "
    "twenty-fourth twenty-fifth twenty-sixth twenty-seventh twenty-eighth twenty-ninth thirtieth thirty-first"
)
ORDINALS = {word: number for number, word in enumerate(_ORDINAL_WORDS.split(), 1)}
"""Days of a month in words."""

SCALES = {
    "thousand": 3, "tsd": 3, "k": 3, "mil": 3, "millier": 3, "milliers": 3, "тыс": 3, "тысяч": 3, "lakh": 5, "crore": 7,
    "million": 6, "millions": 6, "millionen": 6, "millones": 6, "milioni": 6, "miljoen": 6, "mio": 6, "mn": 6, "mln": 6,
    "m": 6, "mm": 6, "млн": 6, "billion": 9, "billions": 9, "bn": 9, "mrd": 9, "milliard": 9, "milliards": 9,
    "milliarden": 9, "miljard": 9, "mld": 9, "млрд": 9, "b": 9, "万": 4, "億": 8, "亿": 8, "trillion": 12,
}  # fmt: skip
"""Words of scale, and the power of ten."""

UNITS = {
    "year": "years? yrs? jahre?n? ans? années? años? anni anno jaar anos? лет годa?",
    "month": "months? mos? monate?n? mois mes meses mesi mese maand maanden месяц\\w*",
    "week": "weeks? wks? wochen? semaines? semanas? settimane? weken week недел\\w*",
    "day": "(?:calendar |business |working )?days? tagen? jours? d[ií]as? giorni giorno dagen dag дней дня день",
    "hour": "hours? hrs? stunden? heures? horas? ore ora uur час\\w*",
    "minute": "minutes? mins? minuten? minutos? minuti минут\\w*",
}
"""Units of time and patterns of their names, parted by spaces."""

_GROUPS = """
invoice|rechnung|rechnungs|facture|factura|fattura|factuur|faktura|fatura|bill|счет|счёт|发票|請求書|فاتورة
number|no|nr|num|nummer|numéro|numero|número|n°|nº|ref|reference|referenz|référence|referencia|id|code|#|号|番号|رقم
order|bestellung|auftrag|commande|pedido|ordine|bestelling|zamówienie|po|purchase order|заказ
contract|agreement|vertrag|contrat|contrato|contratto|overeenkomst|umowa|договор|deal|contract / revision
date|dated|entered into|made as of|executed|datum|fecha|data|jour|vom|am|le|day|日期|日付|дата|تاريخ
issue|issued|issuance|invoice date|rechnungsdatum|date de facture|factuurdatum|fecha de emisión|ausgestellt|billed|
data wystawienia|fecha de emision|data emissione|data de emissão|fecha factura|data fattura
due|payable|payment due|fällig|fälligkeit|zahlbar|zahlungsziel|échéance|à payer|vencimiento|scadenza|vervaldatum|pay by|
termin płatności|fecha de vencimiento|data scadenza|zahlbar bis|fällig am
delivery|delivered|lieferung|liefer|leistung|leistungsdatum|lieferdatum|livraison|entrega|consegna|levering|shipped|
ship date|
data sprzedaży|fecha de entrega|data consegna
total|sum|amount|gesamt|gesamtbetrag|gesamtsumme|summe|betrag|endbetrag|montant|totaal|importe|totale|jumlah|razem|
итого|сумма|合计|合計|المجموع
net|netto|subtotal|sub total|sub-total|untaxed|taxable|excl|excluding|before tax|zwischensumme|nettobetrag|ht|
hors taxe|total ht|imponibile|base|excl btw|ohne ust|ohne mwst|zzgl|excl vat|without tax|hors tva|before vat|
wartość netto|base imponible|imponible|totale imponibile
tax|vat|gst|hst|ust|mwst|umsatzsteuer|mehrwertsteuer|steuer|steuerbetrag|tva|iva|btw|sst|moms|ндс|税
grand|gross|brutto|bruttobetrag|bruttosumme|ttc|total ttc|incl|including|inclusive|after tax|rechnungsbetrag|
endsumme|invoice total|net due
amount due|balance|balance due|payable|outstanding|zahlbetrag|fälliger betrag|zahlbar|net à payer|reste à payer|
te betalen|offen|saldo|to pay|amount payable|
do zapłaty|razem do zapłaty|total a pagar|totale da pagare|totaal te betalen|к оплате|应付
prepaid|paid|advance|deposit|anzahlung|vorauszahlung|bereits gezahlt|gezahlt|acompte|déjà réglé|payé|voldaan|
zapłacono|received
discount|rabatt|skonto|remise|descuento|sconto|korting|rebate
seller|vendor|supplier|issuer|from|sender|verkäufer|lieferant|rechnungssteller|vendeur|fournisseur|émetteur|
vendedor|proveedor|fornitore|leverancier|sold by|company|
sprzedawca|venditore|cedente|emisor|verkoper|sälljare|satıcı|продавец|卖方
buyer|customer|client|bill to|billed to|sold to|invoice to|käufer|kunde|rechnungsempfänger|empfänger|acheteur|
cliente|klant|recipient|ship to|debitor|kundennummer|
nabywca|acquirente|cessionario|receptor|afnemer|destinatario|köpare|alıcı|покупатель|买方
name|company|firma|nom|nombre|nome|naam|名称|氏名
address|street|adresse|anschrift|straße|strasse|rue|calle|dirección|indirizzo|via|adres|road|avenue
city|town|ort|stadt|ville|ciudad|città|plaats|城市
postcode|zip|postal|plz|postleitzahl|code postal|cp|código postal|cap
country|land|pays|país|paese|国
phone|telephone|tel|telefon|téléphone|teléfono|telefono|telefoon|mobile|mob|handy|fax
email|mail|e-mail|courriel|correo
vat id|vat number|tax id|vat reg|ust id nr|ustid|ust idnr|nip|nif|cif|gstin|abn|siret|partita iva|
tva intracommunautaire|btw nummer|tax number|steuernummer|ein|tin|инн
iban|account|konto|kontonummer|compte|cuenta|conto|rekening|bank
bic|swift
description|item|article|product|artikel|bezeichnung|beschreibung|désignation|produit|descripción|artículo|
descrizione|omschrijving|goods|service|particulars|品名|name
quantity|qty|menge|anzahl|quantité|qté|cantidad|cant|quantità|aantal|stk|units|数量|pcs|
ilość|кол|quantidade
price|rate|unit price|unit cost|einzelpreis|
preis|stückpreis|prix|prix unitaire|pu|precio|prezzo|prijs|u/p|单价|cost|each|
cena|cena netto|цена|preço
line total|amount|gesamtpreis|positionsbetrag|total price|ext price|extension|line amount|betrag|montant|importe|
bedrag|subtotal|金额
start|begin|beginning|from|commencement|commence|commencing|von|ab|début|du|desde|inicio|effective|onset
end|ending|to|through|thru|until|expiration|expiry|bis|fin|au|hasta|fine|tot|expires|terminates|ended
effective|dated|as of|made|entered into|effective date|in kraft|commence|dated as of|date of this
jurisdiction|governing|governed|laws of|law|laws of the state|construed|courts|gerichtsstand|recht|state of
party|parties|between|by and between|undersigned|partei|parties to|hereinafter|among
term|period|duration|laufzeit|durée|plazo|durata|expire|expires|remain in effect|terminate|continue
payment|zahlung|paiement|pago|pagamento|betaling
page|seite|pagina
advertiser|client|sponsor|advertising
gross|brutto|ordered|total gross|gross amount
flight|flight dates|flight start|contract dates|schedule dates|campaign
salesperson|rep|account executive|verkäufer|vertreter
agency|agentur|agence
age|alter|âge|edad
currency|währung|devise|moneda|valuta
weight|gewicht|poids|peso
""".strip()
GROUPS = tuple(tuple(group.split("|")) for group in _GROUPS.replace("|\n", "|").splitlines())
"""Words and phrases that stand for one another beside a value; a line that ends with `|` goes on in the next."""

STOP = frozenset(
    """
    a an the of in on at by for and or to is are was were be been it its this that these those with as from which who
    whom what when where why how many much did do does has have had will would shall may can could should if not no
    null none any all some than then there their they he she his her value field string number column row rows item
    items list type der die das ein eine und oder von zu mit ist im le la les un une de des du et ou el los las una y
    o en que qué cuál cómo dónde quién was wer wie wo il lo e di che в на и не что как по с к из
    """.split()
)
"""Words that say nothing about a field."""

BOOLEANS = {
    True: ("yes", "true", "ja", "oui", "si", "sim", "tak", "да", "是", "x", "✓", "✔", "☑", "☒"),
    False: ("no", "false", "nein", "non", "nao", "nee", "nie", "нет", "否", "☐"),
}
"""Words and marks for yes and no, folded."""

CURRENCIES = {
    "USD": r"(?:US)?\$",
    "EUR": "€",
    "GBP": "£",
    "JPY": "[¥円]",
    "CNY": "[¥元]",
    "INR": r"(?:₹|Rs\.?)",
    "KRW": "[₩원]",
    "RUB": r"(?:₽|руб\.?)",
    "CHF": r"(?:Fr\.|SFr\.?)",
    "BRL": r"R\$",
    "CAD": r"(?:CA|C)?\$",
    "AUD": r"(?:AU|A)?\$",
    "MYR": "RM",
    "PLN": "zł",
    "SEK": "kr",
    "NOK": "kr",
    "DKK": "kr",
    "THB": "฿",
    "TRY": "(?:₺|TL)",
    "ILS": "₪",
    "UAH": "(?:₴|грн)",
    "VND": "[₫đ]",
}
"""ISO codes of currencies and patterns of their signs."""
