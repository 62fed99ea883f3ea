"""Compares the tables of a lake with those that Spark made of the same project.

    python compare.py LAKE OUT

Both are folders or `s3://…`; a table must fit in this machine's memory twice.
One line per table; exits 1 when one differs or is missing from the lake. A table is a multiset of
rows: the order of rows and columns, and the case of column names, mean nothing. Doubles are equal
within 1e-9 of their size (1e-12 near zero), and NaN equals NaN.
"""

import argparse
import json
import sys

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

import lake
import places


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("lake", type=places.Here)
    parser.add_argument("out", type=places.Here)
    args = parser.parse_args()

    on_spark, in_lake = lake.tables(args.out), lake.tables(args.lake)
    if not on_spark:
        print(f"{args.out.address} holds no tables: run run_on_spark.py first", file=sys.stderr)
        return 1
    failed = 0
    for name in sorted({*on_spark, *in_lake}):
        if name not in on_spark:
            verdict = "not made on Spark"
        elif name not in in_lake:
            verdict, failed = "DIFFERS: missing from the lake", failed + 1
        else:
            ours, theirs = (lake.read_table(place, lake.table_folder(name)) for place in (args.lake, args.out))
            difference, note = compare(ours, theirs)
            failed += difference is not None
            verdict = f"DIFFERS: {difference}" if difference else f"same, {theirs.num_rows} rows{note}"
        print(f"{name:<40} {verdict}")
    return 1 if failed else 0


def compare(ours: pa.Table, theirs: pa.Table) -> tuple[str | None, str]:
    """What differs (None: nothing), and a note on types that only look different."""
    ours, theirs = (table.rename_columns([name.lower() for name in table.column_names]) for table in (ours, theirs))
    names = sorted(theirs.column_names)
    if sorted(ours.column_names) != names:
        return f"columns {sorted(ours.column_names)} in the lake, {names} on Spark", ""
    if ours.num_rows != theirs.num_rows:
        return f"{ours.num_rows} rows in the lake, {theirs.num_rows} on Spark", ""

    notes, pairs = [], []
    for name in names:
        our, their = ours[name].combine_chunks(), theirs[name].combine_chunks()
        if _family(our.type) != _family(their.type):
            notes.append(f"{name} {our.type} in the lake, {their.type} on Spark")
        try:
            pairs.append((name, *_alike(our, their)))
        except pa.ArrowInvalid as error:
            return f"`{name}` is {our.type} in the lake and {their.type} on Spark: {error}", ""

    # Exact columns first, so that doubles that differ in their last bits do not change the order.
    pairs.sort(key=lambda pair: pa.types.is_floating(pair[2].type))
    order = [(name, "ascending") for name, _, _ in pairs]
    ours = pa.table({name: our for name, our, _ in pairs}).sort_by(order)
    theirs = pa.table({name: their for name, _, their in pairs}).sort_by(order)
    different = np.zeros(ours.num_rows, dtype=bool)
    for name in ours.column_names:
        different |= _different(ours[name].combine_chunks(), theirs[name].combine_chunks())
    if different.any():
        row = int(different.argmax())
        first = [json.dumps(table.slice(row, 1).to_pylist()[0], default=str) for table in (ours, theirs)]
        return f"{different.sum()} rows, the first {first[0]} in the lake, {first[1]} on Spark", ""
    return None, f" ({'; '.join(notes)})" if notes else ""


def _alike(our: pa.Array, their: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Both in Spark's type; nested values as text, because they have no order to sort by."""
    if pa.types.is_nested(their.type):
        return _as_text(our), _as_text(their)
    wanted = pa.float64() if pa.types.is_floating(their.type) else their.type
    # Arrow takes a timestamp without a zone for UTC, which is the zone of Spark's session here.
    return our.cast(wanted), their.cast(wanted)


def _as_text(values: pa.Array) -> pa.Array:
    def plain(value):
        if isinstance(value, float):
            return float(f"{value:.9g}")
        if isinstance(value, dict):
            return {key.lower(): plain(item) for key, item in sorted(value.items())}
        return [plain(item) for item in value] if isinstance(value, (list, tuple)) else value

    texts = [None if value is None else json.dumps(plain(value), default=str) for value in values.to_pylist()]
    return pa.array(texts, pa.string())


def _different(our: pa.Array, their: pa.Array) -> np.ndarray:
    nulls = _flags(pc.xor(our.is_null(), their.is_null()))
    if not pa.types.is_floating(our.type):
        return nulls | _flags(pc.fill_null(pc.not_equal(our, their), False))
    ours, theirs = (values.fill_null(0.0).to_numpy(zero_copy_only=False) for values in (our, their))
    return nulls | ~np.isclose(ours, theirs, rtol=1e-9, atol=1e-12, equal_nan=True)


def _flags(values: pa.Array) -> np.ndarray:
    return values.to_numpy(zero_copy_only=False).astype(bool)


def _family(kind: pa.DataType) -> str:
    """Arrow's encodings of one Spark type under one name."""
    if pa.types.is_nested(kind):
        return "nested"
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return "string"
    return "timestamp" if pa.types.is_timestamp(kind) else str(kind)


if __name__ == "__main__":
    sys.exit(main())
