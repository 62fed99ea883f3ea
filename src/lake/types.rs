//! Spark's type names ⇄ Arrow types: how `columns:`, landings and the PySpark path write a schema.
