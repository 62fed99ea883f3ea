"""Where a lake lies: a folder of this machine, or `s3://bucket/prefix`. Two ways to the same few questions.

`Here` asks by pyarrow, wherever a lake is looked at. `OnSpark` asks by Spark's own file systems, so that a cluster needs
nothing else: EMRFS on EMR, S3A elsewhere.
"""

from __future__ import annotations

import os


def address(place: object) -> str:
    """A folder as an absolute path, an address as it is; without a slash at its end."""
    text = str(place)
    return text.rstrip("/") if "://" in text else os.path.abspath(text)


class Here:
    """Of an S3 that is not AWS's the address is in `AWS_ENDPOINT_URL_S3` or `AWS_ENDPOINT_URL`."""

    def __init__(self, place: object):
        from pyarrow import fs

        self.address = address(place)
        if self.address.startswith("s3://"):
            endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or None
            region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
            self.files, self.root = fs.S3FileSystem(region=region, endpoint_override=endpoint), self.address[5:]
        elif "://" in self.address:
            raise SystemExit(f"`{self.address}` is neither a folder nor `s3://…`")
        else:
            self.files, self.root = fs.LocalFileSystem(), self.address

    def names(self, folder: str) -> list[str]:
        """All files below a folder, by their paths below the place, sorted; none where there is no such folder."""
        from pyarrow import fs

        selector = fs.FileSelector(f"{self.root}/{folder}".rstrip("/"), recursive=True, allow_not_found=True)
        found = (info.path for info in self.files.get_file_info(selector) if info.type == fs.FileType.File)
        return sorted(path[len(self.root) + 1 :] for path in found)

    def open(self, name: str):
        return self.files.open_input_file(f"{self.root}/{name}")

    def text(self, name: str) -> str:
        with self.open(name) as file:
            return file.read().decode()

    def url(self, name: str) -> str:
        return f"{self.address}/{name}"


class OnSpark:
    def __init__(self, spark, place: object):
        self.address = address(place)
        java = spark.sparkContext._jvm
        self.path = java.org.apache.hadoop.fs.Path
        root = self.path(self.address)
        self.files = root.getFileSystem(spark.sparkContext._jsc.hadoopConfiguration())
        self.root = self.files.makeQualified(root).toString()
        self.read = java.org.apache.commons.io.IOUtils.toString
        self.utf8 = java.java.nio.charset.StandardCharsets.UTF_8

    def names(self, folder: str) -> list[str]:
        place = self.path(self.url(folder))
        if not self.files.exists(place):
            return []
        found, listed = [], self.files.listFiles(place, True)
        while listed.hasNext():
            found.append(listed.next().getPath().toString()[len(self.root) + 1 :])
        return sorted(found)

    def text(self, name: str) -> str:
        stream = self.files.open(self.path(self.url(name)))
        try:
            return self.read(stream, self.utf8)
        finally:
            stream.close()

    def remove(self, folder: str) -> None:
        self.files.delete(self.path(self.url(folder)), True)

    def url(self, name: str) -> str:
        return f"{self.address}/{name}"
