#!/usr/bin/env python3
"""Every bound of a resource (bytes, counts, times, processes, descriptors) is named in its program's limits.hpp, with a reason.

Reads daemon/, modules/ and provisioning/. A fault is
 - a numeric constant whose name is that of a bound (`_max`, `_bytes`, `_deadline`, ...) outside a limits.hpp,
 - a length of time, an rlimit or a timeout of a socket that is written as a number where it is used,
 - a number in a template of the mail engines that bounds them,
 - a constant of a limits.hpp without a comment above it (one comment may stand above a few lines).
figures.txt beside this file lists the constants that are figures of a format or a protocol, not bounds: `FILE NAME`, and why.
"""
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "support"))
from faults import close  # noqa: E402

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
NUMBER = r"(?:std::)?(?:u?int(?:8|16|32|64)_t|size_t|chrono::\w+)|(?:hameau::)?Duration|unsigned(?: long)*(?: int)?|int|long(?: long)?|timeval|off_t|rlim_t"
CONSTANT = re.compile(r"^\s*(?:static\s+)?(?:inline\s+)?(?:static\s+)?constexpr\s+(" + NUMBER + r")\s+(\w+)\s*[={]")
BOUND = re.compile(r"(^|_)(max|min|most|bytes|seconds|days|deadline|limit|wait|pause|interval|every|after|patience|timeout|attempts|tries|naps?|"
                   r"ms|s|again|kept|life|default|shown|nice|at_once|per_\w+)(_default|_dns)?$|_(max|min|every)_|^naps?_|^(tries|soon)$")
WRITTEN = re.compile(r"(?:std::chrono::(?:milliseconds|seconds|minutes|hours)|\bDuration)[({](?:std::chrono::\w+[({])?(?![01]\b)\d|\b(?:timeval|rlimit)\s+\w+\{\d|"
                     r"\bRLIMIT_\w+,\s*[1-9]")
ENGINE = re.compile(r"\b\w*(?:limit|max|connections|count|size|length|redirects|timeout|storage)\w*\s*=\s*(?:[2-9]|\d\d)\d*")


def figures():
    rows = (line.split(None, 2) for line in (HERE / "figures.txt").read_text(encoding="utf-8").splitlines() if line and not line.startswith("#"))
    return {(file, name): why for file, name, why in rows}


def faults_of_source(file, text):
    """(name or None, sentence) of each bound that is written in this file. The settings' defaults stand in manifests."""
    for number, line in enumerate(text.splitlines(), 1):
        code = re.sub(r"//.*", "", line)
        constant = CONSTANT.match(code)
        if constant and BOUND.search(constant.group(2)):
            yield constant.group(2), f"{file}:{number}: {constant.group(2)} belongs into the limits.hpp of its program, with its reason"
        elif WRITTEN.search(code) and "idle_stop" not in code:
            yield None, f"{file}:{number}: this number bounds something: give it a name in the limits.hpp of its program"
        if re.match(r"provisioning/(dovecot|postfix)", file) and ENGINE.search(code) and "_version" not in code:
            yield None, f"{file}:{number}: this number bounds an engine: its name and reason go into provisioning/limits.hpp"


def faults_of_header(file, text):
    explained = False
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            explained = False
        elif line.lstrip().startswith("//") or "//" in line:
            explained = True
        if "constexpr" in line and not explained:
            yield f"{file}:{number}: a limit without its reason"


def probe_faults():
    """The check itself must be able to fail."""
    source = "constexpr std::size_t line_bytes_max = 5;\nconst auto a = std::chrono::seconds(5);\nconst timeval t{3, 0};\nlimit(RLIMIT_NOFILE, 64);\n" \
             "    static constexpr int naps_after_stop = 2;\nconstexpr int exit_usage = 64;\nconst auto b = Duration(0);\n"
    if len(list(faults_of_source("daemon/probe.cpp", source))) != 5:
        yield "the probe of a source did not find its five bounds"
    if len(list(faults_of_source("provisioning/postfix.cpp", "a_process_limit = 40\nclient_limit = 1\nb_limit = {name}\n"))) != 1:
        yield "the probe of a template did not find its bound"
    if len(list(faults_of_header("daemon/limits.hpp", "/// Why.\nconstexpr int a = 1;\n\nconstexpr int b = 2;\n"))) != 1:
        yield "the probe of a header did not find the limit without a reason"


def main():
    faults, known, used, counted = list(probe_faults()), figures(), set(), 0
    for path in sorted(path for folder in ("daemon", "modules", "provisioning") for path in (ROOT / folder).glob("**/*.[ch]pp")):
        file, text = str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")
        if path.name == "limits.hpp":
            counted += text.count("constexpr")
            faults += faults_of_header(file, text)
            continue
        for name, fault in faults_of_source(file, text):
            if (file, name) in known:
                used.add((file, name))
            else:
                faults.append(fault)
    faults += [f"figures.txt: {file} {name} is not there any more: take the line away" for file, name in sorted(known.keys() - used)]
    if counted < 500:
        faults.append(f"only {counted} limits were found: the reader of this test is wrong")
    close(faults, f" ({counted} limits, {len(known)} figures of formats)")


if __name__ == "__main__":
    main()
