"""Made-up dates, sums, times, numbers and abbreviations: what readers trained on prose fail at."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

MONTHS = {
    "en": "January February March April May June July August September October November December",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "it": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
}
DAYS = {
    "en": "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
    "fr": "lundi mardi mercredi jeudi vendredi samedi dimanche",
    "de": "Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag",
    "es": "lunes martes miércoles jueves viernes sábado domingo",
    "it": "lunedì martedì mercoledì giovedì venerdì sabato domenica",
}
TITLES = {
    "en": "Mr. Mrs. Miss Dr. Messrs. Rev. Prof. Capt. Lt. Col. Sir Esq. Hon. Jr. St.",
    "fr": "M. Mme Mlle MM. Dr Me Mgr St Ste Vve",
    "de": "Hr. Herr Frau Frl. Dr. Prof. Hptm. St.",
    "es": "Sr. Sra. Srta. D. Dña. Dr. Prof. Sto.",
    "it": "Sig. Sig.ra Sig.na Dott. Prof. On. S.",
}
SHORT = {
    "en": "etc. viz. i.e. e.g. No. Nos. p. pp. vol. ch. inst. ult. acct. recd. & Co. c/o P.S. N.B. a.m. p.m. B.C. A.D. "
    "U.S.A. approx. min. lb. oz. ft. yds. cwt. doz.",
    "fr": "etc. c.-à-d. p. ex. N° n° p. pp. t. vol. chap. & Cie P.S. N.B. s.d. av. J.-C. R.F. kg fr. Fr. f. "
    "km arr. dép. ci-joint",
    "de": "usw. u.s.w. z.B. d.h. u.a. Nr. S. Bd. Kap. bzw. ca. gez. & Co. i.A. P.S. N.B. Str. Mk. Pf. "
    "kg Dtzd. evtl. ggf.",
    "es": "etc. p.ej. núm. Nº pág. págs. vol. cap. & Cía. P.D. N.B. a.C. d.C. EE.UU. aprox. kg Ptas. c/ "
    "Avda. izq. dcha.",
    "it": "ecc. p.es. n. N. pag. pagg. vol. cap. & C. P.S. N.B. a.C. d.C. ca. kg L. Lit. V.le P.za",
}
UNITS = "kg g mg cm mm km m l ml h min s W kW V A % °C".split()


def pick(rng: np.random.Generator, words: Sequence):
    """Return one of ``words``, all as likely."""
    return words[int(rng.integers(len(words)))]


def _year(rng: np.random.Generator) -> int:
    return int(rng.integers(1750, 1950)) if rng.random() < 0.5 else int(rng.integers(1950, 2031))


def ordinal(number: int) -> str:
    """Return an English ordinal in figures: 1st, 22nd, 13th."""
    return f"{number}{'th' if 10 <= number % 100 <= 20 else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"


def date(rng: np.random.Generator, language: str) -> str:
    """Return a date in one of the ways in which ``language`` writes it."""
    day, month, year = int(rng.integers(1, 32)), int(rng.integers(1, 13)), _year(rng)
    name = MONTHS.get(language, MONTHS["en"]).split()[month - 1]
    if rng.random() < 0.35:
        separator = pick(rng, "/.-/.")
        parts = [f"{day:02d}", f"{month:02d}"] if rng.random() < 0.6 else [str(day), str(month)]
        return separator.join(parts + [str(year) if rng.random() < 0.6 else f"{year % 100:02d}"])
    if rng.random() < 0.05:
        return f"{year}-{month:02d}-{day:02d}"
    if rng.random() < 0.15:
        return f"{name} {year}"
    weekday = pick(rng, DAYS.get(language, DAYS["en"]).split())
    if language == "en":
        brief = name if rng.random() < 0.6 else name[:3] + pick(rng, ["", "."])
        text = pick(
            rng,
            [
                f"{brief} {day}, {year}",
                f"{brief} {ordinal(day)}, {year}",
                f"{day} {brief} {year}",
                f"{ordinal(day)} {brief} {year}",
                f"{ordinal(day)} of {brief}",
                f"{brief} {day}",
                f"{brief} {ordinal(day)} {year}",
            ],
        )
        return f"{weekday}, {text}" if rng.random() < 0.25 else text
    if language == "de":
        text = f"{day}. {name}" + (f" {year}" if rng.random() < 0.75 else "")
        return f"{weekday}, den {text}" if rng.random() < 0.3 else text
    joint = " de " if language == "es" else " "
    text = f"{'1er' if day == 1 and language == 'fr' else day}{joint}{name}" + (
        f"{joint}{year}" if rng.random() < 0.75 else ""
    )
    return pick(rng, [f"{weekday} {text}", f"le {text}" if language == "fr" else text, text])


def amount(rng: np.random.Generator, language: str) -> str:
    """Return a sum of money, as it is written or was."""
    value = float(np.exp(rng.uniform(0, 11)))
    if language == "en":
        if rng.random() < 0.15:
            return pick(rng, ["£{0}.{1}.{2}", "£{0} {1}s. {2}d.", "{1}s. {2}d.", "{1}/{2}"]).format(
                int(value) % 500, rng.integers(0, 20), rng.integers(0, 12)
            )
        figures = f"{value:,.2f}" if rng.random() < 0.7 else f"{value:,.0f}"
        return pick(rng, ["$", "$", "£", "£", "€"]) + figures
    figures = f"{value:,.2f}".replace(",", pick(rng, " .")).replace(".", "\0")
    whole, _, cents = figures.rpartition("\0")
    figures = whole.replace("\0", ".") + ("," + cents if rng.random() < 0.7 else "")
    currency = {
        "fr": ["€", "€", "F", "fr.", "francs"],
        "de": ["€", "€", "Mk.", "DM", "M"],
        "es": ["€", "€", "Ptas.", "pesetas"],
        "it": ["€", "€", "L.", "lire"],
    }
    return f"{figures} {pick(rng, currency.get(language, ['€']))}"


def time(rng: np.random.Generator, language: str) -> str:
    """Return a time of day."""
    hour, minute = int(rng.integers(0, 24)), int(rng.integers(0, 60))
    if language == "en" and rng.random() < 0.6:
        return (
            f"{hour % 12 or 12}"
            + (f"{pick(rng, ':.')}{minute:02d}" if rng.random() < 0.8 else "")
            + pick(rng, [" a.m.", " p.m.", " am", " pm", "pm"])
        )
    separator = {"fr": pick(rng, ["h", " h ", ":"]), "de": pick(rng, [".", ":"])}.get(language, ":")
    return f"{hour}{separator}{minute:02d}" + (" Uhr" if language == "de" and rng.random() < 0.6 else "")


def figure(rng: np.random.Generator, language: str) -> str:
    """Return a number that stands for something: a measure, a share, a fraction, a page, a telephone number."""
    number = int(np.exp(rng.uniform(0, 9)))
    kind = int(rng.integers(10))
    if kind == 0:
        return f"{number / 10:.1f} {pick(rng, UNITS)}".replace(".", "." if language == "en" else ",")
    if kind == 1:
        return f"{rng.integers(1, 100)}{pick(rng, ['%', ' %'])}"
    if kind == 2:
        return f"{rng.integers(1, 10)} {pick(rng, ['1/2', '3/4', '1/4', '2/3', '5/8'])}"
    if kind == 3:
        return pick(rng, ["No. {}", "N° {}", "p. {}", "Nr. {}", "#{}", "({})", "[{}]", "{})", "§ {}"]).format(
            rng.integers(1, 1000)
        )
    if kind == 4:
        return pick(rng, "  -.-").join(f"{rng.integers(10, 100)}" for _ in range(int(rng.integers(3, 6))))
    if kind == 5:
        return f"{number} {pick(rng, 'x+-')} {rng.integers(1, 200)} = {rng.integers(1, 5000)}"
    if kind == 6:
        return f"{_year(rng)}{pick(rng, '--/')}{_year(rng) % 100:02d}"
    if kind == 7:
        return (
            "".join(pick(rng, "ABCDEFGHJKLMNPRSTUVWXYZ") for _ in range(int(rng.integers(1, 4))))
            + pick(rng, ["", "-", " "])
            + str(rng.integers(1, 10000))
        )
    if kind == 8:
        return pick(
            rng,
            [
                "I II III IV V VI VII VIII IX X XI XII XIV XV XVI XVIII XIX XX XXI".split()[int(rng.integers(19))],
                str(_year(rng)),
            ],
        )
    return str(rng.integers(0, 10 ** int(rng.integers(1, 8))))


def initials(rng: np.random.Generator, language: str) -> str:
    """Return a title, initials, or both."""
    letters = [pick(rng, "ABCDEFGHIJKLMNOPRSTUVWXYZ") + "." for _ in range(int(rng.integers(1, 4)))]
    title = pick(rng, TITLES.get(language, TITLES["en"]).split())
    return pick(rng, [" ".join(letters), "".join(letters), f"{title} {letters[0]}", title])


def short(rng: np.random.Generator, language: str) -> str:
    """Return an abbreviation."""
    return pick(rng, SHORT.get(language, SHORT["en"]).split())


KINDS: list[tuple[float, Callable[[np.random.Generator, str], str]]] = [
    (0.3, date),
    (0.2, amount),
    (0.12, time),
    (0.24, figure),
    (0.09, initials),
    (0.05, short),
]


def form(rng: np.random.Generator, language: str) -> str:
    """Return one made-up date, sum, time, number, title or abbreviation."""
    weight = rng.random()
    for share, make in KINDS:
        if weight < share:
            return make(rng, language)
        weight -= share
    return figure(rng, language)
