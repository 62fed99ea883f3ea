"""A table of a database into Parquet files by dlt. Usage: capture_by_dlt.py URL FOLDER BACKEND"""

import os
import sys

url, folder, backend = sys.argv[1:]
os.environ |= {"RUNTIME__DLTHUB_TELEMETRY": "false", "RUNTIME__LOG_LEVEL": "ERROR", "DLT_DATA_DIR": f"{folder}/state"}
# Of MariaDB's decimals each batch has its own precision.
os.environ["DATA_WRITER__ARROW_CONCAT_PROMOTE_OPTIONS"] = "default"

import dlt
from dlt.sources.sql_database import sql_table

# For connectorx the address is what connectorx reads.
kwargs = {"conn": url, "return_type": "arrow"} if backend == "connectorx" else {}
credentials = url.replace("mysql://", "mysql+pymysql://").replace("postgres://", "postgresql+psycopg2://")
table = sql_table(credentials=credentials, table="wide", backend=backend, backend_kwargs=kwargs, chunk_size=100_000)
destination = dlt.destinations.filesystem(bucket_url=f"file://{folder}/lake")
pipeline = dlt.pipeline("bench", destination=destination, dataset_name="raw", pipelines_dir=f"{folder}/state")
print(pipeline.run(table, loader_file_format="parquet", write_disposition="replace"))
