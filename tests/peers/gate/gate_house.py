"""The house that the gate's tests share: a site, a module that misbehaves, short ways to ask."""
import io
import os
import shutil
import subprocess
import sys
import tempfile
import unicodedata
import zipfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "support"))
from client import Raw  # noqa: E402
from house import ROOT, House  # noqa: E402

CONTENT = ROOT / "tests" / "support" / "content.yaml"
HERE = Path(__file__).resolve().parent
SITE = "amis.test"
TEXT = b"Une page assez longue pour que la compression en vaille la peine. " * 400
NOISE = os.urandom(3 << 20)
FILES = {
    "index.html": b"<!doctype html><title>A</title><h1>Accueil</h1>" + TEXT,
    "404.html": b"<h1>Rien ici</h1>",
    "blog/index.html": b"<h1>Blog</h1>",
    "blog/404.html": b"<h1>Pas de billet</h1>",
    "plain.txt": b"0123456789" * 10,
    "empty.txt": b"",
    "noise.bin": NOISE,
    unicodedata.normalize("NFD", "été.html"): b"<h1>Ete</h1>",
    "a b.html": b"<h1>Espace</h1>",
    "clean.html": b"<h1>Propre</h1>",
    "blog.html": b"<h1>Derriere le dossier</h1>",
    ".well-known/security.txt": b"Contact: mailto:x@amis.test\n",
    "_redirects": b"/old /blog/ 301\n/go/* https://other.test/:splat 302\n/shown /blog/index.html 200\n/gone /404.html 410\n/short /clean 200\n/clean /old 301\n",
    "_headers": b"/plain.txt\n  Cache-Control: max-age=60\n  X-Own: yes\n  Sec-Session-Registration: x\n  Clear-Site-Data: \"cookies\"\n"
                b"  Set-Cookie: __Host-hameau=planted; Path=/; Secure\n  NEL: {}\n",
}
if shutil.which("zstd"):
    FILES["index.html.zst"] = subprocess.run(["zstd", "-q", "-19", "-c"], input=FILES["index.html"], capture_output=True, check=True).stdout
house = None
BASE_PORT = int(os.environ.get("HAMEAU_PORTS", "24200"))


class Shared:
    """The house of most tests; gate_test.py starts it."""
    started = None

    def __getattr__(self, name):
        return getattr(self.started, name)


house = Shared()


def zipped(files):
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 3, 12, 14, 5, 8)), data)
    return memory.getvalue()


def start(settings=(), port_offset=0, deploy=FILES):
    state = tempfile.mkdtemp(prefix="hameau-gate-")
    os.chmod(state, 0o755)
    modules = Path(state, "modules.d")
    modules.mkdir()
    program = Path(state, "echo_module.py")
    program.write_text((HERE / "echo_module.py").read_text())
    program.chmod(0o755)
    modules.joinpath("echo.yaml").write_text(
        f"name: echo\nexecutable: {program}\nidle_stop: 0\nroutes:\n  - {{pattern: '/echo/*', who: anyone}}\n"
        "  - {pattern: /echo/member, who: member}\n  - {pattern: /echo/admin, who: admin}\n")
    made = House(apply=[CONTENT], state=state, base_port=BASE_PORT + port_offset, settings=["mail.enabled=false", *settings])
    made.made = True
    made.start()
    if deploy:
        answer = marie(made).call("POST", f"/api/v1/sites/{SITE}/deploys?anyway=1", raw=zipped(deploy),
                                  headers={"Content-Type": "application/zip"})
        assert answer.status == 201, answer.body
    return made


def marie(where=None):
    return (where or house).visitor().sign_in("marie", "marie-secret-words")


def cookie_of(visitor):
    return f"Cookie: __Host-hameau={visitor.cookies['__Host-hameau']}\r\n"


def pad_path(visitor):
    items = visitor.call("GET", "/api/v1/associations/amis/pads").json()["items"]
    return "/api/v1/pads/ws/" + items[0]["id"]


def gate_pid(where=None):
    return (where or house).process_of("gate")["pid"]


def page(path, headers="", method="GET", host=SITE, tls=False):
    with Raw(house, tls=tls, host=host) as raw:
        return raw.get(path, host, headers, method)


def same(got, wanted, what=""):
    assert got == wanted, f"{what}: {str(got)[:300]} instead of {str(wanted)[:300]}"
