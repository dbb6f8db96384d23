#!/usr/bin/env python3
"""Source rules that no compiler checks.

1. g++ 12 coroutines: in a statement that contains co_await there is no `{`, `[` or `?` (cpp-conventions.md).
2. Files stay at or below 600 lines, and open with a comment that says their role.
3. No outside address in shipped web sources.
4. Coroutines that nobody waits for are started by spawn() of daemon/base/spawn.hpp: asio::detached swallows exceptions.
"""
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
LINES_MAX = 600
failures = []
checked = 0


def strip(text):
    """Comments and literals blanked, so that their characters do not count."""
    pattern = re.compile(r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', re.S)
    return pattern.sub(lambda m: re.sub(r"[^\n]", " ", m.group(0)), text)


def statement_around(text, at):
    start = max(text.rfind(c, 0, at) for c in ";{}") + 1
    end = at
    depth = 0
    while end < len(text):
        c = text[end]
        if c == "(":
            depth += 1
        elif c == ")":
            depth -= 1
            if depth < 0:
                break  # co_await inside the parentheses of if/while/for
        elif c == ";" and depth <= 0:
            break
        end += 1
    return start, text[start:end]


for path in sorted(ROOT.glob("**/*.[ch]pp")):
    relative = path.relative_to(ROOT)
    if relative.parts[0] in ("build", "node_modules"):
        continue
    checked += 1
    source = path.read_text()
    lines = source.count("\n")
    if lines > LINES_MAX:
        failures.append(f"{relative}: {lines} lines (at most {LINES_MAX})")
    if not source.startswith("//"):
        failures.append(f"{relative}:1: opens without a line that says its role")
    text = strip(source)
    if relative.parts[0] in ("daemon", "modules", "provisioning") and relative.as_posix() != "daemon/base/spawn.hpp":
        for found in re.finditer(r"\bco_spawn\b|\bdetached\b", source):
            line = source.count("\n", 0, found.start()) + 1
            failures.append(f"{relative}:{line}: {found.group(0)}: use spawn() of daemon/base/spawn.hpp")
    for found in re.finditer(r"\bco_await\b", text):
        start, statement = statement_around(text, found.start())
        line = text.count("\n", 0, found.start()) + 1
        # A structured binding or a lambda head before the awaited expression is what the rule is about, too.
        if re.search(r"[{\[?]", statement):
            failures.append(f"{relative}:{line}: co_await in an expression with one of {{ [ ?: {' '.join(statement.split())[:100]}")

for path in sorted(ROOT.glob("web-ui/src/**/*")):
    if path.suffix in (".ts", ".tsx", ".css", ".html"):
        checked += 1
        for number, line in enumerate(path.read_text().splitlines(), 1):
            for address in re.findall(r"https?://[^\s\"'`<>)]+", line):
                if not re.match(r"https?://(localhost|127\.0\.0\.1|www\.w3\.org|\$\{|[\w.-]*example)", address):
                    failures.append(f"{path.relative_to(ROOT)}:{number}: outside address {address}")

for failure in failures:
    print(failure)
print(f"{checked - len(set(f.split(':')[0] for f in failures))} passed, {len(failures)} failed")
sys.exit(1 if failures else 0)
