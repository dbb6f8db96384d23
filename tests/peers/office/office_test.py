#!/usr/bin/env python3
"""A pad with every node and mark of the editor, written by a stock client, exported by the real hameau-pads process, opened
and converted by LibreOffice without a screen: its text, tables, images and styles come out, and nothing needs repair."""
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "pads"), str(HERE.parents[1] / "support")]
from checks import Checks  # noqa: E402
from module_process import FakePeople, ModuleProcess, identity, png  # noqa: E402
import docx_rules  # noqa: E402
from odf_rules import faults  # noqa: E402

MARIE = ("m" * 26, "marie", "Marie%20Le%20Goff", "amis=manager")
URN = "urn:oasis:names:tc:opendocument:xmlns:"
NAMES = {"text": URN + "text:1.0", "table": URN + "table:1.0", "draw": URN + "drawing:1.0", "style": URN + "style:1.0",
         "office": URN + "office:1.0", "fo": URN + "xsl-fo-compatible:1.0", "svg": URN + "svg-compatible:1.0",
         "xlink": "http://www.w3.org/1999/xlink"}
checks = Checks()
state = Path(tempfile.mkdtemp(prefix="hameau-office-"))
odt = state / "pad.odt"
page = state / "page.html"
word = state / "word.docx"
converted = {}


def call(pads, status, method, path, body=None):
    got, headers, data = pads.call(method, path, body, MARIE)
    assert got == status, (method, path, got, data[:400])
    return json.loads(data) if data and "json" in headers.get("content-type", "") else data


def export():
    pads = ModuleProcess(state)
    FakePeople(state / "run" / "people.sock")
    try:
        pad = call(pads, 201, "POST", "/api/v1/associations/amis/pads", {"slug": "everything", "title": "Tout & plus"})
        image = call(pads, 201, "POST", f"/api/v1/pads/{pad['id']}/images", png(640, 400))
        arguments = ["--base", f"ws+unix://{pads.socket_path}:/api/v1/pads/ws", "--room", pad["id"], "--header", "Hameau-Caller: gate",
                     "--case", "everything", "--image", image["url"]]
        for name, value in identity(MARIE).items():
            arguments += ["--header", f"{name}: {value}"]
        written = subprocess.run(["node", str(HERE.parent / "pads" / "write.mjs"), *arguments], capture_output=True, text=True, timeout=120)
        assert written.returncode == 0 and "1 passed, 0 failed" in written.stdout, written.stdout + written.stderr
        odt.write_bytes(call(pads, 200, "GET", f"/api/v1/pads/{pad['id']}/export?format=odt"))
        word.write_bytes(call(pads, 200, "GET", f"/api/v1/pads/{pad['id']}/export?format=docx"))
        page.write_bytes(call(pads, 200, "GET", f"/api/v1/pads/{pad['id']}/export?format=html"))
    finally:
        pads.stop()


def bring(slug, file, image_count):
    """A Word document as a new pad of the real process: (its Markdown, the sentences that came with it)."""
    pads = ModuleProcess(state)
    try:
        made = call(pads, 201, "POST", f"/api/v1/associations/amis/pads/import?format=docx&slug={slug}", file.read_bytes())
        text = call(pads, 200, "GET", f"/api/v1/pads/{made['id']}/export?format=markdown").decode()
        assert text.count(f"/api/v1/pads/{made['id']}/images/") == image_count, text
        return made, text
    finally:
        pads.stop()


def convert(target, filter_name, source=odt, *options):
    """One run of the office program, which must end by itself and say that it wrote the file."""
    command = ["soffice", f"-env:UserInstallation=file://{state}/office", "--headless", "--norestore", "--nolockcheck", *options, "--convert-to",
               f"{target}:{filter_name}" if filter_name else target, "--outdir", str(state / "out"), str(source)]
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                             start_new_session=True, env={**os.environ, "HOME": str(state), "LC_ALL": "C.UTF-8"})
    try:
        said = child.communicate(timeout=180)[0]
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        raise
    file = state / "out" / f"{source.stem}.{target}"
    assert child.returncode == 0 and file.exists(), said
    assert not re.search(r"repair|corrupt|error", said, re.I), said
    converted[source, target] = file
    return file


def flat(source=odt):
    return ET.parse(converted[source, "fodt"]).getroot()


def words(element):
    """The text below an element; breaks are line ends."""
    out = element.text or ""
    for child in element:
        out += {"line-break": "\n", "tab": "\t", "s": " " * int(child.get(f"{{{NAMES['text']}}}c", "1"))}.get(child.tag.rpartition("}")[2], "")
        out += words(child) + (child.tail or "")
    return out


