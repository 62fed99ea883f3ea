/* trapiche
description: What a customer's purchases look like, in numbers; the input of the segments.
tags: [customers]
checks:
  - { not_null: [customer_id] }
*/
WITH bought AS (
  SELECT customer_id, cart_id, category, quantity, total, sale_date
  FROM trusted.sales
  WHERE status <> 'cancelled'
),
-- Counting in two steps keeps no set of carts per customer in memory.
baskets AS (
  SELECT customer_id, cart_id, sum(quantity) AS units, sum(total) AS total, max(sale_date) AS sale_date
  FROM bought
  GROUP BY customer_id, cart_id
),
habits AS (
  SELECT
    customer_id,
    count(*) AS orders,
    sum(units) AS units,
    CAST(sum(total) AS double) AS revenue,
    max(sale_date) AS last_sale
  FROM baskets
  GROUP BY customer_id
),
tastes AS (
  SELECT customer_id, count(category) AS categories
  FROM (SELECT DISTINCT customer_id, category FROM bought) AS pairs
  GROUP BY customer_id
)
SELECT
  habits.customer_id,
  habits.orders,
  habits.units,
  habits.revenue,
  habits.revenue / habits.orders AS mean_basket,
  CAST(habits.units AS double) / habits.orders AS units_per_order,
  habits.revenue / habits.units AS mean_unit_price,
  tastes.categories,
  datediff(DATE '2025-12-31', habits.last_sale) AS recency_days
FROM habits
JOIN tastes ON habits.customer_id = tastes.customer_id
