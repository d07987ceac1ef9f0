"""The summary of a batch in a real browser: searched, filtered, sorted; quiet on its console; no wider than a phone."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import expect

from labs.grading.reports import write_batch, write_submission
from labs.grading.result import Outcome, Result
from labs.judge.verdict import Exchange, Report, Status, Verdict

pytestmark = [pytest.mark.slow, pytest.mark.browser]


def judged(name, passed, **more):
    exchange = Exchange("GET /users HTTP/1.1\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n[" + "x" * 300 + "]")
    verdicts = [
        Verdict(f"test_{number}", f"Check number {number} of a service", "read", status=Status.PASSED)
        for number in range(12)
    ]
    for verdict in verdicts[passed:]:
        verdict.status, verdict.cause, verdict.exchanges = Status.FAILED, f"`user:{passed}` never expires.", (exchange,)
    report = Report("caching", "Caching", verdicts, seed="ab12")
    return Result(name, name, f"in/{name}", lab="caching", report=report, isolation="namespaces", **more)


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    out = tmp_path_factory.mktemp("graded")
    results = [judged(f"learner {number:02}", number % 13, seconds=number + 0.5) for number in range(30)]
    results += [judged("ada", 12, died=1), judged("bob", 3, answers="same"), judged("cy", 3, answers="same")]
    results.append(Result("eve", "eve", "in/eve", Outcome.REJECTED, "The archive unpacks to more than 200 MB."))
    for result in results:
        write_submission(result, out / "submissions" / result.submission)
    write_batch(results, out)
    return out


@pytest.fixture
def page(browser):
    page, said = browser.new_page(), []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    yield page
    page.close()
    assert said == []


def names(page):
    return page.locator(".gs-rows tbody tr:visible th a").all_inner_texts()


def test_search_filter_and_sort(page, graded):
    page.goto((graded / "summary.html").as_uri())
    shown = page.get_by_role("status")
    expect(shown).to_have_text("34 submissions")
    page.get_by_role("searchbox").fill("LEARNER 2 pass")
    expect(shown).to_have_text("2 of 34 submissions")
    page.get_by_role("searchbox").fill("nobody")
    expect(page.get_by_text("No submission matches.")).to_be_visible()
    page.get_by_role("searchbox").fill("")
    page.get_by_role("button", name="Crashed").click()
    assert names(page) == ["ada"]
    page.get_by_role("button", name="Identical answers").click()
    assert names(page) == ["ada", "bob", "cy"]
    page.get_by_role("button", name="Score").click()
    assert names(page) == ["bob", "cy", "ada"]
    page.get_by_role("button", name="Score").click()
    assert names(page) == ["ada", "bob", "cy"]
    expect(page.locator("th[aria-sort]")).to_have_attribute("aria-sort", "descending")
    page.get_by_role("link", name="ada").last.click()
    expect(page.get_by_role("heading", name="Caching")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [375, 1280])
@pytest.mark.parametrize("file", ["summary.html", "submissions/bob/feedback.html", "submissions/eve/feedback.html"])
def test_no_page_is_wider_than_the_screen(page, graded, file, width, scheme):
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 800})
    page.goto((graded / file).as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    if folder := os.environ.get("LABS_SCREENSHOTS"):
        name = f"{Path(file).stem}-{Path(file).parent.name}-{width}-{scheme}.png".replace("--", "-")
        page.screenshot(path=str(Path(folder) / name), full_page=True)


def test_a_large_batch_is_shown_in_portions(page, tmp_path):
    rejected = (Result(f"r{number}", f"r{number}", "in", Outcome.REJECTED, "No notebook.") for number in range(620))
    write_batch(rejected, tmp_path)
    page.goto((tmp_path / "summary.html").as_uri())
    visible = page.locator(".gs-rows tbody tr:visible")
    expect(visible).to_have_count(500)
    page.get_by_role("button", name="Learner").click()
    page.get_by_role("button", name="Learner").click()
    expect(visible.first).to_contain_text("r619")
    page.get_by_role("searchbox").fill("r600")
    expect(visible).to_have_count(1)
    page.get_by_role("searchbox").fill("")
    page.get_by_role("button", name="Show 120 more").click()
    expect(visible).to_have_count(620)
    expect(page.get_by_role("button", name="more")).to_be_hidden()
