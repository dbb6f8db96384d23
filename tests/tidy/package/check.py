#!/usr/bin/env python3
"""Says where debian/ does not fit the sources. It builds and installs nothing: tests/deb does.

Programs that CMake makes and debian/rules does not install, programs of others that ours start and that no dependency brings,
accounts that the supervisor uses and no sysusers line makes, exit codes after which systemd must not start hameaud again, names
of files in debian/ that do not exist. Each rule is also tried on a text in which its fault was put. Ends with "N passed, N failed".
"""
import fnmatch
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "support"))
from faults import close  # noqa: E402

ROOT = Path(__file__).resolve().parents[3]
CODE = ("daemon", "modules", "provisioning")
# Which Debian package brings what the sources name. A path or a word that is new in the sources belongs in here.
BROUGHT_BY = {
    "/usr/sbin/dovecot": "dovecot-core", "/usr/bin/doveconf": "dovecot-core", "/usr/bin/sievec": "dovecot-sieve",
    "/usr/sbin/postfix": "postfix", "/usr/sbin/postconf": "postfix", "/usr/sbin/postqueue": "postfix", "/usr/sbin/postsuper": "postfix",
    "/usr/lib/postfix/sbin/master": "postfix", "/usr/bin/uacme": "uacme", "/usr/bin/bogofilter-sqlite": "bogofilter-sqlite",
    "sqlite of Postfix": "postfix-sqlite", "sqlite of Dovecot": "dovecot-sqlite",
    "/usr/bin/restic": "restic", "/usr/bin/ssh": "openssh-client", "/usr/bin/ssh-keygen": "openssh-client",
    # Of every Debian: a package cannot be installed without them, and a dependency on them would be a fault of its own (lintian).
    "/usr/bin/apt-get": None, "/usr/bin/apt-cache": None, "/usr/bin/dpkg": None, "/usr/bin/dpkg-query": None,
    "imap": "dovecot-imapd", "lmtp": "dovecot-lmtpd", "sieve": "dovecot-managesieved",
}
# What the house does without, and says so: in Recommends.
RECOMMENDED = {"restic", "openssh-client"}
# The words of the configurations that the provisioning writes.
ENGINE_WORDS = (("postfix", r"\bsqlite:", "sqlite of Postfix"), ("dovecot", r"\bdriver = sqlite\b", "sqlite of Dovecot"))


def files(pattern):
    return [file for folder in CODE for file in sorted((ROOT / folder).rglob(pattern)) if "node_modules" not in file.parts]


def text_of(some):
    return "\n".join(file.read_text(encoding="utf-8", errors="replace") for file in some)


def read(path):
    return (ROOT / path).read_text(encoding="utf-8")


def programs(cmake):
    """"hameau-${name}" is a program of each module; the pattern hameau-* stands for it."""
    return {re.sub(r"\$\{\w+\}", "x", name) for name in re.findall(r"\bhameau_program\((\S+)", cmake)}


def not_installed(cmake, rules):
    # `ls -d $(BUILT)/hameau-*` and the names that are written out.
    installed = re.findall(r"\$\(BUILT\)/(hameau[\w*-]*)", rules)
    return [f"debian/rules does not install {name}" for name in sorted(programs(cmake)) if not any(fnmatch.fnmatch(name, one) for one in installed)]


def needed(code, engines):
    """What ours start by its path, and the parts that the configurations of the engines name."""
    found = set(re.findall(r'"(/usr/(?:s?bin|lib)/[a-z0-9/._-]+)"', code))
    for folder, pattern, word in ENGINE_WORDS:
        if re.search(pattern, engines[folder]):
            found.add(word)
    for line in re.findall(r"^protocols = (.+)$", engines["dovecot"], re.M):
        found |= set(line.split())
    return found


def not_brought(wanted, control):
    def named(field):
        found = re.search(rf"^Package: hameau\n(?:.+\n)*?{field}:((?:.+\n)(?:[ \t].+\n)*)", control, re.M).group(1)
        return set(re.findall(r"[a-z0-9][a-z0-9.+-]+", found))
    for what in sorted(wanted):
        package = BROUGHT_BY.get(what)
        if what in BROUGHT_BY and package is None:
            continue
        if package is None:
            yield f"tests/tidy/package: which package brings {what}?"
        elif package not in named(field := "Recommends" if package in RECOMMENDED else "Depends"):
            yield f"debian/control: {field} of hameau lacks {package}, for {what}"


