"""What stands in the logs after every call of openapi.yaml was made with marked secrets."""
import re
from pathlib import Path

from gate_house import cookie_of, marie, start
from house import ROOT

MARK = "MARKEDSECRET7XQ"
METHODS = ("get", "put", "post", "patch", "delete")


def operations():
    """(method, path, names of the body's properties) of each operation, in the order of the file."""
    found, path, method, names = [], None, None, []
    for line in (ROOT / "config" / "openapi.yaml").read_text().splitlines():
        if line.startswith("components:"):
            break
        if match := re.match(r"  (/\S+):$", line):
            path = match.group(1)
        elif path and (match := re.match(r"    (\w+):$", line)) and match.group(1) in METHODS:
            names = []
            found.append((match.group(1).upper(), path, names))
        elif path and (match := re.match(r" {16,}(\w+):$", line)):
            names.append(match.group(1))
    return found


def secrets(path):
    """The path with a marked secret for each parameter; the association is the real one, so that the call gets far."""
    return re.sub(r"\{(\w+)\}", lambda name: "amis" if name.group(1) in ("slug", "association") else f"{MARK}-{name.group(1)}", path)


def walk(visitors, wanted):
    for method, path, names in operations():
        if not wanted(path):
            continue
        body = {name: f"{MARK}-{name}-words" for name in names} or None
        for visitor in visitors:
            try:
                visitor.call(method, secrets(path) + f"?key={MARK}-key&token={MARK}-token", body if method != "GET" else None,
                             headers={"X-Secret": MARK, "Referer": f"https://localhost/{MARK}"})
            except OSError as problem:
                raise AssertionError(f"{method} {path}: {problem!r}") from problem


def test_logs_hold_no_secret():
    broken = start([], 600, None)
    try:
        assert len(operations()) > 60, "openapi.yaml was not understood"
        member, nobody = marie(broken), broken.visitor()
        walk([nobody, member], lambda path: path not in ("/api/v1/session", "/api/v1/me/sign-out-everywhere"))
        walk([broken.visitor()], lambda path: True)
        logs = {file.name: file.read_text(errors="replace") for file in Path(broken.state, "log").iterdir()}
        found = [f"{name}: {line}" for name, text in logs.items() for line in text.splitlines()
                 if MARK.lower() in line.lower() or cookie_of(member).split("=", 1)[1].strip() in line]
        assert not found, "\n".join(found[:10])
    finally:
        broken.stop()
        broken.remove()
