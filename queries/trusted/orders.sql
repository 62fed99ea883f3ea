/* trapiche
description: Orders of the shop's database, one per cart, typed.
tags: [sales]
checks:
  - { not_null: [id, cart_id] }
  - { accepted_values: { column: status, values: [paid, shipped, delivered, returned, cancelled] }, on_fail: warn }
*/
SELECT
  CAST(id AS bigint) AS id,
  CAST(cart_id AS bigint) AS cart_id,
  CAST(customer_id AS bigint) AS customer_id,
  lower(trim(status)) AS status,
  lower(trim(channel)) AS channel,
  CAST(freight AS decimal(12, 2)) AS freight,
  try_cast(substr(CAST(ordered_at AS string), 1, 10) AS date) AS ordered_on
FROM raw.orders
