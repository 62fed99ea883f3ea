"""What Spark calls the folders of partition values, for tests/it/spark_names.rs to compare with.

    python partition_names.py OUT_DIR

Writes a table partitioned by a text column `value`, and prints one JSON object:

- `folders`: pairs of a value and the folder that its row is in; null is a value, too.
- `empty`: the folder of the empty text.
- `unescaped`: pairs of a text and what Spark reads it as, for names that others spelled.
"""

import argparse
import json
import random
import sys
from pathlib import Path

import spark_session

SEED, COUNT = 20261123, 2_000
# The operating system knows no names of more than 255 bytes, nor any with the character 0.
LONGEST_BYTES = 60
ALPHABETS = (
    "".join(map(chr, range(0x01, 0x20))) + "\x7f",
    "/%=:'\"#*?\\{}[]^<>|",
    " .\t",
    "!$&(),-+;@_`~",
    "abcXYZ0189",
    "%0123456789ABCDEFabcdef",
    "ñéßøЖأ中日本",
    "e\u0301n\u0303a\u030a\u0327\u200d\ufe0f",
    "\x80\x85\xa0\xad\u1680\u2028\u2029\u202e\u3000\ufeff\uffff",
    "😀👩🏽\u200d🚀🇨🇱𝔘\U0010ffff",
)
FOREIGN = ("%", "%%", "%4", "%41", "%2f%2F", "%zz", "%+2", "%-1", "% 2", "a%", "a%2", "%C3%B1", "%E9", "%00", "ñ%3Dñ")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out_dir", type=Path)
    out = parser.parse_args().out_dir / "values"
    spark = spark_session.start(out.parent)
    try:
        every = values()
        rows = list(enumerate([*every, ""]))
        table = spark.createDataFrame(rows, "id int, value string").coalesce(1)
        # The names are the same in every format, and this one is the quickest.
        table.write.partitionBy("value").json(str(out))
        unescape = spark._jvm.org.apache.spark.sql.catalyst.catalog.ExternalCatalogUtils.unescapePathName
        unescaped = [(text, unescape(text)) for text in FOREIGN]
    finally:
        spark.stop()

    files = out.glob("*/part-*.json")
    folder_of = {json.loads(line)["id"]: file.parent.name for file in files for line in file.read_text().splitlines()}
    folders = [(value, folder_of[row]) for row, value in rows]
    print(json.dumps({"folders": folders[:-1], "empty": folders[-1][1], "unescaped": unescaped}))
    return 0


def values() -> list[str | None]:
    """The same ones each time: every ASCII character in three places, and random texts of odd ones."""
    chance = random.Random(SEED)
    found = {text for c in map(chr, range(0x01, 0x80)) for text in (c, f"a{c}b", f"{c}{c}")}
    while len(found) < COUNT:
        alphabets = chance.sample(ALPHABETS, chance.randint(1, 4))
        text = "".join(chance.choice(chance.choice(alphabets)) for _ in range(chance.randint(1, 12)))
        if len(text.encode()) <= LONGEST_BYTES:
            found.add(text)
    return [None, *sorted(found)]


if __name__ == "__main__":
    sys.exit(main())
