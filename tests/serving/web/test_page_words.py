"""The words of a page, for who picks a value's place from them."""

from collections.abc import Callable

from fastapi.testclient import TestClient

Upload = Callable[..., str]


def test_words_stand_in_reading_order_with_their_places(client: TestClient, upload: Upload) -> None:
    """Text and bbox of each, the rows from the top."""
    words = client.get(f"/api/v1/documents/{upload(client)}/pages/0/words").json()["words"]
    assert [word["text"] for word in words][:5] == ["Name:", "Alice", "Smith", "Form", "No:"]
    x0, y0, x1, y1 = words[0]["bbox"]
    assert 0 < x0 < x1 < words[1]["bbox"][0]
    assert 0 < y0 < y1 < words[3]["bbox"][3] < 1


def test_words_of_no_page_are_not_found(client: TestClient, upload: Upload) -> None:
    """Pages count from 0."""
    answer = client.get(f"/api/v1/documents/{upload(client)}/pages/1/words")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


def test_an_extraction_names_the_schema_that_was_sent(client: TestClient, upload: Upload) -> None:
    """The page lays out its table by it."""
    schema = {"title": "person", "type": "object", "properties": {"name": {"type": "string"}}}
    wanted = {"document": upload(client), "json_schema": schema, "chat_model": "local"}
    assert client.post("/api/v1/extractions?wait=30", json=wanted).json()["json_schema"] == schema
