#!/usr/bin/env python3
"""Holds the catalogues (web-ui/src/i18n, CatalogueText tables of the modules) to the voice of the design brief.

Checks: both languages have the same keys and parameters; no word of the trade on pages of members and managers (the
admin's pages are exempt); no participle that guesses whether the reader is a man or a woman; one sentence has one form;
the undo bar alone says "Annuler"; no French sentence in C++ outside of the files of texts. Prints each fault as FILE: KEY: reason, then "N passed, N failed".
"""
import glob
import json
import os
import re
import sys
import unicodedata

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../support"))
from faults import close  # noqa: E402

ROOT = os.path.normpath(os.path.join(os.path.dirname(__file__), "../../.."))
FORBIDDEN = re.compile(r"\b(deploy\w*|déploi\w*|alias(es)?|quotas?|slugs?|hosts?|tokens?|sieve|modules?|smtp)\b", re.I)
# The reader, or a {name} whose gender nobody knows, followed by a masculine participle.
GENDERED = re.compile(r"(vous êtes|vous n'êtes (pas|plus)( encore)?|vous a|\} est|\} sera) (bien )?(invité|connecté|sorti|entré|inscrit|retiré de)\b", re.I)
ADMIN_KEYS = ("status.", "state.", "service.", "wall.", "check.", "health_")
# Files of C++ that may hold sentences for people, because each sentence stands there in both languages.
TEXT_FILES = re.compile(r"(texts\.(cpp|hpp)|modules/support/problem\.cpp|daemon/gate/pages\.cpp|documents/templates\.cpp)$")
FRENCH = re.compile(r"[éèêàçùôîœÉÈÀÇ«»]|\b(vous|votre|n'est|n'a|d'une?|les|une|pour|avec)\b", re.I)
PARTS = ("common.", "", "pad.", "pad-first.")


def web_texts(language):
    """{(part, key): text} of one language."""
    texts = {}
    for part in PARTS:
        with open(f"{ROOT}/web-ui/src/i18n/{part}{language}.json", encoding="utf-8") as file:
            texts.update({(part, key): text for key, text in json.load(file).items()})
    return texts


def module_texts():
    """(file, code, French, English) of each CatalogueText; adjacent literals are joined as the compiler does it."""
    literal = r'"((?:[^"\\]|\\.)*)"'
    joined = rf"{literal}(?:\s*{literal})*"
    for path in sorted(glob.glob(f"{ROOT}/modules/*/*.cpp")):
        with open(path, encoding="utf-8") as file:
            source = file.read()
        for found in re.finditer(rf"CatalogueText\{{({joined}),\s*({joined}),\s*({joined})\}}", source):
            parts = re.split(r'(?<="),', found.group(0)[len("CatalogueText{"):-1])
            said = ["".join(re.findall(literal, part)) for part in parts]
            if len(said) == 3:
                yield os.path.relpath(path, ROOT), *said


def parameters(text):
    return set(re.findall(r"\{(\w+)\}", text))


def bare(text):
    """A sentence without case, accents and punctuation."""
    plain = unicodedata.normalize("NFD", text.lower())
    return re.sub(r"[^a-z0-9{}]+", " ", "".join(c for c in plain if not unicodedata.combining(c))).strip()


def faults_of(french, english, modules):
    for key in sorted(french.keys() ^ english.keys()):
        yield f"{key[0]}json: {key[1]}: only in one language"
    for key in sorted(french.keys() & english.keys()):
        if parameters(french[key]) != parameters(english[key]):
            yield f"{key[0]}json: {key[1]}: the languages name different parameters"
    said = [(f"{part}{language}.json", key, text) for language, texts in (("fr", french), ("en", english)) for (part, key), text in texts.items()]
    said += [(path, code, text) for path, code, *both in modules for text in both]
    for place, key, text in said:
        if not key.startswith(ADMIN_KEYS) and (word := FORBIDDEN.search(text)):
            yield f"{place}: {key}: \"{word.group(0)}\" is a word of the trade"
        if word := GENDERED.search(text.replace("’", "'")):
            yield f"{place}: {key}: \"{word.group(0)}\" guesses the gender of a person"
    forms = {}
    for key, text in french.items():
        if len(text) > 20:
            # A heading has no full stop, and what follows a name begins small.
            forms.setdefault(bare(text), {}).setdefault(text.rstrip(".").lower(), key)
    for same in forms.values():
        if len(same) > 1:
            yield f"fr: {', '.join(key[1] for key in same.values())}: one sentence in {len(same)} forms"
    cancels = sorted(key[1] for key, text in french.items() if text == "Annuler" and not key[1].startswith(("pad.", "key.", "tool.")))
    if cancels != ["undo"]:
        yield f"fr: {cancels}: the undo bar alone says \"Annuler\""


def stray_sentences(sources):
    """French in C++ outside of the files of texts: (place, literal). `sources`: (path, text)."""
    for path, source in sources:
        if TEXT_FILES.search(path):
            continue
        bare_source = re.sub(r"//[^\n]*", lambda found: " " * len(found.group(0)), source)
        for found in re.finditer(r'"((?:[^"\\\n]|\\.)*)"', bare_source):
            if FRENCH.search(found.group(1)):
                yield f"{path}:{bare_source.count(chr(10), 0, found.start()) + 1}", found.group(1)


def sources():
    for folder in ("daemon", "modules", "provisioning"):
        for path in sorted(glob.glob(f"{ROOT}/{folder}/**/*.[ch]pp", recursive=True)):
            with open(path, encoding="utf-8") as file:
                yield os.path.relpath(path, ROOT), file.read()


def main():
    french, english = web_texts("fr"), web_texts("en")
    modules = list(module_texts())
    faults = list(faults_of(french, english, modules))
    if len(modules) < 60:
        faults.append(f"only {len(modules)} texts of modules were found: the reader of this test is wrong")
    # The test itself must be able to fail.
    probe = list(faults_of({("", "x"): "Vous êtes sorti du module {name}.", ("", "undo"): "Annuler"}, {("", "x"): "Left"}, []))
    if len(probe) != 4:
        faults.append(f"the probe gave {probe}")
    faults += [f'{place}: "{text}" is for people: into a file of texts, in both languages' for place, text in stray_sentences(sources())]
    if len(list(stray_sentences([("x.cpp", 'say("Le disque est plein : vous perdez.");'), ("x/texts.cpp", '"vous"')]))) != 1:
        faults.append("the probe for stray sentences found something else")
    close(faults, f" ({len(french)} + {len(modules)} texts)")


if __name__ == "__main__":
    main()
