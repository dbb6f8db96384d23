#!/usr/bin/env python3
"""hameau-unpack from outside: archives made here, the report lines and the staged files compared.

Usage: unpack_test.py PATH-OF-hameau-unpack
"""
import gzip
import hashlib
import io
import os
import shutil
import stat
import subprocess
import sys
import tarfile
import tempfile
import unicodedata
import urllib.parse
import zipfile
from pathlib import Path

PROGRAM = sys.argv.pop(1)
MIB = 1 << 20
PAGE = '<!doctype html><html lang="fr"><title>Accueil</title><p>Bonjour</p></html>'


class Outcome:
    def __init__(self, data, limit):
        self.folder = tempfile.mkdtemp(prefix="unpack-test-")
        folder_fd = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            done = subprocess.run([PROGRAM, "unpack", str(limit)], input=data, capture_output=True, timeout=120,
                                  pass_fds=(3,), preexec_fn=lambda: os.dup2(folder_fd, 3), env={})
        finally:
            os.close(folder_fd)
        self.code, self.errors = done.returncode, done.stderr.decode()
        self.lines = [[urllib.parse.unquote(f, errors="strict") for f in line.split("\t")]
                      for line in done.stdout.decode().splitlines()]
        self.names = os.listdir(self.folder)

    def of(self, kind):
        return [line[1:] for line in self.lines if line[0] == kind]

    @property
    def files(self):
        return {line[0]: line for line in self.of("file")}

    @property
    def refusals(self):
        return [(line[0], line[1]) for line in self.of("refusal")]

    @property
    def warnings(self):
        return [tuple(line) for line in self.of("warning")]

    def variants(self, path):
        return {v.split(":")[0]: v.split(":") for v in self.files[path][3:]}

    def blob(self, path, encoding="identity"):
        _, size, digest = self.variants(path)[encoding]
        content = Path(self.folder, digest).read_bytes()
        assert len(content) == int(size)
        assert hashlib.blake2b(content, digest_size=32).hexdigest() == digest
        return content


outcomes = []


def unpack(data, limit=64 * MIB):
    outcome = Outcome(data, limit)
    outcomes.append(outcome)
    return outcome


def zipped(files, compression=zipfile.ZIP_DEFLATED):
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", compression) as archive:
        for name, content in files.items() if isinstance(files, dict) else files:
            info = name if isinstance(name, zipfile.ZipInfo) else zipfile.ZipInfo(name, (2024, 3, 12, 14, 5, 0))
            info.compress_type = compression
            archive.writestr(info, content)
    return memory.getvalue()


def tarred(files, mode="w:gz", form=tarfile.PAX_FORMAT):
    memory = io.BytesIO()
    with tarfile.open(fileobj=memory, mode=mode, format=form) as archive:
        for name, content in files.items() if isinstance(files, dict) else files:
            if isinstance(name, tarfile.TarInfo):
                archive.addfile(name)
                continue
            info = tarfile.TarInfo(name)
            content = content.encode() if isinstance(content, str) else content
            info.size, info.mtime = len(content), 1700000000
            archive.addfile(info, io.BytesIO(content))
    return memory.getvalue()


def ok(outcome):
    assert outcome.code == 0 and outcome.lines[-1][0] == "done", (outcome.code, outcome.lines[-3:], outcome.errors)
    assert "part" not in outcome.names and "archive" not in outcome.names
    return outcome


def refused(outcome, *codes):
    assert outcome.code == 0 and outcome.lines[-1][0] == "refused", (outcome.code, outcome.lines[-3:], outcome.errors)
    assert not outcome.files
    found = [code for code, _ in outcome.refusals]
    assert sorted(found) == sorted(codes), outcome.refusals
    return outcome


