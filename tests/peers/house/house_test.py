#!/usr/bin/env python3
"""The whole house from outside: portal, sign-in, sites; the other parts are in the files beside this one."""
import os
import subprocess
import sys
from pathlib import Path

from common import house, marie, node, ok, yann, zipped  # first: it makes the paths of the others known
import association_bin
import borders
import diagnosis
import energy
import first_run
import mail_in_the_house
import powers_end
import processes
import machines
import publishing
import service_manager
import slow_bodies
import taken_ports
import whole_association
from house import main


def test_ready_line():
    ready = house.ready
    assert ready["ready"] is True and ready["portal"].startswith("https://localhost:"), ready
    assert os.path.isabs(ready["ca"]) and ready["pid"] == house.process.pid, ready
    expected = "ready" if os.geteuid() == 0 else "off: Postfix needs root"
    assert ready["services"] == {"people": "ready", "mail": expected, "sites": "ready", "pads": "ready"}, ready


def test_curl_portal():
    done = subprocess.run(["curl", "-sS", "--cacert", house.ready["ca"], "-o", "/dev/null", "-w",
                           "%{http_code} %{content_type}", house.ready["portal"]], capture_output=True, text=True)
    assert done.stdout.startswith("200 text/html"), done


def test_session():
    visitor = house.visitor()
    ok(visitor.call("GET", "/api/v1/session"), 401)
    ok(visitor.call("POST", "/api/v1/session", {"login": "marie", "password": "wrong"}), 401)
    visitor.sign_in("MARIE", "marie-secret-words")
    assert "__Host-hameau" in visitor.cookies
    me = ok(visitor.call("GET", "/api/v1/session")).json()
    assert me["login"] == "marie" and me["associations"][0]["role"] == "manager", me
    ok(visitor.call("DELETE", "/api/v1/session"), 204)
    ok(visitor.call("GET", "/api/v1/session"), 401)


def test_origin_is_held():
    visitor = marie()
    body = {"slug": "evil", "title": "x"}
    path = "/api/v1/associations/amis/pads"
    ok(visitor.call("POST", path, body, headers={"Origin": "https://amis.test"}), 403)
    ok(visitor.call("POST", path, body, headers={"Origin": f"https://localhost:{house.ports['https'] + 1}"}), 403)
    ok(visitor.call("POST", path, body, origin=False), 403)


def test_identity_headers_are_stripped():
    answer = house.visitor().call("GET", "/api/v1/associations/amis/members",
                                  headers={"Hameau-Member": "x", "Hameau-Roles": "admin", "Hameau-Caller": "admin"})
    ok(answer, 401)
    ok(house.visitor().call("GET", "/internal/health"), 404)


def test_roles():
    ok(yann().call("POST", "/api/v1/associations/amis/members", {"login": "x", "name": "X"}), 403)
    ok(yann().call("GET", "/api/v1/status"), 403)


def test_problem_documents():
    answer = house.visitor().call("GET", "/api/v1/no-such-thing")
    ok(answer, 404)
    assert answer.headers["content-type"].startswith("application/problem+json"), answer.headers
    assert answer.json()["status"] == 404


def test_site():
    visitor = house.visitor(host="amis.test")
    page = ok(visitor.call("GET", "/"))
    assert b"Les Amis du Bourg" in page.body and "set-cookie" not in page.headers
    ok(visitor.call("GET", "/", headers={"If-None-Match": page.headers["etag"]}), 304)
    part = ok(visitor.call("GET", "/", headers={"Range": "bytes=0-9"}), 206)
    assert len(part.body) == 10
    ok(visitor.call("GET", "/none"), 404)
    moved = visitor.call("GET", "/page")
    assert moved.status in (301, 308) and moved.headers["location"] == "/page/", moved.headers
    assert visitor.call("GET", "/", headers={"Host": "unknown.test"}).status in (404, 421)


def test_deploy_and_roll_back():
    visitor, public = marie(), house.visitor(host="amis.test")
    old = ok(public.call("GET", "/")).body
    listed = ok(visitor.call("GET", "/api/v1/sites/amis.test/deploys")).json()["items"]
    live = next(d["number"] for d in listed if d["live"])
    report = ok(visitor.call("POST", "/api/v1/sites/amis.test/deploys", raw=zipped({"index.html": "<h1>Neuf</h1>"}),
                             headers={"Content-Type": "application/zip"}), 201).json()
    assert report["live"] and report["files"] == 1, report
    assert ok(public.call("GET", "/")).body == b"<h1>Neuf</h1>"
    bad = visitor.call("POST", "/api/v1/sites/amis.test/deploys", raw=zipped({"../x": "y"}),
                       headers={"Content-Type": "application/zip"})
    assert bad.status == 422, (bad.status, bad.body)
    assert ok(public.call("GET", "/")).body == b"<h1>Neuf</h1>"
    ok(visitor.call("POST", "/api/v1/sites/amis.test/live", {"number": live}))
    assert ok(public.call("GET", "/")).body == old
    ok(yann().call("GET", "/api/v1/associations/amis/sites"))


def test_stock_providers_through_the_gate():
    """Stock y-websocket providers: session cookie, link keys to read and to write, hostile frames, strangers."""
    visitor, path = marie(), "/api/v1/associations/amis/pads"
    made = [ok(visitor.call("POST", path, {"slug": f"fils-{link}", "title": link,
                                           "access": {"members": "write", "link": link}}), 201).json()
            for link in ("read", "write")]
    keys = [ok(visitor.call("POST", f"/api/v1/pads/{pad['id']}/link")).json()["url"].split("#key=")[1] for pad in made]
    cookies = "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())
    node("converge.mjs", "--base", f"wss://localhost:{house.ports['https']}/api/v1/pads/ws", "--ca", house.ready["ca"],
         "--cookie", cookies, "--room", made[0]["id"], "--read-key", keys[0], "--write-key", keys[1],
         "--write-room", made[1]["id"])
    assert "key" not in Path(house.state, "log", "gate.log").read_text()


if __name__ == "__main__":
    house.start()
    try:
        if not sys.argv[1:] or "a_night" in sys.argv:
            diagnosis.begin_night()
        facts = slow_bodies.Facts(lambda: house)
        tests = [value for part in (sys.modules[__name__], diagnosis, energy, mail_in_the_house, publishing, machines, association_bin, processes, service_manager, taken_ports, whole_association, first_run)
                 for name, value in vars(part).items() if name.startswith("test_")]
        sys.exit(main(tests + borders.tests(lambda: house) + slow_bodies.tests(facts) + powers_end.tests(facts) + [diagnosis.a_night]))
    finally:
        whole_association.end()
        diagnosis.end_night()
        house.stop()
        house.remove()
