"""Looks at the dashboard of an appliance as a browser does, and at /docs: `ci/dashboard PROGRAM [CHECK ...]`.

Needs Debian's chromium (or PULSEPROOF_CHROMIUM, a path). What fails leaves a screenshot in the folder
PULSEPROOF_DASHBOARD_SHOTS, if that is set.
"""

import json
import re
import signal
import sys

sys.dont_write_bytecode = True
from dashboard_parts import HOST, HOSTILE, Tab, run  # noqa: E402

PHONE, DESK = (360, 740), (1280, 900)


def loads_only_itself(browser, open_one, _):
    tab = Tab(browser, open_one.url)
    policy = tab.page.goto(f"{tab.url}/").headers["content-security-policy"]
    for needed in ("default-src 'none'", "script-src 'self'", "style-src 'self'", "form-action 'none'"):
        assert needed in [part.strip() for part in policy.split(";")], policy
    tab.opened().page.wait_for_timeout(11000)
    assert tab.times("/readyz") >= 4, "it does not ask again"
    tab.clean()
    # The policy holds: a script in the page is not run.
    script = "document.createElement('script'), {textContent: 'window.pwned = 1'}"
    assert tab.page.evaluate(f"document.body.append(Object.assign({script})), window.pwned") is None
    assert any("inline script" in what for what in tab.wrong), tab.wrong


def shows_what_there_is(browser, open_one, _):
    programs = open_one.programs(14)
    open_one.ask("DELETE", f"/v1/jobs/{programs.pop()}")
    tab = Tab(browser, open_one.url).opened()
    tab.visible("#jobs progress")
    assert tab.count("#jobs tr") == len(open_one.jobs("limit=20"))
    waits, runs = (len(open_one.jobs(f"state={state}&limit=100")) for state in ("queued", "running"))
    assert waits > 0 and tab.text("#tile-queue .figure") == f"{waits} waiting", tab.text("#tile-queue")
    assert tab.text("#queue tr:has-text('Programs')").split()[1:] == [str(waits), str(runs)], tab.text("#queue")
    for said in ("in service", "0.1.0", json.loads(open_one.ask("GET", "/v1/identity"))["key"]):
        assert said in tab.text("#main"), said
    assert "development SRS" in tab.text("#insecure") and "No token is asked for" in tab.text("#access")
    number, p50 = tab.page.locator("#work-times tr", has_text="Sum proved").locator("td").all_inner_texts()[:2]
    assert number == "1" and re.match(r"[\d.]+\s(µs|ms|s)$", p50), (number, p50)
    tab.page.select_option("#filter-state", "cancelled")
    states = "[...document.querySelectorAll('#jobs .badge')].map((one) => one.textContent)"
    tab.until(f"() => {states}.join() === 'cancelled'")
    for job in programs:
        open_one.ask("DELETE", f"/v1/jobs/{job}")
    tab.clean()


def looks_well_everywhere(browser, open_one, _):
    grounds = set()
    for scheme, size in ((scheme, size) for scheme in ("light", "dark") for size in (PHONE, DESK)):
        tab = Tab(browser, open_one.url, scheme, size).opened()
        tab.visible("#failed .link")
        grounds.add(tab.page.evaluate("getComputedStyle(document.body).backgroundColor"))
        tab.well()
        for state in ("done", "failed"):
            tab.page.select_option("#filter-state", state)
            tab.show_job(state)
            tab.well()
            tab.page.keyboard.press("Escape")
        tab.clean()
    assert len(grounds) == 2, grounds


def works_by_keyboard(browser, open_one, _):
    tab = Tab(browser, open_one.url).opened()
    keys, see = tab.page.keyboard, tab.page.evaluate
    keys.press("Tab")
    assert see("document.activeElement.className") == "skip"
    is_seen = "[null, '::after'].some((part) => getComputedStyle(document.activeElement, part).outlineStyle !== 'none')"
    for _ in range(20):
        assert see(is_seen), f"the focus is not seen: {see('document.activeElement.outerHTML')}"
        if see("document.activeElement.closest('#jobs') !== null"):
            break
        keys.press("Tab")
    see("window.job = document.activeElement")
    keys.press("Enter")
    tab.page.wait_for_selector("#details[open]", timeout=5000)
    tab.page.wait_for_timeout(6000)
    keys.press("Escape")
    assert tab.count("#details[open]") == 0, "Escape does not close"
    assert see("document.activeElement === job && job.isConnected"), "the focus does not come back"
    # Whatever can be used comes in turn, in the order of the page.
    can = "[...document.querySelectorAll('a, button, select, input, [tabindex=\"0\"]')]"
    usable = see(f"(window.usable = {can}.filter((e) => e.checkVisibility() && !e.closest('dialog, noscript'))).length")
    see("usable[0].focus()")
    order = []
    for _ in range(usable):
        order.append(see("usable.indexOf(document.activeElement)"))
        keys.press("Tab")
    # Of several that are one choice, Tab comes to one.
    choices = see("usable.flatMap((e, at) => (e.type === 'radio' && !e.checked ? [at] : []))")
    expected = [at for at in range(usable) if at not in choices]
    assert order[: len(expected)] == expected, (order, expected)
    tab.clean()