def attribute(element, name):
    prefix, _, local = name.partition(":")
    return element.get(f"{{{NAMES[prefix]}}}{local}")


def test_export_and_rules():
    export()
    archive = zipfile.ZipFile(odt)
    assert archive.testzip() is None and archive.namelist()[0] == "mimetype"
    listed = re.findall(r'full-path="([^"]+)"', archive.read("META-INF/manifest.xml").decode())
    assert sorted(listed) == sorted(["/"] + [name for name in archive.namelist() if name not in ("mimetype", "META-INF/manifest.xml")]), listed
    for part in ("content.xml", "styles.xml", "meta.xml"):
        broken = faults(archive.read(part))
        assert not broken, (part, sorted(set(broken)))
    # Every style that the text names is there.
    both = archive.read("content.xml").decode() + archive.read("styles.xml").decode()
    defined = set(re.findall(r'style:name="([^"]+)"', both))
    used = set(re.findall(r'(?:text|table):style-name="([^"]+)"', both)) | set(re.findall(r'style:parent-style-name="([^"]+)"', both))
    assert used <= defined, used - defined


def test_office_reads_the_structure():
    convert("fodt", "OpenDocument Text Flat XML")
    root = flat()
    headings = [(attribute(h, "text:outline-level"), words(h)) for h in root.iter(f"{{{NAMES['text']}}}h")]
    assert headings == [("1", "Tout & plus"), ("1", "Réunion du bureau"), ("2", "Deux"), ("3", "Trois"), ("4", "Quatre"), ("5", "Cinq"), ("6", "Six")], headings
    links = {attribute(a, "xlink:href"): words(a) for a in root.iter(f"{{{NAMES['text']}}}a")}
    assert links == {"https://amis.example/a(b)?c=d&e": "Un lien", "mailto:a@amis.example": "un lien gras"}, links
    for image in root.iter(f"{{{NAMES['draw']}}}image"):
        assert image.find("office:binary-data", NAMES) is not None, "the picture itself is in the file"
    frame, unsaid, decoration, _ = root.iter(f"{{{NAMES['draw']}}}frame")
    assert words(frame.find("svg:title", NAMES)) == "Le plan « A »"
    assert words(frame.find("svg:desc", NAMES)) == "Plan du quartier"
    assert unsaid.find("svg:title", NAMES) is None and decoration.find("svg:title", NAMES) is None
    assert attribute(frame, "svg:width").startswith(("8.4", "3.3")), attribute(frame, "svg:width")
    assert any(words(p) == "Première ligne\ndeuxième ligne, bonjour @Marie Le Goff." for p in root.iter(f"{{{NAMES['text']}}}p"))


def test_office_reads_the_marks():
    root = flat()
    looks = {}
    for style in root.iter(f"{{{NAMES['style']}}}style"):
        properties = style.find("style:text-properties", NAMES)
        looks[attribute(style, "style:name")] = {} if properties is None else {key.rpartition("}")[2]: value for key, value in properties.attrib.items()}
    shown = {}
    for span in root.iter(f"{{{NAMES['text']}}}span"):
        shown.setdefault(words(span).strip(), {}).update(looks.get(attribute(span, "text:style-name"), {}))
    for text, key, value in (("gras", "font-weight", "bold"), ("italique", "font-style", "italic"), ("souligné", "text-underline-style", "solid"),
                             ("barré", "text-line-through-style", "solid"), ("surligné", "background-color", "#ffef9e"),
                             ("en vert", "background-color", "#a0ffa0"), ("rouge", "color", "#cc0000"), ("bleu", "color", "#000080"), ("rouge", "font-size", "14pt"), ("rouge", "font-name", "serif"),
                             ("rm -rf", "font-name", "DejaVu Sans Mono")):
        assert shown.get(text, {}).get(key) == value, (text, key, shown.get(text))
    positions = [properties["text-position"][:5] for text, properties in shown.items() if "text-position" in properties]
    assert len(positions) == 1 and positions[0] in ("sub 5", "super"), shown


def test_office_reads_the_lists():
    root = flat()
    items = [words(p) for p in root.findall(".//text:list/text:list-item/text:p", NAMES)]
    for text in ("un", "un un", "profond", "suite de un", "deux", "trois", "☑ fait", "☐ à faire", "☑ dedans", "liste citée", "x", "avant", "deuxième"):
        assert text in items, (text, items)
    deep = [words(p) for p in root.findall(".//text:list/text:list-item/text:list/text:list-item/text:list/text:list-item/text:p", NAMES)]
    assert deep == ["profond"], deep


