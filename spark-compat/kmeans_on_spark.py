"""A Trapiche k-means on Spark: the same features by SparkML, Lloyd's steps by its k-means.

Two implementations draw different first centres from one seed, so Spark starts from the centres
that Trapiche ended with. If those are a solution, Spark stays there; if not, the tables differ.
"""

from __future__ import annotations

import numpy as np
from pyspark.ml.evaluation import ClusteringEvaluator
from pyspark.ml.feature import ElementwiseProduct, Imputer, MinMaxScaler, StandardScaler, VectorAssembler
from pyspark.ml.linalg import Vectors as MlVectors, VectorUDT
from pyspark.ml.stat import Summarizer
from pyspark.mllib.clustering import KMeans, KMeansModel
from pyspark.mllib.linalg import Vectors
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F


def kmeans(spark: SparkSession, spec: dict, centers: DataFrame, told: DataFrame) -> list[DataFrame]:
    """The assignments, centres and metrics, as `trapiche run` makes them of the same `spec`."""
    names = [name.lower() for name in spec["features"]]
    columns = [f"feature_{index}" for index in range(len(names))]
    rows, fills, left_out = imputed(spark.table(spec["input"]), spec, columns)
    rows = VectorAssembler(inputCols=columns, outputCol="raw_features").transform(rows)
    rows, offsets, units = scaled(rows, spec, len(names))
    by_direction = spec.get("distance") == "cosine"
    measure = "cosine" if by_direction else "euclidean"
    rows = rows.cache()

    start = np.array([[row[name] for name in names] for row in centers.orderBy("cluster").collect()])
    safe_units = np.where(units == 0, 1.0, units)
    start = np.where(units == 0, 0.0, (start - offsets) / safe_units)
    # The workers run `nearest_of`, so they need this file.
    spark.sparkContext.addPyFile(__file__)
    found = "struct<cluster:int,distance:double>"
    nearest = lambda centres: F.udf(lambda vector: nearest_of(vector.toArray(), centres, by_direction), found, useArrow=False)
    if "weight" in spec:
        # Only Spark's other k-means knows weights, and that one takes no centres: one step of Lloyd's by Spark's means.
        centres = weighted_means(rows.withColumn("nearest", nearest(start)("features")), start, by_direction)
    else:
        points = rows.select("features").rdd.map(lambda row: Vectors.dense(row[0].toArray()))
        # YAML 1.1, which is what PyYAML reads, takes `1e-4` for text.
        tolerance = float(spec.get("tolerance", 1e-4))
        model = KMeans.train(
            points, len(start), maxIterations=spec.get("max_iterations", 100), epsilon=tolerance,
            initialModel=KMeansModel([Vectors.dense(centre) for centre in start]), distanceMeasure=measure,
        )
        centres = np.array(model.clusterCenters)

    rows = rows.withColumn("nearest", nearest(centres)("features")).select("*", "nearest.*").cache()
    keys = [F.col(f"key_{index}").alias(name) for index, name in enumerate(spec["key"])]
    sizes = dict(rows.groupBy("cluster").count().collect())
    metrics = {"k": len(centres), "rows": rows.count(), "rows_left_out": left_out}
    cost = F.col("distance") if by_direction else F.col("distance") * F.col("distance")
    metrics["cost"] = rows.agg(F.sum(F.col("weight") * cost)).first()[0]
    if by_direction:
        metrics["distance_cosine"] = 1
    if "weight" in spec:
        metrics["weight"] = rows.agg(F.sum("weight")).first()[0]
    if len(sizes) > 1:
        prediction = rows.select("features", "weight", F.col("cluster").cast("double").alias("prediction"))
        by = "cosine" if by_direction else "squaredEuclidean"
        metrics["silhouette_spark"] = ClusteringEvaluator(distanceMeasure=by, weightCol="weight").evaluate(prediction)
    for index, name in enumerate(names):
        if fills is not None:
            metrics[f"fill({name})"] = fills[index]
        metrics |= {f"offset({name})": offsets[index], f"unit({name})": units[index]}

    # The way that led to these centres is Trapiche's own: it is taken over.
    for row in told.collect():
        if row["metric"] == "iterations" or row["metric"].startswith("cost("):
            metrics[row["metric"]] = row["value"]

    own_units = [map(float, centre * units + offsets) for centre in centres]
    table = [(cluster, sizes.get(cluster, 0), *centre) for cluster, centre in enumerate(own_units)]
    center_columns = ", ".join(["cluster int", "size bigint", *(f"`{name}` double" for name in names)])
    return [
        rows.select(*keys, "cluster", "distance"),
        spark.createDataFrame(table, center_columns),
        spark.createDataFrame([(name, float(value)) for name, value in metrics.items()], "metric string, value double"),
    ]


