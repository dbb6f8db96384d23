#!/usr/bin/env python3
"""Says where something that was added is still missing: a built-in module, a verb of the command.

The lists that ARCHITECTURE.md names ("One place for one addition") are compared with the one that decides:
daemon/modules.cpp for modules, the table in daemon/cli/main.cpp for verbs. The test adds one of each to a copy in memory
and expects every place to be named. Reads text; ends with "N passed, N failed".
"""
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "support"))
from faults import close  # noqa: E402

ROOT = Path(__file__).resolve().parents[3]
# For a module: file, and what must stand in it; NAME is the module.
MODULE_PLACES = [
    ("CMakeLists.txt", r"\bhameau_NAME_manifest\b"),
    ("daemon/host/CMakeLists.txt", r"foreach\(name[^)]*\bNAME\b"),
    ("daemon/contract/role_uids.hpp", r'\{"NAME", 62\d{3}\}'),
    ("daemon/contract/state_folders.hpp", r'\{"/NAME", 0\d{3}, "NAME"'),
    ("daemon/settings/schema.cpp", r'Doc\{"NAME", "'),
    ("debian/hameau.sysusers", r"^u hameau-NAME 62\d{3} "),
    ("modules/NAME/manifest.cpp", r"\bNAME_manifest\b"),
    ("modules/NAME/NAME.hpp", r"\bmake_NAME\b"),
    ("modules/NAME/README.md", r"^# NAME$"),
    ("ARCHITECTURE.md", r"\bhameau-NAME\b"),
]
VERB_PLACES = [("debian/man/hameau.1", r'^\.SS "hameau NAME"')]
UIDS = ("daemon/contract/role_uids.hpp", r'\{"(\w+)", (62\d{3})\}'), ("debian/hameau.sysusers", r"^u hameau-(\w+) (62\d{3}) "), \
    ("tests/support/engines.py", r'"(\w+)": (62\d{3})')


def read(path):
    file = ROOT / path
    return file.read_text(encoding="utf-8") if file.exists() else ""


def modules_of(source):
    return re.findall(r"&(\w+)_manifest\b", source)


def verbs_of(source):
    return re.findall(r'Command\{"(\w+)"', source)


def missing(names, places):
    for name in names:
        for path, pattern in places:
            where = path.replace("NAME", name)
            if not re.search(pattern.replace("NAME", re.escape(name)), read(where), re.M):
                yield f"{where}: {name} is missing ({pattern.replace('NAME', name)})"


def uid_faults():
    """A uid is for ever: each list says the same, and none is given twice."""
    lists = [(path, dict(re.findall(pattern, read(path), re.M))) for path, pattern in UIDS]
    first_path, first = lists[0]
    if len(set(first.values())) != len(first):
        yield f"{first_path}: a uid is given twice"
    for path, uids in lists[1:]:
        for role, uid in uids.items():
            if role in first and first[role] != uid:
                yield f"{path}: {role} is {uid}, and {first[role]} in {first_path}"


def main():
    registry, command = read("daemon/modules.cpp"), read("daemon/cli/main.cpp")
    modules, verbs = modules_of(registry), verbs_of(command)
    faults = list(missing(modules, MODULE_PLACES)) + list(missing(verbs, VERB_PLACES)) + list(uid_faults())
    if modules != ["people", "mail", "sites", "pads"] or len(verbs) < 17:
        faults.append(f"the lists were not read: {modules}, {verbs}")
    # One added, and nothing else done: every place is named.
    added = modules_of(registry.replace("&pads_manifest", "&pads_manifest, &library_manifest"))
    named = list(missing([name for name in added if name not in modules], MODULE_PLACES))
    if len(named) != len(MODULE_PLACES):
        faults.append(f"a module that was added in one place only gave {named}")
    if list(missing(["frobnicate"], VERB_PLACES)) == []:
        faults.append("a verb without a page in the manual was not noticed")
    close(faults)


if __name__ == "__main__":
    main()
