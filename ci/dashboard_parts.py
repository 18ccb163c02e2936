"""What ci/dashboard works with: an appliance with jobs of every state, and a page that is watched."""

import contextlib
import hashlib
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import urllib.request

from playwright.sync_api import sync_playwright

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAM = str(pathlib.Path(sys.argv[1]).resolve())
HOSTILE = "<img src=x onerror=\"window.pwned=1\"><script>window.pwned=1</script>"
# A name of this machine that browsers do not take for it.
HOST = "edge.test"
# Texts with less contrast than WCAG AA asks for: what is seen of each, and its contrast.
PALE = r"""
() => {
  const rgba = (text) => { const n = text.match(/[\d.]+/g).map(Number); return [n[0], n[1], n[2], n[3] ?? 1]; };
  const over = (a, b) => [0, 1, 2].map((i) => a[i] * a[3] + b[i] * (1 - a[3])).concat(1);
  const linear = (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  const light = ([r, g, b]) => 0.2126 * linear(r / 255) + 0.7152 * linear(g / 255) + 0.0722 * linear(b / 255);
  const own = (node) => rgba(getComputedStyle(node).backgroundColor);
  const behind = (node) => (node ? over(own(node), behind(node.parentElement)) : own(document.body));
  const opacity = (node) => (node ? Number(getComputedStyle(node).opacity) * opacity(node.parentElement) : 1);
  const seen = (node) => node.checkVisibility() && !node.closest('.unseen, noscript, script');
  const contrast = (node, style) => {
    const ink = rgba(node.closest('svg') ? style.fill : style.color);
    const ground = behind(node);
    const shown = over([...ink.slice(0, 3), ink[3] * opacity(node)], ground);
    const [a, b] = [light(shown), light(ground)].sort((x, y) => y - x);
    return (a + 0.05) / (b + 0.05);
  };
  const within = document.querySelector('dialog[open]') ?? document.body;
  const [walker, pale] = [document.createTreeWalker(within, NodeFilter.SHOW_TEXT), []];
  while (walker.nextNode()) {
    const [text, node] = [walker.currentNode.data.trim(), walker.currentNode.parentElement];
    if (!text || !seen(node)) continue;
    const style = getComputedStyle(node);
    const size = parseFloat(style.fontSize);
    const least = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
    if (contrast(node, style) < least) pale.push([text.slice(0, 40), contrast(node, style).toFixed(2)]);
  }
  return pale;
}
"""