def imputed(table: DataFrame, spec: dict, columns: list[str]) -> tuple[DataFrame, list[float] | None, int]:
    """Keys and features without gaps, what filled them, and the rows that were left out."""
    def finite(name):
        number = F.col(f"`{name}`").cast("double")
        return F.when(~F.isnan(number) & (F.abs(number) < F.lit(float("inf"))), number)

    keys = [F.col(f"`{name}`").alias(f"key_{index}") for index, name in enumerate(spec["key"])]
    weight = F.col(f"`{spec['weight']}`").cast("double") if "weight" in spec else F.lit(1.0)
    rows = table.select(*keys, weight.alias("weight"), *(finite(name).alias(column) for name, column in zip(spec["features"], columns)))
    impute = spec.get("impute", "mean")
    if impute == "drop":
        complete = rows.dropna(subset=columns)
        return complete, None, rows.count() - complete.count()
    if impute == "zero":
        return rows.fillna(0.0, subset=columns), [0.0] * len(columns), 0
    # Trapiche fits the mean over the rows that have the feature, and so does Spark.
    imputer = Imputer(strategy="mean", inputCols=columns, outputCols=columns).fit(rows)
    return imputer.transform(rows), list(imputer.surrogateDF.select(*columns).first()), 0


def scaled(rows: DataFrame, spec: dict, width: int) -> tuple[DataFrame, np.ndarray, np.ndarray]:
    """Rows with `features`, seen as (x - offset) / unit; a constant has unit 0."""
    scale = spec.get("scale", "standard")
    if scale == "none":
        return rows.withColumnRenamed("raw_features", "features"), np.zeros(width), np.ones(width)
    ends = MinMaxScaler(inputCol="raw_features", outputCol="features").fit(rows)
    low, high = ends.originalMin.toArray(), ends.originalMax.toArray()
    if scale == "minmax":
        return ends.transform(rows), low, high - low
    standard = StandardScaler(withMean=True, withStd=True, inputCol="raw_features", outputCol="features").fit(rows)
    offsets = np.where(low == high, low, standard.mean.toArray())
    rows, units = standard.transform(rows), np.where(low == high, 0.0, standard.std.toArray())
    if spec.get("deviation", "sample") == "sample":
        return rows, offsets, units
    # Spark has the sample's alone: what it divided by is that much larger.
    larger = np.sqrt(1.0 + 1.0 / (rows.count() - 1))
    rows = rows.withColumnRenamed("features", "by_sample")
    product = ElementwiseProduct(scalingVec=MlVectors.dense([larger] * width), inputCol="by_sample", outputCol="features")
    return product.transform(rows), offsets, units / larger


def weighted_means(rows: DataFrame, start: np.ndarray, by_direction: bool) -> np.ndarray:
    """Of the rows nearest to each centre; where there is none, the centre stays."""
    vector, means = F.col("features"), start.copy()
    if by_direction:
        vector = F.udf(lambda vector: MlVectors.dense(of_length_1(vector.toArray())), VectorUDT())(vector)
    seen = rows.select(F.col("nearest.cluster").alias("cluster"), "weight", vector.alias("seen"))
    mean = Summarizer.metrics("mean").summary(F.col("seen"), F.col("weight"))
    for row in seen.where("weight > 0").groupBy("cluster").agg(mean.alias("found")).collect():
        means[row["cluster"]] = row["found"]["mean"].toArray()
    return np.array([of_length_1(mean) for mean in means]) if by_direction else means


def nearest_of(vector: np.ndarray, centres: np.ndarray, by_direction: bool) -> tuple[int, float]:
    if by_direction:
        vector = of_length_1(vector)
    squared = ((centres - vector) ** 2).sum(axis=1)
    cluster = int(squared.argmin())
    return cluster, float(squared[cluster] / 2 if by_direction else np.sqrt(squared[cluster]))


def of_length_1(vector: np.ndarray) -> np.ndarray:
    return vector / np.linalg.norm(vector)
