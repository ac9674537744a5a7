"""Checks a document against a shape, value by value, and keeps whatever is good.

Pydantic alone would give either a whole model or its errors. An operator wants the cross checks of the good parts in
the same report as the errors of the bad ones, so this walks the shape's fields and lets pydantic judge each value.
The result is a draft: nested dicts that lack what was wrong, while the document knows where that was.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from functools import cache
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from .database_wording import Confidential
from .document import Document
from .problems import Path, closest, did_you_mean

Draft = dict[str, Any]
_Read = Callable[[Document, Path, Any], Any]
BAD: Any = object()
"""Stands for a value that was refused; never part of a draft."""


def read_draft(document: Document, shape: type[BaseModel]) -> Draft:
    """What is good in a document, as far as it fits `shape`; every misfit is a problem of the document."""
    if not document.readable:
        return {}
    draft: Draft = _record_reader(shape)(document, (), document.data)
    return draft


@cache
def _record_reader(shape: type[BaseModel]) -> _Read:
    fields = {name: (info, _reader(_annotation(info))) for name, info in shape.model_fields.items()}
    keys = ", ".join(fields)

    def read(document: Document, path: Path, value: Any) -> Draft:
        if not isinstance(value, dict):
            document.problem(path, f"{'is empty' if value is None else 'should be a mapping'}; its keys are {keys}")
            return {}
        for key in value:
            if key not in fields:
                document.problem((*path, key), f"is not a key here; the keys are {keys}{did_you_mean(key, fields)}")
                for meant in closest(key, fields):
                    if meant not in value:
                        document.doubt((*path, meant))  # a misspelt key is one problem, not also a missing one
        draft = {}
        for name, (info, reader) in fields.items():
            if name in value:
                good = reader(document, (*path, name), value[name])
                if good is not BAD:
                    draft[name] = good
            elif document.broken((*path, name)):
                continue
            elif info.is_required():
                document.problem((*path, name), f"is missing: {info.description}")
            else:
                draft[name] = info.get_default(call_default_factory=True)
        return draft

    return read


def _annotation(info: FieldInfo) -> Any:
    """A field's type with its validators, without the None that only says that it may be left out."""
    annotation: Any = info.annotation
    if get_origin(annotation) in (Union, types.UnionType):
        return next(part for part in get_args(annotation) if part is not type(None))
    return Annotated[(annotation, *info.metadata)] if info.metadata else annotation


def _reader(annotation: Any) -> _Read:
    origin = get_origin(annotation)
    if origin is dict:
        return _mapping_reader(*get_args(annotation))
    if origin is list:
        return _list_reader(get_args(annotation)[0])
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return _record_reader(annotation)
    return _scalar_reader(annotation)


def _scalar_reader(annotation: Any) -> _Read:
    validate = TypeAdapter(annotation).validate_python

    def read(document: Document, path: Path, value: Any) -> Any:
        try:
            return validate(value)
        except ValidationError as error:
            hidden = isinstance(_reason(error), Confidential)
            document.problem(path, _sentence(error), found=None if hidden else value)
            return BAD

    return read


def _sentence(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    reason = _reason(error)
    return str(reason) if reason is not None else first["msg"]


def _reason(error: ValidationError) -> Exception | None:
    """What a validator of ours raised."""
    reason: Exception | None = error.errors(include_url=False)[0].get("ctx", {}).get("error")
    return reason


def _list_reader(item: Any) -> _Read:
    read_item = _reader(item)

    def read(document: Document, path: Path, value: Any) -> Any:
        if not isinstance(value, list):
            hint = "is empty; leave it out or write a list" if value is None else "should be a list: put it in [ ]"
            document.problem(path, hint)
            return BAD
        items = [read_item(document, (*path, index), entry) for index, entry in enumerate(value)]
        return [entry for entry in items if entry is not BAD]

    return read


def _mapping_reader(key: Any, item: Any) -> _Read:
    """Entries with a refused name stay in the draft: whatever else they say still counts in the cross checks."""
    read_item = _reader(item)
    validate_key = TypeAdapter(key).validate_python

    def read(document: Document, path: Path, value: Any) -> Any:
        if not isinstance(value, dict):
            document.problem(path, "is empty" if value is None else "should be a mapping of names to entries")
            return BAD
        entries = {}
        for name, entry in value.items():
            try:
                validate_key(name)
            except ValidationError as error:
                document.problem((*path, name), f"the name: {_sentence(error)}", found=name)
            good = read_item(document, (*path, name), entry)
            if good is not BAD:
                entries[name] = good
        return entries

    return read
