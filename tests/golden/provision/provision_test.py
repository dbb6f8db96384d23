#!/usr/bin/env python3
"""hameau-provision from outside: its closed list of verbs, what each argument may be, what it leaves on the disk.

Starts the built program as hameaud does (settings in a descriptor, the state folder in the environment), in a folder of its
own; no network, no house. Ends with "N passed, N failed".
"""
import functools
import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "support"))
from house import main  # noqa: E402

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = Path(os.environ.get("HAMEAU_BINARIES", ROOT / "build/release")) / "hameau-provision"
USAGE, FAILED = 64, 70


def provision(state, *words, trial=True, settings="house.host\tmaison.test\n", **changed):
    """(exit code, standard error)"""
    memory = os.memfd_create("settings", 0)
    try:
        os.write(memory, settings.encode())
        environment = {"HAMEAU_STATE": str(state), "HAMEAU_SETTINGS_FD": str(memory), "HAMEAU_TRIAL": "1" if trial else "0", **changed}
        done = subprocess.run([PROGRAM, *words], env={k: v for k, v in environment.items() if v is not None}, pass_fds=[memory],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
        return done.returncode, done.stderr
    finally:
        os.close(memory)


def expect(got, wanted, what):
    if got != wanted:
        raise AssertionError(f"{what}: {got!r} instead of {wanted!r}")


def house(folder):
    state = Path(folder)
    (state / "tls/hosts").mkdir(parents=True)
    return state


def test_erase_box_removes_one_folder_and_follows_no_link(state):
    boxes, outside = state / "mail/boxes", state / "outside"
    (boxes / "abc123/cur").mkdir(parents=True)
    (boxes / "other").mkdir()
    outside.mkdir()
    (outside / "kept").write_text("kept")
    (boxes / "abc123/cur/1:2,S").write_text("Bonjour")
    (boxes / "abc123/link").symlink_to(outside)
    for path in [state, *state.rglob("*")]:
        if os.geteuid() == 0 and boxes in [path, *path.parents]:
            os.chown(path, 62010, 62010, follow_symlinks=False)
    for parent in [state, *state.parents]:
        if str(parent).startswith(tempfile.gettempdir() + "/"):
            parent.chmod(0o755)
    for words in ([], ["folder="], ["folder=../outside"], ["folder=abc123/cur"], ["folder=."], ["folder=ABC"], ["folder=" + "a" * 65]):
        expect(provision(state, "erase-box", *words)[0], FAILED, str(words))
    expect((boxes / "abc123/cur/1:2,S").exists(), True, "nothing was removed by a wrong name")
    expect(provision(state, "erase-box", "folder=abc123"), (0, ""), "removed")
    expect(sorted(path.name for path in boxes.iterdir()), ["other"], "the folder alone")
    expect((outside / "kept").read_text(), "kept", "what a link leads to")
    expect(provision(state, "erase-box", "folder=abc123"), (0, ""), "a second time is no error")
    if os.geteuid() == 0:
        (boxes / "rooted").mkdir()
        (boxes / "rooted/file").write_text("x")
        code, said = provision(state, "erase-box", "folder=rooted")
        expect((code, "rooted" in said, (boxes / "rooted/file").exists()), (FAILED, True, True), "what is not the boxes' uid's stays, and it is said")


def openssl(*words):
    return subprocess.run(["openssl", *words], capture_output=True, text=True, timeout=30)


def test_only_hameaud_starts_it(state):
    for changed in ({"HAMEAU_STATE": None}, {"HAMEAU_STATE": "relative"}, {"HAMEAU_SETTINGS_FD": None}, {"settings": "no key and value"}):
        code, said = provision(state, "trial-ca", **changed)
        expect((code, bool(said)), (USAGE, True), str(changed))
    expect(list((state / "tls").glob("*.pem")), [], "nothing was made")


def test_the_list_of_verbs_is_closed(state):
    for words in ([], ["sh"], ["--help"], ["trial-ca2"], ["TRIAL-CA"], ["certificate;true"]):
        code, said = provision(state, *words)
        expect(code, USAGE, str(words))
        expect("verbs:" in said, True, "the verbs are named")


def test_the_trials_authority_signs_certificates(state):
    expect(provision(state, "trial-ca"), (0, ""), "trial-ca")
    expect(provision(state, "certificate", "host=amis.test"), (0, ""), "certificate")
    ca, leaf = state / "tls/ca.pem", state / "tls/hosts/amis.test.pem"
    expect(openssl("verify", "-x509_strict", "-CAfile", ca, leaf).returncode, 0, "the chain")
    names = openssl("x509", "-in", leaf, "-noout", "-ext", "subjectAltName").stdout
    expect("DNS:amis.test" in names and "DNS:amis.localhost" in names, True, names)
    expect(leaf.stat().st_mode & 0o007, 0, "nobody else reads the key")
    before = ca.read_bytes()
    expect(provision(state, "trial-ca")[0], 0, "twice")
    expect(ca.read_bytes(), before, "browsers that trust it go on")


def test_an_argument_is_checked_here_again(state):
    expect(provision(state, "trial-ca")[0], 0, "trial-ca")
    outside = state.parent / "outside.pem"
    for host in ("", "localhost", "../../../outside", "a/b.test", "a b.test", "-a.test", "*.test", "amis.test\nx", "a" * 300 + ".test"):
        code, said = provision(state, "certificate", f"host={host}")
        expect((code, bool(said)), (FAILED, True), repr(host))
    for words in (["certificate"], ["certificate", "hosts=amis.test"], ["certificate", "amis.test"]):
        expect(provision(state, *words)[0], FAILED, str(words))
    expect((outside.exists(), sorted(p.name for p in (state / "tls/hosts").iterdir())), (False, []), "what is on the disk")


def test_a_house_that_is_no_trial_keeps_its_certificate(state):
    (state / "tls/default.pem").write_text("the house's own")
    code, said = provision(state, "trial-ca", trial=False)
    expect((code, "only a trial" in said), (FAILED, True), "trial-ca")
    expect((state / "tls/default.pem").read_text(), "the house's own", "the certificate")
    code, said = provision(state, "certificate", "host=amis.example.org", trial=False)
    expect((code, said.strip()), (FAILED, "certificate.no_authority"), "certificate")
    # What the admin put there serves, and is found; one for another name is none.
    other, own = state / "tls/hosts/autre.example.org.pem", state / "tls/hosts/amis.example.org.pem"
    for file in (other, own):
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "9", "-subj", "/CN=x", "-addext",
                "subjectAltName=DNS:amis.example.org", "-keyout", file.with_suffix(".key"), "-out", file)
    expect(provision(state, "certificate", "host=amis.example.org", trial=False)[0], 0, "its own certificate")
    expect(provision(state, "certificate", "host=autre.example.org", trial=False)[0], FAILED, "one for another name")
    expect(provision(state, "acme")[0], FAILED, "a trial asks nobody")


def in_a_folder(test):
    @functools.wraps(test)
    def run():
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "state").mkdir()
            test(house(Path(folder) / "state"))
    return run


if __name__ == "__main__":
    sys.exit(main([in_a_folder(test) for name, test in list(globals().items()) if name.startswith("test_")]))
