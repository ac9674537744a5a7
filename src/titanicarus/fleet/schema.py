"""JSON Schemas of the files, for editors; generated from the same shapes that the loader checks against."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from .shape import PolicyShape, SaguirefileShape, TenantShape


class SchemaKind(StrEnum):
    """The kinds of files that a fleet is declared with."""

    SAGUIREFILE = "saguirefile"
    TENANT = "tenant"
    POLICY = "policy"


_SHAPES: dict[SchemaKind, type[BaseModel]] = {
    SchemaKind.SAGUIREFILE: SaguirefileShape,
    SchemaKind.TENANT: TenantShape,
    SchemaKind.POLICY: PolicyShape,
}
FOLDER = Path("schema")


def json_schema(kind: str) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of one kind of file: a SchemaKind or its value. Raises ValueError for another."""
    schema = _tidied(_SHAPES[SchemaKind(kind)].model_json_schema())
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _tidied(node: Any) -> Any:
    """Pydantic's schema as strict as the loader: no name outside its pattern, and no null for what may be left out."""
    if isinstance(node, list):
        return [_tidied(entry) for entry in node]
    if not isinstance(node, dict):
        return node
    tidy = {key: _tidied(value) for key, value in node.items() if key != "title" or not isinstance(value, str)}
    if "patternProperties" in tidy:
        tidy["additionalProperties"] = False
    kinds = tidy.get("anyOf")
    if isinstance(kinds, list) and {"type": "null"} in kinds:
        (kind,) = (entry for entry in kinds if entry != {"type": "null"})
        tidy = {key: value for key, value in tidy.items() if key not in ("anyOf", "default")} | kind
    return tidy


def schema_texts() -> dict[Path, str]:
    """The text of each schema file, by its path in the repository."""
    return {
        FOLDER / f"{kind}.json": json.dumps(json_schema(kind), indent=2, ensure_ascii=False) + "\n" for kind in _SHAPES
    }


def write_schemas(root: Path) -> list[Path]:
    """Write schema/*.json under the repository's top; gives the paths that changed. Raises OSError."""
    changed = []
    for name, text in schema_texts().items():
        path = root / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            changed.append(path)
    return changed
