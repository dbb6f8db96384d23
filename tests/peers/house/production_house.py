"""hameaud as the package starts it (no trial), on every address of a network namespace of the test's own."""
import os
import subprocess
import tempfile
import time
from pathlib import Path

from house import BINARIES, House


class ProductionHouse(House):
    """`text`: lines of the settings besides the ports; no host unless it names one."""

    def __init__(self, base_port, text="", mail=True):
        super().__init__(base_port=base_port)
        names = ("smtp", "submission", "submissions", "imap", "imaps", "sieve")
        mail_text = "\n".join(f"  {name}_port: {self.ports[name]}" for name in names) if mail else "  enabled: false"
        self.folder = tempfile.mkdtemp(prefix="hameau-settings-")
        os.chmod(self.folder, 0o755)
        self.configuration = Path(self.folder, "hameau.yaml")
        self.configuration.write_text(f"# the admin's own words\nhouse:\n  https_port: {self.ports['https']}\n"
                                      f"  http_port: {self.ports['http']}\n  acme_url: \"\"\n{text}mail:\n{mail_text}\n")
        self.ready = {"ca": str(Path(self.state, "tls", "ca.pem"))}

    def command(self):
        return [str(BINARIES / "hameaud"), "--config", str(self.configuration), "--state", self.state]

    def start(self, wait=60):
        self.log = open(os.path.join(tempfile.gettempdir(), f"hameau-test-{os.getpid()}.log"), "ab")
        self.process = subprocess.Popen(self.command(), stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL)
        deadline = time.time() + wait
        while self.hameau("status", check=False).returncode != 0:
            assert self.process.poll() is None and time.time() < deadline, self.tail()
            time.sleep(0.1)
        self.wait_state("gate", ("ready",), wait)
        return self
