"""A real Chromium for a test, driven through playwright-core by tests/browser/driver.mjs."""
import json
import os
import shutil
import subprocess
from pathlib import Path

from raw import DEADLINE, wait_until

FOLDER = Path(__file__).resolve().parents[1] / "browser"


class Browser:
    def __init__(self):
        missing = [what for what, there in (("node", shutil.which("node")), ("chromium", shutil.which("chromium")),
                                            ("playwright-core", (FOLDER / "node_modules/playwright-core").is_dir())) if not there]
        assert not missing, f"{', '.join(missing)} is missing: run scripts/setup test"
        environment = {**os.environ, "CHROMIUM": shutil.which("chromium")}
        self.process = subprocess.Popen(["node", "driver.mjs"], cwd=FOLDER, text=True, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, env=environment)

    def order(self, order, **given):
        self.process.stdin.write(json.dumps({"order": order, **given}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, "the browser has ended"
        answer = json.loads(line)
        assert "error" not in answer, answer["error"]
        return answer["value"]

    def open(self, url, **view):
        """A Page at `url`; `view`: width, height, scheme ("light" or "dark")."""
        return Page(self, self.order("open", url=url, **view), url)

    def close(self):
        self.process.stdin.close()
        self.process.wait(DEADLINE)


class Page:
    def __init__(self, browser, number, url):
        self.browser, self.number = browser, number
        self.origins = [url]  # whom it may ask
        self.expected = []  # complaints that a test means it to have

    def order(self, order, **given):
        return self.browser.order(order, page=self.number, **given)

    def eval(self, script):
        """The value of a JavaScript expression in the page, as JSON can hold it."""
        return self.order("eval", script=script)

    def wait(self, script, what=None, deadline=DEADLINE):
        """Waits until an expression gives something true, and gives that."""
        return wait_until(lambda: self.eval(script), deadline, what or script)

    def click(self, selector):
        self.order("click", selector=selector)

    def fill(self, selector, text):
        self.order("fill", selector=selector, text=text)

    def screenshot(self, path, **more):
        return self.order("screenshot", path=str(path), **more)

    def complaints(self):
        """What its console had of warnings and errors, and of exceptions that nobody caught."""
        return self.order("complaints")

    def requests(self):
        return self.order("requests")

    def close(self):
        self.order("close")
