/* trapiche
description: How many products each category has, and their mean price.
tags: [catalogue]
*/
SELECT
  category,
  count(*) AS products,
  -- The sum is exact, so every engine divides the same two numbers.
  CAST(sum(price) AS double) / nullif(count(price), 0) AS mean_price
FROM trusted.products
GROUP BY category
