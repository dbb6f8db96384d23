"""Rules of ECMA-376 part 1 (transitional) that Word insists on: which children an element has and in which order, what a cell
ends with, and that everything that is named is there."""
import posixpath
import re
import xml.etree.ElementTree as ET

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
# Of wml.xsd: the children that we write, in the schema's order.
ORDER = {
    "pPr": ["pStyle", "keepNext", "numPr", "pBdr", "shd", "bidi", "spacing", "ind", "contextualSpacing", "jc", "outlineLvl"],
    "rPr": ["rStyle", "rFonts", "b", "i", "strike", "color", "sz", "u", "shd", "vertAlign", "rtl", "lang"],
    "tcPr": ["tcW", "gridSpan", "vMerge"], "trPr": ["tblHeader"], "tblPr": ["tblStyle", "tblW", "tblInd", "tblBorders", "tblCellMar"],
    "tbl": ["tblPr", "tblGrid", "tr"], "tr": ["trPr", "tc"], "numPr": ["ilvl", "numId"],
    "style": ["name", "basedOn", "qFormat", "pPr", "rPr", "tblPr"], "lvl": ["start", "numFmt", "lvlText", "lvlJc", "pPr"],
    "abstractNum": ["multiLevelType", "lvl"], "num": ["abstractNumId", "lvlOverride"], "numbering": ["abstractNum", "num"],
    "p": ["pPr", "r"], "sectPr": ["pgSz", "pgMar"], "r": ["rPr", "t"],
}
MIXED = {"p": {"r", "hyperlink"}, "r": {"t", "br", "tab", "drawing"}}


def local(element):
    return element.tag.rpartition("}")[2]


def faults(archive):
    """One sentence for each broken rule in this open ZIP file."""
    found = []
    parts = {name: ET.fromstring(archive.read(name)) for name in archive.namelist() if name.endswith((".xml", ".rels"))}
    for name, root in parts.items():
        for element in root.iter():
            if not element.tag.startswith(W) or local(element) not in ORDER:
                continue
            order = ORDER[local(element)]
            last = 0
            for child in element:
                kind = local(child)
                kind = order[-1] if kind in MIXED.get(local(element), ()) else kind
                if kind not in order:
                    found.append(f"{name}: {kind} in {local(element)}")
                elif order.index(kind) < last:
                    found.append(f"{name}: {kind} too late in {local(element)}")
                else:
                    last = order.index(kind)
    document = parts["word/document.xml"]
    styles = {one.get(W + "styleId") for one in parts["word/styles.xml"].iter(W + "style")}
    numbers = {one.get(W + "numId") for one in parts["word/numbering.xml"].iter(W + "num")}
    relations = {one.get("Id"): one for one in parts["word/_rels/document.xml.rels"]}
    types = archive.read("[Content_Types].xml").decode()
    for element in document.iter():
        kind, value = local(element), element.get(W + "val")
        if kind in ("pStyle", "rStyle", "tblStyle") and value not in styles:
            found.append(f"no style {value}")
        if kind == "numId" and value not in numbers:
            found.append(f"no list {value}")
        for key in ("id", "embed"):
            if element.get(R + key) is not None and element.get(R + key) not in relations:
                found.append(f"no relation {element.get(R + key)}")
        if kind == "tc" and (len(element) == 0 or local(element[-1]) != "p"):
            found.append("a cell that does not end with a paragraph")
    for parent in document.iter():
        kinds = [local(child) for child in parent]
        if any(pair == ("tbl", "tbl") for pair in zip(kinds, kinds[1:])):
            found.append("two tables without a paragraph between")
    for table in document.iter(W + "tbl"):
        columns = len(table.find(W + "tblGrid"))
        for row in table.findall(W + "tr"):
            wide = sum(int(span.get(W + "val")) if (span := cell.find(f"{W}tcPr/{W}gridSpan")) is not None else 1 for cell in row.findall(W + "tc"))
            if wide != columns:
                found.append(f"a row of {wide} places in a table of {columns}")
    for one in relations.values():
        if one.get("TargetMode") != "External" and posixpath.join("word", one.get("Target")) not in archive.namelist():
            found.append(f"no part {one.get('Target')}")
    for name in archive.namelist():
        ending = name.rpartition(".")[2]
        if f'Extension="{ending}"' not in types and f'PartName="/{name}"' not in types:
            found.append(f"no type of {name}")
    ids = re.findall(r'<wp:docPr id="(\d+)"', archive.read("word/document.xml").decode())
    if len(ids) != len(set(ids)):
        found.append("two pictures with one id")
    return found
