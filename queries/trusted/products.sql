/* trapiche
description: Products, one row per id. A price that is no number or is negative is null; so is an empty category.
tags: [catalogue]
checks:
  - { not_null: [id] }
  - { rule: "price IS NULL OR price >= 0" }
*/
SELECT DISTINCT
  CAST(id AS bigint) AS id,
  trim(title) AS title,
  CASE WHEN CAST(price AS string) NOT LIKE '-%' THEN try_cast(CAST(price AS string) AS decimal(12, 2)) END AS price,
  nullif(lower(trim(category)), '') AS category,
  CAST(rating.rate AS double) AS rating_rate,
  CAST(rating.count AS bigint) AS rating_count
FROM raw.products