def test_office_reads_the_table():
    table = next(root for root in flat().iter(f"{{{NAMES['table']}}}table"))
    head = table.find("table:table-header-rows", NAMES)
    assert [words(cell).split() for cell in head.iter(f"{{{NAMES['table']}}}table-cell")] == [["Nom"], ["Le", "rôle"], ["Seul"]], ET.tostring(head)
    rows = list(table.iter(f"{{{NAMES['table']}}}table-row"))
    grid = []
    for row in rows:
        grid.append([])
        for cell in row:
            kind = cell.tag.rpartition("}")[2]
            spans = (attribute(cell, "table:number-columns-spanned") or "1", attribute(cell, "table:number-rows-spanned") or "1")
            grid[-1] += ["-"] if kind == "covered-table-cell" else [" ".join(words(cell).split()) + ("" if spans == ("1", "1") else " %sx%s" % spans)]
    assert grid == [["Nom", "Le rôle 2x1", "-", "Seul"], ["Marie 1x2", "a | b", "x y", "e"], ["-", "deux 2x1", "-", "f"],
                    ["Total 1x2", "c", "d", "g"], ["-", "c2", "", "h"]], grid


def column_widths(root):
    """Of each table in centimetres (or as parts of its width), as the office program has understood them."""
    styles = {attribute(style, "style:name"): style.find("style:table-column-properties", NAMES) for style in root.iter(f"{{{NAMES['style']}}}style")}
    tables = []
    for table in root.iter(f"{{{NAMES['table']}}}table"):
        tables.append([])
        for column in table.iter(f"{{{NAMES['table']}}}table-column"):
            properties = styles[attribute(column, "table:style-name")]
            length = attribute(properties, "style:column-width") or attribute(properties, "style:rel-column-width")
            value = float(re.match(r"[\d.]+", length)[0]) * (2.54 if length.endswith("in") else 1)
            tables[-1] += [round(value, 1)] * int(attribute(column, "table:number-columns-repeated") or 1)
    return tables


def test_office_reads_the_widths_of_columns():
    first, second = column_widths(flat())
    assert first[1:3] == [2.7, 3.2] and first[0] == first[3] and 16.8 < sum(first) < 17.2, first
    assert second == [5.3, 4.0, 2.4], second


def test_office_reads_the_page():
    convert("fodt", "OpenDocument Text Flat XML", page, "--infilter=HTML (StarWriter)")
    first, second = column_widths(flat(page))
    assert abs(first[1] / first[2] - 100 / 120) < 0.05, first
    assert abs(second[0] / second[1] - 200 / 150) < 0.05 and abs(second[1] / second[2] - 150 / 90) < 0.1 and 11 < sum(second) < 12.2, second


def test_text():
    text = convert("txt", "Text (encoded):UTF8").read_text("utf-8-sig")
    for line in ("Réunion du bureau", "Un lien et un lien gras, tout.", "H2O, m2", "« Bonjour ! » 🏘️ 👩🏽‍🌾 — l’été\u202f: 5\u00a0€ & <b> \"x\" * _ # | \\",
                 "if (a < b) {", '  return "`x`";', "dans une liste"):
        assert line in text, (line, text)
    numbers = re.findall(r"^\s*([\da-z]\. .*)$", text, re.M)
    assert numbers == ["1. profond", "c. trois", "d. quatre", "1. avant", "2. deuxième"], numbers


def test_word():
    archive = zipfile.ZipFile(convert("docx", "MS Word 2007 XML"))
    document = archive.read("word/document.xml").decode()
    assert archive.testzip() is None
    assert 'w:val="Heading1"' in document and "<w:tblHeader" in document and '<w:gridSpan w:val="2"/>' in document and "<w:vMerge" in document
    assert [name for name in archive.namelist() if name.startswith("word/media/")], archive.namelist()
    for text in ("souligné", "profond", "Marie Le Goff"):
        assert text in document, text


def test_docx_keeps_the_rules():
    archive = zipfile.ZipFile(word)
    assert archive.testzip() is None and archive.namelist()[0] == "[Content_Types].xml"
    broken = docx_rules.faults(archive)
    assert not broken, sorted(set(broken))


