"""A process that reads documents with redaction on; what it left behind is looked at from outside.

Usage: python redacted_runs.py FORM, with the settings in the environment.
"""

import json
import logging
import sys
import time
from io import BytesIO
from pathlib import Path

from fastapi.testclient import TestClient
from PIL import Image, ImageDraw, ImageFont

LINES = [
    "QUIBBLETHORPE ZANTRADE",
    "14 Marrowfield Lane, Wexcombe",
    "Date 25/12/2018",
    "Zarfnop widget        12.50",
    "Glimmer sprocket       7.25",
    "Total 19.75",
    "IBAN DE89 3704 0044 0532 0130 00",
    "You were served at Quibblethorpe by Tom",
]
FIRST = {
    "company": "Quibblethorpe Zantrade",
    "date": "2018-12-25",
    "total": "nineteen dot 75 at Quibblethorpe",
    "address": "14 Marrowfield Lane, Wexcombe",
    "line_items": [
        {"description": "Zarfnop widget", "quantity": 1, "price": 12.5},
        {"description": "Glimmer sprocket", "quantity": 1, "price": 7.25},
    ],
}
REPAIR = {"repairs": [{"path": "/total", "value": 19.75}]}


def receipt() -> bytes:
    """Draw the receipt."""
    image = Image.new("RGB", (900, 620), "white")
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(32)
    for number, line in enumerate(LINES):
        draw.text((40, 30 + 70 * number), line, fill="black", font=font)
    out = BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def run_graph(path: Path) -> None:
    """Read the receipt in ways that quote its values: a wrong answer first, a broken one, a failure in between."""
    from chat_models.factory import register_chat_model
    from chat_models.scripted import ScriptedChatModel
    from graph.app import graph

    scripts = {
        "repaired": [json.dumps(FIRST), json.dumps(REPAIR)],
        "fenced": [f"I read Quibblethorpe Zantrade:\n```json\n{json.dumps({**FIRST, 'total': 19.75})}\n```"],
        "cut-off": [json.dumps(FIRST)[:60], json.dumps(FIRST)[:90], json.dumps(FIRST)[:40]],
        "failed": [json.dumps(FIRST), ValueError("no more of Quibblethorpe Zantrade, 25/12/2018")],
        "empty": [json.dumps({"address": "14 Marrowfield Lane"})],
    }
    for name, answers in scripts.items():
        chat_model = ScriptedChatModel(answers=answers)
        register_chat_model(name, lambda chat_model=chat_model: chat_model)
        result = graph.invoke({"document": str(path)}, context={"target_schema": "receipt", "chat_model": name})
        if name == "repaired":  # who calls gets everything
            assert (result["extraction"]["company"], result["status"]) == ("Quibblethorpe Zantrade", "valid")
    graph.invoke({"document": str(path)}, context={"target_schema": "receipt", "chat_model": "local"})


def run_form(form: Path) -> None:
    """Read the form as it should be read."""
    from chat_models.factory import register_chat_model
    from chat_models.scripted import ScriptedChatModel
    from graph.app import graph

    # Once here and once in the service: an address of three lines, whose parts a wrong answer would not name.
    gold = ScriptedChatModel(answers=[form.with_suffix(".json").read_text()] * 2)
    register_chat_model("gold", lambda: gold)
    assert graph.invoke({"document": str(form)}, context={"chat_model": "gold"})["status"] == "valid"


def run_service(form: Path) -> None:
    """Upload, extract, correct."""
    from serving.web.app import make_app
    from serving.web.settings import ServiceSettings

    app = make_app(ServiceSettings(chat_models="local,gold"))
    with TestClient(app, base_url="http://127.0.0.1", client=("127.0.0.1", 5000)) as client:
        for name, schema, chat_model, data, comment in (
            ("Okonkwo-Reyes.png", "form", "gold", form.read_bytes(), "it is Okonkwo-Reyes, not Vandersnoot"),
            (
                "quibblethorpe_zantrade.png",
                "receipt",
                "local",
                receipt(),
                "it is Quibblethorpe Zantrade",
            ),
        ):
            ref = client.post("/api/v1/documents", files={"file": (name, data)}).json()["document"]
            wanted = {"document": ref, "schema": schema, "chat_model": chat_model}
            done = client.post("/api/v1/extractions?wait=50", json=wanted).json()
            right = done["result"]["extraction"]
            if schema == "form":
                right["pairs"].append({"key": "Family name", "values": ["Vandersnoot"]})
            sent = {"extraction": right, "comment": comment}
            assert client.post(f"/api/v1/extractions/{done['id']}/corrections", json=sent).status_code == 200
            while not app.state.service.ledger.get(done["id"]).run_id:
                time.sleep(0.1)


def main() -> None:
    """Run all."""
    logging.basicConfig(level=logging.INFO)
    form = Path(sys.argv[1])
    path = Path("scan.png")
    path.write_bytes(receipt())
    run_graph(path)
    run_form(form)
    run_service(form)
    try:
        raise ValueError(LINES[0] + LINES[6])
    except ValueError:
        logging.getLogger("elsewhere").exception("%s failed", LINES[6])


if __name__ == "__main__":
    main()
