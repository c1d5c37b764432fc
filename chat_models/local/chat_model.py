"""The local reader as a LangChain chat model."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import ConfigDict, Field

from chat_models.local.confidences import pair_confidences
from chat_models.local.fields import fill_schema
from chat_models.local.pairs import PageWords
from chat_models.local.reader import read_pages
from documents.limits import Limits
from documents.load import load_document
from documents.page import Page
from documents.store import DocumentStore
from documents.words import page_words, words_as_read
from schemas.form import Form

if TYPE_CHECKING:
    from chat_models.local.learned.models import Models


class LocalChatModel(BaseChatModel):
    """Reads the pages of the last human message and fills the JSON Schema given as `response_format`.

    The pages stand in the message's `additional_kwargs["pages"]`, as `documents.page.Page`; without them its image
    blocks with data are read. Instructions in the messages are not understood. Without a schema it fills `form`.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    store: DocumentStore = Field(exclude=True, repr=False)
    """Where pages and their words lie."""

    weights: Path | None = None
    """Weights that `optophone train` wrote; None for the packaged ones."""

    rules_only: bool = False
    """Read by rules alone, without weights."""

    @property
    def _llm_type(self) -> str:
        return "optophone-local"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"model_name": "local"}

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        """Raise UnreadableDocumentError where an image can't be decoded or a page is no longer stored.

        Raise ChatModelError where the weights can't be read.
        """
        pages = [self._page_words(page) for page in _pages(messages, self.store)]
        reading = read_pages(pages, models=self._models())
        filled = fill_schema(kwargs.get("response_format") or Form.model_json_schema(), reading)
        message = AIMessage(
            content=json.dumps(filled, ensure_ascii=False),
            response_metadata={
                "finish_reason": "stop",
                "model_name": "local",
                "confidences": pair_confidences(filled, reading.pairs),
            },
            usage_metadata=UsageMetadata(input_tokens=0, output_tokens=0, total_tokens=0),
        )
        return ChatResult(generations=[ChatGeneration(message=message)])

    def _page_words(self, page: Page) -> PageWords:
        words = page_words(page, self.store)
        png = self.store.get(page["image"]) if page["image"] in self.store else None
        return PageWords(words, page["width_px"], page["height_px"], png, words_as_read(page, self.store))

    def _models(self) -> "Models | None":
        if self.rules_only:
            return None
        from chat_models.local.learned.weights import load_models  # noqa: PLC0415 - numpy is not for the rules

        return load_models(self.weights)


def _pages(messages: list[BaseMessage], store: DocumentStore) -> list[Page]:
    message = next((message for message in reversed(messages) if isinstance(message, HumanMessage)), None)
    if message is None:
        return []
    if "pages" in message.additional_kwargs:
        return list(message.additional_kwargs["pages"])
    documents = [load_document(uri, store, Limits(), allow_paths=False) for uri in _data_uris(message)]
    return [page for document in documents for page in document["pages"]]


def _data_uris(message: HumanMessage) -> Iterator[str]:
    """Yield the images that the message itself holds; addresses are not fetched."""
    for block in message.content if isinstance(message.content, list) else []:
        if not isinstance(block, dict):
            continue
        if block.get("type") == "image" and "base64" in block:
            yield f"data:{block.get('mime_type', 'image/png')};base64,{block['base64']}"
        elif block.get("type") == "image_url":
            image_url = block["image_url"]
            url = image_url["url"] if isinstance(image_url, dict) else image_url
            if url.startswith("data:"):
                yield url
