"""A service that wants a token."""

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from processes import own_environment

pytestmark = pytest.mark.browser

TOKEN = "a-token-of-the-tests-alone-0123456789"


@pytest.fixture
def guarded(root: Path, tmp_path: Path) -> Iterator[str]:
    """Serve with a token and a store of its own; gives the address."""
    settings = {"OPTOPHONE_API_TOKENS": f"anna:review:{TOKEN}", "PYTHONPATH": str(root), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-P", "-m", "serving.cli", "serve", "--port", str(20_000 + os.getpid() % 20_000)]
    process = subprocess.Popen(command, env=own_environment(tmp_path / "data", **settings), cwd=tmp_path)
    address = f"http://127.0.0.1:{command[-1]}"
    while not _answers(address):
        assert process.poll() is None, "the service did not start"
        time.sleep(0.2)
    yield address
    process.terminate()
    process.wait()


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/healthz") as answer:
            return answer.status == 200
    except OSError:
        return False


def test_the_page_asks_once_and_keeps_the_token_out_of_urls(
    guarded: str, browser: Browser, write_pdf: Callable[..., str]
) -> None:
    """One question for all requests; documents, pages and events then come, and no address holds the token."""
    context = browser.new_context()
    page = context.new_page()
    addresses: list[str] = []
    page.on("request", lambda asked: addresses.append(asked.url))
    page.goto(guarded)
    page.get_by_label("API token").fill("wrong-token-wrong-token-wrong-token")
    page.get_by_role("button", name="Go on").click()
    page.get_by_label("API token").fill(TOKEN)
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_label("Chat model").locator("option").first).to_be_attached()
    page.locator("#file").set_input_files(write_pdf("guarded.pdf", ["Name: Gerda"]))
    expect(page.locator("tr.row .value")).to_have_text(["Gerda"], timeout=60_000)
    expect(page.locator(".stage img")).to_have_js_property("complete", True)
    assert not [address for address in addresses if TOKEN in address]
    assert page.evaluate("[...Object.values(sessionStorage), ...Object.values(localStorage)]") == [TOKEN]
    context.close()
