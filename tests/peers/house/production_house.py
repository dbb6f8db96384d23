"""hameaud as the package starts it (no trial), on every address of a network namespace of the test's own."""
import os
import tempfile
from pathlib import Path

from house import ProductionHouse


class NewHouse(ProductionHouse):
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