class Appliance:
    """A program that serves, and jobs of every state in it."""

    def __init__(self, folder, roles=()):
        self.folder, self.home = folder, f"{folder}/home"
        for name in ("keys", "bin"):
            os.makedirs(f"{folder}/{name}")
        os.symlink(PROGRAM, f"{folder}/bin/pulseproof")
        self.tokens = {role: self.run("tokens", "create", role, "--role", role).strip() for role in roles}
        serve = [PROGRAM, "serve", "--insecure-key", "--listen", "127.0.0.1:0", "--host", HOST]
        with open(f"{folder}/said", "w") as said, open(f"{folder}/log", "w") as log:
            self.process = subprocess.Popen(serve, env=self.env(), stdout=said, stderr=log)
        self.url = self.listening()

    def listening(self):
        for _ in range(3000):
            said = re.search(r"^listening on (\S+)", pathlib.Path(self.folder, "said").read_text(), re.M)
            if said:
                return said[1]
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        raise AssertionError(pathlib.Path(self.folder, "log").read_text())

    def env(self):
        return {**os.environ, "PULSEPROOF_HOME": self.home, "PATH": f"{self.folder}/bin:{os.environ['PATH']}"}

    def command(self, *words, given=None):
        how = {"cwd": self.folder, "env": self.env(), "input": given, "capture_output": True, "text": True}
        return subprocess.run(words, **how)

    def run(self, *words, given=None):
        done = self.command(PROGRAM, *words, given=given)
        assert done.returncode == 0, (words, done)
        return done.stdout

    def ask(self, method, path, body=None, role=None):
        kind = "application/json" if isinstance(body, dict) else "application/octet-stream"
        body = json.dumps(body).encode() if isinstance(body, dict) else body
        request = urllib.request.Request(self.url + path, body, {"Content-Type": kind}, method=method)
        if role:
            request.add_header("Authorization", f"Bearer {self.tokens[role]}")
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.read()

    def jobs(self, query):
        return json.loads(self.ask("GET", f"/v1/jobs?{query}"))["jobs"]

    def proof(self, inputs, role=None):
        self.ask("POST", "/v1/jobs", {"kind": "groth16", "circuit": "tiny", "inputs": inputs}, role)

    def circuit(self, role=None):
        for part, path in (("zkey", ""), ("wasm", "/wasm")):
            data = (ROOT / f"formats/tests/fixtures/bn128/tiny.{part}").read_bytes()
            self.ask("PUT", f"/v1/circuits/tiny{path}?sha256={hashlib.sha256(data).hexdigest()}", data, role)

    def sum(self):
        """A region and a proved sum, of examples/gateway.py; and what verifies it, but for what the appliance has."""
        self.run("keys", "authority", ".")
        self.run("keys", "device", "keys/meter-17.key")
        packing = "--range 40:400 --inside 70:180 --slots 4 --summands 10"
        self.run("profile", "authority.public", "north.profile", *packing.split())
        known = f"--url {self.url} --program {PROGRAM} --region north --profile north.profile --keys keys".split()
        readings = '{"device": "meter-17", "readings": [101, 98]}\n'
        for what in (["register"], ["sum", "--epoch", "7", "--out", ".", "--insecure-key"]):
            done = self.command(sys.executable, str(ROOT / "examples/gateway.py"), *what, *known, given=readings)
            assert done.returncode == 0, done
        os.rename(f"{self.folder}/north.epoch-7.roster.json", f"{self.folder}/north.roster.json")
        os.remove(f"{self.folder}/north.epoch-7.result")

    def programs(self, number):
        """Programs that take a while: some run, others wait."""
        self.run("keys", "evaluation", "authority.secret", "authority.evaluation")
        data = pathlib.Path(self.folder, "authority.evaluation").read_bytes()
        key = hashlib.sha256(data).hexdigest()
        self.ask("PUT", f"/v1/evaluation-keys/{key}", data)
        layout = json.loads(re.search("layout: (.*)", self.run("keys", "show", "north.profile"))[1])
        inputs = [{"name": total, "from": "sum", "sum": 0, "total": total} for total in ("sum", "count")]
        below = [{"name": f"b{i}", "op": "linear", "terms": [["count", 40 + i], ["sum", -1]]} for i in range(120)]
        above = [{"name": f"a{i}", "op": "negative", "of": f"b{i}"} for i in range(120)]
        program = {"version": 1, "inputs": inputs, "steps": below + above, "outputs": [one["name"] for one in above]}
        sums = [{"region": "north", "epoch": 7}]
        job = {"kind": "fhe", "key": key, "engine": "exact", "layout": layout, "sums": sums, "program": program}
        return [json.loads(self.ask("POST", "/v1/jobs", job))["id"] for _ in range(number)]

    def stop(self):
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
        self.process.wait()


