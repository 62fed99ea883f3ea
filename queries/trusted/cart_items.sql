/* trapiche
description: One row per line of a cart. A product comes once in a cart, so carts that come twice leave no trace.
tags: [sales]
checks:
  - { not_null: [cart_id, customer_id, product_id], on_fail: quarantine }
  - { range: { column: quantity, min: 1, max: 100 }, on_fail: quarantine }
*/
SELECT DISTINCT
  cart_id,
  customer_id,
  CAST(item.productid AS bigint) AS product_id,
  CAST(item.quantity AS int) AS quantity,
  -- 2024-03-15, with or without a time and a zone, or 15/03/2024; anything else is no date.
  CASE
    WHEN shown LIKE '____-__-__%' THEN try_cast(substr(shown, 1, 10) AS date)
    WHEN shown LIKE '__/__/____' THEN try_cast(concat(substr(shown, 7, 4), '-', substr(shown, 4, 2), '-', substr(shown, 1, 2)) AS date)
  END AS sale_date
FROM (
  SELECT
    CAST(id AS bigint) AS cart_id,
    CAST(userid AS bigint) AS customer_id,
    trim(CAST(`date` AS string)) AS shown,
    explode(products) AS item
  FROM raw.carts
) AS items
