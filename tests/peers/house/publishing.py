"""Sites from outside of the portal (curl, the command, the declared file), and the one quota that they share."""
import base64
import json
import os
import re
import smtplib
import struct
import subprocess
import tempfile
import zlib
from pathlib import Path

from common import CONTENT, DEPLOYS, PLAIN_PAGE, house, marie, ok, send, wait_mail, wait_until, yann, zipped
from client import Raw
from house import BINARIES, House


def test_an_app_password_publishes_with_curl():
    visitor, public = yann(), house.visitor(host="amis.test")
    before = ok(public.call("GET", "/")).body
    live = next(d["number"] for d in ok(visitor.call("GET", DEPLOYS)).json()["items"] if d["live"])
    made = ok(visitor.call("POST", "/api/v1/me/app-passwords", {"name": "générateur", "scopes": ["deploy"]}), 201).json()
    mail_only = ok(visitor.call("POST", "/api/v1/me/app-passwords", {"name": "téléphone"}), 201).json()

    def curl(*words, user="yann:" + made["password"], path=DEPLOYS):
        done = subprocess.run(["curl", "-sS", "--cacert", house.ready["ca"], "--resolve", "localhost:%d:127.0.0.1" % house.ports["https"],
                               "-i", "-u", user, *words, house.ready["portal"].rstrip("/") + path],
                              capture_output=True, timeout=60)
        assert done.returncode == 0, done.stderr
        head, _, body = done.stdout.replace(b"HTTP/1.1 100 Continue\r\n\r\n", b"").partition(b"\r\n\r\n")
        return int(head.split(b" ")[1]), head.lower(), body

    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder, "site.zip")
        archive.write_bytes(zipped({"index.html": "<h1>Par curl</h1>"}))
        send_it = ("-X", "POST", "-T", str(archive))
        status, head, body = curl(*send_it)
        assert status == 201, (status, body)
        assert b"set-cookie" not in head and b"www-authenticate" not in head, head
        assert ok(public.call("GET", "/")).body == b"<h1>Par curl</h1>"
        assert curl(path=DEPLOYS + "/%d" % json.loads(body)["number"])[0] == 200
        # It opens nothing else, and nothing else opens this.
        for path in ("/api/v1/sites/amis.test", "/api/v1/associations/amis/sites", "/api/v1/session", "/api/v1/associations/amis/members"):
            assert curl(path=path)[0] == 401, path
        assert curl("-H", "Origin: https://ailleurs.test", *send_it)[0] == 403
        for user in ("yann:" + mail_only["password"], "yann:yann-secret-words", "marie:" + made["password"]):
            status, head, body = curl(*send_it, user=user)
            assert status == 401 and json.loads(body)["code"] == "wrong_credentials" and b"www-authenticate" not in head, (user, status, body)
        assert curl("-X", "POST", "-T", str(archive), path="/api/v1/sites/inconnu.test/deploys")[0] == 404
        # An open cookie decides alone; a stranger's app password beside it changes nothing.
        ok(visitor.call("POST", "/api/v1/sites/amis.test/live", {"number": live}))
        ok(visitor.call("DELETE", f"/api/v1/me/app-passwords/{made['id']}"), 204)
        assert curl(*send_it)[0] == 401
        ok(visitor.call("DELETE", f"/api/v1/me/app-passwords/{mail_only['id']}"), 204)
    assert ok(public.call("GET", "/")).body == before


def test_an_app_password_is_judged_when_the_upload_has_come():
    visitor = yann()
    made = ok(visitor.call("POST", "/api/v1/me/app-passwords", {"name": "lent", "scopes": ["deploy"]}), 201).json()
    archive = zipped({"index.html": "<h1>Trop tard</h1>"})
    slow = Raw(house, timeout=60)
    slow.send(("POST %s HTTP/1.1\r\nHost: localhost:%d\r\nAuthorization: Basic %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"
               % (DEPLOYS, house.ports["https"], base64.b64encode(f"yann:{made['password']}".encode()).decode(), len(archive))).encode())
    slow.send(archive[:20])
    other = marie()
    wait_until(lambda: other.call("POST", DEPLOYS, raw=zipped({"../x": "y"}), headers={"Content-Type": "application/zip"}).status == 409)
    ok(visitor.call("DELETE", f"/api/v1/me/app-passwords/{made['id']}"), 204)
    slow.send(archive[20:])
    answer = slow.answer()
    assert answer[0] == 401, answer