class Tab:
    """A page, and whatever it did that it should not."""

    def __init__(self, browser, url, scheme="light", size=(1280, 900)):
        self.url, self.asked, self.wrong = url, [], []
        self.context = browser.new_context(color_scheme=scheme, viewport={"width": size[0], "height": size[1]})
        told = "console.error('CSP', event.blockedURI, event.violatedDirective)"
        self.context.add_init_script(f"addEventListener('securitypolicyviolation', (event) => {told})")
        self.page = self.context.new_page()
        self.page.on("request", self.requested)
        self.page.on("console", lambda said: said.type in ("error", "warning") and self.wrong.append(said.text))
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))

    def requested(self, request):
        self.asked.append(request.url)
        if not request.url.startswith((f"{self.url}/", "data:")):
            self.wrong.append(f"asked elsewhere: {request.url}")

    def opened(self, text="It is up and takes work"):
        """Opens the dashboard, and waits until everything was asked once."""
        self.page.goto(f"{self.url}/")
        self.until("text => document.querySelector('#state-title').textContent.includes(text)", text)
        self.until("() => !document.querySelector('#jobs-says').textContent.startsWith('Asking')")
        return self

    def until(self, what, arg=None):
        self.page.wait_for_function(what, arg=arg, timeout=60000)

    def until_says(self, selector, text):
        self.until("([of, text]) => document.querySelector(of).textContent.includes(text)", [selector, text])

    def visible(self, selector):
        self.page.wait_for_selector(f"{selector} >> visible=true", timeout=60000)

    def text(self, selector):
        return self.page.inner_text(selector).replace("\u00a0", " ")

    def count(self, selector):
        return self.page.locator(selector).count()

    def times(self, path):
        return sum(url.startswith(self.url + path) for url in self.asked)

    def show_job(self, state):
        self.page.click(f"#jobs tr:has(.badge:text-is('{state}')) button")
        self.visible({"done": "#verify", "failed": "#details-problem"}[state])

    def well(self):
        """It fits, and can be read."""
        parts = "[document.scrollingElement, ...document.querySelectorAll('dialog[open]')]"
        for wide, room in self.page.evaluate(f"{parts}.map((part) => [part.scrollWidth, part.clientWidth])"):
            assert wide <= room, f"{wide} wide in {room}"
        pale = self.page.evaluate(PALE)
        assert not pale, f"too little contrast: {pale[:5]}"

    def clean(self, *but):
        """Nothing went wrong, but for what has one of these words in it."""
        wrong = [what for what in self.wrong if not any(word in what for word in but)]
        assert not wrong, wrong


def prepared(stack):
    """One that asks for no tokens, and one that does."""
    one, two = (stack.enter_context(tempfile.TemporaryDirectory()) for _ in range(2))
    open_one, asking = Appliance(one), Appliance(two, ("gateway", "operator", "auditor"))
    stack.callback(open_one.stop)
    stack.callback(asking.stop)
    asking.circuit("operator")
    open_one.circuit()
    proved = {"a": 3, "b": 5, "c": 7}
    asking.proof(proved, "gateway")
    open_one.proof(proved)
    open_one.proof({"a": 3, "b": 5, HOSTILE: 7})
    open_one.sum()
    return open_one, asking


def passes(check, browser, *appliances):
    begun = time.monotonic()
    try:
        check(browser, *appliances)
        print(f"{time.monotonic() - begun:5.1f} s  {check.__name__}", flush=True)
        return True
    except Exception:
        print(f"FAILED   {check.__name__}\n{traceback.format_exc()}", flush=True)
        keep(browser, check.__name__)
        return False
    finally:
        for context in browser.contexts:
            context.close()


def keep(browser, name):
    folder = os.environ.get("PULSEPROOF_DASHBOARD_SHOTS")
    for number, context in enumerate(browser.contexts if folder else ()):
        os.makedirs(folder, exist_ok=True)
        context.pages[0].screenshot(path=f"{folder}/{name}-{number}.png")


def run(checks):
    """Runs those that are asked for, or all."""
    wanted = [check for check in checks if not sys.argv[2:] or check.__name__ in sys.argv[2:]]
    chromium = os.environ.get("PULSEPROOF_CHROMIUM", "/usr/bin/chromium")
    names = f"--host-resolver-rules=MAP {HOST} 127.0.0.1"
    with contextlib.ExitStack() as stack, sync_playwright() as playwright:
        appliances = prepared(stack)
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", names])
        failed = [check.__name__ for check in wanted if not passes(check, browser, *appliances)]
    sys.exit(f"failed: {', '.join(failed)}" if failed else None)