def names_are_only_text(browser, open_one, _):
    tab = Tab(browser, open_one.url).opened()
    # What a circuit says of an input that it has not, as it really comes; then all that might come.
    tab.until_says("#failed", HOSTILE[:16])
    job = {"id": HOSTILE, "client": HOSTILE, "regions": [HOSTILE], "state": "failed", "queued_at": 1, "ended_at": 2}
    listed = {**job, "kind": HOSTILE, "stage": HOSTILE, "problem": HOSTILE}
    problem = dict.fromkeys(("type", "title", "detail", "field"), HOSTILE)
    retried = {"backend": HOSTILE, "reason": HOSTILE}
    whole = {**job, "request": {"kind": HOSTILE, "circuit": HOSTILE}, "retried": retried, "problem": problem}
    label = HOSTILE.replace('"', '\\"')
    counted = ("http_problems_total", "backend_in_service", "programs_total", "http_request_seconds_count")
    labels = "{" + ",".join(f'{name}="{label}"' for name in ("kind", "backend", "engine", "method", "route")) + "}"
    answers = {
        "/readyz": {"ready": False, "problems": [HOSTILE]}, "/v1/identity": {"key": HOSTILE},
        "/v1/jobs": {"jobs": [listed]}, "/healthz": dict.fromkeys(("version", "curve", "srs", "warning"), HOSTILE),
        "/metrics": "".join(f"pulseproof_{name}{labels} 1\n" for name in counted),
    }

    def answer(route):
        body = answers.get(route.request.url.removeprefix(tab.url).partition("?")[0], whole)
        route.fulfill(body=body if isinstance(body, str) else json.dumps(body), content_type="application/json")

    tab.page.route(re.compile("/(v1/.*|readyz|healthz|metrics)([?]|$)"), answer)
    tab.opened("takes no work").page.click("#jobs button")
    tab.visible("#details-problem")
    for part in "#jobs #concerns #insecure #identity #devices #problems #http-times #details #failed".split():
        assert HOSTILE in tab.page.text_content(part), part
    assert tab.page.evaluate("window.pwned") is None and tab.count("img, main script") == 0
    for width, height in (DESK, PHONE):
        tab.page.set_viewport_size({"width": width, "height": height})
        tab.well()
    tab.clean()


def tokens_let_in(browser, _, asking):
    tab = Tab(browser, asking.url).opened()

    def use(token, says):
        tab.page.fill("#token", token)
        tab.page.keyboard.press("Enter")
        tab.until_says("#access", says)

    def forget():
        tab.page.click("#token-forget")
        tab.visible("#token-form")
        assert tab.count("#jobs tr") == 0, "jobs are still shown"

    tab.visible("#access >> text=pulseproof tokens create")
    assert "A token is needed to list jobs" in tab.text("#main")
    use("secret", "That is no token")
    use(f"pulseproof_{'0' * 16}_{'0' * 64}", "does not take the token 0000000000000000")
    tab.page.wait_for_timeout(6000)
    assert "takes work" in tab.text("#state-title") and tab.count("#jobs tr") == 0
    use(asking.tokens["gateway"], "may not see metrics")
    tab.visible("#jobs tr")
    assert "This token may not see metrics" in tab.text("#main")
    forget()
    for role, says in (("operator", "may not fetch results"), ("auditor", "SHA-256 of the")):
        use(asking.tokens[role], "is used")
        tab.show_job("done")
        tab.page.click("#verify-hash")
        tab.until_says("#verify-hash-says", says)
        if role == "auditor":
            verify(tab, asking, asking.tokens[role])
        tab.page.keyboard.press("Escape")
        tab.well()
        forget()
    use(asking.tokens["auditor"], "is used")
    secret = asking.tokens["auditor"][-64:]
    places = "{...localStorage}, {...sessionStorage}, document.cookie, location.href, document.body.outerHTML"
    assert secret not in tab.page.evaluate(f"JSON.stringify([{places}])"), "the token is kept"
    assert not any(secret in url for url in tab.asked), "the token is in an address"
    tab.opened().visible("#token-form")
    tab.clean("401", "403")


