"""How letters begin and end: salutations, set phrases and closings, which prose has few of and archives many."""

from __future__ import annotations

import numpy as np

from htrtool.core.synth.forms import date, initials, pick

SALUTATIONS = {
    "en": "Sir,|Dear Sir,|Dear Sir:|Dear Sirs,|My dear Sir,|Gentlemen:|Gentlemen,|Madam,|Dear Madam,|My dear Madam:|"
    "Dear Mr. {name}:|Dear Mrs. {name},|Dear Dr. {name},|My dear Mrs. {name}:|My dear Mr. {name},|Dear Miss {name},|"
    "Dear Prof. {name},|Dear {name},|My dear {name},|Dearest {name},|My dearest {name},|Dear friend,|My dear friend,|"
    "Dear Father and Mother,|My dear Brother,|Dear Sister,|My dear Son,|Dear Mother,|Honored Sir,|To whom it may concern:|"
    "Hon. {name}|Rev. and dear Sir,|Dear Cousin,|My dear Wife,|My dear Uncle,|Dear Aunt {name},|Dear all,|Hi {name},|Hello {name},",
    "fr": "Monsieur,|Messieurs,|Madame,|Mademoiselle,|Cher Monsieur,|Chère Madame,|Mon cher ami,|Ma chère amie,|Cher ami,|"
    "Chers parents,|Mes chers parents,|Ma chère mère,|Mon cher père,|Cher frère,|Ma chère sœur,|Mon cher {name},|"
    "Ma chère {name},|Cher {name},|Chère {name},|Monsieur le Maire,|Monsieur le Préfet,|Monsieur le Ministre,|"
    "Monsieur et cher confrère,|Monsieur le Directeur,|Ma chère femme,|Mon cher cousin,|Bien chers tous,|Mon Général,|"
    "Monsieur et Madame {name},|Monsieur l'abbé,",
    "de": "Sehr geehrter Herr {name},|Sehr geehrte Frau {name},|Sehr geehrte Damen und Herren,|Lieber {name},|Liebe {name},|"
    "Lieber Freund!|Liebe Eltern!|Liebe Mutter!|Lieber Bruder!|Hochgeehrter Herr!|Geehrter Herr!|Euer Wohlgeboren!|"
    "Verehrter Herr Professor!|Meine Lieben!|Mein lieber {name}!",
    "es": "Muy señor mío:|Muy señores míos:|Estimado señor:|Estimada señora:|Querido {name}:|Querida {name}:|Querido amigo:|"
    "Mi querido amigo:|Queridos padres:|Señor Don {name}:|Excelentísimo señor:|Querida madre:|Distinguido señor:",
    "it": "Egregio signore,|Gentile signora,|Caro {name},|Cara {name},|Caro amico,|Carissimo {name},|Cari genitori,|"
    "Illustrissimo Signore,|Pregiatissimo Signore,|Spettabile ditta,",
}
PHRASES = {
    "en": "Your letter of the {day} inst. is received|Your favor of the {day} inst. came to hand|"
    "Yours of the {day} ult. is at hand|I have the honor to acknowledge the receipt of your letter|"
    "I have the honour to be, Sir,|In reply to your letter of {date}|I beg to acknowledge receipt of yours of {date}|"
    "I beg to inform you that|I take the liberty of writing to you|I am in receipt of your letter of {date}|"
    "Enclosed please find|Please find enclosed herewith|Hoping to hear from you soon, I am|Hoping to hear from you,|"
    "With kind regards to all, I remain|Thanking you in advance, I remain|With love to all,|Give my love to all|"
    "Please give my regards to {name}|I trust this will find you well|I hope this finds you in good health|"
    "I was very glad to get your letter|I received your kind letter yesterday|Please accept my sincere thanks for|"
    "With many thanks for your kindness|With best wishes for your health and happiness|We received your letter and were glad to hear|"
    "Yours of {date} received|Believe me, dear Sir,|Believe me ever,|I write to let you know|Write soon.|Please answer soon.",
    "fr": "J'ai l'honneur de vous informer que|J'ai bien reçu votre lettre du {date}|J'ai reçu ta lettre du {date}|"
    "En réponse à votre lettre du {date}|J'ai l'honneur d'accuser réception de votre lettre|"
    "Je vous prie d'agréer, Monsieur, mes salutations|Veuillez agréer, Monsieur, l'assurance|de ma considération distinguée|"
    "Recevez, Monsieur, mes salutations empressées|Je t'embrasse de tout cœur|Je vous embrasse tous bien fort|"
    "Agréez, Madame, mes respectueux hommages|l'expression de mes sentiments dévoués|En attendant de vos nouvelles|"
    "Je suis toujours en bonne santé|et je désire que la présente vous trouve de même|Bien le bonjour à tous|"
    "Je vous écris ces quelques lignes pour|J'espère que ma lettre vous trouvera en bonne santé|Embrassez les enfants pour moi|"
    "Veuillez trouver ci-joint|Je vous serais obligé de bien vouloir",
    "de": "Ihr Schreiben vom {date} habe ich erhalten|In Beantwortung Ihres Schreibens vom {date}|"
    "Mit bestem Dank für Ihren Brief|Ich habe die Ehre, Ihnen mitzuteilen|Viele Grüße an alle|Herzliche Grüße an {name}|"
    "In der Hoffnung, bald von Dir zu hören,|Es grüßt und küßt Dich|Anbei sende ich Ihnen",
    "es": "He recibido su carta del {date}|En contestación a su carta del {date}|Tengo el honor de comunicarle que|"
    "Espero que al recibir ésta se encuentren bien|Recuerdos a todos|Un fuerte abrazo para todos|Sin otro particular,|"
    "Esperando su contestación,|Adjunto le remito",
    "it": "Ho ricevuto la Vostra lettera del {date}|In risposta alla Sua lettera del {date}|Ho l'onore di comunicarLe che|"
    "Tanti saluti a tutti|In attesa di una Sua risposta|Un caro abbraccio a tutti|Spero di trovarvi in buona salute",
}
CLOSINGS = {
    "en": "Yours truly,|Yours very truly,|Very truly yours,|Yours sincerely,|Sincerely yours,|Yours faithfully,|"
    "Yours respectfully,|Respectfully,|Very respectfully,|Respectfully yours,|Your obedient servant,|Your obt. servt.|"
    "Yours affectionately,|Your affectionate son,|Your loving wife,|Your loving daughter,|Ever yours,|Yours ever,|"
    "As ever,|Faithfully yours,|Cordially yours,|Yours in haste,|Your friend,|Your sincere friend,|With love,|Love,|"
    "With much love,|Best wishes,|Kind regards,|Best regards,|Sincerely,|I remain, yours truly,|I am, dear Sir,|"
    "I am, Sir, your obedient servant,|Believe me yours sincerely,|I have the honor to be|Lovingly,|Affectionately,|"
    "Your brother,|Your cousin,|With kindest regards,|With sincere regards, I am",
    "fr": "Votre dévoué,|Votre tout dévoué,|Tout à vous,|Bien à vous,|Bien à toi,|Votre très humble serviteur|"
    "Votre très humble et très obéissant serviteur|Salutations distinguées,|Salut et fraternité|Mille baisers,|"
    "Bons baisers,|Affectueusement,|Amicalement,|Cordialement,|Ton fils qui t'aime,|Ton mari qui t'aime,|Ton frère,|"
    "Votre ami dévoué,|Respectueusement,|Sincèrement,|Ton ami,|Grosses bises,|Votre fils dévoué,",
    "de": "Hochachtungsvoll|Mit freundlichen Grüßen|Mit herzlichen Grüßen|Ihr ergebenster|Ihr sehr ergebener|Dein Freund|"
    "Herzlichst|Dein treuer Sohn|Deine Mutter|Mit vorzüglicher Hochachtung|Es grüßt Dich herzlich",
    "es": "Su seguro servidor,|Atentamente,|De usted afectísimo,|Un abrazo,|Suyo afectísimo,|Su amigo,|Cordialmente,|"
    "Saludos cordiales,|Con todo cariño,|Tu hijo que te quiere,",
    "it": "Distinti saluti,|Cordiali saluti,|Con affetto,|Suo devotissimo|Con la massima stima,|Tuo affezionatissimo|"
    "Un abbraccio,|Baci,|Con osservanza,",
}
NAMES = {
    "en": "Smith Jones Taylor Brown Williams Wilson Johnson Davis Evans Thomas Roberts Walker Wright Robinson Thompson White "
    "Hughes Edwards Green Hall Wood Harris Lewis Martin Jackson Clarke Clark Turner Hill Scott Cooper Morris Ward Moore King "
    "Watson Baker Harrison Morgan Patterson Young Allen Mitchell James Anderson Phillips Lee Bell Parker Davies Miller "
    "Mary John William Anna Elizabeth Margaret George James Charles Ellen Sarah Frank Henry Alice Emma Edward Robert Ruth "
    "Helen Fred Jane Joseph Kate Lizzie Martha Albert Will Tom Harry Lucy Julia Nellie Walter",
    "fr": "Martin Bernard Dubois Thomas Robert Richard Petit Durand Leroy Moreau Simon Laurent Lefebvre Michel Garcia Roux "
    "Fournier Girard Bonnet Dupont Lambert Fontaine Rousseau Vincent Faure Mercier Blanc Guérin Boyer Garnier Chevalier "
    "François Legrand Gauthier Perrin Robin Clément Morin Nicolas Henry Marie Jeanne Louis Louise Jean Pierre Paul Jules "
    "Marguerite Joseph Émile Eugène Suzanne Henri Charles Auguste Germaine Léon Lucien André Georges",
    "de": "Müller Schmidt Schneider Fischer Weber Meyer Wagner Becker Schulz Hoffmann Koch Bauer Richter Klein Wolf Schröder "
    "Neumann Schwarz Zimmermann Braun Krüger Hofmann Hartmann Lange Anna Karl Hans Otto Marie Wilhelm Friedrich Emma Paul",
    "es": "García González Rodríguez Fernández López Martínez Sánchez Pérez Gómez Martín Jiménez Ruiz Hernández Díaz Moreno "
    "Muñoz Álvarez Romero Alonso Gutiérrez José María Carmen Juan Manuel Antonio Dolores Francisco Pilar Luis",
    "it": "Rossi Russo Ferrari Esposito Bianchi Romano Colombo Ricci Marino Greco Bruno Gallo Conti Costa Giordano "
    "Mancini Rizzo Lombardi Moretti Maria Giuseppe Giovanni Anna Antonio Luigi Rosa Angela Francesco Mario",
}
DAYS_OF_MONTH = "1st 2d 2nd 3d 3rd 4th 5th 6th 7th 8th 9th 10th 11th 12th 13th 15th 17th 20th 21st 22d 24th 27th 30th"
"""Days of English letters: 2d and 3d were written for 2nd and 3rd."""


def letter_part(rng: np.random.Generator, language: str) -> str:
    """Return a salutation, a set phrase, or a closing with or without a name, as letters in ``language`` have them."""
    kind = rng.random()
    if kind < 0.35:
        return _filled(rng, SALUTATIONS, language)
    if kind < 0.65:
        return _filled(rng, PHRASES, language)
    closing = _filled(rng, CLOSINGS, language)
    if rng.random() < 0.35:
        return f"{closing} {_signature(rng, language)}"
    return closing


def _filled(rng: np.random.Generator, patterns: dict[str, str], language: str) -> str:
    pattern = pick(rng, patterns.get(language, patterns["en"]).split("|"))
    return pattern.format(day=pick(rng, DAYS_OF_MONTH.split()), name=_name(rng, language), date=date(rng, language) if "{date}" in pattern else "")


def _name(rng: np.random.Generator, language: str) -> str:
    return pick(rng, NAMES.get(language, NAMES["en"]).split())


def _signature(rng: np.random.Generator, language: str) -> str:
    return f"{pick(rng, [initials, _name])(rng, language)} {_name(rng, language)}"
