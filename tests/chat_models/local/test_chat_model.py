"""The local reader behind LangChain's interface."""

import base64
import json
from io import BytesIO

import pytest
from langchain_core.messages import AIMessage, HumanMessage
from PIL import Image

from chat_models.local.chat_model import LocalChatModel
from documents.page import Page
from documents.store import DocumentStore
from documents.words import words_to_json
from schemas.errors import UnreadableDocumentError

SCHEMA = {"type": "object", "properties": {"name": {"type": ["string", "null"]}}}


@pytest.fixture
def store(tmp_path):
    """An empty document store."""
    return DocumentStore(tmp_path)


@pytest.fixture
def stored_page(store, page):
    """A page whose words lie in the store, as those of a PDF do."""
    typed = page("Name: Ada Lovelace")
    layer = store.put(words_to_json(typed.words))
    return Page(image="sha256:" + "0" * 64, width_px=typed.width_px, height_px=typed.height_px, text_layer=layer)


def blank_png() -> str:
    """Draw nothing, in base64."""
    buffer = BytesIO()
    Image.new("RGB", (64, 64), "white").save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()


def test_fills_the_schema_from_the_pages_of_the_message(store, stored_page):
    """The answer is JSON text, finished, at no cost."""
    message = HumanMessage("Read this.", additional_kwargs={"pages": [stored_page]})
    answer = LocalChatModel(store=store).invoke([message], response_format=SCHEMA)
    assert json.loads(answer.content) == {"name": "Ada Lovelace"}
    assert answer.response_metadata == {"finish_reason": "stop", "model_name": "local", "confidences": {}}
    assert answer.usage_metadata == {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}


async def test_answers_asynchronously_and_as_form_without_a_schema(store, stored_page):
    """`ainvoke` gives the same; the default schema is `form`."""
    message = HumanMessage("Read this.", additional_kwargs={"pages": [stored_page]})
    answer = await LocalChatModel(store=store).ainvoke([message])
    assert json.loads(answer.content) == {"pairs": [{"key": "Name", "values": ["Ada Lovelace"]}]}


def test_reads_the_last_human_message(store, stored_page):
    """Earlier turns are not read again."""
    asked = HumanMessage("Read this.", additional_kwargs={"pages": [stored_page]})
    answer = LocalChatModel(store=store).invoke([asked, AIMessage("{}"), HumanMessage("And now?")])
    assert json.loads(answer.content) == {"pairs": []}


@pytest.mark.parametrize(
    "block",
    [
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{blank_png()}"}},
        {"type": "image", "base64": blank_png(), "mime_type": "image/png"},
    ],
)
def test_image_blocks_are_stored_as_pages(store, block):
    """Anybody's message with an image can be read; here the page is blank."""
    chat_model = LocalChatModel(store=store)
    answer = chat_model.invoke([HumanMessage([{"type": "text", "text": "Read this."}, block])], response_format=SCHEMA)
    assert json.loads(answer.content) == {"name": None}
    assert list(store.root.glob("derived/*/*"))


def test_damaged_image_is_told(store):
    """What is no image is an error of the document, not an empty answer."""
    block = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    with pytest.raises(UnreadableDocumentError, match="convert it to one of these"):
        LocalChatModel(store=store).invoke([HumanMessage([block])])


def test_message_without_an_image_finds_nothing(store):
    """Addresses are not fetched."""
    block = {"type": "image_url", "image_url": {"url": "https://example.org/scan.png"}}
    for message in ("Hello", HumanMessage([block])):
        assert json.loads(LocalChatModel(store=store).invoke([message] if message != "Hello" else message).content) == {
            "pairs": []
        }


def test_store_stays_out_of_traces(store):
    """Neither what is shown nor what identifies the chat model names the store."""
    chat_model = LocalChatModel(store=store)
    assert chat_model._llm_type == "optophone-local"
    assert chat_model._identifying_params == {"model_name": "local"}
    assert "store" not in repr(chat_model)
    assert "store" not in chat_model.model_dump()
