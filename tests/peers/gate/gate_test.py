#!/usr/bin/env python3
"""The gate from outside: strict header sections, static files, the proxy, WebSockets, limits, memory, certificates. Words name single tests."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "support"))
import certificates  # noqa: E402
import heads  # noqa: E402
import http2  # noqa: E402
import http2_hostile  # noqa: E402
import http2_streams  # noqa: E402
import journals  # noqa: E402
import limits  # noqa: E402
import production  # noqa: E402
import proxied  # noqa: E402
import static_files  # noqa: E402
from gate_house import house, start  # noqa: E402
from house import main  # noqa: E402

if __name__ == "__main__":
    house.started = start()
    try:
        code = main([value for subject in (heads, http2, http2_streams, http2_hostile, static_files, proxied, limits, journals, production, certificates)
                     for name, value in vars(subject).items() if name.startswith("test_")])
        errors = [line for line in Path(house.state, "log", "gate.log").read_text().splitlines() if line.startswith("<3>")]
        if errors:
            print("\n".join(errors[:10]))
        sys.exit(code)
    finally:
        house.stop()
        house.remove()