def special(name, kind, target=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def test_zip():
    done = ok(unpack(zipped({"index.html": PAGE, "style.css": "a{}" * 400, "img/a.png": b"\x89PNG" + os.urandom(50)})))
    assert sorted(done.files) == ["img/a.png", "index.html", "style.css"]
    assert done.files["index.html"][1] == "text/html; charset=utf-8"
    assert done.files["style.css"][1] == "text/css; charset=utf-8"
    assert done.files["img/a.png"][1] == "image/png"
    assert done.files["index.html"][2] == "1710252300000", done.files["index.html"]
    assert done.blob("index.html") == PAGE.encode()
    assert set(done.variants("style.css")) == {"identity", "br", "gzip"}
    assert gzip.decompress(done.blob("style.css", "gzip")) == b"a{}" * 400
    assert set(done.variants("img/a.png")) == {"identity"}
    assert done.of("done") == [["3", str(len(PAGE) + 1200 + 54), "1"]]
    assert not done.warnings, done.warnings


def test_tar_forms():
    files = {"./index.html": PAGE, "./page/index.html": PAGE}
    expected = None
    plain = tarred(files, "w")
    packed = [plain, tarred(files, "w:gz"), tarred(files, "w", tarfile.USTAR_FORMAT), tarred(files, "w:gz", tarfile.GNU_FORMAT)]
    if shutil.which("zstd"):
        packed.append(subprocess.run(["zstd", "-q", "-c"], input=plain, capture_output=True, check=True).stdout)
    for data in packed:
        done = ok(unpack(data))
        expected = expected or done.lines
        assert done.lines == expected
    assert sorted(done.files) == ["index.html", "page/index.html"]


def test_links_and_devices():
    refused(unpack(tarred([("index.html", PAGE), (special("a", tarfile.SYMTYPE, "/etc/passwd"), None),
                           (special("b", tarfile.LNKTYPE, "index.html"), None), (special("c", tarfile.CHRTYPE), None),
                           (special("d", tarfile.FIFOTYPE), None), (special("e", tarfile.BLKTYPE), None)])),
            "symbolic_link", "hard_link", "device", "device", "device")
    link = zipfile.ZipInfo("link")
    link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    refused(unpack(zipped([("index.html", PAGE), (link, "../../etc/passwd")])), "symbolic_link")


def test_names():
    cases = {"/etc/passwd": "absolute_name", "../up": "parent_name", "a/../../up": "parent_name", "a/..": "parent_name",
             "back\\slash": "backslash_name", "C:/x": "absolute_name", "x" * 1100: "name_too_long",
             "/".join(["d"] * 33): "too_deep", "new\nline": "bad_name"}
    for name, code in cases.items():
        for data in (tarred([("index.html", PAGE), (name, "x")]), zipped([("index.html", PAGE), (name, "x")])):
            try:
                refused(unpack(data), code)
            except AssertionError as wrong:
                raise AssertionError(f"{name[:20]!r}: {wrong}")
    every = refused(unpack(tarred([(n, "x") for n in cases])), *cases.values())
    assert ("parent_name", "a/../../up") in every.refusals
    # A Windows archive's backslashes are its slashes: they lead nowhere either.
    info = zipfile.ZipInfo("x")
    info.filename, info.create_system = "..\\..\\up", 0
    refused(unpack(zipped([("index.html", PAGE), (info, "x")])), "parent_name")


def test_double_names():
    refused(unpack(tarred([("index.html", PAGE), ("a.txt", "1"), ("a.txt", "2")])), "double_name")
    refused(unpack(tarred([("index.html", PAGE), ("a.txt", "1"), ("./a.txt", "2")])), "double_name")
    nfd, nfc = unicodedata.normalize("NFD", "café.txt"), "café.txt"
    refused(unpack(zipped([("index.html", PAGE), (nfc, "1"), (nfd, "2")])), "double_name")
    ok(unpack(zipped([("index.html", PAGE), ("a.txt", "1"), ("A.txt", "2")])))


def test_unicode_names():
    done = ok(unpack(zipped([("index.html", PAGE), (unicodedata.normalize("NFD", "été/café.html"), PAGE)])))
    assert "été/café.html" in done.files
    done = ok(unpack(tarred([("index.html", PAGE), ("☃.txt", "x")])))
    assert "☃.txt" in done.files
    # An archive of an old Windows: no UTF-8 flag, code page 850.
    info = zipfile.ZipInfo("caf@.txt")
    data = zipped([("index.html", PAGE), (info, "x")]).replace(b"caf@", b"caf\x82")
    done = ok(unpack(data))
    assert "café.txt" in done.files, done.lines
    assert ("name_guessed", "café.txt", "") in done.warnings


def test_bombs():
    refused(unpack(zipped({"index.html": PAGE, "zero": bytes(30 * MIB)})), "bomb")
    refused(unpack(tarred({"index.html": PAGE, "zero": bytes(30 * MIB)})), "bomb")
    # Under 10 MiB any ratio is fine: a repetitive small file is no attack.
    ok(unpack(tarred({"index.html": PAGE, "zero": bytes(9 * MIB)})))
    # A sparse file is as large as it says.
    if shutil.which("tar"):
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "hole"), "wb") as file:
                file.truncate(1 << 40)
            data = subprocess.run(["tar", "-C", folder, "-cSf", "-", "hole"], capture_output=True, check=True).stdout
        refused(unpack(data), "bomb")


