"""The other ends: sshd, a restic REST server (rclone), and a stand-in for an S3 store that looks at the access key of each call."""
import http.server
import os
import re
import shutil
import subprocess
import tempfile
import threading
import time
import urllib.parse
from pathlib import Path

from house import port_is_free

UID = 62012


def wait_port(port):
    deadline = time.time() + 20
    while port_is_free(port):
        assert time.time() < deadline, f"nobody listens on {port}"
        time.sleep(0.05)


def know_the_uid():
    """/etc/passwd of this mount namespace alone: the package makes the user by sysusers."""
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
    passwd = tempfile.NamedTemporaryFile("w", delete=False)
    text = Path("/etc/passwd").read_text()
    if "hameau-backup" not in text:
        text += f"hameau-backup:x:{UID}:{UID}::/nonexistent:/usr/sbin/nologin\n"
    passwd.write(text)
    passwd.close()
    os.chmod(passwd.name, 0o644)
    subprocess.run(["mount", "--bind", passwd.name, "/etc/passwd"], check=True)


class Sshd:
    """Signs root in with the key that `allow` is given, for SFTP only."""

    def __init__(self, port):
        self.folder, self.port = tempfile.mkdtemp(prefix="hameau-sshd-"), port
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", f"{self.folder}/host"], check=True)
        Path("/run/sshd").mkdir(exist_ok=True)
        Path(self.folder, "config").write_text(
            f"Port {port}\nListenAddress 127.0.0.1\nHostKey {self.folder}/host\nAuthorizedKeysFile {self.folder}/keys\nStrictModes no\nUsePAM no\n"
            f"PasswordAuthentication no\nPermitRootLogin yes\nPidFile none\nSubsystem sftp internal-sftp\nForceCommand internal-sftp\n")
        self.process = subprocess.Popen(["/usr/sbin/sshd", "-D", "-e", "-f", f"{self.folder}/config"], stderr=open(f"{self.folder}/log", "w"))
        wait_port(port)

    def allow(self, key):
        Path(self.folder, "keys").write_text(key)

    def close(self):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.folder)


class Rest:
    """rclone's server of restic's REST protocol, with a name and a password."""

    def __init__(self, port, folder):
        self.process = subprocess.Popen(["rclone", "serve", "restic", "--addr", f"127.0.0.1:{port}", "--user", "maison", "--pass", "rest-secret-word", folder],
                                        stderr=subprocess.DEVNULL, env={**os.environ, "RCLONE_CONFIG": "/dev/null"})
        wait_port(port)

    def close(self):
        self.process.terminate()
        self.process.wait()


class S3(http.server.ThreadingHTTPServer):
    """A stand-in for an S3 store in memory: buckets, PUT, GET with ranges, HEAD, DELETE, listing (version 2). Debian has no server of
    that kind. Signatures are not computed; a call without the access key is refused."""
    daemon_threads = True
    key = "s3-key-id"

    def __init__(self, port):
        super().__init__(("127.0.0.1", port), S3Call)
        self.objects, self.buckets, self.refused = {}, set(), 0
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def close(self):
        self.shutdown()
        self.server_close()


class S3Call(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def say(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if "Content_Length" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def body(self):
        size = int(self.headers.get("Content-Length") or 0)
        raw = self.rfile.read(size)
        if "aws-chunked" not in (self.headers.get("Content-Encoding") or "") and "STREAMING" not in (self.headers.get("x-amz-content-sha256") or ""):
            return raw
        out = b""
        while raw:  # "SIZE;chunk-signature=...\r\n" bytes "\r\n"
            head, raw = raw.split(b"\r\n", 1)
            n = int(head.split(b";")[0], 16)
            if n == 0:
                break
            out, raw = out + raw[:n], raw[n + 2:]
        return out

    def error(self, status, code):
        self.say(status, f'<?xml version="1.0"?><Error><Code>{code}</Code><Message>{code}</Message></Error>'.encode(), Content_Type="application/xml")

    def answer(self):
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True))
        bucket, _, name = urllib.parse.unquote(url.path).lstrip("/").partition("/")
        body = self.body()
        if f"Credential={self.server.key}/" not in (self.headers.get("Authorization") or ""):
            self.server.refused += 1
            return self.error(403, "AccessDenied")
        call = getattr(self, f"{self.command.lower()}_{'object' if name else 'bucket'}", None)
        return call(bucket, name, query, body) if call else self.error(405, "MethodNotAllowed")

    do_GET = do_PUT = do_HEAD = do_DELETE = do_POST = answer

    def put_bucket(self, bucket, *_):
        self.server.buckets.add(bucket)
        self.say(200)

    def head_bucket(self, bucket, *_):
        self.say(200 if bucket in self.server.buckets else 404)

    def get_bucket(self, bucket, _, query, __):
        if "location" in query:
            return self.say(200, b'<?xml version="1.0"?><LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/"></LocationConstraint>', Content_Type="application/xml")
        prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
        found, folders = "", set()
        for name, data in sorted(self.server.objects.items()):
            if not name.startswith(f"{bucket}/{prefix}"):
                continue
            key = name[len(bucket) + 1:]
            rest = key[len(prefix):]
            if delimiter and delimiter in rest:
                folders.add(prefix + rest.split(delimiter)[0] + delimiter)
            else:
                found += f"<Contents><Key>{key}</Key><Size>{len(data)}</Size><ETag>&quot;x&quot;</ETag><LastModified>2026-01-01T00:00:00.000Z</LastModified></Contents>"
        found += "".join(f"<CommonPrefixes><Prefix>{one}</Prefix></CommonPrefixes>" for one in sorted(folders))
        self.say(200, f'<?xml version="1.0"?><ListBucketResult><Name>{bucket}</Name><IsTruncated>false</IsTruncated>{found}</ListBucketResult>'.encode(), Content_Type="application/xml")

    def put_object(self, bucket, name, _, body):
        self.server.objects[f"{bucket}/{name}"] = body
        self.say(200, ETag='"x"')

    def delete_object(self, bucket, name, *_):
        self.server.objects.pop(f"{bucket}/{name}", None)
        self.say(204)

    def head_object(self, bucket, name, *_):
        self.get_object(bucket, name, {}, b"")

    def get_object(self, bucket, name, *_):
        data = self.server.objects.get(f"{bucket}/{name}")
        if data is None:
            return self.error(404, "NoSuchKey")
        span = re.match(r"bytes=(\d+)-(\d*)", self.headers.get("Range") or "")
        facts = {"ETag": '"x"', "Last_Modified": "Thu, 01 Jan 2026 00:00:00 GMT", "Content_Type": "application/octet-stream"}
        if not span:
            return self.say(200, data, Content_Length=str(len(data)), **facts)
        first, last = int(span[1]), min(int(span[2] or len(data) - 1), len(data) - 1)
        return self.say(206, data[first:last + 1], Content_Length=str(last + 1 - first), Content_Range=f"bytes {first}-{last}/{len(data)}", **facts)
