/* trapiche
description: Units and revenue of each category in each month, and the category's rank in that month.
tags: [sales]
partition_by: [category]
checks:
  - { range: { column: month_rank, min: 1, max: 1000 } }
*/
SELECT
  category,
  sale_month,
  lines,
  units,
  revenue,
  CAST(rank() OVER (PARTITION BY sale_month ORDER BY revenue DESC NULLS LAST) AS bigint) AS month_rank
FROM (
  SELECT
    category,
    sale_month,
    count(*) AS lines,
    sum(quantity) AS units,
    CAST(sum(total) AS decimal(18, 2)) AS revenue
  FROM trusted.sales
  WHERE status <> 'cancelled'
  GROUP BY category, sale_month
) AS months
