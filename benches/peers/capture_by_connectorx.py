"""A table of a database into a CSV file by connectorx and Arrow. Usage: capture_by_connectorx.py URL FILE READERS"""

import sys

import connectorx
from pyarrow import csv

url, file, readers = sys.argv[1:]
parts = {"partition_on": "id", "partition_num": int(readers)} if int(readers) > 1 else {}
csv.write_csv(connectorx.read_sql(url, "SELECT * FROM wide", return_type="arrow", **parts), file)
