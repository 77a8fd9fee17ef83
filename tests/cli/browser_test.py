#!/usr/bin/env python3
"""Looks at pages of `report` in Debian's chromium, without a window: browser_test.py PROGRAM

Trains a small sweep, makes its page, opens it, and holds it to what a reader sees: no error in the console, nothing loaded
from elsewhere, every picture has a size and no id twice, a click sorts the table, the link gives `aggregate`'s numbers, the
page of a run that goes on loads itself again. The browser is asked by its DevTools protocol over two pipes.
Exit code 77, which ctest shows as skipped: there is no chromium.
"""
import csv
import io
import json
import os
import pathlib
import select
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.parse

SWEEP = """
name = "page"
[network]
hidden = [8, 8]
[training]
steps = 60
[measure]
every_steps = 20
[axes]
"noise.exponent" = [0, 1, 2]
"noise.strength" = [0.1, 0.2, 10]
"training.seed" = { range = [0, 2] }
"""
STORE = "a <b>page.db"  # a name that must not become markup
SECONDS = 60  # for any answer of the browser

# A page's own account of itself.
LOOK = """(() => {
  const ids = [...document.querySelectorAll("[id]")].map(element => element.id);
  return {
    title: document.title,
    text: document.body.innerText,
    bold: document.querySelectorAll("p b, pre b, title b, footer b").length,
    heading: document.querySelector("h1").textContent,
    doubled: ids.filter((id, i) => ids.indexOf(id) !== i),
    dangling: [...document.querySelectorAll("use")].map(use => use.getAttribute("xlink:href") || use.getAttribute("href"))
      .filter(name => !name || !document.getElementById(name.slice(1))),
    pictures: [...document.querySelectorAll("figure")].map(figure => {
      const svg = figure.querySelector("svg"), box = svg ? svg.getBoundingClientRect() : {width: 0, height: 0};
      return {title: figure.querySelector("figcaption").textContent, width: box.width, height: box.height,
              drawn: svg ? svg.querySelectorAll("path, use, polygon, rect, image").length : 0,
              hovers: svg ? svg.querySelectorAll("title").length : 0};
    }),
    wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    csv: document.querySelector("a.file[download='groups.csv']").href,
    tables: document.querySelectorAll("table.sortable").length,
  };
})()"""

SORT = """(() => {
  const table = document.querySelector("table.sortable");
  const column = [...table.tHead.rows[0].cells].findIndex(cell => cell.textContent === "test_loss");
  const values = () => [...table.tBodies[0].rows].map(row => +row.cells[column].dataset.n);
  const button = table.tHead.rows[0].cells[column].querySelector("button");
  button.click();
  const up = values();
  button.click();
  return {up: up, down: values(), sort: table.tHead.rows[0].cells[column].getAttribute("aria-sort")};
})()"""

SVG_FILE = """(() => {
  const link = document.querySelector("a.svg");
  link.dispatchEvent(new Event("focus"));
  const text = decodeURIComponent(link.href.slice(link.href.indexOf(",") + 1));
  const error = new DOMParser().parseFromString(text, "image/svg+xml").querySelector("parsererror");
  return {hidden: link.hidden, name: link.download, text: text.slice(0, 300), error: error ? error.textContent : ""};
})()"""


class Refused(Exception):
    """The browser does not carry out a command, as while a page is loaded again."""


