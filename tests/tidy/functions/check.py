#!/usr/bin/env python3
"""Counts functions of more than 70 lines, in C++ and in the web pages' TypeScript.

Those that stand today are in known.txt beside this file, one a line: `FILE NAME LINES`. The list only becomes shorter:
a function that is not in it and too long is a fault, a known one that grew is a fault, and so is a line whose function
became short, or went away. `check.py --write` writes the list again where lines went down, and never raises a number.
The lines count from the one that opens the body (`{`) to the one that closes it.
"""
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "support"))
from faults import close  # noqa: E402

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
LINES_MAX = 70
CPP = re.compile(r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])\'(?:\\.|[^\'\\\n])+\'', re.S)


def blank(text, pattern):
    """Comments and literals become spaces: their braces do not count, lines stay lines."""
    return pattern.sub(lambda m: re.sub(r"[^\n]", " ", m.group(0)), text)


def closing(text, at):
    """The place of the `}` that closes the `{` at this place."""
    depth = 0
    for place in range(at, len(text)):
        if text[place] == "{":
            depth += 1
        elif text[place] == "}":
            depth -= 1
            if depth == 0:
                return place
    return len(text) - 1


def cpp_functions(source):
    """(name, lines) of each function at namespace or class level."""
    text = blank(source, CPP)
    text = re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", lambda m: re.sub(r"[^\n]", " ", m.group(0)), text, flags=re.M)
    at = 0
    while (opened := text.find("{", at)) >= 0:
        before = text[max(text.rfind(c, 0, opened) for c in ";{}") + 1:opened]
        if re.search(r"\b(namespace|class|struct|union|enum|extern)\b[^()]*$", before) and "(" not in before.split("{")[0].split("=")[0]:
            at = opened + 1  # what is inside counts by itself
            continue
        end = closing(text, opened)
        found = re.search(r"([~\w:]+|operator\S+)\s*\(", before)
        if found and not re.search(r"=\s*$", before):
            # A constructor's members `a{b}` come before the body: the body is the last group.
            lines = text.count("\n", opened, end) + 1
            yield found.group(1), lines
        at = end + 1


def ts_functions(paths):
    """{path: [(name, lines)]} of each function and method that has a name, inner ones too, as the compiler reads them."""
    done = subprocess.run(["node", str(HERE / "functions.mjs"), str(ROOT)], input="\n".join(map(str, paths)), text=True, check=True,
                          stdout=subprocess.PIPE)
    return {Path(path): [(name, lines) for name, lines in functions] for path, functions in json.loads(done.stdout).items()}


def long_functions(root):
    """{(file, name): lines}; of two with one name in one file (overloads) the longest."""
    found, counted = {}, 0
    cpp = sorted(path for folder in ("daemon", "modules", "provisioning") for path in (root / folder).glob("**/*.[ch]pp"))
    pages = sorted(path for path in (root / "web-ui/src").glob("**/*") if path.suffix in (".ts", ".tsx"))
    functions = {path: list(cpp_functions(path.read_text(encoding="utf-8"))) for path in cpp} | ts_functions(pages)
    for path, named in functions.items():
        for name, lines in named:
            counted += 1
            if lines > LINES_MAX:
                key = (str(path.relative_to(root)), name)
                found[key] = max(found.get(key, 0), lines)
    return found, counted


def read_known():
    rows = (line.split() for line in (HERE / "known.txt").read_text(encoding="utf-8").splitlines() if line and not line.startswith("#"))
    return {(file, name): int(lines) for file, name, lines in rows}


def faults_of(found, known):
    for (file, name), lines in sorted(found.items()):
        if (file, name) not in known:
            yield f"{file}: {name} has {lines} lines (at most {LINES_MAX}): give a part of it a name of its own"
        elif lines > known[file, name]:
            yield f"{file}: {name} grew from {known[file, name]} to {lines} lines (at most {LINES_MAX} are wanted): give a part of it a name of its own"
    for file, name in sorted(known.keys() - found.keys()):
        yield f"known.txt: {file} {name} is short now, or gone: take the line away"


def probe_faults():
    """The counter itself must be able to fail."""
    body = "    a();\n" * 69
    cpp = "namespace x {\nstruct S {\n    int one() {\n" + body + "        b();\n    }\n};\n" \
          "int S::two(int a) : a_{a} {\n" + body + "}\nstatic const int table[] = {\n" + body + "};\n}\n"
    said = {name: lines for name, lines in cpp_functions(cpp)}
    if said.get("one") != 72 or "S::two" not in said or len(said) != 2:
        yield f"the probe in C++ gave {said}"
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "probe.tsx"
        page.write_text("export function A({ x }: { x: number }): Y {\n" + body + "    b(/[{]/);\n}\nconst b = async (x: T) => {\n" + body +
                        "};\nconst c = (1 +\n 2);\nclass D {\n  e(): void {\n" + body + "  }\n}\n", encoding="utf-8")
        said = dict(ts_functions([page])[page])
    if said != {"A": 72, "b": 71, "e": 71}:
        yield f"the probe in TypeScript gave {said}"
    if len(list(faults_of({("a", "f"): 80, ("a", "g"): 90}, {("a", "g"): 85, ("a", "h"): 71}))) != 3:
        yield "the probe of the list did not find its three faults"


def main():
    found, counted = long_functions(ROOT)
    known = read_known()
    if "--write" in sys.argv:
        kept = {key: min(lines, known.get(key, lines)) for key, lines in found.items() if key in known or not known}
        head = "# Functions of more than 70 lines that stand today: FILE NAME LINES. Only becomes shorter (check.py --write).\n"
        (HERE / "known.txt").write_text(head + "".join(f"{file} {name} {lines}\n" for (file, name), lines in sorted(kept.items())), encoding="utf-8")
        known = kept
    faults = list(probe_faults()) + list(faults_of(found, known))
    if counted < 2500:
        faults.append(f"only {counted} functions were found: the reader of this test is wrong")
    close(faults, f" ({len(known)} long functions are known)")


if __name__ == "__main__":
    main()