def test_office_reads_the_docx():
    convert("fodt", "OpenDocument Text Flat XML", word)
    root = flat(word)
    headings = [(attribute(h, "text:outline-level"), words(h)) for h in root.iter(f"{{{NAMES['text']}}}h")]
    assert headings == [("1", "Tout & plus"), ("1", "Réunion du bureau"), ("2", "Deux"), ("3", "Trois"), ("4", "Quatre"), ("5", "Cinq"), ("6", "Six")], headings
    links = {attribute(a, "xlink:href"): words(a) for a in root.iter(f"{{{NAMES['text']}}}a")}
    assert links == {"https://amis.example/a(b)?c=d&e": "Un lien", "mailto:a@amis.example": "un lien gras"}, links
    table = next(root.iter(f"{{{NAMES['table']}}}table"))
    grid = []
    for row in table.iter(f"{{{NAMES['table']}}}table-row"):
        grid.append([])
        for cell in row:
            spans = (attribute(cell, "table:number-columns-spanned") or "1", attribute(cell, "table:number-rows-spanned") or "1")
            grid[-1] += ["-"] if cell.tag.endswith("covered-table-cell") else [" ".join(words(cell).split()) + ("" if spans == ("1", "1") else " %sx%s" % spans)]
    assert [row[:1] for row in grid] == [["Nom"], ["Marie 1x2"], ["-"], ["Total 1x2"], ["-"]], grid
    assert table.find("table:table-header-rows", NAMES) is not None
    assert sum(1 for _ in root.iter(f"{{{NAMES['draw']}}}image")) == sum(1 for _ in flat().iter(f"{{{NAMES['draw']}}}image"))
    text = convert("txt", "Text (encoded):UTF8", word).read_text("utf-8-sig")
    for line in ("« Bonjour ! » 🏘️ 👩🏽‍🌾 — l’été\u202f: 5\u00a0€ & <b> \"x\" * _ # | \\", "☑ fait", "☐ à faire", "if (a < b) {"):
        assert line in text, (line, text)
    numbers = re.findall(r"^\s*([\da-z]\. .*)$", text, re.M)
    assert numbers == ["1. profond", "c. trois", "d. quatre", "1. avant", "2. deuxième"], numbers


def test_word_documents_come_in():
    """Our own, and the one that LibreOffice makes of our ODT: the same words, lists, marks, tables and pictures."""
    by_office = convert("docx", "MS Word 2007 XML")
    for slug, file in (("ours", word), ("theirs", by_office)):
        made, text = bring(slug, file, 4)
        assert made["title"] == "Tout & plus" and made.get("warnings", []) == [], made
        for line in ("# Réunion du *bureau*", "###### Six", "**gras**", "*italique*", "~~barré~~", "<u>souligné</u>", "[Un lien](", "- [x] fait", "- [ ] à faire", "1. profond", "3. trois\n4. quatre", "`rm -rf`", "\n> cité\n", "if (a < b) {"):
            assert line in text, (slug, line, text)
        for words in ("Première ligne", "deuxième ligne, bonjour @Marie Le Goff.", "Total", "cité dans cité", "H<sub>2</sub>O, m<sup>2</sup>"):
            assert words in text, (slug, words, text)
        assert not re.search(r"Tout & plus.*Tout & plus", text, re.S), text


def test_what_is_no_word_document_is_refused():
    pads = ModuleProcess(state)
    try:
        for body in (b"", b"\xd0\xcf\x11\xe0 locked", odt.read_bytes(), word.read_bytes()[:-40]):
            said = call(pads, 422, "POST", "/api/v1/associations/amis/pads/import?format=docx&slug=none", body)
            assert ".docx" in said["detail"], said
    finally:
        pads.stop()


def test_pdf():
    file = convert("pdf", "writer_pdf_Export")
    assert file.read_bytes()[:5] == b"%PDF-"
    text = subprocess.run(["pdftotext", "-layout", str(file), "-"], capture_output=True, text=True, timeout=60, check=True).stdout
    for word in ("Réunion du bureau", "Marie Le Goff", "deuxième", "Total"):
        assert word in text, (word, text)
    images = subprocess.run(["pdfimages", "-list", str(file)], capture_output=True, text=True, timeout=60, check=True).stdout
    assert len(images.splitlines()) == 6, images


if __name__ == "__main__":
    try:
        checks.check_all(globals())
    finally:
        if not os.environ.get("HAMEAU_KEEP"):
            shutil.rmtree(state, ignore_errors=True)
        else:
            print(state)
    sys.exit(checks.report())
