"""Counts checks: each says ok or FAIL with its traceback; the closing line is "N passed, N failed"."""
import traceback


class Checks:
    def __init__(self):
        self.passed = self.failed = 0

    def check(self, name, work):
        try:
            work()
            self.passed += 1
            print(f"ok   {name}", flush=True)
        except Exception:  # a check that breaks is a check that failed
            self.failed += 1
            print(f"FAIL {name}\n{traceback.format_exc()}", flush=True)

    def check_all(self, named):
        """Every function of `named` (a module's globals) that is called test_..., in their order."""
        for name, value in list(named.items()):
            if name.startswith("test_"):
                self.check(name[5:].replace("_", " "), value)

    def report(self):
        """Prints the closing line; the exit code. A run without any check has failed."""
        print(f"{self.passed} passed, {self.failed} failed")
        return 1 if self.failed or not self.passed else 0
