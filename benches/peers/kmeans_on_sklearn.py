"""scikit-learn's k-means, from Parquet to written clusters. By itself, or patched by scikit-learn-intelex (oneDAL).

    kmeans_on_sklearn.py scikit-learn|intelex OUT K STEPS THREADS FILE…
"""

import os
import sys
import warnings
from pathlib import Path

which, out, k, steps, threads, *files = sys.argv[1:]
# What NumPy and scikit-learn multiply and go over rows with.
for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ[name] = threads
if which == "intelex":
    from sklearnex import patch_sklearn

    patch_sklearn(verbose=False)

import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from sklearn.cluster import KMeans

pa.set_cpu_count(int(threads))
# A last step that moves nothing is what is asked for.
warnings.simplefilter("ignore")

rows = ds.dataset(files).to_table()
features = [name for name in rows.column_names if name != "id"]
x = np.empty((rows.num_rows, len(features)))
for i, name in enumerate(features):
    x[:, i] = rows[name].to_numpy()
ids = rows["id"]
# Rows are not in any order: the first centres are those of the first keys.
order = np.argsort(ids.to_numpy())[: int(k)]
del rows
mean, deviation = x.mean(0), x.std(0, ddof=1)
x -= mean
x /= deviation
fitted = KMeans(int(k), init=x[order].copy(), n_init=1, max_iter=int(steps), tol=0, algorithm="lloyd", copy_x=False).fit(x)
labels, centres = fitted.labels_.astype(np.int32), fitted.cluster_centers_
distance = np.empty(len(x))
for start in range(0, len(x), 1 << 16):
    apart = x[start : start + (1 << 16)] - centres[labels[start : start + (1 << 16)]]
    distance[start : start + (1 << 16)] = np.sqrt(np.einsum("ij,ij->i", apart, apart))

for name, table in {
    "groups": pa.table({"id": ids, "cluster": labels, "distance": distance}),
    "centers": pa.table(
        {"cluster": np.arange(int(k)), "size": np.bincount(labels, minlength=int(k))}
        | {name: (centres * deviation + mean)[:, i] for i, name in enumerate(features)}
    ),
}.items():
    folder = Path(out) / name
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, folder / "part.parquet", compression="zstd", compression_level=1)
