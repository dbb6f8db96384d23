#!/usr/bin/env python3
"""`make repo` from outside: a repository made with a fresh key is used by the apt of a bare Debian, and refused when it was changed.

    tests/deb/repo.py [--suite bookworm] [--packages DIR]     (root; the bare Debian of tests/deb/run.sh, packages of `make deb`)
Runs in a network namespace of its own. Standard library alone. Ends with "N passed, N failed".
"""
import argparse
import filecmp
import functools
import http.server
import json
import os
import re
import shutil
import socket
import socketserver
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HOST = "paquets.test"
URL = f"https://{HOST}/hameau"
passed = failed = 0


def run(*words, check=True, **more):
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL, **more)
    if check and done.returncode != 0:
        raise AssertionError(f"{words}: {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-3000:]}")
    return done


def check(name, work):
    global passed, failed
    try:
        said = work()
        passed += 1
        print(f"ok {name}{': ' + str(said) if said else ''}", flush=True)
    except Exception as error:  # noqa: BLE001 - each check is told, whatever it met
        failed += 1
        print(f"FAIL {name}: {type(error).__name__}: {error}", flush=True)


class Builder:
    """Somebody with a key of their own in a GnuPG of their own."""

    def __init__(self, folder, name):
        self.home = folder / name
        self.home.mkdir(mode=0o700)
        self.environment = {**os.environ, "GNUPGHOME": str(self.home)}
        run("gpg", "--batch", "--quiet", "--passphrase", "", "--quick-gen-key", f"{name}@example.org", "ed25519", "sign", "never", env=self.environment)
        said = run("gpg", "--batch", "--with-colons", "--list-keys", env=self.environment).stdout
        self.key = next(line.split(":")[9] for line in said.splitlines() if line.startswith("fpr"))

    def repo(self, out, packages, suite, *more, check=True, key=None, url=URL):
        return run(ROOT / "debian/repo.sh", "--key", key or self.key, "--url", url, "--suite", suite, "--packages", packages, "--out", out, *more,
                   check=check, env=self.environment)

    def end(self):
        run("gpgconf", "--kill", "all", check=False, env=self.environment)


class Quiet(http.server.SimpleHTTPRequestHandler):
    asked = []

    def log_message(self, *_):
        Quiet.asked.append(self.path)