def test_one_quota_for_the_association():
    """Mail that is there counts; when the association is full, nobody in it gets more, and managers see why."""
    annick, visitor = house.visitor().sign_in("annick", "annick-secret-words"), marie()
    usage = lambda: ok(visitor.call("GET", "/api/v1/associations/amis/usage")).json()
    ok(yann().call("GET", "/api/v1/associations/amis/usage"), 403)
    send("Du poids " + "x" * 100)
    wait_mail("Du poids")
    before = usage()
    mail = next(service["bytes"] for service in before["services"] if service["name"] == "mail")
    assert mail > 500 and before["warning_percent"] == 0 and before["used_bytes"] >= mail, before
    set_quota = lambda text: ok(annick.call("PATCH", "/api/v1/associations/amis", {"quota": text}))
    try:
        set_quota(str(before["used_bytes"] + 10))
        wait_until(lambda: usage()["warning_percent"] == 95)
        assert ok(visitor.call("GET", "/api/v1/session")).json()["associations"][0]["warning_percent"] == 95
        shown = next(one for one in json.loads(house.hameau("show", "--usage", "--json").stdout) if one["association"] == "amis")
        assert shown["warning_percent"] == 95 and {one["name"] for one in shown["services"]} >= {"mail", "sites"}, shown
        assert "(over 95 %)" in house.hameau("show", "--usage").stdout

        def refused_as_full():
            try:
                send("Trop")
            except smtplib.SMTPRecipientsRefused as full:
                code, words = next(iter(full.recipients.values()))
            except smtplib.SMTPDataError as full:
                code, words = full.smtp_code, full.smtp_error
            else:
                return False
            # The mailbox itself is far from full, and others may make room: the sender's server keeps the message.
            assert code == 452 and b"no room" in words, (code, words)
            return True
        wait_until(refused_as_full)
    finally:
        set_quota("5 GiB")
    wait_until(lambda: usage()["warning_percent"] == 0)

    def taken():
        try:
            send("De nouveau")
            return True
        except (smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError):
            return False
    wait_until(taken)
    wait_mail("De nouveau")


