/* trapiche
description: Cart lines that were ordered, with what was known of product, order and customer. Prices are today's.
tags: [sales]
partition_by: [category]
checks:
  - { not_null: [cart_id, product_id, customer_id] }
  - { rule: "total IS NULL OR total >= 0" }
*/
SELECT
  items.cart_id,
  items.product_id,
  items.customer_id,
  coalesce(items.sale_date, orders.ordered_on) AS sale_date,
  substr(CAST(coalesce(items.sale_date, orders.ordered_on) AS string), 1, 7) AS sale_month,
  products.category,
  items.quantity,
  products.price AS unit_price,
  CAST(items.quantity * products.price AS decimal(14, 2)) AS total,
  orders.status,
  orders.channel,
  users.country,
  users.region
FROM trusted.cart_items AS items
JOIN trusted.orders AS orders ON items.cart_id = orders.cart_id
LEFT JOIN trusted.products AS products ON items.product_id = products.id
LEFT JOIN trusted.users AS users ON items.customer_id = users.id