def serve(folder, work):
    """https://paquets.test/hameau/ is `folder`/hameau."""
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", f"/CN={HOST}",
        "-addext", f"subjectAltName=DNS:{HOST}", "-keyout", work / "web.key", "-out", work / "web.pem")
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 443), functools.partial(Quiet, directory=str(folder)))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(work / "web.pem", work / "web.key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()


def same_tree(left, right):
    found = filecmp.dircmp(left, right)
    stack = [found]
    while stack:
        one = stack.pop()
        assert not one.left_only and not one.right_only, (one.left, one.left_only, one.right_only)
        for name in one.common_files:
            assert Path(one.left, name).read_bytes() == Path(one.right, name).read_bytes(), f"{one.left}/{name} differs"
        stack += one.subdirs.values()


class Question:
    """`hameau version --check` of the package's programs: their state, their view of the files of the machine."""

    def __init__(self, work, ring, package):
        run("dpkg-deb", "-x", package, work / "programs")
        self.programs = Path(os.environ.get("HAMEAU_BINARIES", work / "programs/usr/libexec/hameau"))
        self.work, self.state, self.ring = work, work / "house", work / "ring.gpg"
        self.state.mkdir()
        shutil.copy(ring, self.ring)
        work.chmod(0o755)
        for path, text in (("/etc/hosts", f"127.0.0.1 localhost {HOST}\n"), ("/etc/ssl/certs/ca-certificates.crt", (work / "web.pem").read_text())):
            own = work / Path(path).name
            own.write_text(text)
            run("mount", "--bind", own, path)

    def ask(self, *words, repository=URL, ring=None):
        (self.state / "hameau.yaml").write_text("house:\n  host: maison.test\n" + (f"  update_repository: {repository}\n" if repository else ""))
        Quiet.asked.clear()
        return run(self.programs / "hameau", "version", *words, "--state", self.state, check=False, env={**os.environ, "LC_ALL": "en_US.UTF-8"})

    def check(self, **more):
        done = self.ask("--check", "--json", "--keyring", self.ring, **more)
        return json.loads(done.stdout) if done.returncode == 0 else done

    def none_is_asked(self):
        done = self.ask()
        assert done.returncode == 0 and done.stdout.startswith("hameau "), done
        done = self.ask("--check", "--keyring", self.ring, repository="")
        assert done.returncode == 69 and "nobody was asked" in done.stderr and not Quiet.asked, done
        done = self.ask("--check", "--keyring", self.work / "none.gpg")
        assert done.returncode == 69 and "hameau-archive-keyring" in done.stderr and not Quiet.asked, done
        return True

    def newest(self):
        said = self.check()
        assert said["newer"] is False and said["newest"] == said["version"] and said["published"].endswith("UTC"), said
        assert Quiet.asked and all(path.startswith("/hameau/dists/") for path in Quiet.asked), Quiet.asked
        # Somebody else on this machine may ask at the same time: only what stays is left behind.
        left, until = set(Path("/tmp").glob("hameau-version-*")), time.time() + 90
        while left := {folder for folder in left if folder.exists()}:
            assert time.time() < until, left
            time.sleep(0.5)
        plain = self.ask("--check", "--keyring", self.ring)
        assert plain.returncode == 0 and "newest version" in plain.stdout, plain
        return f"{len(Quiet.asked)} questions to one host"

    def newer(self, builder, packages, suite, served):
        folder = self.work / "next"
        folder.mkdir()
        for file in [*packages.glob("hameau_*.deb"), *packages.glob("hameau-web_*.deb")]:
            tree = self.work / "tree"
            run("dpkg-deb", "-R", file, tree)
            control = tree / "DEBIAN/control"
            control.write_text(re.sub(r"^(Version: .*)$", r"\1+next", control.read_text(), flags=re.M))
            run("dpkg-deb", "-Zgzip", "-z1", "-b", tree, folder)
            shutil.rmtree(tree)
        keep = self.work / "kept"
        shutil.copytree(served, keep)
        try:
            builder.repo(served, folder, suite)
            said = self.check()
            assert said["newer"] is True and said["newest"].endswith("+next"), said
            return said["newest"]
        finally:
            shutil.rmtree(served)
            keep.rename(served)

    def another(self, stranger, served):
        ring = self.work / "stranger.gpg"
        with open(ring, "wb") as file:
            subprocess.run(["gpg", "--batch", "--export", stranger.key], env=stranger.environment, stdout=file, check=True)
        done = self.ask("--check", "--keyring", ring)
        assert done.returncode == 69 and "signature" in done.stderr and done.stdout == "", done
        return done.stderr.strip()[:160]

    def silent(self):
        begin = time.time()
        done = self.ask("--check", "--keyring", self.ring, repository=f"https://{HOST}:444/hameau")
        assert done.returncode == 69 and time.time() - begin < 70, done
        with socket.create_server(("127.0.0.1", 445)):  # takes connections, says nothing
            done = self.ask("--check", "--keyring", self.ring, repository=f"https://{HOST}:445/hameau")
        assert done.returncode == 69 and time.time() - begin < 70, done
        return f"{time.time() - begin:.0f} s"


class Machine:
    """A bare Debian on an overlay, with the house's repository as its only source."""

    def __init__(self, cache, suite, work):
        self.root, upper, under = work / "root", work / "upper", work / "under"
        for folder in (self.root, upper, under):
            folder.mkdir()
        run("mount", "-t", "overlay", "overlay", "-o", f"lowerdir={cache}/{suite}.ready,upperdir={upper},workdir={under}", self.root)
        Path(self.root, "etc/hosts").write_text(f"127.0.0.1 localhost {HOST}\n")
        Path(self.root, "etc/apt/sources.list").write_text("")
        for source in Path(self.root, "etc/apt/sources.list.d").glob("*"):
            source.unlink()
        shutil.copy(work / "web.pem", self.root / "etc/ca.pem")
        Path(self.root, "etc/apt/apt.conf.d/90test").write_text('Acquire::https::CaInfo "/etc/ca.pem";\nAcquire::Retries "0";\n')
        shutil.rmtree(self.root / "var/lib/apt/lists", ignore_errors=True)
        (self.root / "var/lib/apt/lists/partial").mkdir(parents=True)

    def __call__(self, *words, check=True):
        return run("chroot", self.root, *words, check=check, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"})

    def update(self):
        """apt's verdict; what it kept from before counts as a failure."""
        return self("apt-get", "update", "--error-on=any", check=False)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--suite", default="bookworm")
    parser.add_argument("--packages", default=str(ROOT / "build/packages"))
    options = parser.parse_args()
    cache = os.environ.get("HAMEAU_DEB_CACHE", "/var/cache/hameau-deb")
    if os.geteuid() != 0 or not Path(cache, f"{options.suite}.ready").is_dir():
        print("tests/deb/repo.py needs root, and the bare Debian that tests/deb/run.sh makes", file=sys.stderr)
        sys.exit(77)
    if "HAMEAU_REPO_TEST" not in os.environ:
        os.environ["HAMEAU_REPO_TEST"] = "1"
        os.execvp("unshare", ["unshare", "-n", "-m", "sh", "-c", 'ip link set lo up; exec "$@"', "sh", sys.executable, *sys.argv])
    work = Path(tempfile.mkdtemp(prefix="hameau-repo-", dir="/var/tmp"))
    builders = []
    try:
        trials(work, cache, options, builders)
    finally:
        for builder in builders:
            builder.end()
        run("umount", work / "root", check=False)
        shutil.rmtree(work, ignore_errors=True)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


def trials(work, cache, options, builders):
    suite, packages = options.suite, Path(options.packages)
    builder, stranger = Builder(work, "builder"), Builder(work, "stranger")
    builders += [builder, stranger]
    web = work / "web"
    web.mkdir()
    served = web / "hameau"

    def made():
        builder.repo(served, packages, suite)
        secret = [str(file) for file in served.rglob("*") if file.is_file() and ("private" in file.name or b"PRIVATE" in file.read_bytes()[:200])]
        assert not secret, secret
        return f"{sum(file.stat().st_size for file in served.rglob('*') if file.is_file()) // 1024} KiB"

    def reproducible():
        builder.repo(work / "again", packages, suite)
        same_tree(served, work / "again")
        builder.repo(served, packages, suite)  # over itself
        same_tree(served, work / "again")

    def refused():
        before = sorted(str(file) for file in served.rglob("*"))
        changed = work / "changed"
        changed.mkdir(exist_ok=True)
        for file in packages.glob("hameau*.deb"):
            (changed / file.name).write_bytes(file.read_bytes() + b"x" * file.name.startswith("hameau_"))
        for what, words in (("other content, same version", {"packages": changed}), ("no such key", {"key": "0" * 40}), ("no https", {"url": "http://x.test"}),
                            ("no packages", {"packages": work})):
            arguments = {"packages": packages, **words}
            done = builder.repo(served, arguments.pop("packages"), suite, check=False, **arguments)
            assert done.returncode != 0 and "make repo: " in done.stderr, (what, done)
            assert not Path(f"{served}.part").exists(), what
        assert before == sorted(str(file) for file in served.rglob("*")), "the repository of before was touched"

    def a_later_date():
        """Packages of a second machine come to the same version: apt asks with the date of what it has, and a web server answers by the file's."""
        out, both = work / "dates", work / "both"
        shutil.copytree(packages, both)
        tree = work / "arm64"
        run("dpkg-deb", "-R", next(packages.glob("hameau_*_amd64.deb")), tree)
        control = tree / "DEBIAN/control"
        control.write_text(control.read_text().replace("Architecture: amd64", "Architecture: arm64"))
        run("dpkg-deb", "--root-owner-group", "-Zgzip", "-z1", "-b", tree, both)
        dates = []
        for folder in (packages, packages, both, both):
            builder.repo(out, folder, suite)
            release = out / f"dists/{suite}/InRelease"
            dates.append((next(line for line in release.read_text().splitlines() if line.startswith("Date: ")), release.stat().st_mtime))
        assert dates[0] == dates[1] and dates[1][1] < dates[2][1] and dates[1][0] != dates[2][0] and dates[2] == dates[3], dates

    def cut():
        """A power cut between the two renames of a publication, and a publication by another key beside a suite that stays."""
        out = work / "cut"
        builder.repo(out, packages, "trixie")
        builder.repo(out, packages, suite if suite != "trixie" else "bookworm")
        whole = sorted(str(file.relative_to(out)) for file in out.rglob("*"))
        out.rename(f"{out}.before")
        builder.repo(out, packages, suite if suite != "trixie" else "bookworm")
        assert whole == sorted(str(file.relative_to(out)) for file in out.rglob("*")) and not Path(f"{out}.before").exists()
        changed = work / "stranger-packages"
        shutil.copytree(packages, changed)
        shutil.rmtree(out / "pool/trixie")  # its keyring package has the other key under the same version
        stranger.repo(out, changed, "trixie")
        for signed in out.glob("dists/*/InRelease"):
            run("gpgv", "--keyring", out / "hameau-archive-keyring.gpg", signed)

    check("make repo makes it", made)
    check("twice the same bytes, signatures too", reproducible)
    check("what is wrong is said, and nothing changes", refused)
    check("a list that changed has a later date", a_later_date)
    check("a publication that was cut, and one by another key, lose no suite", cut)
    serve(web, work)
    machine = Machine(cache, suite, work)

    def keyring():
        ring = next(served.glob("pool/*/hameau-archive-keyring_*_all.deb"))
        shutil.copy(ring, machine.root / "tmp/ring.deb")
        machine("dpkg", "-i", "/tmp/ring.deb")
        done = machine.update()
        assert done.returncode == 0, done

    def offered():
        said = machine("apt-cache", "policy", "hameau").stdout
        version = run("dpkg-deb", "-f", next(packages.glob("hameau_*.deb")), "Version").stdout.strip()
        assert f"Candidate: {version}" in said and "release o=Hameau" in machine("apt-cache", "policy").stdout, said
        machine("sh", "-c", "cd /tmp && apt-get download hameau hameau-web")
        for file in [*packages.glob("hameau_*.deb"), *packages.glob("hameau-web_*.deb")]:
            assert (machine.root / "tmp" / file.name).read_bytes() == file.read_bytes(), file.name
        return version

    def damaged(what, change, mend=None):
        keep = work / "keep"
        shutil.rmtree(keep, ignore_errors=True)
        shutil.copytree(served, keep)
        change()
        try:
            shutil.rmtree(machine.root / "var/lib/apt/lists")
            (machine.root / "var/lib/apt/lists/partial").mkdir(parents=True)
            done = machine.update()
            assert done.returncode != 0, (what, done.stdout)
            assert "Candidate" not in machine("apt-cache", "policy", "hameau", check=False).stdout, what
        finally:
            shutil.rmtree(served)
            keep.rename(served)

    def a_byte_of_the_list():
        for file in served.glob("dists/*/main/binary-*/Packages*"):
            data = bytearray(file.read_bytes())
            data[len(data) // 2] ^= 1
            file.write_bytes(data)

    def a_line_of_the_release():
        for name in ("InRelease", "Release"):
            file = next(served.glob(f"dists/*/{name}"))
            file.write_text(file.read_text().replace("Label: Hameau", "Label: Hamlet"))

    def signed_by_another():
        other = work / "other"
        stranger.repo(other, packages, suite)
        shutil.rmtree(served / "dists")
        shutil.copytree(other / "dists", served / "dists")

    def a_question():
        nonlocal question
        question = Question(work, served / "hameau-archive-keyring.gpg", next(packages.glob("hameau_*.deb")))

    question = None
    check("hameau version says its version, and asks nobody", lambda: (a_question(), question.none_is_asked()) and None)
    check("hameau version --check: the newest", lambda: question.newest())
    check("hameau version --check: a newer one", lambda: question.newer(builder, packages, suite, served))
    check("hameau version --check: another's signature counts for nothing", lambda: question.another(stranger, served))
    check("hameau version --check: who does not answer is given up", lambda: question.silent())
    check("apt takes it, with the keyring package alone", keyring)
    check("apt offers and fetches our packages", offered)
    check("a list that was changed is refused", lambda: damaged("list", a_byte_of_the_list))
    check("a release that was changed is refused", lambda: damaged("release", a_line_of_the_release))
    check("another's signature is refused", lambda: damaged("stranger", signed_by_another))
    check("and the right one is taken again", keyring)


if __name__ == "__main__":
    main()