def test_kept_versions_images_and_imports_have_the_same_room():
    """Whatever is larger than what the association has left is refused, and nothing of it is kept."""
    annick, visitor = house.visitor().sign_in("annick", "annick-secret-words"), marie()
    usage = lambda: ok(visitor.call("GET", "/api/v1/associations/amis/usage")).json()
    of = lambda name: next((one["bytes"] for one in usage()["services"] if one["name"] == name), 0)
    set_quota = lambda text: ok(annick.call("PATCH", "/api/v1/associations/amis", {"quota": text}))
    pad = ok(visitor.call("GET", "/api/v1/associations/amis/pads")).json()["items"][0]["id"]
    deploy = lambda size: visitor.call("POST", "/api/v1/sites/amis.test/deploys", raw=zipped({"index.html": PLAIN_PAGE, "a.png": os.urandom(size)}),
                                       headers={"Content-Type": "application/zip"})
    try:
        set_quota(str((usage()["used_bytes"] + 3_000_000) * 10 // 9))  # the last tenth is mail's
        ok(deploy(1_200_000), 201)
        wait_until(lambda: of("sites") > 1_200_000)
        ok(deploy(1_200_000), 201)
        wait_until(lambda: of("sites") > 2_400_000)  # the version of before is kept, and counts
        for answer in (deploy(1_200_000),
                       visitor.call("POST", f"/api/v1/pads/{pad}/images", raw=noise_png(600, 600), headers={"Content-Type": "image/png"}),
                       visitor.call("POST", "/api/v1/associations/amis/pads/import?format=markdown&slug=trop",
                                    raw=b"x" * 1_000_000, headers={"Content-Type": "text/markdown"})):
            ok(answer, 413)
            assert answer.json()["code"] == "association_full" and "association" in answer.json()["detail"], answer.body
        ok(deploy(100_000), 201)
        # Who may add an image fills all that is not mail's, to the last bytes: messages are taken as before.
        for side in (300, 100, 30, 10):
            while visitor.call("POST", f"/api/v1/pads/{pad}/images", raw=noise_png(side, side), headers={"Content-Type": "image/png"}).status == 201:
                pass
        send("Un message long", body="Une ligne. " * 5 + "\n" + "Encore une ligne.\n" * 10_000)
        wait_mail("Un message long")
    finally:
        set_quota("5 GiB")
    ok(visitor.call("POST", f"/api/v1/pads/{pad}/images", raw=noise_png(600, 600), headers={"Content-Type": "image/png"}), 201)


def test_a_guest_fills_one_text_and_not_the_association():
    """Whoever has a link and no account adds images to a twentieth of the quota (32 MiB at least); members go on in that text."""
    annick, visitor, guest = house.visitor().sign_in("annick", "annick-secret-words"), marie(), house.visitor()
    set_quota = lambda text: ok(annick.call("PATCH", "/api/v1/associations/amis", {"quota": text}))
    pad = ok(visitor.call("POST", "/api/v1/associations/amis/pads", {"slug": "ouvert", "title": "Ouvert", "access": {"link": "write"}}), 201).json()["id"]
    key = ok(visitor.call("POST", f"/api/v1/pads/{pad}/link")).json()["url"].split("#key=")[1]
    image = lambda who, key="": who.call("POST", f"/api/v1/pads/{pad}/images{key}", raw=noise_png(1100, 1100), headers={"Content-Type": "image/png"})
    used = lambda: next((one["bytes"] for one in ok(visitor.call("GET", "/api/v1/associations/amis/usage")).json()["services"] if one["name"] == "pads"), 0)
    before = used()
    try:
        set_quota("500 MiB")
        taken = 0
        for _ in range(20):
            answer = image(guest, f"?key={key}")
            if answer.status != 201:
                break
            taken += 1
        ok(answer, 413)
        assert answer.json()["code"] == "pad_guests_full" and taken >= 3, (taken, answer.body)
        assert used() - before <= 33 << 20, (used(), before)
        assert image(guest, f"?key={key}").status == 413
        ok(image(visitor), 201)
    finally:
        set_quota("5 GiB")
    ok(image(guest, f"?key={key}"), 201)
    ok(visitor.call("DELETE", f"/api/v1/pads/{pad}"), 204)
    ok(visitor.call("DELETE", f"/api/v1/pads/{pad}?purge=1"), 204)


def noise_png(width, height):
    chunk = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    rows = b"".join(b"\0" + os.urandom(width * 3) for _ in range(height))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def test_no_secret_in_logs():
    for file in Path(house.state, "log").rglob("*"):
        if file.is_file():
            text = file.read_text(errors="replace")
            for secret in ("marie-secret-words", "yann-secret-words", "lena-secret-words"):
                assert secret not in text, file


def test_publish_from_a_shell_under_every_locale():
    with tempfile.TemporaryDirectory() as folder:
        site = Path(folder)
        (site / "index.html").write_text(PLAIN_PAGE)
        for name in ("\u00e9t\u00e9 2026.html", "re\u0301sume\u0301.html", "\U0001f3e1.html"):
            (site / name).write_text(PLAIN_PAGE)
        (site / "Icon\r").write_text("")
        os.mkfifo(site / "pipe")
        for locale in ("C", "POSIX", "", "fr_FR.ISO-8859-1"):
            done = subprocess.run([str(BINARIES / "hameau"), "site", "deploy", "amis.test", folder, "--state", str(house.state)],
                                  env={"PATH": os.environ["PATH"], "LC_ALL": locale}, capture_output=True, timeout=60)
            assert done.returncode == 0, (locale, done)
            assert b"pipe: left aside" in done.stderr and b"Icon\\x0d: left aside" in done.stderr, done.stderr
            visitor = house.visitor()
            for path in ("/%C3%A9t%C3%A9%202026.html", "/r%C3%A9sum%C3%A9.html", "/%F0%9F%8F%A1.html"):
                ok(visitor.call("GET", path, host="amis.test"))
        visitor = yann()
        path = "/api/v1/sites/amis.test/deploys"
        first = ok(visitor.call("GET", path)).json()["items"][-1]["number"]
        ok(visitor.call("POST", "/api/v1/sites/amis.test/live", {"number": first}))


def test_apply_publishes_a_doubtful_site_only_when_told():
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "site").mkdir()
        Path(folder, "site", "affiche.html").write_text("<!doctype html><html lang=fr><title>A</title><p>Sans accueil</p></html>")
        file = Path(folder, "douteux.yaml")

        def apply(more=""):
            file.write_text(CONTENT.read_text().replace("./site", str(CONTENT.parent / "site")).replace(
                "    sites:\n", "    sites:\n      - {host: douteux.amis.test, source: ./site%s}\n" % more, 1))
            return house.hameau("apply", str(file), check=False)
        refused_once = apply()
        assert refused_once.returncode != 0 and "anyway: true" in refused_once.stderr, refused_once
        assert house.visitor(host="douteux.amis.test").call("GET", "/affiche.html").status == 404
        told = apply(", anyway: true")
        assert told.returncode == 0 and "version" in told.stdout, told
        ok(house.visitor(host="douteux.amis.test").call("GET", "/affiche.html"))
        again = apply(", anyway: true")
        assert again.returncode == 0 and "version" not in again.stdout, again
    house.hameau("site", "remove", "amis", "douteux.amis.test")


def test_apply_is_idempotent():
    done = house.hameau("apply", str(CONTENT))
    assert not [line for line in done.stdout.splitlines() if line[:1] in "+~-"], done.stdout
    visitor = marie()
    ok(visitor.call("POST", "/api/v1/me/password", {"current": "marie-secret-words", "new": "marie-other-words"}), 204)
    house.hameau("apply", str(CONTENT))
    house.visitor().sign_in("marie", "marie-other-words")
    fresh = house.visitor().sign_in("marie", "marie-other-words")
    ok(fresh.call("POST", "/api/v1/me/password", {"current": "marie-other-words", "new": "marie-secret-words"}), 204)


def test_apply_keeps_the_version_that_was_chosen():
    visitor, public = marie(), house.visitor(host="amis.test")
    path = "/api/v1/sites/amis.test/deploys"
    before = next(d["number"] for d in ok(visitor.call("GET", path)).json()["items"] if d["live"])
    ok(visitor.call("POST", path, raw=zipped({"index.html": "<h1>Choisi</h1>"}), headers={"Content-Type": "application/zip"}), 201)
    house.hameau("apply", str(CONTENT))
    assert ok(public.call("GET", "/")).body == b"<h1>Choisi</h1>"
    ok(visitor.call("POST", "/api/v1/sites/amis.test/live", {"number": before}))


def test_apply_dry_run_changes_nothing():
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "more.yaml")
        file.write_text("version: 1\nassociations:\n  - {slug: autre, name: Autre, domains: [autre.test]}\n")
        done = house.hameau("apply", "--dry-run", str(file))
        assert "autre" in done.stdout, done.stdout
        assert "autre" not in house.hameau("show").stdout