def without_account(contract, sysusers):
    made = dict(re.findall(r"^u hameau-(\w+) (\d+) ", sysusers, re.M))
    for role, uid in re.findall(r'\{"(\w+)", (\d+)\}', contract):
        if made.get(role) != uid:
            yield f"debian/hameau.sysusers: hameau-{role} {uid} is missing"
    group = re.search(r"internal_gid = (\d+)", contract).group(1)
    if f"g hameau-internal {group}\n" not in sysusers:
        yield f"debian/hameau.sysusers: the group hameau-internal {group} is missing"


def started_again(main, child, unit):
    kept = set(re.search(r"^RestartPreventExitStatus=(.*)$", unit, re.M).group(1).split())
    for text, name in ((main, "exit_usage"), (main, "exit_configuration"), (child, "exit_state_refused")):
        code = re.search(rf"\b{name} = (\d+)", text).group(1)
        if code not in kept:
            yield f"debian/hameau.service: systemd would start hameaud again after {name} ({code})"


def not_there(lists):
    for path, names in lists.items():
        for name in names.split():
            if not (ROOT / name).exists():
                yield f"{path}: {name} does not exist"


def not_of_this_version(cmake, changelog, news, changes, fixtures):
    """One version: of the programs, of the package, of the notes that the admins read. Each released version left its state."""
    version = re.search(r"^project\(hameau VERSION ([0-9.]+)", cmake, re.M).group(1)
    for path, found in (("debian/changelog", re.search(r"^hameau \(([0-9.]+)", changelog).group(1)),
                        ("web-ui/src/portal/pages/news.tsx", re.search(r"releases = \['([0-9.]+)'", news).group(1)),
                        ("CHANGELOG.md", re.search(r"^## ([0-9.]+)", changes, re.M).group(1))):
        if found != version:
            yield f"{path}: {found} is the newest, the programs are {version}"
    for released, open_ in re.findall(r"^## ([0-9.]+)( \(not released\))?$", changes, re.M):
        if not open_ and released not in fixtures:
            yield f"tests/fixtures/state: {released} was released and left no state (README there)"


def main():
    cmake, rules, control = text_of(files("CMakeLists.txt")), read("debian/rules"), read("debian/control")
    code = text_of(files("*.cpp") + files("*.hpp"))
    engines = {name: text_of(sorted((ROOT / "provisioning").glob(f"{name}*.cpp"))) for name in ("postfix", "dovecot")}
    contract, sysusers = read("daemon/contract/role_uids.hpp") + read("daemon/supervisor/contract.hpp"), read("debian/hameau.sysusers")
    ends = read("daemon/supervisor/main.cpp"), read("daemon/child/child.hpp"), read("debian/hameau.service")
    lists = {path: read(path) for path in ("debian/hameau.docs", "debian/hameau.examples", "debian/hameau.manpages")}
    wanted = needed(code, engines)
    faults = not_installed(cmake, rules) + list(not_brought(wanted, control)) + list(without_account(contract, sysusers)) + \
        list(started_again(*ends)) + list(not_there(lists))
    versions = [read("CMakeLists.txt"), read("debian/changelog"), read("web-ui/src/portal/pages/news.tsx"), read("CHANGELOG.md"),
                {folder.name for folder in (ROOT / "tests/fixtures/state").iterdir()}]
    faults += not_of_this_version(*versions)
    if set(BROUGHT_BY) - wanted:
        faults.append(f"the sources were not read, or this list is old: {sorted(set(BROUGHT_BY) - wanted)}")
    if len(programs(cmake)) < 12:
        faults.append(f"the programs were not read: {sorted(programs(cmake))}")
    # Each rule on a text with its fault.
    broken = {
        "a program": not_installed(cmake + "\nhameau_program(letterbox main.cpp)", rules),
        "a dependency": list(not_brought(wanted, control.replace(" uacme", ""))),
        "a recommendation": list(not_brought({"/usr/bin/restic"}, control.replace("restic,", ""))),
        "a path": list(not_brought(wanted | {"/usr/bin/borg"}, control)),
        "an account": list(without_account(contract, sysusers.replace("u hameau-milter", "u hameau-miller"))),
        "an exit code": list(started_again(*ends[:2], ends[2].replace(" 79", ""))),
        "a version": list(not_of_this_version(versions[0], "hameau (9.9.9) unstable", *versions[2:])),
        "a release without its state": list(not_of_this_version(*versions[:3], versions[3].replace(" (not released)", "", 1), set())),
        "a file": list(not_there({"debian/hameau.docs": "README.md no-such-file"})),
    }
    faults += [f"{what} that is wrong gave {found}" for what, found in broken.items() if len(found) != 1]
    close(faults)


if __name__ == "__main__":
    main()
