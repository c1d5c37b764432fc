"""The service on a port of this process, and Debian's Chromium in front of it."""

import json
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, Route, expect, sync_playwright

from chat_models.factory import register_chat_model
from chat_models.scripted import ScriptedChatModel
from serving.web.app import make_app
from serving.web.settings import ServiceSettings

# A node of two CPU seconds takes a while on a busy machine.
PATIENCE_MS = 60_000
expect.set_options(timeout=PATIENCE_MS)

DOUBTFUL = {
    "pairs": [
        {"key": "Family name", "values": ["Okonkwo-Reyes"]},
        {"key": "Registration No", "values": ["HC-20411"]},
        {"key": "Given name", "values": ["<img src=x onerror=document.title='run'>"]},
        {"key": "Position", "values": ["Field Engineer"]},
        {"key": "Telephone", "values": ["(555) 014-7732"]},
        {"key": "Mailing address", "values": ["1280 Lighthouse Street Building C, Room 17 Port Allard, ME 04999"]},
    ]
}
"""An answer to the example form with a wrong digit, an invented name and a wrong word; it takes two attempts."""


@pytest.fixture(scope="session")
def service() -> Iterator[str]:
    """Serve; gives the address.

    The chat model `doubtful` is refined once and then answers DOUBTFUL; `mistyped` answers a receipt whose total is no
    number, as often as it is asked; `rambling` answers so and no JSON to the two requests that follow.
    """
    # One for all runs, which come one after another: each takes two answers.
    doubtful = ScriptedChatModel(answers=["I see a form.", json.dumps(DOUBTFUL)] * 1000)
    register_chat_model("doubtful", lambda: doubtful)
    mistyped = ScriptedChatModel(answers=[json.dumps({"total": "eight", "company": "Okonkwo-Reyes"})] * 1000)
    register_chat_model("mistyped", lambda: mistyped)
    rambling = ScriptedChatModel(answers=[json.dumps({"total": "eight"}), "I see a form.", "I see a form."] * 1000)
    register_chat_model("rambling", lambda: rambling)
    app = make_app(ServiceSettings(chat_models="doubtful,mistyped,rambling"))
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the service did not start"
        time.sleep(0.05)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """The driver; its event loop stays in this thread, so browser tests have a run of their own."""
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """One browser for all tests."""
    path = shutil.which("chromium")
    assert path, "expected Debian's chromium on the path; apt-get install chromium"
    # Containers have neither the namespaces of its sandbox nor a /dev/shm of its size.
    browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage"])
    yield browser
    browser.close()


@pytest.fixture
def open_page(browser: Browser, service: str) -> Iterator[Callable[..., Page]]:
    """Open the page in a context of its own; at the end no script failed and nothing came from elsewhere."""
    contexts: list[BrowserContext] = []
    problems: list[str] = []

    def make(path: str = "/", **options: object) -> Page:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 850}, **options})  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda said: problems.append(said.text) if "Content Security Policy" in said.text else None)
        page.on("request", lambda asked: None if _is_own(asked.url, service) else problems.append(asked.url))
        page.goto(service + path)
        return page

    yield make
    for context in contexts:
        context.close()
    assert problems == []


def _is_own(url: str, service: str) -> bool:
    return url.startswith((service + "/", f"blob:{service}/", "data:"))


@pytest.fixture
def read_example(open_page: Callable[..., Page], example: str) -> Callable[..., Page]:
    """Upload the example form to a chat model and wait for its values."""

    def read(chat_model: str = "doubtful", name: str | None = None, **options: object) -> Page:
        page = open_page(**options)
        upload(page, example, chat_model, name)
        page.locator("tr.row").first.wait_for()
        return page

    return read


def upload(page: Page, path: str, chat_model: str, name: str | None = None) -> None:
    """Choose a chat model and a file."""
    page.get_by_label("Chat model").select_option(chat_model)
    content = {"name": name or Path(path).name, "mimeType": "image/png", "buffer": Path(path).read_bytes()}
    page.locator("#file").set_input_files(content)  # type: ignore[arg-type]


@pytest.fixture
def ask_example(open_page: Callable[..., Page], example: str) -> Callable[..., Page]:
    """Upload the example form, to be asked where it is in doubt, and wait for the questions."""

    def read(chat_model: str = "doubtful", schema: str = "form", **options: object) -> Page:
        page = open_page(**options)
        page.locator("#schema").select_option(schema)
        page.get_by_role("switch", name="Ask me where in doubt").check()
        upload(page, example, chat_model)
        page.locator(".asked").first.wait_for()
        return page

    return read


def _still_running(route: Route) -> None:
    response = route.fetch()
    route.fulfill(response=response, json={**response.json(), "status": "running", "result": None})


@pytest.fixture
def open_running(open_page: Callable[..., Page]) -> Callable[..., Page]:
    """Open the page so that it sees its next extraction running, however fast that is; the events tell all anyway."""

    def make(**options: object) -> Page:
        page = open_page(**options)
        page.route("**/api/v1/extractions/*", _still_running, times=1)
        return page

    return make


@pytest.fixture
def ask(service: str) -> Callable[[Page, str], object]:
    """Ask the service for JSON, by a path below /api/v1."""

    def get(page: Page, path: str) -> object:
        return page.request.get(f"{service}/api/v1{path}").json()

    return get
