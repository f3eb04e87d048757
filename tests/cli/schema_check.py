# SPDX-License-Identifier: GPL-2.0
"""JSON Schema, as much of it as tools/attest/schema uses.

A keyword that this does not know is an error: a check that silently checks
nothing is worse than none.
"""
import json
import os
import re

ANNOTATIONS = {"$schema", "title", "description", "$defs"}

TYPES = {
    "object": lambda v: isinstance(v, dict),
    "array": lambda v: isinstance(v, list),
    "string": lambda v: isinstance(v, str),
    "integer": lambda v: isinstance(v, int) and not isinstance(v, bool),
    "number": lambda v: isinstance(v, (int, float)) and not isinstance(v, bool),
    "boolean": lambda v: isinstance(v, bool),
    "null": lambda v: v is None,
}


class Invalid(Exception):
    """The value does not fit the schema."""


def _no_duplicates(pairs):
    keys = [key for key, _ in pairs]
    if len(keys) != len(set(keys)):
        raise Invalid(f"duplicate keys in {keys}")
    return dict(pairs)


def loads(text):
    return json.loads(text, object_pairs_hook=_no_duplicates)


def _load(directory, name):
    with open(os.path.join(directory, name), encoding="utf-8") as f:
        return json.load(f)


def _resolve(ref, directory, root):
    name, _, pointer = ref.partition("#")
    if name:
        root = _load(directory, name)
    schema = root
    for part in pointer.strip("/").split("/") if pointer else []:
        schema = schema[part]
    return schema, root


def _fits(value, schema, directory, root):
    try:
        _check(value, schema, directory, root, "")
    except Invalid:
        return False
    return True


def _check(value, schema, directory, root, where):
    if "$ref" in schema:
        target, target_root = _resolve(schema["$ref"], directory, root)
        _check(value, target, directory, target_root, where)
    for key, rule in schema.items():
        if key in ANNOTATIONS or key == "$ref":
            continue
        if key == "type":
            names = rule if isinstance(rule, list) else [rule]
            ok = any(TYPES[name](value) for name in names)
        elif key == "const":
            ok = value == rule and isinstance(value, bool) == isinstance(rule, bool)
        elif key == "enum":
            ok = value in rule
        elif key == "pattern":
            ok = not isinstance(value, str) or re.search(rule, value)
        elif key == "minimum":
            ok = not isinstance(value, int) or value >= rule
        elif key == "oneOf":
            ok = sum(_fits(value, one, directory, root) for one in rule) == 1
            if not ok:
                for one in rule:        # the most telling complaint
                    if one != {"type": "null"}:
                        _check(value, one, directory, root, where)
        elif key == "required":
            missing = [n for n in rule if n not in value] if isinstance(value, dict) else []
            if missing:
                raise Invalid(f"{where or '/'}: missing {missing}")
            ok = True
        elif key == "properties":
            for name, sub in rule.items():
                if isinstance(value, dict) and name in value:
                    _check(value[name], sub, directory, root, f"{where}/{name}")
            ok = True
        elif key == "additionalProperties":
            extra = set(value) - set(schema.get("properties", {})) if isinstance(value, dict) else ()
            if rule is False and extra:
                raise Invalid(f"{where or '/'}: unexpected {sorted(extra)}")
            if isinstance(rule, dict):
                for name in extra:
                    _check(value[name], rule, directory, root, f"{where}/{name}")
            ok = True
        elif key == "items":
            for i, item in enumerate(value if isinstance(value, list) else []):
                _check(item, rule, directory, root, f"{where}/{i}")
            ok = True
        else:
            raise ValueError(f"schema_check.py does not know {key!r}")
        if not ok:
            raise Invalid(f"{where or '/'}: {value!r} breaks {key} {rule!r}")


def check(value, directory, name):
    """Raise Invalid unless @value fits the schema file @name in @directory."""
    schema = _load(directory, name)
    _check(value, schema, directory, schema, "")