class Browser:
    """Chromium, asked over the pipes that it has as descriptors 3 (commands) and 4 (answers)."""

    def __init__(self, program, folder):
        commands, self.commands = os.pipe()
        self.answers, answers = os.pipe()

        def hand_over():
            # First away from 3 and 4, which one of the pipes may have.
            kept = [os.dup(commands), os.dup(answers)]
            os.dup2(kept[0], 3)
            os.dup2(kept[1], 4)

        self.process = subprocess.Popen(
            [program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
             "--window-size=1240,900", f"--user-data-dir={folder}", "--remote-debugging-pipe"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=hand_over,
            close_fds=False)
        os.close(commands)
        os.close(answers)
        self.number, self.buffer, self.events, self.session = 0, b"", [], None

    def read(self, until):
        """The next message of the browser, or None at the end of the time."""
        while b"\0" not in self.buffer:
            ready, _, _ = select.select([self.answers], [], [], max(0.0, until - time.monotonic()))
            if not ready:
                return None
            more = os.read(self.answers, 1 << 20)
            if not more:
                sys.exit("the browser has ended")
            self.buffer += more
        message, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(message)

    def ask(self, method, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.commands, json.dumps(message).encode() + b"\0")
        until = time.monotonic() + SECONDS
        while (answer := self.read(until)) is not None:
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise Refused(f"{method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)
        sys.exit(f"{method}: no answer in {SECONDS} s")

    def open(self, path):
        """Shows a page from now on; every event from its first request on is kept."""
        self.session = None
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Runtime", "Log", "Page", "Network"):
            self.ask(f"{domain}.enable")
        self.events.clear()
        self.ask("Page.navigate", url=pathlib.Path(path).as_uri())
        self.wait_for_loads(1)

    def wait_for_loads(self, count):
        """Waits until the page has been loaded so often since it was opened."""
        until = time.monotonic() + SECONDS
        while sum(event.get("method") == "Page.loadEventFired" for event in self.events) < count:
            event = self.read(until)
            if event is None:
                sys.exit(f"the page was not loaded {count} times in {SECONDS} s")
            self.events.append(event)

    def value(self, script):
        answer = self.ask("Runtime.evaluate", expression=script, returnByValue=True)
        if "exceptionDetails" in answer:
            sys.exit(f"the page has no answer: {answer['exceptionDetails']}")
        return answer["result"]["value"]

    def complaints(self):
        """What the console shows as an error or a warning, and requests for anything but the page itself."""
        found = []
        for event in self.events:
            parameters = event.get("params", {})
            if event.get("method") == "Runtime.exceptionThrown":
                found.append(json.dumps(parameters["exceptionDetails"]))
            if event.get("method") == "Runtime.consoleAPICalled" and parameters["type"] in ("error", "warning", "assert"):
                found.append(json.dumps(parameters["args"]))
            if event.get("method") == "Log.entryAdded" and parameters["entry"]["level"] in ("error", "warning"):
                found.append(json.dumps(parameters["entry"]))
            if event.get("method") == "Network.requestWillBeSent":
                address = parameters["request"]["url"]
                if not address.startswith(("file:", "data:")):
                    found.append("request: " + address)
        return found

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self.commands)
        os.close(self.answers)


FAILURES = []


def expect(holds, what):
    if not holds:
        FAILURES.append(what)
        print("FAILED:", what)


def look_at(browser, path, pictures):
    browser.open(path)
    seen = browser.value(LOOK)
    expect(not browser.complaints(), f"{path.name}: {browser.complaints()}")
    expect(seen["bold"] == 0, f"{path.name}: a name became markup")
    expect(not seen["doubled"], f"{path.name}: ids occur twice: {seen['doubled'][:5]}")
    expect(not seen["dangling"], f"{path.name}: references to nothing: {seen['dangling'][:5]}")
    expect(seen["wide"] <= 0, f"{path.name}: the page is {seen['wide']} pixels wider than its window")
    for picture in seen["pictures"] if pictures else []:
        expect(picture["width"] > 200 and picture["height"] > 100, f"{path.name}: a picture has no size: {picture}")
        expect(picture["drawn"] > 10, f"{path.name}: a picture is empty: {picture}")
    return seen


def check_numbers(program, folder, link):
    """The link holds, byte by byte, what `aggregate` writes for the columns that it names."""
    expect(link.startswith("data:text/csv"), "the link to the CSV holds no CSV")
    text = urllib.parse.unquote(link.split(",", 1)[1])
    columns = list(dict.fromkeys(row["value"] for row in csv.DictReader(io.StringIO(text))))
    subprocess.run([program, "aggregate", STORE, "--value", *columns, "-o", "groups.csv"], cwd=folder, check=True)
    expect(len(columns) > 5, f"the CSV has the columns {columns}")
    expect(text == (folder / "groups.csv").read_text(), "the CSV is not what `aggregate` writes")


def check_page(program, folder, browser):
    subprocess.run([program, "report", STORE, "-o", "page.html"], cwd=folder, check=True)
    with_pictures = shutil.which("gnuplot") is not None
    seen = look_at(browser, folder / "page.html", with_pictures)
    expect(seen["heading"] == "page" and seen["title"] == "page", f"the heading is {seen['heading']!r}")
    expect(STORE in seen["text"], "the store's name is not on the page")
    if with_pictures:
        expect(len(seen["pictures"]) >= 4, f"there are {len(seen['pictures'])} pictures")
        for picture in seen["pictures"]:
            expect(picture["hovers"] > 5, f"marks do not tell their values: {picture}")
        titles = " ".join(picture["title"] for picture in seen["pictures"])
        for kind in ("Over the axes", "Maps", "During training", "Spectra", "A network"):
            expect(kind in titles, f"there is no picture '{kind}': {titles}")
        size = (folder / "page.html").stat().st_size
        expect(size < 1_000_000, f"the page has {size} bytes")
        file = browser.value(SVG_FILE)
        expect(not file["hidden"] and file["name"].endswith(".svg"), f"no picture can be kept: {file}")
        expect(file["text"].startswith("<svg") and not file["error"], f"a picture alone is no SVG: {file}")
    check_numbers(program, folder, seen["csv"])
    sort = browser.value(SORT)
    numbers = [number for number in sort["up"] if number is not None]
    expect(len(numbers) > 5 and numbers == sorted(numbers), f"the table is not sorted: {sort['up']}")
    down = [number for number in sort["down"] if number is not None]
    expect(down == sorted(down, reverse=True) and sort["sort"] == "descending", f"nor the other way: {sort}")
    expect(not browser.complaints(), f"after clicks: {browser.complaints()}")


def check_live_page(program, folder, browser):
    """A page of a run that goes on loads itself again, once it is told to."""
    subprocess.run([program, "report", STORE, "-o", "live.html", "--reload", "1"], cwd=folder, check=True)
    look_at(browser, folder / "live.html", False)
    browser.value("document.querySelector('details').open = true")
    browser.wait_for_loads(2)
    expect(browser.value("document.querySelector('details').open"), "what was open is closed after the page came again")
    subprocess.run([program, "report", STORE, "-o", "live.html"], cwd=folder, check=True)
    until = time.monotonic() + SECONDS
    ended = False
    while not ended and time.monotonic() < until:
        time.sleep(0.2)
        try:
            ended = browser.value("document.body !== null && document.body.dataset.reload === undefined")
        except Refused:
            pass
    expect(ended, "the page of an ended run loads itself again")
    expect(not browser.complaints(), f"live.html: {browser.complaints()}")


def main():
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        print("skipped: chromium is not installed (Debian: apt-get install chromium)")
        return 77
    program = pathlib.Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = pathlib.Path(name)
        (folder / "page.toml").write_text(SWEEP)
        trained = subprocess.run([program, "run", "page.toml", "--quiet", "-o", STORE], cwd=folder, check=False)
        if trained.returncode not in (0, 1):  # 1: some diverged, as they may
            sys.exit("the sweep was not trained")
        browser = Browser(chromium, folder / "profile")
        try:
            check_page(program, folder, browser)
            check_live_page(program, folder, browser)
        finally:
            browser.close()
    return 1 if FAILURES else 0


if __name__ == "__main__":
    sys.exit(main())