def test_quota():
    refused(unpack(tarred({"index.html": PAGE, "big": os.urandom(3 * MIB)}, "w"), limit=2 * MIB), "over_quota")
    refused(unpack(zipped({"index.html": PAGE, "big": os.urandom(3 * MIB)}), limit=2 * MIB), "over_quota")


def test_many_files():
    refused(unpack(tarred([(f"f{i}", "") for i in range(50001)])), "too_many_files")


def test_unreadable():
    refused(unpack(b""), "empty_archive")
    refused(unpack(b"<html>no archive</html>"), "unreadable_archive")
    refused(unpack(zipped({})), "empty_archive")
    refused(unpack(tarred({})), "empty_archive")
    refused(unpack(tarred([(special("only-a-folder", tarfile.DIRTYPE), None)])), "empty_archive")
    whole = tarred({"index.html": PAGE, "big": os.urandom(MIB)})
    assert unpack(whole[:len(whole) // 2]).refusals[0][0] == "unreadable_archive"
    whole = zipped({"index.html": PAGE, "big": os.urandom(MIB)})
    refused(unpack(whole[:len(whole) // 2]), "unreadable_archive")
    broken = bytearray(zipped({"index.html": PAGE * 50}, zipfile.ZIP_STORED))
    broken[100] ^= 1
    refused(unpack(bytes(broken)), "unreadable_archive")


def test_zip_that_contradicts_itself():
    # Two names for one file: whichever is read, it is judged, and the other is never used.
    data = zipped({"index.html": PAGE, "aa/bb": "x"})
    local, central = data.index(b"aa/bb"), data.rindex(b"aa/bb")
    refused(unpack(data[:local] + b"../bb" + data[local + 5:]), "parent_name")
    assert "../bb" not in ok(unpack(data[:central] + b"../bb" + data[central + 5:])).files


def test_top_folder():
    done = ok(unpack(zipped({"my site/index.html": PAGE, "my site/a/b.txt": "x"})))
    assert sorted(done.files) == ["a/b.txt", "index.html"]
    assert ("folder_stripped", "my site/", "") in done.warnings
    assert sorted(ok(unpack(zipped({"site/page.html": PAGE}))).files) == ["site/page.html"]
    for index in ("Index.HTML", "default.htm", "_redirects"):
        done = ok(unpack(zipped({f"export/www/{index}": "/ /a/b.html\n", "export/www/a/b.html": PAGE})))
        assert "a/b.html" in done.files and ("folder_stripped", "export/www/", "") in done.warnings, index
    assert "site/index.html" in ok(unpack(zipped({"site/index.html": PAGE, "other.txt": "x"}))).files


def test_junk_and_hidden():
    done = ok(unpack(zipped({"site/index.html": PAGE, "__MACOSX/site/._index.html": "x", "site/.DS_Store": "x",
                             "site/.htaccess": "x", "site/.git/config": "x", "site/.well-known/security.txt": "x"})))
    assert sorted(done.files) == [".well-known/security.txt", "index.html"], done.files
    codes = [w[0] for w in done.warnings]
    assert codes.count("junk_ignored") == 1 and codes.count("hidden_ignored") == 2, done.warnings


def test_siblings():
    text = b"console.log('bonjour');\n" * 40
    mine = gzip.compress(text, 1)
    done = ok(unpack(zipped({"index.html": PAGE, "a.js": text, "a.js.gz": mine, "b.js": text, "b.js.gz": gzip.compress(b"x"),
                             "c.js": text, "c.js.br": b"garbage", "d.txt.gz": mine, "e.js": text, "e.js.gz": mine[:-3],
                             "f.js": text, "f.js.gz": mine + b"tail"})))
    assert done.blob("a.js", "gzip") == mine and "br" in done.variants("a.js")
    rejected = sorted(w[1] for w in done.warnings if w[0] == "sibling_rejected")
    assert rejected == ["b.js.gz", "c.js.br", "e.js.gz", "f.js.gz"], done.warnings
    assert "a.js.gz" in done.files and "d.txt.gz" in done.files and "b.js.gz" not in done.files
    assert gzip.decompress(done.blob("b.js", "gzip")) == text
    if shutil.which("zstd"):
        packed = subprocess.run(["zstd", "-q", "-c"], input=text, capture_output=True, check=True).stdout
        done = ok(unpack(zipped({"index.html": PAGE, "a.js": text, "a.js.zst": packed})))
        assert done.blob("a.js", "zstd") == packed
    if shutil.which("brotli"):
        packed = subprocess.run(["brotli", "-q", "3", "-c"], input=text, capture_output=True, check=True).stdout
        done = ok(unpack(zipped({"index.html": PAGE, "a.js": text, "a.js.br": packed})))
        assert done.blob("a.js", "br") == packed


def test_rules():
    done = ok(unpack(zipped({"index.html": PAGE, "_redirects": "/old /new 301\n/bad\n", "_headers": "/*\n  X-A: b\n  Set-Cookie: x\n"})))
    assert done.of("redirect") == [["301", "0", "old", "/new"]]
    assert done.of("header") == [["*", "X-A", "b"]]
    # A doubt: said before the version is live, and published only when that is meant.
    assert done.of("doubt") == [["redirect_words", "_redirects:2", "/bad"], ["headers_refused", "_headers:3", "Set-Cookie: x"]]
    assert not done.warnings, done.warnings
    assert sorted(done.files) == ["index.html"]


def test_remarks_about_pages():
    page = ('<html><body><a href="missing.html">x</a><a href="/a%20b/">y</a><a href="sub">z</a><a href="clean">c</a><a href="#top">t</a>'
            '<a href="mailto:a@b">m</a><img src="photo.jpg"><img src=ok.png alt=""><iframe src="https://video.example/x"></iframe>'
            '<script src="//cdn.example/a.js"></script><a href="https://elsewhere.example/">ok</a><!-- <a href="no"> -->'
            '<script>"<a href=\'no2\'>"</script></body></html>')
    done = ok(unpack(zipped({"index.html": page, "a b/index.html": PAGE, "sub/index.html": PAGE, "clean.html": PAGE, "ok.png": b"x"})))
    assert set(done.warnings) == {
        ("images_without_alt", "index.html", "1"), ("frames_without_title", "index.html", "1"),
        ("language_missing", "index.html", ""), ("title_missing", "index.html", ""),
        ("outside_part", "index.html", "video.example"), ("outside_part", "index.html", "cdn.example"),
        ("broken_link", "index.html", "missing.html"), ("broken_link", "index.html", "photo.jpg")}, done.warnings


def doubts(files):
    return [(line[0], line[1]) for line in ok(unpack(zipped(files))).of("doubt")]


def test_a_site_without_a_home_page_is_doubted_with_its_repair():
    assert doubts({"index.html": PAGE, "a.html": PAGE}) == []
    assert doubts({"photo.jpg": "x", "notes.txt": "x"}) == [("home_missing", "")]
    assert doubts({"accueil.html": PAGE, "style.css": "a{}"}) == [("home_name", "accueil.html")]
    assert doubts({"a.html": PAGE, "b.html": PAGE}) == [("home_unnamed", "")]
    assert doubts({"readme.txt": "x", "www/index.html": PAGE, "www/a/index.html": PAGE}) == [("home_folder", "www/")]
    assert doubts({"index.php": "<?php", "a.html": PAGE}) == [("home_program", "index.php")]
    assert doubts({"index.html": ""}) == [("home_empty", "index.html")]
    assert doubts({"index.html": b"PK\3\4\0\0\0" * 9}) == [("home_not_a_page", "index.html")]
    assert doubts({"index.html": "\ufeff<p>Bonjour".encode("utf-16-le")}) == []
    # A rule may answer for the root.
    assert doubts({"_redirects": "/ /fr/\n", "fr/index.html": PAGE, "en/index.html": PAGE}) == []


def test_documents_under_the_name_of_an_archive():
    for files in ({"[Content_Types].xml": "x", "_rels/.rels": "x", "word/document.xml": "x"},
                  {"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": "x", "META-INF/manifest.xml": "x"},
                  {"mimetype": "application/epub+zip", "META-INF/container.xml": "x", "OEBPS/page1.xhtml": PAGE}):
        assert doubts(files) == [("home_document", "")], files


def test_other_names_of_a_home_page_work_in_every_folder():
    for name in ("index.HTM", "Index.HTML", "default.htm", "INDEX.HTML"):
        page = PAGE.replace("Bonjour", name * 50)
        done = ok(unpack(zipped({name: page, "a/b/" + name: page, "a/link.html": '<a href="b/">b</a>' + PAGE})))
        assert done.of("doubt") == [] and done.warnings == [("index_name", name, "")], (name, done.warnings)
        for path in ("index.html", "a/b/index.html"):
            assert done.variants(path) == done.variants(path.replace("index.html", name))
            assert done.files[path][1] == "text/html; charset=utf-8"
        assert done.of("done")[0][2] == "3", "pages are counted once"
        assert int(done.of("home")[0][2]) > 0, "the home page is weighed under its own name"
    # The exact name wins, and then the order of the list.
    done = ok(unpack(zipped({"index.html": PAGE, "INDEX.HTML": "x", "a/default.htm": "d", "a/Index.htm": "i"})))
    assert done.blob("index.html") == PAGE.encode() and done.blob("a/index.html") == b"i"


def test_drawings_that_were_compressed():
    drawing = b'<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0h9"/></svg>' * 9
    packed = gzip.compress(drawing)
    done = ok(unpack(zipped({"index.html": PAGE, "a.svgz": packed, "b.SVGZ": drawing, "c.svgz": packed[:-9]})))
    assert done.blob("a.svgz") == drawing and done.blob("a.svgz", "gzip") == packed
    assert {done.files[n][1] for n in ("a.svgz", "b.SVGZ", "c.svgz")} == {"image/svg+xml"}
    assert done.blob("b.SVGZ") == drawing and done.blob("c.svgz") == packed[:-9]
    # A drawing that would pass the limit stays packed.
    bomb = gzip.compress(bytes(3 * MIB))
    assert done.of("done")[0][1] == str(len(PAGE) + 2 * len(drawing) + len(packed) - 9)
    done = ok(unpack(zipped({"index.html": PAGE, "a.svgz": bomb}), limit=MIB))
    assert done.blob("a.svgz") == bomb and set(done.variants("a.svgz")) == {"identity"}


def test_not_utf8_page():
    done = ok(unpack(zipped({"index.html": PAGE.replace("Bonjour", "Été").encode("latin-1")})))
    assert done.files["index.html"][1] == "text/html"
    assert ("not_utf8", "index.html", "") in done.warnings


def test_home_weight():
    css = ("p{color:#%06x}\n" % 7) * 3
    page = '<html lang=fr><title>a</title><link rel=stylesheet href=s.css><img src=p.png alt=""><img src=p.png alt=""></html>'
    done = ok(unpack(zipped({"index.html": page, "s.css": css, "p.png": bytes(1000), "other.png": bytes(5000)})))
    size = sum(min(int(v[1]) for v in done.variants(p).values()) for p in ("index.html", "s.css", "p.png"))
    assert done.of("home") == [[str(size), "3", "5"]], done.of("home")
    # A picture behind a style sheet weighs as much as one in the page.
    page = '<html lang=fr><title>a</title><link rel=stylesheet href=s/s.css></html>'
    done = ok(unpack(zipped({"index.html": page, "s/s.css": "body{background:url(../p.png)}", "p.png": os.urandom(4000)})))
    assert int(done.of("home")[0][0]) > 4000 and done.of("home")[0][1] == "3", done.of("home")


def test_walls():
    """Behind the walls: no socket, no program, no other folder (asked of the kernel by what the process may do)."""
    folder = tempfile.mkdtemp(prefix="unpack-test-")
    folder_fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    process = subprocess.Popen([PROGRAM, "unpack", "1000000"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               preexec_fn=lambda: os.dup2(folder_fd, 3), pass_fds=(3,), env={})
    try:
        process.stdin.write(b"x")  # it waits for the rest behind its walls
        process.stdin.flush()
        status = ""
        while "Seccomp:\t2" not in status:
            status = Path(f"/proc/{process.pid}/status").read_text()
            assert process.poll() is None
        assert "NoNewPrivs:\t1" in status
        limits = Path(f"/proc/{process.pid}/limits").read_text()
        assert "Max core file size        0" in limits
        files = os.listdir(f"/proc/{process.pid}/fd")
        assert sorted(files) == ["0", "1", "2", "3"], files
    finally:
        process.stdin.close()
        process.wait(10)
        os.close(folder_fd)
        shutil.rmtree(folder)


def test_pack():
    blobs = tempfile.mkdtemp(prefix="unpack-test-")
    lines = []
    contents = {"index.html": PAGE.encode(), "été/a b.bin": os.urandom(200000), "empty": b""}
    for path, content in contents.items():
        digest = hashlib.blake2b(content, digest_size=32).hexdigest()
        os.makedirs(os.path.join(blobs, digest[:2]), exist_ok=True)
        Path(blobs, digest[:2], digest).write_bytes(content)
        lines.append(f"{path}\t{digest}\t{len(content)}\t1700000000000\n")
    for form in ("zip", "tar.gz"):
        folder_fd = os.open(blobs, os.O_RDONLY | os.O_DIRECTORY)
        done = subprocess.run([PROGRAM, "pack", form], input="".join(lines).encode(), capture_output=True, env={},
                              preexec_fn=lambda: os.dup2(folder_fd, 3), pass_fds=(3,), timeout=60)
        os.close(folder_fd)
        assert done.returncode == 0, done.stderr
        if form == "zip":
            with zipfile.ZipFile(io.BytesIO(done.stdout)) as archive:
                assert archive.testzip() is None
                found = {n: archive.read(n) for n in archive.namelist()}
        else:
            with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
                found = {m.name: archive.extractfile(m).read() for m in archive.getmembers()}
        assert found == contents, (form, found.keys())
        assert set(ok(unpack(done.stdout)).files) == set(contents)
    shutil.rmtree(blobs)


def main():
    passed = failed = 0
    for name, test in list(globals().items()):
        if name.startswith("test_") and (len(sys.argv) < 2 or name in sys.argv[1:]):
            try:
                test()
                passed += 1
            except Exception:
                failed += 1
                import traceback
                traceback.print_exc()
                print(f"FAIL {name}", flush=True)
    for outcome in outcomes:
        shutil.rmtree(outcome.folder, ignore_errors=True)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
