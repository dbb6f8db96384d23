"""ODF 1.2's own rules (elements, children, attributes, text), as far as Debian's python3-odf holds them."""
import sys
import xml.etree.ElementTree

# The system's modules also for another python3 that comes first on the PATH.
sys.path.append("/usr/lib/python3/dist-packages")
from odf import grammar  # noqa: E402

# What the grammar of odfpy has not, and ODF 1.2 has: part 1, §19.880 (xml:id aside), §5.3.2;
# and LibreOffice's own (§1.3: elements and attributes of other namespaces are allowed).
KNOWN = {("frame", "decorative")}


def split(name):
    namespace, _, local = name[1:].partition("}")
    return namespace, local


def faults(data):
    """One sentence for each broken rule in this XML file."""
    found = []

    def visit(element):
        name = split(element.tag)
        if name not in grammar.allowed_children:
            found.append(f"{name[1]}: no such element")
            return
        allowed = grammar.allowed_attributes.get(name, ())
        for key in element.attrib:
            if allowed is not None and split(key) not in allowed and (name[1], split(key)[1]) not in KNOWN:
                found.append(f"{name[1]}: no attribute {split(key)[1]}")
        for key in grammar.required_attributes.get(name, ()):
            if "{%s}%s" % key not in element.attrib:
                found.append(f"{name[1]}: needs {key[1]}")
        text = (element.text or "") + "".join(child.tail or "" for child in element)
        if text.strip() and name not in grammar.allows_text:
            found.append(f"{name[1]}: holds text")
        children = grammar.allowed_children[name]
        for child in element:
            if children is not None and split(child.tag) not in children:
                found.append(f"{name[1]}: must not hold {split(child.tag)[1]}")
            visit(child)

    visit(xml.etree.ElementTree.fromstring(data))
    return found
