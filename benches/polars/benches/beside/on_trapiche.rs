//! The three steps as the queries of a project.

pub const CLEAN: &str = r#"/* trapiche
partition_by: [ship_month]
checks:
  - { rule: "quantity IS NOT NULL AND quantity > 0", on_fail: quarantine }
  - { not_null: [shipped], on_fail: quarantine }
dedupe: { key: [order_id, line], latest_by: updated }
*/
SELECT
  CAST(order_id AS bigint) AS order_id, CAST(line AS int) AS line, CAST(product AS bigint) AS product,
  try_cast(trim(quantity) AS decimal(15, 2)) AS quantity, CAST(price AS decimal(15, 2)) AS price,
  CAST(discount AS decimal(15, 2)) AS discount, upper(trim(flag)) AS flag, upper(trim(mode)) AS mode,
  try_cast(shipped AS date) AS shipped, CAST(received AS date) AS received,
  datediff(CAST(received AS date), try_cast(shipped AS date)) AS days_to_receive, trim(comment) AS comment,
  CAST(updated AS timestamp) AS updated, date_format(try_cast(shipped AS date), 'yyyy-MM') AS ship_month
FROM raw.lines
"#;

pub const JOIN_AGGREGATE: &str =
    "SELECT priority, ship_month, flag, count(*) AS lines, sum(price * (1 - discount)) AS revenue
FROM raw.lines JOIN raw.orders USING (order_id) GROUP BY ALL
";

pub const PARTITIONED_WRITE: &str = "/* trapiche
partition_by: [ship_month]
*/
SELECT * FROM raw.lines
";