def test_show_applied_to_a_fresh_house():
    visitor = marie()
    for login, disabled in (("eteint", True), ("allume", False)):
        ok(visitor.call("POST", "/api/v1/associations/amis/members", {"login": login, "name": login, "password": f"{login}-secret-words", "disabled": disabled}), 201)
    ok(visitor.call("POST", "/api/v1/associations/amis/pads", {"slug": "choisis", "title": "Choisis", "access": {"people": ["yann"]}}), 201)
    shown = house.hameau("show").stdout
    assert re.search(r"login: eteint, .*disabled: true", shown) and shown.count("disabled") == 1, shown
    assert "slug: choisis, title: Choisis, access: {members: none, link: none, people: [yann]}" in shown, shown
    for path in ("members/eteint", "members/allume"):
        for query in ("", "?purge=1"):
            ok(visitor.call("DELETE", f"/api/v1/associations/amis/{path}{query}"), 204)
    ok(visitor.call("DELETE", "/api/v1/pads/amis:choisis"), 204)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "shown.yaml")
        file.write_text(shown)
        os.chmod(folder, 0o755)
        with House(apply=[file], base_port=house.ports["https"] + 200) as second:
            assert second.hameau("show").stdout == shown
            assert second.visitor().call("POST", "/api/v1/session", {"login": "eteint", "password": "eteint-secret-words"}).status == 401
            # The file takes a person in, lets another out, and what it stops saying is kept and said.
            file.write_text(shown.replace("people: [yann]", "people: [yann, allume]").replace(", disabled: true", ""))
            done = second.hameau("apply", str(file))
            assert "member amis/eteint: disabled true is kept" in done.stdout, done.stdout
            assert "people: [allume, yann]" in second.hameau("show").stdout or "people: [yann, allume]" in second.hameau("show").stdout
            file.write_text(shown.replace("disabled: true", "disabled: false"))
            second.hameau("apply", str(file))
            assert "disabled" not in second.hameau("show").stdout