def verify(tab, appliance, token=""):
    """Types what the page says."""
    lines = tab.page.text_content("#verify-commands")
    assert "sha256sum --check" in lines and ("$TOKEN" in lines) == bool(token), lines
    done = appliance.command("bash", "-ec", lines, given=f"{token}\n")
    assert done.returncode == 0 and ": OK" in done.stdout and "VALID" in done.stdout, (lines, done)


def results_can_be_verified(browser, open_one, _):
    tab = Tab(browser, open_one.url).opened()
    tab.context.grant_permissions(["clipboard-read", "clipboard-write"])
    for kind in ("aggregate", "groth16"):
        tab.page.select_option("#filter-kind", kind)
        tab.page.select_option("#filter-state", "done")
        tab.until("() => document.querySelectorAll('#jobs tr').length === 1")
        tab.show_job("done")
        tab.page.click("#verify-hash")
        tab.visible("#verify-hash-says code")
        verify(tab, open_one)
        tab.page.click("#verify-copy")
        tab.until_says("#verify-copied", "Copied")
        assert tab.page.evaluate("navigator.clipboard.readText()") == tab.page.text_content("#verify-commands")
        tab.page.keyboard.press("Escape")
    # From elsewhere by http there is no SHA-256, and the page says so.
    far = Tab(browser, open_one.url.replace("127.0.0.1", HOST)).opened()
    far.show_job("done")
    assert "computes no SHA-256 here" in far.text("#verify-hash-says") and not far.page.is_visible("#verify-hash")
    tab.clean(), far.clean()


def is_patient(browser, open_one, _):
    """It waits as long as it is told, asks one thing at a time, and nothing while nobody looks."""
    tab = Tab(browser, open_one.url).opened()
    page, lists = tab.page, "/v1/jobs?limit=20"
    busy = json.dumps({"type": "urn:pulseproof:busy", "title": "busy", "status": 503, "detail": "too many lists"})
    page.route(f"**{lists}*", lambda route: route.fulfill(status=503, headers={"Retry-After": "30"}, body=busy))
    tab.visible("section[data-from=jobs].old .dated:has-text('too many lists (503)')")
    before = tab.times(lists)
    page.wait_for_timeout(12000)
    assert tab.times(lists) == before, "it did not wait"
    held = []
    page.route("**/readyz", lambda route: held.append(route))
    page.click("#ask-now")
    for _ in range(5):
        page.wait_for_timeout(500)
        page.click("#ask-now")
    assert len(held) == 1, f"{len(held)} requests at once"
    page.unroute("**/readyz")
    held[0].continue_()
    page.evaluate("Object.defineProperty(document, 'hidden', {value: true, configurable: true})")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.wait_for_timeout(3000)
    before = len(tab.asked)
    page.wait_for_timeout(7000)
    assert len(tab.asked) == before, "it asks while nobody looks"
    page.evaluate("delete document.hidden, document.dispatchEvent(new Event('visibilitychange'))")
    page.wait_for_timeout(2000)
    assert len(tab.asked) > before, "it does not go on"
    tab.clean("503")


def docs_are_drawn(browser, open_one, _):
    tab = Tab(browser, open_one.url)
    tab.page.goto(f"{tab.url}/docs")
    paths = json.loads(open_one.ask("GET", "/openapi.json"))["paths"].values()
    number = sum(method in ("get", "put", "post", "delete") for path in paths for method in path)
    tab.until("number => document.querySelectorAll('.opblock').length === number", number)
    tab.clean()


def silence_is_told(browser, open_one, _):
    for scheme in ("light", "dark"):
        tab = Tab(browser, open_one.url, scheme, PHONE).opened()
        open_one.process.send_signal(signal.SIGSTOP)
        tab.visible("#banner")
        assert "does not answer" in tab.text("#banner") and "What is shown below is of" in tab.text("#banner")
        assert tab.count("section[data-from]:not(.old)") == 0, "old figures look new"
        assert re.search(r"As of .*ago", tab.text("#asof")), tab.text("#asof")
        assert "does not answer" in tab.page.text_content("#announce"), "it is not said aloud"
        tab.well()
        open_one.process.send_signal(signal.SIGCONT)
        tab.until("() => !document.querySelector('#banner:not([hidden]), section[data-from].old')")
    open_one.stop()
    tab.visible("#banner")
    tab.clean("ERR_")


CHECKS = (
    loads_only_itself, shows_what_there_is, looks_well_everywhere, works_by_keyboard, names_are_only_text,
    tokens_let_in, results_can_be_verified, is_patient, docs_are_drawn, silence_is_told,
)


if __name__ == "__main__":
    run(CHECKS)
