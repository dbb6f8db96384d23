#!/usr/bin/env python3
"""Holds every #include of the tree, and every import of the web pages, to the layers in arrows.txt beside this file.

Checks: an include that crosses from one place to another has an arrow; the arrows form no circle; no arrow is against a
`never` line; every arrow and every `known` line is still used; no circle of files that import each other in web-ui/src,
types included.
It reads text, builds nothing. Prints each fault as FILE: reason, then "N passed, N failed".
"""
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "support"))
from faults import close  # noqa: E402

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.M)
IMPORT = re.compile(r"""(?:^|\n)\s*(?:import|export)\b[^"';]*["'](\.[^"']+)["']|\bimport\(\s*["'](\.[^"']+)["']\s*\)""")


def read_table(text):
    """(arrows {place: [targets]}, never [(from, to)], known {(file, file)})"""
    arrows, never, known = {}, [], set()
    for line in text.splitlines():
        line = line.split("#")[0].strip()
        if not line:
            continue
        left, _, right = line.partition("->")
        words, targets = left.split(), right.split()
        if words[0] == "never":
            never.append((words[1], targets[0]))
        elif words[0] == "known":
            known.add((words[1], targets[0]))
        else:
            arrows[words[0]] = targets
    return arrows, never, known


def covers(place, path):
    return path == place or path.startswith((place + "/", place + "."))


def place_of(path, arrows):
    """The longest place that holds the file; None when none does."""
    return max((place for place in arrows if covers(place, path)), key=len, default=None)


def circle_in(graph):
    """The nodes that lie on some circle, largest group first."""
    groups, index, low, stack, counter = [], {}, {}, [], [0]

    def visit(node):
        index[node] = low[node] = counter[0]
        counter[0] += 1
        stack.append(node)
        for following in graph.get(node, ()):
            if following not in graph:
                continue
            if following not in index:
                visit(following)
                low[node] = min(low[node], low[following])
            elif following in stack:
                low[node] = min(low[node], index[following])
        if low[node] == index[node]:
            at = stack.index(node)
            group = stack[at:]
            del stack[at:]
            if len(group) > 1 or node in graph[node]:
                groups.append(sorted(group))

    sys.setrecursionlimit(20000)
    for node in graph:
        if node not in index:
            visit(node)
    return sorted(groups, key=len, reverse=True)


def includes_of(root):
    """(file, included file) of every include and import inside the tree."""
    for folder in ("daemon", "modules", "provisioning"):
        for path in sorted((root / folder).glob("**/*")):
            if path.suffix in (".cpp", ".hpp", ".h", ".inc"):
                for target in INCLUDE.findall(path.read_text(encoding="utf-8")):
                    yield str(path.relative_to(root)), target
    for path in sorted((root / "web-ui/src").glob("**/*")):
        if path.suffix in (".ts", ".tsx"):
            for found in IMPORT.finditer(path.read_text(encoding="utf-8")):
                named = (path.parent / (found.group(1) or found.group(2))).resolve()
                real = next((named.with_name(named.name + end) for end in ("", ".ts", ".tsx")
                             if named.with_name(named.name + end).is_file()), named)
                yield str(path.relative_to(root)), str(real.relative_to(root))


def faults_of(table, includes):
    arrows, never, known = read_table(table)
    used, met = set(), set()
    for file, target in includes:
        mine, its = place_of(file, arrows), place_of(target, arrows)
        if mine is None or its is None:
            yield f"{file}: {file if mine is None else target} is in no place of arrows.txt"
            continue
        if mine == its:
            continue
        arrow = next((a for a in arrows[mine] if a == target or a == its), None)
        if arrow:
            used.add((mine, arrow))
        elif (file, target) in known:
            met.add((file, target))
        else:
            yield f"{file}: {mine} must not include {target}"
    for place, targets in arrows.items():
        for target in targets:
            if (place, target) not in used:
                yield f"arrows.txt: {place} -> {target} is not used: take it away"
            for above, below in never:
                if place.startswith(above) and target.startswith(below) and not target.startswith(above):
                    yield f"arrows.txt: {place} -> {target} is against: never {above} -> {below}"
    for file, target in sorted(known - met):
        yield f"arrows.txt: known {file} -> {target} is mended: take it away"
    graph = {place: [place_of(target, arrows) or target for target in targets] for place, targets in arrows.items()}
    for group in circle_in(graph):
        yield f"arrows.txt: a circle of {', '.join(group)}"
    files = {}
    for file, target in includes:
        if file.startswith("web-ui/"):
            files.setdefault(file, []).append(target)
    for group in circle_in(files):
        yield f"web-ui/src: {len(group)} files import each other in a circle: {', '.join(group)}"


PROBE = """
never low -> high
known low/odd.cpp -> high/b.hpp
low ->
low/shared -> low
high -> low low/c.hpp
side -> high
web-ui/src ->
"""
PROBE_GOOD = [("high/a.cpp", "low/a.hpp"), ("high/a.cpp", "high/b.hpp"), ("high/x.cpp", "low/c.hpp"), ("side/s.cpp", "high/a.hpp"),
              ("low/odd.cpp", "high/b.hpp"), ("low/shared.hpp", "low/a.hpp")]


def probe_faults():
    """The check itself must be able to fail, for each of its reasons and for no other."""
    def count(table=PROBE, more=(), without=()):
        return len(list(faults_of(table, [i for i in PROBE_GOOD if i not in without] + list(more))))
    # low/c.hpp is covered by the arrow to low, so the narrower arrow is the one that is not used.
    wanted = [
        (count(PROBE.replace(" low/c.hpp", "")), 0, "a tree that keeps the table"),
        (count(PROBE.replace(" low/c.hpp", ""), [("low/a.hpp", "side/s.hpp")]), 1, "an include without an arrow"),
        (count(PROBE.replace(" low/c.hpp", ""), [("far/a.hpp", "low/a.hpp")]), 1, "a file in no place"),
        (count(PROBE), 1, "an arrow that nobody uses"),
        (count(PROBE.replace(" low/c.hpp", ""), without=[("low/odd.cpp", "high/b.hpp")]), 1, "a known line that is mended"),
        (count(PROBE.replace(" low/c.hpp", "").replace("low ->", "low -> side", 1), [("low/a.hpp", "side/s.hpp")]), 1, "a circle"),
        (count(PROBE.replace(" low/c.hpp", "").replace("low/shared -> low", "low/shared -> low high"), [("low/shared.hpp", "high/a.hpp")]), 1, "never"),
        (count(PROBE.replace(" low/c.hpp", ""), [("web-ui/src/a.ts", "web-ui/src/b.ts"), ("web-ui/src/b.ts", "web-ui/src/a.ts")]), 1, "a circle of files"),
    ]
    for found, expected, what in wanted:
        if found != expected:
            yield f"the probe \"{what}\" gave {found} faults, not {expected}"


def main():
    includes = list(includes_of(ROOT))
    faults = list(probe_faults()) + list(faults_of((HERE / "arrows.txt").read_text(encoding="utf-8"), includes))
    if len(includes) < 800:
        faults.append(f"only {len(includes)} includes were found: the reader of this test is wrong")
    close(faults)


if __name__ == "__main__":
    main()
